/* What the engine does without memory, and that it keeps none it does not need. */
#include "tests/property/correlator/engine_run.h"
#include "tests/support/families.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct engine_limits limits = {.incidents_max = 1000000};

static void a_failing_allocator_leaves_no_leak_and_no_lie(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2 * family_count; seed++) {
        struct world *world = world_new(&(struct world_options){.seed = seed,
                                                                .family = &families[seed / 2 % family_count],
                                                                .incidents_most = 60,
                                                                .variant_count = 1,
                                                                .calibrated = seed % 2 == 0});
        struct world_baseline baseline = world_baseline_new(world, 0, 0);
        world->rules[0].baseline = baseline.rule;
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
        world_baseline_free(&baseline);
        world_free(world);
    }
}

static void an_insert_that_fails_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 2; seed < 2 + 2 * family_count; seed++) {
        struct world *world = world_new(&(struct world_options){.seed = seed,
                                                                .family = &families[seed / 2 % family_count],
                                                                .incidents_most = 80,
                                                                .variant_count = 1,
                                                                .calibrated = seed % 2 == 0});
        struct play *play = play_new(world);
        struct run run;
        run_start(&run, play);
        for (uint32_t i = 0; i < world->incident_count; i++) {
            /* Fail the first call it makes, then the second … until it needs no more. */
            uint32_t handle;
            for (uint64_t n = 1;; n++) {
                run.memory.fail_at = run.memory.calls + n;
                enum status status = engine_insert(run.engine, world_incident(world, i, 0), &handle);
                run.memory.fail_at = 0;
                if (status == STATUS_OK)
                    break;
                assert_int_equal(status, STATUS_NO_MEMORY);
            }
            engine_remove(run.engine, handle);
            run_set(&run, i, 0);
            if (i % 5 == 0)
                run_flush(&run);
        }
        run_flush(&run);
        run_compare(&run);
        if (run.chronicle.mistakes > 0)
            fail_msg("seed %" PRIu64 ": %s", seed, run.chronicle.first_mistake);
        run_stop(&run);
        play_free(play);
    }
}

/* ---- one failure ---- */

/* The play, until something fails; then `chronicle` may be incomplete. */
static enum status play_through(struct engine *engine, const struct play *play, struct chronicle *chronicle)
{
    const struct world *world = play->world;
    uint32_t *handles = calloc(world->incident_count, sizeof(*handles));
    bool *standing = calloc(world->incident_count, sizeof(*standing));
    assert_true(handles != NULL && standing != NULL);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && i < play->count; i++) {
        const struct step *step = &play->steps[i];
        bool sets = step->kind == STEP_SET || step->kind == STEP_REMOVE;
        if (sets && standing[step->id])
            engine_remove(engine, handles[step->id]);
        if (sets)
            standing[step->id] = step->kind == STEP_SET;
        if (step->kind == STEP_SET)
            status = engine_insert(engine, world_incident(world, step->id, step->variant), &handles[step->id]);
        else if (step->kind == STEP_WATERMARK)
            engine_watermark(engine, step->time_ms);
        else if (step->kind == STEP_FLUSH)
            status = chronicle_flush(chronicle, engine);
    }
    free(handles);
    free(standing);
    return status;
}

/* Whether it told all there is to tell. */
static bool told_with_failure(const struct play *play, uint64_t fail_at, struct chronicle *chronicle,
                              uint64_t *ret_calls)
{
    struct failing failing = {.fail_at = fail_at, .once = true};
    struct allocator allocator = failing_allocator(&failing);
    struct engine *engine = NULL;
    chronicle_init(chronicle, play->world->seed);
    enum status status = engine_new(&allocator, play->world->rules, play->world->rule_count, &limits, &engine);
    if (status == STATUS_OK)
        status = play_through(engine, play, chronicle);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    engine_free(engine);
    assert_int_equal(failing.blocks, 0);
    *ret_calls = failing.calls;
    return status == STATUS_OK;
}

static void a_failure_is_told_or_makes_no_difference(void **state)
{
    (void)state;
    for (uint64_t seed = 2; seed < 2 + 6 * family_count; seed++) {
        struct play *play = play_new(world_new(&(struct world_options){.seed = seed,
                                                                       .family = &families[seed / 2 % family_count],
                                                                       .incidents_most = 60,
                                                                       .variant_count = 3,
                                                                       .calibrated = seed % 2 == 0}));
        struct dice dice = {seed};
        if (seed % 4 < 2)
            plot_stir(play, &dice, 5);
        else
            plot_tide(play, &dice, 4, 3, PLOT_KEEPS_WORD);
        struct world_baseline baseline = world_baseline_new(play->world, 0, 0);
        play->world->rules[0].baseline = baseline.rule;
        struct chronicle right;
        uint64_t calls;
        assert_true(told_with_failure(play, 0, &right, &calls));
        for (uint64_t fail_at = 1; fail_at <= calls; fail_at++) {
            struct chronicle chronicle;
            uint64_t ignored;
            if (told_with_failure(play, fail_at, &chronicle, &ignored) &&
                (chronicle.mistakes > 0 || !chronicle_same(&right, &chronicle)))
                fail_msg("family %s, seed %" PRIu64 ": call %" PRIu64 " of %" PRIu64 " failed, and nobody said so",
                         play->world->family->name, seed, fail_at, calls);
            chronicle_fini(&chronicle);
        }
        chronicle_fini(&right);
        world_baseline_free(&baseline);
        play_free(play);
    }
}

/* ---- memory that stays ---- */

#define ROUNDS 16u

static void hear_nothing(void *self, const struct engine_change *change)
{
    (void)self;
    (void)change;
}

static void let_go(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self;
    (void)incident;
    (void)evicted;
}

static int64_t latest_end(const struct engine_incident *incidents, uint32_t count)
{
    int64_t latest_ms = INT64_MIN;
    for (uint32_t i = 0; i < count; i++)
        latest_ms = incidents[i].end_ms > latest_ms ? incidents[i].end_ms : latest_ms;
    return latest_ms;
}

static int64_t longest_window(const struct world *world)
{
    int64_t longest_ms = 0;
    for (uint32_t i = 0; i < world->rule_count; i++)
        longest_ms = world->rules[i].window_ms > longest_ms ? world->rules[i].window_ms : longest_ms;
    return longest_ms;
}

/* The play once more, so much later; then everything leaves. */
static void play_round(struct engine *engine, const struct play *play, struct engine_incident *incidents, int64_t by_ms)
{
    const struct world *world = play->world;
    const struct engine_events events = {hear_nothing, let_go, NULL};
    for (uint32_t i = 0; i < world->incident_count; i++) {
        incidents[i] = world->incidents[i];
        incidents[i].start_ms += by_ms;
        incidents[i].end_ms += by_ms;
    }
    for (uint32_t i = 0; i < play->count; i++) {
        const struct step *step = &play->steps[i];
        uint32_t handle;
        if (step->kind == STEP_SET)
            assert_int_equal(engine_insert(engine, &incidents[step->id], &handle), STATUS_OK);
        else if (step->kind == STEP_WATERMARK)
            engine_watermark(engine, step->time_ms + by_ms);
        else if (step->kind == STEP_FLUSH)
            assert_int_equal(engine_flush(engine, &events), STATUS_OK);
    }
    engine_watermark(engine, latest_end(incidents, world->incident_count) + 20 * longest_window(world));
    assert_int_equal(engine_flush(engine, &events), STATUS_OK);
    struct engine_stats stats;
    engine_stats(engine, &stats);
    assert_int_equal(stats.incidents, 0);
    assert_int_equal(stats.episodes, 0);
}

/* What was, leaves no trace: the same world again and again needs no more memory, and in the end asks for none. */
static void rounds_take_no_more_memory(void **state)
{
    (void)state;
    for (uint64_t seed = 2; seed < 2 + 8 * family_count; seed++) {
        const struct family *family = &families[seed / 2 % family_count];
        struct play *play = play_new(world_new(&(struct world_options){
            .seed = seed, .family = family, .incidents_most = 150, .variant_count = 1, .calibrated = seed % 2 == 0}));
        struct world *world = play->world;
        struct dice dice = {seed};
        plot_tide(play, &dice, 4, 4, PLOT_KEEPS_WORD);
        struct failing failing = {0};
        struct allocator allocator = failing_allocator(&failing);
        struct world_baseline baseline = world_baseline_new(world, 0, 0);
        world->rules[0].baseline = baseline.rule;
        struct engine *engine;
        assert_int_equal(engine_new(&allocator, world->rules, world->rule_count, &limits, &engine), STATUS_OK);
        struct engine_incident *incidents[ROUNDS];
        struct failing after[ROUNDS];
        int64_t window_ms = longest_window(world);
        int64_t span_ms = world->rules[0].window_ms;
        while (span_ms <
               latest_end(world->incidents, world->incident_count) - world->incidents[0].start_ms + 40 * window_ms)
            span_ms *= 2; /* a whole number of windows: all falls into slots as it did */
        for (uint32_t i = 0; i < ROUNDS; i++) {
            incidents[i] = calloc(world->incident_count, sizeof(*incidents[i]));
            assert_non_null(incidents[i]);
            play_round(engine, play, incidents[i], (int64_t)i * span_ms);
            after[i] = failing;
        }
        const struct failing *half = &after[ROUNDS / 2 - 1];
        if (failing.bytes > half->bytes + 1024 || failing.calls > half->calls + 4)
            fail_msg("family %s, seed %" PRIu64 ": %" PRIu64 " bytes and %" PRIu64 " calls after %u rounds, %" PRIu64
                     " and %" PRIu64 " after %u",
                     family->name, seed, half->bytes, half->calls, ROUNDS / 2, failing.bytes, failing.calls, ROUNDS);
        engine_free(engine);
        assert_int_equal(failing.blocks, 0);
        for (uint32_t i = 0; i < ROUNDS; i++)
            free(incidents[i]);
        world_baseline_free(&baseline);
        play_free(play);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_allocator_leaves_no_leak_and_no_lie),
        cmocka_unit_test(an_insert_that_fails_changes_nothing),
        cmocka_unit_test(a_failure_is_told_or_makes_no_difference),
        cmocka_unit_test(rounds_take_no_more_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
