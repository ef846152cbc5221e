/* Does a recurrence of T days come once in T days? Histories of noise are calibrated, fresh years of the same noise are
 * judged by them, and what each curve promises is counted against what came.
 *
 *   seed 1 … 200:  towns and history of its group of ten ──calibrate──▶ curve ┐
 *                  a year of its own ──engine──▶ scores ──────────────────────┴─▶ recurrence ─▶ bins by T
 *
 * Bins do not overlap, so their counts are independent, and so are the null years' own counts in them: given the sum of
 * both, the fresh count is binomial with the share of the fresh years. That is the calibration's own error, exactly. */
#pragma once

#include "tests/property/calibration/judge.h"

#define RECURRENCE_BINS 3

struct recurrence_plan {
    uint32_t groups;        /* histories */
    uint32_t years_a_group; /* fresh ones */
    uint32_t null_years;    /* R of each calibration */
    size_t incidents;       /* a year */
    int64_t history_years;
    double alpha;
    double days[RECURRENCE_BINS]; /* T, ascending */
    unsigned threads;
};

struct recurrence_count {
    uint64_t fresh[RECURRENCE_BINS]; /* episodes of fresh years with recurrence in [T, next T) */
    uint64_t null[RECURRENCE_BINS];  /* the same of the null years, by the true curve */
    uint64_t fresh_years;
    uint64_t null_years;
    uint64_t fresh_all; /* episodes of any score */
    uint64_t null_all;
};

/* One count for each stretch: what the recurrences of the fresh years are multiplied with before they are counted. 1 is
 * the truth, anything else a curve that lies. */
void recurrence_run(const struct recurrence_plan *plan, const double *stretches, size_t stretch_count,
                    struct recurrence_count *ret_counts);
/* The two-sided probability of a fresh count at least so far from what the null count says. */
double recurrence_chance(const struct recurrence_count *count, int bin);
