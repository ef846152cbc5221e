/* The catalogue: finds every report of the journal again, by id, or by time and place. It is the archive's driver over
 * the journal (correlator/archive.h).
 *
 *     …sealed segment.wal   .idx      a leaf on disk: stubs by number, their order by id, where each record begins
 *     …the last one                   a leaf in memory: what was noted since the last was sealed
 *
 * An index is made by a thread of the pool once its segment is sealed, and checked when it is first asked; a missing or
 * damaged one is made anew from its segment. It is never needed for safety, so it is not synced. Belongs to the loop's
 * thread. */
#pragma once

#include "correlator/archive.h"
#include "proto/report.h"

#include <uv.h>

#define CATALOGUE_REASON_BYTES 512u

struct catalogue;

/* Knows then all that stands before number `next` in the journal in that folder. Indices that are missing are made
 * here: a look at each report of their segments. */
enum status catalogue_open(uv_loop_t *loop, const char *folder, uint64_t next, struct catalogue **ret_catalogue,
                           char ret_reason[CATALOGUE_REASON_BYTES]) MUST_CHECK;
struct archive *catalogue_archive(struct catalogue *catalogue);
/* A report that is on disk at that number, greater than any before; one it knows is left alone. NULL: it could not be
 * read. STATUS_NO_MEMORY: it cannot go on. */
enum status catalogue_note(struct catalogue *catalogue, uint64_t number, const struct report *report) MUST_CHECK;
/* Once a second: seals what the journal has sealed. All reports before number `journaled` were noted. */
void catalogue_tick(struct catalogue *catalogue, uint64_t journaled);
/* What need not be kept. */
struct catalogue_past {
    uint64_t number;       /* records up to it … */
    int64_t needed_ms;     /* … reports of what ended before, written before … */
    int64_t since_ms;      /* … and either written before that, too … */
    uint64_t excess_bytes; /* … or the first so many bytes of the segments */
};
/* Forgets the segments in front that are all of that, with their indices. The last record of those; 0: none. The
 * segments themselves are the caller's to let go of. */
uint64_t catalogue_trim(struct catalogue *catalogue, const struct catalogue_past *past);
/* Is the first segment one that was written before? O(1). */
bool catalogue_is_older(const struct catalogue *catalogue, int64_t since_ms);
/* closed is called from the loop, may be NULL. */
void catalogue_close(struct catalogue *catalogue, void (*closed)(void *self), void *self);
