#include "base/allocator.h"

#include <stdlib.h>

static void *heap_resize(void *self, void *pointer, size_t old_size, size_t new_size)
{
    (void)self;
    (void)old_size;
    if (new_size == 0) {
        free(pointer);
        return NULL;
    }
    return realloc(pointer, new_size);
}

const struct allocator allocator_heap = {heap_resize, NULL};
