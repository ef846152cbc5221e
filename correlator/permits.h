/* What an agent may say: its key is on the list for the sources it may write. Judged when it is heard, before the
 * journal: what is refused is journaled as an empty item, so that positions stay whole, and is rejected whenever the
 * journal is read, whatever the list says by then. Without keys everybody may. */
#pragma once

#include "bus/bus.h"
#include "proto/codec.h"
#include "proto/limits.h"

/* Starts as zero. */
struct permits {
    struct span items[LIMIT_BATCH_ITEMS];
    struct source_mark marks[LIMIT_HEARTBEAT_MARKS];
    uint64_t forbidden; /* reports */
    size_t untold;      /* reports and promises refused since the last permits_tell */
};

/* The items with those that are not permitted made empty; the list is the caller's, or good until the next call. */
const struct span *permits_items(struct permits *permits, const struct peer *peer, const struct span *items,
                                 size_t count);
/* The same without the promises for sources of others. */
const struct source_mark *permits_marks(struct permits *permits, const struct peer *peer,
                                        const struct source_mark *marks, size_t *count);
/* The first is told at once, the others counted: once a second. */
void permits_tell(struct permits *permits);
