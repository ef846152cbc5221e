/* The batches of the journal that were read last: reports of one time, told again, are in few of them. */
#pragma once

#include "base/arena.h"
#include "correlator/journal/record.h"

#define KEPT_RECORDS   16u
#define KEPT_BYTES_MAX ((size_t)4 * 1024 * 1024) /* of each: one of a link's frame, and where its items are */

struct kept_record {
    uint64_t number; /* of its first report */
    size_t count;    /* 0: none is kept here */
    int64_t at_ms;
    struct span *items; /* the arena's, texts and all */
    struct arena arena;
    uint64_t used;
};

/* Starts as zero. */
struct kept_records {
    struct kept_record items[KEPT_RECORDS];
    uint64_t uses;
};

void kept_fini(struct kept_records *kept);
/* The one with that number; NULL: it is not kept. Valid until the next is put. */
const struct kept_record *kept_find(struct kept_records *kept, uint64_t number);
/* Copies, in place of the one that was not asked for the longest time. NULL: it is too great to keep. */
const struct kept_record *kept_put(struct kept_records *kept, const struct journal_record *batch);
