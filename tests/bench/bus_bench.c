/* Items a second from sender_submit to the acknowledgement, for 250-byte items, over each driver, both ends on one loop
 * and thread. Prints one JSON object a line. bus_bench [items] */
#include "base/clock.h"
#include "bus/keys/keyring.h"
#include "bus/receiver.h"
#include "bus/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ITEM_BYTES 250

struct run {
    struct sender *sender;
    struct receiver *receiver;
    uint64_t wanted;
    uint64_t received;
    uint64_t batches;
};

static void on_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct run *run = self;
    (void)items;
    run->received += count;
    run->batches++;
    receiver_ack(run->receiver, peer->name, peer->epoch, first + count - 1);
}

static void submit_some(struct run *run)
{
    static const char item[ITEM_BYTES] = "an incident";
    uint64_t position = sender_position(run->sender);
    for (int i = 0; i < 4096 && position < run->wanted; i++)
        if (sender_submit(run->sender, (struct span){item, sizeof item}, &position) != STATUS_OK)
            break;
}

static void bench(const char *driver, const char *url, struct keyring *keyring, uint64_t wanted)
{
    uv_loop_t loop;
    struct bus *bus = NULL;
    struct run run = {.wanted = wanted};
    char reason[256] = "";
    struct receiver_options receives = {.url = url, .end = BUS_LISTEN, .name = "taker"};
    struct receiver_events received = {.batch = on_batch, .self = &run};
    struct sender_options sends = {.url = url, .end = BUS_DIAL, .name = "giver", .epoch = 1};
    struct sender_events sent = {.self = &run};
    if (uv_loop_init(&loop) != 0 || bus_open(&loop, &bus) != STATUS_OK)
        exit(1);
    bus_use_keys(bus, keyring);
    if (receiver_open(bus, &receives, &received, &run.receiver, reason) != STATUS_OK ||
        sender_open(bus, &sends, &sent, &run.sender, reason) != STATUS_OK) {
        (void)fprintf(stderr, "bus_bench: %s\n", reason);
        exit(1);
    }
    while (sender_peers(run.sender) == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    uint64_t start_ns = clock_monotonic_ns();
    while (sender_acked(run.sender) < wanted) {
        submit_some(&run);
        (void)uv_run(&loop, sender_position(run.sender) < wanted ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    }
    double seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    (void)printf("{\"bench\":\"bus\",\"driver\":\"%s\",\"items\":%llu,\"item_bytes\":%d,\"seconds\":%.3f,"
                 "\"items_per_second\":%.0f,\"items_per_frame\":%.1f}\n",
                 driver, (unsigned long long)run.received, ITEM_BYTES, seconds, (double)run.received / seconds,
                 (double)run.received / (double)run.batches);
    sender_close(run.sender, NULL, NULL);
    receiver_close(run.receiver, NULL, NULL);
    bus_close(bus);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop) != 0)
        (void)fprintf(stderr, "bus_bench: a handle was left open\n");
}

static void check(enum status status, const char *reason)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "bus_bench: %s\n", reason);
    exit(1);
}

/* One pair for both ends: it knows itself, and lets itself in. */
static struct keyring *keyring_make(const char *folder)
{
    char own[64], server[64], allow[64], reason[256] = "";
    struct allowed_key key = {.name = "giver", .role = KEY_AGENT, .sources = "*", .since = "now"};
    struct key_pair pair;
    struct keyring *keyring = NULL;
    (void)snprintf(own, sizeof own, "%s/own.key", folder);
    (void)snprintf(server, sizeof server, "%s/own.pub", folder);
    (void)snprintf(allow, sizeof allow, "%s/allowed", folder);
    key_pair_make(&pair);
    key.public = pair.public;
    check(key_secret_write(own, "giver", &pair, reason), reason);
    check(key_public_write(server, "giver", &pair.public, reason), reason);
    check(allowed_put(allow, &key, reason), reason);
    check(keyring_open(&(struct keyring_options){.own = own, .server = server, .allow = allow}, &keyring, reason),
          reason);
    return keyring;
}

/* Not before: who is taken off the list is revoked. */
static void folder_remove(const char *folder)
{
    static const char *const names[] = {"own.key", "own.pub", "allowed"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
    char url[64], folder[] = "/tmp/vedette-bench-XXXXXX";
    if (mkdtemp(folder) == NULL)
        return 1;
    struct keyring *keyring = keyring_make(folder);
    (void)snprintf(url, sizeof url, "ipc:///tmp/vedette-bench-%d", (int)getpid());
    bench("inproc", "inproc://bench", NULL, wanted);
    bench("zmq", url, NULL, wanted);
    bench("zmq, curve", url, keyring, wanted);
    keyring_close(keyring);
    folder_remove(folder);
    return 0;
}
