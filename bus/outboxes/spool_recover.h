/* Inside the spool: what it knew when its program ended, found again in its log.
 *
 *     record ══ record with all notes ══ record ══ record         read from there on; the rest is left alone
 */
#pragma once

#include "base/wal/wal.h"
#include "bus/outboxes/spool_notes.h"

struct spool_past {
    uint64_t epoch;   /* of the last record; where there is none it stays as it was */
    uint64_t all_lsn; /* of the last record with all notes; 0: none */
    struct spool_notes notes;
};

/* Of a log that holds first … last. Sets what it finds in the past, which starts as zero but for the epoch; its notes
 * are the caller's to free, even where this fails. STATUS_NO_MEMORY, and what reading the log answers, with its
 * sentence. Cost: each segment from the last on until one has such a record, and what follows it once more. */
enum status spool_recover(const struct wal_options *options, uint64_t first, uint64_t last, struct spool_past *past,
                          char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
