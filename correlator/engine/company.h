/* Company: responses, consequences and context. They join flagged episodes, are shown, and change nothing else.
 *
 *   order: handles by (start, id) ──▶ those that may overlap a span: from (first − longest) to the end of the span
 *
 * New ones wait unsorted behind the sorted until a flush. O(log n + overlapping) a look-up. */
#pragma once

#include "correlator/engine/ward.h"

struct company {
    VECTOR(uint32_t) order;
    VECTOR(uint32_t) changed; /* inserted, removed or touched since the last flush */
    VECTOR(uint32_t) scratch;
    struct heap leaving; /* by end */
    int64_t longest_ms;
    bool unsorted;
    int64_t horizon_ms;
};

bool company_reserve(struct company *company, struct memory *memory, const struct incidents *incidents);
void company_insert(struct company *company, struct incidents *incidents, uint32_t handle);
void company_remove(struct company *company, struct incidents *incidents, uint32_t handle);
/* Says that it changed. */
void company_touch(struct company *company, uint32_t handle);
void company_free(struct company *company, struct memory *memory);
/* Puts the order right; dead ones leave it. */
void company_settle(struct company *company, const struct incidents *incidents);
/* Adds to ward->extras those that join a flagged content. */
bool company_join(const struct company *company, struct ward *ward, const struct content *content);
/* Marks the told episodes that what changed joins, or joined, as to be restated. */
bool company_disturb(const struct company *company, struct ward *ward);
/* Lets go of those that ended before anything an episode, there or to come, may reach back to. */
void company_evict(struct company *company, struct incidents *incidents, int64_t before_ms);
