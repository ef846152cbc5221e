/* A sort of indexes that asks libc for nothing (qsort may call malloc): a natural merge sort, so what is ordered
 * already, or but for its tail, costs one pass. O(n log runs). Equal items keep their order. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Must b come before a? */
typedef bool sort_after(const void *context, uint32_t a, uint32_t b);

/* scratch has room for `count` items as well. */
void sort_indexes(uint32_t *items, uint32_t *scratch, uint32_t count, sort_after *after, const void *context);
