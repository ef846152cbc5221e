/* The outbox in memory: a list of segments, each an array of ends beside the bytes.
 *
 *     head ──▶ segment ──▶ segment ──▶ tail        spare ──▶ segment …
 *              ends:  e0 e1 e2 …                   (kept for the next ones)
 *              bytes: aaaa|bb|cccccc…
 *
 * Append is a copy; trim moves a number and frees whole segments; read finds the segment in steps of 256 KiB. An item
 * greater than a segment gets one of its own size. */
#include "bus/outbox.h"

#include <stdlib.h>

#define SEGMENT_BYTES (256u * 1024u)
#define SEGMENT_ITEMS 4096u
#define SPARES_MAX    16u

struct segment {
    struct segment *next;
    uint64_t first;
    size_t count;
    size_t room; /* of bytes */
    size_t used;
    size_t ends[SEGMENT_ITEMS];
    char bytes[];
};

struct memory {
    struct outbox outbox;
    struct segment *head;
    struct segment *tail;
    struct segment *spare;
    size_t spare_count;
};

static struct segment *segment_take(struct memory *memory, size_t item_size)
{
    struct segment *segment = memory->spare;
    if (item_size <= SEGMENT_BYTES && segment != NULL) {
        memory->spare = segment->next;
        memory->spare_count--;
    } else {
        size_t room = item_size > SEGMENT_BYTES ? item_size : SEGMENT_BYTES;
        segment = malloc(sizeof *segment + room);
        if (segment == NULL)
            return NULL;
        segment->room = room;
    }
    segment->next = NULL;
    segment->first = memory->outbox.last + 1;
    segment->count = segment->used = 0;
    return segment;
}

static void segment_put(struct memory *memory, struct segment *segment)
{
    if (segment->room != SEGMENT_BYTES || memory->spare_count == SPARES_MAX) {
        free(segment);
        return;
    }
    segment->next = memory->spare;
    memory->spare = segment;
    memory->spare_count++;
}

static size_t item_start(const struct segment *segment, size_t index)
{
    return index == 0 ? 0 : segment->ends[index - 1];
}

static enum status memory_append(struct outbox *outbox, struct span item)
{
    struct memory *memory = (struct memory *)outbox;
    if (outbox->bytes_max < OUTBOX_ITEM_COST || item.size > outbox->bytes_max - OUTBOX_ITEM_COST)
        return STATUS_TOO_LARGE;
    size_t cost = item.size + OUTBOX_ITEM_COST;
    if (cost > outbox->bytes_max - outbox->bytes)
        return STATUS_AGAIN;
    struct segment *segment = memory->tail;
    if (segment == NULL || segment->count == SEGMENT_ITEMS || item.size > segment->room - segment->used) {
        segment = segment_take(memory, item.size);
        if (segment == NULL)
            return STATUS_NO_MEMORY;
        if (memory->tail == NULL)
            memory->head = segment;
        else
            memory->tail->next = segment;
        memory->tail = segment;
    }
    if (item.size > 0)
        memcpy(segment->bytes + segment->used, item.data, item.size);
    segment->used += item.size;
    segment->ends[segment->count++] = segment->used;
    outbox->sent = outbox->ready = ++outbox->last;
    outbox->bytes += cost;
    return STATUS_OK;
}

static bool memory_room(const struct outbox *outbox, size_t size)
{
    if (outbox->bytes + size + OUTBOX_ITEM_COST > outbox->bytes_max)
        return false;
    return outbox->bytes <= outbox->bytes_max / 4 * 3 || outbox->bytes == 0; /* not for every single item */
}

static size_t memory_read(struct outbox *outbox, uint64_t position, size_t count_max, size_t bytes_max,
                          size_t item_cost, struct span *ret_items)
{
    struct segment *segment = ((struct memory *)outbox)->head;
    size_t count = 0;
    size_t bytes = 0;
    while (segment != NULL && position >= segment->first + segment->count)
        segment = segment->next;
    for (; segment != NULL; segment = segment->next) {
        for (size_t i = (size_t)(position - segment->first); i < segment->count; i++, position++) {
            size_t start = item_start(segment, i);
            size_t size = segment->ends[i] - start;
            if (count == count_max || (count > 0 && size + item_cost > bytes_max - bytes))
                return count;
            ret_items[count++] = (struct span){segment->bytes + start, size};
            if (size + item_cost >= bytes_max - bytes)
                return count;
            bytes += size + item_cost;
        }
    }
    return count;
}

static void memory_trim(struct outbox *outbox, uint64_t position)
{
    struct memory *memory = (struct memory *)outbox;
    if (position > outbox->last)
        position = outbox->last;
    while (memory->head != NULL && outbox->first <= position) {
        struct segment *segment = memory->head;
        uint64_t segment_last = segment->first + segment->count - 1;
        uint64_t upto = position < segment_last ? position : segment_last;
        size_t from_index = (size_t)(outbox->first - segment->first);
        size_t upto_index = (size_t)(upto - segment->first);
        outbox->bytes -= segment->ends[upto_index] - item_start(segment, from_index);
        outbox->bytes -= (upto_index - from_index + 1) * OUTBOX_ITEM_COST;
        outbox->first = upto + 1;
        if (upto < segment_last)
            return;
        memory->head = segment->next;
        if (memory->head == NULL)
            memory->tail = NULL;
        segment_put(memory, segment);
    }
}

static void segments_free(struct segment *segment)
{
    while (segment != NULL) {
        struct segment *next = segment->next;
        free(segment);
        segment = next;
    }
}

static enum status memory_renew(struct outbox *outbox)
{
    outbox->epoch++;
    return STATUS_OK;
}

static void memory_close(struct outbox *outbox, void (*closed)(void *self), void *self)
{
    struct memory *memory = (struct memory *)outbox;
    segments_free(memory->head);
    segments_free(memory->spare);
    promises_fini(&memory->outbox.promises);
    free(memory);
    if (closed != NULL)
        closed(self);
}

static const struct outbox_driver outbox_memory = {
    .name = "memory",
    .append = memory_append,
    .room = memory_room,
    .read = memory_read,
    .trim = memory_trim,
    .renew = memory_renew,
    .close = memory_close,
};

enum status outbox_memory_open(size_t bytes_max, struct outbox **ret_outbox)
{
    struct memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL)
        return STATUS_NO_MEMORY;
    memory->outbox = (struct outbox){.driver = &outbox_memory, .first = 1, .bytes_max = bytes_max};
    *ret_outbox = &memory->outbox;
    return STATUS_OK;
}
