/* Where the standing reports are: who may be near, without asking everybody.
 *
 *   cell {cube of the integer lattice, slot of time} ─▶ items {place, interval, whose}
 *
 * Cubes are at least twice as wide as anything with an edge is apart, so a search looks at no more than 8 of them;
 * slots are as high as `within`. An interval of more than SLOTS_MAX slots is kept in its cube's slot of long ones,
 * which every search looks at. A search costs its cells and what is in them. */
#pragma once

#include "correlator/engine/memory.h"
#include "correlator/reconcile/same.h"

struct near_cell;

typedef VECTOR(struct standing *) standing_vector;

struct near {
    struct memory *memory; /* borrowed */
    const struct same_measure *measure;
    struct near_cell **buckets; /* chains of cells */
    size_t bucket_count;        /* a power of two, or 0 */
    size_t cell_count;
    unsigned cube_shift, slot_shift;
    int32_t far; /* along any axis no edge is longer */
    uint64_t stamp;
};

/* Borrows both for its life. */
void near_init(struct near *near, struct memory *memory, const struct same_measure *measure);
void near_fini(struct near *near);
/* False: no memory, nothing changed. */
bool near_add(struct near *near, struct standing *standing);
void near_remove(struct near *near, struct standing *standing);
/* All others that have an edge with it (it need not be in here), in no order; replaces what is in ret_found. False: no
 * memory. */
bool near_find(struct near *near, const struct standing *standing, standing_vector *ret_found);
