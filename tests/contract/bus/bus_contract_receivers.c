/* What every driver must do for a sender with several receivers: those here, those known, those forgotten. */
#include "bus_world.h"

#include <string.h>

#define DIALS   .end = BUS_DIAL
#define LISTENS .end = BUS_LISTEN

static void two_receivers_each_get_everything_and_the_slower_holds_the_outbox(void **state)
{
    struct world *world = *state;
    struct taker quick = {0};
    struct taker slow = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){LISTENS, .epoch = 5});
    taker_open(&quick, world, &(struct receiver_options){DIALS, .name = "quick"});
    taker_open(&slow, world, &(struct receiver_options){DIALS, .name = "slow"});
    world_until(world, sender_peers(giver.sender) == 2);
    giver_give_all(&giver, 2000);
    world_until(world, quick.count == 2000 && slow.count == 2000);
    world_rest(world, 20);
    assert_int_equal(giver.acked, 0);
    receiver_ack(slow.receiver, "giver", 5, 1500);
    world_until(world, giver.acked == 1500);
    taker_close(&slow); /* gone, but known: still waited for */
    world_until(world, slow.closed && giver.downs == 1);
    giver_give_all(&giver, 500);
    world_until(world, quick.count == 2500);
    world_rest(world, 20);
    assert_int_equal(giver.acked, 1500);
    slow = (struct taker){.acking = ACKS_AT_ONCE};
    taker_open(&slow, world,
               &(struct receiver_options){DIALS, .name = "slow", .resume_epoch = 5, .resume_position = 1500});
    world_until(world, giver.acked == 2500);
    assert_int_equal(slow.first, 1501);
    assert_int_equal(slow.count, 1000);
    giver_close(&giver);
    taker_close(&quick);
    taker_close(&slow);
    world_until(world, giver.closed && quick.closed && slow.closed);
}

static void a_receiver_that_resumes_in_another_epoch_starts_at_what_is_kept(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){LISTENS, .epoch = 7});
    giver_give_all(&giver, 50);
    taker_open(&taker, world, &(struct receiver_options){DIALS, .resume_epoch = 6, .resume_position = 40});
    world_until(world, giver.acked == 50);
    assert_int_equal(taker.first, 1);
    taker_close(&taker);
    world_until(world, taker.closed);
    giver_give_all(&giver, 50);
    struct taker fresh = {0}; /* a name not heard before: it has what nobody's acknowledgement let go */
    taker_open(&fresh, world, &(struct receiver_options){DIALS, .name = "fresh"});
    world_until(world, fresh.count == 50);
    assert_int_equal(fresh.first, 51);
    giver_close(&giver);
    taker_close(&fresh);
    world_until(world, giver.closed && fresh.closed);
}

static void a_receiver_that_resumes_before_what_is_kept_is_refused(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){LISTENS, .epoch = 7});
    taker_open(&taker, world, &(struct receiver_options){DIALS});
    giver_give_all(&giver, 100);
    world_until(world, giver.acked == 100);
    taker_close(&taker);
    world_until(world, taker.closed);
    struct taker back = {0};
    taker_open(&back, world, &(struct receiver_options){DIALS, .resume_epoch = 7, .resume_position = 30});
    world_until(world, back.refusals > 0);
    assert_string_equal(back.reason, "resumes after 30: what is before 101 is no longer kept");
    assert_int_equal(back.count, 0);
    assert_true(sender_stats(giver.sender)->gaps > 0);
    giver_close(&giver);
    taker_close(&back);
    world_until(world, giver.closed && back.closed);
}

static void a_receiver_known_from_before_is_waited_for(void **state)
{
    struct world *world = *state;
    const char *const known[] = {"away", "quick"};
    struct taker quick = {0};
    struct taker away = {0};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){LISTENS, .receivers = known, .receiver_count = 2, .epoch = 3});
    taker_open(&quick, world, &(struct receiver_options){DIALS, .name = "quick"});
    giver_give_all(&giver, 300);
    world_until(world, quick.count == 300);
    world_rest(world, 20);
    assert_int_equal(giver.acked, 0);
    taker_open(&away, world,
               &(struct receiver_options){DIALS, .name = "away", .resume_epoch = 2, .resume_position = 1000});
    world_until(world, giver.acked == 300);
    assert_int_equal(away.first, 1);
    assert_int_equal(away.count, 300);
    giver_close(&giver);
    taker_close(&quick);
    taker_close(&away);
    world_until(world, giver.closed && quick.closed && away.closed);
}

static enum status declared(struct world *world, const struct sender_options *options, char reason[256])
{
    struct sender *sender;
    const struct sender_events events = {0};
    struct sender_options with = *options;
    with.url = world->url;
    with.name = "giver";
    with.epoch = 1;
    return sender_open(world->bus, &with, &events, &sender, reason);
}

static void receivers_declared_wrongly_are_refused(void **state)
{
    const char *const twice[] = {"one", "two", "one"};
    const char *const none[] = {"one", ""};
    const char *const many[SENDER_RECEIVERS_MAX + 1] = {0};
    char reason[256];
    assert_int_equal(
        declared(*state, &(struct sender_options){LISTENS, .receivers = twice, .receiver_count = 3}, reason),
        STATUS_INVALID);
    assert_string_equal(reason, "receiver \"one\": expected a name, once");
    assert_int_equal(
        declared(*state, &(struct sender_options){LISTENS, .receivers = none, .receiver_count = 2}, reason),
        STATUS_INVALID);
    assert_int_equal(
        declared(*state, &(struct sender_options){LISTENS, .receivers = many, .receiver_count = 65}, reason),
        STATUS_INVALID);
    assert_string_equal(reason, "65 receivers known from before: expected at most 64, of a listener");
    assert_int_equal(declared(*state, &(struct sender_options){DIALS, .receivers = twice, .receiver_count = 1}, reason),
                     STATUS_INVALID);
}

static void a_forgotten_receiver_is_waited_for_no_more(void **state)
{
    struct world *world = *state;
    const char *const known[] = {"away"};
    struct taker quick = {0};
    struct taker slow = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    giver_open(&giver, world, &(struct sender_options){LISTENS, .receivers = known, .receiver_count = 1, .epoch = 3});
    taker_open(&quick, world, &(struct receiver_options){DIALS, .name = "quick"});
    taker_open(&slow, world, &(struct receiver_options){DIALS, .name = "slow"});
    world_until(world, sender_peers(giver.sender) == 2);
    giver_give_all(&giver, 300);
    world_until(world, quick.count == 300 && slow.count == 300);
    assert_int_equal(sender_forget(giver.sender, "nobody"), STATUS_NOT_FOUND);
    assert_int_equal(sender_forget(giver.sender, ""), STATUS_NOT_FOUND);
    assert_int_equal(sender_forget(giver.sender, "away"), STATUS_OK); /* it never came */
    assert_int_equal(sender_forget(giver.sender, "away"), STATUS_NOT_FOUND);
    world_rest(world, 20);
    assert_int_equal(giver.acked, 0);
    assert_int_equal(sender_forget(giver.sender, "slow"), STATUS_OK); /* it is here, and is told */
    world_until(world, giver.acked == 300 && slow.refusals > 0);
    assert_string_equal(slow.reason, "retired: what is sent no longer waits for this receiver");
    world_until(world, slow.ups == 2); /* it dials again: new, and waited for */
    taker_close(&slow);
    world_until(world, slow.closed);
    giver_give_all(&giver, 50);
    world_until(world, quick.count == 350);
    world_rest(world, 20);
    assert_int_equal(giver.acked, 300);
    assert_int_equal(sender_forget(giver.sender, "slow"), STATUS_OK);
    assert_int_equal(giver.acked, 350);
    giver_close(&giver);
    taker_close(&quick);
    world_until(world, giver.closed && quick.closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int contract_run_receivers(const struct bus_contract *with)
{
    const struct CMUnitTest tests[] = {
        TEST(two_receivers_each_get_everything_and_the_slower_holds_the_outbox),
        TEST(a_receiver_that_resumes_in_another_epoch_starts_at_what_is_kept),
        TEST(a_receiver_that_resumes_before_what_is_kept_is_refused),
        TEST(a_receiver_known_from_before_is_waited_for),
        TEST(receivers_declared_wrongly_are_refused),
        TEST(a_forgotten_receiver_is_waited_for_no_more),
    };
    contract = with;
    return cmocka_run_group_tests_name(with->name, tests, NULL, NULL);
}
