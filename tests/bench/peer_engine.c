/* The engine's side of peer.py: one time slice of places, read from stdin as pairs of doubles (lat, lon in degrees),
 * all at the same instant. Prints what it took, as JSON.
 *
 *   peer_engine REACH_KM MIN_NEIGHBOURS RUNS < places */
#include "base/clock.h"
#include "correlator/engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PLACES_MAX 1000000u
#define ID_BYTES   16u

struct places {
    double (*degrees)[2];
    size_t count;
    struct engine_incident *incidents;
    char (*ids)[ID_BYTES];
};

struct told {
    size_t episodes, cores, attached;
};

static void on_change(void *self, const struct engine_change *change)
{
    struct told *told = self;
    told->episodes++;
    for (size_t i = 0; i < change->member_count; i++) {
        told->cores += change->members[i].membership == MEMBERSHIP_CORE;
        told->attached += change->members[i].membership == MEMBERSHIP_ATTACHED;
    }
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self;
    (void)incident;
    (void)evicted;
}

static enum status places_read(struct places *places)
{
    places->degrees = calloc(PLACES_MAX, sizeof *places->degrees);
    if (places->degrees == NULL)
        return STATUS_NO_MEMORY;
    places->count = fread(places->degrees, sizeof *places->degrees, PLACES_MAX, stdin);
    places->incidents = calloc(places->count + 1, sizeof *places->incidents);
    places->ids = calloc(places->count + 1, sizeof *places->ids);
    return places->incidents != NULL && places->ids != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

static void places_free(struct places *places)
{
    free(places->degrees);
    free(places->incidents);
    free(places->ids);
}

/* Timed: degrees into integers, every insert, the flush. */
static enum status pass(struct places *places, const struct rule *rule, struct told *told, double *ret_seconds)
{
    const struct engine_limits limits = {.incidents_max = places->count};
    const struct engine_events events = {on_change, on_released, told};
    struct engine *engine;
    uint64_t begun_ns = clock_monotonic_ns();
    enum status status = engine_new(&allocator_heap, rule, 1, &limits, &engine);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < places->count && status == STATUS_OK; i++) {
        uint32_t handle;
        places->incidents[i].point = point_from_degrees(places->degrees[i][0], places->degrees[i][1]);
        status = engine_insert(engine, &places->incidents[i], &handle);
    }
    if (status == STATUS_OK)
        status = engine_flush(engine, &events);
    *ret_seconds = (double)(clock_monotonic_ns() - begun_ns) * 1e-9;
    engine_free(engine);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 1;
    struct places places = {0};
    const struct rule rule = {.name = SPAN("peer"),
                              .categories = UINT64_MAX,
                              .reach_km = strtod(argv[1], NULL),
                              .window_ms = 3600000,
                              .min_neighbours = (uint32_t)strtoul(argv[2], NULL, 10),
                              .min_incidents = 1,
                              .alpha = 1e-3,
                              .max_radius_km = 200.0,
                              .cap_duration_ms = 3600000,
                              .cap_extent_km = INFINITY};
    enum status status = places_read(&places);
    for (size_t i = 0; i < places.count && status == STATUS_OK; i++) {
        size_t size = (size_t)snprintf(places.ids[i], ID_BYTES, "peer:%zu", i);
        places.incidents[i] = (struct engine_incident){.id = {places.ids[i], size},
                                                       .reported_at_ms = TIME_NONE,
                                                       .category = CATEGORY_AIR_DRONE_SIGHTING,
                                                       .role = ROLE_TRIGGER};
    }
    size_t runs = strtoul(argv[3], NULL, 10);
    struct told told = {0};
    printf("{\"seconds\": [");
    for (size_t i = 0; i < runs && status == STATUS_OK; i++) {
        double seconds = 0.0;
        told = (struct told){0};
        status = pass(&places, &rule, &told, &seconds);
        printf("%s%.6f", i > 0 ? ", " : "", seconds);
    }
    printf("], \"places\": %zu, \"clusters\": %zu, \"cores\": %zu, \"attached\": %zu}\n", places.count, told.episodes,
           told.cores, told.attached);
    places_free(&places);
    return status == STATUS_OK ? 0 : 1;
}
