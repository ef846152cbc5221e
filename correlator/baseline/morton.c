/* An American flag sort by octants: eight heaps, in place, then each heap anew with the next bit; what is small is
 * inserted one by one. Needs no keys and no second array. */
#include "correlator/baseline/morton.h"

#define SMALL 24

static uint32_t shifted(int32_t coordinate)
{
    return (uint32_t)(coordinate + MORTON_OFFSET);
}

static bool highest_bit_less(uint32_t a, uint32_t b)
{
    return a < b && a < (a ^ b);
}

bool morton_before(struct point a, struct point b)
{
    /* The axis on which they differ in the greatest bit decides; among equals z, then y. */
    uint32_t x = shifted(a.x) ^ shifted(b.x), y = shifted(a.y) ^ shifted(b.y), z = shifted(a.z) ^ shifted(b.z);
    if (!highest_bit_less(z, y) && !highest_bit_less(z, x))
        return a.z < b.z;
    if (!highest_bit_less(y, x))
        return a.y < b.y;
    return a.x < b.x;
}

static unsigned octant(struct point point, int bit)
{
    return (shifted(point.z) >> bit & 1u) << 2 | (shifted(point.y) >> bit & 1u) << 1 | (shifted(point.x) >> bit & 1u);
}

static void sort_small(struct point *points, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct point point = points[i];
        size_t at = i;
        for (; at > 0 && morton_before(point, points[at - 1]); at--)
            points[at] = points[at - 1];
        points[at] = point;
    }
}

static void sort_from(struct point *points, size_t count, int bit)
{
    if (count <= SMALL) {
        sort_small(points, count);
        return;
    }
    if (bit < 0)
        return; /* all equal */
    size_t counts[8] = {0}, next[8], end[8], total = 0;
    for (size_t i = 0; i < count; i++)
        counts[octant(points[i], bit)]++;
    for (unsigned o = 0; o < 8; o++) {
        next[o] = total;
        total += counts[o];
        end[o] = total;
    }
    for (unsigned o = 0; o < 8; o++)
        while (next[o] < end[o]) {
            unsigned home = octant(points[next[o]], bit);
            struct point other = points[next[home]];
            points[next[home]] = points[next[o]];
            points[next[o]] = other;
            next[home]++; /* where home is o, it stayed where it was */
        }
    for (unsigned o = 0; o < 8; o++)
        if (counts[o] > 1)
            sort_from(points + (end[o] - counts[o]), counts[o], bit - 1);
}

void morton_sort(struct point *points, size_t count)
{
    sort_from(points, count, MORTON_BITS - 1);
}

size_t morton_find(const struct point *points, size_t count, struct point least)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (morton_before(points[middle], least))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t morton_find_after(const struct point *points, size_t count, struct point most)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (morton_before(most, points[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
