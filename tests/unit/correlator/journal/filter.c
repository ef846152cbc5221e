/* cmocka's own order of includes. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "correlator/journal/filter.h"

#include "tests/support/dice.h"

#include <stdlib.h>

#define ASKED 100000u

static void judge(uint64_t count)
{
    struct filter_block *filter = calloc(1, filter_size(count));
    struct dice dice = {count};
    for (uint64_t i = 0; i < count; i++)
        filter_add(filter, count, dice_roll(&dice));
    dice.state = count;
    for (uint64_t i = 0; i < count; i++)
        assert_true(filter_has(filter, count, dice_roll(&dice)));
    unsigned wrong = 0;
    for (unsigned i = 0; i < ASKED; i++)
        wrong += filter_has(filter, count, dice_roll(&dice));
    if (wrong > ASKED / 100)
        fail_msg("of %u that are not among %llu, %u are taken to be", ASKED, (unsigned long long)count, wrong);
    free(filter);
}

static void who_is_in_is_found_and_few_others_are(void **state)
{
    static const uint64_t counts[] = {0, 1, 31, 32, 33, 1000, 270000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        judge(counts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_is_in_is_found_and_few_others_are)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
