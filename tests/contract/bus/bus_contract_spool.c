/* What every driver must do for a sender whose outbox is on disk: it goes on over restarts, and behind what it dropped.
 */
#include "bus/outboxes/spool.h"
#include "bus_world.h"

#include <ftw.h>
#include <string.h>

#define DIALS   .end = BUS_DIAL
#define LISTENS .end = BUS_LISTEN

static char folder[64];

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    return remove(path);
}

static enum spool_gap gap; /* of the next spool */

static struct outbox *spool_of(struct world *world, uint64_t bytes_max, enum spool_policy full)
{
    char reason[WAL_REASON_BYTES], path[80];
    struct outbox *outbox = NULL;
    (void)snprintf(path, sizeof path, "%s/spool", folder);
    const struct spool_options options = {
        .folder = path, .bytes_max = bytes_max, .full = full, .gap = gap, .sync = WAL_WRITTEN};
    if (spool_open(&world->loop, &options, 1000, &outbox, reason) != STATUS_OK)
        fail_msg("%s", reason);
    return outbox;
}

static void set_true(void *self)
{
    *(bool *)self = true;
}

static int setup(void **state)
{
    (void)snprintf(folder, sizeof folder, "/tmp/vedette-contract-XXXXXX");
    gap = SPOOL_REFUSES_GAP;
    assert_non_null(mkdtemp(folder));
    return world_setup(state);
}

static int teardown(void **state)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return world_teardown(state);
}

static void a_sender_that_starts_again_goes_on_where_the_receiver_stands(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_EVERY_SEVENTH};
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    for (uint64_t life = 1; life <= 5; life++) {
        struct giver giver = {0};
        giver_open(&giver, world, &(struct sender_options){DIALS, .outbox = spool_of(world, 0, SPOOL_BLOCK)});
        assert_int_equal(sender_position(giver.sender), (life - 1) * 3000);
        giver_give_all(&giver, 3000);
        world_until(world, taker.count >= life * 3000 - 1500); /* in the midst of it */
        giver_close(&giver);
        world_until(world, giver.closed);
    }
    struct giver last = {0};
    giver_open(&last, world, &(struct sender_options){DIALS, .outbox = spool_of(world, 0, SPOOL_BLOCK)});
    world_until(world, taker.count == 15000); /* in order, none missing, none twice: the taker looks at each */
    assert_int_equal(taker.epoch, 1000);
    receiver_ack(taker.receiver, "giver", 1000, 15000);
    world_until(world, last.acked == 15000);
    taker_close(&taker);
    world_until(world, taker.closed);
    giver_close(&last);
    world_until(world, last.closed);
}

/* The receiver is an earlier one, put back; or one that knows nothing. */
static void what_a_receiver_misses_and_the_spool_no_longer_has_is_sent_on_only_when_somebody_says_so(void **state)
{
    struct world *world = *state;
    struct giver giver = {0};
    struct taker knows = {0}, fresh = {0};
    taker_open(&knows, world, &(struct receiver_options){LISTENS});
    giver_open(&giver, world, &(struct sender_options){DIALS, .outbox = spool_of(world, SPOOL_BYTES_MIN, SPOOL_BLOCK)});
    giver_give_all(&giver, 15000);
    world_until(world, giver.acked == 15000);
    assert_int_equal(knows.midway, 0);
    taker_close(&knows);
    world_until(world, knows.closed);
    giver_give_all(&giver, 100);
    taker_open(&fresh, world, &(struct receiver_options){LISTENS});
    world_until(world, giver.refusals > 0);
    assert_string_equal(giver.reason, "resumes after 0: what is before 15001 is no longer kept");
    assert_int_equal(fresh.count, 0);
    giver_close(&giver);
    world_until(world, giver.closed);
    giver = (struct giver){0};
    gap = SPOOL_ACCEPTS_GAP;
    giver_open(&giver, world, &(struct sender_options){DIALS, .outbox = spool_of(world, SPOOL_BYTES_MIN, SPOOL_BLOCK)});
    uint64_t first = sender_outbox(giver.sender)->first; /* whole segments go: it has some of it again */
    assert_int_equal(sender_outbox(giver.sender)->last, 15100);
    world_until(world, giver.acked == 15100);
    assert_int_equal(fresh.first, first);
    assert_true(first > 10000);
    assert_int_equal(fresh.midway, 1);
    assert_int_equal(fresh.midway_first, first);
    assert_int_equal(sender_stats(giver.sender)->missed, first - 1);
    giver_close(&giver);
    world_until(world, giver.closed);
    giver = (struct giver){0};
    gap = SPOOL_REFUSES_GAP; /* once was enough, though nothing was appended since */
    giver_open(&giver, world, &(struct sender_options){DIALS, .outbox = spool_of(world, SPOOL_BYTES_MIN, SPOOL_BLOCK)});
    giver_give_all(&giver, 10);
    world_until(world, giver.acked == 15110);
    giver_close(&giver);
    taker_close(&fresh);
    world_until(world, giver.closed && fresh.closed);
}

/* One that was put back, and has read on before it was asked: its positions are no longer those the receiver knows. */
static void a_spool_that_is_older_than_the_receiver_goes_on_as_a_new_stream(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    giver_open(&giver, world, &(struct sender_options){DIALS, .epoch = 1000});
    giver_give_all(&giver, 50);
    world_until(world, giver.acked == 50);
    giver_close(&giver);
    world_until(world, giver.closed);
    for (uint64_t life = 1; life <= 2; life++) {
        struct giver older = {0}; /* of the same epoch, as from a copy that was put back */
        giver_open(&older, world, &(struct sender_options){DIALS, .outbox = spool_of(world, 0, SPOOL_BLOCK)});
        giver_give_all(&older, 80);
        world_until(world, older.acked == life * 80);
        assert_int_equal(taker.epoch, 1001);
        assert_int_equal(taker.first, 1);
        assert_int_equal(taker.count, 50 + life * 80);
        assert_int_equal(sender_stats(older.sender)->renewed, life == 1);
        assert_int_equal(sender_stats(older.sender)->missed, 0);
        giver_close(&older);
        world_until(world, older.closed);
    }
    taker_close(&taker);
    world_until(world, taker.closed);
}

/* One that was put back, and took and ended before it reached anybody: all it has is older than what the receiver
 * knows, or news. */
static void a_spool_that_is_older_is_found_out_after_lives_in_which_it_reached_nobody(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0}, last = {0};
    giver_open(&giver, world, &(struct sender_options){DIALS, .epoch = 1000});
    taker_open(&taker, world, &(struct receiver_options){LISTENS});
    giver_give_all(&giver, 50);
    world_until(world, giver.acked == 50);
    giver_close(&giver);
    world_until(world, giver.closed);
    for (unsigned life = 0; life < 2; life++) {
        struct outbox *alone = spool_of(world, 0, SPOOL_BLOCK);
        for (unsigned i = 0; i < 40; i++)
            assert_int_equal(alone->driver->append(alone, (struct span){0}), STATUS_OK);
        alone->driver->commit(alone);
        bool closed = false;
        alone->driver->close(alone, set_true, &closed);
        world_until(world, closed);
    }
    giver_open(&last, world, &(struct sender_options){DIALS, .outbox = spool_of(world, 0, SPOOL_BLOCK)});
    world_until(world, last.acked == 80);
    assert_int_equal(taker.epoch, 1001);
    assert_int_equal(taker.count, 50 + 80);
    assert_int_equal(sender_stats(last.sender)->renewed, 1);
    giver_close(&last);
    taker_close(&taker);
    world_until(world, last.closed && taker.closed);
}

/* The taker has the first hundred and acknowledges nothing; what comes after them is dropped. */
static void drop_oldest(struct world *world, struct taker *taker, struct giver *giver)
{
    taker_open(taker, world, &(struct receiver_options){LISTENS, .window_items = 100});
    giver_open(giver, world,
               &(struct sender_options){DIALS, .outbox = spool_of(world, SPOOL_BYTES_MIN, SPOOL_DROP_OLDEST)});
    giver_give_all(giver, 100);
    world_until(world, taker->count == 100);
    giver_give_all(giver, 40000);
}

static void what_a_spool_dropped_is_skipped_in_a_new_epoch(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    drop_oldest(world, &taker, &giver);
    const struct outbox *outbox = sender_outbox(giver.sender);
    assert_true(outbox->dropped > 10000);
    taker.acking = ACKS_AT_ONCE;
    receiver_ack(taker.receiver, "giver", 1000, 50); /* it wants what comes next, which is gone */
    world_until(world, giver.acked == 40100);
    assert_int_equal(taker.epoch, 1001);
    assert_int_equal(taker.first, outbox->dropped + 1);
    assert_int_equal(taker.last, 40100);
    assert_int_equal(sender_stats(giver.sender)->renewed, 1);
    assert_int_equal(sender_stats(giver.sender)->acked + outbox->dropped, 40100);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

/* The receiver has something it never acknowledged: it says 0, and yet would see a gap. */
static void what_a_spool_dropped_is_skipped_after_a_restart_too(void **state)
{
    struct world *world = *state;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    drop_oldest(world, &taker, &giver);
    giver_close(&giver);
    world_until(world, giver.closed);
    giver = (struct giver){0};
    giver_open(&giver, world,
               &(struct sender_options){DIALS, .outbox = spool_of(world, SPOOL_BYTES_MIN, SPOOL_DROP_OLDEST)});
    taker.acking = ACKS_AT_ONCE;
    uint64_t last = sender_position(giver.sender);
    world_until(world, giver.acked == last);
    assert_true(last > 30000 && taker.first > 10000);
    assert_int_equal(taker.epoch, 1001);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int contract_run_spool(const struct bus_contract *with)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sender_that_starts_again_goes_on_where_the_receiver_stands),
        TEST(what_a_receiver_misses_and_the_spool_no_longer_has_is_sent_on_only_when_somebody_says_so),
        TEST(a_spool_that_is_older_than_the_receiver_goes_on_as_a_new_stream),
        TEST(a_spool_that_is_older_is_found_out_after_lives_in_which_it_reached_nobody),
        TEST(what_a_spool_dropped_is_skipped_in_a_new_epoch),
        TEST(what_a_spool_dropped_is_skipped_after_a_restart_too),
    };
    contract = with;
    return cmocka_run_group_tests_name(with->name, tests, NULL, NULL);
}
