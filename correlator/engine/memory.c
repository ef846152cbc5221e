#include "correlator/engine/memory.h"

#include <assert.h>
#include <string.h>

#define CLASS_BYTES_MIN 16u
#define STEPS           4u /* classes to a power of two */
#define OUTGROWN_BYTES  1024u

void memory_init(struct memory *memory, const struct allocator *allocator)
{
    *memory = (struct memory){.allocator = *allocator};
}

/* MEMORY_CLASSES: a great one. */
static unsigned class_of(size_t size)
{
    if (size <= CLASS_BYTES_MIN)
        return 0;
    unsigned power = 63u - (unsigned)__builtin_clzll(size - 1); /* 2^power < size ≤ 2^(power + 1) */
    unsigned step = (unsigned)((size - 1) >> (power - 2)) - STEPS;
    unsigned class = (power - 4) * STEPS + step + 1;
    return class < MEMORY_CLASSES ? class : MEMORY_CLASSES;
}

static size_t class_bytes(unsigned class, size_t size)
{
    return class < MEMORY_CLASSES ? (size_t)(STEPS + class % STEPS) << (class / STEPS + 2) : size;
}

static void *block_take(struct memory *memory, unsigned class, size_t size)
{
    if (class < MEMORY_CLASSES && memory->kept[class] != NULL) {
        void *block = memory->kept[class];
        memcpy(&memory->kept[class], block, sizeof(void *));
        return block;
    }
    memory->allocations++;
    void *block = allocator_resize(&memory->allocator, NULL, 0, class_bytes(class, size));
    if (block != NULL)
        memory->bytes += class_bytes(class, size);
    return block;
}

static void block_return(struct memory *memory, void *block, unsigned class, size_t size)
{
    allocator_free(&memory->allocator, block, class_bytes(class, size));
    memory->bytes -= class_bytes(class, size);
}

static void block_give(struct memory *memory, void *block, unsigned class, size_t size)
{
    if (class < MEMORY_CLASSES) {
        memcpy(block, &memory->kept[class], sizeof(void *));
        memory->kept[class] = block;
        return;
    }
    block_return(memory, block, class, size);
}

void memory_fini(struct memory *memory)
{
    for (unsigned class = 0; class < MEMORY_CLASSES; class ++) {
        while (memory->kept[class] != NULL) {
            void *block = block_take(memory, class, 0);
            allocator_free(&memory->allocator, block, class_bytes(class, 0));
            memory->bytes -= class_bytes(class, 0);
        }
    }
    assert(memory->bytes == 0);
}

void *memory_resize(struct memory *memory, void *pointer, size_t old_size, size_t new_size)
{
    unsigned old_class = class_of(old_size);
    unsigned new_class = class_of(new_size);
    if (new_size == 0) {
        if (pointer != NULL)
            block_give(memory, pointer, old_class, old_size);
        return NULL;
    }
    if (pointer == NULL)
        return block_take(memory, new_class, new_size);
    if (old_class == new_class && old_class < MEMORY_CLASSES)
        return pointer;
    if (old_class == MEMORY_CLASSES && new_class == MEMORY_CLASSES) {
        memory->allocations++;
        void *block = allocator_resize(&memory->allocator, pointer, old_size, new_size);
        if (block != NULL)
            memory->bytes += new_size - old_size;
        return block;
    }
    void *block = block_take(memory, new_class, new_size);
    if (block == NULL)
        return NULL;
    memcpy(block, pointer, old_size < new_size ? old_size : new_size);
    /* What outgrows a block of some size is rarely as small again: it is not kept. */
    if (new_size > old_size && old_size > OUTGROWN_BYTES)
        block_return(memory, pointer, old_class, old_size);
    else
        block_give(memory, pointer, old_class, old_size);
    return block;
}

bool memory_grow(struct memory *memory, void *items_field, uint32_t *room, size_t need, size_t item_size)
{
    size_t wanted = *room < 4 ? 4 : *room < 256 ? (size_t)*room * 2 : (size_t)*room + *room / 8;
    if (wanted < need)
        wanted = need;
    size_t bytes = wanted * item_size;
    wanted = class_bytes(class_of(bytes), bytes) / item_size;
    if (wanted >= NONE)
        return false;
    void *items;
    memcpy(&items, items_field, sizeof(items));
    items = memory_resize(memory, items, *room * item_size, wanted * item_size);
    if (items == NULL)
        return false;
    memcpy(items_field, &items, sizeof(items));
    *room = (uint32_t)wanted;
    return true;
}
