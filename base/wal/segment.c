#include "base/wal/segment.h"

#include "base/wal/crc32c.h"
#include "base/wal/reason.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MAGIC        "VDTLOG1\n"
#define HEAD_CRC_AT  60u
#define WINDOW_BYTES (256u * 1024u)

void segment_path(const char *folder, uint64_t first, char ret_path[PATH_MAX])
{
    int size = snprintf(ret_path, PATH_MAX, "%s/%020" PRIu64 ".wal", folder, first);
    assert(size > 0 && size < PATH_MAX);
}

uint64_t segment_name_first(const char *name)
{
    uint64_t first = 0;
    size_t digits = 0;
    for (; digits < 20 && name[digits] >= '0' && name[digits] <= '9'; digits++) {
        if (__builtin_mul_overflow(first, 10u, &first) ||
            __builtin_add_overflow(first, (uint64_t)(name[digits] - '0'), &first))
            return 0;
    }
    return digits == 20 && strcmp(name + digits, ".wal") == 0 ? first : 0;
}

void segment_head_encode(const struct segment_head *head, char ret_bytes[SEGMENT_HEAD_BYTES])
{
    memset(ret_bytes, 0, SEGMENT_HEAD_BYTES);
    memcpy(ret_bytes, MAGIC, 8);
    memcpy(ret_bytes + 8, head->kind, 8);
    frame_put32(ret_bytes + 16, head->version);
    frame_put32(ret_bytes + 20, head->salt);
    frame_put64(ret_bytes + 24, head->created_ms);
    frame_put64(ret_bytes + 32, head->first);
    frame_put32(ret_bytes + HEAD_CRC_AT, crc32c(0, ret_bytes, HEAD_CRC_AT));
}

/* NULL where it is a head. */
static const char *head_decode(const char *bytes, size_t size, struct segment_head *ret_head)
{
    if (size < SEGMENT_HEAD_BYTES)
        return "is shorter than a segment's head";
    if (memcmp(bytes, MAGIC, 8) != 0)
        return "does not begin like a segment of a log";
    if (frame_get32(bytes + HEAD_CRC_AT) != crc32c(0, bytes, HEAD_CRC_AT))
        return "has a damaged head (byte 0)";
    memcpy(ret_head->kind, bytes + 8, 8);
    ret_head->version = frame_get32(bytes + 16);
    ret_head->salt = frame_get32(bytes + 20);
    ret_head->created_ms = frame_get64(bytes + 24);
    ret_head->first = frame_get64(bytes + 32);
    return NULL;
}

static enum status head_check(struct segment *segment, const struct wal_options *options, uint64_t first,
                              char ret_reason[WAL_REASON_BYTES])
{
    char bytes[SEGMENT_HEAD_BYTES];
    size_t size;
    enum status status = wal_files_read(segment->files, segment->fd, bytes, sizeof bytes, 0, &size);
    if (status != STATUS_OK) {
        reason_say(ret_reason, "%s: %s", segment->path, status_text(status));
        return status;
    }
    const char *wrong = head_decode(bytes, size, &segment->head);
    if (wrong == NULL && segment->head.first != first)
        wrong = "is named for another number than it begins with";
    if (wrong != NULL) {
        reason_say(ret_reason, "%s %s", segment->path, wrong);
        return STATUS_CORRUPT;
    }
    if (options->kind[0] != '\0' && memcmp(segment->head.kind, options->kind, 8) != 0) {
        reason_say(ret_reason, "%s is of a %.8s, not of a %.8s", segment->path, segment->head.kind, options->kind);
        return STATUS_UNSUPPORTED;
    }
    if (segment->head.version > options->version) {
        reason_say(ret_reason, "%s has version %" PRIu32 "; this program reads up to %" PRIu32, segment->path,
                   segment->head.version, options->version);
        return STATUS_UNSUPPORTED;
    }
    return STATUS_OK;
}

enum status segment_open(struct segment *segment, const struct wal_files *files, const struct wal_options *options,
                         uint64_t first, char ret_reason[WAL_REASON_BYTES])
{
    *segment = (struct segment){.files = files, .offset = SEGMENT_HEAD_BYTES, .lsn = first};
    segment_path(options->folder, first, segment->path);
    segment->fd = files->open(files->self, segment->path, O_RDONLY);
    if (segment->fd < 0) {
        enum status status = status_from_errno(-segment->fd);
        reason_say(ret_reason, "%s cannot be opened: %s", segment->path, strerror(-segment->fd));
        return status;
    }
    enum status status = head_check(segment, options, first, ret_reason);
    if (status == STATUS_OK && (status = segment_refresh(segment)) != STATUS_OK)
        reason_say(ret_reason, "%s: %s", segment->path, status_text(status));
    if (status != STATUS_OK)
        segment_close(segment);
    return status;
}

void segment_close(struct segment *segment)
{
    segment->files->close(segment->files->self, segment->fd);
    segment->fd = -1;
    free(segment->window);
    segment->window = NULL;
}

enum status segment_refresh(struct segment *segment)
{
    int64_t size = segment->files->size(segment->files->self, segment->fd);
    if (size < 0)
        return status_from_errno((int)-size);
    segment->size = (uint64_t)size;
    segment->window_size = 0;
    return STATUS_OK;
}

static enum status window_grow(struct segment *segment, size_t size)
{
    size_t room = segment->window_room < WINDOW_BYTES ? WINDOW_BYTES : segment->window_room;
    while (room < size)
        room *= 2;
    if (room == segment->window_room)
        return STATUS_OK;
    char *window = realloc(segment->window, room);
    if (window == NULL)
        return STATUS_NO_MEMORY;
    segment->window = window;
    segment->window_room = room;
    return STATUS_OK;
}

enum status segment_bytes_at(struct segment *segment, uint64_t offset, size_t least, struct span *ret_bytes)
{
    uint64_t end = segment->window_start + segment->window_size;
    if (offset < segment->window_start || offset + least > end) {
        enum status status = window_grow(segment, least);
        if (status == STATUS_OK)
            status = wal_files_read(segment->files, segment->fd, segment->window, segment->window_room, offset,
                                    &segment->window_size);
        if (status != STATUS_OK) {
            segment->window_size = 0;
            return status;
        }
        segment->window_start = offset;
        end = offset + segment->window_size;
    }
    *ret_bytes = (struct span){segment->window + (offset - segment->window_start), (size_t)(end - offset)};
    return STATUS_OK;
}

enum status segment_frame_at(struct segment *segment, uint64_t offset, struct frame *ret_frame, const char **ret_bytes)
{
    struct span bytes;
    if (segment->size < FRAME_HEAD_BYTES || offset > segment->size - FRAME_HEAD_BYTES)
        return STATUS_CORRUPT;
    enum status status = segment_bytes_at(segment, offset, FRAME_HEAD_BYTES, &bytes);
    if (status != STATUS_OK)
        return status;
    if (bytes.size < FRAME_HEAD_BYTES)
        return STATUS_CORRUPT;
    struct frame frame = frame_head(bytes.data);
    uint64_t size = frame_bytes(frame.length);
    if (frame.length > WAL_RECORD_MAX || size > segment->size || offset > segment->size - size)
        return STATUS_CORRUPT;
    if ((status = segment_bytes_at(segment, offset, (size_t)size, &bytes)) != STATUS_OK)
        return status;
    if (bytes.size < size || !frame_is_good(bytes.data, &frame, segment->head.salt))
        return STATUS_CORRUPT;
    *ret_frame = frame;
    *ret_bytes = bytes.data;
    return STATUS_OK;
}

static enum status is_blank(struct segment *segment, uint64_t offset, bool *ret_blank)
{
    static const char zeros[8];
    struct span bytes;
    enum status status = segment_bytes_at(segment, offset, 8, &bytes);
    if (status == STATUS_OK)
        *ret_blank = bytes.size == 0 || memcmp(bytes.data, zeros, bytes.size < 8 ? bytes.size : 8) == 0;
    return status;
}

/* The frame that must come next; STATUS_CORRUPT: it is not there. */
static enum status frame_here(struct segment *segment, struct frame *ret_frame, const char **ret_bytes)
{
    enum status status = segment_frame_at(segment, segment->offset, ret_frame, ret_bytes);
    return status == STATUS_OK && ret_frame->lsn != segment->lsn ? STATUS_CORRUPT : status;
}

enum status segment_next(struct segment *segment, struct wal_record *ret_record)
{
    struct frame frame;
    const char *bytes;
    enum status status = frame_here(segment, &frame, &bytes);
    if (status == STATUS_CORRUPT && (status = segment_refresh(segment)) == STATUS_OK)
        status = frame_here(segment, &frame, &bytes); /* written since it was read ahead */
    if (status == STATUS_OK) {
        *ret_record = (struct wal_record){.lsn = frame.lsn,
                                          .count = frame.count,
                                          .type = frame.type,
                                          .version = segment->head.version,
                                          .payload = {bytes + FRAME_HEAD_BYTES, frame.length},
                                          .segment = segment->head.first,
                                          .offset = segment->offset};
        segment->offset += frame_bytes(frame.length);
        segment->lsn += frame.count;
        return STATUS_OK;
    }
    if (status != STATUS_CORRUPT)
        return status;
    bool blank = false;
    if ((status = is_blank(segment, segment->offset, &blank)) != STATUS_OK)
        return status;
    if ((status = segment_refresh(segment)) != STATUS_OK)
        return status;
    return blank ? STATUS_END : STATUS_CORRUPT;
}

void segment_damage_say(const struct segment *segment, const struct segment_tail *tail,
                        char ret_reason[WAL_REASON_BYTES])
{
    reason_say(ret_reason, "%s is damaged at byte %" PRIu64 ", where record %" PRIu64 " should begin", segment->path,
               segment->offset, segment->lsn);
    if (tail->good > 0)
        reason_add(ret_reason, "; behind it, from byte %" PRIu64 " on, %" PRIu64 " records up to %" PRIu64 " are whole",
                   tail->good_offset, tail->good, tail->good_next - 1);
}
