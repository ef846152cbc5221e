/* The story of a replay: a plain sentence for each revision of an episode that is flagged, or was.
 *
 *   2025-09-19 10:10  Estonia joined: 935 km and 9.1 days from Poland  (campaign, now EE, PL, RO)
 *
 * What is told comes from comparing an episode with its last revision: who is new and how far from the nearest member,
 * who left and why, what was corrected, merged, withdrawn. Everything told is kept until the end: a story is as long as
 * a person reads. */
#pragma once

#include "base/zone.h"
#include "proto/json.h"

struct story;

/* Borrows the zone. */
enum status story_new(struct zone *zone, struct story **ret_story) MUST_CHECK;
void story_free(struct story *story);
/* What was published, in its order. Copies what it needs; appends lines, with their ends, to the text. */
enum status story_tell(struct story *story, const struct publication *publication, struct text *lines) MUST_CHECK;
