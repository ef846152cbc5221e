#include "tests/property/calibration/recurrence.h"

#include "correlator/calibration/calibration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define HISTORY_SEED (UINT64_C(1) << 33)

static void must(enum status status, const char *what)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "%s: %s\n", what, status_text(status));
    abort();
}

static int bin_of(const struct recurrence_plan *plan, double days)
{
    int bin = RECURRENCE_BINS - 1;
    while (bin >= 0 && !(days >= plan->days[bin]))
        bin--;
    return bin;
}

/* Each step of the curve stands for the episodes that have its score. */
static void count_null(const struct recurrence_plan *plan, const struct curve *curve, struct recurrence_count *count)
{
    for (size_t i = 0; i < curve->count; i++) {
        bool at_least;
        uint64_t higher = i + 1 < curve->count ? curve->steps[i + 1].exceedances : 0;
        uint64_t episodes = curve->steps[i].exceedances - higher;
        int bin = bin_of(plan, curve_recurrence_days(curve, curve->steps[i].score, &at_least));
        count->null_all += episodes;
        if (bin >= 0)
            count->null[bin] += episodes;
    }
    count->null_years += curve->years;
}

static void count_fresh(const struct recurrence_plan *plan, const struct rule *rule, const struct noise *noise,
                        uint64_t seed, const double *stretches, size_t stretch_count, struct recurrence_count *counts)
{
    struct noise_year year = noise_make(noise, seed, plan->incidents, 0, NOISE_YEAR_MS);
    struct judgement judgement = judge(rule, year.incidents, year.count);
    for (size_t j = 0; j < stretch_count; j++) {
        for (size_t i = 0; i < judgement.count; i++) {
            int bin = bin_of(plan, judgement.episodes[i].surprise.recurrence_days * stretches[j]);
            counts[j].fresh_all++;
            if (bin >= 0)
                counts[j].fresh[bin]++;
        }
        counts[j].fresh_years++;
    }
    free(judgement.episodes);
    noise_free(&year);
}

static void count_group(const struct recurrence_plan *plan, uint32_t group, const double *stretches,
                        size_t stretch_count, struct recurrence_count *counts)
{
    struct noise noise;
    noise_init(&noise, group + 1);
    int64_t length_ms = plan->history_years * NOISE_YEAR_MS;
    struct noise_year past =
        noise_make(&noise, HISTORY_SEED + group, plan->incidents * (size_t)plan->history_years, 0, length_ms);
    struct rule rule = judge_rule(1, plan->alpha);
    struct judge_history history = judge_learn(&rule, past.incidents, past.count, 0, length_ms);
    struct pool pool;
    must(pool_init(&pool, &rule, past.incidents, past.count, 0, length_ms), "a pool");
    const struct calibration_options options = {.rule = &rule,
                                                .pool = &pool,
                                                .thresholds = history.thresholds,
                                                .key = group + 1,
                                                .years = plan->null_years,
                                                .threads = plan->threads};
    struct calibration calibration;
    must(calibration_run(&options, &calibration), "null years");
    history_set_curves(history.baseline, calibration.curves);
    rule.baseline = history.baseline;
    for (size_t i = 0; i < stretch_count; i++)
        count_null(plan, &calibration.curves[BASELINE_CURVE_ANY], &counts[i]);
    for (uint32_t i = 0; i < plan->years_a_group; i++)
        count_fresh(plan, &rule, &noise, (uint64_t)group * plan->years_a_group + i + 1, stretches, stretch_count,
                    counts);
    calibration_free(&calibration);
    pool_fini(&pool);
    judge_forget(&history);
    noise_free(&past);
}

void recurrence_run(const struct recurrence_plan *plan, const double *stretches, size_t stretch_count,
                    struct recurrence_count *ret_counts)
{
    for (size_t i = 0; i < stretch_count; i++)
        ret_counts[i] = (struct recurrence_count){0};
    for (uint32_t group = 0; group < plan->groups; group++)
        count_group(plan, group, stretches, stretch_count, ret_counts);
}

/* P(X = k), X binomial. */
static double binomial(uint64_t n, uint64_t k, double share)
{
    double a = (double)n, b = (double)k;
    return exp(lgamma(a + 1) - lgamma(b + 1) - lgamma(a - b + 1) + b * log(share) + (a - b) * log1p(-share));
}

double recurrence_chance(const struct recurrence_count *count, int bin)
{
    double share = (double)count->fresh_years / (double)(count->fresh_years + count->null_years);
    uint64_t sum = count->fresh[bin] + count->null[bin];
    double low = 0.0, high = 0.0;
    for (uint64_t k = 0; k <= sum; k++) {
        double chance = binomial(sum, k, share);
        low += k <= count->fresh[bin] ? chance : 0.0;
        high += k >= count->fresh[bin] ? chance : 0.0;
    }
    return fmin(1.0, 2.0 * fmin(low, high));
}
