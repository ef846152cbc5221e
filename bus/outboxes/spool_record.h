/* Inside the spool: a record of its log, as bytes.
 *
 *     u64 epoch │ u32 flags │ u32 bytes of all items │ count × u32 size │ items │ notes: u32 key, u32 value, both
 *
 * Little-endian. */
#pragma once

#include "base/wal/wal.h"

#define SPOOL_VERSION     1u
#define SPOOL_HEAD_BYTES  16u
#define SPOOL_RECORD_TYPE 1u

enum { SPOOL_NOTES_ALL = 1 }; /* flag: these notes are all there are */

void spool_put32(char *to, uint32_t number);
void spool_put64(char *to, uint64_t number);

struct spool_record { /* borrows from the bytes */
    uint64_t epoch;
    bool notes_all;
    uint32_t count;
    const char *sizes;
    const char *items;
    struct span notes;
};

/* STATUS_CORRUPT: not a record of `count` items. */
enum status spool_record_read(struct span bytes, uint32_t count, struct spool_record *ret_record) MUST_CHECK;
/* The next one of the log in that folder. STATUS_CORRUPT, too, where it is not a spool's, with a sentence; else as
 * wal_reader_next. */
enum status spool_record_next(struct wal_reader *reader, const char *folder, struct wal_record *ret_found,
                              struct spool_record *ret_record, char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* STATUS_CORRUPT, with the sentence. */
enum status spool_record_refuse(const char *folder, uint64_t lsn, char ret_reason[WAL_REASON_BYTES]);
/* Size of item `index` < count. */
uint32_t spool_record_size(const struct spool_record *record, uint32_t index);

/* The next note, taken off the front. False: none left. They were looked at by spool_record_read. */
bool spool_note_next(struct span *notes, struct span *ret_key, struct span *ret_value);
