/* The log's own thread: libuv's pool is shared with name look-ups, and a disk that takes its time would hold them up.
 * It takes what was appended since as one group, writes it and syncs it: the slower the disk, the larger the groups. */
#include "base/clock.h"
#include "base/wal/wal_state.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#define FILL_BYTES ((uint64_t)4 * 1024 * 1024)

/* Hold the mutex. */
static void fail(struct wal *wal, enum status status, const char *what)
{
    wal->failed = status;
    (void)snprintf(wal->reason, sizeof wal->reason,
                   "%s: %s: %s; what was appended after record %" PRIu64 " is not safe, the log takes nothing more",
                   wal->folder, what, status_text(status), wal->synced);
    (void)uv_async_send(&wal->async);
}

static bool may_pass(enum status status)
{
    return status == STATUS_NO_SPACE || status == STATUS_NO_MEMORY || status == STATUS_AGAIN;
}

/* Hold the mutex. What is woken for the records that come in goes on waiting. */
static void retry_wait(struct wal *wal)
{
    wal->retry_ns = clock_monotonic_ns() + wal->retry_after_ns;
    (void)uv_async_send(&wal->async);
    for (uint64_t now; !wal->closing && (now = clock_monotonic_ns()) < wal->retry_ns;)
        (void)uv_cond_timedwait(&wal->wake, &wal->mutex, wal->retry_ns - now);
}

/* --- writing --- */

/* Bytes that were zeros already are written without moving the file's extents, so that fdatasync has nothing else to
 * write: three times as many groups a second. */
static enum status fill_ahead(struct wal *wal, uint64_t end)
{
    if (end <= wal->filled)
        return STATUS_OK;
    uint64_t to = wal->capacity - end < FILL_BYTES ? wal->capacity : end + FILL_BYTES;
    enum status status = wal_files_zero(wal->files, wal->fd, end, to);
    if (status == STATUS_OK)
        wal->filled = to;
    return status;
}

static enum status active_write(struct wal *wal, const char *bytes, size_t size)
{
    enum status status = fill_ahead(wal, wal->offset + size);
    if (status == STATUS_OK)
        status = wal_files_write(wal->files, wal->fd, bytes, size, wal->offset);
    return status;
}

static enum status buffer_roll(struct wal *wal, const struct wal_buffer *buffer)
{
    return wal_spare_name(wal, wal->spare_fd, wal->spare.salt, buffer->split_lsn,
                          (struct span){buffer->bytes + buffer->split, buffer->used - buffer->split});
}

/* Hold the mutex; lets it go for as long as `work` lasts, and until it goes through or cannot. */
static enum status until_space(struct wal *wal, const struct wal_buffer *buffer,
                               enum status (*work)(struct wal *wal, const struct wal_buffer *buffer))
{
    for (;;) {
        uv_mutex_unlock(&wal->mutex);
        enum status status = work(wal, buffer);
        uv_mutex_lock(&wal->mutex);
        if (!may_pass(status) || wal->closing) {
            wal->retry_ns = 0;
            return status;
        }
        retry_wait(wal);
    }
}

static enum status first_part_write(struct wal *wal, const struct wal_buffer *buffer)
{
    return active_write(wal, buffer->bytes, buffer->rolls ? buffer->split : buffer->used);
}

static enum status first_part_sync(struct wal *wal)
{
    uv_mutex_unlock(&wal->mutex);
    enum status status = wal->sync == WAL_DURABLE ? wal_files_sync(wal->files, wal->fd) : STATUS_OK;
    uv_mutex_lock(&wal->mutex);
    return status;
}

/* The old segment is whole and synced: what it does not need of its room goes back, and the spare takes its place. */
static enum status active_change(struct wal *wal, const struct wal_buffer *buffer)
{
    if (wal->offset < wal->capacity && wal->files->truncate(wal->files->self, wal->fd, wal->offset) == 0) {
        struct wal_segment *sealed = &wal->segments[wal->segment_count - 1];
        wal->bytes -= sealed->bytes - wal->offset;
        sealed->bytes = wal->offset;
    }
    wal->files->close(wal->files->self, wal->fd);
    wal->fd = wal->spare_fd;
    wal->spare_fd = -1;
    wal->capacity = wal->spare.capacity;
    wal->offset = SEGMENT_HEAD_BYTES + buffer->used - buffer->split;
    wal->filled = wal->offset;
    wal->spare.ready = false;
    wal->spare.taken = false;
    wal->bytes -= wal->capacity; /* it was counted as the spare */
    return wal_segment_add(wal, buffer->split_lsn, wal->capacity);
}

static void group_write(struct wal *wal)
{
    struct wal_buffer *buffer = wal->filling;
    wal->filling = wal->writing;
    wal->writing = buffer;
    size_t first_part = buffer->rolls ? buffer->split : buffer->used;
    enum status status = STATUS_OK;
    const char *what = "writing failed";
    if (first_part > 0 && (status = until_space(wal, buffer, first_part_write)) == STATUS_OK) {
        wal->offset += first_part;
        what = "fdatasync failed";
        status = first_part_sync(wal);
    }
    if (status == STATUS_OK && buffer->rolls) {
        what = "beginning a segment failed";
        status = until_space(wal, buffer, buffer_roll);
        if (status == STATUS_OK)
            status = active_change(wal, buffer);
    }
    if (status != STATUS_OK) {
        fail(wal, status, what);
        return;
    }
    wal->synced = buffer->next - 1;
    buffer->used = 0;
    buffer->rolls = false;
    (void)uv_async_send(&wal->async);
}

/* --- room --- */

static bool spare_is_due(const struct wal *wal)
{
    return wal->wanted_bytes > 0 && !wal->spare.taken && !wal->closing &&
           (!wal->spare.ready || wal->spare.capacity < wal->wanted_bytes) && wal_may_grow(wal, wal->wanted_bytes) &&
           (wal->retry_ns == 0 || clock_monotonic_ns() >= wal->retry_ns);
}

/* The loop does not touch the spare's place while none is ready. */
static void spare_replace(struct wal *wal)
{
    uint64_t bytes = wal->wanted_bytes;
    int fd = -1;
    bool was_ready = wal->spare.ready;
    wal->spare.ready = false;
    wal->bytes -= was_ready ? wal->spare.capacity : 0;
    uv_mutex_unlock(&wal->mutex);
    if (was_ready)
        wal_spare_drop(wal, wal->spare_fd);
    wal->spare_fd = -1;
    enum status status = wal_spare_make(wal, bytes, &fd);
    uint32_t salt = wal->files->random(wal->files->self);
    uv_mutex_lock(&wal->mutex);
    if (status == STATUS_OK) {
        wal->spare_fd = fd;
        wal->spare.salt = salt;
        wal->spare.capacity = bytes;
        wal->spare.ready = true;
        wal->bytes += bytes;
        wal->retry_ns = 0;
    } else if (may_pass(status)) {
        wal->retry_ns = clock_monotonic_ns() + wal->retry_after_ns;
    } else {
        fail(wal, status, "making a segment failed");
    }
    (void)uv_async_send(&wal->async);
}

/* The folder is synced each time, so that a power cut leaves no hole among the oldest. */
static enum status oldest_remove(struct wal *wal)
{
    char path[PATH_MAX];
    segment_path(wal->folder, wal->segments[0].first, path);
    uv_mutex_unlock(&wal->mutex);
    int result = wal->files->unlink(wal->files->self, path);
    if (result == 0 || result == -ENOENT)
        result = wal->files->sync_folder(wal->files->self, wal->folder);
    uv_mutex_lock(&wal->mutex);
    wal->bytes -= wal->segments[0].bytes;
    memmove(wal->segments, wal->segments + 1, --wal->segment_count * sizeof *wal->segments);
    (void)uv_async_send(&wal->async);
    return status_from_errno(-result);
}

/* --- the thread --- */

static void sleep_until_woken(struct wal *wal)
{
    uint64_t now = wal->retry_ns > 0 ? clock_monotonic_ns() : 0;
    wal->asleep = true;
    if (wal->retry_ns == 0)
        uv_cond_wait(&wal->wake, &wal->mutex);
    else if (now < wal->retry_ns)
        (void)uv_cond_timedwait(&wal->wake, &wal->mutex, wal->retry_ns - now);
    wal->asleep = false;
}

/* One thing, the most pressing first; answers whether there will be more. */
static bool step(struct wal *wal)
{
    if (wal->segment_count > 1 && wal_is_trimmed(wal, 0)) {
        enum status status = oldest_remove(wal);
        if (status != STATUS_OK)
            fail(wal, status, "deleting a segment failed");
    } else if (spare_is_due(wal)) {
        spare_replace(wal);
    } else if (wal->filling->used > 0) {
        group_write(wal);
    } else if (wal->closing) {
        return false;
    } else {
        sleep_until_woken(wal);
    }
    return true;
}

void wal_sync_main(void *self)
{
    struct wal *wal = self;
    sigset_t all;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    uv_mutex_lock(&wal->mutex);
    while (wal->failed == STATUS_OK && step(wal))
        continue;
    while (!wal->closing)
        uv_cond_wait(&wal->wake, &wal->mutex);
    if (wal->spare_fd >= 0)
        wal_spare_drop(wal, wal->spare_fd);
    wal->files->close(wal->files->self, wal->fd);
    wal->done = true;
    (void)uv_async_send(&wal->async);
    uv_mutex_unlock(&wal->mutex);
}
