#include "correlator/correlator.h"

#include "base/clock.h"
#include "base/log.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "correlator/backlog.h"
#include "correlator/engine/engine.h"
#include "correlator/incidents.h"
#include "correlator/publisher.h"
#include "correlator/watermark.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A flush after each report tells each step of a story; it is put off to the end of the batch where it would compute
 * more incidents than this anew. The last word is the same. */
#define FLUSH_EACH_MAX  64u
#define ARENA_BYTES     (1024u * 1024u)
#define BACKLOG_MAX     (256u * 1024u * 1024u) /* packed revisions waiting for a slow sink, beyond the link's outbox */
#define BACKLOG_HOLD    (16u * 1024u * 1024u)  /* from here on agents are held back */
#define FORGET_EVERY_MS 86400000LL             /* of watermark: how often what is out of reach is swept */

struct correlator {
    struct correlator_options options;
    struct correlator_events events;
    struct engine *engine;
    struct incidents *incidents;
    struct publisher *publisher;
    struct watermark *watermark;
    struct receiver *receiver;
    struct sender *sender;
    struct backlog backlog; /* what the link's outbox has no room for */
    struct arena arena;     /* of one report */
    struct correlator_stats stats;
    int64_t swept_ms; /* watermark at the last sweep */
    bool held;
    bool failed;
    bool finishing;
    void (*done)(void *self);
    void *done_self;
    void (*closed)(void *self);
    void *closed_self;
    int closing; /* link ends still open */
};

static void fail(struct correlator *correlator, const char *reason)
{
    if (correlator->failed)
        return;
    correlator->failed = true;
    receiver_set_flow(correlator->receiver, RECEIVER_HELD);
    if (correlator->events.failed != NULL)
        correlator->events.failed(correlator->events.self, reason);
    else
        log_error("correlator.failed", "%s", reason);
}

/* --- out: publications to the link --- */

static void flow_update(struct correlator *correlator)
{
    bool full = incidents_count(correlator->incidents) >= (size_t)correlator->options.config->incidents_max;
    bool hold = correlator->failed || correlator->finishing || full || correlator->backlog.bytes > BACKLOG_HOLD;
    if (hold == correlator->held)
        return;
    correlator->held = hold;
    if (full && correlator->options.time == CORRELATOR_REPLAY)
        fail(correlator, "the archive holds more incidents than correlator.incidents_max allows in memory; raise it");
    else if (full)
        log_warn("correlator.full",
                 "%" PRId64
                 " incidents are in memory, the most allowed (correlator.incidents_max): agents are held back",
                 correlator->options.config->incidents_max);
    receiver_set_flow(correlator->receiver, hold ? RECEIVER_HELD : RECEIVER_FLOWS);
}

static void done_check(struct correlator *correlator)
{
    if (correlator->done == NULL || correlator->backlog.bytes > 0 ||
        sender_acked(correlator->sender) < sender_position(correlator->sender))
        return;
    void (*done)(void *self) = correlator->done;
    correlator->done = NULL;
    done(correlator->done_self);
}

static void backlog_drain(struct correlator *correlator)
{
    struct span item;
    while (backlog_first(&correlator->backlog, &item)) {
        uint64_t position;
        enum status status = sender_submit(correlator->sender, item, &position);
        if (status == STATUS_AGAIN)
            break;
        if (status != STATUS_OK) {
            fail(correlator, status_text(status));
            return;
        }
        backlog_pop(&correlator->backlog);
    }
    flow_update(correlator);
}

static enum status publish(void *self, struct span item)
{
    struct correlator *correlator = self;
    if (correlator->backlog.bytes == 0) {
        uint64_t position;
        enum status status = sender_submit(correlator->sender, item, &position);
        if (status != STATUS_AGAIN)
            return status;
    }
    if (correlator->backlog.bytes > BACKLOG_MAX)
        return STATUS_FULL;
    return backlog_push(&correlator->backlog, item);
}

static void episodes_room(void *self)
{
    backlog_drain(self);
}

static void episodes_acked(void *self, uint64_t position)
{
    (void)position;
    done_check(self);
}

static void sink_peer(void *self, const struct peer *peer, enum peer_state state)
{
    (void)self;
    if (state == PEER_UP)
        log_info("sink.up", "sink %s is connected", peer->name);
    else
        log_warn("sink.down", "sink %s is gone: %s", peer->name, peer->reason);
}

/* --- the engine's word --- */

static void on_change(void *self, const struct engine_change *change)
{
    struct correlator *correlator = self;
    enum status status = publisher_episode(correlator->publisher, change);
    if (status != STATUS_OK)
        fail(correlator,
             status == STATUS_FULL ? "no sink takes the episodes and the backlog is full" : status_text(status));
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    struct correlator *correlator = self;
    correlator->stats.evicted += evicted;
    incidents_released(correlator->incidents, incident->user, evicted);
}

static void flush(struct correlator *correlator)
{
    const struct engine_events events = {.change = on_change, .released = on_released, .self = correlator};
    enum status status = engine_flush(correlator->engine, &events);
    incidents_settle(correlator->incidents);
    if (status != STATUS_OK)
        fail(correlator, status_text(status));
}

static void watermark_move(struct correlator *correlator)
{
    if (correlator->options.time != CORRELATOR_LIVE)
        return;
    int64_t watermark_ms = watermark_value(correlator->watermark, clock_wall_ms());
    if (watermark_ms == TIME_NONE)
        return;
    engine_watermark(correlator->engine, watermark_ms);
    flush(correlator);
    if (watermark_ms - correlator->swept_ms >= FORGET_EVERY_MS || correlator->swept_ms == TIME_NONE) {
        int64_t horizon_ms = engine_horizon(correlator->engine);
        incidents_forget(correlator->incidents, horizon_ms);
        publisher_forget(correlator->publisher, horizon_ms);
        correlator->swept_ms = watermark_ms;
    }
    flow_update(correlator);
}

/* --- in: reports from the link --- */

static void reject(struct correlator *correlator, const struct peer *peer, const char *reason)
{
    correlator->stats.rejected++;
    if (correlator->events.rejected != NULL)
        correlator->events.rejected(correlator->events.self, peer->name, reason);
    else
        log_warn("report.rejected", "a report of agent %s is refused: %s", peer->name, reason);
}

/* Reports of what has left memory cannot be applied: what they would change is not there to be computed anew. */
static bool is_too_late(struct correlator *correlator, const struct report *report, struct span id)
{
    int64_t horizon_ms = engine_horizon(correlator->engine);
    if (horizon_ms == INT64_MIN || report->occurred.start_ms == TIME_NONE || report->occurred.start_ms >= horizon_ms)
        return false;
    log_warn("report.too_late",
             "%.*s began before all that is still in memory: it is not applied, a replay of the archive will show it",
             SPAN_ARG(id));
    return true;
}

/* Does the report, or what it corrects, begin before the watermark? */
static bool is_late(struct correlator *correlator, const struct report *report, struct span id)
{
    int64_t watermark_ms = correlator->options.time == CORRELATOR_LIVE
                               ? watermark_value(correlator->watermark, clock_wall_ms())
                               : TIME_NONE;
    int64_t old_start_ms = INT64_MAX;
    (void)incidents_start(correlator->incidents, id, &old_start_ms);
    bool late = report->occurred.start_ms != TIME_NONE && report->occurred.start_ms < watermark_ms;
    return late || old_start_ms < watermark_ms;
}

/* Carries out in the engine what the register decided. */
static enum status carry_out(struct correlator *correlator, const struct incident_change *change)
{
    if (correlator->options.engine_off)
        return STATUS_OK;
    if (change->touched != NULL)
        engine_touch(correlator->engine, change->touched->handle);
    if (change->removed != NULL)
        engine_remove(correlator->engine, change->removed->handle);
    if (change->inserted != NULL)
        return engine_insert(correlator->engine, &change->inserted->incident, &change->inserted->handle);
    return STATUS_OK;
}

static enum status tell(struct correlator *correlator, struct report *report, const struct incident_change *change)
{
    if (change->verdict == VERDICT_BODY) {
        report->status = change->status;
        report->revision = change->revision;
        return publisher_incident(correlator->publisher, report);
    }
    bool bare = !report->has_place || report->occurred.start_ms == TIME_NONE;
    return bare ? publisher_retraction(correlator->publisher, report)
                : publisher_incident(correlator->publisher, report);
}

static void apply(struct correlator *correlator, const struct peer *peer, struct span item)
{
    struct report report;
    struct incident_change change;
    char reason[REASON_BYTES], id_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    arena_reset(&correlator->arena);
    correlator->stats.received++;
    if (report_unpack(item, &correlator->arena, &report, reason) != STATUS_OK) {
        reject(correlator, peer, reason);
        return;
    }
    struct span id = {id_bytes, report_incident_id(&report, id_bytes, sizeof id_bytes)};
    if (is_too_late(correlator, &report, id)) {
        correlator->stats.too_late++;
        return;
    }
    bool late = is_late(correlator, &report, id);
    enum status status = incidents_apply(correlator->incidents, &report, &change);
    if (status == STATUS_OK && change.verdict == VERDICT_DUPLICATE) {
        correlator->stats.duplicate++;
        return;
    }
    if (status == STATUS_OK && change.verdict == VERDICT_STALE) {
        correlator->stats.stale++;
        return;
    }
    correlator->stats.applied++;
    if (late) {
        correlator->stats.late++;
        log_info("report.late", "%.*s is late: it, or what it corrects, began before the watermark", SPAN_ARG(id));
    }
    if (status == STATUS_OK)
        status = tell(correlator, &report, &change); /* the incident before the episodes that name it */
    if (status == STATUS_OK && change.verdict == VERDICT_APPLIED)
        status = carry_out(correlator, &change);
    if (status != STATUS_OK)
        fail(correlator, status_text(status));
}

static void on_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct correlator *correlator = self;
    for (size_t i = 0; i < count && !correlator->failed; i++) {
        apply(correlator, peer, items[i]);
        if (!correlator->options.engine_off && engine_pending(correlator->engine) <= FLUSH_EACH_MAX)
            flush(correlator);
    }
    if (correlator->failed)
        return; /* what is not acknowledged is sent again to who comes after */
    if (!correlator->options.engine_off)
        flush(correlator);
    receiver_ack(correlator->receiver, peer->name, peer->epoch, first + count - 1);
    flow_update(correlator);
}

static void on_marks(void *self, const struct peer *peer, const struct source_mark *marks, size_t count)
{
    struct correlator *correlator = self;
    if (watermark_mark(correlator->watermark, marks, count) != STATUS_OK)
        log_warn("source.many", "agent %s speaks of more sources than can be kept", peer->name);
    for (size_t i = 0; i < count; i++)
        if (marks[i].state == SOURCE_BLOCKED || marks[i].state == SOURCE_DEAD)
            log_warn("source.blocked", "source %.*s of agent %s is %s", SPAN_ARG(marks[i].source), peer->name,
                     source_state_name(marks[i].state));
    watermark_move(correlator);
}

static void agent_peer(void *self, const struct peer *peer, enum peer_state state)
{
    (void)self;
    if (state == PEER_UP)
        log_info("agent.up", "agent %s is connected", peer->name);
    else
        log_info("agent.down", "agent %s is gone: %s", peer->name, peer->reason);
}

/* --- life --- */

static void correlator_free(struct correlator *correlator)
{
    engine_free(correlator->engine);
    publisher_free(correlator->publisher);
    incidents_free(correlator->incidents);
    watermark_free(correlator->watermark);
    backlog_fini(&correlator->backlog);
    arena_fini(&correlator->arena);
    free(correlator);
}

static enum status parts_open(struct correlator *correlator)
{
    const struct correlator_config *config = correlator->options.config;
    /* One window of the link may arrive after the agents were held back. */
    const struct engine_limits limits = {.incidents_max = (size_t)config->incidents_max + 1000000};
    const struct publisher_outlet outlet = {.publish = publish, .self = correlator};
    enum status status = engine_new(&allocator_heap, config->rules, config->rule_count, &limits, &correlator->engine);
    if (status == STATUS_OK)
        status = incidents_new(&correlator->incidents);
    if (status == STATUS_OK)
        status = watermark_new(config->expected_sources, config->expected_count, &correlator->watermark);
    if (status == STATUS_OK)
        status = publisher_new(config->rules, config->rule_count, correlator->options.epoch, &outlet,
                               &correlator->publisher);
    return status;
}

static enum status links_open(struct correlator *correlator, struct bus *bus, char ret_reason[256])
{
    const struct sender_options episodes = {
        .url = correlator->options.episodes_url,
        .end = BUS_LISTEN,
        .name = "correlator",
        .epoch = correlator->options.epoch,
        .outbox_item_max = LIMIT_EPISODE_BYTES,
    };
    const struct sender_events episode_events = {
        .room = episodes_room, .acked = episodes_acked, .peer = sink_peer, .self = correlator};
    const struct receiver_options incidents = {
        .url = correlator->options.incidents_url, .end = BUS_LISTEN, .name = "correlator"};
    const struct receiver_events incident_events = {
        .batch = on_batch, .marks = on_marks, .peer = agent_peer, .self = correlator};
    enum status status = sender_open(bus, &episodes, &episode_events, &correlator->sender, ret_reason);
    if (status != STATUS_OK)
        return status;
    status = publisher_rules(correlator->publisher);
    if (status == STATUS_OK)
        status = receiver_open(bus, &incidents, &incident_events, &correlator->receiver, ret_reason);
    if (status != STATUS_OK)
        sender_close(correlator->sender, NULL, NULL);
    return status;
}

enum status correlator_open(uv_loop_t *loop, struct bus *bus, const struct correlator_options *options,
                            const struct correlator_events *events, struct correlator **ret_correlator,
                            char ret_reason[256])
{
    (void)loop;
    struct correlator *correlator = calloc(1, sizeof *correlator);
    if (correlator == NULL)
        return STATUS_NO_MEMORY;
    correlator->options = *options;
    correlator->events = *events;
    correlator->swept_ms = TIME_NONE;
    arena_init(&correlator->arena, ARENA_BYTES);
    enum status status = parts_open(correlator);
    if (status != STATUS_OK)
        (void)snprintf(ret_reason, 256, "the correlator cannot start: %s", status_text(status));
    else
        status = links_open(correlator, bus, ret_reason);
    if (status != STATUS_OK) {
        correlator_free(correlator);
        return status;
    }
    *ret_correlator = correlator;
    return STATUS_OK;
}

const struct correlator_stats *correlator_stats(struct correlator *correlator)
{
    struct engine_stats engine;
    engine_stats(correlator->engine, &engine);
    correlator->stats.incidents = engine.incidents;
    correlator->stats.episodes = engine.episodes;
    correlator->stats.published = publisher_revisions(correlator->publisher);
    return &correlator->stats;
}

void correlator_finish(struct correlator *correlator, void (*done)(void *self), void *self)
{
    if (correlator->options.time == CORRELATOR_REPLAY && !correlator->options.engine_off) {
        engine_watermark(correlator->engine, INT64_MAX);
        flush(correlator);
    }
    receiver_set_flow(correlator->receiver, RECEIVER_HELD);
    correlator->held = true;
    correlator->finishing = true;
    correlator->done = done;
    correlator->done_self = self;
    done_check(correlator);
}

static void link_closed(void *self)
{
    struct correlator *correlator = self;
    if (--correlator->closing > 0)
        return;
    void (*closed)(void *self) = correlator->closed;
    void *closed_self = correlator->closed_self;
    correlator_free(correlator);
    if (closed != NULL)
        closed(closed_self);
}

void correlator_close(struct correlator *correlator, void (*closed)(void *self), void *self)
{
    correlator->closed = closed;
    correlator->closed_self = self;
    correlator->closing = 2;
    correlator->done = NULL;
    receiver_close(correlator->receiver, link_closed, correlator);
    sender_close(correlator->sender, link_closed, correlator);
}
