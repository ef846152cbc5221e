#include "correlator/watermark.h"

#include "tests/unit/base/unit.h"

#include <stdio.h>
#include <string.h>

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

/* --- silence --- */

#define HOUR_MS  3600000
#define START_MS 500000000LL /* of the monotonic clock */
#define WALL_MS  1700000000000LL

struct told {
    char text[4096];
};

static void note_condition(void *self, const struct watermark_source *source)
{
    struct told *told = self;
    size_t size = strlen(told->text);
    static const char *const names[] = {
#define X(name, text) [CONDITION_##name] = text,
        SOURCE_CONDITION_LIST(X)
#undef X
    };
    snprintf(told->text + size, sizeof told->text - size, "%s:%s ", source->name, names[source->condition]);
}

static void note_silence(void *self, const struct watermark_source *source, int64_t since_ms)
{
    struct told *told = self;
    size_t size = strlen(told->text);
    snprintf(told->text + size, sizeof told->text - size, "%s %s since %+lld s; ", source->name,
             source->is_silent ? "SILENT" : "BACK", (long long)(since_ms - WALL_MS) / 1000);
}

struct watch {
    struct watermark *watermark;
    struct told told;
    int64_t passed_ms; /* since the start */
    int64_t jump_ms;   /* of the wall clock */
    bool is_deaf;
};

static void watch_init(struct watch *watch)
{
    static const char *const expected[] = {"a"};
    *watch = (struct watch){.watermark = watermark_of(expected, 1)};
    watermark_limit(watch->watermark, SPAN("a"),
                    &(struct watermark_limits){.silent_after_ms = HOUR_MS, .follow = true, .lateness_ms = 1000});
}

static int64_t wall(const struct watch *watch)
{
    return WALL_MS + watch->passed_ms + watch->jump_ms;
}

static const char *look(struct watch *watch)
{
    const struct watermark_events events = {note_condition, note_silence, &watch->told};
    const struct watermark_moment moment = {START_MS + watch->passed_ms, wall(watch), watch->is_deaf};
    watch->told.text[0] = '\0';
    watermark_watch(watch->watermark, &moment, &events);
    return watch->told.text;
}

static void hear(struct watch *watch, const char *source, enum source_state state, int64_t behind_ms)
{
    const struct source_mark one = {span_of(source), wall(watch) - behind_ms, state};
    assert_int_equal(watermark_mark(watch->watermark, "desk", wall(watch), &one, 1), STATUS_OK);
}

/* Second by second, heard each time where `state` is one; answers the last word that was told. */
static void pass(struct watch *watch, int64_t seconds, const enum source_state *state, char ret_told[4096])
{
    ret_told[0] = '\0';
    for (int64_t i = 0; i < seconds; i++) {
        watch->passed_ms += 1000;
        if (state != NULL)
            hear(watch, "a", *state, 2000);
        const char *told = look(watch);
        snprintf(ret_told + strlen(ret_told), 4096 - strlen(ret_told), "%s", told);
    }
}

static const enum source_state live = SOURCE_LIVE, blocked = SOURCE_BLOCKED;

static void an_agent_that_is_gone_leaves_it_dead_then_silent_then_back(void **state)
{
    struct watch watch;
    char told[4096];
    watch_init(&watch);
    pass(&watch, 5, &live, told);
    assert_string_equal(told, "a:well a BACK since +1 s; ");
    pass(&watch, 20, NULL, told);
    assert_string_equal(told, "a:dead ");
    int64_t before = watermark_value(watch.watermark, wall(&watch));
    pass(&watch, 3600, NULL, told);
    assert_string_equal(told, "a SILENT since +24 s; "); /* well until it was found dead: once, however long it lasts */
    assert_int_equal(watermark_value(watch.watermark, wall(&watch)), before); /* silence moves nothing */
    struct watermark_source source;
    assert_true(watermark_look(watch.watermark, 0, &source));
    assert_string_equal(source.state_text, "silent");
    pass(&watch, 3, &live, told);
    assert_string_equal(told, "a:well a BACK since +3626 s; ");
    watermark_free(watch.watermark);
}

static void a_blocked_source_is_silent_after_a_while(void **state)
{
    struct watch watch;
    char told[4096];
    watch_init(&watch);
    pass(&watch, 5, &live, told);
    pass(&watch, 3599, &blocked, told);
    assert_string_equal(told, "a:blocked ");
    pass(&watch, 1, &blocked, told);
    assert_string_equal(told, "a SILENT since +5 s; ");
    watermark_free(watch.watermark);
}

static void one_that_is_read_and_promises_too_little_is_late(void **state)
{
    struct watch watch;
    char told[4096] = "";
    watch_init(&watch);
    pass(&watch, 5, &live, told);
    hear(&watch, "a", SOURCE_LIVE, 1000 + 60000 + 1);
    assert_string_equal(look(&watch), "a:late ");
    hear(&watch, "a", SOURCE_LIVE, 1000 + 60000);
    assert_string_equal(look(&watch), "a:well ");
    for (int i = 0; i < 3600; i++) {
        watch.passed_ms += 1000;
        hear(&watch, "a", SOURCE_LIVE, 90000);
        snprintf(told + strlen(told), sizeof told - strlen(told), "%s", look(&watch));
    }
    assert_non_null(strstr(told, "a SILENT since +5 s; "));
    watermark_free(watch.watermark);
}

static void nobody_spoke_of_it_and_it_is_missed(void **state)
{
    struct watch watch;
    char told[4096];
    watch_init(&watch);
    pass(&watch, 3600, NULL, told);
    assert_string_equal(told, "");
    pass(&watch, 1, NULL, told);
    assert_string_equal(told, "a SILENT since +1 s; ");
    watermark_free(watch.watermark);
}

static void what_has_ended_is_never_missed(void **state)
{
    struct watch watch;
    char told[4096];
    watch_init(&watch);
    hear(&watch, "a", SOURCE_ENDED, 0);
    pass(&watch, 8000, NULL, told);
    assert_string_equal(told, "a:well a BACK since +1 s; ");
    watermark_free(watch.watermark);
}

static void what_is_remembered_of_an_earlier_life_is_not_told_to_be_back(void **state)
{
    struct watch watch;
    char told[4096];
    watch_init(&watch);
    hear(&watch, "a", SOURCE_LIVE, 2000);
    watermark_remembered(watch.watermark);
    pass(&watch, 10, NULL, told);
    assert_null(strstr(told, "BACK"));
    pass(&watch, 3630, NULL, told);
    assert_non_null(strstr(told, "a SILENT"));
    pass(&watch, 2, &live, told);
    assert_non_null(strstr(told, "a BACK"));
    watermark_free(watch.watermark);
}

static void a_wall_clock_that_jumps_a_day_makes_nobody_silent(void **state)
{
    struct watch watch;
    char told[4096];
    watch_init(&watch);
    pass(&watch, 5, &live, told);
    watch.jump_ms = 24 * HOUR_MS;
    pass(&watch, 1, NULL, told);
    assert_null(strstr(told, "SILENT"));
    watch.jump_ms = -24 * HOUR_MS;
    pass(&watch, 1, NULL, told);
    assert_null(strstr(told, "SILENT"));
    pass(&watch, 100, &live, told);
    assert_null(strstr(told, "SILENT"));
    watermark_free(watch.watermark);
}

static void who_does_not_listen_calls_nobody_silent(void **state)
{
    struct watch watch;
    char told[4096];
    watch_init(&watch);
    pass(&watch, 5, &live, told);
    watch.is_deaf = true;
    pass(&watch, 8000, NULL, told);
    assert_null(strstr(told, "SILENT"));
    watch.is_deaf = false;
    pass(&watch, 19, NULL, told);
    assert_null(strstr(told, "dead"));
    watermark_free(watch.watermark);
}

static void limits_off_and_of_strangers(void **state)
{
    struct watch watch;
    char told[4096];
    watch_init(&watch);
    watermark_limit(watch.watermark, SPAN("a"), &(struct watermark_limits){.silent_after_ms = 0});
    watermark_limit(watch.watermark, SPAN(""), &(struct watermark_limits){.silent_after_ms = 30000});
    hear(&watch, "a", SOURCE_LIVE, 0);
    hear(&watch, "stranger", SOURCE_LIVE, 0);
    pass(&watch, 8000, NULL, told);
    assert_null(strstr(told, "a SILENT"));
    assert_non_null(strstr(told, "stranger SILENT since +20 s; "));
    watermark_free(watch.watermark);
}

static void a_retired_source_is_missed_no_more_until_it_speaks(void **state)
{
    struct watch watch;
    struct watermark_source source;
    char told[4096];
    watch_init(&watch);
    pass(&watch, 5, &live, told);
    pass(&watch, 4000, NULL, told);
    assert_non_null(strstr(told, "a SILENT"));
    assert_int_equal(watermark_retire(watch.watermark, SPAN("a")), STATUS_OK);
    pass(&watch, 8000, NULL, told);
    assert_string_equal(told, "a:well a BACK since +4006 s; ");
    assert_true(watermark_look(watch.watermark, 0, &source));
    assert_string_equal(source.state_text, "retired");
    pass(&watch, 1, &live, told);
    assert_true(watermark_look(watch.watermark, 0, &source));
    assert_string_equal(source.state_text, "live");
    watermark_free(watch.watermark);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_that_is_gone_leaves_it_dead_then_silent_then_back),
        cmocka_unit_test(a_blocked_source_is_silent_after_a_while),
        cmocka_unit_test(one_that_is_read_and_promises_too_little_is_late),
        cmocka_unit_test(nobody_spoke_of_it_and_it_is_missed),
        cmocka_unit_test(what_has_ended_is_never_missed),
        cmocka_unit_test(what_is_remembered_of_an_earlier_life_is_not_told_to_be_back),
        cmocka_unit_test(a_wall_clock_that_jumps_a_day_makes_nobody_silent),
        cmocka_unit_test(who_does_not_listen_calls_nobody_silent),
        cmocka_unit_test(limits_off_and_of_strangers),
        cmocka_unit_test(a_retired_source_is_missed_no_more_until_it_speaks),
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
