/* How long a dialler waits. */
#include "bus/driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
// cmocka wants those before it
#include <cmocka.h>

static void it_doubles_up_to_a_bound_and_never_takes_off_more_than_half(void **state)
{
    struct backoff backoff = {.seed = backoff_seed("agent")};
    for (uint64_t whole = BACKOFF_MS_MIN, i = 0; i < 20; i++) {
        uint64_t delay_ms = backoff_next(&backoff, 1000);
        assert_true(delay_ms <= whole && delay_ms >= whole - whole / 2);
        whole = whole * 2 < BACKOFF_MS_MAX ? whole * 2 : BACKOFF_MS_MAX;
    }
}

static void a_line_that_lasted_begins_it_anew(void **state)
{
    struct backoff backoff = {0};
    for (int i = 0; i < 10; i++)
        (void)backoff_next(&backoff, 1000);
    backoff.up_ms = 5000;
    assert_true(backoff_next(&backoff, 5999) > BACKOFF_MS_MIN);
    backoff.up_ms = 7000;
    assert_true(backoff_next(&backoff, 8000) <= BACKOFF_MS_MIN);
}

/* A hundred agents that lose one correlator: the attempt by which they wait 5 s finds them spread over half of it. */
static void names_part_those_who_were_lost_together(void **state)
{
    unsigned tenths[10] = {0};
    for (int i = 0; i < 100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "agent-%d", i);
        struct backoff backoff = {.seed = backoff_seed(name)}, same = backoff;
        uint64_t delay_ms = 0;
        for (int attempt = 0; attempt < 9; attempt++) {
            delay_ms = backoff_next(&backoff, 0);
            assert_true(backoff_next(&same, 0) == delay_ms);
        }
        tenths[(BACKOFF_MS_MAX - delay_ms) * 10 / (BACKOFF_MS_MAX / 2 + 1)]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(tenths[i], 1, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_doubles_up_to_a_bound_and_never_takes_off_more_than_half),
        cmocka_unit_test(a_line_that_lasted_begins_it_anew),
        cmocka_unit_test(names_part_those_who_were_lost_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
