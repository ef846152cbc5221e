/* The durable whole path: normalised reports are packed, spooled and synced in batches of 256, sent over ZeroMQ (ipc),
 * journaled and synced, acknowledged; judgement follows. An agent, a correlator and a sink, each a process, as in
 * reality. Timed from the first report to the last acknowledgement, and to the last one judged. In turns with the same
 * path without fdatasync, and with the disk's own limit: the bytes of both logs by pwrite and fdatasync, a batch at a
 * time, into files made of zeros. One JSON object a line: with the engine, and with the engine left out.
 *
 *   durable_bench [--reports N] [--runs N] [--quick] [FOLDER]      on FOLDER's file system (.) */
#include "base/clock.h"
#include "base/log.h"
#include "bus/bus.h"
#include "bus/outboxes/spool.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "correlator/correlator.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "tests/bench/run.h"

#include <argp.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH      256u
#define MARK_EVERY 1024u
#define RUNS_MAX   101u

struct options {
    size_t reports;
    size_t runs;
    const char *folder;
};

struct made {
    struct report report;
    struct country country;
    char id[24];
};

struct bench {
    const struct stream_kind *kind;
    struct made *made;
    size_t count;
    uint64_t packed_bytes; /* of all */
    char folder[256];      /* of this pass */
    char incidents[128];
    char episodes[128];
    enum wal_sync sync;
    bool engine_off;
};

static void must(enum status status, const char *reason)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "durable_bench: %s: %s\n", status_text(status), reason);
    exit(1);
}

/* --- reports --- */

static void report_make(struct made *made, size_t i, const struct stream_incident *incident)
{
    double lat = asin((double)incident->point.z / POINT_SCALE) * 57.29577951308232;
    double lon = atan2((double)incident->point.y, (double)incident->point.x) * 57.29577951308232;
    made->country = (struct country){.code = incident->country, .role = COUNTRY_WHERE};
    int size = snprintf(made->id, sizeof made->id, "2025-%zu", i);
    made->report = (struct report){
        .source = SPAN("bench"),
        .source_id = {made->id, (size_t)size},
        .category = CATEGORY_AIR_DRONE_SIGHTING,
        .role = ROLE_TRIGGER,
        .occurred = {incident->start_ms, incident->end_ms, PRECISION_MINUTE, BASIS_REPORTED},
        .reported_at_ms = incident->start_ms + STREAM_DAY_MS,
        .has_place = true,
        .place = {.lat = lat, .lon = lon, .radius_km = 3, .name = SPAN("somewhere by the sea")},
        .has_countries = true,
        .countries = &made->country,
        .country_count = 1,
        .publisher = SPAN("desk"),
        .headline = SPAN("Drones were seen over the airport for the second night"),
        .url = SPAN("https://example.org/news/2025/drones-over-the-airport"),
        .confidence = NAN,
        .licence = LICENCE_ATTRIBUTION,
    };
}

static void reports_make(struct bench *bench)
{
    struct stream *stream;
    struct stream_incident incident;
    struct text packed = {0};
    bench->made = calloc(bench->count, sizeof *bench->made);
    must(bench->made != NULL ? STATUS_OK : STATUS_NO_MEMORY, "the reports");
    must(stream_new(bench->kind->place, bench->kind->an_hour, STREAM_IN_ORDER, 1, bench->count, &stream), "a stream");
    for (size_t i = 0; i < bench->count && stream_next(stream, &incident, 1) == 1; i++) {
        report_make(&bench->made[i], i, &incident);
        text_clear(&packed);
        must(report_pack(&bench->made[i].report, &packed), "a report");
        bench->packed_bytes += packed.size;
    }
    text_fini(&packed);
    stream_free(stream);
}

/* --- the agent --- */

struct agent {
    const struct bench *bench;
    struct sender *sender;
    struct text packed;
    size_t sent;
    uint64_t acked;
};

static void mark(struct agent *agent)
{
    const struct source_mark read_up_to = {
        .source = SPAN("bench"),
        .watermark_ms = agent->bench->made[agent->sent - 1].report.occurred.start_ms - STREAM_HOUR_MS,
        .state = SOURCE_LIVE,
    };
    must(sender_marks(agent->sender, &read_up_to, 1), "marks");
}

static void send_more(void *self)
{
    struct agent *agent = self;
    while (agent->sent < agent->bench->count) {
        uint64_t position;
        text_clear(&agent->packed);
        must(report_pack(&agent->bench->made[agent->sent].report, &agent->packed), "a report");
        enum status status =
            sender_submit(agent->sender, (struct span){agent->packed.data, agent->packed.size}, &position);
        if (status == STATUS_AGAIN)
            return;
        must(status, "a report is not taken");
        if (++agent->sent % BATCH == 0 || agent->sent == agent->bench->count)
            sender_commit(agent->sender);
        if (agent->sent % MARK_EVERY == 0)
            mark(agent);
    }
}

static void on_acked(void *self, uint64_t position)
{
    ((struct agent *)self)->acked = position;
}

static void on_agent_failed(void *self, enum status status, const char *reason)
{
    must(status, reason);
}

/* When it began and ended, of the monotonic clock. */
struct span_ns {
    uint64_t start, end;
};

static struct span_ns agent_run(const struct bench *bench)
{
    uv_loop_t loop;
    struct bus *bus;
    struct outbox *outbox;
    char reason[WAL_REASON_BYTES] = "";
    char folder[300];
    struct agent agent = {.bench = bench};
    (void)snprintf(folder, sizeof folder, "%s/spool", bench->folder);
    must(uv_loop_init(&loop) == 0 ? STATUS_OK : STATUS_NO_MEMORY, "a loop");
    must(bus_open(&loop, &bus), "the bus");
    must(spool_open(&loop, &(struct spool_options){.folder = folder, .sync = bench->sync}, clock_wall_ms(), &outbox,
                    reason),
         reason);
    must(sender_open(
             bus, &(struct sender_options){.url = bench->incidents, .end = BUS_DIAL, .name = "agent", .outbox = outbox},
             &(struct sender_events){.room = send_more, .acked = on_acked, .failed = on_agent_failed, .self = &agent},
             &agent.sender, reason),
         reason);
    while (sender_peers(agent.sender) == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    uint64_t start_ns = clock_monotonic_ns();
    send_more(&agent);
    while (agent.acked < bench->count)
        (void)uv_run(&loop, UV_RUN_ONCE);
    return (struct span_ns){start_ns, clock_monotonic_ns()};
}

/* --- correlator and sink, until they are killed --- */

static void on_correlator_failed(void *self, const char *reason)
{
    must(STATUS_IO, reason);
}

#define LOOK_EVERY_MS 2u

struct judge {
    const struct bench *bench;
    struct correlator *correlator;
    uv_timer_t look;
};

static int judged_pipe[2];

static void on_look(uv_timer_t *timer)
{
    const struct judge *judge = timer->data;
    uint64_t now_ns = clock_monotonic_ns();
    if (correlator_stats(judge->correlator)->received < judge->bench->count)
        return;
    must(write(judged_pipe[1], &now_ns, sizeof now_ns) == sizeof now_ns ? STATUS_OK : STATUS_IO, "a pipe");
    (void)uv_timer_stop(timer);
}

static void correlator_serve(const struct bench *bench)
{
    uv_loop_t loop;
    struct bus *bus;
    struct judge judge = {.bench = bench};
    char reason[WAL_REASON_BYTES] = "";
    char folder[300];
    struct rule rule = run_rule(bench->kind, NULL);
    const struct correlator_config config = {.rules = &rule, .rule_count = 1, .incidents_max = 100000000};
    rule.categories = (category_set)1 << CATEGORY_AIR_DRONE_SIGHTING;
    (void)snprintf(folder, sizeof folder, "%s/journal", bench->folder);
    must(uv_loop_init(&loop) == 0 ? STATUS_OK : STATUS_NO_MEMORY, "a loop");
    must(bus_open(&loop, &bus), "the bus");
    must(correlator_open(&loop, bus,
                         &(struct correlator_options){.config = &config,
                                                      .incidents_url = bench->incidents,
                                                      .episodes_url = bench->episodes,
                                                      .epoch = 1,
                                                      .time = CORRELATOR_LIVE,
                                                      .engine_off = bench->engine_off,
                                                      .journal_folder = folder,
                                                      .journal_sync = bench->sync},
                         &(struct correlator_events){.failed = on_correlator_failed}, &judge.correlator, reason),
         reason);
    (void)uv_timer_init(&loop, &judge.look); /* cannot fail */
    judge.look.data = &judge;
    (void)uv_timer_start(&judge.look, on_look, LOOK_EVERY_MS, LOOK_EVERY_MS);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void on_publications(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    receiver_ack(*(struct receiver **)self, peer->name, peer->epoch, first + count - 1);
}

static void sink_serve(const struct bench *bench)
{
    uv_loop_t loop;
    struct bus *bus;
    struct receiver *receiver;
    char reason[256] = "";
    must(uv_loop_init(&loop) == 0 ? STATUS_OK : STATUS_NO_MEMORY, "a loop");
    must(bus_open(&loop, &bus), "the bus");
    must(receiver_open(bus,
                       &(struct receiver_options){.url = bench->episodes,
                                                  .end = BUS_DIAL,
                                                  .name = "sink",
                                                  .item_bytes_max = LIMIT_EPISODE_BYTES,
                                                  .frame_bytes_max = LIMIT_EPISODE_BYTES},
                       &(struct receiver_events){.batch = on_publications, .self = &receiver}, &receiver, reason),
         reason);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

/* --- a pass --- */

/* name: for a profiler. */
static pid_t fork_into(const char *name, void (*serve)(const struct bench *bench), const struct bench *bench)
{
    pid_t child = fork();
    must(child >= 0 ? STATUS_OK : STATUS_NO_MEMORY, "a process");
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)prctl(PR_SET_NAME, name);
        serve(bench);
        _exit(1);
    }
    return child;
}

static double cpu_of(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static double end(pid_t child)
{
    struct rusage usage;
    (void)kill(child, SIGKILL);
    must(wait4(child, NULL, 0, &usage) == child ? STATUS_OK : STATUS_IO, "a process");
    return cpu_of(&usage);
}

struct cost {
    struct span_ns acked;
    uint64_t judged_ns;
    double agent_cpu, correlator_cpu, sink_cpu; /* seconds, all threads */
};

static int agent_pipe[2];

static void agent_serve(const struct bench *bench)
{
    struct rusage usage;
    struct cost cost = {.acked = agent_run(bench)};
    (void)getrusage(RUSAGE_SELF, &usage);
    cost.agent_cpu = cpu_of(&usage);
    must(write(agent_pipe[1], &cost, sizeof cost) == sizeof cost ? STATUS_OK : STATUS_IO, "a pipe");
    _exit(0);
}

static struct cost pass(struct bench *bench, const char *folder)
{
    struct cost cost;
    char command[300];
    (void)snprintf(bench->folder, sizeof bench->folder, "%s/durable_bench.XXXXXX", folder);
    must(mkdtemp(bench->folder) != NULL ? STATUS_OK : STATUS_IO, bench->folder);
    (void)snprintf(bench->incidents, sizeof bench->incidents, "ipc:///tmp/vedette-durable-%ld-i", (long)getpid());
    (void)snprintf(bench->episodes, sizeof bench->episodes, "ipc:///tmp/vedette-durable-%ld-e", (long)getpid());
    must(pipe(agent_pipe) == 0 && pipe(judged_pipe) == 0 ? STATUS_OK : STATUS_IO, "a pipe");
    pid_t correlator = fork_into(bench->engine_off ? "correlator-off" : "correlator", correlator_serve, bench);
    pid_t sink = fork_into(bench->engine_off ? "sink-off" : "sink", sink_serve, bench);
    pid_t agent = fork_into(bench->engine_off ? "agent-off" : "agent", agent_serve, bench);
    (void)close(agent_pipe[1]);
    (void)close(judged_pipe[1]);
    must(read(agent_pipe[0], &cost, sizeof cost) == sizeof cost ? STATUS_OK : STATUS_IO, "the agent");
    must(read(judged_pipe[0], &cost.judged_ns, sizeof cost.judged_ns) == sizeof cost.judged_ns ? STATUS_OK : STATUS_IO,
         "the correlator");
    (void)close(agent_pipe[0]);
    (void)close(judged_pipe[0]);
    (void)end(agent);
    cost.correlator_cpu = end(correlator);
    cost.sink_cpu = end(sink);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", bench->folder);
    must(system(command) == 0 ? STATUS_OK : STATUS_IO, command);
    return cost;
}

/* --- the disk's own limit --- */

static int zeros_file(const char *folder, size_t size)
{
    static const char zeros[1024 * 1024];
    char path[300];
    (void)snprintf(path, sizeof path, "%s/durable_limit.XXXXXX", folder);
    int fd = mkstemp(path);
    must(fd >= 0 && unlink(path) == 0 ? STATUS_OK : STATUS_IO, path);
    for (size_t at = 0; at < size; at += sizeof zeros)
        must(pwrite(fd, zeros, sizeof zeros, (off_t)at) > 0 ? STATUS_OK : STATUS_IO, path);
    must(fsync(fd) == 0 ? STATUS_OK : STATUS_IO, path);
    return fd;
}

/* Seconds for all reports. */
static double disk_run(const struct bench *bench, const char *folder)
{
    static char bytes[1024 * 1024];
    size_t batches = (bench->count + BATCH - 1) / BATCH;
    size_t size = (size_t)(bench->packed_bytes / batches);
    size_t room = (size_t)64 * 1024 * 1024;
    int fds[] = {zeros_file(folder, room), zeros_file(folder, room)};
    must(size < sizeof bytes ? STATUS_OK : STATUS_TOO_LARGE, "a batch");
    memset(bytes, 'x', size);
    uint64_t start_ns = clock_monotonic_ns();
    for (size_t i = 0, at = 0; i<batches; i++, at = at + 2 * size> room ? 0 : at + size)
        for (int k = 0; k < 2; k++)
            must(pwrite(fds[k], bytes, size, (off_t)at) == (ssize_t)size && fdatasync(fds[k]) == 0 ? STATUS_OK
                                                                                                   : STATUS_IO,
                 "the disk's own limit");
    double seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    (void)close(fds[0]);
    (void)close(fds[1]);
    return seconds;
}

/* --- what is printed --- */

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(double *figures, size_t count)
{
    qsort(figures, count, sizeof *figures, by_size);
    return figures[(count - 1) / 2];
}

static double seconds_until(const struct cost *cost, uint64_t end_ns)
{
    return (double)(end_ns - cost->acked.start) / 1e9;
}

static void measure(struct bench *bench, const struct options *options)
{
    double durable[RUNS_MAX], judged[RUNS_MAX], written[RUNS_MAX], ratios[RUNS_MAX], disk[RUNS_MAX];
    struct cost cost = {0};
    for (size_t i = 0; i < options->runs; i++) {
        disk[i] = disk_run(bench, options->folder);
        bench->sync = WAL_WRITTEN;
        cost = pass(bench, options->folder);
        written[i] = seconds_until(&cost, cost.acked.end);
        bench->sync = WAL_DURABLE;
        cost = pass(bench, options->folder);
        durable[i] = seconds_until(&cost, cost.acked.end);
        judged[i] = seconds_until(&cost, cost.judged_ns);
        ratios[i] = written[i] / durable[i];
    }
    double count = (double)bench->count;
    double each = 1e6 / count;
    printf("{\"bench\":\"durable\",\"engine\":%s,\"reports\":%zu,\"batch\":%u,\"bytes_each\":%.0f,\"runs\":%zu,"
           "\"reports_per_s\":%.0f,\"judged_reports_per_s\":%.0f,\"written_reports_per_s\":%.0f,\"ratio\":%.3f,\"disk_"
           "reports_per_s\":%.0f,"
           "\"agent_cpu_us_each\":%.2f,\"correlator_cpu_us_each\":%.2f,\"sink_cpu_us_each\":%.2f}\n",
           bench->engine_off ? "false" : "true", bench->count, BATCH, (double)bench->packed_bytes / count,
           options->runs, count / median(durable, options->runs), count / median(judged, options->runs),
           count / median(written, options->runs), median(ratios, options->runs), count / median(disk, options->runs),
           cost.agent_cpu * each, cost.correlator_cpu * each, cost.sink_cpu * each);
    (void)fflush(stdout);
}

static const struct argp_option argp_options[] = {
    {"reports", 'n', "N", 0, "reports a pass (default 500000)", 0},
    {"runs", 'r', "N", 0, "runs the medians are of (default 5)", 0},
    {"quick", 'q', NULL, 0, "4000 reports, one run", 0},
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
    case ARGP_KEY_ARG:
        options->folder = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    const struct argp argp = {
        argp_options, option_parse, "[FOLDER]", "Measures the durable path; one JSON object a line.", NULL, NULL, NULL};
    struct options options = {.reports = 500000, .runs = 5, .folder = "."};
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0 || options.reports == 0)
        return 1;
    struct bench bench = {.kind = stream_kind_find("europe"), .count = options.reports};
    log_setup("durable_bench", LOG_PLAIN, LOG_WARN);
    reports_make(&bench);
    for (int off = 1; off >= 0; off--) {
        bench.engine_off = off;
        measure(&bench, &options);
    }
    free(bench.made);
    return 0;
}
