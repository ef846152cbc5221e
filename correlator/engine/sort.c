#include "correlator/engine/sort.h"

#include <string.h>

/* The end of the ordered run that begins at `first`. */
static uint32_t run_end(const uint32_t *items, uint32_t first, uint32_t count, sort_after *after, const void *context)
{
    uint32_t end = first + 1;
    while (end < count && !after(context, items[end - 1], items[end]))
        end++;
    return end;
}

/* Merges items[first, middle) and items[middle, end); the left one waits in scratch. */
static void merge(uint32_t *items, uint32_t *scratch, uint32_t first, uint32_t middle, uint32_t end, sort_after *after,
                  const void *context)
{
    /* What is in place already stays. */
    while (first < middle && !after(context, items[first], items[middle]))
        first++;
    uint32_t waiting = middle - first;
    memcpy(scratch, items + first, waiting * sizeof(*items));
    uint32_t left = 0;
    uint32_t right = middle;
    uint32_t to = first;
    while (left < waiting && right < end)
        items[to++] = after(context, scratch[left], items[right]) ? items[right++] : scratch[left++];
    memcpy(items + to, scratch + left, (waiting - left) * sizeof(*items));
}

void sort_indexes(uint32_t *items, uint32_t *scratch, uint32_t count, sort_after *after, const void *context)
{
    for (;;) {
        uint32_t runs = 0;
        for (uint32_t first = 0; first < count; runs++) {
            uint32_t middle = run_end(items, first, count, after, context);
            if (middle == count) {
                first = count;
                continue;
            }
            uint32_t end = run_end(items, middle, count, after, context);
            merge(items, scratch, first, middle, end, after, context);
            first = end;
        }
        if (runs <= 1)
            return;
    }
}
