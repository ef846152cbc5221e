#include "base/clock.h"
#include "base/log.h"
#include "base/open_files.h"
#include "base/service/service.h"
#include "base/state_folder.h"
#include "bus/bus_config.h"
#include "correlator/correlator.h"
#include "correlator/correlator_window.h"
#include "correlator/footing.h"
#include "proto/config_blocks.h"

#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FINISH_MS 30000 /* how long a clean stop waits for the sinks */

struct arguments {
    const char *config;
    enum correlator_start start;
    struct service_arguments service;
};

struct daemon {
    uv_loop_t loop;
    uv_signal_t terminate, interrupt, hangup;
    uv_timer_t grace;
    struct bus *bus;
    struct keyring *keyring; /* NULL: no keys */
    struct correlator *correlator;
    struct correlator_window window;
    struct service *service;
    struct monitor_config monitor;
    const struct arguments *arguments;
    const char *path;            /* of the configuration */
    const struct config *config; /* as it was read at the start */
    struct correlator_config *correlator_config;
    int exit_status;
    bool stopping;
};

enum { KEY_TELL_AGAIN = 0x200, KEY_LEAVE_TOLD };

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0,
     "The configuration; the blocks rules, same, baseline, bus, correlator and the names of the sources are read", 0},
    {"tell-again", KEY_TELL_AGAIN, NULL, 0,
     "Begin at the journal's first record, not at the checkpoint: for a store that is new and knows nothing", 0},
    {"leave-told", KEY_LEAVE_TOLD, NULL, 0,
     "Start with other rules than it was killed with: what the former told since the last checkpoint stays in stores",
     0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->service;
        return 0;
    case 'c':
        arguments->config = argument;
        return 0;
    case KEY_TELL_AGAIN:
        arguments->start = CORRELATOR_TELLS_AGAIN;
        return 0;
    case KEY_LEAVE_TOLD:
        arguments->start = CORRELATOR_LEAVES_TOLD;
        return 0;
    case ARGP_KEY_END:
        if (arguments->config == NULL)
            argp_error(state, "--config FILE is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void correlator_closed(void *self)
{
    struct daemon *daemon = self;
    uv_close((uv_handle_t *)&daemon->terminate, NULL);
    uv_close((uv_handle_t *)&daemon->interrupt, NULL);
    uv_close((uv_handle_t *)&daemon->hangup, NULL);
    uv_close((uv_handle_t *)&daemon->grace, NULL);
}

static void finished(void *self)
{
    struct daemon *daemon = self;
    uv_timer_stop(&daemon->grace);
    const struct correlator_stats *stats = correlator_stats(daemon->correlator);
    log_info("correlator.stop",
             "received %" PRIu64 " = applied %" PRIu64 " + duplicate %" PRIu64 " + stale %" PRIu64
             " + rejected %" PRIu64 " + too_late %" PRIu64 "; late %" PRIu64 "; published %" PRIu64,
             stats->received, stats->applied, stats->duplicate, stats->stale, stats->rejected, stats->too_late,
             stats->late, stats->published);
    service_close(daemon->service);
    daemon->service = NULL;
    correlator_close(daemon->correlator, correlator_closed, daemon);
}

static void grace_over(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    if (correlator_stats(daemon->correlator)->unjudged > 0)
        log_warn("correlator.unjudged",
                 "what is journaled is not all judged, or not told, within %d s: the next start goes on",
                 FINISH_MS / 1000);
    else
        log_warn("correlator.undelivered",
                 "no sink took the last revisions within %d s: they are told after the next start", FINISH_MS / 1000);
    finished(daemon);
}

static void stop(struct daemon *daemon)
{
    if (daemon->stopping)
        return;
    daemon->stopping = true;
    uv_timer_start(&daemon->grace, grace_over, FINISH_MS, 0);
    correlator_finish(daemon->correlator, finished, daemon);
}

static const char *const blocks[] = CONFIG_BLOCKS;

/* --- SIGHUP: the baseline and the log's settings are loaded anew --- */

/* Complaints of the reader, a line each. */
static void say_lines(char *lines)
{
    char *rest = lines;
    for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
        if (*line != '\0')
            log_error("config.reload", "%s", line);
}

/* NULL where it is wrong: all that is wrong is complained about. */
static struct config *config_read_anew(const struct daemon *daemon, FILE *complaints)
{
    struct config *config = NULL;
    enum status status = config_open(daemon->path, blocks, complaints, &config);
    if (status == STATUS_OK && config_complaints(config) == 0)
        return config;
    if (status == STATUS_OK)
        config_close(config);
    return NULL;
}

static void restart_say(const struct daemon *daemon, const struct config *config)
{
    for (size_t i = 0; blocks[i] != NULL; i++)
        if (strcmp(blocks[i], "baseline") != 0 && strcmp(blocks[i], "log") != 0 &&
            !config_same(config_block(daemon->config, blocks[i]), config_block(config, blocks[i])))
            log_warn("config.restart", "%s: the block %s has changed: it needs a restart", daemon->path, blocks[i]);
}

static void refused_say(void *self, const char *sentence)
{
    (void)self;
    log_error("baseline.refused", "%s", sentence);
}

/* Takes the baseline; the one before goes when nobody uses it any more. */
static void baseline_take(struct daemon *daemon, struct baseline *baseline)
{
    struct baseline *before = daemon->correlator_config->baseline;
    const char *hash = baseline != NULL ? baseline_hash(baseline) : "";
    if (strcmp(hash, before != NULL ? baseline_hash(before) : "") == 0) {
        log_info("baseline.same", "SIGHUP: the baseline is %s, as before: nothing to do",
                 before != NULL ? hash : "none");
        baseline_close(baseline);
        return;
    }
    enum status status = correlator_rebase(daemon->correlator, baseline);
    if (status == STATUS_AGAIN) {
        log_error("baseline.kept", "SIGHUP: the baseline stays %s, for the start is not over yet: send it again then",
                  before != NULL ? baseline_hash(before) : "none");
        baseline_close(baseline);
        return;
    }
    if (status != STATUS_OK)
        return; /* it has failed, and is about to end */
    daemon->correlator_config->baseline = baseline;
    baseline_close(before);
}

static void reload_from(struct daemon *daemon, FILE *config_complaints)
{
    const struct correlator_config *running = daemon->correlator_config;
    const struct footing_complaints complaints = {.complain = refused_say};
    struct config *config = daemon->stopping ? NULL : config_read_anew(daemon, config_complaints);
    if (config == NULL) {
        log_error("baseline.kept", "SIGHUP: nothing is loaded; the baseline stays what it is");
        return;
    }
    restart_say(daemon, config);
    (void)service_config_read(config, &daemon->arguments->service); /* complained about; the rest goes on */
    const struct config_node *node = config_block(config, "baseline");
    const char *path = node != NULL ? config_path(config, node) : NULL;
    struct baseline *baseline = NULL;
    bool right = node == NULL || path != NULL;
    if (path != NULL)
        right = footing_open(path, running->rules, running->rule_count, &complaints, &baseline) == STATUS_OK;
    if (right)
        baseline_take(daemon, baseline);
    else
        log_error("baseline.kept", "SIGHUP: the baseline stays %s",
                  running->baseline != NULL ? baseline_hash(running->baseline) : "none");
    config_close(config);
}

static void reload(struct daemon *daemon)
{
    char *lines = NULL;
    size_t size = 0;
    FILE *complaints = open_memstream(&lines, &size); /* open as long as the configuration, which complains to it */
    if (complaints == NULL) {
        log_error("baseline.kept", "SIGHUP: %s", status_text(STATUS_NO_MEMORY));
        return;
    }
    service_reload_begin(daemon->service);
    reload_from(daemon, complaints);
    service_reload_end(daemon->service);
    (void)fclose(complaints);
    say_lines(lines);
    free(lines);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    if (number == SIGHUP)
        reload(daemon);
    else
        stop(daemon);
}

static void failed(void *self, const char *reason)
{
    struct daemon *daemon = self;
    log_error("correlator.failed", "%s", reason);
    daemon->exit_status = 1;
    if (!daemon->stopping && daemon->correlator != NULL)
        kill(getpid(), SIGTERM); /* closes from the loop, not from inside a callback; see serve */
}

static void busy(void *self)
{
    service_alive(((struct daemon *)self)->service);
}

static enum status open_service(struct daemon *daemon, char ret_reason[256])
{
    struct monitor_options window = {.version = argp_program_version,
                                     .state = daemon->monitor.state,
                                     .address = daemon->monitor.correlator,
                                     .ready = correlator_window_ready,
                                     .self = &daemon->window};
    correlator_window_init(&daemon->window, daemon->correlator, &window.book);
    return service_open(&daemon->loop, &window, &daemon->arguments->service, &daemon->service, ret_reason);
}

static int serve(struct daemon *daemon, const struct correlator_config *config, const struct bus_config *bus_config)
{
    char reason[256] = "", folder[PATH_MAX], requests[PATH_MAX];
    enum status status = state_folder_make(daemon->monitor.state, "correlator/requests", requests, reason);
    if (status == STATUS_OK)
        status = state_folder_make(daemon->monitor.state, "correlator/journal", folder, reason);
    if (status != STATUS_OK) {
        log_error("correlator.start", "%s", reason);
        return status_exit(status);
    }
    const struct correlator_options correlator_options = {
        .config = config,
        .incidents_url = bus_config->incidents,
        .episodes_url = bus_config->episodes,
        .epoch = (uint64_t)clock_wall_ms(),
        .time = CORRELATOR_LIVE,
        .journal_folder = folder,
        .requests_folder = requests,
        .start = daemon->arguments->start,
        .version = argp_program_version,
    };
    const struct correlator_events events = {.failed = failed, .busy = busy, .self = daemon};
    status = bus_open(&daemon->loop, &daemon->bus);
    if (status != STATUS_OK) {
        log_error("correlator.start", "the bus cannot start: %s", status_text(status));
        return status_exit(status);
    }
    bus_use_keys(daemon->bus, daemon->keyring);
    bus_use_limits(daemon->bus, &bus_config->limits);
    status = correlator_open(&daemon->loop, daemon->bus, &correlator_options, &events, &daemon->correlator, reason);
    if (status == STATUS_OK && (status = open_service(daemon, reason)) != STATUS_OK)
        correlator_close(daemon->correlator, NULL, NULL);
    if (status != STATUS_OK) {
        log_error("correlator.start", "%s", reason);
        uv_run(&daemon->loop, UV_RUN_DEFAULT); /* lets what was opened close */
        bus_close(daemon->bus);
        uv_run(&daemon->loop, UV_RUN_DEFAULT); /* and the bus */
        return status_exit(status);
    }
    uv_signal_t *const signals[] = {&daemon->terminate, &daemon->interrupt, &daemon->hangup};
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        uv_signal_init(&daemon->loop, signals[i]);
        signals[i]->data = daemon;
        uv_signal_start(signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&daemon->loop, &daemon->grace);
    daemon->grace.data = daemon;
    log_info("correlator.start", "%zu rules, incidents at %s, episodes at %s", config->rule_count,
             bus_config->incidents, bus_config->episodes);
    if (config->baseline != NULL)
        log_info("baseline.loaded", "%s: baseline %s, %zu rules", config->baseline_path,
                 baseline_hash(config->baseline), baseline_rule_count(config->baseline));
    if (daemon->exit_status != 0) /* it failed while it was opened */
        stop(daemon);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    bus_close(daemon->bus);
    uv_run(&daemon->loop, UV_RUN_DEFAULT); /* lets the bus close */
    return daemon->exit_status;
}

int correlator_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&service_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.options = options,
                                     .parser = parse,
                                     .children = children,
                                     .doc =
                                         "Correlates what agents report into episodes, and publishes them to sinks."};
    struct arguments arguments = {0};
    argp_err_exit_status = 2;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return 2;
    service_begin("vedette-correlator", &arguments.service);
    open_files_raise(); /* a peer each, and strangers */

    struct config *config;
    struct correlator_config correlator_config = {0};
    struct bus_config bus_config;
    struct monitor_config monitor_config = {0};
    if (config_open(arguments.config, blocks, stderr, &config) != STATUS_OK)
        return 2;
    bool right = correlator_config_read(config, &correlator_config);
    right = bus_config_read(config, &bus_config) && right;
    right = monitor_config_read(config, &monitor_config) && right;
    right = service_config_read(config, &arguments.service) && right;
    right = right && correlator_config_load(config, &correlator_config) == STATUS_OK;
    struct keyring *keyring = NULL;
    right = right && bus_config_keys(config, &bus_config, BUS_OF_CORRELATOR, &keyring);
    int exit_status = 2;
    if (right && config_complaints(config) == 0) {
        struct daemon daemon = {.arguments = &arguments,
                                .keyring = keyring,
                                .path = arguments.config,
                                .config = config,
                                .correlator_config = &correlator_config,
                                .monitor = monitor_config};
        uv_loop_init(&daemon.loop);
        exit_status = serve(&daemon, &correlator_config, &bus_config);
        uv_loop_close(&daemon.loop);
    }
    keyring_close(keyring);
    correlator_config_fini(&correlator_config);
    config_close(config);
    return exit_status;
}
