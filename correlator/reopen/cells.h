/* Cells of space and time, one layer for each relation that joins reports: who may be near, without asking everybody.
 *
 *   layer: a rule (triggers of its categories, its reach, its window), or `same` (all, its reach and within)
 *   cell {layer, cube, slot} ─▶ stubs that are in it: all, and those that were not found yet
 *
 * A rule's layer joins two that are near where one of them may be a core, or is in memory: what neither is changes
 * nothing for the other, and a busy place with a baseline is full of such.
 *
 * Wider than the truth where the truth needs the report: radius and countries are not looked at, what is explained,
 * retracted or superseded is there and counts. Found is found: a stub leaves the search of every cell with the search
 * that finds it, so all searches together cost their cells, and each stub once for each that comes near it in vain. */
#pragma once

#include "correlator/archive.h"
#include "correlator/engine/memory.h"
#include "correlator/engine/rule.h"
#include "correlator/reconcile/same.h"

struct cell_key {
    int64_t slot;
    int32_t x, y, z;
    uint32_t layer;
};

struct cell {
    struct cell_key key;
    uint32_t first; /* link; NONE: none */
    uint32_t all;   /* link: also of those that were found */
    uint32_t next;  /* cell, of its bucket */
};

struct cell_link {
    uint32_t stub;
    uint32_t next;
    uint32_t next_of_all;
};

struct layer {
    const struct rule *rule; /* NULL: same */
    int64_t reach2;
    int64_t gap_ms; /* the greatest */
    int64_t side;   /* of a cube, no less than the reach */
    int64_t slot_ms;
    uint32_t index; /* among the layers */
};

enum cells_state { STUB_THERE, STUB_FOUND };

struct cells_stub {
    struct archive_stub stub;
    enum cells_state state;
    uint64_t asked, cores; /* by layer: whether it may be a core there is known, and is so */
};

/* Of a search underway: what is known of who searches. */
struct cells_searcher {
    const struct archive_stub *stub;
    bool joins_all; /* it may be a core, or is in memory */
};

struct cells {
    struct memory *memory; /* borrowed */
    VECTOR(struct layer) layers;
    VECTOR(struct cells_stub) stubs;
    VECTOR(struct cell) cells;
    VECTOR(struct cell_link) links;
    uint32_t *buckets; /* of cells; a power of two */
    size_t bucket_count;
    int64_t live_since_ms; /* whoever ends then or later may be in memory */
};

/* Borrows the rules. same may be off. False: no memory. */
bool cells_init(struct cells *cells, struct memory *memory, const struct rule *rules, size_t rule_count,
                const struct same_options *same, int64_t live_since_ms);
void cells_fini(struct cells *cells);
/* False: no memory. */
bool cells_add(struct cells *cells, const struct archive_stub *stub);
/* One that is counted, and never found. False: no memory. */
bool cells_add_found(struct cells *cells, const struct archive_stub *stub);
/* Appends to ret_found all that are there and that some layer joins to the stub (it need not be in here); they are
 * found now. All that overlaps its cells_span is there. is_seed: it is about to change, all that is near is joined to
 * it. False: no memory. */
typedef VECTOR(uint32_t) cells_found;
bool cells_find(struct cells *cells, const struct archive_stub *stub, bool is_seed, cells_found *ret_found);
/* How far in time a search for its neighbours looks, and one for theirs. */
void cells_span(const struct cells *cells, const struct archive_stub *stub, int64_t *ret_from_ms, int64_t *ret_to_ms);
/* Would some rule have it trigger? */
bool cells_trigger(const struct cells *cells, const struct archive_stub *stub);
