/* The window into a running program: pages over HTTP, on a socket in the state folder (state/run/PROGRAM[-NAME].sock,
 * for its owner alone) and, where the configuration says so, on an address of the loopback.
 *
 *     /metrics   Prometheus' text            /healthz   200 as long as the loop turns
 *     /status    the same as JSON, and more  /readyz    200 when it can do its work, else 503 with the reason
 *
 * It is looked at, and told nothing. Belongs to the loop's thread. */
#pragma once

#include "base/config.h"
#include "base/monitor/listen.h"
#include "base/monitor/metric.h"

#include <uv.h>

/* `monitor: {agent: 127.0.0.1:9101, correlator: …, sink: …}` */
struct monitor_config {
    const char *agent, *correlator, *sink; /* NULL: the socket alone */
    const char *state;                     /* the folder */
};
/* Complaints go where the config's go; false where there was any. */
bool monitor_config_read(struct config *config, struct monitor_config *ret_config);

struct monitor_options {
    struct metric_book book; /* its tables and ledgers are borrowed until closed */
    const char *name;        /* of this agent or sink; NULL: the program is alone of its kind */
    const char *version;     /* "vedette-agent 0.1.0"; NULL: unknown */
    const char *state;       /* the state folder */
    const char *address;     /* of the loopback, or NULL */
    /* Can it do its work? Else a sentence says why not. */
    bool (*ready)(void *self, char ret_reason[256]);
    void *self;
};

struct monitor;

/* STATUS_NO_MEMORY alone: an address or a socket that cannot be had is logged, and done without; the work is worth more
 * than the view of it, and several agents of one host may share a configuration. Strings are copied. */
enum status monitor_open(uv_loop_t *loop, const struct monitor_options *options,
                         struct monitor **ret_monitor) MUST_CHECK;
/* Its handles close on the loop; looks at nothing any more. NULL is fine. */
void monitor_close(struct monitor *monitor);

/* The name of a program's socket in state/run: "agent-desk.sock". */
void monitor_socket_name(const char *program, const char *name, char ret_name[256]);
