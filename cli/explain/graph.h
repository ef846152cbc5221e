/* Who is near whom under one rule, by brute force within windows: what an explanation counts from, link by link.
 *
 *   nodes in order of (start, id)     near: for each node the others within reach and window, ascending
 *   ┌─────┬─────┬─────┐               ┌───────────┬───────┬────┐
 *   │ 0   │ 1   │ 2   │ ──near_at──▶  │ 1 2       │ 0     │ 0  │
 *   └─────┴─────┴─────┘               └───────────┴───────┴────┘
 *
 * The engine keeps k only as far as the core test needs it, and forgets why a union was refused; people ask. Nodes are
 * what triggers under the rule, coarse ones too. O(nodes × nodes within two windows), 4 bytes a pair. */
#pragma once

#include "base/status.h"
#include "correlator/engine/measure.h"

#include <stddef.h>

#define GRAPH_NONE      UINT32_MAX
#define GRAPH_TESTS_MAX 2000000000u /* pairs to be measured … */
#define GRAPH_PAIRS_MAX 32000000u   /* … and to be kept: of what is denser only k is known */

struct graph_node {
    const struct engine_incident *incident; /* borrowed */
    int64_t start_ms;
    int64_t end_ms; /* as correlated: that of a coarse one is cut */
    bool is_coarse;
    uint32_t neighbours; /* k: precise ones near it, if it is precise itself */
    size_t near_at;      /* its first in `near` */
    uint32_t near_count;
};

struct graph {
    struct measure measure;
    struct graph_node *nodes;
    uint32_t count;
    uint32_t *near; /* NULL: too many to be kept */
};

/* Borrows what the incidents point to, for its life. They must trigger under the rule. STATUS_FULL: too many to be
 * measured. STATUS_INVALID: the rule. */
enum status graph_new(const struct rule *rule, const struct engine_incident *const *incidents, size_t count,
                      struct graph **ret_graph) MUST_CHECK;
void graph_free(struct graph *graph);
/* GRAPH_NONE where it is none of the nodes. */
uint32_t graph_find(const struct graph *graph, const struct engine_incident *incident);

static inline bool graph_has_pairs(const struct graph *graph)
{
    return graph->near != NULL;
}

/* near_count of them, ascending: within reach and window. */
static inline const uint32_t *graph_near(const struct graph *graph, uint32_t node)
{
    return graph->near + graph->nodes[node].near_at;
}

/* Of two that are near: do they count for each other's k? */
static inline bool graph_are_neighbours(const struct graph *graph, uint32_t a, uint32_t b)
{
    return !graph->nodes[a].is_coarse && !graph->nodes[b].is_coarse;
}

static inline int64_t graph_gap(const struct graph *graph, uint32_t a, uint32_t b)
{
    const struct graph_node *one = &graph->nodes[a], *other = &graph->nodes[b];
    return interval_gap(one->start_ms, one->end_ms, other->start_ms, other->end_ms);
}

static inline int64_t graph_chord2(const struct graph *graph, uint32_t a, uint32_t b)
{
    return point_chord2(graph->nodes[a].incident->point, graph->nodes[b].incident->point);
}
