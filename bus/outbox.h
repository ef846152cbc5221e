/* What waits unacknowledged, by position: the seam behind which memory stands now and a disk spool can stand later.
 *
 *     trimmed ··· │ first … last │ next append
 *
 * Positions count from 1 and have no holes. Many readers, each with a position of its own, read the same items. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct outbox; /* begins with its driver */

struct outbox_driver {
    const char *name;
    /* Copies the item, which gets position last + 1. STATUS_AGAIN: full until something is trimmed. STATUS_TOO_LARGE:
     * would not fit into an empty one. STATUS_NO_MEMORY, and of a disk STATUS_NO_SPACE, STATUS_IO: not taken. */
    enum status (*append)(struct outbox *outbox, struct span item);
    /* Up to count_max items from `position` on (first ≤ position), as long as sizes plus `item_cost` each stay within
     * bytes_max; but at least one if there is one. Answers how many. The spans are borrowed until the next append or
     * trim. */
    size_t (*read)(struct outbox *outbox, uint64_t position, size_t count_max, size_t bytes_max, size_t item_cost,
                   struct span *ret_items);
    /* Forgets all up to position; beyond last: nothing happens to what is not there. */
    void (*trim)(struct outbox *outbox, uint64_t position);
    void (*close)(struct outbox *outbox);
};

struct outbox {
    const struct outbox_driver *driver;
    uint64_t first; /* least position kept; last + 1 when empty */
    uint64_t last;  /* greatest appended; 0: none yet */
    size_t bytes;   /* that wait, with what they cost to keep */
    size_t bytes_max;
};

/* Keeps up to bytes_max in memory; lost with the process. Takes memory in segments of 256 KiB as it fills and keeps a
 * few of them when it empties, so a steady state allocates nothing. */
enum status outbox_memory_open(size_t bytes_max, struct outbox **ret_outbox) MUST_CHECK;

/* What an item costs beside its bytes. */
#define OUTBOX_ITEM_COST 16u
