/* Which report of an incident is the best: it gives the incident its id, time, place, category and countries.
 *
 * In this order: confirmed before reported before disputed; the finer time precision; the smaller radius; the earlier
 * reported_at (none is last); the lesser id. */
#pragma once

#include "correlator/reconcile/standing.h"

/* <0: a is the better. 0 only for the same id. */
int best_order(const struct standing *a, const struct standing *b);
