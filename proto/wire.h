/* Inside proto: the little of protobuf's wire format that batches and publications are read and written with by hand,
 * because protobuf-c would copy each item:
 *
 *   field:  varint of (number << 3 | type) │ type 0: varint │ 1: 8 bytes │ 2: varint of size, then bytes │ 5: 4 bytes
 */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t integer;  /* of WIRE_VARINT */
    struct span bytes; /* of WIRE_BYTES */
};

/* Takes the next field off the front of *bytes. false: nothing left, or malformed, which *ret_malformed then says. */
bool wire_next(struct span *bytes, struct wire_field *ret_field, bool *ret_malformed);

static inline size_t wire_varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

static inline char *wire_put_varint(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(unsigned char)(value | 0x80);
    *at++ = (char)(unsigned char)value;
    return at;
}

static inline char *wire_put_tag(char *at, uint32_t number, enum wire_type type)
{
    return wire_put_varint(at, (uint64_t)number << 3 | (uint64_t)type);
}

/* Bytes of a field of type WIRE_BYTES, number below 16. */
static inline size_t wire_bytes_size(size_t size)
{
    return 1 + wire_varint_size(size) + size;
}

static inline char *wire_put_bytes(char *at, uint32_t number, struct span bytes)
{
    at = wire_put_tag(at, number, WIRE_BYTES);
    at = wire_put_varint(at, bytes.size);
    if (bytes.size > 0)
        memcpy(at, bytes.data, bytes.size);
    return at + bytes.size;
}
