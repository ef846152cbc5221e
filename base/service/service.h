/* What every daemon does beside its work: takes the options they share, gives up what it does not need, lets itself be
 * looked at (base/monitor), and tells its supervisor how it is.
 *
 *     service_argp ── service_begin ── config, work begins ── service_open ─ READY=1 ─┐
 *                                                    ┌─ WATCHDOG=1, STATUS=… from the loop
 *                                                    └─ service_reload… ── service_close ─ STOPPING=1 */
#pragma once

#include "base/config.h"
#include "base/log.h"
#include "base/monitor/monitor.h"

#include <argp.h>

struct service_arguments { /* starts as zero */
    bool has_level, has_style;
    enum log_level level;
    enum log_style style;
    bool no_sandbox;
};

/* An argp child whose input is a struct service_arguments: --log-level, --log-format, --no-sandbox. */
extern const struct argp service_argp;

/* Before any thread. Sets up the log, ignores SIGPIPE, gives up privileges. program is borrowed for ever. */
void service_begin(const char *program, const struct service_arguments *arguments);
/* The block `log: {level: info, format: logfmt}`, for what the arguments say nothing of; at the start and at a reload.
 * false, complained about, where it is wrong. */
bool service_config_read(struct config *config, const struct service_arguments *arguments);

/* The same without effect: who looks at the file only. */
bool service_config_check(struct config *config);

struct service;

/* Once the work has begun and all is open: from here on the system calls of sandbox.h are ruled out. Fails
 * where monitor_open does, with a sentence. */
enum status service_open(uv_loop_t *loop, const struct monitor_options *options,
                         const struct service_arguments *arguments, struct service **ret_service,
                         char ret_reason[256]) MUST_CHECK;
/* The loop is busy with one thing for longer than the supervisor's watchdog waits: it is at work all the same. NULL is
 * fine. */
void service_alive(struct service *service);
/* Around a reload: tells the supervisor. NULL is fine. */
void service_reload_begin(struct service *service);
void service_reload_end(struct service *service);
/* Reads the block log of the file anew, between the two; false where the file is wrong: it is said, and all stays. */
bool service_reload(struct service *service, const char *path, const char *const *blocks,
                    const struct service_arguments *arguments);
/* It stops: the window closes and the handles too, on the loop; what it looks at must live until then. NULL is fine. */
void service_close(struct service *service);
