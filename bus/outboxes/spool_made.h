/* Inside the spool: the record being put together: items, and what is noted with them. Starts as zero. */
#pragma once

#include "base/wal/wal.h"
#include "bus/outboxes/spool_notes.h"

#define SPOOL_NOTES_BYTES_MAX ((size_t)32 * 1024 * 1024) /* more notes are not written all together */

struct spool_made {
    struct text sizes, items, notes;
    uint32_t count;
    bool notes_all; /* they became longer than all notes are: all are to be written */
};

void spool_made_fini(struct spool_made *made);
void spool_made_clear(struct spool_made *made);
/* Copies. False: out of memory, nothing has changed. */
bool spool_made_add(struct spool_made *made, struct span item);
/* For an item of size; one of any size where there is none yet. */
bool spool_made_has_room(const struct spool_made *made, size_t size);
/* Notes it here and among all notes; without memory it stays as it was. */
void spool_made_note(struct spool_made *made, struct spool_notes *notes, struct span key, struct span value);
/* Appends it to the log as one record; all: all notes, written down, instead of its own; NULL: those. ret_bytes: what
 * it came to. As wal_append; STATUS_NO_MEMORY: the notes are not whole. */
enum status spool_made_append(const struct spool_made *made, struct wal *wal, uint64_t epoch, const struct text *all,
                              uint64_t *ret_lsn, size_t *ret_bytes) MUST_CHECK;
