#include "base/wal/frame.h"

#include "base/wal/crc32c.h"

#include <endian.h>

#define CRC_AT 20u

uint32_t frame_get32(const char *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    return le32toh(number);
}

uint64_t frame_get64(const char *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof number);
    return le64toh(number);
}

void frame_put32(char *bytes, uint32_t number)
{
    number = htole32(number);
    memcpy(bytes, &number, sizeof number);
}

void frame_put64(char *bytes, uint64_t number)
{
    number = htole64(number);
    memcpy(bytes, &number, sizeof number);
}

static uint32_t checksum(const char *bytes, uint64_t size, uint32_t salt)
{
    return crc32c(crc32c(salt, bytes, CRC_AT), bytes + FRAME_HEAD_BYTES, (size_t)size - FRAME_HEAD_BYTES);
}

void frame_encode(char *out, const struct frame *frame, const struct span *parts, size_t part_count, uint32_t salt)
{
    uint64_t size = frame_bytes(frame->length);
    frame_put64(out + size - 8, 0); /* the pad; what is not pad is written below */
    frame_put32(out, frame->length);
    frame_put32(out + 4, (uint32_t)frame->type | frame->count << 8);
    frame_put64(out + 8, frame->lsn);
    frame_put32(out + 16, frame->since);
    char *at = out + FRAME_HEAD_BYTES;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size > 0)
            memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    frame_put32(out + CRC_AT, checksum(out, size, salt));
}

struct frame frame_head(const char *bytes)
{
    uint32_t word = frame_get32(bytes + 4);
    return (struct frame){
        .length = frame_get32(bytes),
        .type = (uint8_t)(word & 0xff),
        .count = word >> 8,
        .lsn = frame_get64(bytes + 8),
        .since = frame_get32(bytes + 16),
    };
}

bool frame_is_good(const char *bytes, const struct frame *frame, uint32_t salt)
{
    return frame->count > 0 && frame_get32(bytes + CRC_AT) == checksum(bytes, frame_bytes(frame->length), salt);
}
