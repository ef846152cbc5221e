#include "base/service/service.h"

#include "base/service/notify.h"
#include "base/service/sandbox.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATUS_EVERY_MS 10000

struct service {
    struct monitor *monitor;
    struct notify notify;
    uv_timer_t timer; /* only where a supervisor listens */
    bool (*ready)(void *self, char ret_reason[256]);
    void *self;
    char said[300]; /* the last status */
};

/* --- arguments --- */

enum { KEY_LEVEL = 'l', KEY_FORMAT = 0x10000, KEY_NO_SANDBOX };

static const struct argp_option options[] = {
    {"log-level", KEY_LEVEL, "LEVEL", 0, "debug, info (default), warn or error", 0},
    {"log-format", KEY_FORMAT, "FORMAT", 0, "logfmt (default) or json", 0},
    {"no-sandbox", KEY_NO_SANDBOX, NULL, 0,
     "Give up no privileges and rule out no system calls: for debuggers and odd kernels", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct service_arguments *arguments = state->input;
    switch (key) {
    case KEY_LEVEL:
        if (!log_level_find(argument, &arguments->level))
            argp_error(state, "--log-level: found \"%s\", expected debug, info, warn or error", argument);
        arguments->has_level = true;
        return 0;
    case KEY_FORMAT:
        if (!log_style_find(argument, &arguments->style))
            argp_error(state, "--log-format: found \"%s\", expected logfmt or json", argument);
        arguments->has_style = true;
        return 0;
    case KEY_NO_SANDBOX:
        arguments->no_sandbox = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp service_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

void service_begin(const char *program, const struct service_arguments *arguments)
{
    log_setup(program, arguments->has_style ? arguments->style : LOG_LOGFMT,
              arguments->has_level ? arguments->level : LOG_INFO);
    (void)signal(SIGPIPE, SIG_IGN); /* who goes away while it is written to is an answer, not our end */
    if (!arguments->no_sandbox)
        sandbox_privileges();
}

struct log_block {
    int level, format;
};
static const char *const level_names[] = {"debug", "info", "warn", "error", NULL};
static const char *const format_names[] = {"logfmt", "json", NULL};

static bool block_read(struct config *config, struct log_block *ret_block)
{
    static const struct config_row rows[] = {
        {"level", CONFIG_CHOICE, offsetof(struct log_block, level), .fallback = "info", .choices = level_names,
         .help = "what is logged: debug, info, warn or error and above"},
        {"format", CONFIG_CHOICE, offsetof(struct log_block, format), .fallback = "logfmt", .choices = format_names,
         .help = "how: logfmt or json"},
        {0},
    };
    return config_read(config, config_block(config, "log"), rows, ret_block);
}

bool service_config_check(struct config *config)
{
    struct log_block block = {0};
    return block_read(config, &block);
}

bool service_config_read(struct config *config, const struct service_arguments *arguments)
{
    struct log_block block = {0};
    if (!block_read(config, &block))
        return false;
    if (!arguments->has_level)
        log_set_level((enum log_level)block.level);
    if (!arguments->has_style)
        log_set_style(block.format == 0 ? LOG_LOGFMT : LOG_JSON);
    return true;
}

/* --- the supervisor --- */

static void status_say(struct service *service)
{
    char reason[256], line[300];
    bool ready = service->ready(service->self, reason);
    (void)snprintf(line, sizeof line, "STATUS=%s", ready ? "ready" : reason);
    if (strcmp(line, service->said) == 0)
        return;
    memcpy(service->said, line, sizeof line);
    notify_say(&service->notify, line);
}

static void on_timer(uv_timer_t *timer)
{
    struct service *service = timer->data;
    service_alive(service);
    status_say(service);
}

static void timer_start(struct service *service, uv_loop_t *loop)
{
    int64_t every_ms = service->notify.watchdog_ms > 0 ? service->notify.watchdog_ms / 2 : STATUS_EVERY_MS;
    (void)uv_timer_init(loop, &service->timer);
    service->timer.data = service;
    if (service->notify.fd >= 0)
        (void)uv_timer_start(&service->timer, on_timer, 0, (uint64_t)(every_ms > 0 ? every_ms : 1));
}

void service_alive(struct service *service)
{
    if (service != NULL && service->notify.watchdog_ms > 0)
        notify_say(&service->notify, "WATCHDOG=1");
}

void service_reload_begin(struct service *service)
{
    if (service == NULL)
        return;
    struct timespec now;
    char lines[64];
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                   (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify_say(&service->notify, lines);
}

void service_reload_end(struct service *service)
{
    if (service != NULL)
        notify_say(&service->notify, "READY=1");
}

bool service_reload(struct service *service, const char *path, const char *const *blocks,
                    const struct service_arguments *arguments)
{
    struct config *config;
    service_reload_begin(service);
    bool right = config_open(path, blocks, stderr, &config) == STATUS_OK;
    if (right) {
        right = service_config_read(config, arguments);
        config_close(config);
    }
    service_reload_end(service);
    return right;
}

/* --- life --- */

enum status service_open(uv_loop_t *loop, const struct monitor_options *monitor,
                         const struct service_arguments *arguments, struct service **ret_service, char ret_reason[256])
{
    struct service *service = calloc(1, sizeof *service);
    enum status status = service != NULL ? monitor_open(loop, monitor, &service->monitor) : STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        (void)snprintf(ret_reason, 256, "%s", status_text(status));
        free(service);
        return status;
    }
    service->ready = monitor->ready;
    service->self = monitor->self;
    notify_open(&service->notify);
    timer_start(service, loop);
    if (!arguments->no_sandbox)
        sandbox_calls();
    notify_say(&service->notify, "READY=1");
    *ret_service = service;
    return STATUS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void service_close(struct service *service)
{
    if (service == NULL)
        return;
    notify_say(&service->notify, "STOPPING=1");
    notify_close(&service->notify);
    monitor_close(service->monitor);
    uv_close((uv_handle_t *)&service->timer, on_closed);
}
