#include "bus_world.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

/* A port that was free a moment ago, on a loopback address of this process alone: what other programs listen on or
 * leave by meanwhile is on others. */
static void tcp_url(char ret_url[96])
{
    unsigned pid = (unsigned)getpid();
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(0x7f800000u | (pid & 0xffffu) << 7 | pid % 127u)};
    socklen_t size = sizeof address;
    char host[INET_ADDRSTRLEN];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)close(fd);
    assert_non_null(inet_ntop(AF_INET, &address.sin_addr, host, sizeof host));
    (void)snprintf(ret_url, 96, "tcp://%s:%u", host, (unsigned)ntohs(address.sin_port));
}

static void ipc_url(char ret_url[96])
{
    static int number;
    (void)snprintf(ret_url, 96, "ipc:///tmp/vedette-contract-%d-%d", (int)getpid(), ++number);
}

/* What only a raw socket can do: several parts, a routing id of its own, an empty message, a message over MAXMSGSIZE.
 */
static void raw_sockets_disturb_nobody(void **state)
{
    struct world *world = *state;
    struct taker taker = {0};
    struct giver giver = {0};
    static char huge[4u << 20];
    taker_open(&taker, world, &(struct receiver_options){.end = BUS_LISTEN});
    giver_open(&giver, world, &(struct sender_options){.end = BUS_DIAL});
    giver_give_all(&giver, 100);
    world_until(world, giver.acked == 100);
    void *context = zmq_ctx_new();
    void *sockets[3];
    const int no_linger = 0;
    for (int i = 0; i < 3; i++) {
        sockets[i] = zmq_socket(context, ZMQ_DEALER);
        assert_non_null(sockets[i]);
        (void)zmq_setsockopt(sockets[i], ZMQ_LINGER, &no_linger, sizeof no_linger);
    }
    assert_int_equal(zmq_setsockopt(sockets[1], ZMQ_ROUTING_ID, "giver", 5), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(zmq_connect(sockets[i], world->url), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(zmq_send(sockets[0], "a", 1, ZMQ_SNDMORE), 1);
        assert_int_equal(zmq_send(sockets[0], "", 0, ZMQ_SNDMORE), 0);
        assert_int_equal(zmq_send(sockets[0], "b", 1, 0), 1);
    }
    assert_int_equal(zmq_send(sockets[1], "", 0, 0), 0);
    assert_int_equal(zmq_send(sockets[2], huge, sizeof huge, 0), sizeof huge);
    world_until(world, receiver_stats(taker.receiver)->malformed >= 2);
    char answer[512];
    for (int i = 0; i < 2; i++) { /* both are told */
        int size = 0;
        world_until(world, (size = zmq_recv(sockets[i], answer, sizeof answer, ZMQ_DONTWAIT)) >= 0);
        assert_true(size > 0);
    }
    giver_give_all(&giver, 100);
    world_until(world, giver.acked == 200);
    assert_int_equal(giver.ups, 1);
    assert_int_equal(giver.downs + giver.refusals, 0);
    assert_int_equal(taker.count, 200);
    for (int i = 0; i < 3; i++)
        (void)zmq_close(sockets[i]);
    (void)zmq_ctx_term(context);
    giver_close(&giver);
    taker_close(&taker);
    world_until(world, giver.closed && taker.closed);
}

/* The dialler's loop is busy elsewhere while the listener says its last word and goes. */
static void the_last_word_is_heard_by_who_listens_late(void **state)
{
    struct world *world = *state;
    struct world *late = NULL;
    struct taker taker = {.acking = ACKS_NEVER};
    struct giver giver = {0};
    assert_int_equal(world_setup((void **)&late), 0);
    taker_open(&taker, world, &(struct receiver_options){.end = BUS_LISTEN, .heartbeat_ms = 5000});
    giver_open(&giver, late, &(struct sender_options){.end = BUS_DIAL, .heartbeat_ms = 5000, .url = world->url});
    assert_int_equal(giver_give(&giver, 70), 70);
    for (int turns = 0; taker.count < 70 && turns < 20000; turns++) {
        world_turn(late);
        world_turn(world);
    }
    assert_int_equal(taker.count, 70);
    receiver_ack(taker.receiver, "giver", 1, 70);
    taker_close(&taker);
    world_until(world, taker.closed);
    world_rest(world, 200); /* the connection is over */
    world_until(late, giver.downs == 1);
    assert_int_equal(giver.acked, 70);
    assert_string_equal(giver.reason, "closed");
    giver_close(&giver);
    world_until(late, giver.closed);
    assert_int_equal(world_teardown((void **)&late), 0);
}

static int raw_sockets_run(const struct bus_contract *with)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(raw_sockets_disturb_nobody, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(the_last_word_is_heard_by_who_listens_late, world_setup, world_teardown),
    };
    contract = with;
    return cmocka_run_group_tests_name(with->name, tests, NULL, NULL);
}

int main(void)
{
    const struct bus_contract tcp = {"bus over zmq tcp", tcp_url};
    const struct bus_contract ipc = {"bus over zmq ipc", ipc_url};
    return contract_run_keys(&tcp) + raw_sockets_run(&tcp) + contract_run(&tcp) + contract_run_receivers(&tcp) +
           contract_run_spool(&tcp) + contract_run_hostile(&tcp) + raw_sockets_run(&ipc) + contract_run(&ipc);
}
