/* Which territories hold a point, exactly, from a grid of half-degree cells.
 *
 *   ┌────────┬────────┬────────┐   no run: nobody's · a run without edges: wholly inside
 *   │ EE     │ EE  ╲  │        │   a run with edges: is the cell's south-west corner inside, and
 *   │        │ ·····╲P│        │   which edges cross the cell. The way corner ─▶ up ─▶ across to P
 *   │        │ :  LV ╲│        │   crosses an odd number of them: P is on the other side.
 *   └────────┴────────┴────────┘
 *
 * Coordinates are half microdegrees: outlines and points lie on even numbers, the grid's lines and the points'
 * latitudes on odd ones, and a point on an edge counts as a hair east of it. So no case is degenerate: the answer is
 * the parity of plain ray casting, in 64-bit integers, the same on every machine and for every size of cell. A meridian
 * edge belongs to its east, a parallel edge to its north. */
#pragma once

#include "agents/locate/atlas.h"

#define GRID_CELL_HALVES 1000000 /* half a degree; even, so that the grid's lines stay odd */
#define GRID_COLUMNS     720
#define GRID_ROWS        360

struct grid_edge {
    int32_t ax, ay, bx, by; /* half microdegrees, even */
};

struct grid_run {
    uint32_t edge_first;
    uint32_t edge_count;
    uint16_t territory;
    bool corner_inside;
};

struct grid {
    uint32_t *cell_runs;   /* GRID_ROWS × GRID_COLUMNS + 1: where each cell's runs begin */
    struct grid_run *runs; /* by cell, then territory */
    struct grid_edge *edges;
    size_t run_count;
    size_t edge_count;
};

/* Copies what it needs of the atlas. TOO_LARGE: outlines that cross more cells than a real world's; NO_MEMORY. Cost:
 * the edges times the cells they cross, and the cells of every territory's bounding box. */
enum status grid_build(struct grid *grid, const struct atlas *atlas) MUST_CHECK;
void grid_fini(struct grid *grid);

/* Positions of the territories that hold the point, ascending; at most `room`. Microdegrees, inside the world. */
size_t grid_find(const struct grid *grid, int32_t lat, int32_t lon, uint16_t *ret_territories, size_t room);
