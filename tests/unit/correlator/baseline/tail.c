#include "correlator/baseline/tail.h"

#include "dice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct value {
    uint32_t history;
    double ratio;
    uint32_t neighbours;
    double probability;
} values[] = {
#include "tail_values.h"
};

#define VALUES (sizeof values / sizeof values[0])

static void tails_agree_with_recorded_values_to_twelve_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUES; i++) {
        const struct value *value = &values[i];
        double got = tail_probability(value->history, value->ratio, value->neighbours);
        if (!(fabs(got - value->probability) <= 1e-12 * value->probability))
            fail_msg("h %u r %.17g k %u: %.17g, expected %.17g", value->history, value->ratio, value->neighbours, got,
                     value->probability);
    }
}

static void thresholds_of_the_method_are_met(void **state)
{
    (void)state;
    static const uint32_t history[] = {0, 1, 2, 5, 10, 50, 100, 500};
    static const struct {
        double alpha;
        uint32_t neighbours[8];
    } rows[] = {{1e-3, {3, 3, 3, 3, 3, 5, 7, 15}}, {1e-4, {3, 3, 3, 3, 4, 6, 8, 17}}};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 8; k++)
            assert_int_equal(tail_threshold(history[k], 4.0 / 365.0, 3, rows[i].alpha), rows[i].neighbours[k]);
}

static void the_mass_is_what_the_tail_loses(void **state)
{
    (void)state;
    uint64_t dice = 7;
    for (int i = 0; i < 3000; i++) {
        uint32_t history = (uint32_t)(dice_roll(&dice) % 3000);
        double ratio = 0.001 + 2.0 * dice_real(&dice);
        uint32_t most = (uint32_t)(3.0 * (history + 1) * ratio) + 10;
        uint32_t neighbours = (uint32_t)(dice_roll(&dice) % most);
        double mass = (double)tail_mass(history, ratio, neighbours);
        double lost = tail_probability(history, ratio, neighbours) - tail_probability(history, ratio, neighbours + 1);
        assert_true(fabs(mass - lost) <= 1e-14);
    }
}

static void tails_rise_with_history_and_ratio_and_fall_with_neighbours(void **state)
{
    (void)state;
    uint64_t dice = 11;
    for (int i = 0; i < 20000; i++) {
        uint32_t history = (uint32_t)(dice_roll(&dice) % 5000);
        double ratio = 0.0005 + dice_real(&dice);
        uint32_t neighbours = (uint32_t)(dice_roll(&dice) % 400);
        double here = tail_probability(history, ratio, neighbours);
        assert_true(here >= 0.0 && here <= 1.0);
        assert_true(tail_probability(history + 1, ratio, neighbours) >= here);
        assert_true(tail_probability(history, ratio * 1.01, neighbours) >= here);
        assert_true(tail_probability(history, ratio, neighbours + 1) <= here);
    }
}

static void a_threshold_is_the_least_count_that_is_improbable(void **state)
{
    (void)state;
    uint64_t dice = 13;
    for (int i = 0; i < 3000; i++) {
        uint32_t history = (uint32_t)(dice_roll(&dice) % 20000);
        double ratio = 0.0005 + dice_real(&dice);
        double alpha = pow(10.0, -12.0 * dice_real(&dice));
        uint32_t floor = 1 + (uint32_t)(dice_roll(&dice) % 5);
        uint32_t threshold = tail_threshold(history, ratio, floor, alpha);
        assert_true(threshold >= floor);
        assert_true(tail_probability(history, ratio, threshold) <= alpha);
        if (threshold > floor)
            assert_true(tail_probability(history, ratio, threshold - 1) > alpha);
    }
}

/* r = 1, h = 0: P(≥ k) = 2^-k exactly; alpha the same is enough. */
static void what_is_exactly_alpha_is_improbable_enough(void **state)
{
    (void)state;
    for (uint32_t k = 1; k < 39; k++)
        assert_int_equal(tail_threshold(0, 1.0, 1, ldexp(1.0, -(int)k)), k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_agree_with_recorded_values_to_twelve_digits),
        cmocka_unit_test(thresholds_of_the_method_are_met),
        cmocka_unit_test(the_mass_is_what_the_tail_loses),
        cmocka_unit_test(tails_rise_with_history_and_ratio_and_fall_with_neighbours),
        cmocka_unit_test(a_threshold_is_the_least_count_that_is_improbable),
        cmocka_unit_test(what_is_exactly_alpha_is_improbable_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
