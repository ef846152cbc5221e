/* The receiving end of a link. It sees each item of a (peer name, epoch) once, in order of position. */
#pragma once

#include "bus/bus.h"
#include "proto/codec.h"

struct receiver;

struct receiver_options {
    const char *url;
    enum bus_end end;
    const char *name;
    uint64_t resume_epoch; /* a dialler: what it has safely from before, or 0 */
    uint64_t resume_position;
    uint32_t window_items;    /* how many may be under way unacknowledged for each peer; 0: 16384 */
    uint32_t item_bytes_max;  /* 0: LIMIT_REPORT_BYTES; announced to the peer */
    uint32_t frame_bytes_max; /* 0: LIMIT_BATCH_BYTES */
    uint32_t heartbeat_ms;    /* 0: 5000 */
    uint32_t peers_max;       /* a listener: sessions at once; 0: 256. One more is refused with a reason. */
};

struct receiver_events {
    /* New items only, positions first … first + count − 1; borrowed until it returns. Who has them safe says
     * receiver_ack, now or later. */
    void (*batch)(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count);
    /* Before the first batch of a stream that is new here and does not begin with 1. May be NULL. */
    void (*midway)(void *self, const struct peer *peer, uint64_t first);
    /* Only after all items the marks hold for were handed over. */
    void (*marks)(void *self, const struct peer *peer, const struct source_mark *marks, size_t count);
    void (*peer)(void *self, const struct peer *peer, enum peer_state state);
    void *self;
};

enum status receiver_open(struct bus *bus, const struct receiver_options *options, const struct receiver_events *events,
                          struct receiver **ret_receiver, char ret_reason[256]) MUST_CHECK;
/* All up to position of that peer's (name, epoch) are safe. Sent when the loop turns; remembered where the peer is
 * down. */
void receiver_ack(struct receiver *receiver, const char *peer_name, uint64_t epoch, uint64_t position);
/* What is safely here of a stream from before this receiver was opened: it goes on after position. To be said before a
 * message was drained: while it is held. STATUS_FULL, STATUS_INVALID: as many streams as can be, no such name. */
enum status receiver_restore(struct receiver *receiver, const char *peer_name, uint64_t epoch,
                             uint64_t position) MUST_CHECK;
/* Back-pressure: while held no new credit is granted and no message is drained. */
enum receiver_flow { RECEIVER_FLOWS, RECEIVER_HELD };
void receiver_set_flow(struct receiver *receiver, enum receiver_flow flow);

#define RECEIVER_COUNTERS(X)                                                                                           \
    X(received, "items received, repeats included")                                                                    \
    X(duplicates, "items dropped, their position was known")                                                           \
    X(gaps, "sessions refused for a gap in positions")                                                                 \
    X(midway, "streams that are new here and did not begin here")                                                      \
    X(malformed, "frames refused") X(sessions, "sessions begun") X(refusals, "sessions refused") LISTENER_COUNTERS(X)
struct receiver_stats {
#define X(name, help) uint64_t name;
    RECEIVER_COUNTERS(X)
#undef X
};
const struct receiver_stats *receiver_stats(const struct receiver *receiver);

/* Says the acknowledgements that are due and drops the connections; closed as the sender's. */
void receiver_close(struct receiver *receiver, void (*closed)(void *self), void *self);
