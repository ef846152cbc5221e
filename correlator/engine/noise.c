#include "correlator/engine/noise.h"

#include "correlator/engine/ward.h"

#include <string.h>

static int64_t number_of(const struct noise *noise, int64_t due_ms)
{
    return due_ms / noise->step_ms - (due_ms % noise->step_ms < 0);
}

/* The index of the first spoke at or after `number`; the newest is looked at first. */
static uint32_t spoke_seek(const struct noise *noise, int64_t number)
{
    uint32_t low = noise->gone;
    uint32_t high = noise->spokes.count;
    if (high > low && noise->spokes.items[high - 1].number <= number)
        return noise->spokes.items[high - 1].number == number ? high - 1 : high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (noise->spokes.items[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Room for one more: that of those that are gone, where they are many. */
static bool spokes_reserve(struct ward *ward)
{
    struct noise *noise = &ward->noise;
    uint32_t gone = noise->gone;
    if (noise->spokes.count < noise->spokes.room || gone < noise->spokes.count / 2 || gone == 0)
        return vector_reserve(ward->memory, &noise->spokes, (size_t)noise->spokes.count + 1);
    struct noise_spoke *spokes = noise->spokes.items;
    noise->spokes.count -= gone;
    noise->gone = 0;
    memmove(spokes, spokes + gone, noise->spokes.count * sizeof(*spokes));
    return true;
}

bool noise_put(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    struct noise *noise = &ward->noise;
    if (node->waiting)
        return true;
    if (!spokes_reserve(ward))
        return false;
    int64_t number = number_of(noise, node->end_ms);
    uint32_t at = spoke_seek(noise, number);
    struct noise_spoke *spokes = noise->spokes.items;
    if (at == noise->spokes.count || spokes[at].number != number) {
        memmove(spokes + at + 1, spokes + at, (noise->spokes.count - at) * sizeof(*spokes));
        spokes[at] = (struct noise_spoke){number, NONE};
        noise->spokes.count++;
    }
    node->waiting = true;
    node->noise_next = spokes[at].first;
    node->noise_previous = NONE;
    if (spokes[at].first != NONE)
        node_at(ward, spokes[at].first)->noise_previous = index;
    spokes[at].first = index;
    return true;
}

void noise_take(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    if (!node->waiting)
        return;
    node->waiting = false;
    if (node->noise_next != NONE)
        node_at(ward, node->noise_next)->noise_previous = node->noise_previous;
    if (node->noise_previous != NONE) {
        node_at(ward, node->noise_previous)->noise_next = node->noise_next;
        return;
    }
    struct noise *noise = &ward->noise;
    uint32_t at = spoke_seek(noise, number_of(noise, node->end_ms));
    struct noise_spoke *spokes = noise->spokes.items;
    spokes[at].first = node->noise_next;
    if (node->noise_next != NONE)
        return;
    if (at == noise->gone) {
        noise->gone++;
        return;
    }
    noise->spokes.count--;
    memmove(spokes + at, spokes + at + 1, (noise->spokes.count - at) * sizeof(*spokes));
}

bool noise_due(const struct ward *ward, int64_t before_ms, uint32_t *ret_index)
{
    const struct noise *noise = &ward->noise;
    if (noise->spokes.count == noise->gone)
        return false;
    const struct noise_spoke *first = &noise->spokes.items[noise->gone];
    if (before_ms != INT64_MAX && (first->number + 1) * noise->step_ms > before_ms)
        return false;
    *ret_index = first->first;
    return true;
}
