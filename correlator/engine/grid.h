/* Who may be near: tracts of the lattice of places, by hash, and in each the slots of time that hold something.
 *
 *   tract: 4 × 4 × 4 cells of the lattice, an era of 64 slots          ◀── hash of its coordinates and era
 *     └─ slots, ascending ─┬─ occupied: a bit for each cell that holds something then
 *                          └─▶ bucket, one for each bit
 *                                ├─ cores   ─▶ node ⇄ node ⇄ …     all in cores and others of one bucket are
 *                                ├─ others  ─▶ …                   mutual neighbours: no distance test needed
 *                                └─ coarse  ─▶ …                   for attachment only
 *
 * A cell is a cube whose diagonal is ≤ the reach, a slot as high as the window. What is within reach of a cell lies at
 * most two cells away, so always in the same eight tracts. In its era a tract knows the 26 around it that there are: a
 * walk goes to eight, and of the slots the window reaches the mask of reach leaves only buckets that hold something. It
 * gathers them first, so that memory brings them while others are looked at. Empty buckets, slots and tracts are let go
 * at once. */
#pragma once

#include "correlator/engine/memory.h"
#include "correlator/engine/point.h"

struct bucket {
    uint32_t home;  /* tract × 64 + cell in it; of one that is not used: the next such */
    uint32_t count; /* of cores and others */
    uint32_t cores; /* first node of each list, or NONE */
    uint32_t others;
    uint32_t coarse;
    uint32_t fresh; /* while flushing: what components.c knows of it, or NONE */
};

#define SLOT_FEW 2u

struct slot {
    int64_t number;
    uint64_t occupied; /* by cell */
    union {
        uint32_t few[SLOT_FEW]; /* the buckets of the occupied, in order … */
        uint32_t *many;         /* … elsewhere, where there is room */
    };
    uint32_t room; /* of many; 0: few */
};

#define TRACTS_AROUND 27u

#define ERA_SLOTS 64 /* so that many years in one place make no long list */

struct tract {
    int64_t era;
    int32_t x, y, z;
    uint32_t around[TRACTS_AROUND]; /* by (dx + 1) × 9 + (dy + 1) × 3 + dz + 1; NONE: there is none */
    VECTOR(struct slot) slots;      /* ascending; of one that is not used: count is the next such */
};

struct tract_entry {
    uint32_t hash;
    uint32_t tract; /* or NONE */
};

/* One of the eight tracts around a cell, and which of its cells are within reach. */
struct tract_near {
    uint64_t cells;
    uint32_t around; /* which */
};

#define TRACTS_NEAR 8u
#define TRACT_CELLS 64u

struct grid {
    uint32_t side; /* of a cell, in units */
    int64_t reach2;
    int64_t slot_ms;    /* = window */
    int64_t longest_ms; /* the longest interval it ever held, ≤ window: how far back a walk must look */
    VECTOR(struct bucket) buckets;
    VECTOR(struct tract) tracts;
    uint32_t unused_bucket; /* first of a list */
    uint32_t unused_tract;
    struct tract_entry *table;
    uint32_t table_size;
    uint32_t table_count;
    struct memory *memory; /* borrowed */
    struct tract_near near[TRACT_CELLS][TRACTS_NEAR];
};

void grid_init(struct grid *grid, struct memory *memory, int64_t reach2, int64_t window_ms);
void grid_free(struct grid *grid);
/* The bucket for a start at a tract, made if it is not there. NONE: no memory, nothing lost. */
uint32_t grid_bucket(struct grid *grid, struct point point, int64_t start_ms);
/* Lets the bucket, of that start, go if it holds nothing, its slot and tract with it. */
void grid_tidy(struct grid *grid, uint32_t bucket, int64_t start_ms);

#define GRID_NEAR_MAX (125u * 5u) /* cells × slots */

/* The buckets that may hold something within reach and window: of an interval in a bucket, or of anything in it. */
struct grid_walk {
    uint32_t at;
    uint32_t count;
    uint32_t buckets[GRID_NEAR_MAX];
};
void grid_around(const struct grid *grid, uint32_t bucket, int64_t start_ms, int64_t end_ms,
                 struct grid_walk *ret_walk);
void grid_around_bucket(const struct grid *grid, uint32_t bucket, int64_t start_ms, struct grid_walk *ret_walk);

/* NONE at the end. Nodes may move between lists underway; buckets may not come or go. */
static inline uint32_t grid_next(struct grid_walk *walk)
{
    return walk->at < walk->count ? walk->buckets[walk->at++] : NONE;
}
