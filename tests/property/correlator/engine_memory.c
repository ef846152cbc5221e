/* What the engine does without memory. */
#include "tests/property/correlator/engine_run.h"
#include "tests/support/families.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_allocator_leaves_no_leak_and_no_lie),
        cmocka_unit_test(an_insert_that_fails_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
