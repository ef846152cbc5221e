/* What waits unacknowledged, by position: the seam behind which stand memory (below) and a disk (outboxes/spool.h).
 *
 *     trimmed ··· │ first … ready … last │ next append
 *
 * Positions count from 1 and have no holes. Many readers, each with a position of its own, read the same items. Only
 * what is ready may be sent: where the outbox outlives the process, that is what would still be there after it. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "bus/promises.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox; /* begins with its driver */

struct outbox_driver {
    const char *name;
    /* Copies the item, which gets position last + 1. STATUS_AGAIN: full until something is trimmed. STATUS_FULL: full,
     * and by its policy the item is to be dropped. STATUS_TOO_LARGE: would not fit into an empty one.
     * STATUS_NO_MEMORY; STATUS_CLOSED: it has failed: not taken. */
    enum status (*append)(struct outbox *outbox, struct span item);
    /* What was appended becomes ready, now or later, all of it or nothing. NULL: each append is ready by itself. */
    void (*commit)(struct outbox *outbox);
    /* Whether an append of an item of size would be taken, and some more after it; or dropped. */
    bool (*room)(const struct outbox *outbox, size_t size);
    /* Up to count_max items from `position` on (first ≤ position), as long as sizes plus `item_cost` each stay within
     * bytes_max; but at least one if there is one. Answers how many. The spans are borrowed until the next append,
     * read or trim. */
    size_t (*read)(struct outbox *outbox, uint64_t position, size_t count_max, size_t bytes_max, size_t item_cost,
                   struct span *ret_items);
    /* Forgets all up to position; beyond last: nothing happens to what is not there. */
    void (*trim)(struct outbox *outbox, uint64_t position);
    /* What the sources promise from here on, packed: kept with what is appended next, so that it is there again when
     * that is read after a restart. NULL: it does not outlive the process. */
    void (*promise)(struct outbox *outbox, struct span packed);
    /* An item beyond `sent` is about to leave, for the first time. NULL: nobody needs to know. */
    void (*leaves)(struct outbox *outbox);
    /* Begins a new epoch: a receiver takes what is kept as a new stream. Not OK: it has begun, but would not outlive
     * the process. */
    enum status (*renew)(struct outbox *outbox);
    /* What was committed is made safe first where it can be. closed may be called before it returns; may be NULL. */
    void (*close)(struct outbox *outbox, void (*closed)(void *self), void *self);
};

/* Told by outboxes that do things by themselves; from the loop, not within a call but of close. */
struct outbox_events {
    void (*changed)(void *self);                                        /* more is ready, or there is room */
    void (*failed)(void *self, enum status status, const char *reason); /* nothing more will be taken or become ready */
    void *self;
};

struct outbox {
    const struct outbox_driver *driver;
    struct outbox_events events; /* set by who sends from it */
    uint64_t epoch;              /* of its positions */
    uint64_t first;              /* least position kept; last + 1 when empty */
    uint64_t ready;              /* greatest that may be sent; first − 1: none yet */
    uint64_t last;               /* greatest appended; 0: none yet */
    uint64_t sent;               /* greatest that may have left in this epoch, now or in a life before */
    /* Where the epoch begins. A receiver that knows nothing of it and finds it begun later misses what is between; 0:
     * it misses nothing, whatever it finds. */
    uint64_t begins;
    struct promises promises; /* among what waits; of what is read back, up to where it was read */
    uint64_t dropped;         /* items dropped by its policy, so far */
    size_t bytes;             /* that wait, with what they cost to keep */
    size_t bytes_max;
    bool full;  /* at its limit, or that of the device: not for a moment only */
    bool lossy; /* that a receiver misses what is not kept any more is no reason to stop */
};

/* Keeps up to bytes_max in memory; lost with the process. Takes memory in segments of 256 KiB as it fills and keeps a
 * few of them when it empties, so a steady state allocates nothing. */
enum status outbox_memory_open(size_t bytes_max, struct outbox **ret_outbox) MUST_CHECK;

/* What an item costs beside its bytes. */
#define OUTBOX_ITEM_COST 16u
