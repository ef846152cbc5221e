/* How surprising an episode is (method §6): what was observed, what the baseline expected, and how often the background
 * alone makes an episode with a score this high.
 *
 *   footprint: cubes of the lattice with twice the side of the baseline's cells that hold a member, by its centre
 *              × time from one window before the first start to one window after the last end
 *   c = cores and attached ones           H = incidents of the history in those cubes, L = the history's length
 *   b = (H + 1)·E / L                     E = last − first + 2·window + mean length of an incident in the history
 *   F = c·ln(c/b) + b − c, where c > b, else 0
 *
 * A pure function of members and baseline: the publisher, the null years and `explain` all call this one. */
#pragma once

#include "base/status.h"
#include "correlator/baseline/baseline.h"
#include "proto/episode.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine_change;

struct surprise {
    size_t observed;        /* c */
    uint64_t history;       /* H */
    double expected;        /* b */
    double score;           /* F, rounded to a millionth, so that machines agree on it */
    double recurrence_days; /* of the curve of flagged episodes for a flagged one, else of the curve of all */
    bool recurrence_at_least;
};

/* Of an episode with these cores and attached ones (their places in any order, one a member), which lasts from first_ms
 * to last_ms (method §4: intervals as correlated). Without null years recurrence_days is NaN. STATUS_NO_MEMORY.
 * O(count). */
enum status surprise_of(const struct baseline_rule *rule, const struct point *members, size_t count, int64_t first_ms,
                        int64_t last_ms, enum episode_state state, struct surprise *ret_surprise) MUST_CHECK;
/* The same of what the engine tells. */
enum status surprise_of_change(const struct baseline_rule *rule, const struct engine_change *change,
                               struct surprise *ret_surprise) MUST_CHECK;
/* The same, once c and H are counted. */
struct surprise surprise_of_counts(const struct baseline_rule *rule, size_t observed, uint64_t history,
                                   int64_t first_ms, int64_t last_ms, enum episode_state state);
