/* What a receiver remembers of streams, copies of marks, and of those the ones that were promised before. */
#include "bus/marks.h"
#include "bus/promises.h"
#include "bus/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
// cmocka wants those before it
#include <cmocka.h>

static void a_stream_is_known_by_name_and_epoch(void **state)
{
    struct streams streams = {0};
    struct stream *a = NULL;
    struct stream *b = NULL;
    assert_null(streams_find(&streams, SPAN("agent"), 1));
    assert_int_equal(streams_get(&streams, SPAN("agent"), 1, &a), STATUS_OK);
    a->received = 7;
    assert_int_equal(streams_get(&streams, SPAN("agent"), 2, &b), STATUS_OK);
    assert_ptr_not_equal(a, b);
    assert_int_equal(b->received, 0);
    assert_ptr_equal(streams_find(&streams, SPAN("agent"), 1), a);
    assert_null(streams_find(&streams, SPAN("agen"), 1));
    streams_fini(&streams);
}

static void the_stream_longest_unused_makes_room_but_never_one_in_a_session(void **state)
{
    struct streams streams = {0};
    struct stream *stream = NULL;
    char name[32];
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        (void)snprintf(name, sizeof name, "agent-%u", i);
        assert_int_equal(streams_get(&streams, span_of(name), 1, &stream), STATUS_OK);
        stream->sessions = i == 0;
    }
    assert_int_equal(streams_get(&streams, SPAN("one-more"), 1, &stream), STATUS_OK);
    assert_int_equal(streams.count, STREAMS_MAX);
    assert_non_null(streams_find(&streams, SPAN("agent-0"), 1));
    assert_null(streams_find(&streams, SPAN("agent-1"), 1));
    for (size_t i = 0; i < streams.count; i++)
        streams.items[i]->sessions = 1;
    assert_int_equal(streams_get(&streams, SPAN("yet-one"), 1, &stream), STATUS_FULL);
    streams_fini(&streams);
}

static void who_begins_epoch_after_epoch_makes_room_for_himself(void **state)
{
    struct streams streams = {0};
    struct stream *stream = NULL;
    assert_int_equal(streams_get(&streams, SPAN("quiet"), 1, &stream), STATUS_OK);
    for (uint64_t epoch = 1; epoch < 3 * STREAMS_MAX; epoch++)
        assert_int_equal(streams_get(&streams, SPAN("restless"), epoch, &stream), STATUS_OK);
    assert_int_equal(streams.count, STREAMS_MAX);
    assert_non_null(streams_find(&streams, SPAN("quiet"), 1));
    assert_null(streams_find(&streams, SPAN("restless"), 1));
    assert_non_null(streams_find(&streams, SPAN("restless"), 3 * STREAMS_MAX - 1));
    streams_fini(&streams);
}

static void marks_are_copied_with_their_names(void **state)
{
    struct marks marks = {0};
    char names[] = "alphabeta";
    struct source_mark items[] = {{{names, 5}, 10, SOURCE_LIVE}, {{names + 5, 4}, TIME_NONE, SOURCE_IDLE}};
    assert_int_equal(marks_copy(&marks, items, 1, 3), STATUS_OK);
    assert_int_equal(marks_copy(&marks, items, 2, 4), STATUS_OK);
    memset(names, 'x', sizeof names);
    assert_int_equal(marks.count, 2);
    assert_int_equal(marks.position, 4);
    assert_true(span_equal(marks.items[0].source, SPAN("alpha")));
    assert_true(span_equal(marks.items[1].source, SPAN("beta")));
    assert_int_equal(marks.items[1].watermark_ms, TIME_NONE);
    assert_int_equal(marks_copy(&marks, NULL, 0, 5), STATUS_OK);
    assert_int_equal(marks.count, 0);
    marks_fini(&marks);
}

static void promise(struct promises *promises, uint64_t position)
{
    char name[32];
    (void)snprintf(name, sizeof name, "source-%llu", (unsigned long long)position);
    const struct source_mark mark = {span_of(name), (int64_t)position, SOURCE_LIVE};
    assert_int_equal(promises_add(promises, &mark, 1, position), STATUS_OK);
}

static uint64_t promised(const struct promises *promises, uint64_t position)
{
    const struct marks *marks = promises_find(promises, position);
    char name[32];
    if (marks == NULL)
        return 0;
    (void)snprintf(name, sizeof name, "source-%llu", (unsigned long long)marks->position);
    assert_true(span_equal(marks->items[0].source, span_of(name)));
    assert_int_equal(marks->items[0].watermark_ms, marks->position);
    return marks->position;
}

static void a_promise_is_found_by_what_it_speaks_of(void **state)
{
    struct promises promises = {0};
    assert_int_equal(promised(&promises, 100), 0);
    promise(&promises, 40);
    promise(&promises, 20); /* read back later */
    promise(&promises, 30);
    promise(&promises, 30);
    assert_int_equal(promises.count, 3);
    assert_int_equal(promised(&promises, 19), 0);
    assert_int_equal(promised(&promises, 20), 20);
    assert_int_equal(promised(&promises, 39), 30);
    assert_int_equal(promised(&promises, 1000), 40);
    promises_trim(&promises, 35); /* that of 30 is still the last of somebody who stands there */
    assert_int_equal(promises.count, 2);
    assert_int_equal(promised(&promises, 35), 30);
    promises_fini(&promises);
}

static void of_many_promises_those_that_are_kept_are_spread(void **state)
{
    struct promises promises = {0};
    for (uint64_t position = 1; position <= 10000; position++) {
        promise(&promises, position);
        assert_int_equal(promised(&promises, position), position);
    }
    uint64_t before = 0, widest = 0;
    for (size_t i = 0; i < promises.count; i++) {
        uint64_t position = promises.items[i].position;
        assert_true(position > before);
        widest = position - before > widest ? position - before : widest;
        before = position;
    }
    assert_int_equal(before, 10000);
    assert_true(widest <= 10000 / PROMISES_MAX * 3);
    promises_fini(&promises);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_known_by_name_and_epoch),
        cmocka_unit_test(the_stream_longest_unused_makes_room_but_never_one_in_a_session),
        cmocka_unit_test(who_begins_epoch_after_epoch_makes_room_for_himself),
        cmocka_unit_test(marks_are_copied_with_their_names),
        cmocka_unit_test(a_promise_is_found_by_what_it_speaks_of),
        cmocka_unit_test(of_many_promises_those_that_are_kept_are_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
