#include "tests/support/failing.h"

#include <stdlib.h>

static void *failing_resize(void *self, void *pointer, size_t old_size, size_t new_size)
{
    struct failing *failing = self;
    if (new_size == 0) {
        failing->blocks--;
        failing->bytes -= old_size;
        free(pointer);
        return NULL;
    }
    failing->calls++;
    if (failing->fail_at != 0 &&
        (failing->once ? failing->calls == failing->fail_at : failing->calls >= failing->fail_at))
        return NULL;
    void *block = realloc(pointer, new_size);
    if (block == NULL)
        return NULL;
    failing->blocks += pointer == NULL;
    failing->bytes += new_size - (pointer != NULL ? old_size : 0);
    if (failing->bytes > failing->bytes_most)
        failing->bytes_most = failing->bytes;
    return block;
}

struct allocator failing_allocator(struct failing *failing)
{
    return (struct allocator){failing_resize, failing};
}
