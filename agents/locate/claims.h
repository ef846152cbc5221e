/* What a view says of a place that several territories hold: one country is `where`, others claim it.
 *
 *   held by {FI, AX, SE}      the view's rows, in order, each take what they find together, then the rest stand alone:
 *                             {AX FI} → FI        {SE} → SE
 *   smallest first            AX 13,000 km² < SE 525,000 km²: the answer is FI
 *
 * Where a view says nothing the smaller territory is `where` and nobody claims it: outlines simplified to 1 km cross
 * their neighbours', which is no claim. Equal areas: the lesser code. */
#pragma once

#include "agents/locate/atlas.h"

#define CLAIMS_HELD_MAX      16u
#define CLAIMS_COUNTRIES_MAX (1u + ATLAS_CLAIMED_BY_MAX)

/* The territories are positions in the atlas, ascending, at most CLAIMS_HELD_MAX. Writes where, then claimed_by,
 * ordered by code; answers how many, 0 … CLAIMS_COUNTRIES_MAX. Cost: the rows of the view, only where territories
 * overlap or an area or a row of one territory is met. */
size_t claims_resolve(const struct atlas *atlas, const uint16_t *held, size_t held_count,
                      struct country ret_countries[CLAIMS_COUNTRIES_MAX]);
