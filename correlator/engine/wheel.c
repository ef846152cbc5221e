#include "correlator/engine/wheel.h"

#include <string.h>

static int64_t number_of(const struct wheel *wheel, int64_t due_ms)
{
    return due_ms / wheel->step_ms - (due_ms % wheel->step_ms < 0);
}

/* The index of the first spoke at or after `number`; the newest is looked at first. */
static uint32_t spoke_place(const struct wheel *wheel, int64_t number)
{
    uint32_t low = 0;
    uint32_t high = wheel->spokes.count;
    if (high > 0 && wheel->spokes.items[high - 1].number <= number)
        return wheel->spokes.items[high - 1].number == number ? high - 1 : high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (wheel->spokes.items[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void wheel_init(struct wheel *wheel, int64_t step_ms)
{
    *wheel = (struct wheel){.step_ms = step_ms};
}

void wheel_free(struct wheel *wheel, struct memory *memory)
{
    vector_free(memory, &wheel->spokes);
    vector_free(memory, &wheel->links);
}

bool wheel_reserve(struct wheel *wheel, struct memory *memory, uint32_t item_count)
{
    if (!vector_reserve(memory, &wheel->spokes, (size_t)wheel->spokes.count + 1) ||
        !vector_reserve(memory, &wheel->links, item_count))
        return false;
    for (; wheel->links.count < item_count; wheel->links.count++)
        wheel->links.items[wheel->links.count] = (struct wheel_link){NONE, wheel->links.count};
    return true;
}

bool wheel_has(const struct wheel *wheel, uint32_t item)
{
    return item < wheel->links.count && wheel->links.items[item].previous != item;
}

void wheel_put(struct wheel *wheel, uint32_t item, int64_t due_ms)
{
    int64_t number = number_of(wheel, due_ms);
    uint32_t at = spoke_place(wheel, number);
    struct wheel_spoke *spokes = wheel->spokes.items;
    if (at == wheel->spokes.count || spokes[at].number != number) {
        memmove(spokes + at + 1, spokes + at, (wheel->spokes.count - at) * sizeof(*spokes));
        spokes[at] = (struct wheel_spoke){number, NONE};
        wheel->spokes.count++;
    }
    wheel->links.items[item] = (struct wheel_link){spokes[at].first, NONE};
    if (spokes[at].first != NONE)
        wheel->links.items[spokes[at].first].previous = item;
    spokes[at].first = item;
}

static void spoke_remove(struct wheel *wheel, uint32_t at)
{
    struct wheel_spoke *spokes = wheel->spokes.items;
    wheel->spokes.count--;
    memmove(spokes + at, spokes + at + 1, (wheel->spokes.count - at) * sizeof(*spokes));
}

void wheel_remove(struct wheel *wheel, uint32_t item, int64_t due_ms)
{
    if (!wheel_has(wheel, item))
        return;
    struct wheel_link link = wheel->links.items[item];
    wheel->links.items[item] = (struct wheel_link){NONE, item};
    if (link.next != NONE)
        wheel->links.items[link.next].previous = link.previous;
    if (link.previous != NONE) {
        wheel->links.items[link.previous].next = link.next;
        return;
    }
    uint32_t at = spoke_place(wheel, number_of(wheel, due_ms));
    wheel->spokes.items[at].first = link.next;
    if (link.next == NONE)
        spoke_remove(wheel, at);
}

bool wheel_due(const struct wheel *wheel, int64_t before_ms, uint32_t *ret_item)
{
    if (wheel->spokes.count == 0)
        return false;
    const struct wheel_spoke *first = &wheel->spokes.items[0];
    if (before_ms != INT64_MAX && (first->number + 1) * wheel->step_ms > before_ms)
        return false;
    *ret_item = first->first;
    return true;
}
