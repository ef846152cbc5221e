#include "proto/wire.h"

/* Of tags and sizes; a number takes up to ten. */
#define SHORT_BYTES 5u
#define LONG_BYTES  10u

static bool take_varint(struct span *bytes, unsigned bytes_max, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes_max && i < bytes->size; i++) {
        unsigned char byte = (unsigned char)bytes->data[i];
        if (i == 9 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            bytes->data += i + 1;
            bytes->size -= i + 1;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct span *bytes, uint64_t size, struct span *ret_taken)
{
    if (size > bytes->size)
        return false;
    *ret_taken = (struct span){bytes->data, (size_t)size};
    bytes->data += size;
    bytes->size -= (size_t)size;
    return true;
}

static bool take_value(struct span *bytes, unsigned type, struct wire_field *field)
{
    uint64_t size;
    switch (type) {
    case WIRE_VARINT:
        return take_varint(bytes, LONG_BYTES, &field->integer);
    case WIRE_FIXED64:
        return take_bytes(bytes, 8, &field->bytes);
    case WIRE_FIXED32:
        return take_bytes(bytes, 4, &field->bytes);
    case WIRE_BYTES:
        return take_varint(bytes, SHORT_BYTES, &size) && take_bytes(bytes, size, &field->bytes);
    default: /* groups, which proto3 has not, and types that do not exist: the world's numbers, not our enum's */
        return false;
    }
}

bool wire_next(struct span *bytes, struct wire_field *ret_field, bool *ret_malformed)
{
    *ret_malformed = false;
    if (bytes->size == 0)
        return false;
    uint64_t tag;
    if (!take_varint(bytes, SHORT_BYTES, &tag) || tag >> 3 == 0 || tag >> 32 != 0 ||
        !take_value(bytes, (unsigned)(tag & 7), ret_field)) {
        *ret_malformed = true;
        return false;
    }
    ret_field->number = (uint32_t)(tag >> 3);
    ret_field->type = (enum wire_type)(tag & 7);
    return true;
}
