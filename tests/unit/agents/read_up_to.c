/* How far a source that is followed has been read: neither a wrong date nor a start moves it. */
#include "agents/read_up_to.h"

#include "proto/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those before it
#include <cmocka.h>

static void nothing_is_known_before_enough_was_read(void **state)
{
    static struct read_up_to read_up_to;
    for (unsigned i = 1; i < READ_UP_TO_SPAN; i++) {
        read_up_to_note(&read_up_to, 1000 + i);
        read_up_to_note(&read_up_to, TIME_NONE);
    }
    assert_int_equal(read_up_to_least(&read_up_to), TIME_NONE);
    read_up_to_note(&read_up_to, 5000);
    assert_int_equal(read_up_to_least(&read_up_to), 1001);
}

static void it_is_the_earliest_of_the_last(void **state)
{
    static struct read_up_to read_up_to;
    for (unsigned i = 0; i < 10 * READ_UP_TO_SPAN; i++) {
        read_up_to_note(&read_up_to, i);
        if (i >= READ_UP_TO_SPAN - 1)
            assert_int_equal(read_up_to_least(&read_up_to), i + 1 - READ_UP_TO_SPAN);
    }
}

static void a_wrong_date_moves_nothing_forward(void **state)
{
    static struct read_up_to read_up_to;
    for (unsigned i = 0; i < 2 * READ_UP_TO_SPAN; i++)
        read_up_to_note(&read_up_to, i % 2 == 0 ? INT64_MAX : 7);
    assert_int_equal(read_up_to_least(&read_up_to), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_enough_was_read),
        cmocka_unit_test(it_is_the_earliest_of_the_last),
        cmocka_unit_test(a_wrong_date_moves_nothing_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
