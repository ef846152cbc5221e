/* A segment of a log: its head is true if the first byte is odd, the checksums of its frames if the second is. */
#include "base/wal/crc32c.h"
#include "base/wal/segment.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* The one file there is, in memory: a system call an execution would be nine tenths of the time. */
static int open_fuzzed(void *self, const char *path, int flags)
{
    return 0;
}

static void close_fuzzed(void *self, int fd)
{
}

static int64_t size_fuzzed(void *self, int fd)
{
    return (int64_t)((struct span *)self)->size;
}

static int64_t pread_fuzzed(void *self, int fd, void *bytes, size_t size, uint64_t offset)
{
    const struct span *file = self;
    size_t left = offset < file->size ? file->size - (size_t)offset : 0;
    size_t given = left < size ? left : size;
    if (given > 0)
        memcpy(bytes, file->data + offset, given);
    return (int64_t)given;
}

static void checksums_make_true(char *bytes, size_t size)
{
    for (size_t at = SEGMENT_HEAD_BYTES, step; at + FRAME_HEAD_BYTES <= size; at += step) {
        step = (size_t)frame_bytes(frame_head(bytes + at).length);
        if (step > size - at)
            break;
        frame_put32(bytes + at + 20, crc32c(crc32c(7, bytes + at, 20), bytes + at + 24, step - 24));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct segment_head head = {.kind = "fuzz", .version = 1, .salt = 7, .first = 1};
    struct wal_options options = {.folder = "fuzz", .kind = "fuzz", .version = 1};
    struct wal_files files = wal_files_system;
    struct segment segment;
    struct segment_tail tail;
    struct wal_record record;
    char reason[WAL_REASON_BYTES];
    char *bytes = calloc(1, size + SEGMENT_HEAD_BYTES);
    struct span file = {bytes, size};
    fuzz_check(bytes != NULL);
    memcpy(bytes, data, size);
    if (size > 0 && data[0] & 1)
        segment_head_encode(&head, bytes);
    if (size > 1 && data[1] & 1)
        checksums_make_true(bytes, size);
    files.open = open_fuzzed;
    files.close = close_fuzzed;
    files.size = size_fuzzed;
    files.pread = pread_fuzzed;
    files.self = &file;
    if (segment_open(&segment, &files, &options, 1, reason) == STATUS_OK) {
        uint64_t next = 1;
        for (; segment_next(&segment, &record) == STATUS_OK; next = record.lsn + record.count)
            fuzz_check(record.lsn == next && record.offset + record.payload.size < size);
        enum status status = segment_judge(&segment, &tail);
        fuzz_check(status == STATUS_CORRUPT || (tail.dirty_end >= segment.offset && tail.dirty_end <= size));
        fuzz_check(status != STATUS_OK || tail.good == 0 || tail.good_offset > segment.offset);
        segment_close(&segment);
    }
    free(bytes);
    return 0;
}
