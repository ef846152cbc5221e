/* The engine against the oracle, on generated worlds (method §9). More worlds: --worlds N, or VEDETTE_WORLDS=N; one
 * world again: VEDETTE_SEED=S. The seed of a failing world is printed. */
#include "correlator/engine/link.h"
#include "tests/support/chronicle.h"
#include "tests/support/failing.h"
#include "tests/support/world.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t worlds = 1000;
static uint64_t first_seed = 1;

static const struct engine_limits limits = {.incidents_max = 1000000};

/* ---- a run: an engine, what it was given, and what it told ---- */

struct run {
    const struct world *world;
    struct engine *engine;
    struct chronicle chronicle;
    uint32_t *handle; /* by id; only where standing */
    int *standing;    /* by id: the variant that stands, or −1 */
    const struct engine_incident **set;
    bool *gone; /* by id: evicted, the handle is no longer valid */
};

static void on_evicted(void *self, const struct engine_incident *original)
{
    struct run *run = self;
    run->gone[(original - run->world->incidents) / run->world->variant_count] = true;
}

static void run_start(struct run *run, const struct world *world, const struct allocator *allocator, uint64_t seed)
{
    *run = (struct run){.world = world};
    run->handle = calloc(world->incident_count, sizeof(*run->handle));
    run->standing = calloc(world->incident_count, sizeof(*run->standing));
    run->set = calloc(world->incident_count, sizeof(*run->set));
    run->gone = calloc(world->incident_count, sizeof(*run->gone));
    for (uint32_t i = 0; i < world->incident_count; i++)
        run->standing[i] = -1;
    chronicle_init(&run->chronicle, seed);
    run->chronicle.on_evicted = on_evicted;
    run->chronicle.on_evicted_self = run;
    assert_int_equal(engine_new(allocator, world->rules, world->rule_count, &limits, &run->engine), STATUS_OK);
}

static void run_stop(struct run *run)
{
    engine_free(run->engine);
    chronicle_fini(&run->chronicle);
    free(run->handle);
    free(run->standing);
    free(run->set);
    free(run->gone);
}

static void run_remove(struct run *run, uint32_t id)
{
    if (run->standing[id] < 0)
        return;
    if (!run->gone[id])
        engine_remove(run->engine, run->handle[id]);
    run->gone[id] = false;
    run->standing[id] = -1;
}

/* variant −1: removes. */
static void run_set(struct run *run, uint32_t id, int variant)
{
    run_remove(run, id);
    if (variant < 0)
        return;
    assert_int_equal(engine_insert(run->engine, world_incident(run->world, id, (uint32_t)variant), &run->handle[id]),
                     STATUS_OK);
    run->standing[id] = variant;
}

static void run_flush(struct run *run)
{
    assert_int_equal(chronicle_flush(&run->chronicle, run->engine), STATUS_OK);
    if (engine_pending(run->engine) != 0) {
        (void)fprintf(stderr, "seed %" PRIu64 ": pending after a flush\n", run->chronicle.seed);
        run->chronicle.mistakes++;
    }
}

static void run_compare(struct run *run)
{
    size_t count = 0;
    for (uint32_t i = 0; i < run->world->incident_count; i++) {
        if (run->standing[i] >= 0)
            run->set[count++] = world_incident(run->world, i, (uint32_t)run->standing[i]);
    }
    for (size_t rule = 0; rule < run->world->rule_count; rule++) {
        struct oracle_result result = oracle_run(&run->world->rules[rule], run->set, count);
        chronicle_compare(&run->chronicle, rule, &result);
        oracle_free(&result);
    }
}

static void run_expect_right(const struct run *run)
{
    if (run->chronicle.mistakes > 0)
        fail_msg("seed %" PRIu64 ": %zu mistakes", run->chronicle.seed, run->chronicle.mistakes);
}

static struct world *world_of(uint64_t seed, uint32_t most)
{
    struct dice dice = {seed};
    return world_new(
        &(struct world_options){.seed = seed, .incident_count = 2 + dice_below(&dice, most - 2), .variant_count = 3});
}

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
    for (uint64_t seed = first_seed; seed < first_seed + worlds; seed++) {
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
    for (uint64_t seed = first_seed; seed < first_seed + worlds; seed++) {
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
    for (uint64_t seed = first_seed; seed < first_seed + worlds / 4; seed++) {
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
    for (uint64_t seed = first_seed; seed < first_seed + worlds / 4; seed++) {
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
    for (uint64_t seed = first_seed; seed < first_seed + worlds; seed++)
        finality_run(seed, seed % 10 == 0 ? 150 : 50, false);
    assert_true(worlds < 100 || evicted_before_the_end > worlds);
}

static void late_ones_behind_the_horizon_are_exactly_right(void **state)
{
    (void)state;
    evicted_before_the_end = 0;
    for (uint64_t seed = first_seed; seed < first_seed + worlds; seed++)
        finality_run(seed, seed % 10 == 0 ? 150 : 50, true);
    assert_true(worlds < 100 || evicted_before_the_end > worlds);
}

/* ---- invariant 9: names and the origin of time do not matter ---- */

static bool renamed_entry(const struct chronicle_entry *one, const struct chronicle_entry *other, int64_t by_ms)
{
    bool same = one->rule == other->rule && one->first_ms - by_ms == other->first_ms &&
                one->last_ms - by_ms == other->last_ms && one->state == other->state && one->capped == other->capped &&
                one->member_count == other->member_count && (one->continues[0] == 0) == (other->continues[0] == 0);
    for (size_t i = 0; same && i < one->member_count; i++)
        same = one->members[i].membership == other->members[i].membership &&
               other->members[i].id.size == one->members[i].id.size + 2 &&
               memcmp(other->members[i].id.data + 2, one->members[i].id.data, one->members[i].id.size) == 0;
    return same;
}

static bool renamed(const struct chronicle_entry *one, const struct chronicle *others, int64_t by_ms)
{
    for (size_t i = 0; i < others->count; i++) {
        if (renamed_entry(one, &others->entries[i], by_ms))
            return true;
    }
    return false;
}

static void shifted_times_and_renamed_ids_change_only_names(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + worlds / 4; seed++) {
        struct world *world = world_of(seed, 60);
        struct run plain;
        struct run shifted;
        run_start(&plain, world, &allocator_heap, seed);
        for (uint32_t i = 0; i < world->incident_count; i++)
            run_set(&plain, i, 0);
        run_flush(&plain);
        int64_t by_ms = (int64_t)(seed * 86400000 + seed);
        char(*names)[32] = calloc(world->incident_count, sizeof(*names));
        for (uint32_t i = 0; i < world->incident_count; i++) {
            struct engine_incident *incident = &world->incidents[i * world->variant_count];
            incident->start_ms -= by_ms;
            incident->end_ms -= by_ms;
            incident->reported_at_ms -= incident->reported_at_ms == TIME_NONE ? 0 : by_ms;
            (void)snprintf(names[i], sizeof(names[i]), "zz%.*s", SPAN_ARG(incident->id));
            incident->id = span_of(names[i]);
        }
        run_start(&shifted, world, &allocator_heap, seed);
        for (uint32_t i = 0; i < world->incident_count; i++)
            run_set(&shifted, i, 0);
        run_flush(&shifted);
        run_compare(&shifted);
        assert_int_equal(plain.chronicle.count, shifted.chronicle.count);
        for (size_t i = 0; i < plain.chronicle.count; i++) {
            if (!renamed(&plain.chronicle.entries[i], &shifted.chronicle, by_ms))
                fail_msg("seed %" PRIu64 ": %s is not there under other names", seed, plain.chronicle.entries[i].id);
        }
        run_expect_right(&shifted);
        run_stop(&plain);
        run_stop(&shifted);
        free(names);
        world_free(world);
    }
}

/* ---- invariants 5, 6: more never makes less; without caps, connected components ---- */

static void caps_off(struct world *world)
{
    for (uint32_t i = 0; i < world->rule_count; i++) {
        world->rules[i].cap_duration_ms = INT64_MAX;
        world->rules[i].cap_extent_km = INFINITY;
    }
}

static const struct chronicle_entry *entry_of_core(const struct run *run, size_t rule, struct span id)
{
    for (size_t i = 0; i < run->chronicle.count; i++) {
        const struct chronicle_entry *entry = &run->chronicle.entries[i];
        for (size_t j = 0; entry->rule == rule && entry->state != EPISODE_WITHDRAWN && j < entry->member_count; j++) {
            if (entry->members[j].membership == MEMBERSHIP_CORE && span_equal(entry->members[j].id, id))
                return entry;
        }
    }
    return NULL;
}

/* Every pair of cores that are neighbours is in one episode, and no episode is capped: with the oracle's count of
 * episodes, that is what connected components are. */
static void expect_components(const struct run *run, size_t rule)
{
    const struct world *world = run->world;
    for (uint32_t i = 0; i < world->incident_count; i++) {
        const struct chronicle_entry *entry = entry_of_core(run, rule, world_incident(world, i, 0)->id);
        assert_true(entry == NULL || !entry->capped);
        for (uint32_t j = 0; entry != NULL && j < i; j++) {
            struct link link;
            assert_int_equal(
                link_between(&world->rules[rule], world_incident(world, i, 0), world_incident(world, j, 0), &link),
                STATUS_OK);
            const struct chronicle_entry *other = entry_of_core(run, rule, world_incident(world, j, 0)->id);
            assert_true(!link.neighbours || other == NULL || other == entry);
        }
    }
}

static void an_insert_never_uncores_and_uncapped_episodes_are_components(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + worlds / 10; seed++) {
        struct world *world = world_of(seed, 40);
        caps_off(world);
        struct run run;
        run_start(&run, world, &allocator_heap, seed);
        bool *core = calloc((size_t)world->rule_count * world->incident_count, sizeof(*core));
        for (uint32_t i = 0; i < world->incident_count; i++) {
            run_set(&run, i, 0);
            run_flush(&run);
            for (size_t rule = 0; rule < world->rule_count; rule++) {
                for (uint32_t j = 0; j <= i; j++) {
                    bool *was = &core[rule * world->incident_count + j];
                    bool is = entry_of_core(&run, rule, world_incident(world, j, 0)->id) != NULL;
                    if (*was && !is)
                        fail_msg("seed %" PRIu64 ": incident %u was a core, and more made it none", seed, j);
                    *was = is;
                }
            }
        }
        for (size_t rule = 0; rule < world->rule_count; rule++)
            expect_components(&run, rule);
        run_compare(&run);
        run_expect_right(&run);
        free(core);
        run_stop(&run);
        world_free(world);
    }
}

/* ---- invariant 10: the same bytes from every compiler, at every level of optimisation ---- */

static void the_same_worlds_give_the_same_bytes_on_every_machine(void **state)
{
    (void)state;
    uint64_t digest = 0xcbf29ce484222325u; /* FNV-1a over what was told: ids, states, members in order of the telling */
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct world *world = world_of(seed, 60);
        struct run run;
        run_start(&run, world, &allocator_heap, seed);
        for (uint32_t i = 0; i < world->incident_count; i++)
            run_set(&run, i, 0);
        run_flush(&run);
        for (size_t i = 0; i < run.chronicle.count; i++) {
            const struct chronicle_entry *entry = &run.chronicle.entries[i];
            char text[256];
            int size = snprintf(text, sizeof(text), "%zu %s %d %d %s %" PRId64 " %" PRId64 "|", entry->rule, entry->id,
                                entry->state, entry->capped, entry->continues, entry->first_ms, entry->last_ms);
            for (int j = 0; j < size; j++)
                digest = (digest ^ (unsigned char)text[j]) * 0x100000001b3u;
            for (size_t j = 0; j < entry->member_count; j++) {
                for (size_t k = 0; k < entry->members[j].id.size; k++)
                    digest = (digest ^ (unsigned char)entry->members[j].id.data[k]) * 0x100000001b3u;
            }
        }
        run_stop(&run);
        world_free(world);
    }
    /* Changes with the worlds, the method or the ids; then the new value is written here, and the reason into the
     * commit. */
    assert_int_equal(digest, 0x3dd750e48c37d738u);
}

/* ---- memory ---- */

static void a_failing_allocator_leaves_no_leak_and_no_lie(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + 3; seed++) {
        struct world *world =
            world_new(&(struct world_options){.seed = seed, .incident_count = 60, .variant_count = 1});
        uint64_t fail_at = 1;
        for (bool finished = false; !finished; fail_at += 1 + fail_at / 40) {
            struct failing failing = {.fail_at = fail_at};
            struct allocator allocator = failing_allocator(&failing);
            struct engine *engine = NULL;
            struct chronicle chronicle;
            chronicle_init(&chronicle, seed);
            enum status status = engine_new(&allocator, world->rules, world->rule_count, &limits, &engine);
            uint32_t handle = 0;
            size_t live = 0;
            for (uint32_t i = 0; status == STATUS_OK && i < world->incident_count; i++) {
                status = engine_insert(engine, world_incident(world, i, 0), &handle);
                live += status == STATUS_OK;
                if (status == STATUS_OK && i % 9 == 8)
                    status = chronicle_flush(&chronicle, engine);
                if (status == STATUS_OK && i % 7 == 6) {
                    engine_remove(engine, handle);
                    live--;
                }
            }
            if (engine != NULL) {
                struct engine_stats stats;
                engine_stats(engine, &stats);
                assert_int_equal(stats.incidents, live);
                assert_int_equal(stats.bytes, failing.bytes);
                engine_watermark(engine, INT64_MAX);
            }
            if (status == STATUS_OK)
                status = chronicle_flush(&chronicle, engine);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            finished = status == STATUS_OK;
            engine_free(engine);
            assert_int_equal(failing.blocks, 0);
            assert_int_equal(failing.bytes, 0);
            assert_int_equal(chronicle.mistakes, 0);
            chronicle_fini(&chronicle);
        }
        world_free(world);
    }
}

static void an_insert_that_fails_changes_nothing(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 5, .incident_count = 80, .variant_count = 1});
    struct failing failing = {0};
    struct allocator allocator = failing_allocator(&failing);
    struct run run;
    run_start(&run, world, &allocator, 5);
    for (uint32_t i = 0; i < world->incident_count; i++) {
        /* Fail the first call it makes, then the second … until it needs no more. */
        for (uint64_t n = 1;; n++) {
            failing.fail_at = failing.calls + n;
            enum status status = engine_insert(run.engine, world_incident(world, i, 0), &run.handle[i]);
            if (status == STATUS_OK)
                break;
            assert_int_equal(status, STATUS_NO_MEMORY);
            failing.fail_at = 0;
        }
        failing.fail_at = 0;
        run.standing[i] = 0;
        if (i % 5 == 0)
            run_flush(&run);
    }
    run_flush(&run);
    run_compare(&run);
    run_expect_right(&run);
    run_stop(&run);
    assert_int_equal(failing.blocks, 0);
    world_free(world);
}

int main(int argc, char **argv)
{
    const char *asked = getenv("VEDETTE_WORLDS");
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--worlds") == 0)
            asked = argv[i + 1];
    }
    if (asked != NULL)
        worlds = strtoull(asked, NULL, 10);
    if (getenv("VEDETTE_SEED") != NULL) {
        first_seed = strtoull(getenv("VEDETTE_SEED"), NULL, 10);
        worlds = 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_history_ends_where_the_oracle_says),
        cmocka_unit_test(every_step_of_a_small_world_is_the_oracles),
        cmocka_unit_test(two_orders_tell_the_same_content),
        cmocka_unit_test(what_was_inserted_and_removed_was_never_there),
        cmocka_unit_test(what_is_final_stays_right_and_so_does_the_rest),
        cmocka_unit_test(late_ones_behind_the_horizon_are_exactly_right),
        cmocka_unit_test(shifted_times_and_renamed_ids_change_only_names),
        cmocka_unit_test(an_insert_never_uncores_and_uncapped_episodes_are_components),
        cmocka_unit_test(the_same_worlds_give_the_same_bytes_on_every_machine),
        cmocka_unit_test(a_failing_allocator_leaves_no_leak_and_no_lie),
        cmocka_unit_test(an_insert_that_fails_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
