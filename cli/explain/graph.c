#include "cli/explain/graph.h"

#include <stdlib.h>

static int compare_nodes(const void *a, const void *b)
{
    const struct graph_node *one = a, *other = b;
    if (one->start_ms != other->start_ms)
        return one->start_ms < other->start_ms ? -1 : 1;
    return span_compare(one->incident->id, other->incident->id);
}

static enum status fill_nodes(struct graph *graph, const struct engine_incident *const *incidents, size_t count)
{
    graph->nodes = calloc(count + 1, sizeof *graph->nodes);
    if (graph->nodes == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        graph->nodes[i] = (struct graph_node){.incident = incidents[i],
                                              .start_ms = incidents[i]->start_ms,
                                              .end_ms = measure_end(&graph->measure, incidents[i]),
                                              .is_coarse = measure_coarse(&graph->measure, incidents[i])};
    graph->count = (uint32_t)count;
    qsort(graph->nodes, count, sizeof *graph->nodes, compare_nodes);
    return STATUS_OK;
}

/* --- pairs: each once, the later with the earlier ones that may still reach it --- */

/* No interval is longer than a window: what starts two windows earlier has ended a window earlier. */
static uint32_t first_in_reach(const struct graph *graph, uint32_t node, uint32_t from)
{
    int64_t since_ms = graph->nodes[node].start_ms - 2 * graph->measure.window_ms;
    while (graph->nodes[from].start_ms < since_ms)
        from++;
    return from;
}

static bool are_near(const struct graph *graph, uint32_t a, uint32_t b)
{
    return graph_gap(graph, a, b) <= graph->measure.window_ms && graph_chord2(graph, a, b) <= graph->measure.reach2;
}

typedef void (*pair_visitor)(struct graph *graph, uint32_t earlier, uint32_t later);

static void visit_pairs(struct graph *graph, pair_visitor visitor)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        first = first_in_reach(graph, i, first);
        for (uint32_t j = first; j < i; j++) {
            if (are_near(graph, j, i))
                visitor(graph, j, i);
        }
    }
}

static uint64_t count_tests(const struct graph *graph)
{
    uint64_t tests = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        first = first_in_reach(graph, i, first);
        tests += i - first;
    }
    return tests;
}

static void count_pair(struct graph *graph, uint32_t earlier, uint32_t later)
{
    bool counts = graph_are_neighbours(graph, earlier, later);
    graph->nodes[earlier].near_count++;
    graph->nodes[later].near_count++;
    graph->nodes[earlier].neighbours += counts;
    graph->nodes[later].neighbours += counts;
}

/* Ascending by itself: a node meets its earlier ones at its own turn, the later ones at theirs. */
static void keep_pair(struct graph *graph, uint32_t earlier, uint32_t later)
{
    struct graph_node *one = &graph->nodes[earlier], *other = &graph->nodes[later];
    graph->near[one->near_at + one->near_count++] = later;
    graph->near[other->near_at + other->near_count++] = earlier;
}

static enum status fill_pairs(struct graph *graph)
{
    if (count_tests(graph) > GRAPH_TESTS_MAX)
        return STATUS_FULL;
    visit_pairs(graph, count_pair);
    size_t pairs = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        graph->nodes[i].near_at = pairs;
        pairs += graph->nodes[i].near_count;
        graph->nodes[i].near_count = 0;
    }
    if (pairs > GRAPH_PAIRS_MAX)
        return STATUS_OK;
    graph->near = calloc(pairs + 1, sizeof *graph->near);
    if (graph->near == NULL)
        return STATUS_NO_MEMORY;
    visit_pairs(graph, keep_pair);
    return STATUS_OK;
}

enum status graph_new(const struct rule *rule, const struct engine_incident *const *incidents, size_t count,
                      struct graph **ret_graph)
{
    if (count >= GRAPH_NONE)
        return STATUS_FULL;
    struct graph *graph = calloc(1, sizeof *graph);
    if (graph == NULL)
        return STATUS_NO_MEMORY;
    enum status status = measure_init(&graph->measure, rule);
    if (status == STATUS_OK)
        status = fill_nodes(graph, incidents, count);
    if (status == STATUS_OK)
        status = fill_pairs(graph);
    if (status != STATUS_OK) {
        graph_free(graph);
        return status;
    }
    *ret_graph = graph;
    return STATUS_OK;
}

void graph_free(struct graph *graph)
{
    if (graph == NULL)
        return;
    free(graph->nodes);
    free(graph->near);
    free(graph);
}

uint32_t graph_find(const struct graph *graph, const struct engine_incident *incident)
{
    struct graph_node sought = {.incident = incident, .start_ms = incident->start_ms};
    const struct graph_node *node =
        graph->count == 0 ? NULL : bsearch(&sought, graph->nodes, graph->count, sizeof sought, compare_nodes);
    return node != NULL ? (uint32_t)(node - graph->nodes) : GRAPH_NONE;
}
