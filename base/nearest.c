#include "base/nearest.h"

#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t edit_distance(struct span a, struct span b)
{
    if (a.size > WORD_MAX || b.size > WORD_MAX)
        return a.size > b.size ? a.size : b.size;
    size_t rows[3][WORD_MAX + 1]; /* the row of a's byte i, of the one before, and of the one before that (swaps) */
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.size; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t changed = last[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            row[j] = least(changed, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b.size];
}

const char *nearest_name(struct span name, const char *const *names)
{
    size_t farthest = name.size / 3 > 1 ? name.size / 3 : 1;
    const char *nearest = NULL;
    for (size_t i = 0; names[i] != NULL; i++) {
        size_t distance = edit_distance(name, span_of(names[i]));
        if (distance > farthest || (nearest != NULL && distance >= edit_distance(name, span_of(nearest))))
            continue;
        nearest = names[i];
    }
    return nearest;
}
