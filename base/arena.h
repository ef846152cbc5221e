/* A bump allocator: many small pieces of one lifetime, freed together. One a batch.
 *
 *   block ──▶ block ──▶ …      each block: header, then pieces end to end, 16-byte aligned
 *
 * It never takes more than its limit, so hostile input is bounded. Not thread-safe. */
#pragma once

#include "base/span.h"

#include <stdbool.h>

struct arena_block;

struct arena {
    struct arena_block *first; /* kept by arena_reset, so a steady state allocates nothing */
    struct arena_block *current;
    size_t limit; /* bytes it may take in all */
    size_t taken; /* bytes taken by blocks */
    bool starved; /* the machine had no memory: what was refused was within the limit */
};

/* Takes nothing yet. limit in bytes. */
void arena_init(struct arena *arena, size_t limit);
void arena_fini(struct arena *arena);
/* Forgets every piece and that it starved, keeps the blocks as far as the limit leaves room for those that are asked
 * for next. */
void arena_reset(struct arena *arena);
/* 16-byte aligned, not zeroed; NULL when the limit or the memory is reached. size 0 answers a valid pointer. */
void *arena_take(struct arena *arena, size_t size);
/* As arena_take, zeroed. */
void *arena_zero(struct arena *arena, size_t size);
/* Copies the bytes and puts a NUL behind them (not counted). data is NULL when there is no room. */
struct span arena_copy(struct arena *arena, struct span bytes);
/* printf into the arena. data is NULL when there is no room. */
struct span arena_print(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
