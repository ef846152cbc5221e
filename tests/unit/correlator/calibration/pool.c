#include "correlator/calibration/pool.h"

#include "background.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_pool_holds_what_triggers_within_the_history(void **state)
{
    (void)state;
    const struct rule rule = background_rule(1e-3);
    struct background *background = background_new(1, 6, 100, 0);
    struct engine_incident *incidents = background->incidents;
    incidents[0].start_ms = incidents[0].end_ms = 10 * DAY_MS - 1; /* before */
    incidents[1].start_ms = 10 * DAY_MS;                           /* the first moment */
    incidents[1].end_ms = incidents[1].start_ms + 5 * HOUR_MS;
    incidents[2].start_ms = 90 * DAY_MS - 1; /* the last */
    incidents[2].end_ms = incidents[2].start_ms + 2 * HOUR_MS;
    incidents[3].start_ms = incidents[3].end_ms = 90 * DAY_MS; /* after */
    incidents[4].role = ROLE_RESPONSE;
    incidents[4].start_ms = 50 * DAY_MS;
    incidents[5].radius_km = 100.0; /* more than half the reach: coarse */
    incidents[5].start_ms = incidents[5].end_ms = 50 * DAY_MS;
    struct pool pool;
    assert_int_equal(pool_init(&pool, &rule, incidents, 6, 10 * DAY_MS, 90 * DAY_MS), STATUS_OK);
    assert_int_equal(pool.count, 3);
    assert_int_equal(pool.counting, 2);
    assert_int_equal(pool.length_ms, 80 * DAY_MS);
    assert_int_equal(pool.mean_length_ms, 7 * HOUR_MS / 2);
    assert_int_equal(pool.block_ms, 4 * DAY_MS);
    for (size_t i = 0; i < pool.count; i++)
        assert_in_range(pool.items[i].start_ms, 0, pool.length_ms - 1);
    pool_fini(&pool);
    assert_int_equal(pool_init(&pool, &rule, incidents, 6, DAY_MS, DAY_MS), STATUS_INVALID);
    assert_int_equal(pool_init(&pool, &rule, incidents, 0, 0, DAY_MS), STATUS_OK);
    assert_int_equal(pool.count, 0);
    assert_int_equal(pool.cube_count, 0);
    pool_fini(&pool);
    free(background);
}

static void a_pool_is_the_same_whatever_the_order_it_was_filled_in(void **state)
{
    (void)state;
    const struct rule rule = background_rule(1e-3);
    struct background *background = background_new(2, 1500, 365, 5);
    size_t count = background->count;
    struct engine_incident *turned = calloc(count, sizeof *turned);
    assert_non_null(turned);
    for (size_t i = 0; i < count; i++)
        turned[i] = background->incidents[(i * 787 + 13) % count];
    struct pool one, other;
    assert_int_equal(pool_init(&one, &rule, background->incidents, count, 0, 365 * DAY_MS), STATUS_OK);
    assert_int_equal(pool_init(&other, &rule, turned, count, 0, 365 * DAY_MS), STATUS_OK);
    assert_int_equal(one.count, other.count);
    assert_int_equal(one.cube_count, other.cube_count);
    for (size_t i = 0; i < one.count; i++)
        assert_true(span_equal(one.items[i].incident->id, other.items[i].incident->id));
    pool_fini(&one);
    pool_fini(&other);
    free(turned);
    free(background);
}

static void every_incident_is_in_the_run_of_its_cube_in_order_of_time(void **state)
{
    (void)state;
    const struct rule rule = background_rule(1e-3);
    struct background *background = background_new(3, 2000, 365, 3);
    struct pool pool;
    assert_int_equal(pool_init(&pool, &rule, background->incidents, background->count, 0, 400 * DAY_MS), STATUS_OK);
    assert_true(pool.cube_count > 50);
    assert_int_equal(pool.cubes[0], 0);
    assert_int_equal(pool.cubes[pool.cube_count], pool.count);
    for (size_t cube = 0; cube < pool.cube_count; cube++) {
        for (size_t i = pool.cubes[cube] + 1; i < pool.cubes[cube + 1]; i++) {
            assert_memory_equal(&pool.items[i].cube, &pool.items[i - 1].cube, sizeof pool.items[i].cube);
            assert_true(pool.items[i].start_ms >= pool.items[i - 1].start_ms);
        }
        if (cube > 0)
            assert_memory_not_equal(&pool.items[pool.cubes[cube]].cube, &pool.items[pool.cubes[cube] - 1].cube,
                                    sizeof pool.items[0].cube);
    }
    pool_fini(&pool);
    free(background);
}

static void few_incidents_over_a_long_time_are_cut_into_few_blocks(void **state)
{
    (void)state;
    struct rule rule = background_rule(1e-3);
    rule.reach_km = 1.0;
    struct background *background = background_new(4, 300, 9000, 0);
    struct pool pool;
    assert_int_equal(pool_init(&pool, &rule, background->incidents, background->count, 0, 9000 * DAY_MS), STATUS_OK);
    size_t stretches = (size_t)(pool.length_ms / pool.block_ms) + 1;
    assert_true(pool.cube_count >= 1 && (pool.cube_count == 1 || pool.cube_count * stretches <= 16 * pool.count));
    pool_fini(&pool);
    free(background);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_holds_what_triggers_within_the_history),
        cmocka_unit_test(a_pool_is_the_same_whatever_the_order_it_was_filled_in),
        cmocka_unit_test(every_incident_is_in_the_run_of_its_cube_in_order_of_time),
        cmocka_unit_test(few_incidents_over_a_long_time_are_cut_into_few_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
