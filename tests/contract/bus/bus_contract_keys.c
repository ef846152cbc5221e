/* Keys at the door: who is on the list gets in, under its own name; nobody else does, and lists change while all run.
 */
#include "bus_world.h"
#include "proto/limits.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct party {
    struct world *world;
    struct bus *bus;
    struct keyring *keyring;
    char folder[96];
};

struct house {
    struct world *world;
    char folder[64];
    char allow[96];
    struct party listener, agent, other;
    struct taker taker;
    struct giver giver;
};

static void path_of(const struct house *house, const char *name, const char *suffix, char ret_path[96])
{
    (void)snprintf(ret_path, 96, "%s/%s%s", house->folder, name, suffix);
}

static void key_make(const struct house *house, const char *name)
{
    struct key_pair pair;
    char path[96], reason[256] = "";
    key_pair_make(&pair);
    path_of(house, name, ".key", path);
    assert_int_equal(key_secret_write(path, name, &pair, reason), STATUS_OK);
    path_of(house, name, ".pub", path);
    assert_int_equal(key_public_write(path, name, &pair.public, reason), STATUS_OK);
}

static void public_of(const struct house *house, const char *name, struct key *ret_key)
{
    char path[96], reason[256] = "";
    size_t count = 0;
    path_of(house, name, ".pub", path);
    assert_int_equal(key_public_read(path, ret_key, 1, &count, reason), STATUS_OK);
}

static void allow(const struct house *house, const char *name, const char *key_name, const char *sources)
{
    char reason[256] = "";
    struct allowed_key key = {.role = KEY_AGENT, .sources = sources, .since = "2026-01-01T00:00:00Z"};
    (void)snprintf(key.name, sizeof key.name, "%s", name);
    public_of(house, key_name, &key.public);
    assert_int_equal(allowed_put(house->allow, &key, reason), STATUS_OK);
}

static void party_open(struct party *party, const struct house *house, const char *own, const char *server)
{
    char own_path[96], server_path[96], reason[256] = "";
    path_of(house, own, ".key", own_path);
    path_of(house, server != NULL ? server : "", ".pub", server_path);
    const struct keyring_options options = {
        .own = own_path, .server = server != NULL ? server_path : NULL, .allow = server == NULL ? house->allow : NULL};
    if (keyring_open(&options, &party->keyring, reason) != STATUS_OK)
        fail_msg("keyring_open: %s", reason);
    assert_int_equal(bus_open(&house->world->loop, &party->bus), STATUS_OK);
    bus_use_keys(party->bus, party->keyring);
}

static void party_close(struct party *party)
{
    bus_close(party->bus);
    keyring_close(party->keyring);
}

static void house_open(struct house *house, struct world *world)
{
    *house = (struct house){.world = world};
    (void)snprintf(house->folder, sizeof house->folder, "/tmp/vedette-keys-test-XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    path_of(house, "allowed", "", house->allow);
    static const char *const names[] = {"correlator", "next", "desk", "stranger"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        key_make(house, names[i]);
    allow(house, "desk", "desk", "desk");
    party_open(&house->listener, house, "correlator", NULL);
    party_open(&house->agent, house, "desk", "correlator");
    party_open(&house->other, house, "stranger", "correlator");
}

static void house_close(struct house *house)
{
    char command[128];
    party_close(&house->listener);
    party_close(&house->agent);
    party_close(&house->other);
    (void)snprintf(command, sizeof command, "rm -r %s", house->folder);
    assert_int_equal(system(command), 0);
}

static void taker_with(struct house *house, const struct party *party)
{
    struct world world = *house->world;
    world.bus = party->bus;
    *house->world = world;
    taker_open(&house->taker, house->world, &(struct receiver_options){.end = BUS_LISTEN});
}

/* A giver on the party's bus. */
static void giver_with(struct giver *giver, struct house *house, const struct party *party, const char *name)
{
    house->world->bus = party->bus;
    giver_open(giver, house->world, &(struct sender_options){.end = BUS_DIAL, .name = name});
}

static void house_end(struct house *house, struct bus *bus, struct giver *more)
{
    giver_close(&house->giver);
    if (more != NULL)
        giver_close(more);
    taker_close(&house->taker);
    world_until(house->world, house->giver.closed && house->taker.closed && (more == NULL || more->closed));
    house->world->bus = bus;
    house_close(house);
}

static void who_is_on_the_list_is_served_and_nobody_else_gets_in(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    struct giver stranger = {0}, keyless = {0};
    house_open(&house, world);
    taker_with(&house, &house.listener);
    giver_with(&house.giver, &house, &house.agent, "desk");
    giver_with(&stranger, &house, &house.other, "desk");
    world->bus = bus;
    giver_open(&keyless, world, &(struct sender_options){.end = BUS_DIAL, .name = "desk"});
    giver_give_all(&house.giver, 1000);
    (void)giver_give(&stranger, 10);
    (void)giver_give(&keyless, 10);
    world_until(world, house.giver.acked == 1000 && stranger.refusals > 0 && keyless.refusals > 0);
    world_until(world, receiver_stats(house.taker.receiver)->strangers >= 4); /* they go on trying */
    assert_int_equal(house.taker.count, 1000);
    assert_int_equal(house.taker.ups, 1);
    assert_int_equal(stranger.ups + keyless.ups, 0);
    assert_int_equal(stranger.refusals, 1); /* told once */
    struct key public;
    char text[KEY_TEXT_BYTES];
    public_of(&house, "stranger", &public);
    key_print(&public, text);
    assert_non_null(strstr(stranger.reason, text));
    assert_non_null(strstr(keyless.reason, "wants keys"));
    giver_close(&keyless);
    world_until(world, keyless.closed);
    house_end(&house, bus, &stranger);
}

static void who_was_refused_gets_in_once_it_is_allowed_and_goes_when_it_is_revoked(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    char reason[256] = "";
    struct giver second = {0};
    house_open(&house, world);
    taker_with(&house, &house.listener);
    giver_with(&house.giver, &house, &house.agent, "desk");
    giver_with(&second, &house, &house.other, "second");
    (void)giver_give(&second, 10);
    world_until(world, second.refusals == 1);
    allow(&house, "second", "stranger", "*");
    world_until(world, second.acked == 10);
    assert_int_equal(house.taker.ups, 2);
    assert_int_equal(allowed_remove(house.allow, "second", reason), STATUS_OK);
    world_until(world, second.refusals == 2);
    assert_string_equal(second.reason, "this key is not allowed, or no longer");
    (void)giver_give(&second, 10);
    giver_give_all(&house.giver, 100);
    world_until(world, house.giver.acked == 100);
    assert_int_equal(second.acked, 10);
    assert_int_equal(house.taker.count, 110);
    assert_int_equal(house.giver.ups, 1);
    house_end(&house, bus, &second);
}

static void nobody_goes_by_another_s_name(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    struct giver second = {0};
    house_open(&house, world);
    allow(&house, "second", "stranger", "*");
    taker_with(&house, &house.listener);
    giver_with(&house.giver, &house, &house.agent, "desk-list"); /* an agent that runs one source of several */
    giver_with(&second, &house, &house.other, "desk-2");
    (void)giver_give(&second, 10);
    giver_give_all(&house.giver, 10);
    world_until(world, house.giver.acked == 10 && second.refusals > 0);
    assert_string_equal(second.reason, "the name desk-2 is not of this key, which is allowed as second");
    assert_int_equal(house.taker.ups, 1);
    house_end(&house, bus, &second);
}

static void a_key_has_no_more_sessions_than_it_may(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    struct giver second = {0};
    house_open(&house, world);
    bus_use_limits(house.listener.bus, &(struct bus_limits){.sessions_per_key = 1});
    taker_with(&house, &house.listener);
    giver_with(&house.giver, &house, &house.agent, "desk");
    world_until(world, house.giver.ups == 1);
    giver_with(&second, &house, &house.agent, "desk-list");
    world_until(world, second.refusals > 0);
    assert_string_equal(second.reason, "this key has 1 sessions: no more are admitted");
    assert_int_equal(house.giver.downs, 0);
    house_end(&house, bus, &second);
}

static void raw_open_with(struct raw *raw, struct house *house, const struct party *party, const char *name)
{
    *raw = (struct raw){.keys = party->keyring, .says_hello = true, .hello = hello_of(name, LINK_SENDER, 1)};
    raw_open(raw, house->world, BUS_DIAL);
}

static void a_key_has_no_more_connections_than_it_may(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    struct raw raws[3];
    static const char *const names[] = {"desk-a", "desk-b", "desk-c"};
    house_open(&house, world);
    bus_use_limits(house.listener.bus, &(struct bus_limits){.sessions_per_key = 2, .connections_per_key = 2});
    taker_with(&house, &house.listener);
    for (size_t i = 0; i < 3; i++) {
        raw_open_with(&raws[i], &house, &house.agent, names[i]);
        world_until(world, raws[i].welcomes + raws[i].refusals > 0);
    }
    assert_int_equal(raws[2].welcomes, 0);
    assert_string_equal(raws[2].reason, "the key of desk has 2 connections: no more are admitted");
    assert_true(receiver_stats(house.taker.receiver)->crowded > 0);
    assert_int_equal(house.taker.refusals, 1); /* told once */
    assert_string_equal(house.taker.reason, raws[2].reason);
    assert_int_equal(raws[0].refusals + raws[1].refusals, 0);
    for (size_t i = 0; i < 3; i++)
        raw_close(&raws[i]);
    taker_close(&house.taker);
    world_until(world, house.taker.closed);
    world->bus = bus;
    house_close(&house);
}

/* While nobody reads, what a key's connections send lies in memory: so there are not many of them, gone or not. */
static void a_key_is_not_let_in_again_and_again_while_nobody_reads(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    struct raw raws[2], late;
    house_open(&house, world);
    allow(&house, "second", "stranger", "*");
    keyring_refresh(house.listener.keyring, KEYRING_NOW, 0);
    bus_use_limits(house.listener.bus, &(struct bus_limits){.sessions_per_key = 2, .connections_per_key = 2});
    taker_with(&house, &house.listener);
    receiver_set_flow(house.taker.receiver, RECEIVER_HELD);
    for (size_t i = 0; i < 2; i++) {
        raw_open_with(&raws[i], &house, &house.agent, "desk-a");
        world_until(world, raws[i].ups > 0);
        world_rest(world, 50);
        raw_close(&raws[i]); /* what it said is still there */
    }
    raw_open_with(&late, &house, &house.agent, "desk-b");
    world_until(world, late.turned_away > 0 && house.taker.refusals > 0);
    assert_int_equal(late.ups, 0);
    assert_non_null(strstr(house.taker.reason, "has 2 connections that were not heard yet"));
    assert_true(receiver_stats(house.taker.receiver)->crowded > 0);
    giver_with(&house.giver, &house, &house.other, "second"); /* another key */
    (void)giver_give(&house.giver, 10);
    receiver_set_flow(house.taker.receiver, RECEIVER_FLOWS);
    raw_close(&late);
    raw_open_with(&late, &house, &house.agent, "desk-b"); /* whose back-off begins anew */
    world_until(world, house.giver.acked == 10 && late.welcomes > 0);
    raw_close(&late);
    house_end(&house, bus, NULL);
}

static void an_address_that_is_refused_too_often_is_cut_off_and_disturbs_nobody(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    struct giver strangers[3] = {{0}}, late = {0};
    static const char *const names[] = {"desk-a", "desk-b", "desk-c"};
    house_open(&house, world);
    bus_use_limits(house.listener.bus, &(struct bus_limits){.refusals_per_s = 1});
    taker_with(&house, &house.listener);
    giver_with(&house.giver, &house, &house.agent, "desk");
    giver_give_all(&house.giver, 10);
    world_until(world, house.giver.acked == 10);
    for (size_t i = 0; i < 3; i++)
        giver_with(&strangers[i], &house, &house.other, names[i]);
    world_until(world, receiver_stats(house.taker.receiver)->braked > 0);
    giver_give_all(&house.giver, 10);
    world_until(world, house.giver.acked == 20);
    assert_int_equal(house.giver.ups, 1);
    assert_int_equal(house.giver.downs, 0);
    giver_with(&late, &house, &house.agent, "desk-late"); /* from the same address: in its turn */
    (void)giver_give(&late, 10);
    world_until(world, late.acked == 10);
    assert_int_equal(house.taker.ups, 2);
    for (size_t i = 0; i < 3; i++)
        giver_close(&strangers[i]);
    world_until(world, strangers[0].closed && strangers[1].closed && strangers[2].closed);
    house_end(&house, bus, &late);
}

/* What is sent waits for all of them, here or not. */
static void a_key_is_known_by_no_more_names_than_it_may(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    struct taker second = {0};
    struct allowed_key key = {.name = "store", .role = KEY_SINK, .sources = "-", .since = "2026-01-01T00:00:00Z"};
    char reason[256] = "";
    house_open(&house, world);
    public_of(&house, "stranger", &key.public);
    assert_int_equal(allowed_put(house.allow, &key, reason), STATUS_OK);
    keyring_refresh(house.listener.keyring, KEYRING_NOW, 0);
    bus_use_limits(house.listener.bus, &(struct bus_limits){.sessions_per_key = 1});
    world->bus = house.listener.bus;
    giver_open(&house.giver, world, &(struct sender_options){.end = BUS_LISTEN});
    world->bus = house.other.bus;
    for (int again = 1; again <= 2; again++) { /* by the name it is known by, as often as it likes */
        house.taker = (struct taker){0};
        taker_open(&house.taker, world, &(struct receiver_options){.end = BUS_DIAL, .name = "store"});
        world_until(world, house.giver.ups == again);
        taker_close(&house.taker);
        world_until(world, house.taker.closed && house.giver.downs == again);
    }
    taker_open(&second, world, &(struct receiver_options){.end = BUS_DIAL, .name = "store-2"});
    world_until(world, second.refusals > 0);
    assert_string_equal(second.reason, "this key is known by 1 names: no more are admitted");
    assert_int_equal(house.giver.ups, 2);
    taker_close(&second);
    giver_close(&house.giver);
    world_until(world, second.closed && house.giver.closed);
    world->bus = bus;
    house_close(&house);
}

/* Else one key could push all others' streams out of what is remembered, one name after the other. */
static void an_agent_s_key_is_known_by_no_more_names_than_it_may(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    struct raw raw;
    char name[32];
    house_open(&house, world);
    bus_use_limits(house.listener.bus, &(struct bus_limits){.sessions_per_key = 1});
    taker_with(&house, &house.listener);
    for (int i = 1; i <= 18; i++) { /* the last by a name it is known by */
        (void)snprintf(name, sizeof name, "desk-%d", i < 18 ? i : 3);
        raw_open_with(&raw, &house, &house.agent, name);
        world_until(world, raw.welcomes + raw.refusals > 0);
        assert_int_equal(raw.refusals, i == 17);
        if (i == 17)
            assert_string_equal(raw.reason, "this key is known by 16 names: no more are admitted");
        raw_close(&raw);
        world_until(world, house.taker.downs + house.taker.refusals == i);
    }
    taker_close(&house.taker);
    world_until(world, house.taker.closed);
    world->bus = bus;
    house_close(&house);
}

/* The new key is made known to the agents, then taken: no program is started anew. */
static void the_listener_takes_another_key_while_all_run(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    char from[96], to[96], command[256];
    house_open(&house, world);
    taker_with(&house, &house.listener);
    giver_with(&house.giver, &house, &house.agent, "desk");
    giver_give_all(&house.giver, 100);
    world_until(world, house.giver.acked == 100);
    path_of(&house, "next", ".pub", from);
    path_of(&house, "correlator", ".pub", to);
    (void)snprintf(command, sizeof command, "cat %s >> %s", from, to);
    assert_int_equal(system(command), 0);
    world_rest(world, 2 * KEYRING_LOOK_MS); /* the agent has read both */
    path_of(&house, "next", ".key", from);
    path_of(&house, "correlator", ".key", to);
    assert_int_equal(rename(from, to), 0);
    world_until(world, house.giver.ups == 2);
    giver_give_all(&house.giver, 100);
    world_until(world, house.giver.acked == 200);
    assert_int_equal(house.taker.count, 200);
    house_end(&house, bus, NULL);
}

/* Encryption makes a frame longer; the greatest that is announced still passes. */
static void the_greatest_frame_fits(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    static char large[LIMIT_REPORT_BYTES];
    uint64_t position = 0;
    house_open(&house, world);
    taker_with(&house, &house.listener);
    giver_with(&house.giver, &house, &house.agent, "desk");
    world_until(world, house.giver.ups == 1);
    for (int i = 0; i < 64; i++) /* in frames as full as they may be */
        assert_int_equal(
            sender_submit(house.giver.sender, (struct span){large, i % 2 == 0 ? sizeof large : 65457}, &position),
            STATUS_OK);
    world_until(world, house.giver.acked == 64);
    assert_int_equal(house.giver.ups, 1);
    house_end(&house, bus, NULL);
}

static void a_list_with_a_fault_changes_nothing(void **state)
{
    struct house house;
    struct world *world = *state;
    struct bus *bus = world->bus;
    house_open(&house, world);
    taker_with(&house, &house.listener);
    FILE *file = fopen(house.allow, "w");
    assert_non_null(file);
    (void)fputs("nonsense\n", file);
    assert_int_equal(fclose(file), 0);
    world_rest(world, 2 * KEYRING_LOOK_MS);
    giver_with(&house.giver, &house, &house.agent, "desk");
    giver_give_all(&house.giver, 10);
    world_until(world, house.giver.acked == 10);
    house_end(&house, bus, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int contract_run_keys(const struct bus_contract *with)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_on_the_list_is_served_and_nobody_else_gets_in),
        TEST(who_was_refused_gets_in_once_it_is_allowed_and_goes_when_it_is_revoked),
        TEST(nobody_goes_by_another_s_name),
        TEST(a_key_has_no_more_sessions_than_it_may),
        TEST(a_key_has_no_more_connections_than_it_may),
        TEST(a_key_is_not_let_in_again_and_again_while_nobody_reads),
        TEST(an_address_that_is_refused_too_often_is_cut_off_and_disturbs_nobody),
        TEST(a_key_is_known_by_no_more_names_than_it_may),
        TEST(an_agent_s_key_is_known_by_no_more_names_than_it_may),
        TEST(the_listener_takes_another_key_while_all_run),
        TEST(the_greatest_frame_fits),
        TEST(a_list_with_a_fault_changes_nothing),
    };
    contract = with;
    return cmocka_run_group_tests_name(with->name, tests, NULL, NULL);
}
