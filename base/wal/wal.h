/* A write-ahead log: one folder of segment files, appended to, synced by a thread of its own, trimmed from the front.
 * The agent's spool and the correlator's journal are made of it.
 *
 *     append ─▶ pending (memory) ─▶ sync thread: write, fdatasync ─▶ uv_async ─▶ synced(lsn), on the loop
 *
 *     000…1.wal   000…9c4.wal   000…1388.wal          named by their first lsn
 *     [head│frame│frame│…]      [head│frame│…│0000]   the last one is written ahead with zeros
 *
 *     frame: u32 length │ u8 type │ u24 count │ u64 lsn │ u32 since │ u32 crc32c, salted │ payload │ pad to 8 (frame.h)
 *
 * A record takes `count` numbers (lsn … lsn + count − 1), at least one; there are no holes. What is synced stays,
 * whatever is killed. A torn tail is cut off at the next open; damage before good frames is STATUS_CORRUPT with a
 * sentence, and nothing is touched (frame.h says how a group of records that a power cut tore is told from damage).
 * A failed fdatasync is never tried again: the log has failed and takes nothing more.
 *
 * Belongs to the loop's thread, but for the readers, which belong to nobody. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define WAL_REASON_BYTES  512u
#define WAL_RECORD_MAX    (64u * 1024u * 1024u) /* bytes of one payload */
#define WAL_COUNT_MAX     0xffffffu
#define WAL_SEGMENT_BYTES ((size_t)64 * 1024 * 1024)
#define WAL_PENDING_BYTES ((size_t)16 * 1024 * 1024)

struct wal;
struct wal_files; /* wal_files.h: how files are touched; the tests' own let any of it fail */

enum wal_sync {
    WAL_DURABLE, /* fdatasync before `synced` */
    WAL_WRITTEN, /* no fdatasync: benchmarks */
};

struct wal_options {
    const char *folder; /* made if missing, 0700; one process at a time (a lock file) */
    char kind[8];       /* of the log, in every segment's head: "journal", "spool"; another's is refused */
    uint32_t version;   /* of the payloads; a greater one than this is STATUS_UNSUPPORTED */
    /* 0: WAL_SEGMENT_BYTES; a record that is larger gets a segment of its own. No more than a fourth of bytes_max. */
    size_t segment_bytes;
    size_t pending_bytes; /* taken and not yet synced; 0: WAL_PENDING_BYTES */
    uint64_t bytes_max;   /* on disk, whole segments; 0: no limit. Beyond: STATUS_FULL until something is trimmed */
    enum wal_sync sync;
    uint32_t retry_ms;             /* a full device is looked at again after so long; 0: a second */
    const struct wal_files *files; /* borrowed; NULL: the system's */
};

/* A record as it is read. The payload is borrowed until the next call. */
struct wal_record {
    uint64_t lsn;
    uint32_t count;
    uint8_t type;
    uint32_t version; /* of the payloads, when its segment was begun */
    struct span payload;
    uint64_t segment; /* first lsn of its segment */
    uint64_t offset;  /* of the frame in the segment's file */
};

struct wal_events {
    /* Everything up to lsn is on disk. */
    void (*synced)(void *self, uint64_t lsn);
    /* append said STATUS_AGAIN, STATUS_FULL or STATUS_NO_SPACE; asked again, it would now take that record, or refuse
     * it for another of these reasons. */
    void (*room)(void *self);
    /* It takes nothing more, ever: what was appended and not synced is not safe. The reason is a sentence. */
    void (*failed)(void *self, enum status status, const char *reason);
    void *self;
};

/* What opening found. */
struct wal_found {
    uint64_t first; /* least lsn kept; next where there is nothing */
    uint64_t next;
    uint64_t cut_bytes;  /* of a torn tail, cut off */
    uint64_t bytes;      /* on disk */
    uint64_t created_ms; /* when the log was begun: the first head's, carried from segment to segment. Its identity */
};

/* Recovers. Looks at the heads of all segments and every byte of the last one; the others are checked as they are read,
 * so a log of years opens at once. What was found is made durable. STATUS_CORRUPT, STATUS_BUSY (another process has
 * it), STATUS_UNSUPPORTED, STATUS_PERMISSION, STATUS_NO_SPACE, STATUS_IO … with a sentence that names file, offset and
 * what to do; nothing is changed then. now_ms: for a new log. */
enum status wal_open(uv_loop_t *loop, const struct wal_options *options, const struct wal_events *events,
                     int64_t now_ms, struct wal **ret_wal, struct wal_found *ret_found,
                     char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* type: below 255. Copies the parts, one after another, as one payload. STATUS_AGAIN: pending_bytes are under way.
 * STATUS_FULL: bytes_max. STATUS_NO_SPACE: the device is full; what was taken before stays safe, and `room` comes once
 * there is space again (looked at once a second). STATUS_TOO_LARGE. STATUS_CLOSED: it has failed. Nothing but OK takes
 * it. Allocates nothing in steady state. */
enum status wal_append(struct wal *wal, uint8_t type, uint32_t count, const struct span *parts, size_t part_count,
                       uint64_t *ret_lsn) MUST_CHECK;
uint64_t wal_next(const struct wal *wal);   /* lsn of the next record */
uint64_t wal_synced(const struct wal *wal); /* all up to it are on disk; next − 1 where nothing is under way */
uint64_t wal_first(const struct wal *wal);
uint64_t wal_bytes(const struct wal *wal); /* on disk */
/* Deletes the segments that hold nothing after lsn, but never the last one. From the sync thread, later. */
void wal_trim(struct wal *wal, uint64_t lsn);
/* Makes what was taken durable, then lets go; closed from the loop, may be NULL. */
void wal_close(struct wal *wal, void (*closed)(void *self), void *self);

/* --- reading: while it is open by somebody else too; sees what is synced, or a little more --- */

struct wal_reader;
/* From the record that holds lsn on, or from the first (0). STATUS_NOT_FOUND: no such folder, or lsn is no longer kept.
 */
enum status wal_reader_open(const struct wal_options *options, uint64_t lsn, struct wal_reader **ret_reader,
                            char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* STATUS_END: no more for now; ask again for what was appended since. STATUS_CORRUPT with a sentence. STATUS_NOT_FOUND:
 * what follows was trimmed. Records that repair left out are passed over: their numbers are missing. */
enum status wal_reader_next(struct wal_reader *reader, struct wal_record *ret_record,
                            char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* One record by its place, as a record said it. Checks it. */
enum status wal_reader_at(struct wal_reader *reader, uint64_t segment, uint64_t offset, struct wal_record *ret_record,
                          char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
void wal_reader_close(struct wal_reader *reader);

/* Segments in order: first lsn, next lsn (of the last: as found), bytes. For whoever keeps something beside each
 * sealed segment. Answers how many there are; fills up to room. */
struct wal_segment {
    uint64_t first;
    uint64_t next;
    uint64_t bytes;
    bool sealed; /* another follows it */
};
size_t wal_segments(const char *folder, struct wal_segment *segments, size_t room);

/* Nobody may have it open. LOOK changes nothing; STATUS_CORRUPT: there is damage. CUT lets go of all from the first
 * damage on, SKIP of the damaged records alone. Both keep what they take away beside it (FILE.damaged), and neither
 * gives a number out again: readers pass over those that are missing. A torn tail is no damage, opening cuts it off.
 * Says what it found and did, a sentence a line, to `tell`. */
enum wal_repair { WAL_REPAIR_LOOK, WAL_REPAIR_CUT, WAL_REPAIR_SKIP };
enum status wal_repair(const struct wal_options *options, enum wal_repair how,
                       void (*tell)(void *self, const char *line), void *self) MUST_CHECK;
