/* The bus: carries items from a sender to receivers over a driver, on one libuv loop.
 *
 *     sender ── outbox ── session ══ driver (inproc, zmq) ══ session ── receiver
 *                ▲                                               │
 *                └──────────── ack, credit ◀─────────────────────┘
 *
 * Who dials and who listens is independent of who sends: agents dial the correlator and send; sinks dial it and
 * receive. A session begins with Hello and Welcome, moves batches within the credit granted, and ends with the
 * connection; the outbox keeps what is not acknowledged and the next session sends it again. proto/README.md describes
 * the frames.
 *
 * Everything here belongs to the loop's thread and is called from it alone. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdint.h>
#include <uv.h>

struct bus;
struct allowed_key; /* bus/keys/allowed.h */
struct keyring;     /* bus/keys/keyring.h */

/* Borrows the loop. Costs nothing until a url is opened. */
enum status bus_open(uv_loop_t *loop, struct bus **ret_bus) MUST_CHECK;
/* Before a url is opened: who may connect to those that are listened on here, and what is shown to those that are
 * dialled. Borrowed until bus_close; NULL: no keys, this host only. */
void bus_use_keys(struct bus *bus, struct keyring *keyring);
/* What those who dial may ask of those that are listened on here; 0: the default. Beyond it they are refused or cut off
 * with a reason, and counted; only the rate is a brake. */
struct bus_limits {
    uint32_t sessions;            /* open at once; 256, of receivers of items 64 */
    uint32_t sessions_per_key;    /* 16 */
    uint32_t connections_per_key; /* that have spoken, and as many that have not yet; 32, or sessions_per_key */
    uint32_t connections;         /* 2048; one more cuts off the oldest that has not spoken */
    uint32_t silent_connections;  /* that have not spoken; 1024 */
    uint32_t silent_ms;           /* how long a connection may take to speak; 10 s */
    uint32_t refusals_per_s;      /* of one address, for its key; beyond that its connections are cut off. 32 */
    uint32_t items_per_s;         /* a sender's; credit comes no faster. 0: as fast as they are acknowledged */
    uint32_t batch_items;         /* LIMIT_BATCH_ITEMS */
    uint32_t item_bytes;          /* LIMIT_REPORT_BYTES */
    uint32_t frame_bytes;         /* LIMIT_BATCH_BYTES */
};
/* Before a url is opened. Copied. */
void bus_use_limits(struct bus *bus, const struct bus_limits *limits);
/* All senders and receivers must be closed before. */
void bus_close(struct bus *bus);

/* Without keys, tcp is carried on loopback addresses only. */
enum bus_reach { BUS_THIS_HOST, BUS_ANYWHERE };
/* Is this a url some driver carries ("tcp://127.0.0.1:5591", "ipc:///run/vedette/in", "inproc://name")?
 * STATUS_INVALID with a sentence otherwise. */
enum status bus_check_url(const char *url, enum bus_reach reach, char ret_reason[256]) MUST_CHECK;

enum bus_end { BUS_DIAL, BUS_LISTEN };

enum peer_state { PEER_UP, PEER_DOWN, PEER_REFUSED };

/* The far side of a session. */
struct peer {
    const char *name;   /* as it said in Hello or Welcome; "" before */
    uint64_t epoch;     /* of its stream, if it sends */
    const char *reason; /* why it is down or was refused; "" otherwise */
    const struct allowed_key
        *key; /* a listener's with keys: as the list has it now; else NULL. Good until it returns */
};

/* What either end counts where it listens. */
#define LISTENER_COUNTERS(X)                                                                                           \
    X(revoked, "frames dropped, of keys not allowed any more")                                                         \
    X(connections, "connections accepted")                                                                             \
    X(strangers, "connections gone without a word: no key, a wrong one, or nothing to say")                            \
    X(cut, "connections cut off: silent, too many, or refused and still there")                                        \
    X(accept_failed, "connections that could not be accepted")                                                         \
    X(braked, "connections cut off at once: their address was refused too often of late")                              \
    X(crowded, "connections refused, of keys that had as many as they may")
#define LISTENER_COUNTS(stats)                                                                                         \
    .revoked = &(stats).revoked, .port = {                                                                             \
                                     .connections = &(stats).connections,                                              \
                                     .strangers = &(stats).strangers,                                                  \
                                     .cut = &(stats).cut,                                                              \
                                     .accept_failed = &(stats).accept_failed,                                          \
                                     .braked = &(stats).braked,                                                        \
                                     .crowded = &(stats).crowded,                                                      \
    }
