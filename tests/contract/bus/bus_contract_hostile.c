/* Strangers at the door: whatever they say is refused and counted, and disturbs nobody. */
#include "bus_world.h"
#include "proto/limits.h"

#include <string.h>

struct house {
    struct world *world;
    struct taker taker;
    struct giver giver; /* the honest peer */
};

static void house_open(struct house *house, struct world *world)
{
    *house = (struct house){.world = world};
    taker_open(&house->taker, world, &(struct receiver_options){.end = BUS_LISTEN, .window_items = 1000});
    giver_open(&house->giver, world, &(struct sender_options){.end = BUS_DIAL});
    giver_give_all(&house->giver, 100);
    world_until(world, house->giver.acked == 100);
}

/* The honest peer was not disturbed, and still is served. */
static void house_close(struct house *house)
{
    uint64_t count = sender_position(house->giver.sender);
    giver_give_all(&house->giver, 100);
    world_until(house->world, house->giver.acked == count + 100);
    assert_int_equal(house->giver.ups, 1);
    assert_int_equal(house->giver.downs + house->giver.refusals, 0);
    giver_close(&house->giver);
    taker_close(&house->taker);
    world_until(house->world, house->giver.closed && house->taker.closed);
}

/* Says it as the first word, or after a proper Hello, and expects a refusal that contains the words. */
static void stranger_says(struct house *house, bool greets, const struct frame *frame, struct span bytes,
                          const char *words)
{
    struct raw raw = {.says_hello = greets, .hello = hello_of("stranger", LINK_SENDER, 3)};
    uint64_t refusals = receiver_stats(house->taker.receiver)->refusals;
    raw_open(&raw, house->world, BUS_DIAL);
    world_until(house->world, raw.ups > 0 && (!greets || raw.credit > 0));
    if (frame != NULL)
        raw_say(&raw, frame);
    else
        raw_say_bytes(&raw, bytes);
    world_until(house->world, raw.refusals > 0);
    if (strstr(raw.reason, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", raw.reason, words);
    assert_int_equal(receiver_stats(house->taker.receiver)->refusals, refusals + 1);
    raw_close(&raw);
}

static void bytes_that_are_no_frame_are_refused(void **state)
{
    struct house house;
    house_open(&house, *state);
    stranger_says(&house, false, NULL, SPAN(""), "");
    stranger_says(&house, false, NULL, SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "");
    stranger_says(&house, false, NULL, SPAN("GET / HTTP/1.1\r\n\r\n"), "");
    stranger_says(&house, true, NULL, SPAN("\x1a\x7f"), "");
    assert_int_equal(receiver_stats(house.taker.receiver)->malformed, 4);
    house_close(&house);
}

static void random_bytes_disturb_nobody(void **state)
{
    struct house house;
    house_open(&house, *state);
    struct raw raw = {0};
    raw_open(&raw, *state, BUS_DIAL);
    world_until(house.world, raw.ups > 0);
    uint32_t seed = 20250910;
    print_message("seed %u\n", seed);
    for (int i = 0; i < 2000; i++) {
        char bytes[64];
        for (size_t j = 0; j < sizeof bytes; j++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[j] = (char)(seed >> 24);
        }
        world_until(house.world,
                    raw.line != 0 && !raw.full); /* a line that was refused is cut after a while, and dialled anew */
        raw_say_bytes(&raw, (struct span){bytes, seed % sizeof bytes});
        if (i % 16 == 15)
            world_turn(house.world);
    }
    world_until(house.world, raw.refusals > 0);
    assert_true(receiver_stats(house.taker.receiver)->malformed > 0);
    raw_close(&raw);
    house_close(&house);
}

static void frames_out_of_their_place_are_refused(void **state)
{
    struct house house;
    house_open(&house, *state);
    struct span item = SPAN("item");
    struct frame batch = {.kind = FRAME_BATCH, .batch = {1, &item, 1}};
    struct frame ack = {.kind = FRAME_ACK, .ack = {1}};
    struct frame welcome = {.kind = FRAME_WELCOME, .welcome = {1, SPAN("x"), 1, 0, 1000, 1000, 10, 1000}};
    struct frame hello = hello_of("stranger", LINK_SENDER, 3);
    stranger_says(&house, false, &batch, SPAN(""), "a Batch before the greeting");
    stranger_says(&house, false, &ack, SPAN(""), "a Ack before the greeting");
    stranger_says(&house, false, &welcome, SPAN(""), "a Welcome before the greeting");
    stranger_says(&house, true, &ack, SPAN(""), "a Ack from a sender");
    stranger_says(&house, true, &hello, SPAN(""), "a Hello in the midst of a session");
    assert_int_equal(receiver_stats(house.taker.receiver)->malformed, 5);
    house_close(&house);
}

static void greetings_that_do_not_fit_are_refused(void **state)
{
    struct house house;
    house_open(&house, *state);
    struct frame hello = hello_of("stranger", LINK_SENDER, 3);
    hello.hello.version = 99;
    stranger_says(&house, false, &hello, SPAN(""), "version 99 of the link: expected 1");
    hello = hello_of("stranger", LINK_RECEIVER, 0);
    stranger_says(&house, false, &hello, SPAN(""), "two receivers: expected the dialler to be the sender here");
    hello = hello_of("stranger", LINK_SENDER, 0);
    stranger_says(&house, false, &hello, SPAN(""), "epoch 0");
    hello = hello_of("../../etc", LINK_SENDER, 3);
    stranger_says(&house, false, &hello, SPAN(""), "name");
    hello = hello_of("", LINK_SENDER, 3);
    stranger_says(&house, false, &hello, SPAN(""), "name");
    house_close(&house);
}

static void batches_that_break_the_rules_are_refused(void **state)
{
    struct house house;
    static struct span items[LIMIT_BATCH_ITEMS];
    static char large[LIMIT_REPORT_BYTES + 1];
    house_open(&house, *state);
    for (size_t i = 0; i < LIMIT_BATCH_ITEMS; i++)
        items[i] = SPAN("item");
    struct frame batch = {.kind = FRAME_BATCH, .batch = {1, items, 1001}};
    stranger_says(&house, true, &batch, SPAN(""), "item 1001: credit was given up to 1000");
    struct span one = {large, sizeof large};
    batch.batch = (struct frame_batch){1, &one, 1};
    stranger_says(&house, true, &batch, SPAN(""), "item 1 is of 65537 bytes: at most 65536 are admitted");
    assert_int_equal(receiver_stats(house.taker.receiver)->malformed, 2);
    assert_int_equal(receiver_stats(house.taker.receiver)->gaps, 0);
    house_close(&house);
}

static void a_gap_in_the_positions_is_refused_and_counted(void **state)
{
    struct house house;
    house_open(&house, *state);
    struct raw raw = {.says_hello = true, .hello = hello_of("giver-c", LINK_SENDER, 3)};
    raw_open(&raw, *state, BUS_DIAL);
    world_until(house.world, raw.credit > 0);
    char bytes[256];
    size_t size = item_size(1);
    uint64_t position = 1;
    memset(bytes, 'b', size);
    memcpy(bytes, &position, sizeof position);
    struct span item = {bytes, size};
    struct frame batch = {.kind = FRAME_BATCH, .batch = {1, &item, 1}};
    raw_say(&raw, &batch);
    world_until(house.world, house.taker.counts_of['c' % 8] == 1);
    house.taker.name[0] = '\0';
    batch.batch.first = 3;
    raw_say(&raw, &batch);
    world_until(house.world, raw.refusals == 1);
    assert_string_equal(raw.reason, "a gap: item 3 came where 2 was expected");
    assert_int_equal(receiver_stats(house.taker.receiver)->gaps, 1);
    assert_int_equal(receiver_stats(house.taker.receiver)->malformed, 0);
    raw_close(&raw);
    house_close(&house);
}

/* Greater than the port admits: the line is cut, nobody else's. */
static void a_huge_frame_costs_its_sender_the_line(void **state)
{
    struct house house;
    house_open(&house, *state);
    size_t size = 8u << 20;
    char *bytes = calloc(1, size);
    assert_non_null(bytes);
    struct raw raw = {.says_hello = true, .hello = hello_of("stranger", LINK_SENDER, 3)};
    raw_open(&raw, *state, BUS_DIAL);
    world_until(house.world, raw.credit > 0);
    raw_say_bytes(&raw, (struct span){bytes, size});
    world_until(house.world, raw.downs > 0 && house.taker.downs == 1);
    raw_close(&raw);
    free(bytes);
    house_close(&house);
}

static void a_silent_peer_is_down_after_three_heartbeats(void **state)
{
    struct house house;
    house_open(&house, *state);
    struct raw raw = {.says_hello = true, .hello = hello_of("stranger", LINK_SENDER, 3)};
    raw_open(&raw, *state, BUS_DIAL);
    world_until(house.world, house.taker.ups == 2);
    uint64_t start = uv_hrtime();
    world_until(house.world, house.taker.downs == 1);
    assert_true(uv_hrtime() - start > 2ull * HEARTBEAT_MS * 1000000);
    assert_non_null(strstr(house.taker.reason, "silent for "));
    raw_close(&raw);
    house_close(&house);
}

/* A listener that answers nothing, then one that answers nonsense, then an honest one. */
static void a_dialler_outlives_bad_listeners(void **state)
{
    struct world *world = *state;
    struct giver giver = {0};
    struct raw raw = {0};
    raw_open(&raw, world, BUS_LISTEN);
    giver_open(&giver, world, &(struct sender_options){.end = BUS_DIAL});
    giver_give_all(&giver, 100);
    world_until(world, raw.ups >= 2); /* silence: it dialled again */
    int ups = raw.ups;
    world_until(world, raw.ups > ups);
    raw_say_bytes(&raw, SPAN("nonsense"));
    world_until(world, giver.refusals == 1);
    raw_close(&raw);
    struct taker taker = {0};
    taker_open(&taker, world, &(struct receiver_options){.end = BUS_LISTEN});
    world_until(world, giver.acked == 100);
    assert_int_equal(giver.ups, 1);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void an_ack_of_what_was_not_sent_is_refused(void **state)
{
    struct world *world = *state;
    struct giver giver = {0};
    struct raw raw = {.says_hello = true, .hello = hello_of("sink", LINK_RECEIVER, 0)};
    giver_open(&giver, world, &(struct sender_options){.end = BUS_LISTEN});
    giver_give_all(&giver, 100);
    raw_open(&raw, world, BUS_DIAL);
    world_until(world, raw.welcomes == 1);
    struct frame credit = {.kind = FRAME_CREDIT, .credit = {40}};
    raw_say(&raw, &credit);
    world_until(world, raw.item_count == 40);
    struct frame ack = {.kind = FRAME_ACK, .ack = {41}};
    raw_say(&raw, &ack);
    world_until(world, raw.refusals == 1);
    assert_string_equal(raw.reason, "an ack of 41: only 40 were sent");
    assert_int_equal(sender_acked(giver.sender), 0);
    assert_int_equal(sender_stats(giver.sender)->malformed, 1);
    raw_close(&raw);
    giver_close(&giver);
    world_until(world, giver.closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int contract_run_hostile(const struct bus_contract *with)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_that_are_no_frame_are_refused),      TEST(random_bytes_disturb_nobody),
        TEST(frames_out_of_their_place_are_refused),    TEST(greetings_that_do_not_fit_are_refused),
        TEST(batches_that_break_the_rules_are_refused), TEST(a_gap_in_the_positions_is_refused_and_counted),
        TEST(a_huge_frame_costs_its_sender_the_line),   TEST(a_silent_peer_is_down_after_three_heartbeats),
        TEST(a_dialler_outlives_bad_listeners),         TEST(an_ack_of_what_was_not_sent_is_refused),
    };
    contract = with;
    return cmocka_run_group_tests_name(with->name, tests, NULL, NULL);
}
