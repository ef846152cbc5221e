#include "background.h"
#include "correlator/calibration/calibration.h"
#include "correlator/calibration/null_year.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define YEARS 12u

/* Alpha is coarse, so that null years have episodes to compare. */
struct fixture {
    struct rule rule;
    struct background *background;
    struct pool pool;
    struct thresholds *thresholds;
};

static void fixture_open(struct fixture *fixture, double alpha, size_t count, unsigned followed)
{
    fixture->rule = background_rule(alpha);
    fixture->background = background_new(5, count, 365, followed);
    assert_int_equal(pool_init(&fixture->pool, &fixture->rule, fixture->background->incidents,
                               fixture->background->count, 0, 365 * DAY_MS),
                     STATUS_OK);
    const struct thresholds_options options = {.window_ms = fixture->rule.window_ms,
                                               .history_ms = fixture->pool.length_ms,
                                               .mean_length_ms = fixture->pool.mean_length_ms,
                                               .min_neighbours = fixture->rule.min_neighbours,
                                               .alpha = alpha,
                                               .history_max = (uint32_t)fixture->pool.counting};
    assert_int_equal(thresholds_new(&options, &fixture->thresholds), STATUS_OK);
}

static void fixture_close(struct fixture *fixture)
{
    thresholds_free(fixture->thresholds);
    pool_fini(&fixture->pool);
    free(fixture->background);
}

static enum status run(const struct fixture *fixture, uint64_t key, unsigned threads,
                       bool (*progress)(void *self, uint32_t done), void *self, struct calibration *ret_calibration)
{
    const struct calibration_options options = {.rule = &fixture->rule,
                                                .pool = &fixture->pool,
                                                .thresholds = fixture->thresholds,
                                                .key = key,
                                                .years = YEARS,
                                                .threads = threads,
                                                .progress = progress,
                                                .self = self};
    return calibration_run(&options, ret_calibration);
}

static void assert_curves_equal(const struct calibration *one, const struct calibration *other)
{
    for (int kind = 0; kind < BASELINE_CURVE_COUNT; kind++) {
        assert_int_equal(one->curves[kind].years, other->curves[kind].years);
        assert_int_equal(one->curves[kind].count, other->curves[kind].count);
        for (size_t i = 0; i < one->curves[kind].count; i++) {
            assert_true(one->curves[kind].steps[i].score == other->curves[kind].steps[i].score);
            assert_int_equal(one->curves[kind].steps[i].exceedances, other->curves[kind].steps[i].exceedances);
        }
    }
}

static void any_number_of_threads_makes_the_same_curves(void **state)
{
    (void)state;
    struct fixture fixture;
    struct calibration one, other;
    fixture_open(&fixture, 0.02, 1200, 4);
    assert_int_equal(run(&fixture, 11, 1, NULL, NULL, &one), STATUS_OK);
    assert_true(calibration_rate(&one, BASELINE_CURVE_ANY) > 5.0);
    assert_true(calibration_rate(&one, BASELINE_CURVE_FLAGGED) > 1.0);
    assert_true(calibration_rate(&one, BASELINE_CURVE_FLAGGED) < calibration_rate(&one, BASELINE_CURVE_ANY));
    for (unsigned threads = 2; threads <= 3; threads++) {
        assert_int_equal(run(&fixture, 11, threads, NULL, NULL, &other), STATUS_OK);
        assert_curves_equal(&one, &other);
        calibration_free(&other);
    }
    assert_int_equal(run(&fixture, 11, 2 * YEARS, NULL, NULL, &other), STATUS_OK);
    assert_curves_equal(&one, &other);
    calibration_free(&other);
    /* Another key draws other years. */
    assert_int_equal(run(&fixture, 12, 2, NULL, NULL, &other), STATUS_OK);
    assert_true(one.curves[0].count != other.curves[0].count ||
                memcmp(one.steps[0], other.steps[0], one.curves[0].count * sizeof *one.steps[0]) != 0);
    calibration_free(&other);
    calibration_free(&one);
    fixture_close(&fixture);
}

static bool stop_at_once(void *self, uint32_t done)
{
    (void)done;
    ++*(int *)self;
    return false;
}

static bool never_stop(void *self, uint32_t done)
{
    uint32_t *most = self;
    assert_true(done >= *most && done <= YEARS);
    *most = done;
    return true;
}

static void it_says_how_far_it_is_and_stops_when_told(void **state)
{
    (void)state;
    struct fixture fixture;
    struct calibration calibration;
    int calls = 0;
    uint32_t most = 0;
    fixture_open(&fixture, 0.02, 3000, 4);
    assert_int_equal(run(&fixture, 11, 2, stop_at_once, &calls, &calibration), STATUS_CLOSED);
    assert_true(calls > 0);
    assert_int_equal(run(&fixture, 11, 2, never_stop, &most, &calibration), STATUS_OK);
    assert_int_equal(most, YEARS);
    calibration_free(&calibration);
    fixture_close(&fixture);
}

static void null_years_of_nothing_have_no_episode(void **state)
{
    (void)state;
    struct fixture fixture;
    struct calibration calibration;
    fixture_open(&fixture, 0.02, 0, 0);
    assert_int_equal(run(&fixture, 11, 2, NULL, NULL, &calibration), STATUS_OK);
    assert_int_equal(calibration.curves[BASELINE_CURVE_ANY].count, 0);
    assert_int_equal(calibration.curves[BASELINE_CURVE_ANY].years, YEARS);
    assert_true(calibration_rate(&calibration, BASELINE_CURVE_ANY) == 0.0);
    calibration_free(&calibration);
    fixture_close(&fixture);
}

/* Follow-ups are near their first reports in the null years too: without blocks they would be torn apart, and pairs
 * would be as rare as chance makes them. */
static void a_follow_up_stays_with_its_first_report(void **state)
{
    (void)state;
    struct fixture alone, followed;
    struct calibration without, with;
    fixture_open(&alone, 0.02, 600, 0);
    fixture_open(&followed, 0.02, 300, 1);
    assert_int_equal(alone.pool.count, followed.pool.count);
    assert_int_equal(run(&alone, 11, 2, NULL, NULL, &without), STATUS_OK);
    assert_int_equal(run(&followed, 11, 2, NULL, NULL, &with), STATUS_OK);
    assert_true(calibration_rate(&with, BASELINE_CURVE_ANY) > 2.0 * calibration_rate(&without, BASELINE_CURVE_ANY));
    calibration_free(&without);
    calibration_free(&with);
    fixture_close(&alone);
    fixture_close(&followed);
}

static void a_replicate_depends_on_nothing_but_its_number(void **state)
{
    (void)state;
    struct fixture fixture;
    struct null_year *one, *other;
    struct null_scores first, later;
    atomic_bool stop;
    atomic_init(&stop, false);
    fixture_open(&fixture, 0.02, 1200, 4);
    assert_int_equal(null_year_new(&fixture.rule, &fixture.pool, fixture.thresholds, 11, &one), STATUS_OK);
    assert_int_equal(null_year_new(&fixture.rule, &fixture.pool, fixture.thresholds, 11, &other), STATUS_OK);
    assert_int_equal(null_year_run(one, 7, &stop, &first), STATUS_OK);
    for (uint32_t replicate = 5; replicate <= 7; replicate++) {
        assert_int_equal(null_year_run(other, replicate, &stop, &later), STATUS_OK);
        if (replicate < 7)
            free(later.scores);
    }
    assert_true(first.count > 0);
    assert_int_equal(first.count, later.count);
    for (size_t i = 0; i < first.count; i++)
        assert_true(first.scores[i].score == later.scores[i].score &&
                    first.scores[i].flagged == later.scores[i].flagged);
    free(first.scores);
    free(later.scores);
    null_year_free(one);
    null_year_free(other);
    fixture_close(&fixture);
}

static void a_crowd_within_one_block_is_drawn_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    struct calibration calibration;
    fixture_open(&fixture, 0.02, 3000, 0);
    for (size_t i = 0; i < fixture.background->count; i++)
        fixture.background->incidents[i].start_ms = fixture.background->incidents[i].end_ms = (int64_t)i * 1000;
    pool_fini(&fixture.pool);
    assert_int_equal(pool_init(&fixture.pool, &fixture.rule, fixture.background->incidents, fixture.background->count,
                               0, 365 * DAY_MS),
                     STATUS_OK);
    assert_int_equal(run(&fixture, 11, 2, NULL, NULL, &calibration), STATUS_OK);
    assert_true(calibration_rate(&calibration, BASELINE_CURVE_ANY) > 0.0);
    calibration_free(&calibration);
    fixture_close(&fixture);
}

static void the_number_of_years_depends_on_the_history_alone(void **state)
{
    (void)state;
    struct pool pool = {.count = 20000, .length_ms = 365 * DAY_MS};
    assert_int_equal(calibration_years(&pool), 1000);
    pool.count = 200000;
    assert_in_range(calibration_years(&pool), 140, 160);
    pool.count = 20000000;
    assert_int_equal(calibration_years(&pool), 100);
    pool.count = 0;
    assert_int_equal(calibration_years(&pool), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_makes_the_same_curves),
        cmocka_unit_test(it_says_how_far_it_is_and_stops_when_told),
        cmocka_unit_test(null_years_of_nothing_have_no_episode),
        cmocka_unit_test(a_follow_up_stays_with_its_first_report),
        cmocka_unit_test(a_replicate_depends_on_nothing_but_its_number),
        cmocka_unit_test(a_crowd_within_one_block_is_drawn_whole),
        cmocka_unit_test(the_number_of_years_depends_on_the_history_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
