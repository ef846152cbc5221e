/* The sending end of a link. Items are opaque bytes; each gets the next position, counting from 1 within the epoch.
 *
 * They wait in an outbox: in memory, or in one that is handed in. Of one that outlives the process, positions and epoch
 * go on where they stood, what the receiver acknowledges at its greeting is let go, and the rest is sent again. */
#pragma once

#include "bus/bus.h"
#include "proto/codec.h"

struct sender;

struct sender_options {
    const char *url;
    enum bus_end end;
    const char *name;         /* of this side */
    struct outbox *outbox;    /* taken, on success; NULL: one in memory is made */
    uint64_t epoch;           /* of one in memory: > 0; a later start of this side has a greater one */
    size_t outbox_bytes_max;  /* of one in memory: what may wait unacknowledged; 0: 64 MiB */
    uint32_t heartbeat_ms;    /* 0: 5000; a peer silent for three of them is down */
    uint32_t outbox_item_max; /* greatest item in bytes; 0: LIMIT_REPORT_BYTES. The listener may allow less. */
    /* A listener's: receivers known from before, by name. The outbox waits for them as for those that were here. */
    const char *const *receivers; /* copied */
    size_t receiver_count;        /* 0 … SENDER_RECEIVERS_MAX */
    const char *gap_advice; /* borrowed: what can be done where a receiver misses what is no longer kept; may be NULL */
};

/* A dialler's: why a new epoch began. */
enum sender_renewal {
    RENEWED_BEHIND, /* the receiver has more than was ever sent: the outbox is an older one than it was */
    RENEWED_GAP,    /* the receiver misses what is no longer kept, and the outbox is lossy */
};
struct sender_renewed {
    enum sender_renewal why;
    uint64_t resume;      /* what the receiver has of the epoch before */
    uint64_t first;       /* the new one begins here */
    uint64_t missed;      /* items it will never have */
    enum status outlives; /* not OK: the new epoch is not written down yet */
};

#define SENDER_RECEIVERS_MAX 64u /* known at once; the outbox waits for the slowest of them */

struct sender_events {
    void (*room)(void *self);                     /* submit said STATUS_AGAIN; now there is room */
    void (*acked)(void *self, uint64_t position); /* every known receiver has all up to it */
    void (*peer)(void *self, const struct peer *peer, enum peer_state state);
    /* The receiver does not admit an item of that size: it is passed over (an empty item goes in its place, for
     * positions have no holes). Once a start for each. NULL: the session ends with the reason, until the receiver
     * admits more. */
    void (*passed)(void *self, struct span item, uint64_t admitted_bytes);
    /* What is kept goes as a new stream; the session ends, and the next one is of that. */
    void (*renewed)(void *self, const struct sender_renewed *renewed);
    /* The outbox has failed: nothing more is taken, what was acknowledged stays so. */
    void (*failed)(void *self, enum status status, const char *reason);
    void *self;
};

/* Copies options and events. A dialler goes on trying for ever, with back-off; a listener that cannot bind answers
 * STATUS_BUSY (port in use), STATUS_PERMISSION or STATUS_INVALID, with the sentence in ret_reason. STATUS_INVALID too
 * for more receivers than may be known, or a name that is none or is there twice. */
enum status sender_open(struct bus *bus, const struct sender_options *options, const struct sender_events *events,
                        struct sender **ret_sender, char ret_reason[256]) MUST_CHECK;
/* Copies the item. STATUS_AGAIN: the outbox is full, wait for `room`. STATUS_FULL: it is full, and drops what comes; it
 * has counted it. STATUS_TOO_LARGE: never. STATUS_CLOSED: the outbox has failed. Batches form by themselves: what was
 * submitted before the loop goes to sleep travels together. */
enum status sender_submit(struct sender *sender, struct span item, uint64_t *ret_position) MUST_CHECK;
/* What was submitted since is one whole: with an outbox that outlives the process all of it is kept, or nothing. It is
 * sent after that, so call it soon. In memory: does nothing. */
void sender_commit(struct sender *sender);
/* What the sources promise from here on; copied, sent with every heartbeat and at once. They hold for all submitted so
 * far. */
enum status sender_marks(struct sender *sender, const struct source_mark *marks, size_t count) MUST_CHECK;
/* Last submitted, and last acknowledged by every known receiver; equal: nothing waits. */
uint64_t sender_position(const struct sender *sender);
uint64_t sender_acked(const struct sender *sender);
/* Items that wait for an acknowledgement and are none that were passed over. */
uint64_t sender_waiting(const struct sender *sender);
const struct outbox *sender_outbox(const struct sender *sender);
/* A listener's: retires a receiver. Nothing waits for it any more, its session ends with the reason; should it dial
 * again it is new, and gets what is kept. Where nobody is known any more all is kept, as before the first one came.
 * STATUS_NOT_FOUND: none of that name is known. May tell `peer`, `acked` and `room` before it returns. */
enum status sender_forget(struct sender *sender, const char *name) MUST_CHECK;
/* Receivers connected now. */
size_t sender_peers(const struct sender *sender);

#define SENDER_COUNTERS(X)                                                                                             \
    X(submitted, "items submitted")                                                                                    \
    X(sent, "items sent, repeats included")                                                                            \
    X(resent, "items sent again after a reconnect")                                                                    \
    X(acked, "items acknowledged, but for those passed over")                                                          \
    X(passed, "items passed over, too large for the receiver")                                                         \
    X(renewed, "epochs begun: the receiver missed what is no longer kept, or had more than was sent")                  \
    X(missed, "items no longer kept, as the receiver missed them: it will never have them")                            \
    X(sessions, "sessions begun")                                                                                      \
    X(refusals, "sessions refused")                                                                                    \
    X(malformed, "frames refused")                                                                                     \
    X(gaps, "sessions refused for a resume position no longer kept")                                                   \
    LISTENER_COUNTERS(X)
struct sender_stats {
#define X(name, help) uint64_t name;
    SENDER_COUNTERS(X)
#undef X
};
const struct sender_stats *sender_stats(const struct sender *sender);

/* Says the marks that are due and drops the connection; what is not acknowledged is lost with a memory outbox (who
 * cares waits for `acked` first). closed is called from the loop when nothing of it is left; may be NULL. */
void sender_close(struct sender *sender, void (*closed)(void *self), void *self);
