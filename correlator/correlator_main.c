#include "base/clock.h"
#include "base/log.h"
#include "bus/bus_config.h"
#include "correlator/correlator.h"
#include "proto/config_blocks.h"

#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FINISH_MS 30000 /* how long a clean stop waits for the sinks */

struct arguments {
    const char *config;
    enum log_level level;
};

struct daemon {
    uv_loop_t loop;
    uv_signal_t terminate, interrupt, hangup;
    uv_timer_t grace;
    struct bus *bus;
    struct correlator *correlator;
    int exit_status;
    bool stopping;
};

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0,
     "The configuration; the blocks rules, same, bus, correlator and the names of the sources are read", 0},
    {"log-level", 'l', "LEVEL", 0, "debug, info (default), warn or error", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config = argument;
        return 0;
    case 'l':
        if (!log_level_find(argument, &arguments->level))
            argp_error(state, "--log-level: found \"%s\", expected debug, info, warn or error", argument);
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
    correlator_close(daemon->correlator, correlator_closed, daemon);
}

static void grace_over(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    log_error("correlator.undelivered", "no sink took the last revisions within %d s: they are lost", FINISH_MS / 1000);
    daemon->exit_status = 1;
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

static void on_signal(uv_signal_t *handle, int number)
{
    if (number == SIGHUP)
        log_info("correlator.hangup", "SIGHUP: nothing to reload, rules change with a restart");
    else
        stop(handle->data);
}

static void failed(void *self, const char *reason)
{
    struct daemon *daemon = self;
    log_error("correlator.failed", "%s", reason);
    daemon->exit_status = 1;
    if (!daemon->stopping)
        kill(getpid(), SIGTERM); /* closes from the loop, not from inside a callback */
}

static int serve(struct daemon *daemon, const struct correlator_config *config, const struct bus_config *bus_config)
{
    const struct correlator_options correlator_options = {
        .config = config,
        .incidents_url = bus_config->incidents,
        .episodes_url = bus_config->episodes,
        .epoch = (uint64_t)clock_wall_ms(),
        .time = CORRELATOR_LIVE,
    };
    const struct correlator_events events = {.failed = failed, .self = daemon};
    char reason[256] = "";
    enum status status = bus_open(&daemon->loop, &daemon->bus);
    if (status != STATUS_OK) {
        log_error("correlator.start", "the bus cannot start: %s", status_text(status));
        return status_exit(status);
    }
    status = correlator_open(&daemon->loop, daemon->bus, &correlator_options, &events, &daemon->correlator, reason);
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
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    bus_close(daemon->bus);
    uv_run(&daemon->loop, UV_RUN_DEFAULT); /* lets the bus close */
    return daemon->exit_status;
}

int correlator_main(int argc, char **argv)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    static const struct argp argp = {.options = options,
                                     .parser = parse,
                                     .doc =
                                         "Correlates what agents report into episodes, and publishes them to sinks."};
    struct arguments arguments = {.level = LOG_INFO};
    argp_err_exit_status = 2;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return 2;
    log_setup("vedette-correlator", LOG_LOGFMT, arguments.level);

    struct config *config;
    struct correlator_config correlator_config = {0};
    struct bus_config bus_config;
    if (config_open(arguments.config, blocks, stderr, &config) != STATUS_OK)
        return 2;
    bool right = correlator_config_read(config, &correlator_config);
    right = bus_config_read(config, &bus_config) && right;
    int exit_status = 2;
    if (right && config_complaints(config) == 0) {
        struct daemon daemon = {0};
        uv_loop_init(&daemon.loop);
        exit_status = serve(&daemon, &correlator_config, &bus_config);
        uv_loop_close(&daemon.loop);
    }
    correlator_config_fini(&correlator_config);
    config_close(config);
    return exit_status;
}
