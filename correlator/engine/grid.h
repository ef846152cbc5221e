/* Who may be near: a grid over the lattice of places, and slots of time in each cell.
 *
 *   cell (a cube, its diagonal ≤ reach) ── near: the cells that exist within reach, itself among them
 *     └─ slots, ascending ─▶ bucket (starts less than a window apart)
 *                              ├─ cores   ─▶ node ⇄ node ⇄ …     all in cores and others of one bucket are
 *                              ├─ others  ─▶ …                   mutual neighbours: no distance test needed
 *                              └─ coarse  ─▶ …                   for attachment only
 *
 * A cell finds its neighbours once, when it comes to be (124 probes of a hash table), and tells them; after that a walk
 * touches only cells that hold something. Empty buckets and cells are let go at once. */
#pragma once

#include "correlator/engine/memory.h"
#include "correlator/engine/point.h"

struct bucket {
    int64_t slot;
    uint32_t cell;
    uint32_t count; /* of cores and others */
    uint32_t cores; /* first node of each list, or NONE */
    uint32_t others;
    uint32_t coarse;
    uint32_t stamp; /* of the last flush that found new cores here, … */
    uint32_t fresh; /* … the first of them, … */
    uint32_t group; /* … and their group, NONE until it is known */
};

struct slot {
    int64_t number;
    uint32_t bucket;
};

struct cell {
    int32_t x, y, z;
    uint32_t hash;
    VECTOR(uint32_t) near;
    VECTOR(struct slot) slots;
};

struct grid {
    int64_t side; /* of a cell, in units */
    int64_t reach2;
    int64_t slot_ms;    /* = window */
    int64_t longest_ms; /* the longest interval it ever held: how far back a walk must look */
    VECTOR(struct cell) cells;
    VECTOR(struct bucket) buckets;
    VECTOR(uint32_t) unused_cells;
    VECTOR(uint32_t) unused_buckets;
    uint32_t *table; /* open addressing: cell or NONE */
    uint32_t table_size;
    uint32_t table_count;
    struct memory *memory; /* borrowed */
};

void grid_init(struct grid *grid, struct memory *memory, int64_t reach2, int64_t window_ms);
void grid_free(struct grid *grid);
/* The bucket for a start at a place, made if it is not there. NONE: no memory, nothing lost. */
uint32_t grid_bucket(struct grid *grid, struct point point, int64_t start_ms);
/* Lets the bucket go if it holds nothing, and its cell with it. */
void grid_tidy(struct grid *grid, uint32_t bucket);

/* A walk over the buckets that may hold something within reach and window of an interval, or of a whole bucket. */
struct grid_walk {
    const struct grid *grid;
    const struct cell *cell;
    int64_t slot_first, slot_last;
    uint32_t near; /* index of the cell after the one underway */
    uint32_t slot; /* slots of the one underway still to look at */
    const struct slot *slots;
};
struct grid_walk grid_around(const struct grid *grid, uint32_t bucket, int64_t start_ms, int64_t end_ms);
struct grid_walk grid_around_bucket(const struct grid *grid, uint32_t bucket);
/* NONE at the end. Nodes may move between lists underway; buckets and cells may not come or go. */
uint32_t grid_next(struct grid_walk *walk);
