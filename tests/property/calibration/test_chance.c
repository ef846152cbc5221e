/* Twenty thousand incidents of pure noise: hundreds of episodes with a constant, hardly any with a baseline, and a
 * campaign in the emptiest area is found. */
#include "tests/property/calibration/chance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS 5u
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SEEDS 5u
#endif
#endif
#ifndef SEEDS
#define SEEDS 50u /* of the table in the README */
#endif

static struct chance_sum sum;

static int judge_all(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct chance chance = chance_of(seed);
        chance_add(&sum, &chance);
    }
    return 0;
}

static void a_constant_gives_hundreds_of_false_episodes_a_year(void **state)
{
    (void)state;
    assert_true(sum.uncalibrated.least >= 200);
}

static void a_baseline_leaves_ten_at_most(void **state)
{
    (void)state;
    assert_true(sum.calibrated.most <= 10);
}

/* Of five seeds each is a fifth: what is asked of fifty is asked of them as far as it goes. */
static void a_campaign_in_the_emptiest_area_is_found_in_four_of_five_years(void **state)
{
    (void)state;
    assert_true(sum.found[CAMPAIGN_MOVES] * 5 >= sum.seeds * 4);
    if (SEEDS >= 50)
        assert_true(sum.found[CAMPAIGN_MIXED] * 5 >= sum.seeds * 4);
}

static void the_readme_says_what_was_found(void **state)
{
    (void)state;
    char table[CHANCE_TABLE_BYTES];
    if (SEEDS < 50)
        skip(); /* under a sanitizer: too few seeds for the table */
    chance_table(&sum, table);
    static char text[1 << 17];
    FILE *readme = fopen("README.md", "r");
    assert_non_null(readme);
    size_t size = fread(text, 1, sizeof text - 1, readme);
    (void)fclose(readme);
    assert_true(size > 0 && size < sizeof text - 1);
    text[size] = '\0';
    if (strstr(text, table) == NULL)
        fail_msg("README.md has another table; tests/property/calibration/make-table puts this one there:\n%s", table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_gives_hundreds_of_false_episodes_a_year),
        cmocka_unit_test(a_baseline_leaves_ten_at_most),
        cmocka_unit_test(a_campaign_in_the_emptiest_area_is_found_in_four_of_five_years),
        cmocka_unit_test(the_readme_says_what_was_found),
    };
    return cmocka_run_group_tests(tests, judge_all, NULL);
}
