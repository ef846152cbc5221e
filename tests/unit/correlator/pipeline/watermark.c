#include "correlator/watermark.h"

#include "tests/unit/base/unit.h"

#include <stdio.h>

#define NOW 1000000

static struct watermark *watermark_of(const char *const *expected, size_t count)
{
    struct watermark *watermark;
    assert_int_equal(watermark_new(expected, count, &watermark), STATUS_OK);
    return watermark;
}

static void mark(struct watermark *watermark, const char *source, int64_t watermark_ms, enum source_state state)
{
    const struct source_mark one = {span_of(source), watermark_ms, state};
    assert_int_equal(watermark_mark(watermark, "desk", NOW, &one, 1), STATUS_OK);
}

static void without_sources_nothing_is_promised(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    assert_int_equal(watermark_value(watermark, NOW), TIME_NONE);
    watermark_free(watermark);
}

static void an_expected_source_that_has_not_spoken_holds_it(void **state)
{
    const char *const expected[] = {"a", "b"};
    struct watermark *watermark = watermark_of(expected, 2);
    mark(watermark, "a", 500, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), TIME_NONE);
    mark(watermark, "b", 700, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), 500);
    watermark_free(watermark);
}

static void a_source_expected_twice_is_one(void **state)
{
    const char *const expected[] = {"a", "a"};
    struct watermark *watermark = watermark_of(expected, 2);
    mark(watermark, "a", 500, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), 500);
    watermark_free(watermark);
}

static void it_is_the_least_of_what_is_promised(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    mark(watermark, "a", 900, SOURCE_LIVE);
    mark(watermark, "b", 300, SOURCE_IDLE);
    mark(watermark, "c", 600, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), 300);
    mark(watermark, "b", 800, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), 600);
    watermark_free(watermark);
}

static void an_unexpected_source_holds_it_too(void **state)
{
    const char *const expected[] = {"a"};
    struct watermark *watermark = watermark_of(expected, 1);
    mark(watermark, "a", 900, SOURCE_LIVE);
    mark(watermark, "stranger", TIME_NONE, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), TIME_NONE);
    watermark_free(watermark);
}

static void an_ended_source_holds_nothing(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    mark(watermark, "file", TIME_NONE, SOURCE_ENDED);
    mark(watermark, "feed", 400, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), 400);
    watermark_free(watermark);
}

static void when_all_have_ended_it_is_now(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    mark(watermark, "a", TIME_NONE, SOURCE_ENDED);
    mark(watermark, "b", 5, SOURCE_ENDED);
    assert_int_equal(watermark_value(watermark, NOW), NOW);
    assert_int_equal(watermark_value(watermark, NOW + 1), NOW + 1);
    watermark_free(watermark);
}

static void silence_does_not_move_it(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    mark(watermark, "a", 400, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), 400);
    assert_int_equal(watermark_value(watermark, NOW * 1000LL), 400);
    watermark_free(watermark);
}

static void a_blocked_or_dead_source_holds_what_it_promised_last(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    mark(watermark, "a", 400, SOURCE_DEAD);
    mark(watermark, "b", 500, SOURCE_BLOCKED);
    assert_int_equal(watermark_value(watermark, NOW), 400);
    watermark_free(watermark);
}

static void a_promise_of_the_future_is_never_past_now(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    mark(watermark, "a", INT64_MAX, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), NOW);
    mark(watermark, "b", 4070908800000, SOURCE_LIVE); /* 2099 */
    assert_int_equal(watermark_value(watermark, NOW), NOW);
    watermark_free(watermark);
}

static void an_agent_that_starts_again_holds_it_until_it_promises_anew(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    mark(watermark, "a", NOW, SOURCE_ENDED);
    assert_int_equal(watermark_value(watermark, NOW), NOW);
    mark(watermark, "a", TIME_NONE, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), TIME_NONE);
    mark(watermark, "a", 300, SOURCE_LIVE); /* less than before: it is what holds now */
    assert_int_equal(watermark_value(watermark, NOW), 300);
    watermark_free(watermark);
}

static void the_state_is_what_was_said_last(void **state)
{
    const char *const expected[] = {"a"};
    struct watermark *watermark = watermark_of(expected, 1);
    enum source_state said;
    assert_false(watermark_state(watermark, SPAN("a"), &said));
    assert_false(watermark_state(watermark, SPAN("b"), &said));
    mark(watermark, "a", 5, SOURCE_BLOCKED);
    assert_true(watermark_state(watermark, SPAN("a"), &said));
    assert_int_equal(said, SOURCE_BLOCKED);
    watermark_free(watermark);
}

static void four_thousand_sources_are_kept_and_one_more_is_refused(void **state)
{
    struct watermark *watermark = watermark_of(NULL, 0);
    char name[16];
    for (int i = 0; i < 4096; i++) {
        (void)snprintf(name, sizeof name, "s%d", i);
        mark(watermark, name, 1000 - i % 7, SOURCE_LIVE);
    }
    const struct source_mark more[] = {{SPAN("one-more"), 1, SOURCE_LIVE}};
    assert_int_equal(watermark_mark(watermark, "desk", NOW, more, 1), STATUS_FULL);
    assert_int_equal(watermark_value(watermark, NOW), 994);
    mark(watermark, "s0", 3, SOURCE_LIVE); /* who is known is still heard */
    assert_int_equal(watermark_value(watermark, NOW), 3);
    watermark_free(watermark);
}

static void a_name_longer_than_the_limit_is_refused(void **state)
{
    char name[258] = {0};
    memset(name, 'n', 257);
    struct watermark *watermark = watermark_of(NULL, 0);
    const struct source_mark one = {span_of(name), 1, SOURCE_LIVE};
    assert_int_equal(watermark_mark(watermark, "desk", NOW, &one, 1), STATUS_FULL);
    name[256] = '\0';
    mark(watermark, name, 7, SOURCE_LIVE);
    assert_int_equal(watermark_value(watermark, NOW), 7);
    watermark_free(watermark);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_sources_nothing_is_promised),
        cmocka_unit_test(an_expected_source_that_has_not_spoken_holds_it),
        cmocka_unit_test(a_source_expected_twice_is_one),
        cmocka_unit_test(it_is_the_least_of_what_is_promised),
        cmocka_unit_test(an_unexpected_source_holds_it_too),
        cmocka_unit_test(an_ended_source_holds_nothing),
        cmocka_unit_test(when_all_have_ended_it_is_now),
        cmocka_unit_test(silence_does_not_move_it),
        cmocka_unit_test(a_blocked_or_dead_source_holds_what_it_promised_last),
        cmocka_unit_test(a_promise_of_the_future_is_never_past_now),
        cmocka_unit_test(an_agent_that_starts_again_holds_it_until_it_promises_anew),
        cmocka_unit_test(the_state_is_what_was_said_last),
        cmocka_unit_test(four_thousand_sources_are_kept_and_one_more_is_refused),
        cmocka_unit_test(a_name_longer_than_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
