#include "proto/unpack.h"

/* An entry of the least legal size (five bytes of a country or an attribute) takes some 130 bytes: 40 of the scanner's,
 * a struct, a pointer, two strings; the arena rounds to 16. */
#define BUDGET_BASE     8192u
#define BUDGET_PER_BYTE 32u

struct budget {
    struct arena *arena;
    size_t left;
    bool arena_full;
};

static void *take(void *self, size_t size)
{
    struct budget *budget = self;
    if (size > budget->left)
        return NULL;
    void *piece = arena_take(budget->arena, size);
    if (piece == NULL)
        budget->arena_full = true;
    else
        budget->left -= size;
    return piece;
}

static void leave(void *self, void *pointer)
{
    (void)self;
    (void)pointer;
}

void *unpack_message(const ProtobufCMessageDescriptor *descriptor, struct span bytes, struct arena *arena,
                     const char *what, char reason[REASON_BYTES], enum status *ret_status)
{
    struct budget budget = {.arena = arena, .left = BUDGET_BASE + BUDGET_PER_BYTE * bytes.size};
    ProtobufCAllocator allocator = {.alloc = take, .free = leave, .allocator_data = &budget};
    const uint8_t *data = bytes.size > 0 ? (const uint8_t *)bytes.data : (const uint8_t *)"";
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, bytes.size, data);
    if (message != NULL)
        return message;
    *ret_status =
        refuse(reason, "not a %s: %zu bytes are malformed, truncated or more than they seem", what, bytes.size);
    if (budget.arena_full) {
        (void)refuse(reason, "no memory to read a %s of %zu bytes", what, bytes.size);
        *ret_status = STATUS_NO_MEMORY;
    }
    return NULL;
}

enum status unpack_enum(const char *field, const int *rows, size_t count, int value, int fallback,
                        char reason[REASON_BYTES], unsigned *ret_row)
{
    if (value == 0 && fallback != NO_FALLBACK) {
        *ret_row = (unsigned)fallback;
        return STATUS_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (rows[i] == value) {
            *ret_row = (unsigned)i;
            return STATUS_OK;
        }
    }
    return value == 0 ? refuse(reason, "%s is missing", field)
                      : refuse(reason, "%s: value %d is unknown", field, value);
}
