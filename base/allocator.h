/* Memory handed in: who allocates takes one of these, so tests can count, cap and fail it. */
#pragma once

#include <stddef.h>

struct allocator {
    /* As realloc: pointer NULL allocates, new_size 0 frees and answers NULL. old_size is what was asked before.
     * Answers NULL when there is none to give; the old block is then untouched. */
    void *(*resize)(void *self, void *pointer, size_t old_size, size_t new_size);
    void *self;
};

/* malloc and free. */
extern const struct allocator allocator_heap;

static inline void *allocator_resize(const struct allocator *allocator, void *pointer, size_t old_size, size_t new_size)
{
    return allocator->resize(allocator->self, pointer, old_size, new_size);
}

static inline void allocator_free(const struct allocator *allocator, void *pointer, size_t size)
{
    if (pointer != NULL)
        (void)allocator->resize(allocator->self, pointer, size, 0);
}
