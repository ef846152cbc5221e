#include "proto/batch_codec.h"

#include "proto/limits.h"
#include "proto/reason.h"
#include "proto/wire.h"

static size_t batch_size(const struct frame_batch *batch)
{
    size_t size = 1 + wire_varint_size(batch->first);
    for (size_t i = 0; i < batch->count; i++)
        size += wire_bytes_size(batch->items[i].size);
    return size;
}

enum status batch_pack(const struct frame_batch *batch, struct text *bytes)
{
    if (batch->count > LIMIT_BATCH_ITEMS)
        return STATUS_TOO_LARGE;
    size_t limit = batch->count == 1 ? LIMIT_EPISODE_BYTES + LIMIT_BATCH_BYTES : LIMIT_BATCH_BYTES;
    size_t size = batch_size(batch);
    if (wire_bytes_size(size) > limit)
        return STATUS_TOO_LARGE;
    char *at = text_extend(bytes, wire_bytes_size(size));
    if (at == NULL)
        return STATUS_NO_MEMORY;
    at = wire_put_tag(at, BATCH_BODY, WIRE_BYTES);
    at = wire_put_varint(at, size);
    at = wire_put_tag(at, 1, WIRE_VARINT);
    at = wire_put_varint(at, batch->first);
    for (size_t i = 0; i < batch->count; i++)
        at = wire_put_bytes(at, 2, batch->items[i]);
    return STATUS_OK;
}

/* First pass: counts the items, so that the list is taken once and never for more than the limit. */
static enum status batch_count(struct span bytes, size_t *ret_count, char reason[REASON_BYTES])
{
    size_t count = 0;
    bool malformed;
    for (struct wire_field field; wire_next(&bytes, &field, &malformed);) {
        if (field.number <= 2 && field.type != (field.number == 1 ? WIRE_VARINT : WIRE_BYTES))
            return refuse(reason, "batch: field %u has wire type %u", field.number, (unsigned)field.type);
        count += field.number == 2;
    }
    if (malformed)
        return refuse(reason, "batch: malformed or truncated");
    if (count == 0)
        return refuse(reason, "batch: no items");
    if (count > LIMIT_BATCH_ITEMS)
        return refuse(reason, "batch: %zu items, expected at most %u", count, LIMIT_BATCH_ITEMS);
    *ret_count = count;
    return STATUS_OK;
}

enum status batch_unpack(struct span bytes, struct arena *arena, struct frame_batch *ret_batch,
                         char reason[REASON_BYTES])
{
    size_t count = 0;
    enum status status = batch_count(bytes, &count, reason);
    if (status != STATUS_OK)
        return status;
    struct span *items = arena_take(arena, count * sizeof *items);
    if (items == NULL) {
        (void)refuse(reason, "no memory to read a batch of %zu items", count);
        return STATUS_NO_MEMORY;
    }
    struct frame_batch batch = {.items = items};
    bool malformed;
    for (struct wire_field field; wire_next(&bytes, &field, &malformed);) {
        if (field.number == 1)
            batch.first = field.integer;
        else if (field.number == 2)
            items[batch.count++] = field.bytes;
    }
    if (batch.first == 0 || batch.first > UINT64_MAX - count)
        return refuse(reason, "batch.first: %llu, positions count from 1", (unsigned long long)batch.first);
    *ret_batch = batch;
    return STATUS_OK;
}
