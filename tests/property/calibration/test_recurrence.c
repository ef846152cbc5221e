/* A recurrence keeps its word: on two hundred fresh years, episodes of recurrence T or more come once in T. */
#include "tests/property/calibration/recurrence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Twenty histories, ten fresh years each: seeds 1 … 200. 99 % jointly: three independent bins at the cube root of it.
 */
#define JOINT_CHANCE 0.01

static struct recurrence_plan plan_of(void)
{
    uint32_t groups = 20;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    groups = 4;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    groups = 4;
#endif
#endif
    return (struct recurrence_plan){.groups = groups,
                                    .years_a_group = 10,
                                    .null_years = 100,
                                    .incidents = 3000,
                                    .history_years = 1,
                                    .alpha = 1e-3,
                                    .days = {1.0 * DAYS_IN_YEAR, 3.0 * DAYS_IN_YEAR, 10.0 * DAYS_IN_YEAR},
                                    .threads = 2};
}

static void tell(const struct recurrence_plan *plan, const struct recurrence_count *count)
{
    for (int bin = 0; bin < RECURRENCE_BINS; bin++)
        print_message("T from %.0f days: %llu in %llu fresh years, %llu in %llu null years, chance %.3g\n",
                      plan->days[bin], (unsigned long long)count->fresh[bin], (unsigned long long)count->fresh_years,
                      (unsigned long long)count->null[bin], (unsigned long long)count->null_years,
                      recurrence_chance(count, bin));
}

/* The least chance of the three, as it counts among three. */
static double joint_chance(const struct recurrence_count *count)
{
    double least = 1.0;
    for (int bin = 0; bin < RECURRENCE_BINS; bin++) {
        double chance = recurrence_chance(count, bin);
        least = chance < least ? chance : least;
    }
    double others = 1.0 - least;
    return 1.0 - others * others * others;
}

/* The truth, and curves that promise two and a half times as much, and two and a half times less. */
static const double stretches[] = {1.0, 2.5, 1.0 / 2.5};
#define STRETCHES (sizeof stretches / sizeof stretches[0])
static struct recurrence_count counts[STRETCHES];

static int count_all(void **state)
{
    (void)state;
    const struct recurrence_plan plan = plan_of();
    recurrence_run(&plan, stretches, STRETCHES, counts);
    return 0;
}

static void episodes_of_a_recurrence_come_as_often_as_it_says(void **state)
{
    (void)state;
    const struct recurrence_plan plan = plan_of();
    tell(&plan, &counts[0]);
    assert_int_equal(counts[0].fresh_years, plan.groups * plan.years_a_group);
    assert_true(counts[0].fresh_all > counts[0].fresh_years / 10); /* there is something to count */
    assert_true(joint_chance(&counts[0]) > JOINT_CHANCE);
}

static void a_curve_that_lies_is_found_out(void **state)
{
    (void)state;
    const struct recurrence_plan plan = plan_of();
    if (plan.groups < 20)
        skip(); /* under a sanitizer: too few years to tell */
    for (size_t i = 1; i < STRETCHES; i++) {
        tell(&plan, &counts[i]);
        assert_true(joint_chance(&counts[i]) <= JOINT_CHANCE);
    }
}

static void the_chance_of_a_count_is_that_of_the_binomial(void **state)
{
    (void)state;
    /* Equal years: 0 of 4 is 2/16, 2 of 4 certain, 4 of 4 again 2/16. */
    struct recurrence_count count = {.fresh_years = 7, .null_years = 7, .fresh = {0, 2, 4}, .null = {4, 2, 0}};
    assert_true(recurrence_chance(&count, 0) > 0.1249999 && recurrence_chance(&count, 0) < 0.1250001);
    assert_true(recurrence_chance(&count, 1) > 0.9999999);
    assert_true(recurrence_chance(&count, 2) > 0.1249999 && recurrence_chance(&count, 2) < 0.1250001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chance_of_a_count_is_that_of_the_binomial),
        cmocka_unit_test(episodes_of_a_recurrence_come_as_often_as_it_says),
        cmocka_unit_test(a_curve_that_lies_is_found_out),
    };
    return cmocka_run_group_tests(tests, count_all, NULL);
}
