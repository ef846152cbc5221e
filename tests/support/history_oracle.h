/* Method §3 by brute force: h is counted pair by pair, the tail of the negative binomial is summed term by term, K is
 * tried from the floor up. It shares with the programs the arithmetic of places (point.h) and nothing else. */
#pragma once

#include "correlator/engine/engine.h"

/* What the history of one rule is, as plain numbers. */
struct oracle_history {
    struct point *points; /* of its incidents */
    size_t count;
    int64_t history_ms; /* L */
    int64_t mean_length_ms;
};

/* h: incidents of the history within reach and half a side of the middle of the cell the place is in. O(count). */
uint32_t oracle_history_count(const struct rule *rule, const struct oracle_history *history, struct point point);
/* P( NB(size = h + 1, prob = 1/(1 + r)) ≥ k ). */
long double oracle_tail(uint32_t h, long double ratio, uint32_t k);
/* K. Of a coarse one, which never is a core, the floor. */
uint32_t oracle_history_threshold(const struct rule *rule, const struct oracle_history *history,
                                  const struct engine_incident *incident);
