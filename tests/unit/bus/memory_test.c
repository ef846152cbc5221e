/* What a receiver remembers of streams, and copies of marks. */
#include "bus/marks.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_known_by_name_and_epoch),
        cmocka_unit_test(the_stream_longest_unused_makes_room_but_never_one_in_a_session),
        cmocka_unit_test(who_begins_epoch_after_epoch_makes_room_for_himself),
        cmocka_unit_test(marks_are_copied_with_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
