#include "cli/explain/partition.h"

#include <stdlib.h>

/* Of a part, at the turn of a core. */
struct tally {
    uint32_t turn; /* the core + 1 */
    uint32_t neighbour;
    uint128 strength;
};

static uint32_t find_key(const struct partition *partition, uint32_t core)
{
    uint32_t *parent = partition->parent;
    while (parent[core] != core) {
        parent[core] = parent[parent[core]];
        core = parent[core];
    }
    return core;
}

static bool test_core(const struct partition *partition, uint32_t node)
{
    return !partition->is_out[node] && !partition->graph->nodes[node].is_coarse &&
           partition->thresholds[node] != THRESHOLD_UNKNOWN &&
           partition->neighbours[node] >= partition->thresholds[node];
}

/* --- the capped union --- */

/* Nodes are numbered in order of (start, id): that breaks ties. */
static bool is_stronger(const struct tally *a, const struct tally *b)
{
    return a->strength != b->strength ? a->strength < b->strength : a->neighbour < b->neighbour;
}

/* The parts that hold an earlier neighbour of the core, the strongest link first. */
static size_t find_candidates(struct partition *partition, uint32_t core)
{
    const struct graph *graph = partition->graph;
    const uint32_t *near = graph_near(graph, core);
    size_t count = 0;
    for (uint32_t i = 0; i < graph->nodes[core].near_count && near[i] < core; i++) {
        if (!partition->is_core[near[i]])
            continue;
        uint32_t key = find_key(partition, near[i]);
        struct tally *tally = &partition->tallies[key];
        struct tally link = {
            core + 1, near[i],
            measure_strength(&graph->measure, graph_chord2(graph, core, near[i]), graph_gap(graph, core, near[i]))};
        if (tally->turn != core + 1)
            partition->candidates[count++] = key;
        else if (!is_stronger(&link, tally))
            continue;
        *tally = link;
    }
    /* Few: by insertion. */
    for (size_t i = 1; i < count; i++) {
        uint32_t key = partition->candidates[i];
        size_t at = i;
        for (; at > 0 && is_stronger(&partition->tallies[key], &partition->tallies[partition->candidates[at - 1]]);
             at--)
            partition->candidates[at] = partition->candidates[at - 1];
        partition->candidates[at] = key;
    }
    return count;
}

static bool within_caps(const struct measure *measure, const struct bounds *bounds)
{
    return bounds->last_ms - bounds->first_ms <= measure->rule.cap_duration_ms &&
           point_chord2(bounds->low, bounds->high) <= measure->cap_extent2;
}

static void note_refusal(struct partition *partition, const struct refusal *refusal)
{
    if (partition->refusal_count == PARTITION_REFUSALS_MAX) {
        partition->refusals_omitted++;
        return;
    }
    if (partition->refusal_count == partition->refusal_room) {
        size_t room = partition->refusal_room > 0 ? 2 * partition->refusal_room : 64;
        struct refusal *refusals = realloc(partition->refusals, room * sizeof *refusals);
        partition->failed |= refusals == NULL;
        if (refusals == NULL)
            return;
        partition->refusals = refusals;
        partition->refusal_room = room;
    }
    partition->refusals[partition->refusal_count++] = *refusal;
}

enum record { RECORD_NONE, RECORD_REFUSALS };

static void decide_core(struct partition *partition, uint32_t core, enum record record)
{
    size_t count = find_candidates(partition, core);
    for (size_t i = 0; i < count; i++) {
        uint32_t own = find_key(partition, core), other = partition->candidates[i];
        struct bounds both = partition->bounds[own];
        bounds_grow(&both, &partition->bounds[other]);
        if (within_caps(&partition->graph->measure, &both)) {
            uint32_t key = own < other ? own : other;
            partition->parent[own] = partition->parent[other] = key;
            partition->bounds[key] = both;
        } else if (record == RECORD_REFUSALS) {
            note_refusal(partition, &(struct refusal){core, partition->tallies[other].neighbour, partition->bounds[own],
                                                      partition->bounds[other], both});
        }
    }
}

static void begin_core(struct partition *partition, uint32_t core)
{
    const struct graph_node *node = &partition->graph->nodes[core];
    partition->parent[core] = core;
    partition->tallies[core].turn = 0;
    partition->bounds[core] =
        (struct bounds){node->start_ms, node->end_ms, node->incident->point, node->incident->point};
}

/* --- components, as if there were no caps --- */

static void spread_component(struct partition *partition, uint32_t first)
{
    const struct graph *graph = partition->graph;
    uint32_t *queue = partition->candidates; /* as long as there are nodes */
    size_t queued = 0;
    queue[queued++] = first;
    partition->component[first] = first;
    for (size_t done = 0; done < queued; done++) {
        const uint32_t *near = graph_near(graph, queue[done]);
        for (uint32_t i = 0; i < graph->nodes[queue[done]].near_count; i++) {
            if (!partition->is_core[near[i]] || partition->component[near[i]] != GRAPH_NONE)
                continue;
            partition->component[near[i]] = first;
            queue[queued++] = near[i];
        }
    }
}

/* --- attachments --- */

uint32_t partition_nearest_core(const struct partition *partition, uint32_t node)
{
    const struct graph *graph = partition->graph;
    const uint32_t *near = graph_near(graph, node);
    uint32_t nearest = GRAPH_NONE;
    uint128 least = 0;
    for (uint32_t i = 0; i < graph->nodes[node].near_count; i++) {
        if (!partition->is_core[near[i]])
            continue;
        uint128 cost =
            measure_attachment(&graph->measure, graph_chord2(graph, node, near[i]), graph_gap(graph, node, near[i]));
        /* Ascending: of equal ones the first stands. */
        if (nearest == GRAPH_NONE || cost < least) {
            nearest = near[i];
            least = cost;
        }
    }
    return nearest;
}

uint32_t partition_key(const struct partition *partition, uint32_t node)
{
    if (node == GRAPH_NONE || partition->is_out[node])
        return GRAPH_NONE;
    if (!partition->is_core[node])
        node = partition->anchor[node];
    return node == GRAPH_NONE ? GRAPH_NONE : find_key(partition, node);
}

/* --- all of it --- */

static void run(struct partition *partition)
{
    uint32_t count = partition->graph->count;
    for (uint32_t i = 0; i < count; i++) {
        partition->neighbours[i] = partition->graph->nodes[i].neighbours;
        partition->component[i] = partition->anchor[i] = GRAPH_NONE;
        partition->is_core[i] = test_core(partition, i);
        begin_core(partition, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (partition->is_core[i])
            decide_core(partition, i, RECORD_REFUSALS);
        else
            partition->anchor[i] = partition_nearest_core(partition, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (partition->is_core[i] && partition->component[i] == GRAPH_NONE)
            spread_component(partition, i);
    }
}

enum status partition_new(const struct graph *graph, const uint32_t *thresholds, struct partition **ret_partition)
{
    size_t room = (size_t)graph->count + 1;
    struct partition *partition = calloc(1, sizeof *partition);
    if (partition == NULL)
        return STATUS_NO_MEMORY;
    *partition = (struct partition){.graph = graph,
                                    .thresholds = thresholds,
                                    .neighbours = calloc(room, sizeof *partition->neighbours),
                                    .is_out = calloc(room, sizeof *partition->is_out),
                                    .is_core = calloc(room, sizeof *partition->is_core),
                                    .parent = calloc(room, sizeof *partition->parent),
                                    .bounds = calloc(room, sizeof *partition->bounds),
                                    .component = calloc(room, sizeof *partition->component),
                                    .anchor = calloc(room, sizeof *partition->anchor),
                                    .tallies = calloc(room, sizeof *partition->tallies),
                                    .candidates = calloc(room, sizeof *partition->candidates)};
    partition->failed = partition->neighbours == NULL || partition->is_out == NULL || partition->is_core == NULL ||
                        partition->parent == NULL || partition->bounds == NULL || partition->component == NULL ||
                        partition->anchor == NULL || partition->tallies == NULL || partition->candidates == NULL;
    if (!partition->failed)
        run(partition);
    if (partition->failed) {
        partition_free(partition);
        return STATUS_NO_MEMORY;
    }
    *ret_partition = partition;
    return STATUS_OK;
}

void partition_free(struct partition *partition)
{
    if (partition == NULL)
        return;
    free(partition->neighbours);
    free(partition->is_out);
    free(partition->is_core);
    free(partition->parent);
    free(partition->bounds);
    free(partition->component);
    free(partition->anchor);
    free(partition->refusals);
    free(partition->tallies);
    free(partition->candidates);
    free(partition);
}

/* --- leaving one out --- */

static void remake(struct partition *partition, const uint32_t *cores, size_t count)
{
    for (size_t i = 0; i < count; i++)
        begin_core(partition, cores[i]);
    for (size_t i = 0; i < count; i++) {
        if (partition->is_core[cores[i]])
            decide_core(partition, cores[i], RECORD_NONE);
    }
}

static void count_anew(struct partition *partition, uint32_t node, uint32_t change)
{
    const struct graph *graph = partition->graph;
    const uint32_t *near = graph_near(graph, node);
    for (uint32_t i = 0; i < graph->nodes[node].near_count; i++) {
        if (!graph_are_neighbours(graph, node, near[i]))
            continue;
        partition->neighbours[near[i]] += change;
        partition->is_core[near[i]] = test_core(partition, near[i]);
    }
    partition->is_core[node] = test_core(partition, node);
}

void partition_leave_out(struct partition *partition, uint32_t node, const uint32_t *cores, size_t count)
{
    partition->is_out[node] = true;
    count_anew(partition, node, UINT32_MAX); /* less one */
    remake(partition, cores, count);
}

void partition_let_in(struct partition *partition, uint32_t node, const uint32_t *cores, size_t count)
{
    partition->is_out[node] = false;
    count_anew(partition, node, 1);
    remake(partition, cores, count);
}
