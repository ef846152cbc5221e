/* The sink: takes publications from the bus, stores them, acknowledges, alerts.
 *
 *     receiver ─▶ decode ─▶ store (its own thread) ─▶ acknowledge
 *                                └─▶ alerts (webhook, …), paced, each endpoint on its own
 */
#pragma once

#include "base/config.h"
#include "bus/receiver.h"
#include "sink/store.h"

#include <stdbool.h>
#include <stdint.h>

/* One entry of `sink.alerts`. */
struct alert_config {
    const char *name;
    const char *type; /* an alert_driver's: "webhook" */
    const char *url;
    const char *secret; /* "whsec_…", from secret:, secret_file: or the environment; never logged */
    int64_t group_wait_ms, group_interval_ms, repeat_interval_ms; /* repeat 0: off */
    int64_t max_age_ms;
};

struct sink_config {
    const char *store; /* path or url */
    const char *name;  /* of the sink on the link: `sink: {name: …}`, default "sink" */
    struct alert_config *alerts;
    size_t alert_count;
};

/* Reads the block sink. A relative store path is made absolute from the file's folder. */
bool sink_config_read(struct config *config, struct sink_config *ret_config);

struct sink;

#define SINK_COUNTERS(X)                                                                                               \
    X(received, "publications received")                                                                               \
    X(applied, "publications applied")                                                                                 \
    X(known, "publications that were known")                                                                           \
    X(rejected, "publications refused")                                                                                \
    X(alerts_sent, "alerts delivered")                                                                                 \
    X(alerts_retried, "alert attempts that failed")                                                                    \
    X(alerts_refused, "alerts given up: the endpoint said no for good")                                                \
    X(alerts_aged, "alerts not sent: older than max_age")
struct sink_stats {
#define X(name, help) uint64_t name;
    SINK_COUNTERS(X)
#undef X
};

/* What a store that does not take more now (disk full, locked) means. */
enum sink_patience {
    SINK_WAITS,    /* try again, with a growing pause: a daemon */
    SINK_GIVES_UP, /* it failed: a replay, which somebody waits for */
};

struct sink_options {
    const struct sink_config *config; /* borrowed; alerts empty: none are sent */
    struct store *store;              /* borrowed, opened for writing */
    const char *url;                  /* of the correlator's episodes endpoint */
    enum sink_patience patience;
};

struct sink_events {
    /* After each batch is stored: what came, with its effect. For `replay --speed`, which tells the story. May be NULL.
     */
    void (*stored)(void *self, const struct publication *publications, const enum store_effect *effects, size_t count);
    /* It failed for good and takes nothing more: the store did (not: disk full, which is retried with a growing pause
     * and logged), or there was no memory for what came, which is not acknowledged. Once. */
    void (*failed)(void *self, const char *reason);
    void *self;
};

enum status sink_open(uv_loop_t *loop, struct bus *bus, const struct sink_options *options,
                      const struct sink_events *events, struct sink **ret_sink, char ret_reason[256]) MUST_CHECK;
const struct sink_stats *sink_stats(const struct sink *sink);
/* The link to the correlator, and how things stand, for who looks at them. */
const struct receiver *sink_receiver(const struct sink *sink);
struct sink_state {
    uint64_t waiting; /* publications that wait for the store */
    bool is_connected;
    bool is_troubled; /* the store does not take them; it is tried again */
};
struct sink_state sink_state(const struct sink *sink);
struct alerts;                                             /* alerts.h */
const struct alerts *sink_alerts(const struct sink *sink); /* NULL: nobody is alerted */
/* Alerts are signed with the secrets of this config from now on; nothing else of it is taken. Borrows it. */
void sink_rekey(struct sink *sink, const struct sink_config *config);
/* Finishes what the store has begun, gives alerts under way and due at once some `grace_ms`, then closes. */
void sink_close(struct sink *sink, uint64_t grace_ms, void (*closed)(void *self), void *self);

/* The program vedette-sink. */
int sink_main(int argc, char **argv);
