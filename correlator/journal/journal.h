/* The journal: what comes in is written down first, and acted upon once it is safe.
 *
 *   journal_put ─▶ waiting (no room in the log) ─▶ wal ─▶ synced(number), when on disk ─▶ a reader of the files
 *
 * Nothing that was put is lost while the process lives: what the log has no room for waits here, and who puts looks at
 * journal_is_behind and holds back its own source. What waits is bounded so by the credit of the agents. What is safe
 * is not kept in memory: who acts upon it reads it back. Belongs to the loop's thread. */
#pragma once

#include "base/wal/wal.h"
#include "correlator/journal/record.h"

#include <stdbool.h>

struct journal;

struct journal_options {
    const char *folder;
    size_t segment_bytes; /* 0: the log's own default, as the next */
    size_t pending_bytes;
    enum wal_sync sync;
    const struct wal_files *files; /* NULL: the system's */
};

struct journal_events {
    /* All up to this number is on disk. Puts are allowed. */
    void (*synced)(void *self, uint64_t number);
    /* It was behind and is no more. */
    void (*room)(void *self);
    /* It takes nothing more; what was put and is not synced is not safe. The reason is a sentence. */
    void (*failed)(void *self, const char *reason);
    void *self;
};

/* As wal_open. ret_found says what is there, and the journal's identity, created_ms. */
enum status journal_open(uv_loop_t *loop, const struct journal_options *options, const struct journal_events *events,
                         int64_t now_ms, struct journal **ret_journal, struct wal_found *ret_found,
                         char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Packs and takes. ret_number: of its first item, in the order of the puts. STATUS_NO_MEMORY: not taken. */
enum status journal_put(struct journal *journal, const struct journal_record *record, uint64_t *ret_number) MUST_CHECK;
/* Something waits for room: put no more than must be. */
bool journal_is_behind(const struct journal *journal);
/* All up to it is on disk. */
uint64_t journal_synced(const struct journal *journal);
/* Of the next record. */
uint64_t journal_next(const struct journal *journal);
uint64_t journal_bytes(const struct journal *journal);
/* Lets go of whole segments that hold nothing after number. */
void journal_trim(struct journal *journal, uint64_t number);
/* What was put and has room is made durable, but not told any more. closed from the loop, may be NULL. */
void journal_close(struct journal *journal, void (*closed)(void *self), void *self);

/* The same for whoever reads it: kind and version. Borrows the folder. */
void journal_wal_options(const struct journal_options *options, struct wal_options *ret_options);
