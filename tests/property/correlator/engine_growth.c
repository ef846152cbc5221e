/* The engine while worlds grow: incidents come about in order of time, over a plain several reaches wide and for many
 * windows, under caps that bind; after every flush what was told is the oracle's word. What the engine keeps from flush
 * to flush (who took in whom, who was refused, who continues whom) is only right if every later step is. */
#include "tests/property/correlator/engine_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct coming {
    uint32_t id;
    int64_t when_ms;
    int64_t least_to_come_ms;
};

static int by_when(const void *a, const void *b)
{
    const struct coming *one = a;
    const struct coming *other = b;
    if (one->when_ms != other->when_ms)
        return one->when_ms < other->when_ms ? -1 : 1;
    return one->id < other->id ? -1 : one->id > other->id;
}

/* Dense enough that episodes touch, and few caps wide: nearly every world has refusals. */
static struct world *plain_new(uint64_t seed, struct dice *dice)
{
    uint32_t count = 30 + dice_below(dice, 120);
    struct world *world =
        world_new(&(struct world_options){.seed = seed, .incident_count = count, .variant_count = 1, .rule_count = 1});
    struct rule *rule = &world->rules[0];
    rule->reach_km = 100.0;
    rule->window_ms = 3600000;
    rule->min_neighbours = 1 + dice_below(dice, 2);
    rule->max_radius_km = 50.0;
    rule->cap_duration_ms = rule->window_ms * (1 + dice_below(dice, 16));
    rule->cap_extent_km = dice_below(dice, 3) ? 100.0 * (1.0 + dice_below(dice, 5)) : 1e5;
    uint32_t width = 1 + dice_below(dice, 6); /* reaches, about */
    uint32_t quarters = 4 * (1 + count / (2 + dice_below(dice, 3 * width)));
    for (uint32_t i = 0; i < count; i++) {
        struct engine_incident *incident = &world->incidents[i];
        int64_t length_ms = incident->end_ms - incident->start_ms;
        incident->point =
            point_from_degrees(50.0 + 0.1 * dice_below(dice, 9 * width), 10.0 + 0.15 * dice_below(dice, 9 * width));
        incident->start_ms = 1757000000000 + 900000 * (int64_t)dice_below(dice, quarters);
        incident->end_ms = incident->start_ms + (length_ms < 2 * rule->window_ms ? length_ms : 0);
        incident->role = dice_below(dice, 12) ? ROLE_TRIGGER : incident->role;
        incident->radius_km = dice_below(dice, 12) ? 0.0 : incident->radius_km;
    }
    return world;
}

static struct coming *coming_new(const struct world *world, struct dice *dice)
{
    struct coming *coming = calloc(world->incident_count, sizeof(*coming));
    for (uint32_t i = 0; i < world->incident_count; i++) {
        int64_t late = dice_below(dice, 4) ? 0 : (int64_t)dice_below(dice, 24);
        coming[i] = (struct coming){i, world_incident(world, i, 0)->start_ms + 900000 * late, 0};
    }
    qsort(coming, world->incident_count, sizeof(*coming), by_when);
    int64_t least_ms = INT64_MAX;
    for (uint32_t i = world->incident_count; i > 0; i--) {
        int64_t start_ms = world_incident(world, coming[i - 1].id, 0)->start_ms;
        least_ms = start_ms < least_ms ? start_ms : least_ms;
        coming[i - 1].least_to_come_ms = least_ms;
    }
    return coming;
}

static void retract_one(struct run *run, struct dice *dice)
{
    uint32_t id = dice_below(dice, run->world->incident_count);
    if (run->standing[id] >= 0 && world_incident(run->world, id, 0)->start_ms >= engine_horizon(run->engine))
        run_remove(run, id);
}

static uint64_t capped_told; /* over all worlds: the test must not pass for want of refusals */
static uint64_t evicted;

static void growth_run(uint64_t seed)
{
    struct dice dice = {seed * 53 + 17};
    struct world *world = plain_new(seed, &dice);
    struct coming *coming = coming_new(world, &dice);
    bool leaving = dice_below(&dice, 2);
    uint32_t batch = 1 + dice_below(&dice, 6);
    uint32_t retracting = dice_below(&dice, 2) ? 20 : UINT32_MAX;
    struct run run;
    run_start(&run, world, &allocator_heap, seed);
    for (uint32_t i = 0; i < world->incident_count; i++) {
        if (leaving)
            engine_watermark(run.engine, coming[i].least_to_come_ms);
        run_set(&run, coming[i].id, 0);
        if (dice_below(&dice, retracting) == 0)
            retract_one(&run, &dice);
        if (dice_below(&dice, batch) > 0)
            continue;
        run_flush(&run);
        run_compare(&run);
    }
    run_flush(&run);
    run_compare(&run);
    for (size_t i = 0; i < run.chronicle.count; i++)
        capped_told += run.chronicle.entries[i].capped;
    evicted += run.chronicle.evicted;
    run_expect_right(&run);
    run_stop(&run);
    free(coming);
    world_free(world);
}

static void every_step_of_a_growing_world_is_the_oracles(void **state)
{
    (void)state;
    capped_told = evicted = 0;
    for (uint64_t seed = run_first_seed; seed < run_first_seed + run_worlds; seed++)
        growth_run(seed);
    assert_true(run_worlds < 100 || (capped_told > run_worlds && evicted > run_worlds));
}

int main(int argc, char **argv)
{
    run_arguments(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_of_a_growing_world_is_the_oracles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
