/* The engine against the oracle, on generated worlds: histories in any order, and with evictions (method §9, invariants
 * 1 to 4, 7, 8, 12). The seed of a failing world is printed. */
#include "tests/property/correlator/engine_run.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void shuffle(struct dice *dice, uint32_t *items, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = dice_below(dice, i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}

/* ---- invariants 1, 2, 3, 4, 8: any order, batching and detour ends at the oracle's word ---- */

static void a_random_history_ends_where_the_oracle_says(void **state)
{
    (void)state;
    for (uint64_t seed = run_first_seed; seed < run_first_seed + run_worlds; seed++) {
        struct world *world = world_of(seed, 90);
        struct dice dice = {seed * 31 + 7};
        struct run run;
        run_start(&run, world, &allocator_heap, seed);
        uint32_t steps = world->incident_count * 3;
        for (uint32_t i = 0; i < steps; i++) {
            uint32_t id = dice_below(&dice, world->incident_count);
            run_set(&run, id, (int)dice_below(&dice, 4) - 1);
            if (run.standing[id] >= 0 && dice_below(&dice, 10) == 0)
                engine_touch(run.engine, run.handle[id]);
            if (dice_below(&dice, 12) == 0)
                run_flush(&run);
        }
        run_flush(&run);
        run_compare(&run);
        for (uint32_t i = 0; i < world->incident_count; i++)
            run_set(&run, i, (int)dice_below(&dice, 3));
        run_flush(&run);
        run_compare(&run);
        engine_watermark(run.engine, INT64_MAX);
        run_flush(&run);
        run_compare(&run);
        struct engine_stats stats;
        engine_stats(run.engine, &stats);
        assert_int_equal(stats.incidents, 0);
        assert_int_equal(stats.episodes, 0);
        run_expect_right(&run);
        run_stop(&run);
        world_free(world);
    }
}

static void every_step_of_a_small_world_is_the_oracles(void **state)
{
    (void)state;
    for (uint64_t seed = run_first_seed; seed < run_first_seed + run_worlds; seed++) {
        struct world *world = world_of(seed, 24);
        struct dice dice = {seed * 37 + 11};
        struct run run;
        run_start(&run, world, &allocator_heap, seed);
        for (uint32_t i = 0; i < world->incident_count * 2; i++) {
            run_set(&run, dice_below(&dice, world->incident_count), (int)dice_below(&dice, 4) - 1);
            run_flush(&run);
            run_compare(&run);
        }
        run_expect_right(&run);
        run_stop(&run);
        world_free(world);
    }
}

static void two_orders_tell_the_same_content(void **state)
{
    (void)state;
    for (uint64_t seed = run_first_seed; seed < run_first_seed + (run_worlds + 3) / 4; seed++) {
        struct world *world = world_of(seed, 120);
        struct dice dice = {seed * 41 + 3};
        uint32_t *order = calloc(world->incident_count, sizeof(*order));
        struct run runs[2];
        for (int i = 0; i < 2; i++) {
            run_start(&runs[i], world, &allocator_heap, seed);
            for (uint32_t j = 0; j < world->incident_count; j++)
                order[j] = j;
            shuffle(&dice, order, world->incident_count);
            for (uint32_t j = 0; j < world->incident_count; j++) {
                run_set(&runs[i], order[j], 0);
                if (dice_below(&dice, 7) == 0)
                    run_flush(&runs[i]);
            }
            run_flush(&runs[i]);
        }
        if (!chronicle_same(&runs[0].chronicle, &runs[1].chronicle))
            fail_msg("seed %" PRIu64 ": two orders, two results", seed);
        run_expect_right(&runs[0]);
        run_expect_right(&runs[1]);
        run_stop(&runs[0]);
        run_stop(&runs[1]);
        free(order);
        world_free(world);
    }
}

static void what_was_inserted_and_removed_was_never_there(void **state)
{
    (void)state;
    for (uint64_t seed = run_first_seed; seed < run_first_seed + (run_worlds + 3) / 4; seed++) {
        struct world *world = world_of(seed, 60);
        struct dice dice = {seed * 43 + 5};
        struct run run;
        run_start(&run, world, &allocator_heap, seed);
        for (uint32_t i = 0; i < world->incident_count; i += 2)
            run_set(&run, i, 0);
        run_flush(&run);
        for (uint32_t i = 1; i < world->incident_count; i += 2)
            run_set(&run, i, 0);
        if (dice_below(&dice, 2))
            run_flush(&run);
        for (uint32_t i = 1; i < world->incident_count; i += 2)
            run_remove(&run, i);
        run_flush(&run);
        run_compare(&run);
        size_t changes = run.chronicle.changes;
        run_flush(&run);
        assert_int_equal(run.chronicle.changes, changes); /* nothing changed: nothing told */
        run_expect_right(&run);
        run_stop(&run);
        world_free(world);
    }
}

/* ---- invariant 7: finality and eviction, with arrivals that keep the watermark's word ---- */

struct arrival {
    uint32_t id;
    int variant; /* −1: removed */
    int64_t when_ms;
    int64_t least_start_ms; /* of what it takes away and what it brings */
    int64_t least_to_come_ms;
};

static int by_when(const void *a, const void *b)
{
    const struct arrival *one = a;
    const struct arrival *other = b;
    if (one->when_ms != other->when_ms)
        return one->when_ms < other->when_ms ? -1 : 1;
    return one->id < other->id ? -1 : one->id > other->id;
}

/* Each incident arrives some while after it began; some are corrected or retracted later. */
static uint32_t arrivals_make(const struct world *world, struct dice *dice, struct arrival *arrivals, uint32_t delays)
{
    int64_t window = world->rules[0].window_ms;
    uint32_t count = 0;
    for (uint32_t id = 0; id < world->incident_count; id++) {
        int64_t when = world_incident(world, id, 0)->start_ms;
        for (int variant = 0; variant < 3; variant++) {
            if (variant > 0 && dice_below(dice, 3) > 0)
                continue;
            /* A correction to long before would hold the watermark back, and nothing would ever leave. */
            if (variant == 1 && world_incident(world, id, 1)->start_ms < when - 2 * window && dice_below(dice, 50) > 0)
                continue;
            when += (int64_t)dice_below(dice, delays) * (window / 2 + 1);
            arrivals[count++] = (struct arrival){id, variant == 2 ? -1 : variant, when, 0, 0};
        }
    }
    qsort(arrivals, count, sizeof(*arrivals), by_when);
    int *standing = calloc(world->incident_count, sizeof(*standing));
    for (uint32_t i = 0; i < world->incident_count; i++)
        standing[i] = -1;
    for (uint32_t i = 0; i < count; i++) {
        struct arrival *arrival = &arrivals[i];
        arrival->least_start_ms = INT64_MAX;
        const int variants[] = {standing[arrival->id], arrival->variant};
        for (int j = 0; j < 2; j++) {
            if (variants[j] < 0)
                continue;
            int64_t start_ms = world_incident(world, arrival->id, (uint32_t)variants[j])->start_ms;
            if (start_ms < arrival->least_start_ms)
                arrival->least_start_ms = start_ms;
        }
        standing[arrival->id] = arrival->variant;
    }
    free(standing);
    int64_t least = INT64_MAX;
    for (uint32_t i = count; i > 0; i--) {
        if (arrivals[i - 1].least_start_ms < least)
            least = arrivals[i - 1].least_start_ms;
        arrivals[i - 1].least_to_come_ms = least;
    }
    return count;
}

/* May it still be applied exactly? Asked of what stands, which is not what was planned where something was left out. */
static bool behind_horizon(const struct run *run, const struct arrival *arrival)
{
    const int variants[] = {run->standing[arrival->id], arrival->variant};
    for (int i = 0; i < 2; i++) {
        if (variants[i] >= 0 &&
            world_incident(run->world, arrival->id, (uint32_t)variants[i])->start_ms < engine_horizon(run->engine))
            return false;
    }
    return true;
}

static uint64_t evicted_before_the_end; /* over all worlds: the test must not pass for want of evictions */

static void finality_run(uint64_t seed, uint32_t most, bool late)
{
    struct world *world = world_of(seed, most);
    struct dice dice = {seed * 47 + 13};
    struct run run;
    run_start(&run, world, &allocator_heap, seed);
    struct arrival *arrivals = calloc((size_t)world->incident_count * 3, sizeof(*arrivals));
    uint32_t count = arrivals_make(world, &dice, arrivals, late ? 16 : 4);
    for (uint32_t i = 0; i < count; i++) {
        if (dice_below(&dice, 3) == 0) {
            /* late: the watermark runs ahead of what is still to come, which then counts only behind the horizon */
            uint32_t ahead = late ? dice_below(&dice, count - i) : 0;
            engine_watermark(run.engine, arrivals[i + ahead].least_to_come_ms);
        }
        if (dice_below(&dice, 4) == 0) {
            run_flush(&run);
            run_compare(&run);
        }
        bool exact = behind_horizon(&run, &arrivals[i]);
        assert_true(late || exact); /* the horizon never passes the watermark */
        if (exact)
            run_set(&run, arrivals[i].id, arrivals[i].variant);
    }
    run_flush(&run);
    run_compare(&run);
    evicted_before_the_end += run.chronicle.evicted;
    engine_watermark(run.engine, INT64_MAX);
    run_flush(&run);
    run_compare(&run);
    for (size_t i = 0; i < run.chronicle.count; i++) {
        const struct chronicle_entry *entry = &run.chronicle.entries[i];
        if (entry->state != EPISODE_WITHDRAWN && !entry->final)
            fail_msg("seed %" PRIu64 ": %s never became final", seed, entry->id);
    }
    run_expect_right(&run);
    run_stop(&run);
    free(arrivals);
    world_free(world);
}

static void what_is_final_stays_right_and_so_does_the_rest(void **state)
{
    (void)state;
    evicted_before_the_end = 0;
    for (uint64_t seed = run_first_seed; seed < run_first_seed + run_worlds; seed++)
        finality_run(seed, seed % 10 == 0 ? 150 : 50, false);
    assert_true(run_worlds < 100 || evicted_before_the_end > run_worlds);
}

static void late_ones_behind_the_horizon_are_exactly_right(void **state)
{
    (void)state;
    evicted_before_the_end = 0;
    for (uint64_t seed = run_first_seed; seed < run_first_seed + run_worlds; seed++)
        finality_run(seed, seed % 10 == 0 ? 150 : 50, true);
    assert_true(run_worlds < 100 || evicted_before_the_end > run_worlds);
}

int main(int argc, char **argv)
{
    run_arguments(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_history_ends_where_the_oracle_says),
        cmocka_unit_test(every_step_of_a_small_world_is_the_oracles),
        cmocka_unit_test(two_orders_tell_the_same_content),
        cmocka_unit_test(what_was_inserted_and_removed_was_never_there),
        cmocka_unit_test(what_is_final_stays_right_and_so_does_the_rest),
        cmocka_unit_test(late_ones_behind_the_horizon_are_exactly_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
