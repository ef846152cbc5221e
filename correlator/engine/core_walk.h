/* A walk over the cores that are neighbours of one, and the strength of its links. */
#pragma once

#include "correlator/engine/ward.h"

struct core_walk {
    const struct ward *ward;
    const struct node *node;
    struct grid_walk walk;
    uint32_t next;
};

static inline void core_walk_begin(struct core_walk *walk, const struct ward *ward, const struct node *node)
{
    walk->ward = ward;
    walk->node = node;
    walk->next = NONE;
    grid_around(&ward->grid, node->bucket, node->start_ms, node->end_ms, &walk->walk);
}

/* NONE at the end. */
static inline uint32_t core_walk_next(struct core_walk *walk)
{
    for (;;) {
        while (walk->next == NONE) {
            uint32_t bucket = grid_next(&walk->walk);
            if (bucket == NONE)
                return NONE;
            walk->next = walk->ward->grid.buckets.items[bucket].cores;
        }
        uint32_t index = walk->next;
        const struct node *node = node_at(walk->ward, index);
        walk->next = node->next;
        if (node != walk->node && node_within(walk->ward, node, walk->node))
            return index;
    }
}

static inline uint128 link_strength(const struct ward *ward, const struct node *a, const struct node *b)
{
    return measure_strength(&ward->measure, point_chord2(a->point, b->point), node_gap(a, b));
}
