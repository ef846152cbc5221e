/* The exceedance curve: how often null years had an episode with a score this high (method §6).
 *
 *   scores of all episodes of R null years ──curve_make──▶ steps { score, how many had at least that }
 *                                                             9.1 × 40
 *                                                             9.7 ×  2   a score of 9.5 ⇒ reached twice in R years
 *                                                            16.2 ×  1   a score of 17 ⇒ never
 *
 * The thousand rarest each have their step; below, steps are a thousandth of their number apart, so a curve is never
 * long, and a recurrence at most a thousandth longer than all the scores would give it. */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct curve_step {
    double score;
    uint64_t exceedances; /* episodes with at least this score; falls strictly from step to step */
};

struct curve {
    const struct curve_step *steps; /* borrowed; scores ascend strictly */
    size_t count;
    uint64_t years; /* R; 0: no null years were simulated, the two functions below may not be asked */
};

#define DAYS_IN_YEAR 365.25

/* Sorts the scores (finite, ≥ 0) and fills `steps`, which has room for as many; answers how many there are. The lowest
 * step counts every score. O(n log n). */
size_t curve_make(double *scores, size_t count, struct curve_step *ret_steps);
/* Episodes of the null years with at least this score. O(log count). */
uint64_t curve_exceedances(const struct curve *curve, double score);
/* The mean time between such episodes, in days. With none in all R years: R/3 years, which it exceeds with 95 %
 * confidence, and ret_at_least is true. */
double curve_recurrence_days(const struct curve *curve, double score, bool *ret_at_least);
