/* The program vedette-agent: options, signals, one loop. */
#include "agents/agent.h"
#include "agents/agent_window.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/service/service.h"
#include "bus/bus_config.h"
#include "proto/config_blocks.h"

#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_MISUSED = 2, EXIT_REFUSALS = 3 };
enum { KEY_DRAIN = 0x100, KEY_STRICT };

enum agent_stay { STAY_UNTIL_SIGNAL, STAY_UNTIL_DRAINED };
enum refusal_policy { REFUSALS_COUNTED, REFUSALS_FAIL };

struct arguments {
    const char *config;
    const char *source;
    enum agent_stay stay;
    enum refusal_policy refusals;
    struct service_arguments service;
};

struct process {
    uv_loop_t loop;
    uv_signal_t signals[3];
    struct bus *bus;
    struct agent *agent;
    struct agent_window window;
    struct service *service;
    const struct arguments *arguments;
    struct agent_stats stats; /* as they were when it stopped */
    bool stopping;
};

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "The configuration; the blocks agent, sources, territories and bus are read", 0},
    {"source", 's', "NAME", 0, "Run this source alone", 0},
    {"drain", KEY_DRAIN, NULL, 0, "End once every source that does not follow is read and acknowledged", 0},
    {"strict", KEY_STRICT, NULL, 0, "End with exit status 3 where anything was refused", 0},
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
    case 's':
        arguments->source = argument;
        return 0;
    case KEY_DRAIN:
        arguments->stay = STAY_UNTIL_DRAINED;
        return 0;
    case KEY_STRICT:
        arguments->refusals = REFUSALS_FAIL;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "found \"%s\", expected options only", argument);
        return 0;
    case ARGP_KEY_END:
        if (arguments->config == NULL)
            argp_error(state, "--config FILE is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void stop(struct process *process)
{
    if (process->stopping)
        return;
    process->stopping = true;
    process->stats = *agent_stats(process->agent);
    service_close(process->service);
    agent_close(process->agent, NULL, NULL);
    for (size_t i = 0; i < 3; i++)
        uv_close((uv_handle_t *)&process->signals[i], NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    if (number == SIGHUP)
        log_info("agent.hangup", "SIGHUP: nothing is read anew; sources and mappings change with a restart");
    else
        stop(handle->data);
}

static void on_drained(void *self)
{
    struct process *process = self;
    if (process->arguments->stay == STAY_UNTIL_DRAINED)
        stop(process);
}

static void signals_start(struct process *process)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        uv_signal_init(&process->loop, &process->signals[i]);
        process->signals[i].data = process;
        uv_signal_start(&process->signals[i], on_signal, numbers[i]);
    }
}

/* A followed file is held open, so that nothing written before a rotation is missed. */
static void raise_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* the old limit will do, for fewer files */
    }
}

static enum status open_service(struct process *process, const char *name, const struct monitor_config *monitor,
                                char ret_reason[256])
{
    struct monitor_options window = {.name = name,
                                     .version = argp_program_version,
                                     .state = monitor->state,
                                     .address = monitor->agent,
                                     .ready = agent_window_ready,
                                     .self = &process->window};
    agent_window_init(&process->window, process->agent, &window.book);
    return service_open(&process->loop, &window, &process->arguments->service, &process->service, ret_reason);
}

static int serve(struct process *process, const struct agent_config *config, const struct bus_config *bus_config,
                 const struct monitor_config *monitor)
{
    const struct agent_options agent_options = {.config = config,
                                                .only_source = process->arguments->source,
                                                .url = bus_config->incidents,
                                                .epoch = (uint64_t)clock_wall_ms(),
                                                .refusals = stderr};
    const struct agent_events events = {.drained = on_drained, .self = process};
    char reason[256];
    enum status status = bus_open(&process->loop, &process->bus);
    if (status != STATUS_OK) {
        log_error("agent.start", "the bus cannot start: %s", status_text(status));
        return status_exit(status);
    }
    status = agent_open(&process->loop, process->bus, &agent_options, &events, &process->agent, reason);
    if (status == STATUS_OK &&
        (status = open_service(process, agent_name(process->agent), monitor, reason)) != STATUS_OK)
        agent_close(process->agent, NULL, NULL);
    if (status == STATUS_OK) {
        signals_start(process);
        log_info("agent.start", "%zu sources, incidents go to %s",
                 process->arguments->source != NULL ? 1 : config->source_count, bus_config->incidents);
    } else {
        log_error("agent.start", "%s", reason);
    }
    uv_run(&process->loop, UV_RUN_DEFAULT); /* after a failure: lets what was opened close */
    bus_close(process->bus);
    uv_run(&process->loop, UV_RUN_DEFAULT); /* its handles close on the loop */
    if (status != STATUS_OK)
        return status_exit(status);
    const struct agent_stats *stats = &process->stats;
    log_info("agent.stop",
             "read %" PRIu64 ", refused %" PRIu64 ", skipped %" PRIu64 ", located %" PRIu64 ", submitted %" PRIu64,
             stats->read, stats->refused, stats->skipped, stats->located, stats->submitted);
    return process->arguments->refusals == REFUSALS_FAIL && stats->refused > 0 ? EXIT_REFUSALS : EXIT_SUCCESS;
}

static bool source_is_there(const struct agent_config *config, const char *name)
{
    for (size_t i = 0; name != NULL && i < config->source_count; i++)
        if (strcmp(config->sources[i].name, name) == 0)
            return true;
    if (name != NULL)
        log_error("agent.start", "--source: no source is named \"%s\" in the configuration", name);
    return name == NULL;
}

int agent_main(int argc, char **argv)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    static const struct argp_child children[] = {{&service_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .children = children,
        .doc = "Reads sources of incident reports and sends what they tell to the correlator."};
    struct arguments arguments = {0};
    argp_err_exit_status = EXIT_MISUSED;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    service_begin("vedette-agent", &arguments.service);
    raise_open_files();

    struct config *config;
    struct agent_config agent_config = {0};
    struct bus_config bus_config;
    struct monitor_config monitor = {0};
    if (config_open(arguments.config, blocks, stderr, &config) != STATUS_OK)
        return EXIT_MISUSED;
    bool right = agent_config_read(config, &agent_config) && source_is_there(&agent_config, arguments.source);
    right = bus_config_read(config, &bus_config) && right;
    right = monitor_config_read(config, &monitor) && right;
    right = service_config_read(config, &arguments.service) && right;
    int exit_status = EXIT_MISUSED;
    if (right && config_complaints(config) == 0) {
        struct process process = {.arguments = &arguments};
        uv_loop_init(&process.loop);
        exit_status = serve(&process, &agent_config, &bus_config, &monitor);
        uv_loop_close(&process.loop);
    }
    config_close(config);
    return exit_status;
}
