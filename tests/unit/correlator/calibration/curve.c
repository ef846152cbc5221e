#include "correlator/baseline/curve.h"

#include "correlator/calibration/philox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static double recurrence(const struct curve *curve, double score, bool at_least)
{
    bool found;
    double days = curve_recurrence_days(curve, score, &found);
    assert_int_equal(found, at_least);
    return days;
}

/* To the last digit: cmocka compares floats only loosely. */
#define assert_same(a, b) assert_true((a) == (b))

static void a_recurrence_is_the_years_over_those_that_reached_the_score(void **state)
{
    (void)state;
    double scores[] = {3.0, 16.25, 0.0, 9.75, 3.0};
    struct curve_step steps[5];
    size_t count = curve_make(scores, 5, steps);
    assert_int_equal(count, 4);
    assert_same(steps[0].score, 0.0);
    assert_int_equal(steps[0].exceedances, 5);
    assert_same(steps[1].score, 3.0);
    assert_int_equal(steps[1].exceedances, 4);
    assert_int_equal(steps[3].exceedances, 1);

    const struct curve curve = {.steps = steps, .count = count, .years = 100};
    assert_int_equal(curve_exceedances(&curve, 3.0), 4);
    assert_int_equal(curve_exceedances(&curve, 3.5), 2);
    assert_same(recurrence(&curve, 0.0, false), 100 * 365.25 / 5);
    assert_same(recurrence(&curve, 3.0, false), 100 * 365.25 / 4);
    assert_same(recurrence(&curve, 3.5, false), 100 * 365.25 / 2);
    assert_same(recurrence(&curve, 9.75, false), 100 * 365.25 / 2);
    assert_same(recurrence(&curve, 16.25, false), 100 * 365.25);
}

static void what_no_null_year_had_recurs_in_a_third_of_them_at_least(void **state)
{
    (void)state;
    double scores[] = {1.0};
    struct curve_step steps[1];
    struct curve curve = {.steps = steps, .count = curve_make(scores, 1, steps), .years = 300};
    assert_same(recurrence(&curve, 1.5, true), 100 * 365.25);
    curve.count = curve_make(scores, 0, steps);
    assert_int_equal(curve.count, 0);
    assert_same(recurrence(&curve, 0.0, true), 100 * 365.25);
}

/* The slow way: count them all. */
static uint64_t count_exceedances(const double *scores, size_t count, double score)
{
    uint64_t exceedances = 0;
    for (size_t i = 0; i < count; i++)
        exceedances += scores[i] >= score;
    return exceedances;
}

static void a_long_curve_is_short_exact_where_it_is_rare_and_a_thousandth_off_elsewhere(void **state)
{
    (void)state;
    const size_t count = 200000;
    double *scores = malloc(count * sizeof *scores);
    struct curve_step *steps = malloc(count * sizeof *steps);
    assert_non_null(scores);
    assert_non_null(steps);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t number = philox_below(philox_at(1, (struct philox){{i, 0, 0, 0}}), 1u << 24);
        scores[i] = (double)(number * number >> 20) / 1e4;
    }
    const struct curve curve = {.steps = steps, .count = curve_make(scores, count, steps), .years = 10};
    assert_in_range(curve.count, 1000, 8000);
    assert_int_equal(steps[0].exceedances, count);
    for (size_t i = 1; i < curve.count; i++) {
        assert_true(steps[i - 1].score < steps[i].score);
        assert_true(steps[i - 1].exceedances > steps[i].exceedances);
    }
    for (uint32_t i = 0; i < 2000; i++) {
        double score = scores[count - 1] * (double)i / 1990.0;
        uint64_t exact = count_exceedances(scores, count, score);
        uint64_t found = curve_exceedances(&curve, score);
        assert_true(found <= exact);
        assert_true(exact <= 1000 ? found == exact : (exact - found) * 1000 <= exact);
    }
    free(scores);
    free(steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recurrence_is_the_years_over_those_that_reached_the_score),
        cmocka_unit_test(what_no_null_year_had_recurs_in_a_third_of_them_at_least),
        cmocka_unit_test(a_long_curve_is_short_exact_where_it_is_rare_and_a_thousandth_off_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
