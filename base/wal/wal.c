#include "base/wal/wal.h"

#include "base/wal/folder.h"
#include "base/wal/wal_state.h"

#include <assert.h>
#include <stdlib.h>

#define BUFFER_BYTES ((size_t)64 * 1024)

/* --- shared rules; wal_state.h --- */

bool wal_is_trimmed(const struct wal *wal, size_t segment)
{
    uint64_t next = segment + 1 < wal->segment_count ? wal->segments[segment + 1].first : wal->next;
    return next - 1 <= wal->trimmed;
}

/* What may go does not count, though the active segment stays until another takes its place: so a full log whose
 * every record was let go of always takes the next. */
bool wal_may_grow(const struct wal *wal, uint64_t bytes)
{
    if (wal->bytes_max == 0)
        return true;
    for (size_t i = 0; i < wal->segment_count; i++)
        bytes += wal_is_trimmed(wal, i) ? 0 : wal->segments[i].bytes;
    return bytes <= wal->bytes_max;
}

enum status wal_segment_add(struct wal *wal, uint64_t first, uint64_t bytes)
{
    if (wal->segment_count == wal->segment_room) {
        size_t room = wal->segment_room == 0 ? 64 : wal->segment_room * 2;
        struct wal_segment *segments = realloc(wal->segments, room * sizeof *segments);
        if (segments == NULL)
            return STATUS_NO_MEMORY;
        wal->segments = segments;
        wal->segment_room = room;
    }
    wal->segments[wal->segment_count++] = (struct wal_segment){.first = first, .bytes = bytes};
    wal->bytes += bytes;
    return STATUS_OK;
}

/* --- appending --- */

static uint64_t spare_bytes_for(const struct wal *wal, uint64_t frame)
{
    uint64_t needed = (SEGMENT_HEAD_BYTES + frame + 4095) / 4096 * 4096;
    return needed > wal->segment_bytes ? needed : wal->segment_bytes;
}

/* Whether a frame can be taken now; hold the mutex. */
static enum status room_for(const struct wal *wal, uint64_t frame)
{
    uint64_t pending = wal->filling->used + wal->writing->used;
    if (wal->failed != STATUS_OK)
        return STATUS_CLOSED;
    if (pending > 0 && pending + frame > wal->pending_bytes)
        return wal->retry_ns > 0 ? STATUS_NO_SPACE : STATUS_AGAIN;
    if (frame <= wal->place.capacity - wal->place.end)
        return STATUS_OK;
    if (wal->spare.taken)
        return STATUS_AGAIN;
    if (wal->spare.ready && frame <= wal->spare.capacity - SEGMENT_HEAD_BYTES)
        return STATUS_OK;
    if (!wal_may_grow(wal, spare_bytes_for(wal, frame)))
        return STATUS_FULL;
    return wal->retry_ns > 0 ? STATUS_NO_SPACE : STATUS_AGAIN;
}

static enum status buffer_reserve(struct wal *wal, struct wal_buffer *buffer, uint64_t frame)
{
    if (frame <= buffer->room - buffer->used)
        return STATUS_OK;
    size_t room = buffer->room < BUFFER_BYTES ? BUFFER_BYTES : buffer->room;
    while (room - buffer->used < frame)
        room *= 2;
    char *bytes = realloc(buffer->bytes, room);
    if (bytes == NULL)
        return STATUS_NO_MEMORY;
    buffer->bytes = bytes;
    buffer->room = room;
    return STATUS_OK;
}

static void spare_take(struct wal *wal, struct wal_buffer *buffer)
{
    buffer->rolls = true;
    buffer->split = buffer->used;
    buffer->split_lsn = wal->next;
    buffer->group_first = wal->next;
    wal->spare.taken = true;
    wal->place.salt = wal->spare.salt;
    wal->place.capacity = wal->spare.capacity;
    wal->place.end = SEGMENT_HEAD_BYTES;
    wal->wanted_bytes = 0;
}

static void frame_add(struct wal *wal, struct frame frame, const struct span *parts, size_t part_count)
{
    struct wal_buffer *buffer = wal->filling;
    uint64_t size = frame_bytes(frame.length);
    if (buffer->used == 0)
        buffer->group_first = wal->next;
    if (size > wal->place.capacity - wal->place.end)
        spare_take(wal, buffer);
    frame.lsn = wal->next;
    frame.since = (uint32_t)(wal->next - buffer->group_first);
    frame_encode(buffer->bytes + buffer->used, &frame, parts, part_count, wal->place.salt);
    buffer->used += size;
    wal->place.end += size;
    wal->next += frame.count;
    buffer->next = wal->next;
    if (wal->wanted_bytes == 0 && wal->place.end > wal->place.capacity / 2)
        wal->wanted_bytes = wal->segment_bytes;
}

/* Hold the mutex. */
static enum status frame_take(struct wal *wal, struct frame frame, const struct span *parts, size_t part_count)
{
    uint64_t size = frame_bytes(frame.length);
    struct wal_buffer *buffer = wal->filling;
    enum status status = room_for(wal, size);
    if (status == STATUS_OK && buffer->used > 0 && wal->next - buffer->group_first > FRAME_SINCE_MAX)
        status = STATUS_AGAIN;
    if (status == STATUS_OK)
        status = buffer_reserve(wal, buffer, size);
    if (status != STATUS_OK) {
        uint64_t wanted = spare_bytes_for(wal, size);
        if (size > wal->place.capacity - wal->place.end && wal->wanted_bytes < wanted)
            wal->wanted_bytes = wanted;
        wal->refused_bytes = size;
        wal->refused = status;
        return status;
    }
    wal->refused_bytes = 0;
    frame_add(wal, frame, parts, part_count);
    return STATUS_OK;
}

enum status wal_append(struct wal *wal, uint8_t type, uint32_t count, const struct span *parts, size_t part_count,
                       uint64_t *ret_lsn)
{
    uint64_t length = 0;
    for (size_t i = 0; i < part_count; i++)
        length += parts[i].size;
    assert(type != FRAME_HOLE && count > 0 && count <= WAL_COUNT_MAX && !wal->closing);
    if (length > WAL_RECORD_MAX || (wal->bytes_max > 0 && spare_bytes_for(wal, frame_bytes(length)) > wal->bytes_max))
        return STATUS_TOO_LARGE;
    uv_mutex_lock(&wal->mutex);
    uint64_t lsn = wal->next;
    struct frame frame = {.length = (uint32_t)length, .type = type, .count = count};
    enum status status = frame_take(wal, frame, parts, part_count);
    bool wake = wal->asleep;
    uv_mutex_unlock(&wal->mutex);
    if (wake)
        uv_cond_signal(&wal->wake);
    if (status == STATUS_OK)
        *ret_lsn = lsn;
    return status;
}

/* --- what it says of itself --- */

uint64_t wal_next(const struct wal *wal)
{
    return wal->next; /* the loop alone moves it */
}

/* Locking a mutex changes nothing that is seen. */
static uint64_t read_locked(const struct wal *wal, const uint64_t *number)
{
    uv_mutex_t *mutex = (uv_mutex_t *)&wal->mutex;
    uv_mutex_lock(mutex);
    uint64_t answer = *number;
    uv_mutex_unlock(mutex);
    return answer;
}

uint64_t wal_synced(const struct wal *wal)
{
    return read_locked(wal, &wal->synced);
}

uint64_t wal_bytes(const struct wal *wal)
{
    return read_locked(wal, &wal->bytes);
}

uint64_t wal_first(const struct wal *wal)
{
    uv_mutex_t *mutex = (uv_mutex_t *)&wal->mutex;
    uv_mutex_lock(mutex);
    uint64_t first = wal->segments[0].first;
    uv_mutex_unlock(mutex);
    return first;
}

void wal_trim(struct wal *wal, uint64_t lsn)
{
    uv_mutex_lock(&wal->mutex);
    if (lsn >= wal->next)
        lsn = wal->next - 1;
    if (lsn > wal->synced)
        lsn = wal->synced;
    if (lsn > wal->trimmed)
        wal->trimmed = lsn;
    uv_cond_signal(&wal->wake);
    uv_mutex_unlock(&wal->mutex);
}

/* --- the loop hears --- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct wal *wal = handle->data;
    void (*closed)(void *self) = wal->closed;
    void *self = wal->closed_self;
    wal->files->close(wal->files->self, wal->lock_fd);
    wal_free(wal);
    if (closed != NULL)
        closed(self);
}

void wal_on_async(uv_async_t *async)
{
    struct wal *wal = async->data;
    uv_mutex_lock(&wal->mutex);
    uint64_t synced = wal->synced;
    enum status failed = wal->failed;
    bool done = wal->done;
    bool room = wal->refused_bytes > 0 && !wal->closing && room_for(wal, wal->refused_bytes) != wal->refused;
    if (room)
        wal->refused_bytes = 0;
    uv_mutex_unlock(&wal->mutex);
    if (synced > wal->told_synced) {
        wal->told_synced = synced;
        if (wal->events.synced != NULL)
            wal->events.synced(wal->events.self, synced);
    }
    if (room && wal->events.room != NULL)
        wal->events.room(wal->events.self);
    if (failed != STATUS_OK && !wal->told_failed) {
        wal->told_failed = true;
        if (wal->events.failed != NULL)
            wal->events.failed(wal->events.self, failed, wal->reason);
    }
    if (done && !uv_is_closing((uv_handle_t *)async)) {
        (void)uv_thread_join(&wal->thread);
        uv_close((uv_handle_t *)async, on_handle_closed);
    }
}

void wal_close(struct wal *wal, void (*closed)(void *self), void *self)
{
    wal->closed = closed;
    wal->closed_self = self;
    uv_mutex_lock(&wal->mutex);
    assert(!wal->closing);
    wal->closing = true;
    uv_cond_signal(&wal->wake);
    uv_mutex_unlock(&wal->mutex);
}
