#include "correlator/baseline/surprise.h"

#include "correlator/baseline/history.h"
#include "correlator/calibration/philox.h"
#include "correlator/engine/engine.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY_MS INT64_C(86400000)

struct fixture {
    struct thresholds *thresholds;
    struct baseline_rule *rule;
};

/* Window 2 days, 400 days of history, incidents of 12 hours on average. */
static void fixture_open(struct fixture *fixture, const struct point *points, size_t count)
{
    const struct thresholds_options options = {.window_ms = 2 * DAY_MS,
                                               .history_ms = 400 * DAY_MS,
                                               .mean_length_ms = DAY_MS / 2,
                                               .min_neighbours = 1,
                                               .alpha = 1e-3,
                                               .history_max = 100};
    assert_int_equal(thresholds_new(&options, &fixture->thresholds), STATUS_OK);
    assert_int_equal(history_new(150.0, fixture->thresholds, &fixture->rule), STATUS_OK);
    assert_int_equal(history_fill(fixture->rule, points, count), STATUS_OK);
}

static void fixture_close(struct fixture *fixture)
{
    history_free(fixture->rule);
    thresholds_free(fixture->thresholds);
}

static void assert_close(double a, double b)
{
    if (!(fabs(a - b) <= 1e-9 * (1.0 + fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

/* By hand: c = 4 in one place, H = 1 there, E = 1 + 2·2 + 0.5 = 5.5 days of 400, b = 2·5.5/400 = 0.0275,
 * F = 4 ln(4/0.0275) + 0.0275 − 4 = 4·4.97986… + 0.0275 − 4 = 15.946955 */
static void the_score_is_what_one_computes_by_hand(void **state)
{
    (void)state;
    struct point here = point_from_degrees(52.0, 21.0);
    struct point elsewhere = point_from_degrees(40.0, 21.0);
    const struct point history[] = {here, elsewhere, elsewhere};
    const struct point members[] = {here, here, here, here};
    struct fixture fixture;
    struct surprise surprise;
    fixture_open(&fixture, history, 3);
    assert_int_equal(surprise_of(fixture.rule, members, 4, 0, DAY_MS, EPISODE_FLAGGED, &surprise), STATUS_OK);
    assert_int_equal(surprise.observed, 4);
    assert_int_equal(surprise.history, 1);
    assert_close(surprise.expected, 0.0275);
    assert_close(surprise.score, 15.946955);
    assert_true(isnan(surprise.recurrence_days)); /* no null years */
    fixture_close(&fixture);
}

static void what_is_no_more_than_expected_scores_nothing(void **state)
{
    (void)state;
    struct point here = point_from_degrees(0.0, 180.0);
    struct point history[400];
    for (size_t i = 0; i < 400; i++)
        history[i] = here;
    struct fixture fixture;
    struct surprise surprise;
    fixture_open(&fixture, history, 400);
    /* b = 401·4.5/400 = 4.51125 */
    assert_int_equal(surprise_of(fixture.rule, history, 4, 7, 7, EPISODE_CANDIDATE, &surprise), STATUS_OK);
    assert_close(surprise.expected, 4.51125);
    assert_true(surprise.score == 0.0);
    assert_int_equal(surprise_of(fixture.rule, history, 5, 7, 7, EPISODE_CANDIDATE, &surprise), STATUS_OK);
    assert_true(surprise.score > 0.0);
    fixture_close(&fixture);
}

static void a_flagged_episode_asks_the_curve_of_flagged_ones(void **state)
{
    (void)state;
    const struct point here = {1 << 28, 0, 0};
    const struct curve_step any[] = {{0.0, 1000}, {5.0, 100}};
    const struct curve_step flagged[] = {{0.0, 50}, {5.0, 2}};
    const struct curve curves[BASELINE_CURVE_COUNT] = {
        [BASELINE_CURVE_ANY] = {any, 2, 200}, [BASELINE_CURVE_FLAGGED] = {flagged, 2, 200}};
    const struct point members[] = {here, here, here};
    struct fixture fixture;
    struct surprise surprise;
    fixture_open(&fixture, NULL, 0);
    history_set_curves(fixture.rule, curves);
    assert_int_equal(surprise_of(fixture.rule, members, 1, 0, 0, EPISODE_CANDIDATE, &surprise), STATUS_OK);
    assert_close(surprise.recurrence_days, 200 * 365.25 / 100); /* F = ln(1/0.01125) + … = 3.5: the step above it */
    assert_int_equal(surprise_of(fixture.rule, members, 1, 0, 0, EPISODE_FLAGGED, &surprise), STATUS_OK);
    assert_close(surprise.recurrence_days, 200 * 365.25 / 2);
    assert_false(surprise.recurrence_at_least);
    assert_int_equal(surprise_of(fixture.rule, members, 3, 0, 0, EPISODE_FLAGGED, &surprise), STATUS_OK);
    assert_close(surprise.recurrence_days, 200 * 365.25 / 3);
    assert_true(surprise.recurrence_at_least);
    fixture_close(&fixture);
}

/* The slow way: every incident of the history against every member. */
static int64_t cube(int32_t coordinate)
{
    const int64_t side = INT64_C(1) << 21; /* τ of 150 km is 6.3 million units, a quarter of it holds 2^20 */
    return coordinate >= 0 ? coordinate / side : -((-(int64_t)coordinate + side - 1) / side);
}

static uint64_t count_footprint(const struct point *history, size_t history_count, const struct point *members,
                                size_t count)
{
    uint64_t found = 0;
    for (size_t i = 0; i < history_count; i++) {
        size_t j = 0;
        while (j < count && (cube(history[i].x) != cube(members[j].x) || cube(history[i].y) != cube(members[j].y) ||
                             cube(history[i].z) != cube(members[j].z)))
            j++;
        found += j < count;
    }
    return found;
}

static uint32_t draw(uint32_t *turn, uint32_t below)
{
    return (uint32_t)philox_below(philox_at(77, (struct philox){{(*turn)++, 0, 0, 0}}), below);
}

static void footprints_are_counted_right_however_many_members_lie_how_far_apart(void **state)
{
    (void)state;
    struct point history[600];
    struct point members[300];
    uint32_t turn = 0;
    for (int round = 0; round < 200; round++) {
        double spread = round % 2 == 0 ? 1.0 : 20.0;
        for (size_t i = 0; i < 600; i++)
            history[i] = point_from_degrees(-1.0 + spread * draw(&turn, 1000) / 500.0,
                                            spread * draw(&turn, 1000) / 1000.0 - 0.5);
        size_t count = 1 + draw(&turn, 300);
        for (size_t i = 0; i < count; i++)
            members[i] = draw(&turn, 3) == 0 ? history[draw(&turn, 600)]
                                             : point_from_degrees(-1.0 + spread * draw(&turn, 1000) / 500.0,
                                                                  spread * draw(&turn, 1000) / 1000.0 - 0.5);
        int64_t length_ms = draw(&turn, 1000000000);
        struct fixture fixture;
        struct surprise surprise;
        fixture_open(&fixture, history, 600);
        assert_int_equal(surprise_of(fixture.rule, members, count, -5, length_ms - 5, EPISODE_CANDIDATE, &surprise),
                         STATUS_OK);
        uint64_t slow = count_footprint(history, 600, members, count);
        assert_int_equal(surprise.history, slow);
        double expected = (double)(slow + 1) * ((double)length_ms + 4.5 * (double)DAY_MS) / (400.0 * (double)DAY_MS);
        double c = (double)count;
        assert_close(surprise.expected, expected);
        assert_true(fabs(surprise.score - (c > expected ? c * log(c / expected) + expected - c : 0.0)) < 1e-6);
        fixture_close(&fixture);
    }
}

static void what_the_engine_tells_is_scored_by_its_cores_and_attached(void **state)
{
    (void)state;
    struct engine_incident incidents[4] = {0};
    for (size_t i = 0; i < 4; i++)
        incidents[i].point = point_from_degrees(50.0, 10.0 * (double)i);
    const struct engine_member members[] = {{&incidents[0], MEMBERSHIP_CORE},
                                            {&incidents[1], MEMBERSHIP_ATTACHED},
                                            {&incidents[2], MEMBERSHIP_RESPONSE},
                                            {&incidents[3], MEMBERSHIP_CONTEXT}};
    const struct engine_change change = {.state = EPISODE_CANDIDATE,
                                         .first_ms = 10,
                                         .last_ms = DAY_MS,
                                         .observed = 2,
                                         .members = members,
                                         .member_count = 4};
    const struct point history[] = {incidents[0].point, incidents[1].point, incidents[2].point, incidents[2].point};
    struct fixture fixture;
    struct surprise told, plain;
    fixture_open(&fixture, history, 4);
    assert_int_equal(surprise_of_change(fixture.rule, &change, &told), STATUS_OK);
    assert_int_equal(surprise_of(fixture.rule, history, 2, 10, DAY_MS, EPISODE_CANDIDATE, &plain), STATUS_OK);
    assert_int_equal(told.observed, 2);
    assert_int_equal(told.history, 2);
    assert_true(told.score == plain.score && told.expected == plain.expected);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_score_is_what_one_computes_by_hand),
        cmocka_unit_test(what_is_no_more_than_expected_scores_nothing),
        cmocka_unit_test(a_flagged_episode_asks_the_curve_of_flagged_ones),
        cmocka_unit_test(footprints_are_counted_right_however_many_members_lie_how_far_apart),
        cmocka_unit_test(what_the_engine_tells_is_scored_by_its_cores_and_attached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
