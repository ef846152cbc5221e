/* Alerts: each entry of `sink.alerts` is an endpoint with a pacer and a driver of its own; none waits for another.
 *
 *     note ─▶ pacer ─ due ─▶ read (the store's thread) ─▶ story ─▶ driver ─▶ done ─▶ pacer
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
    /* Reads the episode as the store has it now and answers with alerts_story, later, once for each ticket; also while
     * closing. */
    void (*read)(void *self, struct span episode_id, struct alert_ticket *ticket);
    void *self;
};

/* An episode as it stands. */
struct alert_story {
    struct fingerprint fingerprint;
    uint32_t revision;
    struct span json;
};

enum status alerts_open(uv_loop_t *loop, const struct alerts_options *options, struct alerts **ret_alerts,
                        char ret_reason[256]) MUST_CHECK;
/* What the store held flagged at the start: the endpoints know it. */
enum status alerts_told(struct alerts *alerts, struct span episode_id, struct fingerprint fingerprint,
                        int64_t last_ms) MUST_CHECK;
/* A revision was stored. */
void alerts_note(struct alerts *alerts, struct span episode_id, struct fingerprint fingerprint, int64_t last_ms);
/* story NULL: it could not be read. Borrowed until it returns. */
void alerts_story(struct alert_ticket *ticket, const struct alert_story *story);
/* What waits for its group becomes due; up to grace_ms later all is dropped. Waits for the readings under way. */
void alerts_close(struct alerts *alerts, uint64_t grace_ms, void (*closed)(void *self), void *self);

/* For `vedette alerts test NAME`: sends one example and says on `out` what came back. STATUS_OK: it was taken. */
enum status alerts_test(const struct alert_config *config, FILE *out) MUST_CHECK;
