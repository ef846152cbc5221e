/* A rule's history in memory: the frozen points, the lengths, K. What baseline.h asks is answered from it.
 *
 *   points, any order ──history_fill──▶ sorted along the Morton curve: every cube of the lattice is one run of them
 *                                       boxes around 16, 32, 64 … of them: a ball is counted without touching most
 *
 * One kind of object for all: `calibrate` makes it, a null year makes one a replicate (fill again: nothing is
 * allocated while it is no larger), a file is read into it. 15 bytes a point; sorting 10^6 takes some 0.3 s. */
#pragma once

#include "base/status.h"
#include "correlator/baseline/baseline.h"
#include "correlator/baseline/thresholds.h"
#include "correlator/engine/rule.h"

#include <stddef.h>
#include <stdint.h>

#define HISTORY_POINTS_MAX (1u << 28)

/* How often chance made as much: the scores of all episodes of the null years, ascending. */
struct baseline_curve {
    const double *scores;
    size_t count;
};
enum baseline_curve_kind {
    BASELINE_CURVE_ANY,     /* episodes with a core: candidate or flagged */
    BASELINE_CURVE_FLAGGED, /* flagged ones only */
    BASELINE_CURVE_COUNT,
};

/* An empty history of a rule: reach is the rule's, window, floor and alpha are the thresholds'. Takes nothing of the
 * rule; borrows the thresholds for its life. */
enum status history_new(double reach_km, const struct thresholds *thresholds,
                        struct baseline_rule **ret_rule) MUST_CHECK;
void history_free(struct baseline_rule *rule);
/* Replaces all points: copies them. STATUS_NO_MEMORY, STATUS_TOO_LARGE: it is as it was. O(n log n). */
enum status history_fill(struct baseline_rule *rule, const struct point *points, size_t count) MUST_CHECK;
/* The curves of null_years simulated years; borrowed for its life. Without: none. */
void history_set_curves(struct baseline_rule *rule, const struct baseline_curve curves[BASELINE_CURVE_COUNT],
                        uint32_t null_years);

/* The points in Morton order, the same for the same set whatever the order they came in. */
size_t history_count(const struct baseline_rule *rule);
const struct point *history_points(const struct baseline_rule *rule);
const struct thresholds *history_thresholds(const struct baseline_rule *rule);
/* An upper bound of h over all cells, for thresholds_options.history_max. O(n). */
uint32_t history_most(const struct point *points, size_t count, double reach_km);

/* --- what baseline.h does not say, for score and recurrence --- */

int64_t baseline_window_ms(const struct baseline_rule *rule);
int64_t baseline_history_ms(const struct baseline_rule *rule); /* L */
int64_t baseline_mean_length_ms(const struct baseline_rule *rule);
/* The cubes of a footprint: twice the side of the cells of baseline_cell_of. */
struct baseline_cell baseline_footprint_of(const struct baseline_rule *rule, struct point point);
/* Incidents of the history in that cube. O(log n). */
uint32_t baseline_footprint_history(const struct baseline_rule *rule, struct baseline_cell cell);
/* Empty where there are none; null_years 0: not simulated. */
struct baseline_curve baseline_curve(const struct baseline_rule *rule, enum baseline_curve_kind kind);
uint32_t baseline_null_years(const struct baseline_rule *rule);
