/* The program vedette-sink: one store, one link, one loop. */
#include "base/log.h"
#include "base/service/service.h"
#include "bus/bus_config.h"
#include "proto/config_blocks.h"
#include "sink/sink_window.h"

#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define GRACE_MS 5000

struct arguments {
    const char *config;
    struct service_arguments service;
};

struct program {
    uv_loop_t loop;
    struct bus *bus;
    struct keyring *keyring; /* NULL: no keys */
    struct store *store;
    struct sink *sink;
    struct sink_window window;
    struct service *service;
    const struct arguments *arguments;
    uv_signal_t signals[3];
    bool has_failed, is_ending;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->service;
        return 0;
    case 'c':
        arguments->config = value;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" was not expected", value);
        return EINVAL;
    case ARGP_KEY_END:
        if (arguments->config == NULL)
            argp_error(state, "--config FILE is missing");
        return 0;
    default: /* argp's own keys */
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "the configuration; its blocks bus and sink are read", 0},
    {0},
};

static void signals_close(struct program *program)
{
    for (size_t i = 0; i < 3; i++)
        uv_close((uv_handle_t *)&program->signals[i], NULL);
}

static void on_closed(void *self)
{
    struct program *program = self;
    program->sink = NULL;
    bus_close(program->bus);
    signals_close(program);
}

static void end(struct program *program)
{
    if (program->is_ending)
        return;
    program->is_ending = true;
    service_close(program->service);
    program->service = NULL;
    sink_close(program->sink, GRACE_MS, on_closed, program);
}

/* All of it or nothing. Complaints have said what is wrong; they never show a secret. */
static bool reload(struct program *program)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    struct config *config;
    struct sink_config sink;
    if (config_open(program->arguments->config, blocks, stderr, &config) != STATUS_OK)
        return false;
    bool right = service_config_check(config);
    right = sink_config_read(config, &sink) && right && config_complaints(config) == 0;
    if (right) {
        right = service_config_read(config, &program->arguments->service);
        sink_rekey(program->sink, &sink);
    }
    config_close(config);
    return right;
}

static void on_hangup(struct program *program)
{
    service_reload_begin(program->service);
    if (reload(program))
        log_info("sink.hangup",
                 "SIGHUP: the secrets of alerts and the log's settings are read anew; what else there is "
                 "of store and alerts changes with a restart");
    else
        log_error("sink.hangup", "SIGHUP: the configuration cannot be taken, as was said: secrets and log stay as they "
                                 "were");
    service_reload_end(program->service);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    if (number == SIGHUP) {
        if (!program->is_ending)
            on_hangup(program);
        return;
    }
    log_info("sink.stops", "stopping on %s", number == SIGTERM ? "SIGTERM" : "SIGINT");
    end(program);
}

static void on_failed(void *self, const char *reason)
{
    (void)reason; /* the sink has said it */
    struct program *program = self;
    program->has_failed = true;
    end(program);
}

static int fail(enum status status, const char *reason)
{
    log_error("sink.start", "%s", reason);
    int exit_status = status_exit(status);
    return exit_status != 0 ? exit_status : 1;
}

static enum status open_service(struct program *program, const struct sink_config *config,
                                const struct monitor_config *monitor, char ret_reason[256])
{
    struct monitor_options window = {.name = config->name,
                                     .version = argp_program_version,
                                     .state = monitor->state,
                                     .address = monitor->sink,
                                     .ready = sink_window_ready,
                                     .self = &program->window};
    sink_window_init(&program->window, program->sink, &window.book);
    return service_open(&program->loop, &window, &program->arguments->service, &program->service, ret_reason);
}

static int run(struct program *program, const struct sink_config *config, const struct bus_config *bus,
               const struct monitor_config *monitor)
{
    char reason[256] = "out of memory";
    enum status status = store_open(config->store, STORE_WRITE, &program->store, reason);
    if (status != STATUS_OK) {
        (void)fail(status, reason);
        return 1; /* whatever is wrong with the store, the configuration is right */
    }
    if (uv_loop_init(&program->loop) != 0)
        abort();
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        (void)uv_signal_init(&program->loop, &program->signals[i]);
        program->signals[i].data = program;
    }
    const struct sink_options sink_options = {.config = config, .store = program->store, .url = bus->episodes};
    const struct sink_events events = {.failed = on_failed, .self = program};
    int exit_status = 0;
    status = bus_open(&program->loop, &program->bus);
    if (status == STATUS_OK) {
        bus_use_keys(program->bus, program->keyring);
        status = sink_open(&program->loop, program->bus, &sink_options, &events, &program->sink, reason);
    }
    if (status == STATUS_OK) {
        status = open_service(program, config, monitor, reason);
        if (status != STATUS_OK)
            sink_close(program->sink, 0, NULL, NULL);
    }
    if (status == STATUS_OK) {
        for (size_t i = 0; i < 3; i++)
            (void)uv_signal_start(&program->signals[i], on_signal, numbers[i]);
        log_info("sink.starts", "store %s, episodes from %s", config->store, bus->episodes);
    } else {
        exit_status = fail(status, reason);
        signals_close(program);
    }
    (void)uv_run(&program->loop, UV_RUN_DEFAULT);
    if (status != STATUS_OK && program->bus != NULL) {
        bus_close(program->bus);
        (void)uv_run(&program->loop, UV_RUN_DEFAULT);
    }
    (void)uv_loop_close(&program->loop);
    store_close(program->store);
    return program->has_failed ? 1 : exit_status;
}

int sink_main(int argc, char **argv)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    static const struct argp_child children[] = {{&service_argp, 0, NULL, 0}, {0}};
    struct arguments arguments = {0};
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .children = children,
        .doc = "Takes incidents and episodes from the correlator, stores them, alerts of those that are flagged."
               "\vStops cleanly on SIGTERM. Exit status: 0, 1 on failure, 2 on wrong usage or configuration."};
    argp_err_exit_status = 2;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return 2;
    service_begin("vedette-sink", &arguments.service);
    struct config *config;
    enum status status = config_open(arguments.config, blocks, stderr, &config);
    if (status != STATUS_OK)
        return 2;
    struct sink_config sink;
    struct bus_config bus;
    struct monitor_config monitor;
    bool is_right = sink_config_read(config, &sink);
    is_right = bus_config_read(config, &bus) && is_right;
    is_right = monitor_config_read(config, &monitor) && is_right;
    is_right = service_config_read(config, &arguments.service) && is_right;
    struct program program = {.arguments = &arguments};
    is_right = is_right && bus_config_keys(config, &bus, BUS_OF_SINK, &program.keyring);
    int exit_status = is_right && config_complaints(config) == 0 ? run(&program, &sink, &bus, &monitor) : 2;
    keyring_close(program.keyring);
    config_close(config);
    return exit_status;
}
