/* The contract of the bus, whatever the driver: what is submitted arrives, once, in order. */
#include "bus_world.h"
#include "proto/limits.h"

#include <string.h>

#define LISTENS .end = BUS_LISTEN
#define DIALS   .end = BUS_DIAL

static void items_arrive_in_order_in_batches(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    giver_open(&giver, world, &(struct sender_options){DIALS});
    assert_int_equal(giver_give(&giver, 5000), 5000);
    world_until(world, giver.acked == 5000);
    assert_int_equal(taker.count, 5000);
    assert_int_equal(taker.first, 1);
    assert_true(taker.batches < 50); /* submitted together, travelled together */
    assert_true(taker.batch_most <= LIMIT_BATCH_ITEMS);
    assert_int_equal(sender_acked(giver.sender), 5000);
    assert_int_equal(sender_stats(giver.sender)->sent, 5000);
    assert_int_equal(sender_stats(giver.sender)->resent, 0);
    assert_int_equal(sender_stats(giver.sender)->acked, 5000);
    assert_int_equal(receiver_stats(taker.receiver)->received, 5000);
    assert_int_equal(giver.ups, 1);
    assert_int_equal(taker.ups, 1);
    assert_string_equal(taker.name, "giver");
    giver_close(&giver);
    world_until(world, giver.closed && taker.downs == 1);
    assert_string_equal(taker.reason, "closed");
    taker_close(&taker);
    world_until(world, taker.closed);
}

static void a_listening_sender_serves_a_dialling_receiver(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){LISTENS, .epoch = 9});
    assert_int_equal(giver_give(&giver, 3000), 3000); /* kept before the first receiver is known */
    world_rest(world, 20);
    assert_int_equal(sender_acked(giver.sender), 0);
    taker_open(&taker, world, &(struct receiver_options){DIALS});
    world_until(world, giver.acked == 3000);
    assert_int_equal(taker.count, 3000);
    assert_int_equal(taker.epoch, 9);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void two_hundred_thousand_items_arrive_through_a_small_outbox(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .window_items = 4096});
    giver_open(&giver, world, &(struct sender_options){DIALS, .outbox_bytes_max = 100000});
    giver_give_all(&giver, 200000);
    world_until(world, giver.acked == 200000);
    assert_int_equal(taker.count, 200000);
    assert_true(giver.rooms > 0);
    assert_int_equal(receiver_stats(taker.receiver)->duplicates, 0);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

/* An intruder of the same name takes the place of the session, again and again: both ends keep their memory, the line
 * is cut in the midst of everything. */
static void dropped_sessions_resume_without_loss_or_repetition(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_EVERY_SEVENTH};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .heartbeat_ms = 1000});
    giver_open(&giver, world, &(struct sender_options){DIALS, .heartbeat_ms = 1000});
    for (int round = 0; round < 4; round++) {
        world_until(world, sender_peers(giver.sender) == 1);
        giver_give_all(&giver, 5000);
        int ups = giver.ups;
        struct raw raw = {.says_hello = true, .hello = hello_of("giver", LINK_SENDER, 1)};
        raw_open(&raw, world, BUS_DIAL);
        world_until(world, raw.welcomes > 0);
        assert_true(raw.resume_position <= sender_position(giver.sender));
        raw_close(&raw);
        world_until(world, giver.ups > ups);
        taker.acking = round % 2 == 0 ? ACKS_AT_ONCE : ACKS_EVERY_SEVENTH;
    }
    taker.acking = ACKS_AT_ONCE;
    giver_give_all(&giver, 10);
    world_until(world, giver.acked == 20010);
    assert_int_equal(taker.count, 20010); /* that it was in order is asserted at each batch */
    assert_int_equal(sender_stats(giver.sender)->sent, 20010 + sender_stats(giver.sender)->resent);
    assert_true(giver.refusals + giver.downs >= 4);
    assert_true(giver.replaced > 0);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void what_was_received_but_not_acknowledged_is_sent_again_and_dropped(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    giver_open(&giver, world, &(struct sender_options){DIALS});
    giver_give_all(&giver, 1000);
    world_until(world, taker.count == 1000);
    receiver_ack(taker.receiver, "giver", 1, 400);
    world_until(world, giver.acked == 400);
    struct raw raw = {.says_hello = true, .hello = hello_of("giver", LINK_SENDER, 1)};
    raw_open(&raw, world, BUS_DIAL);
    world_until(world, raw.welcomes > 0);
    assert_int_equal(raw.resume_position, 400);
    raw_close(&raw);
    world_until(world, receiver_stats(taker.receiver)->duplicates == 600);
    assert_int_equal(sender_stats(giver.sender)->resent, 600);
    assert_int_equal(taker.count, 1000);
    receiver_ack(taker.receiver, "giver", 1, 1000);
    world_until(world, giver.acked == 1000);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void an_ack_while_the_peer_is_down_is_remembered(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    giver_open(&giver, world, &(struct sender_options){DIALS});
    giver_give_all(&giver, 100);
    world_until(world, taker.count == 100);
    giver_close(&giver);
    world_until(world, giver.closed && taker.downs == 1);
    receiver_ack(taker.receiver, "giver", 1, 70);
    struct raw raw = {.says_hello = true, .hello = hello_of("giver", LINK_SENDER, 1)};
    raw_open(&raw, world, BUS_DIAL);
    world_until(world, raw.welcomes > 0);
    assert_int_equal(raw.resume_position, 70);
    raw_close(&raw);
    taker_close(&taker);
    world_until(world, taker.closed);
}

static void a_listener_that_restarts_is_found_again_and_sent_what_nobody_has(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){DIALS}); /* before anybody listens */
    giver_give_all(&giver, 1000);
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .window_items = 512});
    world_until(world, giver.acked == 1000);
    taker.acking = ACKS_NEVER;
    giver_give_all(&giver, 300);
    world_until(world, taker.count == 1300);
    taker_close(&taker);
    world_until(world, taker.closed && giver.downs == 1);
    giver_give_all(&giver, 5000);
    taker = (struct taker){0}; /* it remembers nothing */
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .window_items = 512});
    world_until(world, giver.acked == 6300);
    assert_int_equal(taker.first,
                     1001); /* from the first that was not acknowledged, beyond any window counted from 0 */
    assert_int_equal(taker.count, 5300);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void a_new_epoch_of_a_name_begins_anew(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        struct giver giver = {0};
        giver_open(&giver, world, &(struct sender_options){DIALS, .epoch = epoch});
        giver_give_all(&giver, 100);
        world_until(world, giver.acked == 100);
        assert_int_equal(taker.epoch, epoch);
        assert_int_equal(taker.first, 1);
        giver_close(&giver);
        world_until(world, giver.closed);
    }
    assert_int_equal(taker.count, 300);
    taker_close(&taker);
    world_until(world, taker.closed);
}

static void a_full_outbox_says_again_and_then_room(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){DIALS, .outbox_bytes_max = 64 * 1024});
    uint64_t given = giver_give(&giver, 100000);
    assert_true(given > 100 && given < 5000);
    assert_int_equal(giver_give(&giver, 1), 0);
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    world_until(world, giver.rooms == 1);
    assert_int_equal(giver_give(&giver, 1), 1);
    world_until(world, giver.acked == given + 1);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void credit_bounds_what_is_under_way(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .window_items = 100});
    giver_open(&giver, world, &(struct sender_options){DIALS});
    giver_give_all(&giver, 1000);
    world_until(world, taker.count == 100);
    world_rest(world, 50);
    assert_int_equal(taker.count, 100);
    assert_int_equal(sender_stats(giver.sender)->sent, 100);
    receiver_ack(taker.receiver, "giver", 1, 60);
    world_until(world, taker.count == 160);
    world_rest(world, 50);
    assert_int_equal(taker.count, 160);
    taker.acking = ACKS_AT_ONCE;
    receiver_ack(taker.receiver, "giver", 1, 160);
    world_until(world, giver.acked == 1000);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void a_held_receiver_takes_nothing_and_keeps_its_peers(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .window_items = 1000000});
    giver_open(&giver, world, &(struct sender_options){DIALS, .outbox_bytes_max = 8u << 20});
    giver_give_all(&giver, 10);
    world_until(world, giver.acked == 10);
    receiver_set_flow(taker.receiver, RECEIVER_HELD);
    (void)giver_give(&giver, 100000); /* the outbox is the bound */
    uint64_t submitted = sender_position(giver.sender);
    assert_true(submitted < 100010);
    uint64_t before = taker.count;
    world_rest(world, 6 * HEARTBEAT_MS); /* longer than a silent peer would be borne */
    assert_int_equal(taker.count, before);
    assert_int_equal(giver.downs + taker.downs + giver.refusals + taker.refusals, 0);
    receiver_set_flow(taker.receiver, RECEIVER_FLOWS);
    world_until(world, giver.acked == submitted);
    assert_int_equal(giver.ups, 1);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void a_loop_that_was_busy_elsewhere_does_not_call_its_peers_silent(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    giver_open(&giver, world, &(struct sender_options){DIALS});
    world_until(world, giver.ups == 1);
    for (int i = 0; i < 3; i++) {
        uv_sleep(4 * HEARTBEAT_MS);
        world_rest(world, HEARTBEAT_MS / 2);
    }
    assert_int_equal(giver.downs + taker.downs + giver.refusals + taker.refusals, 0);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void items_too_large_are_refused_when_submitted(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    static char large[70000];
    uint64_t position = 0;
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .item_bytes_max = 1000});
    giver_open(&giver, world, &(struct sender_options){DIALS});
    assert_int_equal(sender_submit(giver.sender, (struct span){large, 65537}, &position), STATUS_TOO_LARGE);
    world_until(world, giver.ups == 1);
    assert_int_equal(sender_submit(giver.sender, (struct span){large, 1001}, &position), STATUS_TOO_LARGE);
    assert_int_equal(sender_submit(giver.sender, (struct span){large, 1000}, &position), STATUS_OK);
    assert_int_equal(position, 1);
    world_until(world, giver.acked == 1);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void an_item_in_the_outbox_that_the_listener_does_not_admit_ends_the_session_with_the_reason(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    static char large[2000];
    uint64_t position = 0;
    giver_open(&giver, world, &(struct sender_options){DIALS});
    assert_int_equal(sender_submit(giver.sender, (struct span){large, 2000}, &position), STATUS_OK);
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .item_bytes_max = 1000});
    world_until(world, giver.refusals > 0 && taker.refusals > 0);
    assert_string_equal(giver.reason, "item 1 is of 2000 bytes: the peer admits at most 1000");
    assert_string_equal(taker.reason, giver.reason);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void an_item_that_the_listener_does_not_admit_is_passed_over_where_somebody_takes_it(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {.passes_over = true};
    static char large[2000];
    uint64_t position = 0;
    giver_open(&giver, world, &(struct sender_options){DIALS});
    assert_int_equal(giver_give(&giver, 5), 5);
    assert_int_equal(sender_submit(giver.sender, (struct span){large, 2000}, &position), STATUS_OK);
    assert_int_equal(giver_give(&giver, 5), 5);
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .item_bytes_max = 1000});
    world_until(world, taker.count == 11);
    assert_int_equal(taker.empty, 1); /* in its place: positions have no holes */
    taker_close(&taker);
    world_until(world, taker.closed);
    taker = (struct taker){0}; /* sent again, it is passed over again, and told once */
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .item_bytes_max = 1000});
    world_until(world, giver.acked == 11);
    assert_int_equal(taker.empty, 1);
    assert_int_equal(giver.passed, 1);
    assert_int_equal(sender_stats(giver.sender)->passed, 1);
    assert_int_equal(giver.refusals, 0);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void one_large_item_travels_alone(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    size_t size = 3u << 20;
    char *large = calloc(1, size);
    uint64_t position = 0;
    assert_non_null(large);
    giver_open(&giver, world, &(struct sender_options){LISTENS, .outbox_item_max = 4u << 20});
    taker_open(&taker, world, &(struct receiver_options){DIALS, .item_bytes_max = 4u << 20});
    assert_int_equal(giver_give(&giver, 10), 10);
    assert_int_equal(sender_submit(giver.sender, (struct span){large, size}, &position), STATUS_OK);
    assert_int_equal(giver_give(&giver, 10), 10);
    world_until(world, giver.acked == 21);
    assert_true(taker.batches >= 3);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
    free(large);
}

static void a_receiver_refuses_a_sender_of_larger_items_than_it_admits(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){LISTENS, .outbox_item_max = 4u << 20});
    taker_open(&taker, world, &(struct receiver_options){DIALS});
    world_until(world, taker.refusals > 0 && giver.refusals > 0);
    assert_string_equal(giver.reason, "items of up to 4194304 bytes are announced, 65536 are admitted here");
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void marks_come_after_the_items_they_hold_for(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .window_items = 100});
    giver_open(&giver, world, &(struct sender_options){DIALS});
    giver_give_all(&giver, 150);
    struct source_mark mark = {SPAN("desk"), 1000, SOURCE_LIVE};
    assert_int_equal(sender_marks(giver.sender, &mark, 1), STATUS_OK);
    world_until(world, taker.count == 100);
    world_rest(world, 3 * HEARTBEAT_MS);
    assert_int_equal(taker.marks, 0); /* they came, and wait for 150 */
    mark.watermark_ms = 2000;         /* still for 150 */
    assert_int_equal(sender_marks(giver.sender, &mark, 1), STATUS_OK);
    receiver_ack(taker.receiver, "giver", 1, 100);
    world_until(world, taker.marks > 0);
    assert_int_equal(taker.marks_seen_at, 150);
    world_until(world, taker.watermark_ms == 2000);
    uint64_t marks = taker.marks;
    world_until(world, taker.marks > marks); /* with every heartbeat */
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

static void marks_and_acks_due_at_the_end_are_said_before_it(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    const struct source_mark mark = {SPAN("desk"), 1757453400000, SOURCE_ENDED};
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .heartbeat_ms = 5000});
    giver_open(&giver, world, &(struct sender_options){DIALS, .heartbeat_ms = 5000});
    giver_give_all(&giver, 100);
    world_until(world, taker.count == 100);
    assert_int_equal(taker.marks, 0);
    assert_int_equal(sender_marks(giver.sender, &mark, 1), STATUS_OK);
    giver_close(&giver);
    world_until(world, giver.closed && taker.downs == 1);
    assert_int_equal(taker.marks, 1);
    assert_string_equal(taker.reason, "closed");

    struct giver second = {0};
    giver_open(&second, world, &(struct sender_options){DIALS, .epoch = 2, .heartbeat_ms = 5000});
    giver_give_all(&second, 70);
    world_until(world, taker.count == 170);
    receiver_ack(taker.receiver, "giver", 2, 70);
    taker_close(&taker);
    world_until(world, taker.closed && second.downs == 1);
    assert_string_equal(second.reason, "closed"); /* it heard the last word, and so what was said before */
    assert_int_equal(second.acked, 70);
    giver_close(&second);
    world_until(world, second.closed);
}

static void more_marks_than_a_frame_carries_are_refused_when_given(void **state)
{
    struct world *world = *state;
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){DIALS});
    static struct source_mark marks[LIMIT_HEARTBEAT_MARKS + 1];
    for (size_t i = 0; i <= LIMIT_HEARTBEAT_MARKS; i++)
        marks[i] = (struct source_mark){SPAN("desk"), 0, SOURCE_LIVE};
    assert_int_equal(sender_marks(giver.sender, marks, LIMIT_HEARTBEAT_MARKS), STATUS_OK);
    assert_int_equal(sender_marks(giver.sender, marks, LIMIT_HEARTBEAT_MARKS + 1), STATUS_TOO_LARGE);
    giver_close(&giver);
    world_until(world, giver.closed);
}

static void handles_may_be_closed_within_their_own_callbacks(void **state)
{
    struct world *world = *state;
    for (uint64_t round = 0; round < 5; round++) {
        struct taker taker = {.close_at = 1 + round * 700};
        struct giver giver = {.close_when_acked = round % 2 == 0};
        taker_open(&taker, world, &(struct receiver_options){LISTENS});
        giver_open(&giver, world, &(struct sender_options){DIALS});
        giver_give_all(&giver, 5000);
        world_until(world, taker.closed == 1);
        giver_close(&giver);
        world_until(world, giver.closed == 1);
    }
    struct taker taker = {0};
    struct giver giver = {.close_when_up = 1};
    giver_open(&giver, world, &(struct sender_options){LISTENS});
    taker_open(&taker, world, &(struct receiver_options){DIALS});
    world_until(world, giver.closed == 1);
    taker_close(&taker);
    world_until(world, taker.closed == 1);
}

static void a_url_in_use_is_said_to_be(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct receiver *second = NULL;
    char reason[256] = "";
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    struct receiver_events events = {
        .batch = (void (*)(void *, const struct peer *, uint64_t, const struct span *, size_t))(void (*)(void))abort};
    struct receiver_options options = {.url = world->url, LISTENS, .name = "second"};
    assert_int_equal(receiver_open(world->bus, &options, &events, &second, reason), STATUS_BUSY);
    assert_null(second);
    assert_non_null(strstr(reason, world->url + 6));
    taker_close(&taker);
    world_until(world, taker.closed);
}

static void one_peer_more_than_admitted_is_refused(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver givers[3] = {{0}};
    const char *const names[] = {"agent-1", "agent-2", "agent-3"};
    taker_open(&taker, world, &(struct receiver_options){LISTENS, .peers_max = 2});
    for (size_t i = 0; i < 2; i++)
        giver_open(&givers[i], world, &(struct sender_options){DIALS, .name = names[i]});
    world_until(world, taker.ups == 2);
    giver_open(&givers[2], world, &(struct sender_options){DIALS, .name = names[2]});
    world_until(world, givers[2].refusals > 0);
    assert_string_equal(givers[2].reason, "2 peers are connected: no more are admitted");
    assert_int_equal(taker.ups, 2);
    giver_close(&givers[0]);
    world_until(world, givers[2].ups == 1); /* it went on trying */
    for (size_t i = 1; i < 3; i++)
        giver_close(&givers[i]);
    taker_close(&taker);
    world_until(world, givers[1].closed && givers[2].closed && taker.closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int contract_run(const struct bus_contract *with)
{
    const struct CMUnitTest tests[] = {
        TEST(items_arrive_in_order_in_batches),
        TEST(a_listening_sender_serves_a_dialling_receiver),
        TEST(two_hundred_thousand_items_arrive_through_a_small_outbox),
        TEST(dropped_sessions_resume_without_loss_or_repetition),
        TEST(what_was_received_but_not_acknowledged_is_sent_again_and_dropped),
        TEST(an_ack_while_the_peer_is_down_is_remembered),
        TEST(a_listener_that_restarts_is_found_again_and_sent_what_nobody_has),
        TEST(a_new_epoch_of_a_name_begins_anew),
        TEST(a_full_outbox_says_again_and_then_room),
        TEST(credit_bounds_what_is_under_way),
        TEST(a_held_receiver_takes_nothing_and_keeps_its_peers),
        TEST(a_loop_that_was_busy_elsewhere_does_not_call_its_peers_silent),
        TEST(items_too_large_are_refused_when_submitted),
        TEST(an_item_in_the_outbox_that_the_listener_does_not_admit_ends_the_session_with_the_reason),
        TEST(an_item_that_the_listener_does_not_admit_is_passed_over_where_somebody_takes_it),
        TEST(one_large_item_travels_alone),
        TEST(a_receiver_refuses_a_sender_of_larger_items_than_it_admits),
        TEST(marks_come_after_the_items_they_hold_for),
        TEST(marks_and_acks_due_at_the_end_are_said_before_it),
        TEST(more_marks_than_a_frame_carries_are_refused_when_given),
        TEST(handles_may_be_closed_within_their_own_callbacks),
        TEST(a_url_in_use_is_said_to_be),
        TEST(one_peer_more_than_admitted_is_refused),
    };
    contract = with;
    return cmocka_run_group_tests_name(with->name, tests, NULL, NULL);
}
