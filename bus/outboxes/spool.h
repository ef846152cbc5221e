/* The outbox on disk: what an agent has taken stays until it is acknowledged, whatever is killed.
 *
 *     append, append, note ── commit ──▶ one record of the log (base/wal) ── synced ──▶ ready
 *
 *     record: head │ size size … │ item item … │ notes       items and what is noted with them are safe together, or
 * not
 *
 * Positions are the log's numbers, the epoch is the time at which the log was begun, or a later one begun since: both
 * go on over restarts. Notes are values by key; the latest of each is found again by opening. They are written down
 * again now and then, so that none is older than a few segments, and trimming waits for that.
 *
 * Memory: 8 MiB of the latest items, 1 MiB of older ones read back, what is being written, and the notes; whatever
 * waits on the disk. What was acknowledged goes by whole segments: opened again it may hold some of it still, which the
 * receiver's greeting then lets go.
 *
 * Belongs to the loop's thread. */
#pragma once

#include "base/wal/wal.h"
#include "bus/outbox.h"

#define SPOOL_BYTES_MAX ((uint64_t)1 << 30)
#define SPOOL_BYTES_MIN ((uint64_t)1 << 20)

/* What happens when bytes_max are reached, or the device is full. X(enum name, text, help) */
#define SPOOL_POLICIES(X)                                                                                              \
    X(BLOCK, "block", "sources are not read until there is room")                                                      \
    X(DROP_OLDEST, "drop_oldest", "the oldest segment is dropped, and its reports counted")                            \
    X(REJECT, "reject", "reports that come are dropped, and counted")
enum spool_policy {
#define X(name, text, help) SPOOL_##name,
    SPOOL_POLICIES(X)
#undef X
};

/* A receiver misses what was let go of, for it was put back from an earlier time. (Of what was dropped on purpose it
 * may.)
 */
enum spool_gap {
    SPOOL_REFUSES_GAP, /* nothing is sent until somebody decides */
    SPOOL_ACCEPTS_GAP, /* what is kept goes as a new stream */
};

struct spool_options {
    const char *folder;
    uint64_t bytes_max; /* on disk; SPOOL_BYTES_MIN at least. 0: SPOOL_BYTES_MAX */
    enum spool_policy full;
    enum spool_gap gap;
    enum wal_sync sync;
    size_t recent_bytes;           /* kept in memory; 0: 8 MiB */
    const struct wal_files *files; /* borrowed; NULL: the system's */
};

/* As wal_open answers, with its sentence. Notes are there at once. */
enum status spool_open(uv_loop_t *loop, const struct spool_options *options, int64_t now_ms, struct outbox **ret_outbox,
                       char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;

/* Borrowed until the next set; {NULL, 0}: none. */
struct span spool_note(const struct outbox *outbox, struct span key);
/* Copies both; safe with the next commit that has an item: it describes items, and without any there is nothing new. An
 * empty value forgets the key. Without memory the note stays as it was. */
void spool_note_set(struct outbox *outbox, struct span key, struct span value);
/* Visits the keys, in no order; no set meanwhile. */
void spool_notes_each(const struct outbox *outbox, void (*visit)(void *visitor, struct span key), void *visitor);
