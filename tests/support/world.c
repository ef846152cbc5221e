#include "tests/support/world.h"

#include "correlator/baseline/history.h"
#include "tests/support/families.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- histories ---- */

/* Clumps beside places of the world: what is near one place is not near the next. */
static void history_roll(struct dice *dice, const struct world *world, uint32_t rule_index,
                         struct oracle_history *ret_history)
{
    static const uint32_t sizes[] = {0, 0, 1, 1, 2, 5, 10, 25, 60};
    static const int64_t windows[] = {8, 30, 90, 400, 2000};
    const struct rule *rule = &world->rules[rule_index];
    uint32_t clumps = 1 + dice_below(dice, 6);
    struct oracle_history history = {.points = calloc(clumps * 60u, sizeof(*history.points))};
    assert(history.points != NULL);
    for (uint32_t i = 0; i < clumps; i++) {
        struct point middle = world->incidents[dice_below(dice, world->incident_count * world->variant_count)].point;
        uint32_t size = DICE_PICK(dice, sizes);
        for (uint32_t j = 0; j < size; j++)
            history.points[history.count++] =
                dice_below(dice, 3) ? middle : point_beside(dice, middle, 1.2 * units_from_km(rule->reach_km));
    }
    history.history_ms = rule->window_ms * DICE_PICK(dice, windows) + (int64_t)dice_below(dice, 2);
    history.mean_length_ms = (int64_t)((double)rule->window_ms * 0.25 * (double)dice_below(dice, 5));
    if (history.mean_length_ms > 0 && dice_below(dice, 2))
        history.mean_length_ms--;
    *ret_history = history;
}

uint32_t world_threshold(const struct world *world, uint32_t rule, uint32_t history,
                         const struct engine_incident *incident)
{
    const struct rule *of = &world->rules[rule];
    if (!world->calibrated || history == WORLD_NO_HISTORY)
        return of->min_neighbours;
    return oracle_history_threshold(of, &world->histories[rule][history], incident);
}

struct world_baseline world_baseline_new(const struct world *world, uint32_t rule, uint32_t history)
{
    struct world_baseline baseline = {0};
    if (!world->calibrated || history == WORLD_NO_HISTORY)
        return baseline;
    const struct rule *of = &world->rules[rule];
    const struct oracle_history *from = &world->histories[rule][history];
    const struct thresholds_options options = {.window_ms = of->window_ms,
                                               .history_ms = from->history_ms,
                                               .mean_length_ms = from->mean_length_ms,
                                               .min_neighbours = of->min_neighbours,
                                               .alpha = of->alpha,
                                               .history_max = (uint32_t)from->count / 2};
    enum status status = thresholds_new(&options, &baseline.thresholds);
    assert(status == STATUS_OK);
    status = history_new(of->reach_km, baseline.thresholds, &baseline.rule);
    assert(status == STATUS_OK);
    status = history_fill(baseline.rule, from->points, from->count);
    assert(status == STATUS_OK);
    (void)status;
    return baseline;
}

void world_baseline_free(struct world_baseline *baseline)
{
    if (baseline->rule != NULL)
        history_free(baseline->rule);
    if (baseline->thresholds != NULL)
        thresholds_free(baseline->thresholds);
    *baseline = (struct world_baseline){0};
}

/* ---- worlds ---- */

struct world *world_new(const struct world_options *options)
{
    const struct family *family = options->family;
    struct world *world = calloc(1, sizeof(*world));
    assert(world != NULL);
    struct dice dice = {options->seed * 0x2545f4914f6cdd1du + 1};
    uint32_t most = options->incidents_most < family->most ? options->incidents_most : family->most;
    uint32_t least = family->least < most ? family->least : most;
    *world = (struct world){.family = family,
                            .calibrated = options->calibrated,
                            .incident_count = least + dice_below(&dice, most - least + 1),
                            .variant_count = options->variant_count,
                            .seed = options->seed};
    size_t total = (size_t)world->incident_count * world->variant_count;
    world->incidents = calloc(total, sizeof(*world->incidents));
    world->names = calloc(world->incident_count, sizeof(*world->names));
    world->codes = calloc(total, sizeof(*world->codes));
    assert(world->incidents != NULL && world->names != NULL && world->codes != NULL);
    for (uint32_t i = 0; i < world->incident_count; i++) /* ids in no order of time, some a prefix of others */
        (void)snprintf(world->names[i], sizeof(world->names[i]), "s%u:%u%s", dice_below(&dice, 3), i * 7919u % 1000u,
                       i % 2 ? "x" : "");
    family->fill(&dice, world);
    for (size_t i = 0; i < total; i++)
        world->incidents[i].user = &world->incidents[i];
    static const double alphas[] = {0.3, 0.1, 0.03, 1e-2, 1e-3, 1e-4};
    for (uint32_t i = 0; world->calibrated && i < world->rule_count; i++) {
        world->rules[i].alpha = DICE_PICK(&dice, alphas);
        for (uint32_t j = 0; j < WORLD_NO_HISTORY; j++)
            history_roll(&dice, world, i, &world->histories[i][j]);
    }
    return world;
}

void world_free(struct world *world)
{
    for (uint32_t i = 0; i < WORLD_RULES_MAX; i++) {
        for (uint32_t j = 0; j < WORLD_HISTORIES; j++)
            free(world->histories[i][j].points);
    }
    free(world->incidents);
    free(world->names);
    free(world->codes);
    free(world);
}
