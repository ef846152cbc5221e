/* The partition of an explanation against the engine: the same cores, attached and episodes, with each left out too. */
#include "cli/explain/partition.h"
#include "correlator/engine/id.h"
#include "tests/unit/cli/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS       3600000LL
#define DAY_MS        (24 * HOUR_MS)
#define WORLDS        300
#define INCIDENTS_MAX 60

struct world {
    uint64_t state;
    struct rule rule;
    struct engine_incident incidents[INCIDENTS_MAX];
    const struct engine_incident *order[INCIDENTS_MAX];
    char ids[INCIDENTS_MAX][40];
    char episodes[INCIDENTS_MAX][EPISODE_ID_BYTES]; /* as the engine has it */
    enum membership memberships[INCIDENTS_MAX];
    uint32_t thresholds[INCIDENTS_MAX];
    size_t count;
};

static uint32_t below(struct world *world, uint32_t sides)
{
    world->state = world->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((world->state >> 33) % sides);
}

/* Few places and hours, so that distances and gaps tie, and caps that bind. */
static void make(struct world *world, uint64_t seed)
{
    *world = (struct world){.state = seed * 2654435761u + 1};
    const double degrees[] = {0, 1, 2, 4, 7, 8};
    const int64_t lengths[] = {0, 0, 0, 12, 48, 80};
    const double radii[] = {0, 0, 0, 0, 60, 260};
    world->rule =
        (struct rule){.name = SPAN("r"),
                      .categories = ~(category_set)0 >> (64 - CATEGORY_COUNT),
                      .reach_km = below(world, 2) ? 300 : 111.2,
                      .window_ms = (int64_t)(2 + below(world, 2)) * DAY_MS,
                      .min_neighbours = 1 + below(world, 4),
                      .min_incidents = 1,
                      .alpha = 1e-3,
                      .max_radius_km = 200,
                      .cap_duration_ms = below(world, 3) ? (int64_t)(3 + below(world, 6)) * DAY_MS : 90 * DAY_MS,
                      .cap_extent_km = below(world, 2) ? 500 : (double)INFINITY};
    world->count = 5 + below(world, INCIDENTS_MAX - 5);
    for (size_t i = 0; i < world->count; i++) {
        int64_t start_ms = (int64_t)below(world, 240) / 6 * 12 * HOUR_MS;
        (void)snprintf(world->ids[i], sizeof world->ids[i], "t:%u-%zu", below(world, 100), i);
        world->incidents[i] = (struct engine_incident){
            .id = span_of(world->ids[i]),
            .point = point_from_degrees(45 + degrees[below(world, 6)], 20 + degrees[below(world, 6)]),
            .radius_km = radii[below(world, 6)],
            .start_ms = start_ms,
            .end_ms = start_ms + lengths[below(world, 6)] * HOUR_MS,
            .reported_at_ms = TIME_NONE,
            .role = ROLE_TRIGGER,
        };
        world->order[i] = &world->incidents[i];
        world->thresholds[i] = world->rule.min_neighbours;
    }
}

/* --- the engine's word --- */

static void note_episode(void *self, const struct engine_change *change)
{
    struct world *world = self;
    for (size_t i = 0; change->state != EPISODE_WITHDRAWN && i < change->member_count; i++) {
        size_t at = (size_t)((struct engine_incident *)change->members[i].incident->user - world->incidents);
        (void)snprintf(world->episodes[at], EPISODE_ID_BYTES, "%s", change->id);
        world->memberships[at] = change->members[i].membership;
    }
}

static void note_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self, (void)incident, (void)evicted;
}

/* Without one of them; INCIDENTS_MAX: with all. */
static void ask_engine(struct world *world, size_t without)
{
    struct engine *engine;
    uint32_t handle;
    const struct engine_limits limits = {.incidents_max = INCIDENTS_MAX};
    const struct engine_events events = {.change = note_episode, .released = note_released, .self = world};
    memset(world->episodes, 0, sizeof world->episodes);
    assert_int_equal(engine_new(&allocator_heap, &world->rule, 1, &limits, &engine), STATUS_OK);
    for (size_t i = 0; i < world->count; i++) {
        world->incidents[i].user = &world->incidents[i];
        if (i != without)
            assert_int_equal(engine_insert(engine, &world->incidents[i], &handle), STATUS_OK);
    }
    assert_int_equal(engine_flush(engine, &events), STATUS_OK);
    engine_free(engine);
}

/* --- the partition's --- */

static void expect_alike(const struct world *world, const struct partition *partition, uint64_t seed)
{
    for (size_t i = 0; i < world->count; i++) {
        char id[EPISODE_ID_BYTES] = "";
        uint32_t node = graph_find(partition->graph, &world->incidents[i]);
        assert_true(node != GRAPH_NONE);
        bool is_core = partition->is_core[node];
        uint32_t core = is_core ? node : partition->is_out[node] ? GRAPH_NONE : partition_nearest_core(partition, node);
        uint32_t key = core == GRAPH_NONE ? GRAPH_NONE : partition_key(partition, core);
        if (key != GRAPH_NONE) {
            const struct engine_incident *first = partition->graph->nodes[key].incident;
            episode_id_write(id, first->start_ms, world->rule.name, first->id);
        }
        bool is_as_engine = strcmp(id, world->episodes[i]) == 0 &&
                            (key == GRAPH_NONE || is_core == (world->memberships[i] == MEMBERSHIP_CORE));
        if (!is_as_engine)
            fail_msg("seed %llu: %s is in \"%s\" for the engine, in \"%s\" here", (unsigned long long)seed,
                     world->ids[i], world->episodes[i], id);
    }
}

static void a_partition_is_what_the_engine_makes_of_the_same_incidents(void **state)
{
    (void)state;
    struct world *world = malloc(sizeof *world);
    size_t refusals = 0, attached = 0;
    assert_non_null(world);
    for (uint64_t seed = 0; seed < WORLDS; seed++) {
        struct graph *graph;
        struct partition *partition;
        make(world, seed);
        ask_engine(world, INCIDENTS_MAX);
        assert_int_equal(graph_new(&world->rule, world->order, world->count, &graph), STATUS_OK);
        assert_int_equal(partition_new(graph, world->thresholds, &partition), STATUS_OK);
        expect_alike(world, partition, seed);
        refusals += partition->refusal_count;
        for (uint32_t i = 0; i < graph->count; i++)
            attached += partition->anchor[i] != GRAPH_NONE;
        partition_free(partition);
        graph_free(graph);
    }
    assert_true(refusals > 100 && attached > 100); /* else the worlds are too plain */
    free(world);
}

/* Every core's component: leaving one out may touch any, when it is attached. */
static size_t list_cores(const struct partition *partition, uint32_t *ret_cores)
{
    size_t count = 0;
    for (uint32_t i = 0; i < partition->graph->count; i++) {
        if (partition->is_core[i])
            ret_cores[count++] = i;
    }
    return count;
}

static void with_one_left_out_too_and_let_in_again(void **state)
{
    (void)state;
    struct world *world = malloc(sizeof *world);
    assert_non_null(world);
    for (uint64_t seed = 0; seed < WORLDS / 5; seed++) {
        struct graph *graph;
        struct partition *partition;
        uint32_t cores[INCIDENTS_MAX];
        make(world, seed);
        assert_int_equal(graph_new(&world->rule, world->order, world->count, &graph), STATUS_OK);
        assert_int_equal(partition_new(graph, world->thresholds, &partition), STATUS_OK);
        size_t count = list_cores(partition, cores);
        for (size_t i = 0; i < world->count; i++) {
            uint32_t node = graph_find(graph, &world->incidents[i]);
            partition_leave_out(partition, node, cores, count);
            ask_engine(world, i);
            expect_alike(world, partition, seed);
            partition_let_in(partition, node, cores, count);
        }
        ask_engine(world, INCIDENTS_MAX);
        expect_alike(world, partition, seed);
        partition_free(partition);
        graph_free(graph);
    }
    free(world);
}

static void neighbours_are_counted_by_hand(void **state)
{
    (void)state;
    struct world *world = malloc(sizeof *world);
    struct measure measure;
    assert_non_null(world);
    make(world, 7);
    struct graph *graph;
    assert_int_equal(graph_new(&world->rule, world->order, world->count, &graph), STATUS_OK);
    assert_int_equal(measure_init(&measure, &world->rule), STATUS_OK);
    for (size_t i = 0; i < world->count; i++) {
        uint32_t count = 0;
        const struct engine_incident *a = &world->incidents[i];
        for (size_t j = 0; j < world->count; j++) {
            const struct engine_incident *b = &world->incidents[j];
            count += i != j && !measure_coarse(&measure, a) && !measure_coarse(&measure, b) &&
                     point_chord2(a->point, b->point) <= measure.reach2 &&
                     interval_gap(a->start_ms, a->end_ms, b->start_ms, b->end_ms) <= world->rule.window_ms;
        }
        assert_int_equal(graph->nodes[graph_find(graph, a)].neighbours, count);
    }
    graph_free(graph);
    free(world);
}

static void a_threshold_of_its_own_makes_or_unmakes_a_core(void **state)
{
    (void)state;
    struct world *world = malloc(sizeof *world);
    assert_non_null(world);
    make(world, 3);
    struct graph *graph;
    struct partition *partition;
    assert_int_equal(graph_new(&world->rule, world->order, world->count, &graph), STATUS_OK);
    for (uint32_t i = 0; i < graph->count; i++)
        world->thresholds[i] = i % 2 == 0 ? graph->nodes[i].neighbours : graph->nodes[i].neighbours + 1;
    world->thresholds[0] = THRESHOLD_UNKNOWN;
    assert_int_equal(partition_new(graph, world->thresholds, &partition), STATUS_OK);
    for (uint32_t i = 0; i < graph->count; i++)
        assert_int_equal(partition->is_core[i], i > 0 && i % 2 == 0 && !graph->nodes[i].is_coarse);
    partition_free(partition);
    graph_free(graph);
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_partition_is_what_the_engine_makes_of_the_same_incidents),
        TEST(with_one_left_out_too_and_let_in_again),
        TEST(neighbours_are_counted_by_hand),
        TEST(a_threshold_of_its_own_makes_or_unmakes_a_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
