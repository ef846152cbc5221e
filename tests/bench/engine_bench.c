/* The engine alone: how many incidents a second, on fixed seeds, as JSON on stdout.
 *
 *   generator (sparse: anywhere on the sphere; europe: forty towns, their surroundings, and the sea between)
 *     × order (in order, the watermark an hour behind; shuffled, no watermark until the end)
 *
 * A flush every 256 incidents. ns counts inserts, flushes and evictions, not the making of the incidents. bytes: held
 * from the allocator at the most, an incident held then. allocations: asked of the allocator in the second half, an
 * incident. usage: engine_bench [INCIDENTS] */
#include "correlator/engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FLUSH_EVERY 256u
#define HOUR_MS     3600000LL
#define ID_BYTES    24u

static uint64_t roll(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double real(uint64_t *state)
{
    return (double)(roll(state) >> 11) * 0x1p-53;
}

struct spot {
    double lat, lon;
};

static struct spot sparse(uint64_t *state)
{
    double lat = asin(2.0 * real(state) - 1.0) * 57.29577951308232;
    return (struct spot){lat, 360.0 * real(state) - 180.0};
}

static struct spot europe(uint64_t *state)
{
    uint64_t towns = 7;
    uint64_t town = roll(state) % 40;
    for (uint64_t i = 0; i <= town; i++)
        (void)roll(&towns);
    double spread = roll(state) % 4 == 0 ? 8.0 : 0.3;
    struct spot place = {38.0 + 26.0 * real(&towns), -8.0 + 36.0 * real(&towns)};
    place.lat += spread * (real(state) - 0.5);
    place.lon += spread * (real(state) - 0.5);
    return place;
}

struct stream {
    const char *name;
    struct spot (*place)(uint64_t *state);
    bool shuffled;
    uint32_t an_hour; /* incidents */
    uint32_t share;   /* of the incidents asked for: 1/share */
    double reach_km;
    int64_t window_ms;
    uint32_t min_neighbours;
};

static const struct stream streams[] = {
    {"sparse, in order", sparse, false, 50, 1, 300.0, 48 * HOUR_MS, 1},
    {"sparse, shuffled", sparse, true, 50, 1, 300.0, 48 * HOUR_MS, 1},
    {"europe, in order", europe, false, 8, 1, 100.0, 24 * HOUR_MS, 2},
    {"europe, shuffled", europe, true, 8, 1, 100.0, 24 * HOUR_MS, 2},
    {"europe, wide rule, in order", europe, false, 2, 4, 1000.0, 14 * 24 * HOUR_MS, 1},
    {"one town, in order", NULL, false, 2000, 4, 300.0, 48 * HOUR_MS, 3},
};

static struct spot one_town(uint64_t *state)
{
    return (struct spot){52.0 + 0.1 * real(state), 21.0 + 0.1 * real(state)};
}

static struct engine_incident *incidents_make(const struct stream *stream, uint32_t count, char (*names)[ID_BYTES])
{
    static const country_code codes[] = {COUNTRY_CODE('D', 'K'), COUNTRY_CODE('E', 'E'), COUNTRY_CODE('P', 'L')};
    struct engine_incident *incidents = calloc(count, sizeof(*incidents));
    uint64_t state = 1;
    for (uint32_t i = 0; incidents != NULL && i < count; i++) {
        struct spot place = stream->place != NULL ? stream->place(&state) : one_town(&state);
        (void)snprintf(names[i], ID_BYTES, "bench:%u", i);
        int64_t start_ms = 1700000000000 + (int64_t)i * HOUR_MS / stream->an_hour;
        incidents[i] = (struct engine_incident){.id = span_of(names[i]),
                                                .point = point_from_degrees(place.lat, place.lon),
                                                .start_ms = start_ms,
                                                .end_ms = start_ms + (int64_t)(roll(&state) % 3) * HOUR_MS / 2,
                                                .reported_at_ms = TIME_NONE,
                                                .category = CATEGORY_AIR_DRONE_SIGHTING,
                                                .role = ROLE_TRIGGER,
                                                .countries = &codes[roll(&state) % 3],
                                                .country_count = 1};
        incidents[i].touched_countries = incidents[i].countries;
        incidents[i].touched_country_count = 1;
    }
    for (uint32_t i = count; stream->shuffled && incidents != NULL && i > 1; i--) {
        uint32_t j = (uint32_t)(roll(&state) % i);
        struct engine_incident incident = incidents[i - 1];
        incidents[i - 1] = incidents[j];
        incidents[j] = incident;
    }
    return incidents;
}

struct told {
    uint64_t changes;
    uint64_t members;
};

static void on_change(void *self, const struct engine_change *change)
{
    struct told *told = self;
    told->changes++;
    told->members += change->member_count;
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self;
    (void)incident;
    (void)evicted;
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static enum status drive(struct engine *engine, const struct stream *stream, const struct engine_incident *incidents,
                         uint32_t count, struct told *told, struct engine_stats *ret_half, double *ret_bytes)
{
    const struct engine_events events = {on_change, on_released, told};
    size_t most = 0;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        uint32_t handle;
        status = engine_insert(engine, &incidents[i], &handle);
        if (i == count / 2)
            engine_stats(engine, ret_half);
        if (status != STATUS_OK || i % FLUSH_EVERY != FLUSH_EVERY - 1)
            continue;
        if (!stream->shuffled)
            engine_watermark(engine, incidents[i].start_ms - HOUR_MS);
        status = engine_flush(engine, &events);
        struct engine_stats stats;
        engine_stats(engine, &stats);
        if (stats.incidents > most) {
            most = stats.incidents;
            *ret_bytes = (double)stats.bytes / (double)stats.incidents;
        }
    }
    return status == STATUS_OK ? engine_flush(engine, &events) : status;
}

static enum status stream_run(const struct stream *stream, uint32_t count, const char *comma)
{
    const struct rule rule = {.name = SPAN("bench"),
                              .categories = UINT64_MAX,
                              .reach_km = stream->reach_km,
                              .window_ms = stream->window_ms,
                              .min_neighbours = stream->min_neighbours,
                              .min_incidents = 2,
                              .min_countries = 2,
                              .alpha = 1e-3,
                              .max_radius_km = 200.0,
                              .cap_duration_ms = 60 * 24 * HOUR_MS,
                              .cap_extent_km = 3000.0};
    const struct engine_limits limits = {.incidents_max = count};
    char(*names)[ID_BYTES] = calloc(count, sizeof(*names));
    struct engine_incident *incidents = names != NULL ? incidents_make(stream, count, names) : NULL;
    struct engine *engine = NULL;
    struct told told = {0};
    struct engine_stats half = {0};
    struct engine_stats end;
    double bytes = 0.0;
    enum status status = incidents != NULL ? engine_new(&allocator_heap, &rule, 1, &limits, &engine) : STATUS_NO_MEMORY;
    double begun = seconds();
    if (status == STATUS_OK)
        status = drive(engine, stream, incidents, count, &told, &half, &bytes);
    double taken = seconds() - begun;
    if (status == STATUS_OK) {
        engine_stats(engine, &end);
        printf("{\"stream\": \"%s\", \"incidents\": %u, \"incidents_per_s\": %.0f, \"ns_each\": %.0f, "
               "\"bytes_each\": %.0f, \"allocations_each\": %.5f, \"held_at_the_end\": %zu, \"changes\": %llu, "
               "\"members_told_each\": %.1f}%s",
               stream->name, count, count / taken, taken * 1e9 / count, bytes,
               (double)(end.allocations - half.allocations) / (count - count / 2.0), end.incidents,
               (unsigned long long)told.changes, (double)told.members / count, comma);
        (void)fflush(stdout);
    }
    engine_free(engine);
    free(incidents);
    free(names);
    return status;
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;
    size_t stream_count = sizeof(streams) / sizeof(streams[0]);
    printf("{\"bench\": \"engine\", \"flush_every\": %u, \"streams\": [", FLUSH_EVERY);
    for (size_t i = 0; i < stream_count; i++) {
        uint32_t part = count / streams[i].share;
        if (part < 1000 || stream_run(&streams[i], part, i + 1 < stream_count ? ", " : "") != STATUS_OK)
            return 1;
    }
    printf("]}\n");
    return 0;
}
