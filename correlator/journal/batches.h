/* Inside the catalogue: the reports of the journal by their numbers.
 *
 *     number ──▶ kept (of the batches read last)
 *        └─────▶ where its record begins: its leaf's places, or, while it has none, the tail ──▶ read, kept
 *
 * The tail is where records begin that no index has, found by reading on as far as was asked. Belongs to the loop's
 * thread. */
#pragma once

#include "correlator/journal/kept.h"
#include "correlator/journal/leaf.h"

struct tail_place {
    uint64_t lsn, next, segment, offset;
};

struct batches {
    const char *folder; /* the journal's, borrowed */
    struct wal_reader *tail_reader;
    struct tail_place *tail; /* ascending */
    size_t tail_count, tail_room;
    struct wal_reader *reader; /* reads records by their place */
    struct kept_records kept;
    struct arena arena; /* of the one read last */
};

void batches_init(struct batches *batches, const char *folder);
void batches_fini(struct batches *batches);
/* The packed report of that number, and when it was heard; borrowed until the next call. The leaf is the one it stands
 * in; NULL: none has it. STATUS_NOT_FOUND, and what reading answers, with a sentence where there is one. */
enum status batches_find(struct batches *batches, const struct leaf *leaf, uint64_t number, struct span *ret_report,
                         int64_t *ret_heard_ms, char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Leaves have the places of all records before next. */
void batches_indexed(struct batches *batches, uint64_t next);
