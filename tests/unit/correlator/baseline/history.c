#include "correlator/baseline/history.h"

#include "correlator/baseline/morton.h"
#include "dice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define DAY 86400000LL

static struct thresholds *thresholds;

static int setup(void **state)
{
    (void)state;
    return thresholds_new(&(struct thresholds_options){.window_ms = 2 * DAY,
                                                       .history_ms = 365 * DAY,
                                                       .min_neighbours = 3,
                                                       .alpha = 1e-3,
                                                       .history_max = 5000},
                          &thresholds) == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    thresholds_free(thresholds);
    return 0;
}

static struct baseline_rule *made(double reach_km, const struct point *points, size_t count)
{
    struct baseline_rule *rule;
    assert_int_equal(history_new(reach_km, thresholds, &rule), STATUS_OK);
    assert_int_equal(history_fill(rule, points, count), STATUS_OK);
    return rule;
}

/* ---- the same by the letter of the method ---- */

static int64_t floor_to(int64_t value, int64_t side)
{
    int64_t rest = value % side;
    return value - rest - (rest < 0 ? side : 0);
}

/* The greatest power of two ≤ τ/4, at least 1. */
static int64_t side_of(double reach_km)
{
    int64_t reach2 = chord2_from_km(reach_km), side = 1;
    while (16 * (2 * side) * (2 * side) <= reach2)
        side *= 2;
    return side;
}

static uint32_t count_near(const struct point *points, size_t count, struct point at, double reach_km)
{
    int64_t side = side_of(reach_km);
    double near_chord = sqrt((double)chord2_from_km(reach_km)) + (double)side / 2.0;
    struct point middle = {(int32_t)(floor_to(at.x, side) + side / 2), (int32_t)(floor_to(at.y, side) + side / 2),
                           (int32_t)(floor_to(at.z, side) + side / 2)};
    uint32_t near = 0;
    for (size_t i = 0; i < count; i++)
        near += point_chord2(points[i], middle) <= (int64_t)(near_chord * near_chord);
    return near;
}

static uint32_t count_footprint(const struct point *points, size_t count, struct point at, double reach_km)
{
    int64_t side = 2 * side_of(reach_km);
    uint32_t within = 0;
    for (size_t i = 0; i < count; i++)
        within += floor_to(points[i].x, side) == floor_to(at.x, side) &&
                  floor_to(points[i].y, side) == floor_to(at.y, side) &&
                  floor_to(points[i].z, side) == floor_to(at.z, side);
    return within;
}

/* ---- worlds: towns, poles, the antimeridian, anywhere, and places taken twice ---- */

static struct point place(uint64_t *dice, double spread_km)
{
    static const double towns[][2] = {{52.2, 21.0},  {90.0, 0.0},     {-90.0, 0.0},
                                      {64.0, 180.0}, {-17.0, -180.0}, {0.0, 0.0}};
    double spread = spread_km / 111.0;
    uint64_t kind = dice_roll(dice) % 8;
    if (kind >= 6)
        return point_from_degrees(180.0 * dice_real(dice) - 90.0, 360.0 * dice_real(dice) - 180.0);
    double lat = towns[kind][0] + spread * (dice_real(dice) - 0.5);
    double lon = towns[kind][1] + spread * (dice_real(dice) - 0.5) / fmax(0.02, cos(lat * 3.14159265 / 180.0));
    lat = lat > 90.0 ? 180.0 - lat : lat < -90.0 ? -180.0 - lat : lat;
    lon = lon > 180.0 ? lon - 360.0 : lon < -180.0 ? lon + 360.0 : lon;
    return point_from_degrees(lat, fmin(180.0, fmax(-180.0, lon)));
}

static size_t world(uint64_t *dice, double reach_km, struct point *points, size_t room)
{
    size_t count = (size_t)(dice_roll(dice) % (room + 1));
    double spread = reach_km * (0.2 + 6.0 * dice_real(dice));
    for (size_t i = 0; i < count; i++)
        points[i] = i > 0 && dice_roll(dice) % 4 == 0 ? points[dice_roll(dice) % i] : place(dice, spread);
    return count;
}

static double thrown_reach(uint64_t *dice)
{
    static const double reaches[] = {0.001, 0.01, 1.0, 25.0, 150.0, 1000.0, 9000.0, 20000.0, RULE_REACH_KM_MAX};
    uint64_t kind = dice_roll(dice) % 12;
    return kind < 9 ? reaches[kind] : pow(10.0, 4.3 * dice_real(dice));
}

static void history_is_what_counting_every_point_says(void **state)
{
    (void)state;
    struct point points[700];
    uint64_t dice = 1;
    for (int round = 0; round < 1500; round++) {
        uint64_t seed = dice;
        double reach = thrown_reach(&dice);
        size_t count = world(&dice, reach, points, sizeof points / sizeof points[0]);
        struct baseline_rule *rule = made(reach, points, count);
        assert_int_equal(history_count(rule), count);
        for (int ask = 0; ask < 40; ask++) {
            struct point at = count > 0 && ask % 2 == 0 ? points[dice_roll(&dice) % count] : place(&dice, 3.0 * reach);
            uint32_t found = baseline_history(rule, baseline_cell_of(rule, at));
            uint32_t within = baseline_footprint_history(rule, baseline_footprint_of(rule, at));
            if (found != count_near(points, count, at, reach) || within != count_footprint(points, count, at, reach))
                fail_msg("seed %llu, reach %g, %zu points: h %u, footprint %u", (unsigned long long)seed, reach, count,
                         found, within);
        }
        history_free(rule);
    }
}

static int64_t root_of(int64_t value)
{
    int64_t root = (int64_t)sqrt((double)value);
    while (root * root > value)
        root--;
    while ((root + 1) * (root + 1) <= value)
        root++;
    return root;
}

/* A sum of three squares; false where none is found (some numbers have none). */
static bool three_squares(int64_t near2, int32_t legs[3])
{
    int64_t longest = root_of(near2);
    for (int64_t a = longest; a > 0 && a > longest - 20000; a--) {
        int64_t b = root_of(near2 - a * a);
        int64_t c = root_of(near2 - a * a - b * b);
        if (a * a + b * b + c * c == near2) {
            legs[0] = (int32_t)a;
            legs[1] = (int32_t)b;
            legs[2] = (int32_t)c;
            return true;
        }
    }
    return false;
}

/* Points at a distance of exactly τ and half a side from a cell's middle are within it, a unit farther they are not. */
static void what_is_exactly_at_reach_counts(void **state)
{
    (void)state;
    uint64_t dice = 2;
    int exact = 0;
    for (int round = 0; round < 400; round++) {
        double reach = 5.0 + 3000.0 * dice_real(&dice);
        int64_t side = side_of(reach), near2 = history_near2(reach, side);
        int32_t legs[3];
        if (!three_squares(near2, legs))
            continue;
        exact++;
        struct point at = {(int32_t)(dice_roll(&dice) % 100000000), (int32_t)(dice_roll(&dice) % 100000000),
                           (int32_t)(dice_roll(&dice) % 100000000)};
        struct point middle = {(int32_t)(floor_to(at.x, side) + side / 2), (int32_t)(floor_to(at.y, side) + side / 2),
                               (int32_t)(floor_to(at.z, side) + side / 2)};
        struct point points[40]; /* enough for boxes to be cut; they need not lie on the globe */
        for (size_t i = 0; i < 40; i++)
            points[i] =
                (struct point){middle.x + legs[0], middle.y - legs[1], middle.z + legs[2] + (i % 2 == 0 ? 0 : 1)};
        assert_true(point_chord2(points[0], middle) == near2);
        struct baseline_rule *rule = made(reach, points, 40);
        assert_int_equal(baseline_history(rule, baseline_cell_of(rule, at)), 20);
        history_free(rule);
    }
    assert_in_range(exact, 200, 400);
}

/* The quick answer is never too great, and says something where a town is. */
static void a_block_has_at_least_what_it_says_around_each_of_its_cells(void **state)
{
    (void)state;
    struct point points[500];
    uint64_t dice = 8;
    size_t telling = 0;
    for (int round = 0; round < 800; round++) {
        double reach = thrown_reach(&dice);
        size_t count = world(&dice, reach, points, 500);
        struct baseline_rule *rule = made(reach, points, count);
        for (int ask = 0; ask < 60; ask++) {
            struct point at = count > 0 && ask % 2 == 0 ? points[dice_roll(&dice) % count] : place(&dice, 3.0 * reach);
            uint32_t least = baseline_history_least(rule, baseline_block_of(rule, at));
            assert_true(least <= baseline_history(rule, baseline_cell_of(rule, at)));
            telling += least > 0;
        }
        history_free(rule);
    }
    assert_true(telling > 1000);
}

static void all_places_of_a_cell_have_one_history(void **state)
{
    (void)state;
    struct point points[500];
    uint64_t dice = 3;
    for (int round = 0; round < 200; round++) {
        double reach = 50.0 + 500.0 * dice_real(&dice);
        size_t count = world(&dice, reach, points, 500);
        struct baseline_rule *rule = made(reach, points, count);
        int64_t side = side_of(reach);
        struct point at = place(&dice, reach);
        struct point corner = {(int32_t)floor_to(at.x, side), (int32_t)floor_to(at.y, side),
                               (int32_t)floor_to(at.z, side)};
        struct point last = {corner.x + (int32_t)side - 1, corner.y + (int32_t)side - 1, corner.z + (int32_t)side - 1};
        struct baseline_cell cells[] = {baseline_cell_of(rule, at), baseline_cell_of(rule, corner),
                                        baseline_cell_of(rule, last)};
        assert_memory_equal(&cells[0], &cells[1], sizeof cells[0]);
        assert_memory_equal(&cells[0], &cells[2], sizeof cells[0]);
        struct point beyond = {last.x + 1, last.y, last.z};
        assert_int_equal(baseline_cell_of(rule, beyond).x, cells[0].x + 1);
        history_free(rule);
    }
}

static int point_order(const void *a, const void *b)
{
    const struct point *one = a, *other = b;
    return morton_before(*one, *other) ? -1 : morton_before(*other, *one);
}

static void points_come_out_in_one_order_whatever_the_order_they_came_in(void **state)
{
    (void)state;
    struct point points[600], sorted[600];
    uint64_t dice = 4;
    for (int round = 0; round < 300; round++) {
        size_t count = world(&dice, 300.0, points, 600);
        memcpy(sorted, points, sizeof points);
        qsort(sorted, count, sizeof sorted[0], point_order);
        struct baseline_rule *rule = made(300.0, points, count);
        for (size_t i = 0; i < count; i++)
            assert_memory_equal(&history_points(rule)[i], &sorted[i], sizeof sorted[i]);
        for (size_t i = 1; i < count; i++)
            assert_false(morton_before(history_points(rule)[i], history_points(rule)[i - 1]));
        history_free(rule);
    }
}

static void a_history_filled_again_remembers_nothing(void **state)
{
    (void)state;
    struct point points[400];
    uint64_t dice = 5;
    struct baseline_rule *rule = made(200.0, NULL, 0);
    assert_int_equal(baseline_history(rule, baseline_cell_of(rule, point_from_degrees(50, 20))), 0);
    for (int round = 0; round < 200; round++) {
        size_t count = world(&dice, 200.0, points, 400);
        assert_int_equal(history_fill(rule, points, count), STATUS_OK);
        struct point at = place(&dice, 200.0);
        assert_int_equal(baseline_history(rule, baseline_cell_of(rule, at)), count_near(points, count, at, 200.0));
    }
    history_free(rule);
}

static void what_the_method_checks_is_asked_through_the_seam(void **state)
{
    (void)state;
    static const struct {
        uint32_t history, threshold;
    } rows[] = {{0, 3}, {1, 3}, {10, 3}, {50, 5}, {100, 7}, {500, 15}};
    struct point points[500];
    for (size_t i = 0; i < 500; i++)
        points[i] = point_from_degrees(50.0, 20.0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct baseline_rule *rule = made(150.0, points, rows[i].history);
        uint32_t history = baseline_history(rule, baseline_cell_of(rule, points[0]));
        assert_int_equal(history, rows[i].history);
        assert_int_equal(baseline_threshold(rule, history, 0), rows[i].threshold);
        history_free(rule);
    }
}

static void a_million_points_load_and_answer_in_time(void **state)
{
    (void)state;
    const size_t count = 1000000;
    struct point *points = malloc(count * sizeof *points);
    uint64_t dice = 6;
    assert_non_null(points);
    for (size_t i = 0; i < count; i++)
        points[i] = place(&dice, 3000.0);
    struct timespec start, loaded, asked;
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct baseline_rule *rule = made(150.0, points, count);
    clock_gettime(CLOCK_MONOTONIC, &loaded);
    uint64_t sum = 0;
    for (int i = 0; i < 2000; i++)
        sum += baseline_history(rule, baseline_cell_of(rule, points[dice_roll(&dice) % count]));
    clock_gettime(CLOCK_MONOTONIC, &asked);
    double load = (double)(loaded.tv_sec - start.tv_sec) + (double)(loaded.tv_nsec - start.tv_nsec) * 1e-9;
    double ask = (double)(asked.tv_sec - loaded.tv_sec) + (double)(asked.tv_nsec - loaded.tv_nsec) * 1e-9;
    printf("          load %.3f s, question %.1f us, mean h %.0f\n", load, ask * 1e6 / 2000, (double)sum / 2000);
    assert_true(load < 20.0); /* sanitizers and all; alone it is 0.3 s */
    history_free(rule);
    free(points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_is_what_counting_every_point_says),
        cmocka_unit_test(what_is_exactly_at_reach_counts),
        cmocka_unit_test(a_block_has_at_least_what_it_says_around_each_of_its_cells),
        cmocka_unit_test(all_places_of_a_cell_have_one_history),
        cmocka_unit_test(points_come_out_in_one_order_whatever_the_order_they_came_in),
        cmocka_unit_test(a_history_filled_again_remembers_nothing),
        cmocka_unit_test(what_the_method_checks_is_asked_through_the_seam),
        cmocka_unit_test(a_million_points_load_and_answer_in_time),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
