#include "base/clock.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "correlator/correlator_inside.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_BYTES (1024u * 1024u)
#define BACKLOG_MAX                                                                                                    \
    ((size_t)256 * 1024 * 1024) /* packed revisions waiting for a slow sink, beyond the link's outbox                  \
                                 */
/* Incidents that may still come when all is full: what waits for judgement, and a window of every peer. */
#define BEYOND_MAX (FLOW_UNJUDGED_MAX + 256u * 16384u)
#define TICK_MS    1000u /* the watermark follows the clock where nobody speaks any more */

static void correlator_free(struct correlator *correlator)
{
    reopen_free(correlator->reopen);
    engine_free(correlator->engine);
    publisher_free(correlator->publisher);
    registry_free(correlator->registry);
    watermark_free(correlator->watermark);
    watermark_free(correlator->journaled);
    watermark_free(correlator->promised);
    keeping_fini(correlator);
    coverage_free(correlator->coverage);
    acks_fini(&correlator->acks);
    arena_fini(&correlator->arena);
    free(correlator);
}

static void limits_set(struct watermark *watermark, const struct correlator_config *config)
{
    watermark_limit(watermark, SPAN(""), &(struct watermark_limits){.silent_after_ms = config->silent_after_ms});
    for (size_t i = 0; i < config->expected_count; i++)
        watermark_limit(watermark, span_of(config->expected_sources[i]), &config->expected_limits[i]);
}

static enum status watermarks_open(struct correlator *correlator)
{
    const struct correlator_config *config = correlator->options.config;
    struct watermark **const all[] = {&correlator->watermark, &correlator->journaled, &correlator->promised};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && status == STATUS_OK; i++)
        status = watermark_new(config->expected_sources, config->expected_count, all[i]);
    if (status == STATUS_OK)
        limits_set(correlator->watermark, config);
    return status;
}

/* Of the positions of what is published: the journal's identity. */
static uint64_t stream_epoch(const struct correlator *correlator)
{
    return keeping_is_on(correlator) ? correlator->keeping.found.created_ms : correlator->options.epoch;
}

static enum status parts_open(struct correlator *correlator)
{
    const struct correlator_config *config = correlator->options.config;
    /* As much again may be read back for what is late. */
    const struct engine_limits limits = {.incidents_max = 2 * (size_t)config->incidents_max + BEYOND_MAX};
    const struct publisher_outlet outlet = {.publish = outlet_publish, .self = &correlator->outlet};
    enum status status = engine_new(&allocator_heap, config->rules, config->rule_count, &limits, &correlator->engine);
    if (status == STATUS_OK)
        status = registry_new_same(&config->same, &allocator_heap, &correlator->registry);
    if (status == STATUS_OK)
        status =
            publisher_new(config->rules, config->rule_count, stream_epoch(correlator), &outlet, &correlator->publisher);
    if (status == STATUS_OK)
        status = publisher_baseline(correlator->publisher, hash_of(config->baseline), SPAN(""));
    if (status == STATUS_OK)
        status = coverage_new(config->baseline, &correlator->coverage);
    if (status == STATUS_OK)
        status = lateness_open(correlator);
    return status;
}

static enum status links_open(struct correlator *correlator, struct bus *bus, char ret_reason[256])
{
    const struct outlet_events outlet_events = {
        .moved = flow_outlet_moved, .failed = flow_outlet_failed, .sink = flow_sink_up, .self = correlator};
    const struct receiver_options incidents = {
        .url = correlator->options.incidents_url, .end = BUS_LISTEN, .name = "correlator"};
    const struct receiver_events incident_events = {
        .batch = intake_batch, .midway = intake_midway, .marks = intake_marks, .peer = intake_peer, .self = correlator};
    const char *sinks[SENDER_RECEIVERS_MAX];
    const struct names *known = &correlator->keeping.sinks;
    for (size_t i = 0; i < known->count && i < SENDER_RECEIVERS_MAX; i++)
        sinks[i] = known->items[i];
    const struct outlet_options outlet = {.url = correlator->options.episodes_url,
                                          .epoch = correlator->options.epoch,
                                          .backlog_max = BACKLOG_MAX,
                                          .sinks = sinks,
                                          .sink_count = known->count,
                                          .gated = keeping_is_on(correlator)};
    enum status status = outlet_open(&correlator->outlet, bus, &outlet, &outlet_events, ret_reason);
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

static void on_tick(uv_timer_t *timer)
{
    struct correlator *correlator = timer->data;
    lateness_tell(correlator);
    intake_tell_rejected(correlator);
    permits_tell(&correlator->permits);
    if (keeping_is_on(timer->data))
        keeping_tick(timer->data, clock_wall_ms());
    else
        judgement_watermark(timer->data, clock_wall_ms());
    silence_watch(timer->data);
    keeping_tell(timer->data);
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
    if (correlator == NULL || sodium_init() < 0) { /* before it libsodium hashes by its slowest way */
        free(correlator);
        (void)snprintf(ret_reason, 256, "the correlator cannot start: %s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    correlator->options = *options;
    correlator->events = *events;
    correlator->swept_ms = correlator->watermark_ms = TIME_NONE;
    arena_init(&correlator->arena, ARENA_BYTES);
    enum status status = watermarks_open(correlator);
    if (status != STATUS_OK)
        (void)snprintf(ret_reason, 256, "the correlator cannot start: %s", status_text(status));
    else
        status = keeping_open(correlator, loop, ret_reason);
    if (status != STATUS_OK) {
        correlator_free(correlator);
        return status;
    }
    status = parts_open(correlator);
    if (status != STATUS_OK)
        (void)snprintf(ret_reason, 256, "the correlator cannot start: %s", status_text(status));
    else
        status = links_open(correlator, bus, ret_reason);
    if (status != STATUS_OK) {
        keeping_drop(correlator);
        correlator_free(correlator);
        return status;
    }
    timers_start(correlator, loop);
    keeping_restore(correlator);
    keeping_begin(correlator, loop);
    coverage_rules(correlator->coverage, options->config->rules, options->config->rule_count);
    *ret_correlator = correlator;
    return STATUS_OK;
}

const struct correlator_stats *correlator_stats(struct correlator *correlator)
{
    struct engine_stats engine;
    engine_stats(correlator->engine, &engine);
    correlator->stats.forbidden = correlator->permits.forbidden;
    correlator->stats.incidents = engine.incidents;
    correlator->stats.episodes = engine.episodes;
    correlator->stats.unjudged = keeping_lag(correlator);
    correlator->stats.published = publisher_revisions(correlator->publisher);
    return &correlator->stats;
}

void correlator_finish(struct correlator *correlator, void (*done)(void *self), void *self)
{
    lateness_tell(correlator);
    correlator->finishing = correlator->held = true;
    receiver_set_flow(correlator->receiver, RECEIVER_HELD);
    if (correlator->options.time == CORRELATOR_LIVE && keeping_lag(correlator) == 0)
        judgement_flush(correlator); /* what was put off */
    if (correlator->options.time == CORRELATOR_REPLAY) {
        correlator->outlet.backlog_max = SIZE_MAX; /* no more is to come than the state in memory has to say */
        registry_watermark(correlator->registry, INT64_MAX);
        engine_watermark(correlator->engine, INT64_MAX);
        judgement_flush(correlator);
    }
    correlator->done = done;
    correlator->done_self = self;
    keeping_tell(correlator);
    flow_check_done(correlator);
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
    correlator->done = NULL;
    correlator->closing = 4 + keeping_close(correlator, part_closed);
    receiver_close(correlator->receiver, part_closed, correlator);
    outlet_close(&correlator->outlet, part_closed, correlator);
    uv_close((uv_handle_t *)&correlator->tick, timer_closed);
    uv_close((uv_handle_t *)&correlator->wait, timer_closed);
}
