/* K as integers: for every exposure and every h how many neighbours make a core (method §3).
 *
 *   exposure e in quarters of a window ──▶ row 8 … 16 ──▶ bounds[i]: K ≤ floor + i ⇔ h < bounds[i]
 *
 * Depends on five numbers of the rule and the history, not on its points: one table serves a history and all
 * pseudo-histories drawn from it. Immutable once made, shared freely between threads. */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct thresholds;

#define THRESHOLDS_QUARTERS_MIN 8u  /* e = 2 windows */
#define THRESHOLDS_QUARTERS_MAX 16u /* e = 4 windows: length and mean length are a window at most */
#define THRESHOLDS_ROWS         (THRESHOLDS_QUARTERS_MAX - THRESHOLDS_QUARTERS_MIN + 1u)
#define THRESHOLDS_ROW_MAX      (1u << 22) /* entries */

struct thresholds_options {
    int64_t window_ms;
    int64_t history_ms;     /* L, > 0 */
    int64_t mean_length_ms; /* of the incidents of the history, 0 … window */
    uint32_t min_neighbours;
    double alpha;
    uint32_t history_max; /* rows reach so far; beyond it K is computed at every question (see thresholds_find) */
};

/* STATUS_TOO_LARGE: a row would have more than THRESHOLDS_ROW_MAX entries (the history is too short for such a window).
 * STATUS_INVALID: an option out of range. */
enum status thresholds_new(const struct thresholds_options *options, struct thresholds **ret_thresholds) MUST_CHECK;
/* From the rows of a file: copies them. STATUS_INVALID where a row is not what it must be, or an option is out of
 * range. */
struct thresholds_row {
    const uint32_t *bounds; /* never fall; the last is history_max + 1 */
    size_t count;
};
enum status thresholds_from_rows(const struct thresholds_options *options,
                                 const struct thresholds_row rows[THRESHOLDS_ROWS],
                                 struct thresholds **ret_thresholds) MUST_CHECK;
void thresholds_free(struct thresholds *thresholds);

const struct thresholds_options *thresholds_options(const struct thresholds *thresholds);
/* Rows of exposures that no incident can have beside this mean length are empty. */
struct thresholds_row thresholds_row(const struct thresholds *thresholds, size_t row);
/* K. length_ms below 0 or above the window count as these. O(log K); for h beyond history_max one tail inversion. */
uint32_t thresholds_find(const struct thresholds *thresholds, uint32_t history, int64_t length_ms);
