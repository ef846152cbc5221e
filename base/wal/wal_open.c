/* Opening: the lock, the heads of all segments, every byte of the last one. What is before the last is checked as it
 * is read: a journal of years starts in no time. */
#include "base/wal/folder.h"
#include "base/wal/reason.h"
#include "base/wal/wal_state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What bytes_max is cut into at least, so that trimming gives room back in pieces. */
#define SEGMENTS_MIN      4u
#define SEGMENT_BYTES_MIN ((size_t)64 * 1024)

static enum status say(char ret_reason[WAL_REASON_BYTES], const char *path, const char *what, enum status status)
{
    reason_say(ret_reason, "%s: %s: %s", path, what, status_text(status));
    return status;
}

void wal_free(struct wal *wal)
{
    free(wal->buffers[0].bytes);
    free(wal->buffers[1].bytes);
    free(wal->segments);
    free(wal->folder);
    uv_cond_destroy(&wal->wake);
    uv_mutex_destroy(&wal->mutex);
    free(wal);
}

static size_t segment_bytes_of(const struct wal_options *options)
{
    size_t bytes = options->segment_bytes > 0 ? options->segment_bytes : WAL_SEGMENT_BYTES;
    size_t least = bytes < SEGMENT_BYTES_MIN ? bytes : SEGMENT_BYTES_MIN;
    if (options->bytes_max > 0 && bytes > options->bytes_max / SEGMENTS_MIN)
        bytes = options->bytes_max / SEGMENTS_MIN > least ? (size_t)(options->bytes_max / SEGMENTS_MIN) : least;
    return bytes;
}

static struct wal *wal_new(const struct wal_options *options, const struct wal_events *events)
{
    struct wal *wal = calloc(1, sizeof *wal);
    if (wal == NULL)
        return NULL;
    if (uv_mutex_init(&wal->mutex) != 0 || uv_cond_init(&wal->wake) != 0)
        abort(); /* glibc's cannot fail */
    wal->files = options->files != NULL ? options->files : &wal_files_system;
    wal->head.version = options->version;
    memcpy(wal->head.kind, options->kind, sizeof wal->head.kind);
    wal->segment_bytes = segment_bytes_of(options);
    wal->pending_bytes = options->pending_bytes > 0 ? options->pending_bytes : WAL_PENDING_BYTES;
    wal->bytes_max = options->bytes_max;
    wal->sync = options->sync;
    wal->retry_after_ns = (uint64_t)(options->retry_ms > 0 ? options->retry_ms : 1000) * 1000 * 1000;
    wal->events = *events;
    wal->lock_fd = wal->spare_fd = wal->fd = -1;
    wal->filling = &wal->buffers[0];
    wal->writing = &wal->buffers[1];
    wal->folder = strdup(options->folder);
    if (wal->folder == NULL) {
        wal_free(wal);
        return NULL;
    }
    return wal;
}

static enum status folder_lock(struct wal *wal, char ret_reason[WAL_REASON_BYTES])
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/" FOLDER_LOCK, wal->folder) >= PATH_MAX - (int)SEGMENT_NAME_BYTES)
        return say(ret_reason, wal->folder, "the path is too long", STATUS_TOO_LARGE);
    enum status status = wal_files_make_folder(wal->files, wal->folder);
    if (status != STATUS_OK)
        return say(ret_reason, wal->folder, "the folder cannot be made", status);
    wal->lock_fd = wal->files->open(wal->files->self, path, O_RDWR | O_CREAT);
    if (wal->lock_fd < 0)
        return say(ret_reason, path, "cannot be opened", status_from_errno(-wal->lock_fd));
    int result = wal->files->lock(wal->files->self, wal->lock_fd);
    if (result == -EWOULDBLOCK)
        return say(ret_reason, path, "the log is locked", STATUS_BUSY);
    return result < 0 ? say(ret_reason, path, "cannot be locked", status_from_errno(-result)) : STATUS_OK;
}

/* --- a new log --- */

static enum status log_begin(struct wal *wal, int64_t now_ms, char ret_reason[WAL_REASON_BYTES])
{
    uint32_t salt = wal->files->random(wal->files->self);
    int fd;
    wal->head.created_ms = (uint64_t)now_ms;
    enum status status = wal_spare_make(wal, wal->segment_bytes, &fd);
    if (status != STATUS_OK)
        return say(ret_reason, wal->folder, "the first segment cannot be made", status);
    if ((status = wal_spare_name(wal, fd, salt, 1, (struct span){NULL, 0})) != STATUS_OK) {
        wal_spare_drop(wal, fd);
        return say(ret_reason, wal->folder, "the first segment cannot be made", status);
    }
    wal->fd = fd;
    wal->next = 1;
    wal->place.salt = salt;
    wal->place.end = wal->offset = wal->filled = SEGMENT_HEAD_BYTES;
    wal->place.capacity = wal->capacity = wal->segment_bytes;
    return wal_segment_add(wal, 1, wal->segment_bytes);
}

/* --- one that is there --- */

static enum status heads_read(struct wal *wal, const struct wal_options *options, const struct folder_list *list,
                              char ret_reason[WAL_REASON_BYTES])
{
    for (size_t i = 0; i < list->count; i++) {
        struct segment segment;
        enum status status = segment_open(&segment, wal->files, options, list->firsts[i], ret_reason);
        if (status != STATUS_OK)
            return status;
        uint64_t created_ms = segment.head.created_ms;
        uint64_t size = segment.size;
        segment_close(&segment);
        if (i > 0 && created_ms != wal->head.created_ms) {
            reason_say(ret_reason, "%s is of another log than the segment before it", segment.path);
            return STATUS_CORRUPT;
        }
        wal->head.created_ms = created_ms;
        if ((status = wal_segment_add(wal, list->firsts[i], size)) != STATUS_OK)
            return say(ret_reason, wal->folder, "cannot be opened", status);
    }
    return STATUS_OK;
}

/* To where its good frames end. */
static enum status last_scan(struct segment *segment, struct segment_tail *ret_tail, char ret_reason[WAL_REASON_BYTES])
{
    struct wal_record record;
    enum status status;
    do {
        status = segment_next(segment, &record);
    } while (status == STATUS_OK);
    if (status == STATUS_END || status == STATUS_CORRUPT)
        status = segment_judge(segment, ret_tail);
    if (status == STATUS_OK && !segment_tail_is_torn(ret_tail)) {
        segment_damage_say(segment, ret_tail, ret_reason);
        return STATUS_CORRUPT;
    }
    return status == STATUS_OK ? STATUS_OK : say(ret_reason, segment->path, "cannot be read", status);
}

/* From now on it may be written to. The torn tail becomes zeros, as the head of a frame among its bytes would prove
 * what is not so. On a full device it keeps the room it has. All that was found is made durable: the process that
 * wrote it may have been killed before it synced. */
static enum status last_mend(struct wal *wal, const struct segment *segment, const struct segment_tail *tail)
{
    const struct wal_files *files = wal->files;
    enum status status = STATUS_OK;
    bool is_ours = segment->head.version == wal->head.version;
    uint64_t capacity = segment->size;
    wal->fd = files->open(files->self, segment->path, O_RDWR);
    if (wal->fd < 0)
        return status_from_errno(-wal->fd);
    if (tail->dirty_end > segment->offset) {
        status = status_from_errno(-files->truncate(files->self, wal->fd, segment->offset));
        capacity = segment->offset;
    }
    if (status == STATUS_OK && is_ours && capacity < wal->segment_bytes &&
        files->fallocate(files->self, wal->fd, wal->segment_bytes) == 0)
        capacity = wal->segment_bytes;
    if (status == STATUS_OK)
        status = wal_files_sync(files, wal->fd);
    if (status == STATUS_OK)
        status = status_from_errno(-files->sync_folder(files->self, wal->folder));
    wal->place.end = wal->offset = wal->filled = segment->offset;
    wal->place.salt = segment->head.salt;
    wal->capacity = capacity;
    wal->place.capacity = is_ours ? capacity : segment->offset; /* another version's takes nothing more */
    wal->bytes += capacity - wal->segments[wal->segment_count - 1].bytes;
    wal->segments[wal->segment_count - 1].bytes = capacity;
    wal->next = segment->lsn;
    return status;
}

static enum status log_recover(struct wal *wal, const struct wal_options *options, const struct folder_list *list,
                               uint64_t *ret_cut, char ret_reason[WAL_REASON_BYTES])
{
    struct segment segment;
    struct segment_tail tail;
    enum status status = heads_read(wal, options, list, ret_reason);
    if (status == STATUS_OK)
        status = segment_open(&segment, wal->files, options, list->firsts[list->count - 1], ret_reason);
    if (status != STATUS_OK)
        return status;
    status = last_scan(&segment, &tail, ret_reason);
    if (status == STATUS_OK) {
        *ret_cut = tail.dirty_end - segment.offset;
        if ((status = last_mend(wal, &segment, &tail)) != STATUS_OK)
            (void)say(ret_reason, segment.path, "cannot be made ready to write to", status);
    }
    segment_close(&segment);
    return status;
}

static enum status log_open(struct wal *wal, const struct wal_options *options, int64_t now_ms, uint64_t *ret_cut,
                            char ret_reason[WAL_REASON_BYTES])
{
    char spare[PATH_MAX];
    struct folder_list list;
    enum status status = folder_lock(wal, ret_reason);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(spare, sizeof spare, "%s/" FOLDER_SPARE, wal->folder);
    (void)wal->files->unlink(wal->files->self, spare);
    status = folder_list(wal->files, wal->folder, &list);
    if (status != STATUS_OK)
        (void)say(ret_reason, wal->folder, "cannot be listed", status);
    else if (list.count == 0)
        status = log_begin(wal, now_ms, ret_reason);
    else
        status = log_recover(wal, options, &list, ret_cut, ret_reason);
    folder_list_free(&list);
    return status;
}

static void undo(struct wal *wal)
{
    if (wal->fd >= 0)
        wal->files->close(wal->files->self, wal->fd);
    if (wal->lock_fd >= 0)
        wal->files->close(wal->files->self, wal->lock_fd);
    wal_free(wal);
}

enum status wal_open(uv_loop_t *loop, const struct wal_options *options, const struct wal_events *events,
                     int64_t now_ms, struct wal **ret_wal, struct wal_found *ret_found,
                     char ret_reason[WAL_REASON_BYTES])
{
    uint64_t cut = 0;
    assert(options->kind[0] != '\0');
    struct wal *wal = wal_new(options, events);
    if (wal == NULL)
        return say(ret_reason, options->folder, "cannot be opened", STATUS_NO_MEMORY);
    enum status status = log_open(wal, options, now_ms, &cut, ret_reason);
    if (status != STATUS_OK) {
        undo(wal);
        return status;
    }
    wal->synced = wal->told_synced = wal->next - 1;
    wal->async.data = wal;
    if (uv_async_init(loop, &wal->async, wal_on_async) != 0) {
        undo(wal);
        return say(ret_reason, options->folder, "the loop takes no more handles", STATUS_IO);
    }
    if (uv_thread_create(&wal->thread, wal_sync_main, wal) != 0)
        abort(); /* a machine that has no thread to give has no use of us */
    *ret_found = (struct wal_found){.first = wal->segments[0].first,
                                    .next = wal->next,
                                    .cut_bytes = cut,
                                    .bytes = wal->bytes,
                                    .created_ms = wal->head.created_ms};
    *ret_wal = wal;
    return STATUS_OK;
}
