#include "agents/locate/grid.h"

#include <stdlib.h>

#define WEST        (-180 * 2 * ATLAS_MICRODEGREES - 1) /* odd, a hair outside the world */
#define SOUTH       (-90 * 2 * ATLAS_MICRODEGREES - 1)
#define CELLS       ((size_t)GRID_ROWS * GRID_COLUMNS)
#define EDGES_MAX   (4u << 20) /* the real world has a sixteenth */
#define RUNS_MAX    (4u << 20)
#define LINE_X(col) (WEST + (int32_t)(col)*GRID_CELL_HALVES)
#define LINE_Y(row) (SOUTH + (int32_t)(row)*GRID_CELL_HALVES)

/* Which side of the edge's line the point is on, moved a hair east. Never "on it": see grid.h. */
static inline bool edge_side(const struct grid_edge *edge, int32_t x, int32_t y)
{
    int64_t dx = (int64_t)edge->bx - edge->ax;
    int64_t dy = (int64_t)edge->by - edge->ay;
    int64_t cross = dx * ((int64_t)y - edge->ay) - dy * ((int64_t)x - edge->ax);
    return cross != 0 ? cross > 0 : dy < 0;
}

static inline int64_t floor_divide(int64_t value, int64_t by)
{
    int64_t quotient = value / by;
    return quotient - (value % by != 0 && (value < 0) != (by < 0));
}

/* ── Filling ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct span_of_columns {
    int first, last;
};

static int column_of(int64_t x)
{
    int64_t column = floor_divide(x - WEST, GRID_CELL_HALVES);
    return column < 0 ? 0 : column >= GRID_COLUMNS ? GRID_COLUMNS - 1 : (int)column;
}

static int row_of(int32_t y)
{
    int row = (int)floor_divide((int64_t)y - SOUTH, GRID_CELL_HALVES);
    return row < GRID_ROWS ? row : GRID_ROWS - 1;
}

/* x where the edge is at height y, rounded down; y between its ends, which differ. */
static int64_t edge_x_at(const struct grid_edge *edge, int32_t y)
{
    int64_t dy = (int64_t)edge->by - edge->ay;
    int64_t dx = (int64_t)edge->bx - edge->ax;
    return edge->ax + floor_divide(((int64_t)y - edge->ay) * dx, dy);
}

static int32_t within(int32_t value, int32_t least, int32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* The columns the edge may touch in a row: all it does touch, at times one more to the west. */
static struct span_of_columns edge_columns(const struct grid_edge *edge, int row)
{
    int64_t x0 = edge->ax;
    int64_t x1 = edge->bx;
    if (edge->ay != edge->by) {
        x0 = edge_x_at(edge, within(edge->ay, LINE_Y(row), LINE_Y(row + 1)));
        x1 = edge_x_at(edge, within(edge->by, LINE_Y(row), LINE_Y(row + 1)));
    }
    int64_t west = x0 < x1 ? x0 : x1;
    int64_t east = (x0 < x1 ? x1 : x0) + 1; /* it was rounded down */
    return (struct span_of_columns){column_of(west), column_of(east)};
}

/* Calls for every ring's every edge, in order. */
struct edge_cursor {
    const struct atlas *atlas;
    const struct atlas_territory *territory;
    uint32_t ring;
    uint32_t point;
};

static bool edge_next(struct edge_cursor *cursor, struct grid_edge *ret_edge)
{
    if (cursor->ring == cursor->territory->ring_count)
        return false;
    const struct atlas_ring *ring = &cursor->atlas->rings[cursor->territory->ring_first + cursor->ring];
    const struct atlas_point *points = &cursor->atlas->points[ring->point_first];
    const struct atlas_point *a = &points[cursor->point];
    const struct atlas_point *b = &points[cursor->point + 1 < ring->point_count ? cursor->point + 1 : 0];
    *ret_edge = (struct grid_edge){2 * a->lon, 2 * a->lat, 2 * b->lon, 2 * b->lat};
    if (++cursor->point == ring->point_count) {
        cursor->point = 0;
        cursor->ring++;
    }
    return true;
}

/* What the filling needs and the grid does not keep. */
struct filling {
    const struct atlas *atlas;
    uint32_t *cell_edges;  /* CELLS + 1: where each cell's edges begin, then how far they are taken */
    uint16_t *owners;      /* of each edge */
    unsigned char *inside; /* CELLS: of the territory at hand, is the cell's corner inside */
};

/* First only counts, into cell_edges[cell + 1]; then, the sums known, puts the edges in their places. */
static enum status edges_spread(struct grid *grid, struct filling *filling, bool counting)
{
    size_t total = 0;
    for (size_t t = 0; t < filling->atlas->territory_count; t++) {
        struct edge_cursor cursor = {.atlas = filling->atlas, .territory = &filling->atlas->territories[t]};
        struct grid_edge edge;
        while (edge_next(&cursor, &edge)) {
            int low = row_of(edge.ay < edge.by ? edge.ay : edge.by);
            int high = row_of(edge.ay < edge.by ? edge.by : edge.ay);
            for (int row = low; row <= high; row++) {
                struct span_of_columns columns = edge_columns(&edge, row);
                for (int column = columns.first; column <= columns.last; column++) {
                    uint32_t *slot = &filling->cell_edges[(size_t)row * GRID_COLUMNS + (size_t)column];
                    if (counting) {
                        slot[1]++;
                    } else {
                        grid->edges[*slot] = edge;
                        filling->owners[(*slot)++] = (uint16_t)t;
                    }
                }
                total += (size_t)columns.last - (size_t)columns.first + 1;
                if (total > EDGES_MAX)
                    return STATUS_TOO_LARGE;
            }
        }
    }
    grid->edge_count = total;
    return STATUS_OK;
}

struct box {
    int row_first, row_last, column_first, column_last;
};

static struct box territory_box(const struct atlas *atlas, const struct atlas_territory *territory)
{
    struct box box = {GRID_ROWS, -1, GRID_COLUMNS, -1};
    struct edge_cursor cursor = {.atlas = atlas, .territory = territory};
    struct grid_edge edge;
    while (edge_next(&cursor, &edge)) {
        int row = row_of(edge.ay);
        int column = column_of(edge.ax);
        box.row_first = row < box.row_first ? row : box.row_first;
        box.row_last = row > box.row_last ? row : box.row_last;
        box.column_first = column < box.column_first ? column : box.column_first;
        box.column_last = column > box.column_last ? column : box.column_last;
    }
    box.column_first -= box.column_first > 0; /* edge_columns may name one more to the west */
    box.column_last += box.column_last >= 0 && box.column_last < GRID_COLUMNS - 1;
    return box;
}

/* Corners inside the territory: each edge that crosses a row's south line turns all corners to its east over. */
static void corners_mark(struct filling *filling, const struct atlas_territory *territory, const struct box *box)
{
    size_t width = (size_t)box->column_last - (size_t)box->column_first + 1;
    for (int row = box->row_first; row <= box->row_last; row++)
        memset(&filling->inside[(size_t)row * GRID_COLUMNS + (size_t)box->column_first], 0, width);
    struct edge_cursor cursor = {.atlas = filling->atlas, .territory = territory};
    struct grid_edge edge;
    while (edge_next(&cursor, &edge)) {
        int low = row_of(edge.ay < edge.by ? edge.ay : edge.by);
        int high = row_of(edge.ay < edge.by ? edge.by : edge.ay);
        for (int row = low + 1; row <= high; row++) {
            int32_t y = LINE_Y(row);
            struct grid_edge upward = edge.ay < edge.by ? edge : (struct grid_edge){edge.bx, edge.by, edge.ax, edge.ay};
            int column = column_of(edge_x_at(&edge, y));
            while (column < GRID_COLUMNS && edge_side(&upward, LINE_X(column), y))
                column++; /* still west of the edge: at most twice */
            if (column <= box->column_last)
                filling->inside[(size_t)row * GRID_COLUMNS + (size_t)column] ^= 1u;
        }
    }
    for (int row = box->row_first; row <= box->row_last; row++) {
        unsigned char *cells = &filling->inside[(size_t)row * GRID_COLUMNS];
        for (int column = box->column_first + 1; column <= box->column_last; column++)
            cells[column] ^= cells[column - 1];
    }
}

/* Walks territories and cells alike twice: counting, into cell_runs[cell + 1], then filling. cell_edges moves along. */
static enum status runs_spread(struct grid *grid, struct filling *filling, bool counting)
{
    size_t total = 0;
    for (size_t t = 0; t < filling->atlas->territory_count; t++) {
        const struct atlas_territory *territory = &filling->atlas->territories[t];
        struct box box = territory_box(filling->atlas, territory);
        if (box.row_last < 0)
            continue;
        corners_mark(filling, territory, &box);
        for (int row = box.row_first; row <= box.row_last; row++) {
            for (int column = box.column_first; column <= box.column_last; column++) {
                size_t cell = (size_t)row * GRID_COLUMNS + (size_t)column;
                uint32_t first = filling->cell_edges[cell];
                uint32_t end = first;
                while (end < grid->edge_count && filling->owners[end] == t &&
                       end < filling->cell_edges[CELLS + 1 + cell])
                    end++;
                filling->cell_edges[cell] = end;
                if (end == first && filling->inside[cell] == 0)
                    continue;
                if (++total > RUNS_MAX)
                    return STATUS_TOO_LARGE;
                if (counting)
                    grid->cell_runs[cell + 1]++;
                else
                    grid->runs[grid->cell_runs[cell]++] =
                        (struct grid_run){first, end - first, (uint16_t)t, filling->inside[cell] != 0};
            }
        }
    }
    grid->run_count = total;
    return STATUS_OK;
}

static void sums_make(uint32_t *counts)
{
    for (size_t cell = 0; cell < CELLS; cell++)
        counts[cell + 1] += counts[cell];
}

/* After a filling pass each cell's start has become its end, which is the next one's start: move them back. */
static void starts_restore(uint32_t *starts)
{
    memmove(starts + 1, starts, CELLS * sizeof *starts);
    starts[0] = 0;
}

static enum status grid_fill(struct grid *grid, struct filling *filling)
{
    enum status status = edges_spread(grid, filling, true);
    if (status != STATUS_OK)
        return status;
    sums_make(filling->cell_edges);
    grid->edges = malloc((grid->edge_count + 1) * sizeof *grid->edges);
    filling->owners = malloc((grid->edge_count + 1) * sizeof *filling->owners);
    if (grid->edges == NULL || filling->owners == NULL)
        return STATUS_NO_MEMORY;
    status = edges_spread(grid, filling, false);
    if (status != STATUS_OK)
        return status;
    uint32_t *ends = filling->cell_edges + CELLS + 1;
    memcpy(ends, filling->cell_edges, CELLS * sizeof *ends); /* the second half: where each cell's edges end */
    starts_restore(filling->cell_edges);
    status = runs_spread(grid, filling, true);
    if (status != STATUS_OK)
        return status;
    sums_make(grid->cell_runs);
    grid->runs = malloc((grid->run_count + 1) * sizeof *grid->runs);
    if (grid->runs == NULL)
        return STATUS_NO_MEMORY;
    memcpy(filling->cell_edges, ends, CELLS * sizeof *ends);
    starts_restore(filling->cell_edges);
    status = runs_spread(grid, filling, false);
    starts_restore(grid->cell_runs);
    return status;
}

enum status grid_build(struct grid *grid, const struct atlas *atlas)
{
    *grid = (struct grid){.cell_runs = calloc(CELLS + 1, sizeof *grid->cell_runs)};
    struct filling filling = {
        .atlas = atlas, .cell_edges = calloc(2 * CELLS + 1, sizeof *filling.cell_edges), .inside = malloc(CELLS)};
    enum status status = STATUS_NO_MEMORY;
    if (grid->cell_runs != NULL && filling.cell_edges != NULL && filling.inside != NULL)
        status = grid_fill(grid, &filling);
    free(filling.cell_edges);
    free(filling.owners);
    free(filling.inside);
    if (status != STATUS_OK)
        grid_fini(grid);
    return status;
}

void grid_fini(struct grid *grid)
{
    free(grid->cell_runs);
    free(grid->runs);
    free(grid->edges);
    *grid = (struct grid){.cell_runs = NULL};
}

/* ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct way {
    int32_t corner_x, corner_y; /* the cell's south-west corner */
    int32_t x, y;               /* the point */
};

static bool run_holds(const struct grid_edge *edges, const struct grid_run *run, const struct way *way)
{
    bool inside = run->corner_inside;
    const struct grid_edge *end = edges + run->edge_first + run->edge_count;
    for (const struct grid_edge *edge = edges + run->edge_first; edge < end; edge++) {
        bool up = (edge->ax > way->corner_x) != (edge->bx > way->corner_x);
        bool across = (edge->ay > way->y) != (edge->by > way->y);
        if (!up && !across)
            continue;
        bool turn = edge_side(edge, way->corner_x, way->y);
        if (up)
            inside ^= edge_side(edge, way->corner_x, way->corner_y) != turn;
        if (across)
            inside ^= edge_side(edge, way->x, way->y) != turn;
    }
    return inside;
}

size_t grid_find(const struct grid *grid, int32_t lat, int32_t lon, uint16_t *ret_territories, size_t room)
{
    struct way way = {.x = 2 * lon, .y = 2 * lat + 1};
    if (lon >= 180 * ATLAS_MICRODEGREES)
        way.x = -way.x; /* one meridian, two names */
    if (way.y >= LINE_Y(GRID_ROWS))
        way.y = LINE_Y(GRID_ROWS) - 2; /* the pole, for who stands within 20 cm of it */
    int column = (way.x - WEST) / GRID_CELL_HALVES;
    int row = (way.y - SOUTH) / GRID_CELL_HALVES;
    way.corner_x = LINE_X(column);
    way.corner_y = LINE_Y(row);
    size_t cell = (size_t)row * GRID_COLUMNS + (size_t)column;
    size_t count = 0;
    for (uint32_t i = grid->cell_runs[cell]; i < grid->cell_runs[cell + 1] && count < room; i++) {
        const struct grid_run *run = &grid->runs[i];
        if (run->edge_count == 0 || run_holds(grid->edges, run, &way))
            ret_territories[count++] = run->territory;
    }
    return count;
}
