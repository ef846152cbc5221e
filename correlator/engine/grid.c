#include "correlator/engine/grid.h"

#include <string.h>

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

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

void grid_init(struct grid *grid, struct memory *memory, int64_t reach2, int64_t window_ms)
{
    /* Places in one cell differ by at most side − 1 on each axis: three such squares are ≤ τ². */
    *grid = (struct grid){.side = root(reach2 / 3) + 1, .reach2 = reach2, .slot_ms = window_ms, .memory = memory};
}

void grid_free(struct grid *grid)
{
    for (uint32_t i = 0; i < grid->cells.count; i++) {
        vector_free(grid->memory, &grid->cells.items[i].near);
        vector_free(grid->memory, &grid->cells.items[i].slots);
    }
    vector_free(grid->memory, &grid->cells);
    vector_free(grid->memory, &grid->buckets);
    vector_free(grid->memory, &grid->unused_cells);
    vector_free(grid->memory, &grid->unused_buckets);
    (void)memory_resize(grid->memory, grid->table, grid->table_size * sizeof(*grid->table), 0);
    grid->table = NULL;
}

/* ---- the table of cells ---- */

static uint32_t hash_of(int32_t x, int32_t y, int32_t z)
{
    uint64_t hash = (uint64_t)(uint32_t)x * 0x9e3779b97f4a7c15u;
    hash = (hash ^ (uint32_t)y) * 0xd6e8feb86659fd93u;
    hash = (hash ^ hash >> 32 ^ (uint32_t)z) * 0xd6e8feb86659fd93u;
    return (uint32_t)(hash >> 32);
}

static uint32_t cell_find(const struct grid *grid, int32_t x, int32_t y, int32_t z, uint32_t hash)
{
    if (grid->table_size == 0)
        return NONE;
    uint32_t mask = grid->table_size - 1;
    for (uint32_t at = hash & mask; grid->table[at] != NONE; at = (at + 1) & mask) {
        const struct cell *cell = &grid->cells.items[grid->table[at]];
        if (cell->hash == hash && cell->x == x && cell->y == y && cell->z == z)
            return grid->table[at];
    }
    return NONE;
}

static void table_put(struct grid *grid, uint32_t index)
{
    uint32_t mask = grid->table_size - 1;
    uint32_t at = grid->cells.items[index].hash & mask;
    while (grid->table[at] != NONE)
        at = (at + 1) & mask;
    grid->table[at] = index;
    grid->table_count++;
}

/* At most half full. */
static bool table_reserve(struct grid *grid)
{
    if ((grid->table_count + 1) * 2 <= grid->table_size)
        return true;
    uint32_t size = grid->table_size == 0 ? 64 : grid->table_size * 2;
    uint32_t *table = memory_resize(grid->memory, NULL, 0, size * sizeof(*table));
    if (table == NULL)
        return false;
    memset(table, 0xff, size * sizeof(*table));
    uint32_t *old = grid->table;
    uint32_t old_size = grid->table_size;
    grid->table = table;
    grid->table_size = size;
    grid->table_count = 0;
    for (uint32_t i = 0; i < old_size; i++) {
        if (old[i] != NONE)
            table_put(grid, old[i]);
    }
    (void)memory_resize(grid->memory, old, old_size * sizeof(*old), 0);
    return true;
}

/* Closes the gap, so that no tombstones gather. */
static void table_remove(struct grid *grid, uint32_t index)
{
    uint32_t mask = grid->table_size - 1;
    uint32_t gap = grid->cells.items[index].hash & mask;
    while (grid->table[gap] != index)
        gap = (gap + 1) & mask;
    for (uint32_t at = (gap + 1) & mask; grid->table[at] != NONE; at = (at + 1) & mask) {
        uint32_t home = grid->cells.items[grid->table[at]].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            grid->table[gap] = grid->table[at];
            gap = at;
        }
    }
    grid->table[gap] = NONE;
    grid->table_count--;
}

/* ---- cells ---- */

static bool cells_within_reach(const struct grid *grid, int dx, int dy, int dz)
{
    const int offsets[3] = {dx, dy, dz};
    int64_t least2 = 0;
    for (int axis = 0; axis < 3; axis++) {
        int64_t steps = offsets[axis] < 0 ? -offsets[axis] : offsets[axis];
        int64_t least = steps == 0 ? 0 : (steps - 1) * grid->side + 1;
        least2 += least * least;
    }
    return least2 <= grid->reach2;
}

/* Fills the new cell's list of near ones and makes room in theirs, so that the second pass cannot fail. */
static bool cell_meet(struct grid *grid, uint32_t index)
{
    struct cell *cell = &grid->cells.items[index];
    if (!vector_push(grid->memory, &cell->near, index))
        return false;
    for (int dx = -2; dx <= 2; dx++) {
        for (int dy = -2; dy <= 2; dy++) {
            for (int dz = -2; dz <= 2; dz++) {
                if ((dx == 0 && dy == 0 && dz == 0) || !cells_within_reach(grid, dx, dy, dz))
                    continue;
                int32_t x = cell->x + dx, y = cell->y + dy, z = cell->z + dz;
                uint32_t other = cell_find(grid, x, y, z, hash_of(x, y, z));
                if (other == NONE)
                    continue;
                struct cell *met = &grid->cells.items[other];
                if (!vector_push(grid->memory, &cell->near, other) ||
                    !vector_reserve(grid->memory, &met->near, (size_t)met->near.count + 1))
                    return false;
            }
        }
    }
    for (uint32_t i = 1; i < cell->near.count; i++)
        vector_put(&grid->cells.items[cell->near.items[i]].near, index);
    return true;
}

static void cell_drop(struct grid *grid, uint32_t index)
{
    struct cell *cell = &grid->cells.items[index];
    vector_free(grid->memory, &cell->near);
    vector_free(grid->memory, &cell->slots);
    vector_put(&grid->unused_cells, index);
}

static uint32_t cell_make(struct grid *grid, int32_t x, int32_t y, int32_t z, uint32_t hash)
{
    if (!table_reserve(grid))
        return NONE;
    if (grid->unused_cells.count == 0) {
        if (!vector_push(grid->memory, &grid->cells, (struct cell){0}))
            return NONE;
        if (!vector_reserve(grid->memory, &grid->unused_cells, grid->cells.room)) {
            grid->cells.count--;
            return NONE;
        }
        vector_put(&grid->unused_cells, grid->cells.count - 1);
    }
    uint32_t index = grid->unused_cells.items[--grid->unused_cells.count];
    grid->cells.items[index] = (struct cell){.x = x, .y = y, .z = z, .hash = hash};
    if (!cell_meet(grid, index)) {
        cell_drop(grid, index);
        return NONE;
    }
    table_put(grid, index);
    return index;
}

static void cell_release(struct grid *grid, uint32_t index)
{
    struct cell *cell = &grid->cells.items[index];
    table_remove(grid, index);
    for (uint32_t i = 1; i < cell->near.count; i++) {
        struct cell *other = &grid->cells.items[cell->near.items[i]];
        uint32_t at = 1;
        while (other->near.items[at] != index)
            at++;
        other->near.items[at] = other->near.items[--other->near.count];
    }
    cell_drop(grid, index);
}

/* ---- buckets ---- */

static uint32_t bucket_make(struct grid *grid)
{
    if (grid->unused_buckets.count > 0)
        return grid->unused_buckets.items[--grid->unused_buckets.count];
    if (!vector_reserve(grid->memory, &grid->buckets, (size_t)grid->buckets.count + 1) ||
        !vector_reserve(grid->memory, &grid->unused_buckets, grid->buckets.room))
        return NONE;
    return grid->buckets.count++;
}

/* The index of the first slot at or after `number`; the newest are looked at first. */
static uint32_t slot_place(const struct cell *cell, int64_t number)
{
    uint32_t low = 0;
    uint32_t high = cell->slots.count;
    if (high > 0 && cell->slots.items[high - 1].number < number)
        return high;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (cell->slots.items[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t cell_bucket(struct grid *grid, uint32_t index, int64_t number)
{
    struct cell *cell = &grid->cells.items[index];
    uint32_t at = slot_place(cell, number);
    if (at < cell->slots.count && cell->slots.items[at].number == number)
        return cell->slots.items[at].bucket;
    if (!vector_reserve(grid->memory, &cell->slots, (size_t)cell->slots.count + 1))
        return NONE;
    uint32_t bucket = bucket_make(grid);
    if (bucket == NONE)
        return NONE;
    struct slot *items = cell->slots.items;
    memmove(items + at + 1, items + at, (cell->slots.count - at) * sizeof(*items));
    items[at] = (struct slot){number, bucket};
    cell->slots.count++;
    grid->buckets.items[bucket] =
        (struct bucket){.slot = number, .cell = index, .cores = NONE, .others = NONE, .coarse = NONE};
    return bucket;
}

uint32_t grid_bucket(struct grid *grid, struct point point, int64_t start_ms)
{
    int32_t x = (int32_t)floor_divide(point.x, grid->side);
    int32_t y = (int32_t)floor_divide(point.y, grid->side);
    int32_t z = (int32_t)floor_divide(point.z, grid->side);
    uint32_t hash = hash_of(x, y, z);
    uint32_t index = cell_find(grid, x, y, z, hash);
    if (index == NONE)
        index = cell_make(grid, x, y, z, hash);
    if (index == NONE)
        return NONE;
    uint32_t bucket = cell_bucket(grid, index, floor_divide(start_ms, grid->slot_ms));
    if (bucket == NONE && grid->cells.items[index].slots.count == 0)
        cell_release(grid, index);
    return bucket;
}

void grid_tidy(struct grid *grid, uint32_t index)
{
    const struct bucket *bucket = &grid->buckets.items[index];
    if (bucket->cores != NONE || bucket->others != NONE || bucket->coarse != NONE)
        return;
    struct cell *cell = &grid->cells.items[bucket->cell];
    uint32_t at = slot_place(cell, bucket->slot);
    cell->slots.count--;
    memmove(cell->slots.items + at, cell->slots.items + at + 1, (cell->slots.count - at) * sizeof(*cell->slots.items));
    vector_put(&grid->unused_buckets, index);
    if (cell->slots.count == 0)
        cell_release(grid, bucket->cell);
}

/* ---- walks ---- */

static struct grid_walk walk_make(const struct grid *grid, uint32_t bucket, int64_t start_ms, int64_t end_ms)
{
    return (struct grid_walk){
        .grid = grid,
        .cell = &grid->cells.items[grid->buckets.items[bucket].cell],
        .slot_first = floor_divide(start_ms - grid->slot_ms - grid->longest_ms, grid->slot_ms),
        .slot_last = floor_divide(end_ms + grid->slot_ms, grid->slot_ms),
    };
}

struct grid_walk grid_around(const struct grid *grid, uint32_t bucket, int64_t start_ms, int64_t end_ms)
{
    return walk_make(grid, bucket, start_ms, end_ms);
}

struct grid_walk grid_around_bucket(const struct grid *grid, uint32_t bucket)
{
    int64_t first_ms = grid->buckets.items[bucket].slot * grid->slot_ms;
    return walk_make(grid, bucket, first_ms, first_ms + grid->slot_ms - 1 + grid->longest_ms);
}

uint32_t grid_next(struct grid_walk *walk)
{
    for (;;) {
        if (walk->slot > 0 && walk->slots[walk->slot - 1].number >= walk->slot_first)
            return walk->slots[--walk->slot].bucket;
        if (walk->near == walk->cell->near.count)
            return NONE;
        const struct cell *cell = &walk->grid->cells.items[walk->cell->near.items[walk->near++]];
        walk->slots = cell->slots.items;
        walk->slot = slot_place(cell, walk->slot_last + 1);
    }
}
