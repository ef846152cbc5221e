/* What is due first: a binary heap of items by a time, which knows where each item stands, so any can be moved or taken
 * out. O(log n), about O(1) for times that mostly grow. */
#pragma once

#include "correlator/engine/memory.h"

struct heap_entry {
    int64_t due_ms;
    uint32_t item;
};

struct heap {
    VECTOR(struct heap_entry) entries;
    VECTOR(uint32_t) places; /* by item: index of its entry, or NONE */
};

/* Room for items 0 … item_count − 1. False: no memory, nothing changed. */
bool heap_reserve(struct heap *heap, struct memory *memory, uint32_t item_count);
void heap_free(struct heap *heap, struct memory *memory);
/* Puts the item in, or moves it to another time. */
void heap_put(struct heap *heap, uint32_t item, int64_t due_ms);
/* Takes the item out, if it is in. */
void heap_remove(struct heap *heap, uint32_t item);
bool heap_has(const struct heap *heap, uint32_t item);
/* Is there one that is due before this time? */
bool heap_due(const struct heap *heap, int64_t before_ms, uint32_t *ret_item);
