#include "correlator/journal/kept.h"

void kept_fini(struct kept_records *kept)
{
    for (size_t i = 0; i < KEPT_RECORDS; i++)
        if (kept->items[i].arena.limit > 0)
            arena_fini(&kept->items[i].arena);
}

const struct kept_record *kept_find(struct kept_records *kept, uint64_t number)
{
    for (size_t i = 0; i < KEPT_RECORDS; i++) {
        struct kept_record *one = &kept->items[i];
        if (number < one->number || number - one->number >= one->count)
            continue;
        one->used = ++kept->uses;
        return one;
    }
    return NULL;
}

const struct kept_record *kept_put(struct kept_records *kept, const struct journal_record *batch)
{
    struct kept_record *one = &kept->items[0];
    for (size_t i = 1; i < KEPT_RECORDS; i++)
        if (kept->items[i].used < one->used)
            one = &kept->items[i];
    if (one->arena.limit == 0)
        arena_init(&one->arena, KEPT_BYTES_MAX);
    arena_reset(&one->arena);
    one->count = 0;
    one->items = arena_take(&one->arena, batch->item_count * sizeof *one->items);
    if (one->items == NULL)
        return NULL;
    for (size_t i = 0; i < batch->item_count; i++) {
        one->items[i] = arena_copy(&one->arena, batch->items[i]);
        if (one->items[i].data == NULL)
            return NULL;
    }
    one->number = batch->number;
    one->count = batch->item_count;
    one->at_ms = batch->at_ms;
    one->used = ++kept->uses;
    return one;
}
