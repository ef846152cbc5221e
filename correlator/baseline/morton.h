/* Points along the Morton curve: z, y and x bit by bit, the greatest first. Every cube of the lattice whose side is a
 * power of two is one run of the sorted points. */
#pragma once

#include "correlator/engine/point.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* On each axis a point is within ± POINT_SCALE. */
#define MORTON_OFFSET (1 << 29) /* makes every coordinate positive, and is a multiple of every side */
#define MORTON_BITS   30

/* Does a come strictly before b? */
bool morton_before(struct point a, struct point b);
/* Sorts in place; equal points cannot be told apart, so the result depends on the set alone. O(n log n). */
void morton_sort(struct point *points, size_t count);
/* The first of the sorted points that does not come before `least`. O(log n). */
size_t morton_find(const struct point *points, size_t count, struct point least);
/* The first of them that comes after `most`. */
size_t morton_find_after(const struct point *points, size_t count, struct point most);
