/* Repair of a damaged log: all of it is looked at and told; then what is damaged is written anew from its good frames,
 * with holes (FRAME_HOLE) for the numbers that are missing.
 *
 *     1 ██████ │ 2 ███░░███ │ 3 ██████      SKIP:  1 ██████ │ 2 ███○███ │ 3 ██████
 *                                           CUT:   1 ██████ │ 2 ███○              (3 → 3.damaged)
 *
 * It may be killed at any time and begun again. */
#include "base/wal/folder.h"
#include "base/wal/reason.h"
#include "base/wal/repair_output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct repair {
    const struct wal_options *options;
    const struct wal_files *files;
    enum wal_repair how;
    void (*tell)(void *self, const char *line);
    void *self;
    struct folder_list list;
    bool *damaged; /* by segment */
    uint64_t damages;
    uint64_t created_ms;  /* of any head that can be read; 0: of none */
    uint64_t numbers_end; /* behind the last number that was ever given, as far as can be seen */
};

static enum status tell(struct repair *repair, const char *path, const char *what, enum status status)
{
    char line[WAL_REASON_BYTES];
    if (status == STATUS_OK)
        reason_say(line, "%s: %s", path, what);
    else
        reason_say(line, "%s: %s: %s", path, what, status_text(status));
    repair->tell(repair->self, line);
    return status;
}

static uint64_t following(const struct repair *repair, size_t i)
{
    return i + 1 < repair->list.count ? repair->list.firsts[i + 1] : 0;
}

/* --- looking --- */

static void damage_tell(struct repair *repair, const struct segment *segment, const struct segment_tail *tail,
                        uint64_t missing_to)
{
    char line[WAL_REASON_BYTES];
    segment_damage_say(segment, tail, line);
    if (missing_to > segment->lsn)
        reason_add(line, "; numbers %" PRIu64 " to %" PRIu64 " are missing", segment->lsn, missing_to - 1);
    repair->damages++;
    repair->tell(repair->self, line);
}

/* From where the good frames stop to the next that is good. STATUS_END: there is none, or what there is was never
 * synced and opening will cut it off. */
static enum status good_seek(struct segment *segment, bool is_last, struct segment_tail *ret_tail)
{
    enum status status = segment_judge(segment, ret_tail);
    if (status != STATUS_OK)
        return status == STATUS_CORRUPT ? STATUS_END : status;
    return ret_tail->good == 0 || (is_last && segment_tail_is_torn(ret_tail)) ? STATUS_END : STATUS_OK;
}

static enum status segment_look(struct repair *repair, struct segment *segment, uint64_t next_first)
{
    struct segment_tail tail = {.good = 0};
    struct wal_record record;
    enum status status;
    for (;;) {
        while ((status = segment_next(segment, &record)) == STATUS_OK)
            continue;
        if (status == STATUS_END || status == STATUS_CORRUPT)
            status = good_seek(segment, next_first == 0, &tail);
        if (status != STATUS_OK)
            break;
        damage_tell(repair, segment, &tail, tail.good_lsn);
        segment->offset = tail.good_offset;
        segment->lsn = tail.good_lsn;
    }
    if (status != STATUS_END)
        return tell(repair, segment->path, "cannot be read", status);
    if (next_first > segment->lsn)
        damage_tell(repair, segment, &(struct segment_tail){.good = 0}, next_first);
    if (next_first > 0 && next_first < segment->lsn) {
        (void)tell(repair, segment->path,
                   "goes on beyond where the next begins: a cut that was not finished, and will be", STATUS_OK);
        repair->how = repair->how == WAL_REPAIR_LOOK ? WAL_REPAIR_LOOK : WAL_REPAIR_CUT;
        repair->damages++;
    }
    if (segment->lsn > repair->numbers_end)
        repair->numbers_end = segment->lsn;
    return STATUS_OK;
}

/* Nothing in it can be checked. Each number has taken a byte of it at the least. */
static enum status headless_look(struct repair *repair, uint64_t first, const char *reason)
{
    char path[PATH_MAX];
    segment_path(repair->options->folder, first, path);
    int fd = repair->files->open(repair->files->self, path, O_RDONLY);
    int64_t size = fd >= 0 ? repair->files->size(repair->files->self, fd) : fd;
    if (fd >= 0)
        repair->files->close(repair->files->self, fd);
    if (size < 0)
        return tell(repair, path, "cannot be read", status_from_errno((int)-size));
    repair->damages++;
    repair->numbers_end = first + (uint64_t)size;
    repair->tell(repair->self, reason);
    return STATUS_OK;
}

static enum status look(struct repair *repair)
{
    char reason[WAL_REASON_BYTES];
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < repair->list.count; i++) {
        struct segment segment;
        uint64_t before = repair->damages;
        status = segment_open(&segment, repair->files, repair->options, repair->list.firsts[i], reason);
        if (status == STATUS_CORRUPT) {
            status = headless_look(repair, repair->list.firsts[i], reason);
        } else if (status == STATUS_OK) {
            repair->created_ms = segment.head.created_ms;
            status = segment_look(repair, &segment, following(repair, i));
            segment_close(&segment);
        } else {
            repair->tell(repair->self, reason);
        }
        repair->damaged[i] = repair->damages > before;
    }
    return status;
}

/* --- mending --- */

/* Up to the first damage where all behind it goes, else all that is good. */
static enum status frames_copy(struct repair *repair, struct segment *segment, bool is_last,
                               struct repair_output *output)
{
    for (;;) {
        struct wal_record record;
        struct segment_tail tail;
        enum status status;
        while ((status = segment_next(segment, &record)) == STATUS_OK)
            repair_output_frame(output, record.payload.data - FRAME_HEAD_BYTES, frame_bytes(record.payload.size));
        if (status != STATUS_END && status != STATUS_CORRUPT)
            return status;
        if (repair->how == WAL_REPAIR_CUT)
            return STATUS_OK;
        if ((status = good_seek(segment, is_last, &tail)) != STATUS_OK)
            return status == STATUS_END ? STATUS_OK : status;
        repair_output_hole(output, segment->lsn, tail.good_lsn);
        segment->offset = tail.good_offset;
        segment->lsn = tail.good_lsn;
    }
}

static struct segment_head head_new(const struct repair *repair, uint64_t first)
{
    struct segment_head head = {.version = repair->options->version,
                                .salt = repair->files->random(repair->files->self),
                                .created_ms = repair->created_ms,
                                .first = first};
    memcpy(head.kind, repair->options->kind, sizeof head.kind);
    return head;
}

static enum status segment_mend(struct repair *repair, size_t i)
{
    char reason[WAL_REASON_BYTES];
    struct repair_output output;
    struct segment segment;
    uint64_t lsn = repair->list.firsts[i];
    uint64_t end = following(repair, i);
    char path[PATH_MAX];
    segment_path(repair->options->folder, lsn, path);
    enum status status = segment_open(&segment, repair->files, repair->options, lsn, reason);
    if (status == STATUS_OK) {
        repair_output_begin(&output, repair->files, repair->options->folder, &segment.head);
        status = frames_copy(repair, &segment, end == 0, &output);
        lsn = segment.lsn;
        segment_close(&segment);
    } else {
        struct segment_head head = head_new(repair, lsn);
        repair_output_begin(&output, repair->files, repair->options->folder, &head);
        status = STATUS_OK;
    }
    repair_output_hole(&output, lsn, end == 0 || repair->how == WAL_REPAIR_CUT ? repair->numbers_end : end);
    enum status finished = repair_output_finish(&output, path);
    if (status == STATUS_OK)
        status = finished;
    return tell(repair, path,
                status == STATUS_OK ? "written anew; the old one is kept beside it, as .damaged"
                                    : "cannot be written anew",
                status);
}

/* Last, when the numbers they gave out stand in a hole. Killed in between, the segment before them goes on beyond where
 * they begin, which looking finds. */
static enum status rest_put_aside(struct repair *repair, size_t kept)
{
    enum status status = STATUS_OK;
    for (size_t i = repair->list.count; status == STATUS_OK && i > kept; i--) {
        char from[PATH_MAX];
        char to[PATH_MAX + 16];
        segment_path(repair->options->folder, repair->list.firsts[i - 1], from);
        (void)snprintf(to, sizeof to, "%s.damaged", from);
        status = status_from_errno(-repair->files->rename(repair->files->self, from, to));
        if (status == STATUS_OK)
            status = status_from_errno(-repair->files->sync_folder(repair->files->self, repair->options->folder));
        (void)tell(repair, from, "put aside, as .damaged", status);
    }
    return status;
}

static enum status mend(struct repair *repair)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < repair->list.count; i++) {
        if (!repair->damaged[i])
            continue;
        status = segment_mend(repair, i);
        if (status == STATUS_OK && repair->how == WAL_REPAIR_CUT)
            return rest_put_aside(repair, i + 1);
    }
    return status;
}

/* --- the folder --- */

static enum status repair_listed(struct repair *repair)
{
    enum status status = look(repair);
    if (status != STATUS_OK)
        return status;
    if (repair->damages == 0)
        return tell(repair, repair->options->folder, "is whole", STATUS_OK);
    if (repair->created_ms == 0)
        return tell(repair, repair->options->folder, "no segment has a head that can be read, nothing can be mended",
                    STATUS_CORRUPT);
    return repair->how == WAL_REPAIR_LOOK ? STATUS_CORRUPT : mend(repair);
}

static enum status repair_locked(struct repair *repair)
{
    enum status status = folder_list(repair->files, repair->options->folder, &repair->list);
    if (status == STATUS_OK && repair->list.count == 0)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        repair->damaged = calloc(repair->list.count, sizeof *repair->damaged);
    if (status == STATUS_OK && repair->damaged == NULL)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = repair_listed(repair);
    else
        (void)tell(repair, repair->options->folder, "holds no log that can be read", status);
    free(repair->damaged);
    folder_list_free(&repair->list);
    return status;
}

enum status wal_repair(const struct wal_options *options, enum wal_repair how,
                       void (*teller)(void *self, const char *line), void *self)
{
    char path[PATH_MAX];
    struct repair repair = {.options = options, .how = how, .tell = teller, .self = self};
    repair.files = options->files != NULL ? options->files : &wal_files_system;
    if (snprintf(path, sizeof path, "%s/" FOLDER_LOCK, options->folder) >= PATH_MAX - (int)SEGMENT_NAME_BYTES)
        return tell(&repair, options->folder, "the path is too long", STATUS_TOO_LARGE);
    int fd = repair.files->open(repair.files->self, path, O_RDWR);
    if (fd < 0)
        return tell(&repair, path, "cannot be opened", status_from_errno(-fd));
    int result = repair.files->lock(repair.files->self, fd);
    enum status status = result == -EWOULDBLOCK ? tell(&repair, path, "the log is locked", STATUS_BUSY)
                         : result < 0           ? tell(&repair, path, "cannot be locked", status_from_errno(-result))
                                                : repair_locked(&repair);
    repair.files->close(repair.files->self, fd);
    return status;
}
