#include "correlator/engine/heap.h"

bool heap_reserve(struct heap *heap, struct memory *memory, uint32_t item_count)
{
    if (!vector_reserve(memory, &heap->entries, item_count) || !vector_reserve(memory, &heap->places, item_count))
        return false;
    while (heap->places.count < item_count)
        vector_put(&heap->places, NONE);
    return true;
}

void heap_free(struct heap *heap, struct memory *memory)
{
    vector_free(memory, &heap->entries);
    vector_free(memory, &heap->places);
}

static void place(struct heap *heap, uint32_t at, struct heap_entry entry)
{
    heap->entries.items[at] = entry;
    heap->places.items[entry.item] = at;
}

static void sift_up(struct heap *heap, uint32_t at, struct heap_entry entry)
{
    while (at > 0 && heap->entries.items[(at - 1) / 2].due_ms > entry.due_ms) {
        place(heap, at, heap->entries.items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(heap, at, entry);
}

static void sift_down(struct heap *heap, uint32_t at, struct heap_entry entry)
{
    const struct heap_entry *entries = heap->entries.items;
    for (uint32_t child = 2 * at + 1; child < heap->entries.count; child = 2 * at + 1) {
        if (child + 1 < heap->entries.count && entries[child + 1].due_ms < entries[child].due_ms)
            child++;
        if (entries[child].due_ms >= entry.due_ms)
            break;
        place(heap, at, entries[child]);
        at = child;
    }
    place(heap, at, entry);
}

static void settle(struct heap *heap, uint32_t at, struct heap_entry entry)
{
    if (at > 0 && heap->entries.items[(at - 1) / 2].due_ms > entry.due_ms)
        sift_up(heap, at, entry);
    else
        sift_down(heap, at, entry);
}

void heap_put(struct heap *heap, uint32_t item, int64_t due_ms)
{
    struct heap_entry entry = {due_ms, item};
    if (heap->places.items[item] == NONE)
        sift_up(heap, heap->entries.count++, entry);
    else
        settle(heap, heap->places.items[item], entry);
}

void heap_remove(struct heap *heap, uint32_t item)
{
    if (!heap_has(heap, item))
        return;
    uint32_t at = heap->places.items[item];
    heap->places.items[item] = NONE;
    struct heap_entry last = heap->entries.items[--heap->entries.count];
    if (last.item != item)
        settle(heap, at, last);
}

bool heap_has(const struct heap *heap, uint32_t item)
{
    return item < heap->places.count && heap->places.items[item] != NONE;
}

bool heap_due(const struct heap *heap, int64_t before_ms, uint32_t *ret_item)
{
    if (heap->entries.count == 0 || heap->entries.items[0].due_ms >= before_ms)
        return false;
    *ret_item = heap->entries.items[0].item;
    return true;
}
