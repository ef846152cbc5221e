/* Two sessions that speak to each other, without any driver, loop or clock: each says, the other hears. */
#include "bus/session.h"
#include "proto/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct pair {
    struct outbox *outbox;
    struct marks marks;
    struct cursor cursor;
    struct stream stream;
    uint64_t sent, resent, received, duplicates;
    struct session sender;
    struct session receiver;
    uint64_t now_ms;
    uint64_t taken;                      /* items */
    uint64_t next;                       /* position expected */
    uint64_t marks_told, marks_position; /* how many, and from where on the last of them held */
    enum session_event sender_last, receiver_last;
};

static struct session_options sender_options(struct pair *pair, enum bus_end end)
{
    return (struct session_options){.name = "giver",
                                    .counts = {.sent = &pair->sent, .resent = &pair->resent},
                                    .end = end,
                                    .role = LINK_SENDER,
                                    .heartbeat_ms = 1000,
                                    .item_bytes_max = 1000,
                                    .frame_bytes_max = 10000,
                                    .batch_items_max = 50,
                                    .epoch = 4,
                                    .outbox = pair->outbox,
                                    .marks = &pair->marks};
}

static struct session_options receiver_options(struct pair *pair, enum bus_end end)
{
    return (struct session_options){.name = "taker",
                                    .counts = {.received = &pair->received, .duplicates = &pair->duplicates},
                                    .end = end,
                                    .role = LINK_RECEIVER,
                                    .heartbeat_ms = 1000,
                                    .item_bytes_max = 1000,
                                    .frame_bytes_max = 10000,
                                    .batch_items_max = 50,
                                    .window_items = 100};
}

static void pair_begin(struct pair *pair, enum bus_end sender_end)
{
    struct session_options from = sender_options(pair, sender_end);
    struct session_options to = receiver_options(pair, sender_end == BUS_DIAL ? BUS_LISTEN : BUS_DIAL);
    to.resume_epoch = pair->stream.epoch;
    to.resume_position = pair->stream.acked;
    session_init(&pair->sender, &from, pair->now_ms);
    session_init(&pair->receiver, &to, pair->now_ms);
}

static void pair_open(struct pair *pair, enum bus_end sender_end)
{
    *pair = (struct pair){.now_ms = 50000, .next = 1};
    assert_int_equal(outbox_memory_open(1u << 20, &pair->outbox), STATUS_OK);
    pair_begin(pair, sender_end);
}

static void pair_end(struct pair *pair)
{
    session_fini(&pair->sender);
    session_fini(&pair->receiver);
}

static void pair_close(struct pair *pair)
{
    pair_end(pair);
    marks_fini(&pair->marks);
    pair->outbox->driver->close(pair->outbox, NULL, NULL);
}

static void give(struct pair *pair, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(pair->outbox->driver->append(pair->outbox, SPAN("an item")), STATUS_OK);
}

static void sender_hears(struct pair *pair, const struct frame *frame)
{
    enum session_event event = session_receive(&pair->sender, frame, pair->now_ms);
    if (event == SESSION_PEER)
        event = session_open_sender(&pair->sender, &pair->cursor);
    if (event == SESSION_ACKED)
        pair->outbox->driver->trim(pair->outbox, pair->cursor.acked);
    pair->sender_last = event;
}

static void receiver_hears(struct pair *pair, const struct frame *frame)
{
    enum session_event event = session_receive(&pair->receiver, frame, pair->now_ms);
    pair->receiver_last = event;
    if (event == SESSION_PEER) {
        pair->stream.epoch = pair->receiver.peer_epoch;
        session_open_receiver(&pair->receiver, &pair->stream);
    }
    if (event == SESSION_ITEMS) {
        assert_int_equal(pair->receiver.fresh_first, pair->next);
        pair->next += pair->receiver.fresh_count;
        pair->taken += pair->receiver.fresh_count;
    }
    const struct marks *marks;
    while ((marks = session_marks(&pair->receiver)) != NULL) {
        pair->marks_told++;
        pair->marks_position = marks->position;
    }
}

/* Until neither has anything to say. */
static void talk(struct pair *pair)
{
    static struct span items[LIMIT_BATCH_ITEMS];
    struct frame frame;
    for (bool said = true; said;) {
        said = false;
        while (session_say(&pair->sender, pair->now_ms, items, &frame)) {
            said = true;
            receiver_hears(pair, &frame);
        }
        while (session_say(&pair->receiver, pair->now_ms, items, &frame)) {
            said = true;
            sender_hears(pair, &frame);
        }
    }
}

static void either_may_dial(void **state)
{
    for (int end = 0; end < 2; end++) {
        struct pair pair;
        pair_open(&pair, end == 0 ? BUS_DIAL : BUS_LISTEN);
        give(&pair, 80);
        talk(&pair);
        assert_int_equal(pair.sender.state, SESSION_OPEN);
        assert_int_equal(pair.receiver.state, SESSION_OPEN);
        assert_string_equal(pair.sender.peer_name, "taker");
        assert_string_equal(pair.receiver.peer_name, "giver");
        assert_int_equal(pair.receiver.peer_epoch, 4);
        assert_int_equal(pair.taken, 80);
        pair.stream.acked = 80;
        talk(&pair);
        assert_int_equal(pair.cursor.acked, 80);
        assert_int_equal(pair.outbox->first, 81);
        pair_close(&pair);
    }
}

static void a_sender_that_overdraws_at_once_has_said_nothing_of_its_stream(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    struct span items[LIMIT_BATCH_ITEMS];
    struct frame hello;
    assert_true(session_say(&pair.sender, pair.now_ms, items, &hello));
    receiver_hears(&pair, &hello);
    assert_int_equal(pair.receiver_last, SESSION_PEER);
    const struct span item = SPAN("an item");
    const struct frame batch = {.kind = FRAME_BATCH, .batch = {.first = 50000, .items = &item, .count = 1}};
    receiver_hears(&pair, &batch); /* no credit was given yet */
    assert_int_equal(pair.receiver.state, SESSION_OVER);
    assert_false(pair.stream.begun);
    assert_int_equal(pair.stream.acked, 0);
    assert_int_equal(pair.stream.received, 0);
    pair_close(&pair);
}

static void nothing_is_sent_beyond_the_credit(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    give(&pair, 1000);
    talk(&pair);
    assert_int_equal(pair.taken, 100);
    pair.stream.acked = 24; /* less than a quarter of the window: acknowledged, but no new credit yet */
    talk(&pair);
    assert_int_equal(pair.cursor.acked, 24);
    assert_int_equal(pair.taken, 100);
    pair.stream.acked = 25;
    talk(&pair);
    assert_int_equal(pair.taken, 125);
    pair.receiver.held = true;
    pair.stream.acked = 125;
    talk(&pair);
    assert_int_equal(pair.taken, 125);
    pair.receiver.held = false;
    talk(&pair);
    assert_int_equal(pair.taken, 225);
    pair_close(&pair);
}

static void a_next_session_goes_on_where_the_receiver_is_safe(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    give(&pair, 90);
    talk(&pair);
    pair.stream.acked = 30;
    pair_end(&pair);
    pair_begin(&pair, BUS_DIAL);
    talk(&pair);
    assert_int_equal(pair.taken, 90);
    assert_int_equal(pair.duplicates, 60);
    assert_int_equal(pair.resent, 60);
    assert_int_equal(pair.sent, 150);
    assert_int_equal(pair.cursor.acked, 30);
    pair_close(&pair);
}

/* The items before 501 were acknowledged by somebody; who comes anew cannot know, and its window counts from there. */
static void a_receiver_that_knows_nothing_begins_where_the_outbox_does(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    give(&pair, 900);
    pair.outbox->driver->trim(pair.outbox, 500);
    pair.next = 501;
    talk(&pair);
    assert_int_equal(pair.taken, 100); /* the window, no more */
    pair.stream.acked = 600;
    talk(&pair);
    assert_int_equal(pair.taken, 200);
    assert_int_equal(pair.receiver.state, SESSION_OPEN);
    pair_close(&pair);
}

static void a_resume_beyond_what_was_sent_or_before_what_is_kept_is_refused(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_LISTEN);
    give(&pair, 50);
    pair.stream = (struct stream){.epoch = 4, .begun = true, .received = 51, .acked = 51};
    pair_end(&pair);
    pair_begin(&pair, BUS_LISTEN);
    talk(&pair);
    assert_int_equal(pair.sender.ending, ENDING_BEHIND);
    assert_int_equal(pair.receiver.ending, ENDING_TURNED_AWAY);
    assert_string_equal(pair.receiver.reason, "resumes after 51: only 50 were sent in this epoch");
    pair.outbox->driver->trim(pair.outbox, 20);
    pair.stream = (struct stream){.epoch = 4, .begun = true, .received = 10, .acked = 10};
    pair_end(&pair);
    pair_begin(&pair, BUS_LISTEN);
    talk(&pair);
    assert_int_equal(pair.sender.ending, ENDING_GAP);
    assert_int_equal(pair.sender.missed, 10);
    pair_close(&pair);
}

/* Of an outbox that knows where its epoch began, and how far it was sent. */
static void what_a_receiver_lacks_is_reckoned_from_where_the_epoch_begins(void **state)
{
    static const struct {
        uint64_t resume, begins, trimmed, sent;
        enum session_ending ending;
        uint64_t missed;
    } cases[] = {
        {0, 0, 20, 50, ENDING_NONE, 0},    /* a new receiver has what is kept */
        {0, 1, 0, 50, ENDING_NONE, 0},     /* nothing is gone */
        {0, 1, 20, 50, ENDING_GAP, 20},    /* somebody acknowledged that, and has gone */
        {0, 21, 20, 50, ENDING_NONE, 0},   /* it is where the epoch begins */
        {0, 11, 20, 50, ENDING_GAP, 10},   /* part of it is of this epoch */
        {20, 1, 20, 50, ENDING_NONE, 0},   /* exactly */
        {19, 1, 20, 50, ENDING_GAP, 1},    /* not quite */
        {31, 1, 20, 30, ENDING_BEHIND, 0}, /* appended since, and never sent */
        {30, 1, 20, 30, ENDING_NONE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair pair;
        pair_open(&pair, BUS_LISTEN);
        give(&pair, 50);
        pair.outbox->driver->trim(pair.outbox, cases[i].trimmed);
        pair.outbox->begins = cases[i].begins;
        pair.outbox->sent = cases[i].sent;
        pair.stream = (struct stream){.epoch = cases[i].resume > 0 ? 4 : 0,
                                      .begun = cases[i].resume > 0,
                                      .received = cases[i].resume,
                                      .acked = cases[i].resume};
        pair.next = cases[i].resume > 0 ? cases[i].resume + 1 : cases[i].trimmed + 1;
        pair_end(&pair);
        pair_begin(&pair, BUS_LISTEN);
        talk(&pair);
        if (pair.sender.ending != cases[i].ending || pair.sender.missed != cases[i].missed)
            fail_msg("case %zu: ending %d, %llu missed", i, pair.sender.ending, (unsigned long long)pair.sender.missed);
        pair_close(&pair);
    }
}

static void silence_of_three_heartbeats_is_down(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    talk(&pair);
    for (int i = 0; i < 10; i++) { /* heartbeats keep it up */
        pair.now_ms += 1000;
        talk(&pair);
        assert_false(session_silent(&pair.sender, pair.now_ms));
        assert_false(session_silent(&pair.receiver, pair.now_ms));
    }
    pair.now_ms += 2999;
    assert_false(session_silent(&pair.sender, pair.now_ms));
    pair.now_ms += 1;
    assert_true(session_silent(&pair.sender, pair.now_ms));
    assert_int_equal(pair.sender.ending, ENDING_SILENT);
    assert_string_equal(pair.sender.reason, "silent for 3000 ms");
    pair_close(&pair);
}

static void marks_wait_for_their_items_and_the_older_are_not_starved_by_newer(void **state)
{
    struct pair pair;
    struct source_mark mark = {SPAN("desk"), 1, SOURCE_LIVE};
    pair_open(&pair, BUS_DIAL);
    talk(&pair);
    for (uint64_t position = 150; position <= 450; position += 100) { /* always ahead of what has arrived */
        struct frame frame = {.kind = FRAME_HEARTBEAT, .heartbeat = {position, &mark, 1}};
        receiver_hears(&pair, &frame);
    }
    assert_int_equal(pair.marks_told, 0);
    give(&pair, 150);
    talk(&pair);
    pair.stream.acked = 100;
    talk(&pair);
    assert_int_equal(pair.taken, 150);
    assert_int_equal(pair.marks_told, 1); /* those for 150; then waits the newest, for 450 */
    give(&pair, 300);
    for (int i = 0; i < 4; i++) {
        pair.stream.acked = pair.stream.received;
        talk(&pair);
    }
    assert_int_equal(pair.taken, 450);
    assert_int_equal(pair.marks_told, 2);
    pair_close(&pair);
}

static void promise(struct pair *pair, uint64_t position)
{
    const struct source_mark mark = {SPAN("desk"), (int64_t)position, SOURCE_LIVE};
    assert_int_equal(promises_add(&pair->outbox->promises, &mark, 1, position), STATUS_OK);
    assert_int_equal(marks_copy(&pair->marks, &mark, 1, position), STATUS_OK);
}

/* Else whoever has much to catch up with hears of no promise before the last item. */
static void what_was_promised_is_said_where_it_belongs(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    for (uint64_t position = 50; position <= 1000; position += 50) {
        give(&pair, 50);
        promise(&pair, position);
    }
    talk(&pair);
    for (uint64_t taken = 100; taken <= 1000; taken += 100) { /* a window at a time */
        assert_int_equal(pair.taken, taken);
        assert_int_equal(pair.marks_position, taken);
        pair.stream.acked = taken;
        talk(&pair);
    }
    assert_int_equal(pair.marks_position, 1000);
    pair_close(&pair);
}

static void an_earlier_promise_overtakes_one_that_waits(void **state)
{
    struct pair pair;
    struct source_mark mark = {SPAN("desk"), 1, SOURCE_LIVE};
    const uint64_t positions[] = {90, 10, 20};
    pair_open(&pair, BUS_DIAL);
    give(&pair, 30);
    talk(&pair);
    for (size_t i = 0; i < 3; i++)
        receiver_hears(&pair, &(struct frame){.kind = FRAME_HEARTBEAT, .heartbeat = {positions[i], &mark, 1}});
    assert_int_equal(pair.marks_told, 2);
    assert_int_equal(pair.marks_position, 20);
    give(&pair, 60);
    talk(&pair);
    assert_int_equal(pair.marks_told, 3);
    assert_int_equal(pair.marks_position, 90);
    pair_close(&pair);
}

static void a_good_bye_is_no_refusal(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    talk(&pair);
    struct frame goodbye = {.kind = FRAME_REFUSAL, .refusal = {SPAN(SESSION_GOODBYE)}};
    struct frame refusal = {.kind = FRAME_REFUSAL, .refusal = {SPAN("no")}};
    sender_hears(&pair, &goodbye);
    receiver_hears(&pair, &refusal);
    assert_int_equal(pair.sender.ending, ENDING_GOODBYE);
    assert_int_equal(pair.receiver.ending, ENDING_TURNED_AWAY);
    talk(&pair); /* neither answers */
    pair_close(&pair);
}

static void a_welcome_that_admits_less_lowers_what_is_sent(void **state)
{
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    pair.receiver.options.batch_items_max = 7;
    give(&pair, 70);
    talk(&pair);
    assert_int_equal(pair.sender.options.batch_items_max, 7);
    assert_int_equal(pair.taken, 70);
    assert_int_equal(pair.receiver.state, SESSION_OPEN);
    pair_close(&pair);
}

/* Whatever is acknowledged, and however often the sender comes anew. */
static void credit_comes_no_faster_than_the_rate(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, BUS_DIAL);
    pair.receiver.options.items_per_s = 40;
    give(&pair, 2000);
    talk(&pair);
    assert_int_equal(pair.taken, 0);
    for (int tick = 0; tick < 40; tick++) { /* ten seconds */
        pair.now_ms += 250;
        talk(&pair);
        pair.stream.acked = pair.stream.received;
        talk(&pair);
    }
    assert_true(pair.taken > 350 && pair.taken <= 400);
    uint64_t taken = pair.taken;
    pair.now_ms += 3600000; /* an hour of rest is worth two seconds */
    talk(&pair);
    pair.stream.acked = pair.stream.received;
    talk(&pair);
    assert_true(pair.taken - taken <= 80 && pair.taken > taken);
    taken = pair.taken;
    for (int again = 0; again < 20; again++) {
        pair_end(&pair);
        pair_begin(&pair, BUS_DIAL);
        pair.receiver.options.items_per_s = 40;
        talk(&pair);
    }
    assert_int_equal(pair.taken, taken);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_may_dial),
        cmocka_unit_test(a_sender_that_overdraws_at_once_has_said_nothing_of_its_stream),
        cmocka_unit_test(nothing_is_sent_beyond_the_credit),
        cmocka_unit_test(a_next_session_goes_on_where_the_receiver_is_safe),
        cmocka_unit_test(a_receiver_that_knows_nothing_begins_where_the_outbox_does),
        cmocka_unit_test(a_resume_beyond_what_was_sent_or_before_what_is_kept_is_refused),
        cmocka_unit_test(what_a_receiver_lacks_is_reckoned_from_where_the_epoch_begins),
        cmocka_unit_test(silence_of_three_heartbeats_is_down),
        cmocka_unit_test(marks_wait_for_their_items_and_the_older_are_not_starved_by_newer),
        cmocka_unit_test(what_was_promised_is_said_where_it_belongs),
        cmocka_unit_test(an_earlier_promise_overtakes_one_that_waits),
        cmocka_unit_test(a_good_bye_is_no_refusal),
        cmocka_unit_test(a_welcome_that_admits_less_lowers_what_is_sent),
        cmocka_unit_test(credit_comes_no_faster_than_the_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
