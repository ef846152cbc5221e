#include "correlator/engine/grid.h"

#include <string.h>

#define ORIGIN ((int32_t)1 << 28) /* coordinates are from −ORIGIN to ORIGIN */

/* ⌊√value⌋ */
static int64_t root(int64_t value)
{
    int64_t low = 0;
    int64_t high = (int64_t)1 << 31;
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (middle * middle <= value)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* ---- which cells are within reach of which ---- */

static int64_t least_offset(const struct grid *grid, int steps)
{
    int64_t apart = steps < 0 ? -steps : steps;
    return apart == 0 ? 0 : (apart - 1) * (int64_t)grid->side + 1;
}

static bool cells_within_reach(const struct grid *grid, int dx, int dy, int dz)
{
    int64_t x = least_offset(grid, dx), y = least_offset(grid, dy), z = least_offset(grid, dz);
    return dx >= -2 && dx <= 2 && dy >= -2 && dy <= 2 && dz >= -2 && dz <= 2 && x * x + y * y + z * z <= grid->reach2;
}

/* The cells of a tract dx, dy, dz away that are within reach of a cell. */
static uint64_t cells_near(const struct grid *grid, int cell, int dx, int dy, int dz)
{
    uint64_t cells = 0;
    for (int other = 0; other < (int)TRACT_CELLS; other++) {
        bool within =
            cells_within_reach(grid, 4 * dx + (other >> 4) - (cell >> 4), 4 * dy + (other >> 2 & 3) - (cell >> 2 & 3),
                               4 * dz + (other & 3) - (cell & 3));
        cells |= (uint64_t)within << other;
    }
    return cells;
}

static uint32_t around_of(int dx, int dy, int dz)
{
    return (uint32_t)((dx + 1) * 9 + (dy + 1) * 3 + dz + 1);
}

/* On each axis a cell in the lower half of its tract looks to the tract below, else to the one above. */
static void near_fill(struct grid *grid)
{
    for (int cell = 0; cell < (int)TRACT_CELLS; cell++) {
        int x = (cell >> 4) < 2 ? -1 : 1, y = (cell >> 2 & 3) < 2 ? -1 : 1, z = (cell & 3) < 2 ? -1 : 1;
        for (int i = 0; i < (int)TRACTS_NEAR; i++) {
            int dx = i & 1 ? x : 0, dy = i & 2 ? y : 0, dz = i & 4 ? z : 0;
            grid->near[cell][i] = (struct tract_near){cells_near(grid, cell, dx, dy, dz), around_of(dx, dy, dz)};
        }
    }
}

void grid_init(struct grid *grid, struct memory *memory, int64_t reach2, int64_t window_ms)
{
    /* Places in one cell differ by at most side − 1 on each axis: three such squares are ≤ τ². */
    *grid = (struct grid){.side = (uint32_t)(root(reach2 / 3) + 1),
                          .reach2 = reach2,
                          .slot_ms = window_ms,
                          .unused_bucket = NONE,
                          .unused_tract = NONE,
                          .memory = memory};
    near_fill(grid);
}

static void slot_free(struct grid *grid, struct slot *slot)
{
    if (slot->room > 0)
        (void)memory_resize(grid->memory, slot->many, slot->room * sizeof(*slot->many), 0);
    slot->room = 0;
}

void grid_free(struct grid *grid)
{
    for (uint32_t i = 0; i < grid->tracts.count; i++) {
        struct tract *tract = &grid->tracts.items[i];
        for (uint32_t j = 0; tract->slots.items != NULL && j < tract->slots.count; j++)
            slot_free(grid, &tract->slots.items[j]);
        vector_free(grid->memory, &tract->slots);
    }
    vector_free(grid->memory, &grid->tracts);
    vector_free(grid->memory, &grid->buckets);
    (void)memory_resize(grid->memory, grid->table, grid->table_size * sizeof(*grid->table), 0);
    grid->table = NULL;
    grid->table_size = 0;
}

/* ---- the table of tracts ---- */

static uint32_t hash_of(int32_t x, int32_t y, int32_t z, int64_t era)
{
    uint64_t hash = (uint64_t)(uint32_t)x * 0x9e3779b97f4a7c15u ^ (uint64_t)(uint32_t)y * 0xd6e8feb86659fd93u ^
                    (uint64_t)(uint32_t)z * 0xa0761d6478bd642fu ^ (uint64_t)era * 0xe7037ed1a0b428dbu;
    return (uint32_t)(hash >> 32 ^ hash >> 15);
}

static uint32_t tract_find(const struct grid *grid, int32_t x, int32_t y, int32_t z, int64_t era)
{
    uint32_t hash = hash_of(x, y, z, era);
    if (grid->table_size == 0)
        return NONE;
    uint32_t mask = grid->table_size - 1;
    for (uint32_t at = hash & mask; grid->table[at].tract != NONE; at = (at + 1) & mask) {
        if (grid->table[at].hash != hash)
            continue;
        const struct tract *tract = &grid->tracts.items[grid->table[at].tract];
        if (tract->x == x && tract->y == y && tract->z == z && tract->era == era)
            return grid->table[at].tract;
    }
    return NONE;
}

static void table_put(struct grid *grid, struct tract_entry entry)
{
    uint32_t mask = grid->table_size - 1;
    uint32_t at = entry.hash & mask;
    while (grid->table[at].tract != NONE)
        at = (at + 1) & mask;
    grid->table[at] = entry;
    grid->table_count++;
}

/* At most half full. */
static bool table_reserve(struct grid *grid)
{
    if ((grid->table_count + 1) * 2 <= grid->table_size)
        return true;
    uint32_t size = grid->table_size == 0 ? 64 : grid->table_size * 2;
    struct tract_entry *table = memory_resize(grid->memory, NULL, 0, size * sizeof(*table));
    if (table == NULL)
        return false;
    memset(table, 0xff, size * sizeof(*table));
    struct tract_entry *old = grid->table;
    uint32_t old_size = grid->table_size;
    grid->table = table;
    grid->table_size = size;
    grid->table_count = 0;
    for (uint32_t i = 0; i < old_size; i++) {
        if (old[i].tract != NONE)
            table_put(grid, old[i]);
    }
    (void)memory_resize(grid->memory, old, old_size * sizeof(*old), 0);
    return true;
}

/* Closes the gap, so that no tombstones gather. */
static void table_remove(struct grid *grid, uint32_t index)
{
    const struct tract *tract = &grid->tracts.items[index];
    uint32_t mask = grid->table_size - 1;
    uint32_t gap = hash_of(tract->x, tract->y, tract->z, tract->era) & mask;
    while (grid->table[gap].tract != index)
        gap = (gap + 1) & mask;
    for (uint32_t at = (gap + 1) & mask; grid->table[at].tract != NONE; at = (at + 1) & mask) {
        uint32_t home = grid->table[at].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            grid->table[gap] = grid->table[at];
            gap = at;
        }
    }
    grid->table[gap].tract = NONE;
    grid->table_count--;
}

/* ---- tracts ---- */

/* Tells the tracts around of one, and it of them; or that it is gone. */
static void tract_meet(struct grid *grid, uint32_t index, bool here)
{
    struct tract *tract = &grid->tracts.items[index];
    for (int dx = -1; dx <= 1; dx++) {
        for (int dy = -1; dy <= 1; dy++) {
            for (int dz = -1; dz <= 1; dz++) {
                int32_t x = tract->x + dx, y = tract->y + dy, z = tract->z + dz;
                uint32_t way = around_of(dx, dy, dz);
                uint32_t other = here ? tract_find(grid, x, y, z, tract->era) : tract->around[way];
                tract->around[way] = other;
                if (other != NONE)
                    grid->tracts.items[other].around[around_of(-dx, -dy, -dz)] = here ? index : NONE;
            }
        }
    }
}

static uint32_t tract_make(struct grid *grid, int32_t x, int32_t y, int32_t z, int64_t era)
{
    if (!table_reserve(grid))
        return NONE;
    uint32_t index = grid->unused_tract;
    if (index == NONE) {
        if (grid->tracts.count >= NONE / TRACT_CELLS ||
            !vector_reserve(grid->memory, &grid->tracts, (size_t)grid->tracts.count + 1))
            return NONE;
        index = grid->tracts.count++;
    } else {
        grid->unused_tract = grid->tracts.items[index].slots.count;
    }
    grid->tracts.items[index] = (struct tract){.era = era, .x = x, .y = y, .z = z};
    table_put(grid, (struct tract_entry){hash_of(x, y, z, era), index});
    tract_meet(grid, index, true);
    return index;
}

static void tract_release(struct grid *grid, uint32_t index)
{
    struct tract *tract = &grid->tracts.items[index];
    tract_meet(grid, index, false);
    table_remove(grid, index);
    vector_free(grid->memory, &tract->slots);
    tract->slots.count = grid->unused_tract;
    grid->unused_tract = index;
}

/* ---- slots ---- */

/* The index of the first slot at or after `number`; there are few as a rule, and the last ones are asked for. */
static uint32_t slot_seek(const struct tract *tract, int64_t number)
{
    const struct slot *slots = tract->slots.items;
    uint32_t low = 0;
    uint32_t high = tract->slots.count;
    while (high - low > 8) {
        uint32_t middle = low + (high - low) / 2;
        if (slots[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    while (high > low && slots[high - 1].number >= number)
        high--;
    return high;
}

static uint32_t *slot_buckets(struct slot *slot)
{
    return slot->room > 0 ? slot->many : slot->few;
}

static uint32_t bits(uint64_t of)
{
    uint32_t count = 0;
    for (; of != 0; of &= of - 1)
        count++;
    return count;
}

static struct slot *slot_make(struct grid *grid, struct tract *tract, int64_t number)
{
    uint32_t at = slot_seek(tract, number);
    if (at < tract->slots.count && tract->slots.items[at].number == number)
        return &tract->slots.items[at];
    if (!vector_reserve(grid->memory, &tract->slots, (size_t)tract->slots.count + 1))
        return NULL;
    struct slot *items = tract->slots.items;
    memmove(items + at + 1, items + at, (tract->slots.count - at) * sizeof(*items));
    items[at] = (struct slot){.number = number};
    tract->slots.count++;
    return &items[at];
}

static void slot_remove(struct grid *grid, struct tract *tract, struct slot *slot)
{
    slot_free(grid, slot);
    struct slot *items = tract->slots.items;
    size_t at = (size_t)(slot - items);
    tract->slots.count--;
    memmove(items + at, items + at + 1, (tract->slots.count - at) * sizeof(*items));
}

static bool slot_reserve(struct grid *grid, struct slot *slot, uint32_t count)
{
    if (count <= (slot->room > 0 ? slot->room : SLOT_FEW))
        return true;
    bool few = slot->room == 0;
    uint32_t *many = few ? NULL : slot->many;
    if (!memory_grow(grid->memory, &many, &slot->room, count, sizeof(*many)))
        return false;
    if (few)
        memcpy(many, slot->few, sizeof(slot->few));
    slot->many = many;
    return true;
}

/* ---- buckets ---- */

static uint32_t bucket_make(struct grid *grid, uint32_t home)
{
    uint32_t index = grid->unused_bucket;
    if (index == NONE) {
        if (!vector_reserve(grid->memory, &grid->buckets, (size_t)grid->buckets.count + 1))
            return NONE;
        index = grid->buckets.count++;
    } else {
        grid->unused_bucket = grid->buckets.items[index].home;
    }
    grid->buckets.items[index] =
        (struct bucket){.home = home, .cores = NONE, .others = NONE, .coarse = NONE, .fresh = NONE};
    return index;
}

static uint32_t slot_bucket(struct grid *grid, struct slot *slot, uint32_t home)
{
    uint64_t cell = (uint64_t)1 << home % TRACT_CELLS;
    uint32_t at = bits(slot->occupied & (cell - 1));
    if (slot->occupied & cell)
        return slot_buckets(slot)[at];
    uint32_t count = bits(slot->occupied);
    if (!slot_reserve(grid, slot, count + 1))
        return NONE;
    uint32_t bucket = bucket_make(grid, home);
    if (bucket == NONE)
        return NONE;
    uint32_t *buckets = slot_buckets(slot);
    memmove(buckets + at + 1, buckets + at, (count - at) * sizeof(*buckets));
    buckets[at] = bucket;
    slot->occupied |= cell;
    return bucket;
}

static int64_t slot_number(const struct grid *grid, int64_t start_ms)
{
    return start_ms / grid->slot_ms - (start_ms % grid->slot_ms < 0);
}

static int64_t era_of(int64_t slot)
{
    return (slot - (slot & (ERA_SLOTS - 1))) / ERA_SLOTS;
}

uint32_t grid_bucket(struct grid *grid, struct point point, int64_t start_ms)
{
    uint32_t x = (uint32_t)(point.x + ORIGIN) / grid->side;
    uint32_t y = (uint32_t)(point.y + ORIGIN) / grid->side;
    uint32_t z = (uint32_t)(point.z + ORIGIN) / grid->side;
    int32_t tract_x = (int32_t)(x >> 2), tract_y = (int32_t)(y >> 2), tract_z = (int32_t)(z >> 2);
    int64_t number = slot_number(grid, start_ms);
    uint32_t index = tract_find(grid, tract_x, tract_y, tract_z, era_of(number));
    if (index == NONE)
        index = tract_make(grid, tract_x, tract_y, tract_z, era_of(number));
    if (index == NONE)
        return NONE;
    struct tract *tract = &grid->tracts.items[index];
    struct slot *slot = slot_make(grid, tract, number);
    uint32_t home = index * TRACT_CELLS + ((x & 3) << 4 | (y & 3) << 2 | (z & 3));
    uint32_t bucket = slot != NULL ? slot_bucket(grid, slot, home) : NONE;
    if (bucket == NONE && slot != NULL && slot->occupied == 0)
        slot_remove(grid, tract, slot);
    if (tract->slots.count == 0)
        tract_release(grid, index);
    return bucket;
}

void grid_tidy(struct grid *grid, uint32_t index, int64_t start_ms)
{
    struct bucket *bucket = &grid->buckets.items[index];
    if (bucket->cores != NONE || bucket->others != NONE || bucket->coarse != NONE)
        return;
    uint32_t home = bucket->home;
    struct tract *tract = &grid->tracts.items[home / TRACT_CELLS];
    struct slot *slot = &tract->slots.items[slot_seek(tract, slot_number(grid, start_ms))];
    uint64_t cell = (uint64_t)1 << home % TRACT_CELLS;
    uint32_t *buckets = slot_buckets(slot);
    uint32_t at = bits(slot->occupied & (cell - 1));
    memmove(buckets + at, buckets + at + 1, (bits(slot->occupied) - at - 1) * sizeof(*buckets));
    slot->occupied &= ~cell;
    bucket->home = grid->unused_bucket;
    grid->unused_bucket = index;
    if (slot->occupied == 0)
        slot_remove(grid, tract, slot);
    if (tract->slots.count == 0)
        tract_release(grid, home / TRACT_CELLS);
}

/* ---- walks ---- */

static void gather_slot(const struct grid *grid, const struct slot *slot, uint64_t cells, struct grid_walk *walk)
{
    const uint32_t *bucket = slot->room > 0 ? slot->many : slot->few;
    for (uint64_t occupied = slot->occupied; occupied != 0; occupied &= occupied - 1, bucket++) {
        if ((cells & occupied & (0 - occupied)) == 0)
            continue;
        __builtin_prefetch(&grid->buckets.items[*bucket]);
        walk->buckets[walk->count++] = *bucket;
    }
}

/* One of those around a tract, in another era. */
static uint32_t tract_then(const struct grid *grid, const struct tract *tract, uint32_t around, int64_t era)
{
    int32_t dx = (int32_t)(around / 9) - 1, dy = (int32_t)(around / 3 % 3) - 1, dz = (int32_t)(around % 3) - 1;
    return tract_find(grid, tract->x + dx, tract->y + dy, tract->z + dz, era);
}

/* The eight tracts around a cell, in one era. */
static void gather_era(const struct grid *grid, uint32_t home, int64_t era, int64_t slot_first, int64_t slot_last,
                       struct grid_walk *walk)
{
    const struct tract *tracts = grid->tracts.items;
    const struct tract *tract = &tracts[home / TRACT_CELLS];
    const struct tract_near *near = grid->near[home % TRACT_CELLS];
    uint32_t indexes[TRACTS_NEAR];
    for (uint32_t i = 0; i < TRACTS_NEAR; i++) {
        indexes[i] = era == tract->era ? tract->around[near[i].around] : tract_then(grid, tract, near[i].around, era);
        if (indexes[i] != NONE)
            __builtin_prefetch(&tracts[indexes[i]].slots);
    }
    for (uint32_t i = 0; i < TRACTS_NEAR; i++) {
        uint32_t index = indexes[i];
        if (index == NONE)
            continue;
        const struct slot *slot = tracts[index].slots.items + slot_seek(&tracts[index], slot_first);
        const struct slot *end = tracts[index].slots.items + tracts[index].slots.count;
        for (; slot < end && slot->number <= slot_last; slot++) {
            if ((slot->occupied & near[i].cells) != 0)
                gather_slot(grid, slot, near[i].cells, walk);
        }
    }
}

static void gather(const struct grid *grid, uint32_t home, int64_t slot_first, int64_t slot_last,
                   struct grid_walk *walk)
{
    walk->at = walk->count = 0;
    for (int64_t era = era_of(slot_first); era <= era_of(slot_last); era++)
        gather_era(grid, home, era, slot_first, slot_last, walk);
}

void grid_around(const struct grid *grid, uint32_t bucket, int64_t start_ms, int64_t end_ms, struct grid_walk *ret_walk)
{
    /* No interval is longer than a slot. */
    int64_t slot = slot_number(grid, start_ms);
    int64_t within = start_ms - slot * grid->slot_ms;
    int64_t until = within + (end_ms - start_ms);
    gather(grid, grid->buckets.items[bucket].home, slot - 1 - (grid->longest_ms > within),
           slot + 1 + (until >= grid->slot_ms), ret_walk);
}

void grid_around_bucket(const struct grid *grid, uint32_t bucket, int64_t start_ms, struct grid_walk *ret_walk)
{
    int64_t slot = slot_number(grid, start_ms);
    int64_t more = grid->longest_ms > 0;
    gather(grid, grid->buckets.items[bucket].home, slot - 1 - more, slot + 1 + more, ret_walk);
}
