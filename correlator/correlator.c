#include "correlator/correlator.h"

#include "base/clock.h"
#include "base/log.h"
#include "bus/receiver.h"
#include "correlator/acks.h"
#include "correlator/coverage.h"
#include "correlator/engine/engine.h"
#include "correlator/footing.h"
#include "correlator/outlet.h"
#include "correlator/publisher.h"
#include "correlator/registry.h"
#include "correlator/watermark.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A flush after each report tells each step of a story; it is put off to the end of the batch where it would compute
 * more incidents than this anew, or where this batch has told of so many members already. Where it would compute far
 * more than have arrived, it waits for more of them, live no longer than FLUSH_WAIT_MS: so what is computed anew stays
 * in proportion to what arrives, however great an episode grows. The last word is the same. */
#define FLUSH_EACH_MAX   256u
#define FLUSH_RATIO      8u
#define FLUSH_WAIT_MS    50u
#define MEMBERS_EACH_MAX 4096u
#define ARENA_BYTES      (1024u * 1024u)
#define BACKLOG_MAX                                                                                                    \
    ((size_t)256 * 1024 * 1024) /* packed revisions waiting for a slow sink, beyond the link's outbox                  \
                                 */
#define BACKLOG_HOLD    ((size_t)16 * 1024 * 1024) /* from here on agents are held back */
#define BEYOND_MAX      (256u * 16384u) /* incidents that may still arrive when all is full: a window of every peer */
#define FORGET_EVERY_MS 86400000LL      /* of watermark: how often what is out of reach is swept */
#define TICK_MS         1000u           /* the watermark follows the clock where nobody speaks any more */

struct correlator {
    struct correlator_options options;
    struct correlator_events events;
    struct engine *engine;
    struct registry *registry;
    struct publisher *publisher;
    struct watermark *watermark;
    struct coverage *coverage;
    struct receiver *receiver;
    struct outlet outlet;
    struct acks acks;                    /* put off while full */
    struct arena arena;                  /* of one report */
    uv_timer_t tick;                     /* CORRELATOR_LIVE */
    uv_timer_t wait;                     /* CORRELATOR_LIVE: a flush was put off */
    size_t unflushed;                    /* reports applied since the last flush */
    size_t untold_too_late, untold_late; /* since the last tick */
    struct correlator_stats stats;
    int64_t watermark_ms; /* the greatest yet; TIME_NONE: none */
    int64_t swept_ms;     /* watermark at the last sweep; TIME_NONE: none */
    size_t members_told;  /* in this batch */
    bool full;            /* incidents_max is reached */
    bool held;
    bool failed;
    bool finishing;
    void (*done)(void *self);
    void *done_self;
    void (*closed)(void *self);
    void *closed_self;
    int closing; /* parts still open */
};

static void fail(struct correlator *correlator, const char *reason)
{
    if (correlator->failed)
        return;
    correlator->failed = true;
    correlator->held = true;
    receiver_set_flow(correlator->receiver, RECEIVER_HELD);
    if (correlator->events.failed != NULL)
        correlator->events.failed(correlator->events.self, reason);
    else
        log_error("correlator.failed", "%s", reason);
}

/* --- flow --- */

/* Reached at incidents_max, over once a sixteenth of it is free again: not for every single incident. */
static void full_update(struct correlator *correlator)
{
    size_t max = (size_t)correlator->options.config->incidents_max;
    size_t count = registry_count(correlator->registry);
    bool full = correlator->options.time == CORRELATOR_REPLAY ? count > max
                : correlator->full                            ? count > max - max / 16
                                                              : count >= max;
    if (full == correlator->full)
        return;
    correlator->full = full;
    if (!full) {
        log_info("correlator.room", "%zu incidents are in memory: agents go on", count);
        acks_give(&correlator->acks, correlator->receiver);
    } else if (correlator->options.time == CORRELATOR_REPLAY) {
        fail(correlator, "the archive holds more incidents than correlator.incidents_max allows in memory; raise it");
    } else {
        log_warn("correlator.full",
                 "%zu incidents are in memory, the most allowed (correlator.incidents_max): agents are held back",
                 count);
    }
}

static void flow_update(struct correlator *correlator)
{
    full_update(correlator);
    bool hold = correlator->failed || correlator->finishing || outlet_waiting(&correlator->outlet) > BACKLOG_HOLD;
    if (hold == correlator->held)
        return;
    correlator->held = hold;
    receiver_set_flow(correlator->receiver, hold ? RECEIVER_HELD : RECEIVER_FLOWS);
}

/* Where no report was applied only the rules are under way: who starts anew tells them anew. */
static void done_check(struct correlator *correlator)
{
    bool nothing_to_lose = correlator->stats.applied == 0;
    if (correlator->done == NULL || !(nothing_to_lose || outlet_is_clear(&correlator->outlet)))
        return;
    void (*done)(void *self) = correlator->done;
    correlator->done = NULL;
    done(correlator->done_self);
}

static void outlet_moved(void *self)
{
    struct correlator *correlator = self;
    flow_update(correlator);
    done_check(correlator);
}

static void outlet_failed(void *self, enum status status)
{
    fail(self, status_text(status));
}

/* --- the engine's word --- */

static void fail_publishing(struct correlator *correlator, enum status status)
{
    fail(correlator,
         status == STATUS_FULL ? "no sink takes the episodes and the backlog is full" : status_text(status));
}

static void on_change(void *self, const struct engine_change *change)
{
    struct correlator *correlator = self;
    if (correlator->failed)
        return;
    correlator->members_told += change->member_count;
    enum status status = publisher_episode(correlator->publisher, change);
    if (status != STATUS_OK)
        fail_publishing(correlator, status);
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    struct correlator *correlator = self;
    correlator->stats.evicted += evicted;
    registry_released(correlator->registry, incident->user, evicted);
}

/* What a flush would compute anew: incidents of the engine, and reports where they are put together. */
static size_t pending(const struct correlator *correlator)
{
    size_t reports = registry_pending(correlator->registry);
    return correlator->options.engine_off ? reports : reports + engine_pending(correlator->engine);
}

static enum status on_told(void *self, enum publication_kind kind, const struct incident *incident)
{
    struct correlator *correlator = self;
    correlator->members_told += incident->report_count;
    return publisher_whole(correlator->publisher, kind, incident);
}

static enum status carry_out(void *self, const struct incident_change *change);

/* Reports into incidents: what changed of them is published and goes to the engine. */
static bool resolve(struct correlator *correlator)
{
    const struct registry_events events = {.told = on_told, .changed = carry_out, .self = correlator};
    enum status status = registry_resolve(correlator->registry, &events);
    if (status != STATUS_OK)
        fail_publishing(correlator, status);
    return status == STATUS_OK;
}

static void flush(struct correlator *correlator)
{
    if (pending(correlator) == 0 || !resolve(correlator) || correlator->options.engine_off)
        return;
    const struct engine_events events = {.change = on_change, .released = on_released, .self = correlator};
    correlator->unflushed = 0;
    enum status status = engine_flush(correlator->engine, &events);
    registry_settle(correlator->registry);
    if (status != STATUS_OK)
        fail(correlator, status_text(status));
}

static void sweep(struct correlator *correlator)
{
    bool due = correlator->swept_ms == TIME_NONE || correlator->watermark_ms - correlator->swept_ms >= FORGET_EVERY_MS;
    if (!due && !correlator->full)
        return;
    int64_t horizon_ms = engine_horizon(correlator->engine);
    registry_forget(correlator->registry, horizon_ms);
    publisher_forget(correlator->publisher, horizon_ms);
    correlator->swept_ms = correlator->watermark_ms;
}

static void watermark_move(struct correlator *correlator)
{
    int64_t watermark_ms = watermark_value(correlator->watermark, clock_wall_ms());
    if (correlator->failed || watermark_ms == TIME_NONE || watermark_ms <= correlator->watermark_ms)
        return;
    correlator->watermark_ms = watermark_ms;
    registry_watermark(correlator->registry, watermark_ms);
    engine_watermark(correlator->engine, watermark_ms);
    flush(correlator);
    sweep(correlator);
    flow_update(correlator);
}

static void on_wait_over(uv_timer_t *timer)
{
    struct correlator *correlator = timer->data;
    if (correlator->failed)
        return;
    flush(correlator);
    flow_update(correlator);
}

/* After a batch. */
static void flush_or_wait(struct correlator *correlator)
{
    if (pending(correlator) <= FLUSH_RATIO * correlator->unflushed)
        flush(correlator);
    else if (correlator->options.time == CORRELATOR_LIVE && !uv_is_active((uv_handle_t *)&correlator->wait))
        uv_timer_start(&correlator->wait, on_wait_over, FLUSH_WAIT_MS, 0);
}

/* Of many in one second the first is named, the others are counted: an archive told again is no flood. */
static void tell_late(struct correlator *correlator)
{
    if (correlator->untold_too_late > 1)
        log_warn("report.too_late", "and %zu more within a second", correlator->untold_too_late - 1);
    if (correlator->untold_late > 1)
        log_info("report.late", "and %zu more within a second", correlator->untold_late - 1);
    correlator->untold_too_late = correlator->untold_late = 0;
}

static void on_tick(uv_timer_t *timer)
{
    tell_late(timer->data);
    watermark_move(timer->data);
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

/* What began before all that is in memory cannot be applied: what it would change is not there to be computed anew. A
 * correction of what is still there can. */
static bool is_too_late(struct correlator *correlator, const struct report *report, struct span id)
{
    int64_t horizon_ms = engine_horizon(correlator->engine), old_start_ms;
    if (registry_horizon(correlator->registry) > horizon_ms)
        horizon_ms = registry_horizon(correlator->registry);
    if (horizon_ms == INT64_MIN || report->occurred.start_ms == TIME_NONE || report->occurred.start_ms >= horizon_ms ||
        registry_start(correlator->registry, id, &old_start_ms))
        return false;
    if (correlator->untold_too_late++ == 0)
        log_warn(
            "report.too_late",
            "%.*s began before all that is still in memory: it is not applied, a replay of the archive will show it",
            SPAN_ARG(id));
    return true;
}

/* Does the report, or what it corrects, begin before the watermark? */
static bool is_late(struct correlator *correlator, const struct report *report, struct span id)
{
    int64_t old_start_ms = INT64_MAX;
    (void)registry_start(correlator->registry, id, &old_start_ms);
    bool late = report->occurred.start_ms != TIME_NONE && report->occurred.start_ms < correlator->watermark_ms;
    return late || old_start_ms < correlator->watermark_ms;
}

/* Carries out in the engine what the register decided. */
static enum status carry_out(void *self, const struct incident_change *change)
{
    struct correlator *correlator = self;
    if (correlator->options.engine_off) {
        if (change->removed != NULL)
            registry_released(correlator->registry, change->removed, false);
        registry_settle(correlator->registry);
        return STATUS_OK;
    }
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

/* A replay forgets nothing. */
static int64_t heard_ms(const struct correlator *correlator)
{
    return correlator->options.time == CORRELATOR_LIVE ? clock_wall_ms() : INT64_MAX;
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
    enum status status = registry_apply(correlator->registry, &report, heard_ms(correlator), &change);
    if (status == STATUS_OK && change.verdict == VERDICT_DUPLICATE) {
        correlator->stats.duplicate++;
        return;
    }
    if (status == STATUS_OK && change.verdict == VERDICT_STALE) {
        correlator->stats.stale++;
        return;
    }
    bool at_once = correlator->options.config->same.mode == SAME_OFF; /* else at the flush, see resolve */
    if (status == STATUS_OK && at_once)
        status = tell(correlator, &report, &change); /* the incident before the episodes that name it */
    if (status == STATUS_OK && at_once && change.verdict == VERDICT_APPLIED)
        status = carry_out(correlator, &change);
    if (status != STATUS_OK) {
        fail(correlator, status_text(status));
        return;
    }
    correlator->stats.applied++;
    correlator->stats.in_history += coverage_report(correlator->coverage, &report);
    correlator->unflushed++;
    if (late) {
        correlator->stats.late++;
        if (correlator->untold_late++ == 0)
            log_info("report.late", "%.*s is late: it, or what it corrects, began before the watermark", SPAN_ARG(id));
    }
}

static void acknowledge(struct correlator *correlator, const struct peer *peer, uint64_t position)
{
    if (!correlator->full)
        receiver_ack(correlator->receiver, peer->name, peer->epoch, position);
    else if (acks_put_off(&correlator->acks, peer, position) != STATUS_OK)
        fail(correlator, status_text(STATUS_NO_MEMORY));
}

static void on_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct correlator *correlator = self;
    correlator->members_told = 0;
    for (size_t i = 0; i < count && !correlator->failed; i++) {
        apply(correlator, peer, items[i]);
        if (pending(correlator) <= FLUSH_EACH_MAX && correlator->members_told <= MEMBERS_EACH_MAX)
            flush(correlator);
    }
    if (!correlator->failed)
        flush_or_wait(correlator);
    if (!correlator->failed)
        flow_update(correlator);
    if (!correlator->failed) /* what is not acknowledged is sent again to who comes after */
        acknowledge(correlator, peer, first + count - 1);
}

/* Said once, not with every heartbeat. */
static void trouble_tell(const struct correlator *correlator, const struct peer *peer, const struct source_mark *mark)
{
    enum source_state before;
    bool said = watermark_state(correlator->watermark, mark->source, &before) && before == mark->state;
    if (!said && (mark->state == SOURCE_BLOCKED || mark->state == SOURCE_DEAD))
        log_warn("source.blocked", "source %.*s of agent %s is %s", SPAN_ARG(mark->source), peer->name,
                 source_state_name(mark->state));
}

static void on_marks(void *self, const struct peer *peer, const struct source_mark *marks, size_t count)
{
    struct correlator *correlator = self;
    for (size_t i = 0; i < count; i++)
        trouble_tell(correlator, peer, &marks[i]);
    if (watermark_mark(correlator->watermark, marks, count) != STATUS_OK)
        log_warn("source.many", "agent %s speaks of more sources than can be kept", peer->name);
    if (correlator->options.time == CORRELATOR_LIVE)
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
    registry_free(correlator->registry);
    watermark_free(correlator->watermark);
    coverage_free(correlator->coverage);
    acks_fini(&correlator->acks);
    arena_fini(&correlator->arena);
    free(correlator);
}

static const char *hash_of(const struct baseline *baseline)
{
    return baseline != NULL ? baseline_hash(baseline) : "";
}

static enum status parts_open(struct correlator *correlator)
{
    const struct correlator_config *config = correlator->options.config;
    const struct engine_limits limits = {.incidents_max = (size_t)config->incidents_max + BEYOND_MAX};
    const struct publisher_outlet outlet = {.publish = outlet_publish, .self = &correlator->outlet};
    enum status status = engine_new(&allocator_heap, config->rules, config->rule_count, &limits, &correlator->engine);
    if (status == STATUS_OK)
        status = registry_new_same(&config->same, &allocator_heap, &correlator->registry);
    if (status == STATUS_OK)
        status = watermark_new(config->expected_sources, config->expected_count, &correlator->watermark);
    if (status == STATUS_OK)
        status = publisher_new(config->rules, config->rule_count, correlator->options.epoch, &outlet,
                               &correlator->publisher);
    if (status == STATUS_OK)
        status = publisher_baseline(correlator->publisher, hash_of(config->baseline), SPAN(""));
    if (status == STATUS_OK)
        status = coverage_new(config->baseline, &correlator->coverage);
    return status;
}

static enum status links_open(struct correlator *correlator, struct bus *bus, char ret_reason[256])
{
    const struct outlet_events outlet_events = {.moved = outlet_moved, .failed = outlet_failed, .self = correlator};
    const struct receiver_options incidents = {
        .url = correlator->options.incidents_url, .end = BUS_LISTEN, .name = "correlator"};
    const struct receiver_events incident_events = {
        .batch = on_batch, .marks = on_marks, .peer = agent_peer, .self = correlator};
    enum status status = outlet_open(&correlator->outlet, bus, correlator->options.episodes_url,
                                     correlator->options.epoch, BACKLOG_MAX, &outlet_events, ret_reason);
    if (status != STATUS_OK)
        return status;
    status = publisher_rules(correlator->publisher);
    if (status != STATUS_OK)
        (void)snprintf(ret_reason, 256, "the rules cannot be published: %s", status_text(status));
    else
        status = receiver_open(bus, &incidents, &incident_events, &correlator->receiver, ret_reason);
    if (status != STATUS_OK)
        outlet_close(&correlator->outlet, NULL, NULL);
    return status;
}

static void timers_start(struct correlator *correlator, uv_loop_t *loop)
{
    (void)uv_timer_init(loop, &correlator->tick); /* none of these can fail */
    (void)uv_timer_init(loop, &correlator->wait);
    correlator->tick.data = correlator->wait.data = correlator;
    if (correlator->options.time == CORRELATOR_LIVE)
        (void)uv_timer_start(&correlator->tick, on_tick, TICK_MS, TICK_MS);
}

enum status correlator_open(uv_loop_t *loop, struct bus *bus, const struct correlator_options *options,
                            const struct correlator_events *events, struct correlator **ret_correlator,
                            char ret_reason[256])
{
    struct correlator *correlator = calloc(1, sizeof *correlator);
    if (correlator == NULL) {
        (void)snprintf(ret_reason, 256, "the correlator cannot start: %s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    correlator->options = *options;
    correlator->events = *events;
    correlator->swept_ms = correlator->watermark_ms = TIME_NONE;
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
    timers_start(correlator, loop);
    coverage_rules(correlator->coverage, options->config->rules, options->config->rule_count);
    *ret_correlator = correlator;
    return STATUS_OK;
}

/* --- another baseline --- */

/* Its episodes are told again. */
static enum status touch(void *self, const struct engine_incident *incident, uint64_t publishers)
{
    const struct record *record = incident->user;
    struct correlator *correlator = self;
    (void)publishers;
    engine_touch(correlator->engine, record->handle);
    return STATUS_OK;
}

/* The engine judges, the publisher tells. `kept`: judgements that stand, for what they rest on has left memory. */
static enum status judge_anew(struct correlator *correlator, const struct baseline *baseline, const char *occasion,
                              size_t *ret_kept)
{
    const struct correlator_config *config = correlator->options.config;
    const struct baseline_rule **histories = calloc(config->rule_count, sizeof(struct baseline_rule *));
    if (histories == NULL)
        return STATUS_NO_MEMORY;
    footing_lay(baseline, config->rules, config->rule_count);
    for (size_t i = 0; i < config->rule_count; i++)
        histories[i] = config->rules[i].baseline;
    enum status status = engine_rebase(correlator->engine, histories, ret_kept);
    free(histories);
    if (status == STATUS_OK)
        status = publisher_baseline(correlator->publisher, hash_of(baseline), span_of(occasion));
    if (status == STATUS_OK)
        status = registry_visit(correlator->registry, touch, correlator);
    if (status == STATUS_OK)
        flush(correlator);
    publisher_occasion_over(correlator->publisher);
    return status;
}

enum status correlator_rebase(struct correlator *correlator, const struct baseline *baseline)
{
    char occasion[128], was[BASELINE_HASH_BYTES];
    size_t kept = 0;
    flush(correlator); /* what came before is told for what it was */
    if (correlator->failed)
        return STATUS_CLOSED;
    uint64_t published = publisher_revisions(correlator->publisher);
    (void)snprintf(was, sizeof was, "%s", publisher_baseline_hash(correlator->publisher));
    (void)snprintf(occasion, sizeof occasion, "rule changed: the baseline is %s, was %s",
                   baseline != NULL ? hash_of(baseline) : "none", was[0] != '\0' ? was : "none");
    enum status status = judge_anew(correlator, baseline, occasion, &kept);
    if (status != STATUS_OK)
        fail(correlator, status_text(status));
    if (correlator->failed)
        return status != STATUS_OK ? status : STATUS_CLOSED;
    struct engine_stats engine;
    engine_stats(correlator->engine, &engine);
    coverage_rebase(correlator->coverage, baseline);
    log_info("baseline.rebase",
             "%s: %zu incidents in memory are judged anew by %zu rules, but for %zu judgements that are kept, for what "
             "they rest on has left memory; %" PRIu64 " revisions of episodes published",
             occasion, engine.incidents, correlator->options.config->rule_count, kept,
             publisher_revisions(correlator->publisher) - published);
    coverage_rules(correlator->coverage, correlator->options.config->rules, correlator->options.config->rule_count);
    flow_update(correlator);
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
    tell_late(correlator);
    correlator->finishing = correlator->held = true;
    receiver_set_flow(correlator->receiver, RECEIVER_HELD);
    if (correlator->options.time == CORRELATOR_LIVE)
        flush(correlator); /* what was put off */
    if (correlator->options.time == CORRELATOR_REPLAY) {
        correlator->outlet.backlog_max = SIZE_MAX; /* no more is to come than the state in memory has to say */
        registry_watermark(correlator->registry, INT64_MAX);
        engine_watermark(correlator->engine, INT64_MAX);
        flush(correlator);
    }
    correlator->done = done;
    correlator->done_self = self;
    done_check(correlator);
}

static void part_closed(void *self)
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

static void timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void correlator_close(struct correlator *correlator, void (*closed)(void *self), void *self)
{
    correlator->closed = closed;
    correlator->closed_self = self;
    correlator->closing = 4;
    correlator->done = NULL;
    receiver_close(correlator->receiver, part_closed, correlator);
    outlet_close(&correlator->outlet, part_closed, correlator);
    uv_close((uv_handle_t *)&correlator->tick, timer_closed);
    uv_close((uv_handle_t *)&correlator->wait, timer_closed);
}
