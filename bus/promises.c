#include "bus/promises.h"

void promises_fini(struct promises *promises)
{
    for (size_t i = 0; i < PROMISES_MAX; i++)
        marks_fini(&promises->items[i]);
    promises->count = 0;
}

static void swap(struct marks *one, struct marks *other)
{
    struct marks kept = *one;
    *one = *other;
    *other = kept;
}

/* The one whose neighbours are closest goes; the first and the last stay. */
static void thin(struct promises *promises)
{
    struct marks *items = promises->items;
    size_t gone = 1;
    for (size_t i = 2; i + 1 < promises->count; i++)
        if (items[i + 1].position - items[i - 1].position < items[gone + 1].position - items[gone - 1].position)
            gone = i;
    for (size_t i = gone; i + 1 < promises->count; i++)
        swap(&items[i], &items[i + 1]);
    promises->count--;
}

enum status promises_add(struct promises *promises, const struct source_mark *marks, size_t count, uint64_t position)
{
    if (promises->count == PROMISES_MAX)
        thin(promises);
    size_t at = promises->count;
    while (at > 0 && promises->items[at - 1].position > position)
        at--;
    if (at > 0 && promises->items[at - 1].position == position)
        return marks_copy(&promises->items[at - 1], marks, count, position);
    struct marks *last = &promises->items[promises->count];
    enum status status = marks_copy(last, marks, count, position);
    if (status != STATUS_OK)
        return status;
    for (struct marks *item = last; item > &promises->items[at]; item--)
        swap(item, item - 1);
    promises->count++;
    return STATUS_OK;
}

const struct marks *promises_find(const struct promises *promises, uint64_t position)
{
    for (size_t i = promises->count; i-- > 0;)
        if (promises->items[i].position <= position)
            return &promises->items[i];
    return NULL;
}

void promises_trim(struct promises *promises, uint64_t position)
{
    size_t gone = 0;
    while (gone + 1 < promises->count && promises->items[gone + 1].position <= position)
        gone++;
    for (size_t i = gone; gone > 0 && i < promises->count; i++)
        swap(&promises->items[i - gone], &promises->items[i]);
    promises->count -= gone;
}
