/* The program vedette-agent: options, signals, one loop. */
#include "agents/agent.h"
#include "agents/agent_window.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/open_files.h"
#include "base/service/service.h"
#include "base/state_folder.h"
#include "bus/bus_config.h"
#include "proto/config_blocks.h"

#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_MISUSED = 2, EXIT_REFUSALS = 3 };
enum { KEY_DRAIN = 0x100, KEY_STRICT, KEY_ACCEPT_GAP };

enum agent_stay { STAY_UNTIL_SIGNAL, STAY_UNTIL_DRAINED };
enum refusal_policy { REFUSALS_COUNTED, REFUSALS_FAIL };

struct arguments {
    const char *config;
    const char *source;
    enum agent_stay stay;
    enum refusal_policy refusals;
    enum spool_gap gap;
    struct service_arguments service;
};

struct settings { /* what is read of the configuration */
    struct agent_config agent;
    struct bus_config bus;
    struct monitor_config monitor;
};

struct process {
    uv_loop_t loop;
    uv_signal_t signals[3];
    struct bus *bus;
    struct keyring *keyring; /* NULL: no keys */
    struct agent *agent;
    struct agent_window window;
    struct service *service;
    const struct arguments *arguments;
    struct agent_stats stats; /* as they were when it stopped */
    bool stopping;
    bool failed;
};

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "The configuration; the blocks agent, sources, territories and bus are read", 0},
    {"source", 's', "NAME", 0, "Run this source alone", 0},
    {"drain", KEY_DRAIN, NULL, 0, "End once every source that does not follow is read and acknowledged", 0},
    {"accept-gap", KEY_ACCEPT_GAP, NULL, 0,
     "For one start, where a correlator put back from a backup misses what the spool has let go of: go on without it",
     0},
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
    case KEY_ACCEPT_GAP:
        arguments->gap = SPOOL_ACCEPTS_GAP;
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
    static const char *const blocks[] = CONFIG_BLOCKS;
    struct process *process = handle->data;
    if (number != SIGHUP)
        stop(process);
    else if (service_reload(process->service, process->arguments->config, blocks, &process->arguments->service))
        log_info("agent.hangup",
                 "SIGHUP: the log's settings are read anew; sources and mappings change with a restart");
}

static void on_drained(void *self)
{
    struct process *process = self;
    if (process->arguments->stay == STAY_UNTIL_DRAINED)
        stop(process);
}

static void on_failed(void *self, enum status status, const char *reason)
{
    struct process *process = self;
    log_error("spool.failed", "%s; what was acknowledged is safe, and what the spool holds is sent at the next start",
              reason);
    process->failed = true;
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

/* The agent's own folder, and in it the spool, which one process at a time may have. */
static enum status open_spool(struct process *process, const struct agent_config *config, const char *name,
                              const char *folder, struct outbox **ret_spool)
{
    char path[PATH_MAX + 8], reason[WAL_REASON_BYTES];
    snprintf(path, sizeof(path), "%s/spool", folder);
    const struct spool_options spool = {.folder = path,
                                        .bytes_max = (uint64_t)config->spool_bytes,
                                        .full = (enum spool_policy)config->spool_full,
                                        .gap = process->arguments->gap};
    enum status status = spool_open(&process->loop, &spool, clock_wall_ms(), ret_spool, reason);
    if (status != STATUS_OK)
        log_error("agent.start", "the spool of \"%s\": %s", name, reason);
    return status;
}

/* Under another name nobody goes on with a spool. */
static void look_for_old_spool(const struct settings *settings, const char *source)
{
    char name[AGENT_NAME_BYTES], path[PATH_MAX];
    if (!agent_name_was(&settings->agent, source, name))
        return;
    snprintf(path, sizeof(path), "%s/agent/%s/spool", settings->monitor.state, name);
    if (access(path, F_OK) == 0)
        log_warn(
            "agent.renamed",
            "%s is of an earlier version, which named this agent %s: what waits in it is not sent. Its sources are "
            "read anew; if they do not have it any more, drain it with that version. Then remove it",
            path, name);
}

static enum status open_agent(struct process *process, const struct settings *settings)
{
    char name[AGENT_NAME_BYTES], inside[AGENT_NAME_BYTES + 8], folder[PATH_MAX], reason[256];
    struct outbox *spool = NULL;
    agent_name_make(&settings->agent, process->arguments->source, name);
    look_for_old_spool(settings, process->arguments->source);
    snprintf(inside, sizeof(inside), "agent/%s", name);
    enum status status = state_folder_make(settings->monitor.state, inside, folder, reason);
    if (status != STATUS_OK) {
        log_error("agent.start", "%s", reason);
        return status;
    }
    status = open_spool(process, &settings->agent, name, folder, &spool);
    if (status != STATUS_OK)
        return status;
    const struct agent_options agent_options = {.config = &settings->agent,
                                                .only_source = process->arguments->source,
                                                .url = settings->bus.incidents,
                                                .spool = spool,
                                                .folder = folder,
                                                .refusals = stderr};
    const struct agent_events events = {.drained = on_drained, .failed = on_failed, .self = process};
    status = agent_open(&process->loop, process->bus, &agent_options, &events, &process->agent, reason);
    if (status != STATUS_OK)
        spool->driver->close(spool, NULL, NULL);
    else if ((status = open_service(process, name, &settings->monitor, reason)) != STATUS_OK)
        agent_close(process->agent, NULL, NULL);
    if (status != STATUS_OK)
        log_error("agent.start", "%s", reason);
    return status;
}

static int exit_status_of(const struct process *process)
{
    const struct agent_stats *stats = &process->stats;
    log_info("agent.stop",
             "read %" PRIu64 ", refused %" PRIu64 ", skipped %" PRIu64 ", located %" PRIu64 ", submitted %" PRIu64
             ", quarantined %" PRIu64 ", dropped %" PRIu64,
             stats->read, stats->refused, stats->skipped, stats->located, stats->submitted, stats->quarantined,
             stats->dropped);
    if (process->failed)
        return EXIT_FAILURE;
    return process->arguments->refusals == REFUSALS_FAIL && stats->refused > 0 ? EXIT_REFUSALS : EXIT_SUCCESS;
}

static int serve(struct process *process, const struct settings *settings)
{
    enum status status = bus_open(&process->loop, &process->bus);
    if (status != STATUS_OK) {
        log_error("agent.start", "the bus cannot start: %s", status_text(status));
        return status_exit(status);
    }
    bus_use_keys(process->bus, process->keyring);
    status = open_agent(process, settings);
    if (status == STATUS_OK) {
        signals_start(process);
        log_info("agent.start", "%zu sources, incidents go to %s",
                 process->arguments->source != NULL ? 1 : settings->agent.source_count, settings->bus.incidents);
    }
    uv_run(&process->loop, UV_RUN_DEFAULT); /* after a failure: lets what was opened close */
    bus_close(process->bus);
    uv_run(&process->loop, UV_RUN_DEFAULT); /* its handles close on the loop */
    return status != STATUS_OK ? status_exit(status) : exit_status_of(process);
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
    open_files_raise(); /* a followed file is held open, so that nothing written before a rotation is missed */

    struct config *config;
    struct settings settings = {0};
    if (config_open(arguments.config, blocks, stderr, &config) != STATUS_OK)
        return EXIT_MISUSED;
    bool right = agent_config_read(config, &settings.agent) && source_is_there(&settings.agent, arguments.source);
    right = bus_config_read(config, &settings.bus) && right;
    right = monitor_config_read(config, &settings.monitor) && right;
    right = service_config_read(config, &arguments.service) && right;
    struct keyring *keyring = NULL;
    right = right && bus_config_keys(config, &settings.bus, BUS_OF_AGENT, &keyring);
    int exit_status = EXIT_MISUSED;
    if (right && config_complaints(config) == 0) {
        struct process process = {.arguments = &arguments, .keyring = keyring};
        uv_loop_init(&process.loop);
        exit_status = serve(&process, &settings);
        uv_loop_close(&process.loop);
    }
    keyring_close(keyring);
    config_close(config);
    return exit_status;
}
