#include "base/status.h"

#include "base/clock.h"
#include "base/span.h"
#include "tests/unit/base/unit.h"

#include <errno.h>
#include <string.h>

static void every_status_has_a_name_a_sentence_and_an_exit(void **state)
{
    for (unsigned i = 0; i < STATUS_COUNT; i++) {
        enum status status = (enum status)i;
        assert_true(strlen(status_name(status)) > 0);
        assert_true(strlen(status_text(status)) > 0);
        assert_in_range(status_exit(status), 0, 2);
    }
    assert_string_equal(status_name(STATUS_NO_SPACE), "NO_SPACE");
    assert_int_equal(status_exit(STATUS_OK), 0);
    assert_int_equal(status_exit(STATUS_INVALID), 2);
    assert_int_equal(status_exit(STATUS_IO), 1);
}

static void errors_of_the_system_have_their_status(void **state)
{
    assert_int_equal(status_from_errno(0), STATUS_OK);
    assert_int_equal(status_from_errno(ENOENT), STATUS_NOT_FOUND);
    assert_int_equal(status_from_errno(EACCES), STATUS_PERMISSION);
    assert_int_equal(status_from_errno(ENOSPC), STATUS_NO_SPACE);
    assert_int_equal(status_from_errno(EADDRINUSE), STATUS_BUSY);
    assert_int_equal(status_from_errno(EILSEQ), STATUS_IO);
}

static void spans_are_ordered_by_bytes_and_a_prefix_comes_first(void **state)
{
    const struct span none = {NULL, 0};
    assert_true(span_compare(SPAN("a"), SPAN("ab")) < 0);
    assert_true(span_compare(SPAN("\xFF"), SPAN("a")) > 0);
    assert_true(span_compare(SPAN("a\0b"), SPAN("a\0c")) < 0);
    assert_int_equal(span_compare(none, SPAN("")), 0);
    assert_true(span_equal(none, SPAN("")));
    assert_true(span_equal(span_of(NULL), none));
    assert_false(span_equal(SPAN("a"), SPAN("b")));
    assert_false(span_equal(SPAN("a"), SPAN("ab")));
}

static void clocks_are_of_this_age_and_do_not_go_back(void **state)
{
    assert_true(clock_wall_ms() > INT64_C(1735689600000)); /* 2025 */
    uint64_t last_ns = clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now_ns = clock_monotonic_ns();
        assert_true(now_ns >= last_ns);
        last_ns = now_ns;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_a_sentence_and_an_exit),
        cmocka_unit_test(errors_of_the_system_have_their_status),
        cmocka_unit_test(spans_are_ordered_by_bytes_and_a_prefix_comes_first),
        cmocka_unit_test(clocks_are_of_this_age_and_do_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
