/* The engine alone: how many incidents a second, how long one insert takes, how much memory, on fixed seeds. One JSON
 * object a line for each stream × baseline × order of arrival; README.md says how to read them.
 *
 *   engine_bench [--incidents N] [--runs N] [--quick] [--bare] [--order …] [--baseline …] [STREAM…] */
#include "tests/bench/calm.h"
#include "tests/bench/machine.h"
#include "tests/bench/run.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 101u

struct options {
    size_t incidents; /* 0: of the stream */
    size_t runs;
    bool bare; /* throughput alone */
    bool orders[2];
    bool baselines[2]; /* without, with */
    bool kinds[16];
    bool some_kinds;
};

/* What one line is of. */
struct subject {
    const struct stream_kind *kind;
    enum stream_order order;
    size_t incidents;
    const struct calm *calm; /* NULL: no baseline */
    double mean_k;
};

static struct run_options run_options_of(const struct subject *subject)
{
    return (struct run_options){.kind = subject->kind,
                                .order = subject->order,
                                .incidents = subject->incidents,
                                .baseline = subject->calm != NULL ? calm_rule(subject->calm) : NULL};
}

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

/* Sorts. The median of an even number is the lower of the two. */
static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[(count - 1) / 2];
}

static void subject_print(const struct subject *subject)
{
    const struct stream_kind *kind = subject->kind;
    const struct rule rule = run_rule(kind, NULL);
    printf("{\"bench\": \"engine\", \"stream\": \"%s\", \"order\": \"%s\", \"calibrated\": %s, \"incidents\": %zu, "
           "\"an_hour\": %.1f, \"mean_k\": %.1f, \"history_incidents\": %zu, \"reach_km\": %g, \"window_h\": %g, "
           "\"min_neighbours\": %u, \"alpha\": %g, \"cap_duration_d\": %g, \"cap_extent_km\": %g, "
           "\"flush_every\": %u",
           kind->name, subject->order == STREAM_SHUFFLED ? "shuffled" : "in order",
           subject->calm != NULL ? "true" : "false", subject->incidents, kind->an_hour, subject->mean_k,
           subject->calm != NULL ? calm_incidents(subject->calm) : 0, rule.reach_km,
           (double)rule.window_ms / (double)STREAM_HOUR_MS, rule.min_neighbours, rule.alpha,
           (double)rule.cap_duration_ms / (double)STREAM_DAY_MS, rule.cap_extent_km, RUN_BATCH);
}

static void run_print(const struct run *run, size_t incidents)
{
    double live_most = (double)(run->live_most > 0 ? run->live_most : 1);
    printf(", \"live_most\": %zu, \"bytes_most\": %zu, \"bytes_each\": %.0f, \"borrowed_each\": %zu, "
           "\"bytes_at_10\": %zu, \"bytes_at_50\": %zu, \"bytes_at_100\": %zu, \"allocations_each\": %.6f, "
           "\"episodes\": %llu, \"changes\": %llu, \"members_told_each\": %.2f",
           run->live_most, run->bytes_most, (double)run->bytes_most / live_most, sizeof(struct engine_incident),
           run->bytes_at[0], run->bytes_at[1], run->bytes_at[2], run->allocations_each,
           (unsigned long long)run->episodes, (unsigned long long)run->changes,
           (double)run->members / (double)incidents);
}

/* All runs tell the same: the figures that are no times are of the last. */
static enum status throughput_print(const struct subject *subject, size_t runs)
{
    const struct run_options options = run_options_of(subject);
    double rates[RUNS_MAX];
    double cpu_ns_each[RUNS_MAX];
    struct run run = {0};
    for (size_t i = 0; i < runs; i++) {
        enum status status = run_pass(&options, &run);
        if (status != STATUS_OK)
            return status;
        rates[i] = (double)subject->incidents * 1e9 / (double)run.ns;
        cpu_ns_each[i] = (double)run.cpu_ns / (double)subject->incidents;
    }
    double middle = median(rates, runs);
    printf(", \"runs\": %zu, \"incidents_per_s\": %.0f, \"incidents_per_s_min\": %.0f, \"incidents_per_s_max\": %.0f, "
           "\"ns_each\": %.0f, \"cpu_ns_each\": %.0f",
           runs, middle, rates[0], rates[runs - 1], 1e9 / middle, median(cpu_ns_each, runs));
    run_print(&run, subject->incidents);
    return STATUS_OK;
}

/* In a pass of its own: reading the clock twice costs as much as a tenth of an insert. */
static enum status latency_print(const struct subject *subject)
{
    static struct histogram inserts, flushes;
    struct run_options options = run_options_of(subject);
    struct run run;
    memset(&inserts, 0, sizeof inserts);
    memset(&flushes, 0, sizeof flushes);
    options.inserts = &inserts;
    options.flushes = &flushes;
    enum status status = run_pass(&options, &run);
    if (status != STATUS_OK)
        return status;
    printf(", \"insert_ns_p50\": %llu, \"insert_ns_p99\": %llu, \"insert_ns_p999\": %llu, \"insert_ns_max\": %llu, "
           "\"flush_us_p50\": %.1f, \"flush_us_p99\": %.1f, \"flush_us_max\": %.1f",
           (unsigned long long)histogram_quantile(&inserts, 0.5),
           (unsigned long long)histogram_quantile(&inserts, 0.99),
           (unsigned long long)histogram_quantile(&inserts, 0.999), (unsigned long long)inserts.most,
           (double)histogram_quantile(&flushes, 0.5) / 1e3, (double)histogram_quantile(&flushes, 0.99) / 1e3,
           (double)flushes.most / 1e3);
    return STATUS_OK;
}

static enum status flushed_each_print(const struct subject *subject)
{
    struct run_options options = run_options_of(subject);
    struct run run;
    options.flushing = FLUSH_EACH;
    enum status status = run_pass(&options, &run);
    if (status == STATUS_OK)
        printf(", \"flushed_each_incidents_per_s\": %.0f, \"flushed_each_changes\": %llu",
               (double)subject->incidents * 1e9 / (double)run.ns, (unsigned long long)run.changes);
    return status;
}

static enum status subject_measure(const struct subject *subject, const struct options *options)
{
    subject_print(subject);
    enum status status = throughput_print(subject, options->runs);
    if (status == STATUS_OK && !options->bare)
        status = latency_print(subject);
    if (status == STATUS_OK && !options->bare)
        status = flushed_each_print(subject);
    printf("}\n");
    (void)fflush(stdout);
    return status;
}

static enum status kind_measure(const struct stream_kind *kind, const struct options *options, bool with_baseline)
{
    size_t incidents = options->incidents > 0 ? options->incidents : kind->incidents;
    struct subject subject = {.kind = kind,
                              .incidents = incidents < kind->incidents_max ? incidents : kind->incidents_max};
    struct calm *calm = NULL;
    enum status status = with_baseline ? calm_new(kind, &calm) : STATUS_OK;
    subject.calm = calm;
    if (!options->bare)
        subject.mean_k = stream_mean_k(kind, subject.incidents < 100000 ? subject.incidents : 100000);
    for (enum stream_order order = STREAM_IN_ORDER; order <= STREAM_SHUFFLED && status == STATUS_OK; order++) {
        subject.order = order;
        if (options->orders[order])
            status = subject_measure(&subject, options);
    }
    calm_free(calm);
    return status;
}

/* --- command line --- */

static const struct argp_option argp_options[] = {
    {"incidents", 'n', "N", 0, "incidents a stream (default: of the stream; crowd has 100000 at most)", 0},
    {"runs", 'r', "N", 0, "runs the median is of (default 5)", 0},
    {"order", 'o', "in-order|shuffled", 0, "this order of arrival alone", 0},
    {"baseline", 'B', "none|calm", 0, "without, or with, a baseline alone", 0},
    {"quick", 'q', NULL, 0, "20000 incidents, one run", 0},
    {"bare", 'b', NULL, 0, "throughput alone, mean_k is not measured: for a profiler", 0},
    {0},
};

/* One of two words: that one alone. */
static bool one_choose(bool choice[2], const char *text, const char *first, const char *second)
{
    choice[0] = strcmp(text, first) == 0;
    choice[1] = strcmp(text, second) == 0;
    return choice[0] || choice[1];
}

static bool kind_choose(struct options *options, const char *name)
{
    const struct stream_kind *kind = stream_kind_find(name);
    if (kind != NULL)
        options->some_kinds = options->kinds[kind - stream_kinds] = true;
    return kind != NULL;
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
        if (options->runs < 1 || options->runs > RUNS_MAX)
            argp_error(state, "runs: 1 to %u", RUNS_MAX);
        return 0;
    case 'o':
        if (!one_choose(options->orders, text, "in-order", "shuffled"))
            argp_error(state, "order: in-order or shuffled");
        return 0;
    case 'B':
        if (!one_choose(options->baselines, text, "none", "calm"))
            argp_error(state, "baseline: none or calm");
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
    struct options options = {.runs = 5, .orders = {true, true}, .baselines = {true, true}};
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return 1;
    if (!options.bare)
        machine_print();
    for (size_t i = 0; i < 2 * stream_kind_count; i++) {
        if ((options.some_kinds && !options.kinds[i / 2]) || !options.baselines[i % 2])
            continue;
        enum status status = kind_measure(&stream_kinds[i / 2], &options, i % 2 == 1);
        if (status != STATUS_OK) {
            fprintf(stderr, "engine_bench: %s: %s\n", stream_kinds[i / 2].name, status_text(status));
            return 1;
        }
    }
    return 0;
}
