/* The whole path, from packed report to acknowledged episode: link (ZeroMQ over ipc), decode, validate, register,
 * engine, publish, link, acknowledge; beside the same path with the engine left out, in turns, so that both meet the
 * same weather. Agent, correlator and sink share one loop and one thread; ZeroMQ has its own. One JSON object a line
 * for each of: live and replayed, with and without a baseline. Seeds are fixed.
 *
 *   path_bench [--reports N] [--runs N] [--quick] [--bare] [replay] [live] */
#include "base/clock.h"
#include "base/log.h"
#include "bus/bus.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "correlator/correlator.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "tests/bench/calm.h"
#include "tests/bench/run.h"

#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MARK_EVERY 1000u /* reports: a source says how far it has read */
#define RUNS_MAX   101u

struct path {
    uv_loop_t loop;
    struct bus *bus;
    struct correlator *correlator;
    struct sender *agent;
    struct receiver *sink;
    struct text reports; /* packed, one behind the other */
    size_t *ends;
    int64_t *starts_ms;
    size_t count;
    enum correlator_time time;
    size_t sent;
    uint64_t published;
    uint64_t started_ns, ended_ns;
    double started_cpu, ended_cpu;
    int open;
    bool finishing;
};

struct options {
    size_t reports;
    size_t runs;
    bool bare; /* the engine never left out: for a profiler */
    bool times[2];
};

static void must(enum status status, const char *reason)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "path_bench: %s: %s\n", status_text(status), reason);
    exit(1);
}

static void report_append(struct path *path, size_t i, const struct stream_incident *made)
{
    char id[32];
    struct country country = {.code = made->country, .role = COUNTRY_WHERE};
    double lat = asin((double)made->point.z / POINT_SCALE) * 57.29577951308232;
    double lon = atan2((double)made->point.y, (double)made->point.x) * 57.29577951308232;
    struct report report = {
        .source = SPAN("bench"),
        .source_id = {id, (size_t)snprintf(id, sizeof id, "2025-%zu", i)},
        .category = CATEGORY_AIR_DRONE_SIGHTING,
        .role = ROLE_TRIGGER,
        .occurred = {made->start_ms, made->end_ms, PRECISION_MINUTE, BASIS_REPORTED},
        .reported_at_ms = made->start_ms + STREAM_DAY_MS,
        .has_place = true,
        .place = {.lat = lat, .lon = lon, .radius_km = 3, .name = SPAN("somewhere by the sea")},
        .has_countries = true,
        .countries = &country,
        .country_count = 1,
        .publisher = SPAN("desk"),
        .headline = SPAN("Drones were seen over the airport for the second night"),
        .url = SPAN("https://example.org/news/2025/drones-over-the-airport"),
        .confidence = NAN,
        .licence = LICENCE_ATTRIBUTION,
    };
    must(report_pack(&report, &path->reports), "a report");
    path->ends[i] = path->reports.size;
    path->starts_ms[i] = made->start_ms;
}

static void reports_make(struct path *path, const struct stream_kind *kind)
{
    struct stream *stream;
    struct stream_incident made;
    path->ends = calloc(path->count, sizeof *path->ends);
    path->starts_ms = calloc(path->count, sizeof *path->starts_ms);
    if (path->ends == NULL || path->starts_ms == NULL)
        must(STATUS_NO_MEMORY, "the reports");
    must(stream_new(kind->place, kind->an_hour, STREAM_IN_ORDER, 1, path->count, &stream), kind->name);
    for (size_t i = 0; i < path->count && stream_next(stream, &made, 1) == 1; i++)
        report_append(path, i, &made);
    stream_free(stream);
}

/* Seconds from the first report sent to the last publication acknowledged: on the clock, and of this thread on the
 * processor. */
struct cost {
    double seconds, cpu_seconds;
};

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- the loop --- */

static void closed(void *self)
{
    struct path *path = self;
    path->open--;
}

static void finished(void *self)
{
    struct path *path = self;
    path->ended_ns = clock_monotonic_ns();
    path->ended_cpu = cpu_seconds();
    sender_close(path->agent, closed, path);
    receiver_close(path->sink, closed, path);
    correlator_close(path->correlator, closed, path);
}

static void mark(struct path *path)
{
    const struct source_mark read_up_to = {
        .source = SPAN("bench"),
        .watermark_ms = path->starts_ms[path->sent - 1] - STREAM_HOUR_MS,
        .state = SOURCE_LIVE,
    };
    must(sender_marks(path->agent, &read_up_to, 1), "marks");
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
        must(status, "a report is not taken");
        path->sent++;
        if (path->time == CORRELATOR_LIVE && path->sent % MARK_EVERY == 0)
            mark(path);
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

static struct cost pass(struct path *path, const struct correlator_config *config, bool engine_off)
{
    static unsigned passes;
    char reason[256] = "", incidents[80], episodes[80];
    snprintf(incidents, sizeof incidents, "ipc:///tmp/vedette-bench-%ld-i%u", (long)uv_os_getpid(), passes);
    snprintf(episodes, sizeof episodes, "ipc:///tmp/vedette-bench-%ld-e%u", (long)uv_os_getpid(), passes++);
    must(bus_open(&path->loop, &path->bus), reason);
    path->sent = path->published = 0;
    path->finishing = false;
    path->open = 3;
    must(correlator_open(&path->loop, path->bus,
                         &(struct correlator_options){.config = config,
                                                      .incidents_url = incidents,
                                                      .episodes_url = episodes,
                                                      .epoch = 1,
                                                      .time = path->time,
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
    path->started_cpu = cpu_seconds();
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
    return (struct cost){(double)(path->ended_ns - path->started_ns) * 1e-9, path->ended_cpu - path->started_cpu};
}

/* --- what is printed --- */

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[(count - 1) / 2];
}

static void measure(struct path *path, const struct options *options, const struct stream_kind *kind,
                    const struct calm *calm)
{
    struct rule rule = run_rule(kind, calm != NULL ? calm_rule(calm) : NULL);
    const struct correlator_config config = {.rules = &rule, .rule_count = 1, .incidents_max = 100000000};
    double with[RUNS_MAX], without[RUNS_MAX], ratios[RUNS_MAX];
    double cpu_with[RUNS_MAX], cpu_without[RUNS_MAX], cpu_ratios[RUNS_MAX];
    uint64_t published = 0, published_without = 0;
    rule.categories = (category_set)1 << CATEGORY_AIR_DRONE_SIGHTING;
    for (size_t i = 0; i < options->runs; i++) {
        struct cost off = options->bare ? (struct cost){0.0, 0.0} : pass(path, &config, true);
        published_without = path->published;
        struct cost on = pass(path, &config, false);
        published = path->published;
        with[i] = on.seconds;
        without[i] = off.seconds;
        cpu_with[i] = on.cpu_seconds;
        cpu_without[i] = off.cpu_seconds;
        ratios[i] = off.seconds / on.seconds;
        cpu_ratios[i] = off.cpu_seconds / on.cpu_seconds;
    }
    double count = (double)path->count;
    double middle = median(with, options->runs);
    double middle_without = median(without, options->runs);
    double ratio = median(ratios, options->runs);
    printf("{\"bench\": \"path\", \"stream\": \"%s\", \"time\": \"%s\", \"calibrated\": %s, \"reports\": %zu, "
           "\"bytes_each\": %.0f, \"runs\": %zu, \"reports_per_s\": %.0f, \"us_each\": %.2f, \"cpu_us_each\": %.2f, "
           "\"publications\": %llu",
           kind->name, path->time == CORRELATOR_LIVE ? "live" : "replay", calm != NULL ? "true" : "false", path->count,
           (double)path->reports.size / count, options->runs, count / middle, middle * 1e6 / count,
           median(cpu_with, options->runs) * 1e6 / count, (unsigned long long)published);
    if (!options->bare)
        printf(", \"engine_off_reports_per_s\": %.0f, \"engine_off_us_each\": %.2f, \"engine_off_cpu_us_each\": %.2f, "
               "\"engine_off_publications\": %llu, \"ratio\": %.3f, \"ratio_min\": %.3f, \"ratio_max\": %.3f, "
               "\"cpu_ratio\": %.3f",
               count / middle_without, middle_without * 1e6 / count, median(cpu_without, options->runs) * 1e6 / count,
               (unsigned long long)published_without, ratio, ratios[0], ratios[options->runs - 1],
               median(cpu_ratios, options->runs));
    printf("}\n");
    (void)fflush(stdout);
}

/* --- command line --- */

static const struct argp_option argp_options[] = {
    {"reports", 'n', "N", 0, "reports a pass (default 200000)", 0},
    {"runs", 'r', "N", 0, "runs the medians are of (default 5)", 0},
    {"quick", 'q', NULL, 0, "4000 reports, one run", 0},
    {"bare", 'b', NULL, 0, "never leave the engine out: for a profiler", 0},
    {0},
};

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'n':
        options->reports = strtoul(text, NULL, 10);
        return 0;
    case 'r':
        options->runs = strtoul(text, NULL, 10);
        if (options->runs < 1 || options->runs > RUNS_MAX)
            argp_error(state, "runs: 1 to %u", RUNS_MAX);
        return 0;
    case 'q':
        options->reports = 4000;
        options->runs = 1;
        return 0;
    case 'b':
        options->bare = true;
        return 0;
    case ARGP_KEY_ARG:
        options->times[CORRELATOR_LIVE] = strcmp(text, "live") == 0;
        options->times[CORRELATOR_REPLAY] = strcmp(text, "replay") == 0;
        if (!options->times[0] && !options->times[1])
            argp_error(state, "live or replay, not %s", text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    const struct argp argp = {
        argp_options, option_parse, "[live|replay]", "Measures the whole path; one JSON object a line.", NULL,
        NULL,         NULL};
    struct options options = {.reports = 200000, .runs = 5, .times = {true, true}};
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0 || options.reports == 0)
        return 1;
    struct path path = {.count = options.reports};
    const struct stream_kind *kind = stream_kind_find("europe");
    struct calm *calm = NULL;
    log_setup("path_bench", LOG_PLAIN, LOG_WARN);
    if (uv_loop_init(&path.loop) != 0)
        return 1;
    must(calm_new(kind, &calm), "the baseline");
    reports_make(&path, kind);
    for (int i = 0; i < 4; i++) {
        path.time = i < 2 ? CORRELATOR_LIVE : CORRELATOR_REPLAY;
        if (options.times[path.time])
            measure(&path, &options, kind, i % 2 == 1 ? calm : NULL);
    }
    calm_free(calm);
    text_fini(&path.reports);
    free(path.ends);
    free(path.starts_ms);
    uv_loop_close(&path.loop);
    return 0;
}
