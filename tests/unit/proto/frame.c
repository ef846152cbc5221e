#include "tests/unit/proto/unit.h"

static struct arena arena;
static struct text bytes;

static struct frame round_trip(const struct frame *frame)
{
    char reason[REASON_BYTES] = "";
    struct frame again;
    text_clear(&bytes);
    assert_int_equal(frame_pack(frame, &bytes), STATUS_OK);
    enum status status = frame_unpack((struct span){bytes.data, bytes.size}, LIMIT_BATCH_BYTES, &arena, &again, reason);
    if (status != STATUS_OK)
        fail_msg("%s", reason);
    assert_int_equal(again.kind, frame->kind);
    return again;
}

static void refused(struct span wire, const char *expected)
{
    char reason[REASON_BYTES] = "";
    struct frame frame;
    assert_int_equal(frame_unpack(wire, LIMIT_BATCH_BYTES, &arena, &frame, reason), STATUS_INVALID);
    assert_says(reason, expected);
}

static void hello_and_welcome_come_back(void **state)
{
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {LINK_VERSION, SPAN("store-1"), 0, LINK_RECEIVER, UINT64_MAX, 17}};
    struct frame again = round_trip(&hello);
    assert_int_equal(again.hello.version, 1);
    assert_span_is(again.hello.name, "store-1");
    assert_int_equal(again.hello.role, LINK_RECEIVER);
    assert_true(again.hello.resume_epoch == UINT64_MAX && again.hello.resume_position == 17);
    struct frame welcome = {.kind = FRAME_WELCOME,
                            .welcome = {LINK_VERSION, SPAN("correlator"), 3, 4, 65536, 1048576, 1024, 2000}};
    again = round_trip(&welcome);
    assert_span_is(again.welcome.name, "correlator");
    assert_int_equal(again.welcome.epoch, 3);
    assert_int_equal(again.welcome.resume_position, 4);
    assert_int_equal(again.welcome.item_bytes_max, 65536);
    assert_int_equal(again.welcome.frame_bytes_max, 1048576);
    assert_int_equal(again.welcome.batch_items_max, 1024);
    assert_int_equal(again.welcome.heartbeat_ms, 2000);
}

static void ack_credit_and_refusal_come_back(void **state)
{
    struct frame ack = {.kind = FRAME_ACK, .ack = {0}};
    assert_int_equal(round_trip(&ack).ack.position, 0);
    struct frame credit = {.kind = FRAME_CREDIT, .credit = {1u << 20}};
    assert_int_equal(round_trip(&credit).credit.until, 1u << 20);
    struct frame refusal = {.kind = FRAME_REFUSAL, .refusal = {SPAN("version 2 is not spoken here")}};
    assert_span_is(round_trip(&refusal).refusal.reason, "version 2 is not spoken here");
}

static void a_heartbeat_keeps_marks_that_promise_nothing(void **state)
{
    const struct source_mark marks[] = {{SPAN("desk"), TIME_NONE, SOURCE_DEAD}, {SPAN("list"), 0, SOURCE_ENDED}};
    struct frame heartbeat = {.kind = FRAME_HEARTBEAT, .heartbeat = {9, marks, 2}};
    struct frame again = round_trip(&heartbeat);
    assert_int_equal(again.heartbeat.position, 9);
    assert_int_equal(again.heartbeat.count, 2);
    assert_true(again.heartbeat.marks[0].watermark_ms == TIME_NONE);
    assert_int_equal(again.heartbeat.marks[0].state, SOURCE_DEAD);
    assert_true(again.heartbeat.marks[1].watermark_ms == 0);
    assert_span_is(again.heartbeat.marks[1].source, "list");
    heartbeat.heartbeat.count = 0;
    assert_int_equal(round_trip(&heartbeat).heartbeat.count, 0);
}

static void the_largest_heartbeat_fits(void **state)
{
    static struct source_mark marks[LIMIT_HEARTBEAT_MARKS + 1];
    static char name[LIMIT_NAME_BYTES];
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < LIMIT_HEARTBEAT_MARKS; i++)
        marks[i] = (struct source_mark){{name, sizeof name}, LIMIT_TIME_MS_MIN, SOURCE_BLOCKED};
    struct frame heartbeat = {.kind = FRAME_HEARTBEAT, .heartbeat = {UINT64_MAX, marks, LIMIT_HEARTBEAT_MARKS}};
    assert_int_equal(round_trip(&heartbeat).heartbeat.count, LIMIT_HEARTBEAT_MARKS);
    heartbeat.heartbeat.count++;
    assert_int_equal(frame_pack(&heartbeat, &bytes), STATUS_TOO_LARGE);
}

static void a_batch_borrows_its_items_from_the_bytes(void **state)
{
    const struct span items[] = {SPAN("one"), SPAN(""), SPAN("three\0")};
    struct frame batch = {.kind = FRAME_BATCH, .batch = {300, items, 3}};
    struct frame again = round_trip(&batch);
    assert_int_equal(again.batch.first, 300);
    assert_int_equal(again.batch.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(span_equal(again.batch.items[i], items[i]));
        assert_true(again.batch.items[i].data >= bytes.data && again.batch.items[i].data <= bytes.data + bytes.size);
    }
}

static void a_batch_keeps_to_its_limits(void **state)
{
    static struct span items[LIMIT_BATCH_ITEMS + 1];
    static char large[LIMIT_BATCH_BYTES];
    struct frame batch = {.kind = FRAME_BATCH, .batch = {1, items, LIMIT_BATCH_ITEMS}};
    assert_int_equal(round_trip(&batch).batch.count, LIMIT_BATCH_ITEMS);
    batch.batch.count++;
    text_clear(&bytes);
    assert_int_equal(frame_pack(&batch, &bytes), STATUS_TOO_LARGE);
    items[0] = (struct span){large, sizeof large};
    batch.batch.count = 2;
    assert_int_equal(frame_pack(&batch, &bytes), STATUS_TOO_LARGE);
    assert_int_equal(bytes.size, 0);
    batch.batch.count = 1; /* a single large episode may pass */
    assert_int_equal(frame_pack(&batch, &bytes), STATUS_OK);
    refused((struct span){bytes.data, bytes.size}, "frame: ");
}

static void a_mebibyte_of_empty_items_takes_next_to_nothing(void **state)
{
    static char hostile[LIMIT_BATCH_BYTES];
    memcpy(hostile, "\x1a\xfc\xff\x3f\x08\x01", 6); /* a batch of 1,048,572 bytes, first = 1 */
    for (size_t i = 6; i + 1 < sizeof hostile; i += 2)
        memcpy(hostile + i, "\x12\x00", 2);
    struct arena own;
    arena_init(&own, (size_t)1 << 30);
    char reason[REASON_BYTES] = "";
    struct frame frame;
    assert_int_equal(frame_unpack((struct span){hostile, sizeof hostile}, LIMIT_BATCH_BYTES, &own, &frame, reason),
                     STATUS_INVALID);
    assert_says(reason, "batch: 524285 items, expected at most 1024");
    assert_int_equal(own.taken, 0);
    arena_fini(&own);
}

static void what_is_no_frame_is_refused(void **state)
{
    refused(SPAN(""), "frame: no body");
    refused(SPAN("\x42\x00"), "frame: no body"); /* field 8: not known here */
    refused(SPAN("\x1a\x02\x08\x01"), "batch: no items");
    refused(SPAN("\x1a\x02\x12\x00"), "batch.first: 0");
    refused(SPAN("\x1a\x04\x08\x01\x10\x00"), "batch: field 2 has wire type 0");
    refused(SPAN("\x1a\x05\x08\x01\x12\x00"), "frame: malformed or truncated");
    refused(SPAN("\x1a\x03\x08\x01\x12"), "batch: malformed or truncated");
    refused(SPAN("\x22\x02\x08\x01\x2a\x02\x08\x01"), "frame: two bodies, 4 and 5");
    refused(SPAN("\x20\x01"), "frame: field 4 has wire type 0");
    refused(SPAN("\x0b\x0c"), "frame: malformed"); /* a group */
    refused(SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "frame: malformed");
    refused(SPAN("\x1a\x0d\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\x00"), "batch.first: 18446744073709551615");
    refused(SPAN("\x0a\x03\x12\x01\x61"), "hello.role is missing");
    refused(SPAN("\x0a\x05\x12\x01\x61\x20\x07"), "hello.role: value 7 is unknown");
    refused(SPAN("\x0a\x05\x12\x01\x2f\x20\x01"), "hello.name: \"/\", expected");
    refused(SPAN("\x32\x04\x12\x02\x18\x01"), "a mark names no source");
    refused(SPAN("\x32\x05\x12\x03\x0a\x01\x61"), "heartbeat: state is missing");
    refused(SPAN("\x3a\x03\x0a\x01\xff"), "refusal.reason: ");
}

static void unknown_fields_are_skipped(void **state)
{
    char reason[REASON_BYTES] = "";
    struct frame frame;
    struct span wire = SPAN("\x78\x05\x1a\x0d\x08\x01\x12\x00\x19"
                            "12345678"
                            "\x7d"
                            "1234");
    assert_int_equal(frame_unpack(wire, 100, &arena, &frame, reason), STATUS_OK);
    assert_int_equal(frame.kind, FRAME_BATCH);
    assert_int_equal(frame.batch.count, 1);
}

static void the_callers_limit_is_kept(void **state)
{
    char reason[REASON_BYTES] = "";
    struct frame frame;
    struct span wire = SPAN("\x22\x02\x08\x01");
    assert_int_equal(frame_unpack(wire, 4, &arena, &frame, reason), STATUS_OK);
    assert_int_equal(frame_unpack(wire, 3, &arena, &frame, reason), STATUS_INVALID);
    assert_says(reason, "frame: 4 bytes, expected at most 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_and_welcome_come_back),
        cmocka_unit_test(ack_credit_and_refusal_come_back),
        cmocka_unit_test(a_heartbeat_keeps_marks_that_promise_nothing),
        cmocka_unit_test(the_largest_heartbeat_fits),
        cmocka_unit_test(a_batch_borrows_its_items_from_the_bytes),
        cmocka_unit_test(a_batch_keeps_to_its_limits),
        cmocka_unit_test(a_mebibyte_of_empty_items_takes_next_to_nothing),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(the_callers_limit_is_kept),
    };
    arena_init(&arena, 1 << 26);
    int failed = cmocka_run_group_tests_name("frame", tests, NULL, NULL);
    arena_fini(&arena);
    text_fini(&bytes);
    return failed;
}
