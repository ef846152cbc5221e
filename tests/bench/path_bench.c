/* The whole path, from packed report to acknowledged episode: link (ZeroMQ on loopback), decode, validate, register,
 * engine, publish, link, acknowledge; beside the same path with the engine left out. Everything on one loop and one
 * thread, so the rates are of one core. Prints JSON. Seeds are fixed.
 *
 *   path_bench [REPORTS] */
#include "base/clock.h"
#include "bus/bus.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "correlator/correlator.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TOWNS  300u
#define DAY_MS 86400000LL

struct path {
    uv_loop_t loop;
    struct bus *bus;
    struct correlator *correlator;
    struct sender *agent;
    struct receiver *sink;
    struct text reports; /* packed, one behind the other */
    size_t *ends;
    size_t count;
    size_t sent;
    uint64_t published;
    uint64_t started_ns, ended_ns;
    int open;
    bool finishing;
};

/* splitmix64 */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double random_unit(uint64_t *state)
{
    return (double)(random_next(state) >> 11) * 0x1p-53;
}

/* Europe: four in five at 300 towns, the rest anywhere; in order of time, about ten neighbours each under the rule
 * below. */
static void reports_make(struct path *path)
{
    uint64_t seed = 20250919;
    double lat[TOWNS], lon[TOWNS];
    static const char codes[][3] = {"PL", "DE", "DK", "SE", "FI", "EE", "LV", "LT", "RO", "NO"};
    for (size_t i = 0; i < TOWNS; i++) {
        lat[i] = 45 + 20 * random_unit(&seed);
        lon[i] = 5 + 25 * random_unit(&seed);
    }
    int64_t now_ms = 1735689600000;
    for (size_t i = 0; i < path->count; i++) {
        bool in_town = random_unit(&seed) < 0.8;
        size_t town = (size_t)(random_unit(&seed) * random_unit(&seed) * TOWNS);
        char id[32];
        struct country country = {.role = COUNTRY_WHERE};
        if (country_code_parse(span_of(codes[town % 10]), &country.code) != STATUS_OK)
            abort();
        now_ms += (int64_t)(2.0 * 120000 * random_unit(&seed));
        struct report report = {
            .source = SPAN("bench"),
            .source_id = {id, (size_t)snprintf(id, sizeof id, "2025-%zu", i)},
            .category = CATEGORY_AIR_DRONE_SIGHTING,
            .role = ROLE_TRIGGER,
            .occurred = {now_ms, now_ms + 600000, PRECISION_MINUTE, BASIS_REPORTED},
            .reported_at_ms = now_ms + DAY_MS,
            .has_place = true,
            .place = {.lat = in_town ? lat[town] + 0.02 * random_unit(&seed) : 45 + 20 * random_unit(&seed),
                      .lon = in_town ? lon[town] + 0.02 * random_unit(&seed) : 5 + 25 * random_unit(&seed),
                      .radius_km = 3,
                      .name = SPAN("somewhere by the sea")},
            .has_countries = true,
            .countries = &country,
            .country_count = 1,
            .publisher = SPAN("desk"),
            .headline = SPAN("Drones were seen over the airport for the second night"),
            .url = SPAN("https://example.org/news/2025/drones-over-the-airport"),
            .confidence = NAN,
            .licence = LICENCE_ATTRIBUTION,
        };
        if (report_pack(&report, &path->reports) != STATUS_OK)
            abort();
        path->ends[i] = path->reports.size;
    }
}

static void closed(void *self)
{
    struct path *path = self;
    path->open--;
}

static void finished(void *self)
{
    struct path *path = self;
    path->ended_ns = clock_monotonic_ns();
    sender_close(path->agent, closed, path);
    receiver_close(path->sink, closed, path);
    correlator_close(path->correlator, closed, path);
}

static void send_more(void *self)
{
    struct path *path = self;
    while (path->sent < path->count) {
        size_t begin = path->sent > 0 ? path->ends[path->sent - 1] : 0;
        uint64_t position;
        enum status status = sender_submit(
            path->agent, (struct span){path->reports.data + begin, path->ends[path->sent] - begin}, &position);
        if (status == STATUS_AGAIN)
            return;
        if (status != STATUS_OK)
            abort();
        path->sent++;
    }
}

static void agent_acked(void *self, uint64_t position)
{
    struct path *path = self;
    if (position == path->count && !path->finishing) {
        path->finishing = true;
        correlator_finish(path->correlator, finished, path);
    }
}

static void sink_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct path *path = self;
    (void)items;
    path->published += count;
    receiver_ack(path->sink, peer->name, peer->epoch, first + count - 1);
}

static void must(enum status status, const char *reason)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "path_bench: %s: %s\n", status_text(status), reason);
    exit(1);
}

/* Reports a second through the whole path. */
static double measure(struct path *path, const struct correlator_config *config, bool engine_off, const char *scheme)
{
    char reason[256] = "", incidents[64], episodes[64];
    snprintf(incidents, sizeof incidents, "%s-incidents-%d", scheme, engine_off);
    snprintf(episodes, sizeof episodes, "%s-episodes-%d", scheme, engine_off);
    must(bus_open(&path->loop, &path->bus), reason);
    path->sent = path->published = 0;
    path->finishing = false;
    path->open = 3;
    must(correlator_open(&path->loop, path->bus,
                         &(struct correlator_options){.config = config,
                                                      .incidents_url = incidents,
                                                      .episodes_url = episodes,
                                                      .epoch = 1,
                                                      .time = CORRELATOR_REPLAY,
                                                      .engine_off = engine_off},
                         &(struct correlator_events){0}, &path->correlator, reason),
         reason);
    must(receiver_open(path->bus,
                       &(struct receiver_options){.url = episodes,
                                                  .end = BUS_DIAL,
                                                  .name = "sink",
                                                  .item_bytes_max = LIMIT_EPISODE_BYTES,
                                                  .frame_bytes_max = LIMIT_EPISODE_BYTES},
                       &(struct receiver_events){.batch = sink_batch, .self = path}, &path->sink, reason),
         reason);
    path->started_ns = clock_monotonic_ns();
    must(sender_open(
             path->bus, &(struct sender_options){.url = incidents, .end = BUS_DIAL, .name = "agent", .epoch = 1},
             &(struct sender_events){.room = send_more, .acked = agent_acked, .self = path}, &path->agent, reason),
         reason);
    send_more(path);
    while (path->open > 0 && uv_run(&path->loop, UV_RUN_ONCE) != 0)
        ;
    uv_run(&path->loop, UV_RUN_DEFAULT);
    bus_close(path->bus);
    uv_run(&path->loop, UV_RUN_DEFAULT); /* lets the bus close */
    return (double)path->count / ((double)(path->ended_ns - path->started_ns) * 1e-9);
}

int main(int argc, char **argv)
{
    struct path path = {.count = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000};
    path.ends = calloc(path.count, sizeof *path.ends);
    if (path.ends == NULL || uv_loop_init(&path.loop) != 0)
        return 1;
    reports_make(&path);
    struct rule rule = {
        .name = SPAN("bench"),
        .categories = (category_set)1 << CATEGORY_AIR_DRONE_SIGHTING,
        .reach_km = 50,
        .window_ms = 2 * DAY_MS,
        .min_neighbours = 3,
        .min_incidents = 2,
        .min_countries = 2,
        .alpha = 1e-3,
        .max_radius_km = 200,
        .cap_duration_ms = 10 * DAY_MS,
        .cap_extent_km = INFINITY,
    };
    const struct correlator_config config = {.rules = &rule, .rule_count = 1, .incidents_max = 100000000};
    char scheme[64];
    snprintf(scheme, sizeof scheme, "ipc:///tmp/vedette-bench-%ld", (long)uv_os_getpid());
    double without = measure(&path, &config, true, scheme);
    uint64_t published_without = path.published;
    double with = measure(&path, &config, false, scheme);
    printf("{\"bench\":\"path\",\"reports\":%zu,\"bytes_each\":%.0f,\"reports_per_s\":%.0f,\"publications\":%llu,"
           "\"engine_off_reports_per_s\":%.0f,\"engine_off_publications\":%llu,\"ratio\":%.3f}\n",
           path.count, (double)path.reports.size / (double)path.count, with, (unsigned long long)path.published,
           without, (unsigned long long)published_without, with / without);
    text_fini(&path.reports);
    free(path.ends);
    uv_loop_close(&path.loop);
    return 0;
}
