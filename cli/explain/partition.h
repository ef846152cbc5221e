/* From near pairs to episodes, as the method says it (§2 to §4), with every decision on record: which core test failed
 * by how much, which union was refused by which cap.
 *
 *   graph + threshold of each node ─▶ cores ─▶ capped union, in order ─▶ parts (one an episode) ─▶ attachments
 *                                                    └─▶ refusals
 *
 * Batch, not incremental: it is run for what is explained, and over one component again for each member left out.
 * O(near pairs). */
#pragma once

#include "cli/explain/graph.h"
#include "correlator/engine/bounds.h"

#define PARTITION_REFUSALS_MAX 65536u
#define THRESHOLD_UNKNOWN      UINT32_MAX /* never a core */

/* A union that the caps refused, at the turn of a core. */
struct refusal {
    uint32_t core;      /* in the one part … */
    uint32_t neighbour; /* … and its strongest earlier neighbour in the other */
    struct bounds own, other, both;
};

struct partition {
    const struct graph *graph;  /* borrowed, as is … */
    const uint32_t *thresholds; /* … K of each node */
    uint32_t *neighbours;       /* k of each node, less what was left out */
    bool *is_out;               /* left out */
    bool *is_core;
    uint32_t *parent;      /* of cores: towards the key of their part */
    struct bounds *bounds; /* of keys: their part's */
    uint32_t *component;   /* of cores: the first core it is connected with, caps or not */
    uint32_t *anchor;      /* of others: the core it is attached to; GRAPH_NONE: none */
    struct refusal *refusals;
    size_t refusal_count, refusal_room;
    uint64_t refusals_omitted;
    struct tally *tallies; /* a core's turn: what it has of each part */
    uint32_t *candidates;
    bool failed; /* no memory */
};

enum status partition_new(const struct graph *graph, const uint32_t *thresholds,
                          struct partition **ret_partition) MUST_CHECK;
void partition_free(struct partition *partition);

/* The key of the part a node is of, as core or attached; GRAPH_NONE: of none. */
uint32_t partition_key(const struct partition *partition, uint32_t node);

/* Leaves one node out, or lets it in again, of these cores alone (whole components, ascending, the node among them or
 * not): their parts are made anew, without record of refusals, and anchors are not touched. */
void partition_leave_out(struct partition *partition, uint32_t node, const uint32_t *cores, size_t count);
void partition_let_in(struct partition *partition, uint32_t node, const uint32_t *cores, size_t count);
/* The core a non-core is attached to as things are. */
uint32_t partition_nearest_core(const struct partition *partition, uint32_t node);
