#include "correlator/correlator_inside.h"

/* A flush after each report tells each step of a story; where it would compute far more than have arrived, it waits for
 * more of them, live no longer than FLUSH_WAIT_MS: so what is computed anew stays in proportion to what arrives,
 * however great an episode grows. The last word is the same. */
#define FLUSH_RATIO     8u
#define FLUSH_WAIT_MS   50u
#define LATE_WAIT_MS    200u
#define LATE_MAX        4096u      /* late reports that are applied together */
#define FORGET_EVERY_MS 86400000LL /* of watermark: how often, at the least, what is out of reach is swept */

static void on_change(void *self, const struct engine_change *change)
{
    struct correlator *correlator = self;
    if (correlator->failed)
        return;
    correlator->members_told += change->member_count;
    lateness_step(correlator);
    enum status status = publisher_episode(correlator->publisher, change);
    if (status != STATUS_OK)
        flow_fail_publishing(correlator, status);
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    struct correlator *correlator = self;
    correlator->stats.evicted += evicted;
    registry_released(correlator->registry, incident->user, evicted);
}

static size_t pending_in_memory(const struct correlator *correlator)
{
    size_t reports = registry_pending(correlator->registry);
    return correlator->options.engine_off ? reports : reports + engine_pending(correlator->engine);
}

size_t judgement_pending(const struct correlator *correlator)
{
    if (lateness_waiting(correlator) > 0)
        return SIZE_MAX / 2; /* what it comes to is not known: they wait for more, or for a while */
    return pending_in_memory(correlator);
}

enum status judgement_carry_out(void *self, const struct incident_change *change)
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

static enum status on_told(void *self, enum publication_kind kind, const struct incident *incident)
{
    struct correlator *correlator = self;
    correlator->members_told += incident->report_count;
    return publisher_whole(correlator->publisher, kind, incident);
}

/* Reports into incidents: what changed of them is published and goes to the engine. */
static bool resolve(struct correlator *correlator)
{
    const struct registry_events events = {.told = on_told, .changed = judgement_carry_out, .self = correlator};
    enum status status = registry_resolve(correlator->registry, &events);
    if (status != STATUS_OK)
        flow_fail_publishing(correlator, status);
    return status == STATUS_OK;
}

void judgement_flush_memory(struct correlator *correlator)
{
    if (pending_in_memory(correlator) == 0 || !resolve(correlator) || correlator->options.engine_off)
        return;
    const struct engine_events events = {.change = on_change, .released = on_released, .self = correlator};
    correlator->unflushed = 0;
    enum status status = engine_flush(correlator->engine, &events);
    registry_settle(correlator->registry);
    keeping_flushed(correlator);
    if (status != STATUS_OK)
        flow_fail(correlator, status_text(status));
}

void judgement_flush(struct correlator *correlator)
{
    if (lateness_waiting(correlator) == 0) {
        judgement_flush_memory(correlator);
        return;
    }
    lateness_run(correlator);
    keeping_flushed(correlator);
}

/* Of what ended before, episodes are final. */
static int64_t final_before(const struct correlator *correlator)
{
    const struct correlator_config *config = correlator->options.config;
    int64_t window_ms = 0;
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i].window_ms > window_ms)
            window_ms = config->rules[i].window_ms;
    return correlator->watermark_ms - 5 * window_ms;
}

/* Short windows are for much that happens: what is out of their reach does not stay for a day. */
static bool sweep_is_due(const struct correlator *correlator)
{
    int64_t reach_ms = correlator->watermark_ms - final_before(correlator);
    return correlator->swept_ms == TIME_NONE ||
           correlator->watermark_ms - correlator->swept_ms >= (reach_ms < FORGET_EVERY_MS ? reach_ms : FORGET_EVERY_MS);
}

/* What the publisher remembers decides what is told: so it forgets by the watermark alone, the same in every life. */
static void sweep(struct correlator *correlator)
{
    bool due = sweep_is_due(correlator);
    if (due || correlator->full)
        registry_forget(correlator->registry, engine_horizon(correlator->engine));
    if (!due)
        return;
    publisher_forget(correlator->publisher, final_before(correlator));
    correlator->swept_ms = correlator->watermark_ms;
}

void judgement_watermark(struct correlator *correlator, int64_t now_ms)
{
    int64_t watermark_ms = watermark_value(correlator->promised, now_ms);
    if (correlator->failed || watermark_ms == TIME_NONE || watermark_ms <= correlator->watermark_ms)
        return;
    correlator->watermark_ms = watermark_ms;
    registry_watermark(correlator->registry, watermark_ms);
    engine_watermark(correlator->engine, watermark_ms);
    judgement_flush(correlator);
    sweep(correlator);
    flow_update(correlator);
}

static void on_wait_over(uv_timer_t *timer)
{
    struct correlator *correlator = timer->data;
    if (correlator->failed)
        return;
    judgement_flush(correlator);
    keeping_tell(correlator);
    flow_update(correlator);
}

void judgement_settle(struct correlator *correlator)
{
    if (keeping_is_planned(correlator))
        return;
    if (judgement_pending(correlator) <= FLUSH_RATIO * correlator->unflushed ||
        lateness_waiting(correlator) >= LATE_MAX)
        judgement_flush(correlator);
    else if (correlator->options.time == CORRELATOR_LIVE && !uv_is_active((uv_handle_t *)&correlator->wait))
        uv_timer_start(&correlator->wait, on_wait_over, lateness_waiting(correlator) > 0 ? LATE_WAIT_MS : FLUSH_WAIT_MS,
                       0);
}
