/* The engine's memory: blocks in sizes four to each power of two; what is given back is kept for the next of its size.
 *
 *   allocator handed in ──▶ block ──▶ in use ⇄ free list of its size ──▶ (memory_fini) back to the allocator
 *
 * So a steady state asks the allocator for nothing, though cells and episodes come and go. Great blocks go straight
 * back. */
#pragma once

#include "base/allocator.h"

#include <stdbool.h>
#include <stdint.h>

#define MEMORY_CLASSES 41         /* 16, 20, 24, 28, 32, 40 … bytes, to 16 KiB */
#define NONE           UINT32_MAX /* of an index: none */

struct memory {
    struct allocator allocator;
    void *kept[MEMORY_CLASSES];
    size_t bytes;
    uint64_t allocations;
};

void memory_init(struct memory *memory, const struct allocator *allocator);
/* Every block must have been given back. */
void memory_fini(struct memory *memory);
/* As allocator_resize; sizes are what was asked for. */
void *memory_resize(struct memory *memory, void *pointer, size_t old_size, size_t new_size);

/* An array that grows: items, how many, and room for how many. */
#define VECTOR(type)                                                                                                   \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        uint32_t count;                                                                                                \
        uint32_t room;                                                                                                 \
    }

/* items_field points to the vector's `items`. Room grows by an eighth at least, that of small ones doubles. False: no
 * memory, nothing changed. */
bool memory_grow(struct memory *memory, void *items_field, uint32_t *room, size_t need, size_t item_size);

#define vector_reserve(memory, vector, need)                                                                           \
    ((size_t)(need) <= (vector)->room ||                                                                               \
     memory_grow((memory), &(vector)->items, &(vector)->room, (need), sizeof *(vector)->items))
/* Room must be there. */
#define vector_put(vector, item) ((vector)->items[(vector)->count++] = (item))
#define vector_push(memory, vector, item)                                                                              \
    (vector_reserve((memory), (vector), (size_t)(vector)->count + 1) && (vector_put((vector), (item)), true))
#define vector_free(memory, vector)                                                                                    \
    ((void)memory_resize((memory), (vector)->items, (vector)->room * sizeof *(vector)->items, 0),                      \
     (vector)->items = NULL, (vector)->count = 0, (vector)->room = 0)
