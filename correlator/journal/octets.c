#include "correlator/journal/octets.h"

#include <string.h>

/* --- writing --- */

void octets_put_number(struct text *text, uint64_t value)
{
    char bytes[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (char)(unsigned char)(value | 0x80);
    bytes[size++] = (char)(unsigned char)value;
    octets_put_raw(text, bytes, size);
}

void octets_put_time(struct text *text, int64_t value)
{
    octets_put_number(text, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

void octets_put_bytes(struct text *text, struct span bytes)
{
    octets_put_number(text, bytes.size);
    octets_put_raw(text, bytes.data, bytes.size);
}

void octets_put_raw(struct text *text, const void *bytes, size_t size)
{
    char *at = text_extend(text, size);
    if (at != NULL && size > 0)
        memcpy(at, bytes, size);
}

/* --- reading --- */

static struct span take(struct octets *octets, size_t size)
{
    if (octets->failed || size > octets->rest.size) {
        octets->failed = true;
        return (struct span){NULL, 0};
    }
    struct span taken = {octets->rest.data, size};
    octets->rest.data += size;
    octets->rest.size -= size;
    return taken;
}

uint64_t octets_number(struct octets *octets)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 10; i++) {
        struct span byte = take(octets, 1);
        if (octets->failed)
            return 0;
        unsigned char bits = (unsigned char)byte.data[0];
        if (i == 9 && bits > 1)
            break;
        value |= (uint64_t)(bits & 0x7f) << (7 * i);
        if (bits < 0x80)
            return value;
    }
    octets->failed = true;
    return 0;
}

uint64_t octets_number_to(struct octets *octets, uint64_t max)
{
    uint64_t value = octets_number(octets);
    if (value <= max)
        return value;
    octets->failed = true;
    return 0;
}

int64_t octets_time(struct octets *octets)
{
    uint64_t value = octets_number(octets);
    return (int64_t)(value >> 1 ^ ((value & 1) != 0 ? UINT64_MAX : 0));
}

struct span octets_bytes(struct octets *octets, size_t max)
{
    return take(octets, (size_t)octets_number_to(octets, max));
}

void octets_raw(struct octets *octets, void *bytes, size_t size)
{
    struct span taken = take(octets, size);
    if (size == 0)
        return;
    if (octets->failed)
        memset(bytes, 0, size);
    else
        memcpy(bytes, taken.data, size);
}

size_t octets_count(struct octets *octets, size_t each_min)
{
    return (size_t)octets_number_to(octets, octets->rest.size / each_min);
}

bool octets_finish(const struct octets *octets)
{
    return !octets->failed && octets->rest.size == 0;
}
