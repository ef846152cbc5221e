#include "tests/property/calibration/chance.h"

#include <stdio.h>
#include <stdlib.h>

#define HISTORY_SEED (UINT64_C(1) << 32) /* added: the history is another year of the same towns */
#define YEAR_BEGINS  NOISE_YEAR_MS

static size_t judge_campaign(const struct rule *rule, struct noise_year *year)
{
    struct judgement judgement = judge(rule, year->incidents, year->count);
    size_t most = judgement_campaign(&judgement);
    free(judgement.episodes);
    return most;
}

static size_t judge_noise(const struct rule *rule, struct noise_year *year)
{
    struct judgement judgement = judge(rule, year->incidents, year->count);
    free(judgement.episodes);
    return judgement.count;
}

struct chance chance_of(uint64_t seed)
{
    struct noise noise;
    noise_init(&noise, seed);
    struct noise_year past = noise_make(&noise, seed + HISTORY_SEED, CHANCE_INCIDENTS, 0, NOISE_YEAR_MS);
    struct rule constant = judge_rule(CHANCE_UNCALIBRATED, CHANCE_ALPHA);
    struct rule learnt = judge_rule(1, CHANCE_ALPHA);
    struct judge_history history = judge_learn(&learnt, past.incidents, past.count, 0, NOISE_YEAR_MS);
    learnt.baseline = history.baseline;

    struct noise_year year = noise_make(&noise, seed, CHANCE_INCIDENTS, YEAR_BEGINS, NOISE_YEAR_MS);
    struct chance chance = {.uncalibrated = judge_noise(&constant, &year), .calibrated = judge_noise(&learnt, &year)};
    struct spot from = {0}, to = {0};
    chance.emptiest_km = noise_emptiest(&noise, &from, &to);
    for (int order = 0; order < CAMPAIGN_ORDERS; order++) {
        int64_t start_ms = YEAR_BEGINS + NOISE_YEAR_MS / 100 * (int64_t)(seed % 90 + 5);
        struct noise_year disturbed = noise_make(&noise, seed, CHANCE_INCIDENTS, YEAR_BEGINS, NOISE_YEAR_MS);
        noise_add_campaign(&disturbed, seed, (enum campaign_order)order, from, to, start_ms);
        chance.found[order] = judge_campaign(&learnt, &disturbed);
        chance.found_uncalibrated[order] = judge_campaign(&constant, &disturbed);
        noise_free(&disturbed);
    }
    noise_free(&year);
    noise_free(&past);
    judge_forget(&history);
    return chance;
}

static void range_add(struct chance_range *range, size_t value, bool is_first)
{
    range->sum += value;
    range->least = is_first || value < range->least ? value : range->least;
    range->most = is_first || value > range->most ? value : range->most;
}

void chance_add(struct chance_sum *sum, const struct chance *chance)
{
    bool is_first = sum->seeds++ == 0;
    range_add(&sum->uncalibrated, chance->uncalibrated, is_first);
    range_add(&sum->calibrated, chance->calibrated, is_first);
    for (int order = 0; order < CAMPAIGN_ORDERS; order++) {
        sum->found[order] += chance->found[order] >= CHANCE_FOUND;
        sum->found_uncalibrated[order] += chance->found_uncalibrated[order] >= CHANCE_FOUND;
    }
}

void chance_table(const struct chance_sum *sum, char ret_table[CHANCE_TABLE_BYTES])
{
    double seeds = (double)sum->seeds;
    (void)snprintf(ret_table, CHANCE_TABLE_BYTES,
                   "| %zu years of noise | `min_neighbours: 5` | with a baseline, `alpha: 1e-4` |\n"
                   "|---|---|---|\n"
                   "| false episodes a year (least – most) | %.1f (%zu – %zu) | %.1f (%zu – %zu) |\n"
                   "| campaign found, moving along its line | %zu of %zu | %zu of %zu |\n"
                   "| campaign found, now here, now there | %zu of %zu | %zu of %zu |\n",
                   sum->seeds, (double)sum->uncalibrated.sum / seeds, sum->uncalibrated.least, sum->uncalibrated.most,
                   (double)sum->calibrated.sum / seeds, sum->calibrated.least, sum->calibrated.most,
                   sum->found_uncalibrated[CAMPAIGN_MOVES], sum->seeds, sum->found[CAMPAIGN_MOVES], sum->seeds,
                   sum->found_uncalibrated[CAMPAIGN_MIXED], sum->seeds, sum->found[CAMPAIGN_MIXED], sum->seeds);
}
