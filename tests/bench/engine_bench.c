/* The engine alone: how many incidents a second, how long one insert takes, how much memory, on fixed seeds. One JSON
 * object a line for each stream × order of arrival × baseline; README.md says how to read them.
 *
 *   engine_bench [--incidents N] [--runs N] [--quick] [--bare] [--order …] [--baseline …] [STREAM…] */
#include "base/clock.h"
#include "correlator/engine/engine.h"
#include "tests/bench/histogram.h"
#include "tests/bench/streams.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK    4096u /* made at once, outside of what is timed */
#define ID_BYTES 24u
#define RUNS_MAX 101u

/* How the correlator flushes a replay (correlator.c): at the end of a batch, unless that would compute far more anew
 * than has arrived; FLUSH_EACH also after each report while that is little work. Each batch brings a watermark. */
#define BATCH            256u
#define FLUSH_EACH_MAX   256u
#define FLUSH_RATIO      16u
#define MEMBERS_EACH_MAX 4096u

enum flushing {
    FLUSH_BATCH,
    FLUSH_EACH,
};

/* What an incident borrows until it is released; the free ones are chained. */
struct held {
    struct held *next;
    char id[ID_BYTES];
    country_code country;
};

struct run {
    const struct stream_kind *kind;
    enum stream_order order;
    enum flushing flushing;
    struct histogram *inserts, *flushes; /* NULL: the clock is read a chunk only */
    struct engine *engine;
    struct held *free;
    struct held *blocks; /* of CHUNK; their first is not handed out but chains them */
    size_t free_count;
    size_t in_batch, unflushed, members_told;
    size_t inserted;
    uint64_t ns, cpu_ns;
    uint64_t episodes, changes, members;
    size_t live_most, bytes_most;
    size_t bytes_at[3]; /* 10 %, 50 %, 100 % */
    struct engine_stats half, end;
    size_t inserted_half;
};

struct options {
    size_t incidents; /* 0: of the stream */
    size_t runs;
    bool bare; /* throughput alone */
    bool orders[2];
    bool baselines[2];
    bool kinds[16];
    bool some_kinds;
};

/* --- flow --- */

static void on_change(void *self, const struct engine_change *change)
{
    struct run *run = self;
    run->changes++;
    run->episodes += change->is_new;
    run->members += change->member_count;
    run->members_told += change->member_count;
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    struct run *run = self;
    struct held *held = incident->user;
    (void)evicted;
    held->next = run->free;
    run->free = held;
    run->free_count++;
}

static enum status flush(struct run *run)
{
    const struct engine_events events = {on_change, on_released, run};
    if (engine_pending(run->engine) == 0)
        return STATUS_OK;
    run->unflushed = 0;
    uint64_t begun_ns = run->flushes != NULL ? clock_monotonic_ns() : 0;
    enum status status = engine_flush(run->engine, &events);
    if (run->flushes != NULL)
        histogram_add(run->flushes, clock_monotonic_ns() - begun_ns);
    return status;
}

static enum status batch_end(struct run *run, int64_t watermark_ms)
{
    struct engine_stats stats;
    run->in_batch = run->members_told = 0;
    engine_watermark(run->engine, watermark_ms);
    enum status status = engine_pending(run->engine) <= FLUSH_RATIO * run->unflushed ? flush(run) : STATUS_OK;
    engine_stats(run->engine, &stats);
    if (stats.incidents > run->live_most)
        run->live_most = stats.incidents;
    if (stats.bytes > run->bytes_most)
        run->bytes_most = stats.bytes;
    return status;
}

static enum status insert(struct run *run, const struct engine_incident *incident)
{
    uint32_t handle;
    if (run->inserts == NULL)
        return engine_insert(run->engine, incident, &handle);
    uint64_t begun_ns = clock_monotonic_ns();
    enum status status = engine_insert(run->engine, incident, &handle);
    histogram_add(run->inserts, clock_monotonic_ns() - begun_ns);
    return status;
}

static enum status chunk_run(struct run *run, const struct engine_incident *incidents, const int64_t *watermarks_ms,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum status status = insert(run, &incidents[i]);
        run->unflushed++;
        if (status == STATUS_OK && run->flushing == FLUSH_EACH && run->members_told <= MEMBERS_EACH_MAX &&
            engine_pending(run->engine) <= FLUSH_EACH_MAX)
            status = flush(run);
        if (status == STATUS_OK && ++run->in_batch == BATCH)
            status = batch_end(run, watermarks_ms[i]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* What is still held is told and let go. */
static enum status drain(struct run *run)
{
    engine_watermark(run->engine, INT64_MAX);
    return flush(run);
}

/* --- making --- */

static bool held_more(struct run *run)
{
    struct held *block = calloc(CHUNK + 1, sizeof *block);
    if (block == NULL)
        return false;
    block->next = run->blocks;
    run->blocks = block;
    for (size_t i = CHUNK; i > 0; i--) {
        block[i].next = run->free;
        run->free = &block[i];
    }
    run->free_count += CHUNK;
    return true;
}

static void held_free(struct run *run)
{
    while (run->blocks != NULL) {
        struct held *block = run->blocks;
        run->blocks = block->next;
        free(block);
    }
}

/* "bench:" and eight digits. */
static size_t id_write(char id[ID_BYTES], uint32_t number)
{
    memcpy(id, "bench:00000000", 15);
    for (size_t i = 13; number > 0; i--, number /= 10)
        id[i] = (char)('0' + number % 10);
    return 14;
}

static struct engine_incident incident_of(struct run *run, const struct stream_incident *made)
{
    struct held *held = run->free;
    run->free = held->next;
    run->free_count--;
    held->country = made->country;
    return (struct engine_incident){
        .id = {held->id, id_write(held->id, made->number)},
        .point = made->point,
        .start_ms = made->start_ms,
        .end_ms = made->end_ms,
        .reported_at_ms = TIME_NONE,
        .category = CATEGORY_AIR_DRONE_SIGHTING,
        .role = ROLE_TRIGGER,
        .countries = &held->country,
        .country_count = 1,
        .touched_countries = &held->country,
        .touched_country_count = 1,
        .user = held,
    };
}

static size_t chunk_make(struct run *run, struct stream *stream, struct engine_incident *incidents,
                         int64_t *watermarks_ms)
{
    static struct stream_incident made[CHUNK];
    if (run->free_count < CHUNK && !held_more(run))
        return 0;
    size_t count = stream_next(stream, made, CHUNK);
    for (size_t i = 0; i < count; i++) {
        incidents[i] = incident_of(run, &made[i]);
        watermarks_ms[i] =
            run->order == STREAM_SHUFFLED ? made[i].arrival_ms - STREAM_LATENESS_MS : made[i].start_ms - STREAM_HOUR_MS;
    }
    return count;
}

/* --- one pass over a stream --- */

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void milestones(struct run *run, size_t count, size_t incidents)
{
    static const size_t tenths[] = {1, 5, 10};
    struct engine_stats stats;
    engine_stats(run->engine, &stats);
    for (size_t i = 0; i < 3; i++)
        if (run->inserted < incidents * tenths[i] / 10 && run->inserted + count >= incidents * tenths[i] / 10)
            run->bytes_at[i] = stats.bytes;
    run->inserted += count;
    if (run->inserted_half == 0 && run->inserted >= incidents / 2) {
        run->half = stats;
        run->inserted_half = run->inserted;
    }
    run->end = stats;
}

static enum status run_drive(struct run *run, struct stream *stream, size_t incidents)
{
    static struct engine_incident chunk[CHUNK];
    static int64_t watermarks_ms[CHUNK];
    enum status status = STATUS_OK;
    size_t count = 1;
    while (status == STATUS_OK && count > 0) {
        count = chunk_make(run, stream, chunk, watermarks_ms);
        uint64_t begun_cpu_ns = cpu_ns();
        uint64_t begun_ns = clock_monotonic_ns();
        status = count > 0 ? chunk_run(run, chunk, watermarks_ms, count) : drain(run);
        run->ns += clock_monotonic_ns() - begun_ns;
        run->cpu_ns += cpu_ns() - begun_cpu_ns;
        if (count > 0)
            milestones(run, count, incidents);
    }
    return status == STATUS_OK && run->inserted != incidents ? STATUS_NO_MEMORY : status;
}

static struct rule rule_of(const struct stream_kind *kind, const struct baseline_rule *baseline)
{
    return (struct rule){.name = SPAN("bench"),
                         .categories = UINT64_MAX,
                         .reach_km = kind->reach_km,
                         .window_ms = kind->window_ms,
                         .min_neighbours = kind->min_neighbours,
                         .min_incidents = 2,
                         .min_countries = 2,
                         .alpha = 1e-4,
                         .max_radius_km = 200.0,
                         .cap_duration_ms = 60 * STREAM_DAY_MS,
                         .cap_extent_km = 3000.0,
                         .baseline = baseline};
}

static enum status pass(struct run *run, const struct baseline_rule *baseline, size_t incidents)
{
    const struct rule rule = rule_of(run->kind, baseline);
    const struct engine_limits limits = {.incidents_max = incidents};
    struct stream *stream = NULL;
    enum status status = stream_new(run->kind->place, run->kind->an_hour, run->order, 1, incidents, &stream);
    if (status == STATUS_OK)
        status = engine_new(&allocator_heap, &rule, 1, &limits, &run->engine);
    if (status == STATUS_OK)
        status = run_drive(run, stream, incidents);
    engine_free(run->engine);
    stream_free(stream);
    held_free(run);
    return status;
}

/* --- what is printed --- */

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

/* The median of an even number is the lower of the two. */
static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[(count - 1) / 2];
}

static enum status latency_print(const struct stream_kind *kind, enum stream_order order,
                                 const struct baseline_rule *baseline, size_t incidents)
{
    static struct histogram inserts, flushes;
    memset(&inserts, 0, sizeof inserts);
    memset(&flushes, 0, sizeof flushes);
    struct run each = {.kind = kind, .order = order, .flushing = FLUSH_EACH};
    struct run timed = {.kind = kind, .order = order, .inserts = &inserts, .flushes = &flushes};
    enum status status = pass(&each, baseline, incidents);
    if (status == STATUS_OK)
        status = pass(&timed, baseline, incidents);
    printf(", \"flushed_each_incidents_per_s\": %.0f, \"flushed_each_changes\": %llu, \"insert_ns_p50\": %llu, "
           "\"insert_ns_p99\": %llu, \"insert_ns_p999\": %llu, \"insert_ns_max\": %llu, \"flush_us_p50\": %.1f, "
           "\"flush_us_p99\": %.1f, \"flush_us_max\": %.1f",
           (double)incidents * 1e9 / (double)each.ns, (unsigned long long)each.changes,
           (unsigned long long)histogram_quantile(&inserts, 0.5),
           (unsigned long long)histogram_quantile(&inserts, 0.99),
           (unsigned long long)histogram_quantile(&inserts, 0.999), (unsigned long long)inserts.most,
           (double)histogram_quantile(&flushes, 0.5) / 1e3, (double)histogram_quantile(&flushes, 0.99) / 1e3,
           (double)flushes.most / 1e3);
    return status;
}

static void heading_print(const struct stream_kind *kind, enum stream_order order, const struct baseline_rule *baseline,
                          size_t incidents, double mean_k)
{
    printf("{\"bench\": \"engine\", \"stream\": \"%s\", \"order\": \"%s\", \"calibrated\": %s, \"incidents\": %zu, "
           "\"mean_k\": %.1f, \"an_hour\": %.1f, \"reach_km\": %g, \"window_h\": %g, \"min_neighbours\": %u, "
           "\"flush_every\": %u",
           kind->name, order == STREAM_SHUFFLED ? "shuffled" : "in order", baseline != NULL ? "true" : "false",
           incidents, mean_k, kind->an_hour, kind->reach_km, (double)kind->window_ms / (double)STREAM_HOUR_MS,
           kind->min_neighbours, BATCH);
}

static void figures_print(const struct run *run, double *rates, double *cpu_ns_each, size_t runs)
{
    double middle = median(rates, runs);
    printf(", \"runs\": %zu, \"incidents_per_s\": %.0f, \"incidents_per_s_min\": %.0f, \"incidents_per_s_max\": %.0f, "
           "\"ns_each\": %.0f, \"cpu_ns_each\": %.0f, \"live_most\": %zu, \"bytes_most\": %zu, \"bytes_each\": %.0f, "
           "\"bytes_at_10\": %zu, \"bytes_at_50\": %zu, \"bytes_at_100\": %zu, \"allocations_each\": %.6f, "
           "\"episodes\": %llu, \"changes\": %llu, \"members_told_each\": %.2f",
           runs, middle, rates[0], rates[runs - 1], 1e9 / middle, median(cpu_ns_each, runs), run->live_most,
           run->bytes_most, (double)run->bytes_most / (double)(run->live_most > 0 ? run->live_most : 1),
           run->bytes_at[0], run->bytes_at[1], run->bytes_at[2],
           (double)(run->end.allocations - run->half.allocations) /
               (double)(run->inserted > run->inserted_half ? run->inserted - run->inserted_half : 1),
           (unsigned long long)run->episodes, (unsigned long long)run->changes,
           (double)run->members / (double)run->inserted);
}

static enum status stream_measure(const struct options *options, const struct stream_kind *kind,
                                  enum stream_order order, const struct baseline_rule *baseline)
{
    size_t incidents = options->incidents > 0 ? options->incidents : kind->incidents;
    if (incidents > kind->incidents_max)
        incidents = kind->incidents_max;
    double rates[RUNS_MAX];
    double cpu_ns_each[RUNS_MAX];
    struct run run = {0};
    heading_print(kind, order, baseline, incidents, stream_mean_k(kind, incidents < 100000 ? incidents : 100000));
    for (size_t i = 0; i < options->runs; i++) {
        run = (struct run){.kind = kind, .order = order};
        enum status status = pass(&run, baseline, incidents);
        if (status != STATUS_OK)
            return status;
        rates[i] = (double)incidents * 1e9 / (double)run.ns;
        cpu_ns_each[i] = (double)run.cpu_ns / (double)incidents;
    }
    figures_print(&run, rates, cpu_ns_each, options->runs);
    enum status status = options->bare ? STATUS_OK : latency_print(kind, order, baseline, incidents);
    printf("}\n");
    (void)fflush(stdout);
    return status;
}

/* --- command line --- */

static const struct argp_option argp_options[] = {
    {"incidents", 'n', "N", 0, "incidents a stream (default: of the stream; crowd has 100000 at most)", 0},
    {"runs", 'r', "N", 0, "runs the median is of (default 5)", 0},
    {"order", 'o', "in-order|shuffled", 0, "this order of arrival alone", 0},
    {"quick", 'q', NULL, 0, "20000 incidents, one run", 0},
    {"bare", 'b', NULL, 0, "throughput alone: nothing but the runs, for a profiler", 0},
    {0},
};

static bool kind_choose(struct options *options, const char *name)
{
    for (size_t i = 0; i < stream_kind_count; i++)
        if (strcmp(name, stream_kinds[i].name) == 0)
            return options->some_kinds = options->kinds[i] = true;
    return false;
}

static error_t option_parse(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'n':
        options->incidents = strtoul(text, NULL, 10);
        return 0;
    case 'r':
        options->runs = strtoul(text, NULL, 10);
        return 0;
    case 'o':
        options->orders[STREAM_IN_ORDER] = strcmp(text, "in-order") == 0;
        options->orders[STREAM_SHUFFLED] = strcmp(text, "shuffled") == 0;
        return 0;
    case 'q':
        options->incidents = 20000;
        options->runs = 1;
        return 0;
    case 'b':
        options->bare = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!kind_choose(options, text))
            argp_error(state, "there is no stream %s", text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    const struct argp argp = {argp_options,
                              option_parse,
                              "[sea] [europe] [crowd] [decade]",
                              "Measures the engine alone on made-up streams; one JSON object a line.",
                              NULL,
                              NULL,
                              NULL};
    struct options options = {.runs = 5, .orders = {true, true}};
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return 1;
    if (options.runs < 1 || options.runs > RUNS_MAX) {
        fprintf(stderr, "engine_bench: runs: 1 to %u\n", RUNS_MAX);
        return 1;
    }
    for (size_t i = 0; i < stream_kind_count; i++)
        for (enum stream_order order = STREAM_IN_ORDER; order <= STREAM_SHUFFLED; order++)
            if ((options.kinds[i] || !options.some_kinds) && options.orders[order] &&
                stream_measure(&options, &stream_kinds[i], order, NULL) != STATUS_OK)
                return 1;
    return 0;
}
