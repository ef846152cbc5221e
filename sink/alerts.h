/* Alerts: each entry of `sink.alerts` is an endpoint with a pacer and a driver of its own; none waits for another.
 *
 *     note ─▶ pacer ─ due ─▶ read (the store's thread) ─▶ story ─▶ begun (a row) ─▶ driver ─▶ done ─▶ pacer, told (a
 * row)
 *
 * Where the store keeps rows, a message is put down before its first attempt, and is the same at every other, whoever
 * is killed in between. Where it does not, all is in memory.
 *
 * On the loop's thread alone. */
#pragma once

#include "sink/pacer.h"
#include "sink/sink.h"

#include <stdio.h>
#include <uv.h>

struct alerts;
struct alert_ticket; /* of a reading under way */

struct alerts_options {
    const struct alert_config *configs; /* borrowed until alerts_open returns, its strings until closed */
    size_t count;
    struct sink_stats *stats; /* borrowed: the alerts' counters are kept in it */
    /* Reads the subject as the store has it now, and what was begun for the endpoint, and answers with alerts_story,
     * later, once for each ticket; also while closing. */
    void (*read)(void *self, struct span endpoint, struct span subject, struct alert_ticket *ticket);
    /* Puts it down, and answers with alerts_written, in the same way, if there is a ticket. NULL: there are no rows. */
    void (*write)(void *self, const struct alert_write *write, struct alert_ticket *ticket);
    void *self;
};

/* A subject as it stands. */
struct alert_story {
    struct fingerprint fingerprint;
    uint64_t revision;
    struct span json;
    struct span draft; /* as it was put down when it was begun; {NULL, 0}: nothing was */
};

enum status alerts_open(uv_loop_t *loop, const struct alerts_options *options, struct alerts **ret_alerts,
                        char ret_reason[256]) MUST_CHECK;
/* At the start. A row as the store kept it; or, where it keeps none, what it held flagged: the endpoints know it. */
enum status alerts_load(struct alerts *alerts, const struct alert_row *row) MUST_CHECK;
enum status alerts_told(struct alerts *alerts, struct span subject, struct fingerprint fingerprint,
                        int64_t last_ms) MUST_CHECK;
/* All was loaded: from now on what is due is read. */
void alerts_start(struct alerts *alerts);
/* Each endpoint takes the secret of the config of its name, if there is one, for what it sends from now on. */
void alerts_rekey(struct alerts *alerts, const struct alert_config *configs, size_t count);
/* A revision was stored. */
void alerts_note(struct alerts *alerts, struct span subject, struct fingerprint fingerprint, int64_t last_ms);
/* story NULL: it could not be read. Borrowed until it returns. */
void alerts_story(struct alert_ticket *ticket, const struct alert_story *story);
void alerts_written(struct alert_ticket *ticket, enum delivery delivery);
/* What waits for its group becomes due; up to grace_ms later all is dropped. Waits for the readings under way. */
void alerts_close(struct alerts *alerts, uint64_t grace_ms, void (*closed)(void *self), void *self);

/* An endpoint, for who looks at it. */
struct alert_view {
    const char *name;
    uint64_t waiting; /* to be told, or told again */
    bool is_failing;  /* the last attempt failed */
};
/* The endpoint of that index, in the configuration's order; false: there are no more. alerts may be NULL. */
bool alerts_look(const struct alerts *alerts, size_t index, struct alert_view *ret_view);

/* For `vedette alerts test NAME`: sends one example and says on `out` what came back. STATUS_OK: it was taken. */
enum status alerts_test(const struct alert_config *config, FILE *out) MUST_CHECK;
