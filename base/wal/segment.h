/* One segment file, read from its head on.
 *
 *     0                                                                       64
 *     │ "VDTLOG1\n" │ kind │ version │ salt │ created_ms │ first │ zeros │ crc │ frame │ frame │ … │ zeros
 *        8             8       4        4        8           8       20     4
 *
 * Frames lie end to end from the 64th byte on, their numbers without a hole. What follows the last one is zeros, or
 * the end of the file. */
#pragma once

#include "base/wal/frame.h"
#include "base/wal/wal.h"
#include "base/wal/wal_files.h"

#include <limits.h>

#define SEGMENT_HEAD_BYTES 64u
#define SEGMENT_NAME_BYTES 25u /* 20 digits, ".wal", NUL */

struct segment_head {
    char kind[8];
    uint32_t version;
    uint32_t salt;
    uint64_t created_ms;
    uint64_t first;
};

struct segment {
    const struct wal_files *files; /* borrowed */
    int fd;
    char path[PATH_MAX];
    struct segment_head head;
    uint64_t size;   /* of the file, when last looked at */
    uint64_t offset; /* of the next frame */
    uint64_t lsn;    /* that it must have */
    char *window;    /* bytes of the file from window_start on */
    size_t window_room;
    size_t window_size;
    uint64_t window_start;
};

/* What lies where no good frame is. */
struct segment_tail {
    uint64_t dirty_end;   /* behind the last byte that is not zero; the segment's offset where all are */
    uint64_t good;        /* frames that are good, behind the place */
    uint64_t good_offset; /* of the first of them */
    uint64_t good_lsn;    /* its number */
    uint64_t good_next;   /* the number after the last of them */
    bool was_synced;      /* one of them proves that the place was once whole */
    bool has_unwritten;   /* a sector between the place and good_offset was never written */
};

void segment_path(const char *folder, uint64_t first, char ret_path[PATH_MAX]);
/* The number of "00000000000000000001.wal"; 0 where it is no such name. */
uint64_t segment_name_first(const char *name);

void segment_head_encode(const struct segment_head *head, char ret_bytes[SEGMENT_HEAD_BYTES]);

/* Reads the head. Refuses with a sentence what is no segment, of another kind than options->kind (if that is not
 * empty), newer than options->version, or does not begin with the number its name says. STATUS_NOT_FOUND: no such file.
 */
enum status segment_open(struct segment *segment, const struct wal_files *files, const struct wal_options *options,
                         uint64_t first, char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
void segment_close(struct segment *segment);
/* What comes next; holes of repair too. Borrowed until the next call. STATUS_END: eight zeros, or the end of the file.
 * STATUS_CORRUPT: anything else, and segment_damage_say says where. Neither moves on. What was written before the call
 * is seen. */
enum status segment_next(struct segment *segment, struct wal_record *ret_record) MUST_CHECK;
/* The frame at offset, whatever its number; ret_bytes begin with its head, borrowed until the next call.
 * STATUS_CORRUPT: there is no good one. */
enum status segment_frame_at(struct segment *segment, uint64_t offset, struct frame *ret_frame,
                             const char **ret_bytes) MUST_CHECK;
/* Bytes of the file from offset on, at least `least` where the file has them; borrowed until the next call. */
enum status segment_bytes_at(struct segment *segment, uint64_t offset, size_t least, struct span *ret_bytes) MUST_CHECK;
/* Forgets what was read ahead and looks at the file's size anew: somebody may have written since. */
enum status segment_refresh(struct segment *segment) MUST_CHECK;
/* Looks at all that lies behind the place where segment_next stopped. STATUS_CORRUPT: too much of it looks like
 * frames (somebody sent it so); it counts as damage. */
enum status segment_judge(struct segment *segment, struct segment_tail *ret_tail) MUST_CHECK;
/* May be cut off: nothing that was ever synced is lost by it. */
bool segment_tail_is_torn(const struct segment_tail *tail);
void segment_damage_say(const struct segment *segment, const struct segment_tail *tail,
                        char ret_reason[WAL_REASON_BYTES]);
