/* Inside proto: the little of protobuf's wire format that reports, batches and publications are read and written with
 * by hand: protobuf-c would copy each item, and takes five times as long for a report:
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
    struct span bytes; /* of the other types */
};

/* Takes the next field off the front of *bytes. false: nothing left, or malformed, which *ret_malformed then says. A
 * tag or a size of more than five bytes is malformed, as it is to others. */
bool wire_next(struct span *bytes, struct wire_field *ret_field, bool *ret_malformed);

/* A field's value. false: it is of another type. */
static inline bool wire_number(const struct wire_field *field, uint64_t *ret_value)
{
    if (field->type != WIRE_VARINT)
        return false;
    *ret_value = field->integer;
    return true;
}

static inline bool wire_text(const struct wire_field *field, struct span *ret_text)
{
    if (field->type != WIRE_BYTES)
        return false;
    *ret_text = field->bytes;
    return true;
}

static inline bool wire_real(const struct wire_field *field, double *ret_value)
{
    uint64_t bits = 0;
    if (field->type != WIRE_FIXED64)
        return false;
    for (unsigned i = 0; i < sizeof bits; i++)
        bits |= (uint64_t)(unsigned char)field->bytes.data[i] << (8 * i);
    memcpy(ret_value, &bits, sizeof bits);
    return true;
}

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

/* --- from the end to the front ---
 *
 * What stands before a part is its size, which is known once the part is written. So a message is written from its last
 * byte to its first; each function writes before `at` and answers where the message begins now. */

static inline char *wire_lead_varint(char *at, uint64_t value)
{
    at -= wire_varint_size(value);
    (void)wire_put_varint(at, value);
    return at;
}

static inline char *wire_lead_tag(char *at, uint32_t number, enum wire_type type)
{
    return wire_lead_varint(at, (uint64_t)number << 3 | (uint64_t)type);
}

/* Written even where it is 0. */
static inline char *wire_lead_given(char *at, uint32_t number, uint64_t value)
{
    return wire_lead_tag(wire_lead_varint(at, value), number, WIRE_VARINT);
}

static inline char *wire_lead_number(char *at, uint32_t number, uint64_t value)
{
    return value != 0 ? wire_lead_given(at, number, value) : at;
}

static inline char *wire_lead_given_real(char *at, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    at -= sizeof bits;
    for (unsigned i = 0; i < sizeof bits; i++) /* one store, the compiler sees */
        at[i] = (char)(unsigned char)(bits >> (8 * i));
    return wire_lead_tag(at, number, WIRE_FIXED64);
}

static inline char *wire_lead_real(char *at, uint32_t number, double value)
{
    return value < 0 || value > 0 || value != value ? wire_lead_given_real(at, number, value) : at;
}

/* Tag and size of what lies between at and end. */
static inline char *wire_lead_part(char *at, const char *end, uint32_t number)
{
    return wire_lead_tag(wire_lead_varint(at, (uint64_t)(end - at)), number, WIRE_BYTES);
}

static inline char *wire_lead_text(char *at, uint32_t number, struct span text)
{
    if (text.size == 0)
        return at;
    memcpy(at - text.size, text.data, text.size);
    return wire_lead_part(at - text.size, at, number);
}
