#include "correlator/baseline/thresholds.h"

#include "correlator/baseline/tail.h"
#include "dice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DAY 86400000LL

static struct thresholds *made(const struct thresholds_options *options)
{
    struct thresholds *thresholds;
    assert_int_equal(thresholds_new(options, &thresholds), STATUS_OK);
    return thresholds;
}

static void thresholds_of_the_method_are_met(void **state)
{
    (void)state;
    static const uint32_t history[] = {0, 1, 2, 5, 10, 50, 100, 500};
    static const uint32_t expected[2][8] = {{3, 3, 3, 3, 3, 5, 7, 15}, {3, 3, 3, 3, 4, 6, 8, 17}};
    for (size_t i = 0; i < 2; i++) { /* e = 2 windows of 2 days: r = 4/365 */
        struct thresholds *thresholds = made(&(struct thresholds_options){.window_ms = 2 * DAY,
                                                                          .history_ms = 365 * DAY,
                                                                          .min_neighbours = 3,
                                                                          .alpha = i == 0 ? 1e-3 : 1e-4,
                                                                          .history_max = 500});
        for (size_t k = 0; k < 8; k++)
            assert_int_equal(thresholds_find(thresholds, history[k], 0), expected[i][k]);
        thresholds_free(thresholds);
    }
}

static struct thresholds_options thrown(uint64_t *dice)
{
    int64_t window = 1 + (int64_t)(dice_roll(dice) % (uint64_t)(30 * DAY));
    return (struct thresholds_options){
        .window_ms = window,
        .history_ms = window + (int64_t)(dice_roll(dice) % (uint64_t)(3000 * DAY)),
        .mean_length_ms = (int64_t)(dice_roll(dice) % (uint64_t)(window + 1)),
        .min_neighbours = 1 + (uint32_t)(dice_roll(dice) % 6),
        .alpha = pow(10.0, -12.0 * dice_real(dice)),
        .history_max = (uint32_t)(dice_roll(dice) % 3000),
    };
}

/* The table's walk and the tail's inversion are two computations: at every h they say the same. */
static void every_entry_is_the_inverted_tail(void **state)
{
    (void)state;
    uint64_t dice = 3;
    for (int world = 0; world < 60; world++) {
        struct thresholds_options options = thrown(&dice);
        struct thresholds *thresholds = made(&options);
        int64_t length = (int64_t)(dice_roll(&dice) % (uint64_t)(options.window_ms + 1));
        int64_t beyond = 4 * (length + options.mean_length_ms);
        int64_t quarters = 8 + (beyond + options.window_ms - 1) / options.window_ms;
        double ratio = (double)(quarters * options.window_ms) / (4.0 * (double)options.history_ms);
        for (uint32_t h = 0; h <= options.history_max + 20; h++) /* beyond the table too */
            assert_int_equal(thresholds_find(thresholds, h, length),
                             tail_threshold(h, ratio, options.min_neighbours, options.alpha));
        thresholds_free(thresholds);
    }
}

static void a_threshold_never_falls_with_history_or_length(void **state)
{
    (void)state;
    uint64_t dice = 5;
    for (int world = 0; world < 200; world++) {
        struct thresholds_options options = thrown(&dice);
        struct thresholds *thresholds = made(&options);
        for (int i = 0; i < 200; i++) {
            uint32_t h = (uint32_t)(dice_roll(&dice) % (options.history_max + 1));
            int64_t length = (int64_t)(dice_roll(&dice) % (uint64_t)(options.window_ms + 1));
            int64_t longer = length + (int64_t)(dice_roll(&dice) % (uint64_t)(options.window_ms - length + 1));
            uint32_t here = thresholds_find(thresholds, h, length);
            assert_true(here >= options.min_neighbours);
            assert_true(here <= TAIL_COUNT_MAX);
            assert_true(thresholds_find(thresholds, h + 1, length) >= here);
            assert_true(thresholds_find(thresholds, h, longer) >= here);
        }
        assert_int_equal(thresholds_find(thresholds, 0, -5), thresholds_find(thresholds, 0, 0));
        assert_int_equal(thresholds_find(thresholds, options.history_max, INT64_MAX),
                         thresholds_find(thresholds, options.history_max, options.window_ms));
        thresholds_free(thresholds);
    }
}

static void rows_survive_their_way_through_a_file(void **state)
{
    (void)state;
    uint64_t dice = 9;
    for (int world = 0; world < 40; world++) {
        struct thresholds_options options = thrown(&dice);
        struct thresholds *thresholds = made(&options), *again;
        struct thresholds_row rows[THRESHOLDS_ROWS];
        for (size_t i = 0; i < THRESHOLDS_ROWS; i++)
            rows[i] = thresholds_row(thresholds, i);
        assert_int_equal(thresholds_from_rows(&options, rows, &again), STATUS_OK);
        for (uint32_t h = 0; h <= options.history_max; h += 7)
            assert_int_equal(thresholds_find(again, h, 0), thresholds_find(thresholds, h, 0));
        thresholds_free(again);
        thresholds_free(thresholds);
    }
}

static void rows_that_fall_or_end_too_early_are_refused(void **state)
{
    (void)state;
    const struct thresholds_options options = {.window_ms = DAY,
                                               .history_ms = 365 * DAY,
                                               .mean_length_ms = DAY,
                                               .min_neighbours = 1,
                                               .alpha = 1e-3,
                                               .history_max = 9};
    uint32_t right[] = {4, 4, 10}, falls[] = {4, 3, 10}, early[] = {4, 5, 9};
    struct thresholds_row rows[THRESHOLDS_ROWS] = {0};
    struct thresholds *thresholds;
    for (size_t i = 4; i < THRESHOLDS_ROWS; i++) /* the mean alone is four quarters */
        rows[i] = (struct thresholds_row){right, 3};
    assert_int_equal(thresholds_from_rows(&options, rows, &thresholds), STATUS_OK);
    assert_int_equal(thresholds_find(thresholds, 3, 0), 1);
    assert_int_equal(thresholds_find(thresholds, 4, 0), 3);
    thresholds_free(thresholds);
    rows[5].bounds = falls;
    assert_int_equal(thresholds_from_rows(&options, rows, &thresholds), STATUS_INVALID);
    rows[5].bounds = early;
    assert_int_equal(thresholds_from_rows(&options, rows, &thresholds), STATUS_INVALID);
    rows[5] = (struct thresholds_row){NULL, 0};
    assert_int_equal(thresholds_from_rows(&options, rows, &thresholds), STATUS_INVALID);
    rows[5] = rows[4];
    rows[0] = rows[4]; /* nobody can ask for it */
    assert_int_equal(thresholds_from_rows(&options, rows, &thresholds), STATUS_INVALID);
}

static void a_history_too_short_for_the_window_is_refused(void **state)
{
    (void)state;
    const struct thresholds_options options = {
        .window_ms = 180 * DAY, .history_ms = DAY, .min_neighbours = 1, .alpha = 1e-3, .history_max = 1000000};
    struct thresholds *thresholds;
    assert_int_equal(thresholds_new(&options, &thresholds), STATUS_TOO_LARGE);
}

static void a_long_history_makes_a_table_that_answers_as_the_tail(void **state)
{
    (void)state;
    const struct thresholds_options options = {
        .window_ms = 14 * DAY, .history_ms = 3650 * DAY, .min_neighbours = 1, .alpha = 1e-3, .history_max = 2000000};
    struct thresholds *thresholds = made(&options);
    uint64_t dice = 21;
    for (int i = 0; i < 2000; i++) {
        uint32_t h = (uint32_t)(dice_roll(&dice) % 2000001);
        assert_int_equal(thresholds_find(thresholds, h, 0), tail_threshold(h, 28.0 / 3650.0, 1, 1e-3));
    }
    thresholds_free(thresholds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_of_the_method_are_met),
        cmocka_unit_test(every_entry_is_the_inverted_tail),
        cmocka_unit_test(a_threshold_never_falls_with_history_or_length),
        cmocka_unit_test(rows_survive_their_way_through_a_file),
        cmocka_unit_test(rows_that_fall_or_end_too_early_are_refused),
        cmocka_unit_test(a_history_too_short_for_the_window_is_refused),
        cmocka_unit_test(a_long_history_makes_a_table_that_answers_as_the_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
