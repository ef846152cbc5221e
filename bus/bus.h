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

/* Borrows the loop. Costs nothing until a url is opened. */
enum status bus_open(uv_loop_t *loop, struct bus **ret_bus) MUST_CHECK;
/* All senders and receivers must be closed before. */
void bus_close(struct bus *bus);

/* Is this a url some driver carries ("tcp://127.0.0.1:5591", "ipc:///run/vedette/in", "inproc://name")? Until there are
 * keys, tcp is allowed on loopback addresses only. STATUS_INVALID with a sentence otherwise. */
enum status bus_check_url(const char *url, char ret_reason[256]) MUST_CHECK;

enum bus_end { BUS_DIAL, BUS_LISTEN };

enum peer_state { PEER_UP, PEER_DOWN, PEER_REFUSED };

/* The far side of a session. */
struct peer {
    const char *name;   /* as it said in Hello or Welcome; "" before */
    uint64_t epoch;     /* of its stream, if it sends */
    const char *reason; /* why it is down or was refused; "" otherwise */
};
