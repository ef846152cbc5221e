/* What lies behind the place where the good frames end: nothing, a write that the power cut short, or damage.
 *
 *     good │ good │ ??? ……… │ good │ good │ 0000
 *                 ▲ offset   ▲ good_offset
 *
 * Frames behind the place say which (frame.h): one of a later group proves that the place was synced, so it is damage.
 * Where all are of the place's own group it may never have been written; then a sector of it is still zeros, as the
 * file was made. If none is, its bytes were changed: damage. */
#include "base/wal/segment.h"

#define SECTOR_BYTES 512u
/* Checksums over what may be frames, bytes: what a stranger sent could look like frames at every eighth byte. */
#define SEARCH_BYTES_MAX ((uint64_t)1024 * 1024 * 1024)
/* Numbers that may lie between the place and a frame of the same segment. */
#define NUMBERS_MAX ((uint64_t)1 << 48)

static bool is_zero(const char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Behind the last byte that is not zero. */
static enum status dirty_end_find(struct segment *segment, uint64_t *ret_end)
{
    uint64_t end = segment->offset;
    for (uint64_t at = segment->offset; at < segment->size;) {
        struct span bytes;
        enum status status = segment_bytes_at(segment, at, 1, &bytes);
        if (status != STATUS_OK)
            return status;
        if (bytes.size == 0)
            break;
        if (!is_zero(bytes.data, bytes.size)) {
            size_t last = bytes.size;
            while (bytes.data[last - 1] == 0)
                last--;
            end = at + last;
        }
        at += bytes.size;
    }
    *ret_end = end;
    return STATUS_OK;
}

static bool may_be_frame(const struct segment *segment, uint64_t offset, struct frame frame)
{
    return frame.count > 0 && frame.length <= WAL_RECORD_MAX && offset + frame_bytes(frame.length) <= segment->size &&
           frame.lsn >= segment->lsn && frame.lsn - segment->lsn < NUMBERS_MAX;
}

static void good_note(const struct segment *segment, struct segment_tail *tail, uint64_t offset, struct frame frame)
{
    if (tail->good++ == 0) {
        tail->good_offset = offset;
        tail->good_lsn = frame.lsn;
    }
    tail->good_next = frame.lsn + frame.count;
    tail->was_synced = tail->was_synced || frame.since > frame.lsn || frame.lsn - frame.since > segment->lsn;
}

static enum status good_find(struct segment *segment, struct segment_tail *tail)
{
    uint64_t searched = 0;
    for (uint64_t offset = segment->offset + 8; offset < tail->dirty_end;) {
        struct span bytes;
        enum status status = segment_bytes_at(segment, offset, FRAME_HEAD_BYTES, &bytes);
        if (status != STATUS_OK)
            return status;
        if (bytes.size < FRAME_HEAD_BYTES)
            break;
        struct frame frame = frame_head(bytes.data);
        const char *whole;
        uint64_t step = 8;
        if (may_be_frame(segment, offset, frame)) {
            searched += frame_bytes(frame.length);
            if (searched > segment->size && searched > SEARCH_BYTES_MAX)
                return STATUS_CORRUPT;
            status = segment_frame_at(segment, offset, &frame, &whole);
            if (status == STATUS_OK) {
                good_note(segment, tail, offset, frame);
                step = frame_bytes(frame.length);
            } else if (status != STATUS_CORRUPT) {
                return status;
            }
        }
        offset += step;
    }
    return STATUS_OK;
}

/* The first sector is asked from the place on: what is before it was written earlier. */
static enum status unwritten_find(struct segment *segment, uint64_t end, bool *ret_found)
{
    for (uint64_t from = segment->offset; from < end;) {
        uint64_t to = (from / SECTOR_BYTES + 1) * SECTOR_BYTES;
        struct span bytes;
        enum status status = segment_bytes_at(segment, from, (size_t)(to - from), &bytes);
        if (status != STATUS_OK)
            return status;
        if (to <= end && bytes.size >= to - from && is_zero(bytes.data, (size_t)(to - from))) {
            *ret_found = true;
            return STATUS_OK;
        }
        from = to;
    }
    return STATUS_OK;
}

enum status segment_judge(struct segment *segment, struct segment_tail *ret_tail)
{
    struct segment_tail tail = {.dirty_end = segment->offset};
    enum status status = dirty_end_find(segment, &tail.dirty_end);
    if (status == STATUS_OK)
        status = good_find(segment, &tail);
    if (status == STATUS_OK && tail.good > 0)
        status = unwritten_find(segment, tail.good_offset, &tail.has_unwritten);
    if (status == STATUS_OK)
        *ret_tail = tail;
    return status;
}

bool segment_tail_is_torn(const struct segment_tail *tail)
{
    return tail->good == 0 || (!tail->was_synced && tail->has_unwritten);
}
