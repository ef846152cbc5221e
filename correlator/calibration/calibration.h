/* The null years of one rule, on many threads: R replicates, two curves.
 *
 *   threads ──next replicate──▶ null_year_run ──▶ scores[replicate] ──all done──▶ in order of replicates ──▶ curves
 *
 * A replicate's numbers depend on nothing but its own, so any number of threads makes the same curves. */
#pragma once

#include "correlator/baseline/history.h"
#include "correlator/calibration/pool.h"

struct calibration_options {
    const struct rule *rule;
    const struct pool *pool;             /* of that rule */
    const struct thresholds *thresholds; /* of that rule and history */
    uint64_t key;                        /* of the generator */
    uint32_t years;                      /* R, ≥ 1 */
    unsigned threads;                    /* ≥ 1 */
    /* How many years are done; called ten times a second from the caller's thread. false: stop. May be NULL. */
    bool (*progress)(void *self, uint32_t done);
    void *self;
};

/* What came of it. Owned: calibration_free. */
struct calibration {
    struct curve curves[BASELINE_CURVE_COUNT];
    struct curve_step *steps[BASELINE_CURVE_COUNT];
};

/* STATUS_CLOSED: progress said stop. Memory: 16 bytes an episode of all null years, and for each thread the windows of
 * its year. */
enum status calibration_run(const struct calibration_options *options, struct calibration *ret_calibration) MUST_CHECK;
void calibration_free(struct calibration *calibration);
/* Episodes of a kind a year of pure background makes. */
double calibration_rate(const struct calibration *calibration, enum baseline_curve_kind kind);
/* How many null years are simulated unless one says how many: what some 60 million incidents allow, 100 … 1000. A
 * thousand tell a recurrence of ten years to within a tenth, and of what none of them had that it takes three centuries
 * or more; a hundred still tell years from decades. It depends on the history alone, so the same archive gives the same
 * file on any machine. */
uint32_t calibration_years(const struct pool *pool);
