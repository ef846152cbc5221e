/* A table of cells, one a slot; who comes later takes the slot. 4096 cells, 20 bytes each: what an episode's members
 * ask is mostly asked again with its next revision. */
#include "correlator/yardstick.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 4096u /* a power of two */

struct slot {
    struct baseline_cell cell;
    uint32_t rule; /* + 1; 0: empty */
    uint32_t history;
};

struct yardstick {
    struct slot slots[SLOTS];
};

enum status yardstick_new(struct yardstick **ret_yardstick)
{
    struct yardstick *yardstick = calloc(1, sizeof *yardstick);
    if (yardstick == NULL)
        return STATUS_NO_MEMORY;
    *ret_yardstick = yardstick;
    return STATUS_OK;
}

void yardstick_free(struct yardstick *yardstick)
{
    free(yardstick);
}

void yardstick_clear(struct yardstick *yardstick)
{
    memset(yardstick, 0, sizeof *yardstick);
}

static struct slot *slot_of(struct yardstick *yardstick, uint32_t rule, struct baseline_cell cell)
{
    uint64_t hash = (uint64_t)(uint32_t)cell.x * 0x9e3779b97f4a7c15u;
    hash = (hash ^ (uint32_t)cell.y) * 0xd6e8feb86659fd93u;
    hash = (hash ^ hash >> 32 ^ (uint32_t)cell.z) * 0xd6e8feb86659fd93u;
    hash = (hash ^ hash >> 32 ^ rule) * 0x9e3779b97f4a7c15u;
    return &yardstick->slots[hash >> 52 & (SLOTS - 1)];
}

void yardstick_measure(struct yardstick *yardstick, size_t rule, const struct baseline_rule *baseline,
                       const struct engine_incident *incident, uint32_t *ret_history, uint32_t *ret_threshold)
{
    struct baseline_cell cell = baseline_cell_of(baseline, incident->point);
    uint32_t key = (uint32_t)rule + 1;
    struct slot *slot = slot_of(yardstick, key, cell);
    if (slot->rule != key || memcmp(&slot->cell, &cell, sizeof cell) != 0)
        *slot = (struct slot){cell, key, baseline_history(baseline, cell)};
    *ret_history = slot->history;
    *ret_threshold = baseline_threshold(baseline, slot->history, incident->end_ms - incident->start_ms);
}
