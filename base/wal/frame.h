/* One record as it lies in a segment; integers little-endian.
 *
 *     0        4      5        8     16      20      24
 *     │ length │ type │ count  │ lsn │ since │ crc32c │ payload … │ zeros up to a multiple of 8
 *
 * The checksum is over all but itself, the zeros too, and begins with the segment's salt: a frame of another segment,
 * or one that somebody sent as a payload, is none here. count is at least 1, so the first eight bytes of a frame are
 * never all zero, and eight zeros are a place nobody wrote to.
 *
 * `since`: numbers since the first record of its group, the records that one fdatasync made durable. A group is written
 * only after the one before it is synced. So a good frame proves that all before its group was synced: what is damaged
 * there was once whole. What is damaged in its own group may never have been written (a power cut keeps any of a
 * group's sectors and loses the others). */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD_BYTES 24u
#define FRAME_SINCE_MAX  UINT32_MAX
/* Numbers that repair left empty: count of them, no payload. Readers pass over it. */
#define FRAME_HOLE 0xffu

struct frame {
    uint32_t length; /* of the payload, bytes */
    uint8_t type;
    uint32_t count;
    uint64_t lsn;
    uint32_t since;
};

/* On disk, with head and zeros. */
static inline uint64_t frame_bytes(uint64_t length)
{
    return (FRAME_HEAD_BYTES + length + 7) / 8 * 8;
}

/* Writes frame_bytes(frame->length); the parts are that long together. */
void frame_encode(char *out, const struct frame *frame, const struct span *parts, size_t part_count, uint32_t salt);
/* FRAME_HEAD_BYTES; says nothing of whether they are any good. */
struct frame frame_head(const char *bytes);
/* bytes: all frame_bytes(frame->length) of it. */
bool frame_is_good(const char *bytes, const struct frame *frame, uint32_t salt);

/* Little-endian integers in bytes. */
uint32_t frame_get32(const char *bytes);
uint64_t frame_get64(const char *bytes);
void frame_put32(char *bytes, uint32_t number);
void frame_put64(char *bytes, uint64_t number);
