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
#include "correlator/baseline/curve.h"
#include "correlator/baseline/thresholds.h"
#include "correlator/engine/rule.h"

#include <stddef.h>
#include <stdint.h>

#define HISTORY_POINTS_MAX (1u << 28)

/* How often chance made as much, by the kind of episode (curve.h). */
enum baseline_curve_kind {
    BASELINE_CURVE_ANY,     /* episodes with a core: candidate or flagged */
    BASELINE_CURVE_FLAGGED, /* flagged ones only */
    BASELINE_CURVE_COUNT,
};

/* An empty history of a rule with this reach; window, floor and alpha are the thresholds', which are borrowed for its
 * life. thresholds_options.history_max: as many as it will have points. */
enum status history_new(double reach_km, const struct thresholds *thresholds,
                        struct baseline_rule **ret_rule) MUST_CHECK;
void history_free(struct baseline_rule *rule);
/* The square of the greatest chord from a cell's middle at which an incident is of its history: reach and half a side.
 */
int64_t history_near2(double reach_km, int64_t side);
/* Other thresholds; borrowed for its life. Until it has some, nothing but its points may be asked for. */
void history_set_thresholds(struct baseline_rule *rule, const struct thresholds *thresholds);
/* Replaces all points: copies them. STATUS_NO_MEMORY, STATUS_TOO_LARGE: it is as it was. O(n log n). */
enum status history_fill(struct baseline_rule *rule, const struct point *points, size_t count) MUST_CHECK;
/* The curves of the null years; their steps are borrowed for its life. Without: years 0, no steps. */
void history_set_curves(struct baseline_rule *rule, const struct curve curves[BASELINE_CURVE_COUNT]);

/* The points in Morton order, the same for the same set whatever the order they came in. */
size_t history_count(const struct baseline_rule *rule);
const struct point *history_points(const struct baseline_rule *rule);
const struct thresholds *history_thresholds(const struct baseline_rule *rule);

/* --- what baseline.h does not say, for score and recurrence --- */

double baseline_reach_km(const struct baseline_rule *rule);
int64_t baseline_window_ms(const struct baseline_rule *rule);
int64_t baseline_history_ms(const struct baseline_rule *rule); /* L */
int64_t baseline_mean_length_ms(const struct baseline_rule *rule);
/* The cubes of a footprint: twice the side of the cells of baseline_cell_of. */
struct baseline_cell baseline_footprint_of(const struct baseline_rule *rule, struct point point);
/* Incidents of the history in that cube. O(log n). */
uint32_t baseline_footprint_history(const struct baseline_rule *rule, struct baseline_cell cell);
/* years 0: not simulated, there is no recurrence. */
const struct curve *baseline_curve(const struct baseline_rule *rule, enum baseline_curve_kind kind);
