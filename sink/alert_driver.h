/* The implementers' side of alerts.h: what a way of alerting must be able to do. Called from the loop's thread only. */
#pragma once

#include "sink/alert_row.h"
#include "sink/sink.h"

#include <uv.h>

struct alert_message {
    struct span event_id;   /* "<episode>/<revision>", "<source>/<since_ms>": the same for a repeat */
    struct span message_id; /* the same for every attempt at it; a repeat has its own */
    enum alert_kind kind;
    int64_t time_ms;  /* when it was first tried: the same for every attempt */
    struct span json; /* the episode, or the notice */
};

enum alert_outcome {
    ALERT_SENT,
    ALERT_RETRY,   /* nobody there, or not now */
    ALERT_REFUSED, /* and would be refused again */
};

struct alert_result {
    enum alert_outcome outcome;
    int64_t retry_after_ms; /* the endpoint's wish; 0: none */
    const char *detail;     /* "HTTP 503", "could not connect …"; borrowed until the callback returns */
};

typedef void (*alert_done)(void *self, const struct alert_result *result);

struct alert_driver {
    const char *type; /* as the configuration names it */
    /* STATUS_INVALID with a sentence: no url of this driver's. */
    enum status (*check_url)(const char *url, char ret_reason[256]);
    /* Copies what it needs of the config. STATUS_INVALID with a sentence: url or secret are not what this driver takes.
     */
    enum status (*open)(uv_loop_t *loop, const struct alert_config *config, void **ret_self, char ret_reason[256]);
    /* What is sent from now on is signed with this config's secret, which open would take. Copies it. */
    void (*rekey)(void *self, const struct alert_config *config);
    /* Copies the message. Never blocks; done is called once, later, never from within, unless closed before; not at all
     * where it answers STATUS_NO_MEMORY. Several may be under way. */
    enum status (*send)(void *self, const struct alert_message *message, alert_done done, void *done_self);
    /* Drops what is under way; closed is called from the loop when nothing of it is left. */
    void (*close)(void *self, void (*closed)(void *self), void *closed_self);
};

extern const struct alert_driver alert_webhook;

/* NULL where there is none of that type. */
const struct alert_driver *alert_driver_find(const char *type);
