/* Ten thousand places, each with a threshold of its own: whoever keeps what a baseline answered must keep it by the
 * whole cell. Worlds are too small to see two cells mistaken for each other.
 *
 *   a mesh of cells that share a coordinate ── at each place, at a time of its own, so many at once
 *     k = so many − 1 ≥ K of the oracle ⇔ the engine tells an episode of exactly these */
#include "tests/support/families.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE      100u
#define PLACES    (SIDE * SIDE)
#define ROUNDS    2u /* every place is asked about again, in another order */
#define MOST      9u /* at once, in one place */
#define POINTS    600u
#define WINDOW_MS 1000

struct visit {
    struct point point;
    uint32_t count;
    uint32_t told; /* members of the episode told there */
};

struct visits {
    struct visit *items; /* [round × PLACES + place] */
    struct engine_incident *incidents;
    char (*names)[16];
};

static void on_change(void *self, const struct engine_change *change)
{
    struct visits *visits = self;
    const struct engine_incident *first = change->members[0].incident;
    visits->items[(first - visits->incidents) / MOST].told = (uint32_t)change->member_count;
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self;
    (void)incident;
    (void)evicted;
}

static void each_of_ten_thousand_places_has_its_own_threshold(void **state)
{
    (void)state;
    /* Where the sphere crosses an axis one coordinate hardly changes, so many cells have two in common. */
    static const struct point middles[] = {{0, 0, POINT_SCALE}, {POINT_SCALE, 0, 0}, {0, -POINT_SCALE, 0}};
    const struct rule rule = {.name = SPAN("mesh"),
                              .categories = UINT64_MAX,
                              .reach_km = 2.0,
                              .window_ms = WINDOW_MS,
                              .min_neighbours = 1,
                              .min_incidents = 1,
                              .alpha = 0.01,
                              .max_radius_km = 1.0,
                              .cap_duration_ms = WINDOW_MS,
                              .cap_extent_km = 1000.0};
    for (uint32_t axis = 0; axis < 3; axis++) {
        struct dice dice = {axis + 1};
        double step = units_from_km(rule.reach_km) / 4.5; /* about a cell */
        struct visits visits = {calloc(ROUNDS * PLACES, sizeof(*visits.items)),
                                calloc(ROUNDS * PLACES * MOST, sizeof(*visits.incidents)),
                                calloc(ROUNDS * PLACES * MOST, sizeof(*visits.names))};
        uint32_t *order = calloc(PLACES, sizeof(*order));
        struct point *places = calloc(PLACES, sizeof(*places));
        struct point *points = calloc(POINTS, sizeof(*points));
        assert_true(visits.items != NULL && visits.incidents != NULL && visits.names != NULL && order != NULL &&
                    places != NULL && points != NULL);
        for (uint32_t i = 0; i < PLACES; i++) {
            order[i] = i;
            places[i] = point_moved(middles[axis], step * ((double)(i % SIDE) - SIDE / 2.0),
                                    step * ((double)i / SIDE - SIDE / 2.0));
        }
        for (uint32_t i = 0; i < POINTS; i++) {
            struct point town = places[dice_below(&dice, 40) * 7919u % PLACES];
            points[i] = point_beside(&dice, town, 2.0 * step);
        }
        struct world world = {.rules = {rule}, .rule_count = 1, .calibrated = true};
        world.histories[0][0] = (struct oracle_history){points, POINTS, 200 * WINDOW_MS, 0};
        struct world_baseline baseline = world_baseline_new(&world, 0, 0);
        struct rule calibrated = rule;
        calibrated.baseline = baseline.rule;
        struct engine *engine;
        const struct engine_limits limits = {.incidents_max = ROUNDS * PLACES * MOST};
        const struct engine_events events = {on_change, on_released, &visits};
        assert_int_equal(engine_new(&allocator_heap, &calibrated, 1, &limits, &engine), STATUS_OK);
        for (uint32_t at = 0; at < ROUNDS * PLACES; at++) {
            if (at % PLACES == 0)
                dice_shuffle(&dice, order, PLACES);
            struct visit *visit = &visits.items[at];
            *visit = (struct visit){.point = places[order[at % PLACES]], .count = 1 + dice_below(&dice, MOST)};
            int64_t now_ms = 1757000000000 + (int64_t)at * 3 * WINDOW_MS;
            for (uint32_t i = 0; i < visit->count; i++) {
                uint32_t index = at * MOST + i, handle;
                (void)snprintf(visits.names[index], sizeof(visits.names[index]), "m:%u", index);
                visits.incidents[index] = (struct engine_incident){.id = span_of(visits.names[index]),
                                                                   .point = visit->point,
                                                                   .start_ms = now_ms,
                                                                   .end_ms = now_ms,
                                                                   .reported_at_ms = TIME_NONE,
                                                                   .role = ROLE_TRIGGER};
                assert_int_equal(engine_insert(engine, &visits.incidents[index], &handle), STATUS_OK);
            }
            engine_watermark(engine, now_ms);
            if (at % 16 == 15)
                assert_int_equal(engine_flush(engine, &events), STATUS_OK);
        }
        assert_int_equal(engine_flush(engine, &events), STATUS_OK);
        uint32_t cores = 0, lone = 0;
        for (uint32_t at = 0; at < ROUNDS * PLACES; at++) {
            const struct visit *visit = &visits.items[at];
            uint32_t threshold = world_threshold(&world, 0, 0, &visits.incidents[at * MOST]);
            bool core = visit->count - 1 >= threshold;
            if (visit->told != (core ? visit->count : 0))
                fail_msg("axis %u, place (%d, %d, %d): %u at once, K is %u, told an episode of %u", axis,
                         visit->point.x, visit->point.y, visit->point.z, visit->count, threshold, visit->told);
            cores += core;
            lone += !core;
        }
        assert_true(cores > PLACES / 8 && lone > PLACES / 8);
        engine_free(engine);
        world_baseline_free(&baseline);
        free(visits.items);
        free(visits.incidents);
        free(visits.names);
        free(order);
        free(places);
        free(points);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_ten_thousand_places_has_its_own_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
