#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ALIGNMENT  16u
#define BLOCK_SIZE 16384u

struct arena_block {
    struct arena_block *next;
    size_t size; /* of bytes[] */
    size_t used;
    size_t pad;
    unsigned char bytes[];
};

_Static_assert(sizeof(struct arena_block) % ALIGNMENT == 0, "pieces start aligned");

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

void arena_fini(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){.limit = arena->limit};
}

void arena_reset(struct arena *arena)
{
    for (struct arena_block *block = arena->first; block != NULL; block = block->next)
        block->used = 0;
    arena->current = arena->first;
    arena->starved = false;
}

/* Frees the blocks that hold nothing: kept from before a reset, and too small for what is asked since. */
static void shed(struct arena *arena)
{
    struct arena_block *last = NULL;
    for (struct arena_block **link = &arena->first; *link != NULL;) {
        struct arena_block *block = *link;
        if (block->used > 0) {
            last = block;
            link = &block->next;
            continue;
        }
        *link = block->next;
        arena->taken -= block->size;
        free(block);
    }
    arena->current = last;
}

static bool fits(const struct arena *arena, size_t room)
{
    return arena->taken <= arena->limit && room <= arena->limit - arena->taken;
}

static struct arena_block *block_add(struct arena *arena, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    if (!fits(arena, room))
        shed(arena);
    if (!fits(arena, room))
        room = size; /* the last block may be a small one */
    if (!fits(arena, room))
        return NULL;
    struct arena_block *block = malloc(sizeof *block + room);
    if (block == NULL) {
        arena->starved = true;
        return NULL;
    }
    *block = (struct arena_block){.size = room};
    arena->taken += room;
    if (arena->current == NULL) {
        arena->first = block;
    } else {
        block->next = arena->current->next;
        arena->current->next = block;
    }
    arena->current = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT - sizeof(struct arena_block))
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_block *block = arena->current;
    while (block != NULL && block->size - block->used < size && block->next != NULL && block->next->used == 0)
        block = arena->current = block->next;
    if (block == NULL || block->size - block->used < size) {
        block = block_add(arena, size);
        if (block == NULL)
            return NULL;
    }
    void *piece = block->bytes + block->used;
    block->used += size;
    return piece;
}

void *arena_zero(struct arena *arena, size_t size)
{
    void *piece = arena_take(arena, size);
    if (piece != NULL)
        memset(piece, 0, size);
    return piece;
}

struct span arena_copy(struct arena *arena, struct span bytes)
{
    char *copy = arena_take(arena, bytes.size + 1);
    if (copy == NULL)
        return (struct span){NULL, 0};
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return (struct span){copy, bytes.size};
}

struct span arena_print(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0)
        return (struct span){NULL, 0};
    char *text = arena_take(arena, (size_t)size + 1);
    if (text == NULL)
        return (struct span){NULL, 0};
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return (struct span){text, (size_t)size};
}
