/* A null year: what the background alone makes of a year (method §6).
 *
 *   pool ──draw──▶ pseudo-history, as long as the history ──▶ h, and with it K and what is expected
 *     └────draw──▶ a year, with a margin on either side ──engine──▶ final episodes whose key is in the year ──▶ scores
 *
 * History and year are drawn apart, as the real ones are: so the scores hold what a short history gets wrong, too.
 * Which blocks are drawn is a function of (key, replicate, block) alone. */
#pragma once

#include "base/status.h"
#include "correlator/baseline/thresholds.h"
#include "correlator/calibration/pool.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct null_score {
    double score;
    bool flagged;
};

/* Of one year, in the order the engine told them. Owned by who asked; free(scores). */
struct null_scores {
    struct null_score *scores;
    size_t count;
};

struct null_year;

/* What one thread needs to make one year after the other. Borrows all for its life; the rule's own baseline is not
 * looked at. */
enum status null_year_new(const struct rule *rule, const struct pool *pool, const struct thresholds *thresholds,
                          uint64_t key, struct null_year **ret_null_year) MUST_CHECK;
void null_year_free(struct null_year *null_year);
/* One replicate. STATUS_CLOSED: *stop became true. The memory it takes is that of the windows, and 12
 * bytes an incident of the history. O(incidents of history and year). */
enum status null_year_run(struct null_year *null_year, uint32_t replicate, const atomic_bool *stop,
                          struct null_scores *ret_scores) MUST_CHECK;
