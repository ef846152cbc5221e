/* The engine's face: one table of incidents, a ward a rule, the company of all.
 *
 *   engine ─┬─ incidents (handles)
 *           ├─ wards[rule] ── grid, nodes, episodes      (ward.h)
 *           ├─ company ── responses and context, by time (company.h)
 *           └─ teller ── scratch of the telling          (tell.h) */
#include "correlator/engine/engine.h"

#include "correlator/engine/flush.h"
#include "proto/limits.h"

#include <assert.h>

#define RULES_MAX 65534u /* see incident_entry.holds */

struct engine {
    struct memory memory;
    struct incidents incidents;
    struct company company;
    struct teller teller;
    struct ward *wards;
    size_t ward_count;
    size_t incidents_max;
    int64_t window_ms_max;
    int64_t watermark_ms;
    int64_t flushed_watermark_ms;
    bool held;                /* nothing leaves */
    bool broken;              /* a flush ran out of memory: only engine_free is left */
    VECTOR(uint32_t) buckets; /* of an insert underway, by rule */
};

/* ---- life ---- */

static bool names_unique(const struct rule *rules, size_t rule_count)
{
    for (size_t i = 0; i < rule_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (span_equal(rules[i].name, rules[j].name))
                return false;
        }
    }
    return true;
}

static enum status wards_init(struct engine *engine, const struct rule *rules, size_t rule_count)
{
    if (rule_count == 0)
        return STATUS_OK;
    engine->wards = memory_resize(&engine->memory, NULL, 0, rule_count * sizeof(*engine->wards));
    if (engine->wards == NULL || !vector_reserve(&engine->memory, &engine->buckets, rule_count))
        return STATUS_NO_MEMORY;
    for (; engine->ward_count < rule_count; engine->ward_count++) {
        const struct rule *rule = &rules[engine->ward_count];
        enum status status = ward_init(&engine->wards[engine->ward_count], rule, &engine->incidents, &engine->memory);
        if (status != STATUS_OK)
            return status;
        if (engine->window_ms_max < rule->window_ms)
            engine->window_ms_max = rule->window_ms;
    }
    return STATUS_OK;
}

enum status engine_new(const struct allocator *allocator, const struct rule *rules, size_t rule_count,
                       const struct engine_limits *limits, struct engine **ret_engine)
{
    if (rule_count > RULES_MAX || !names_unique(rules, rule_count))
        return STATUS_INVALID;
    struct engine *engine = allocator_resize(allocator, NULL, 0, sizeof(*engine));
    if (engine == NULL)
        return STATUS_NO_MEMORY;
    *engine = (struct engine){.watermark_ms = INT64_MIN, .flushed_watermark_ms = INT64_MIN};
    engine->company.horizon_ms = INT64_MIN;
    incidents_init(&engine->incidents);
    engine->incidents_max = limits->incidents_max < INCIDENTS_MAX ? limits->incidents_max : INCIDENTS_MAX;
    memory_init(&engine->memory, allocator);
    enum status status = wards_init(engine, rules, rule_count);
    if (status == STATUS_OK) {
        *ret_engine = engine;
        return STATUS_OK;
    }
    /* Those that began are ended; the array is as long as was asked for. */
    for (size_t i = 0; i < engine->ward_count; i++)
        ward_fini(&engine->wards[i]);
    (void)memory_resize(&engine->memory, engine->wards, rule_count * sizeof(*engine->wards), 0);
    engine->ward_count = 0;
    engine->wards = NULL;
    engine_free(engine);
    return status;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    for (size_t i = 0; i < engine->ward_count; i++)
        ward_fini(&engine->wards[i]);
    (void)memory_resize(&engine->memory, engine->wards, engine->ward_count * sizeof(*engine->wards), 0);
    vector_free(&engine->memory, &engine->buckets);
    teller_free(&engine->teller, &engine->memory);
    company_free(&engine->company, &engine->memory);
    incidents_free(&engine->incidents, &engine->memory);
    memory_fini(&engine->memory);
    struct allocator allocator = engine->memory.allocator;
    allocator_free(&allocator, engine, sizeof(*engine));
}

/* ---- what goes in ---- */

static bool incident_valid(const struct engine_incident *incident)
{
    return incident->start_ms <= incident->end_ms && incident->start_ms >= LIMIT_TIME_MS_MIN &&
           incident->end_ms <= LIMIT_TIME_MS_MAX && incident->radius_km >= 0.0 && incident->category < CATEGORY_COUNT &&
           incident->role < ROLE_COUNT;
}

static bool insert_reserve(struct engine *engine, const struct engine_incident *incident)
{
    struct memory *memory = &engine->memory;
    if (!incidents_reserve(&engine->incidents, memory))
        return false;
    if (incident->role != ROLE_TRIGGER && !company_reserve(&engine->company, memory, &engine->incidents))
        return false;
    engine->buckets.count = 0;
    for (size_t i = 0; i < engine->ward_count; i++) {
        uint32_t bucket;
        if (ward_reserve(&engine->wards[i], incident, &bucket)) {
            vector_put(&engine->buckets, bucket);
            continue;
        }
        for (uint32_t j = 0; j < engine->buckets.count; j++) {
            if (engine->buckets.items[j] != NONE)
                grid_tidy(&engine->wards[j].grid, engine->buckets.items[j], incident->start_ms);
        }
        return false;
    }
    return true;
}

/* Is there room to keep it though no rule wants it? */
static bool idle_reserve(struct engine *engine, const struct engine_incident *incident)
{
    if (incident->role != ROLE_TRIGGER)
        return true;
    for (uint32_t i = 0; i < engine->buckets.count; i++) {
        if (engine->buckets.items[i] != NONE)
            return true;
    }
    return heap_reserve(&engine->incidents.idle, &engine->memory, engine->incidents.room);
}

enum status engine_insert(struct engine *engine, const struct engine_incident *incident, uint32_t *ret_handle)
{
    if (!incident_valid(incident))
        return STATUS_INVALID;
    if (engine->incidents.live >= engine->incidents_max)
        return STATUS_FULL;
    if (engine->broken || !insert_reserve(engine, incident) || !idle_reserve(engine, incident))
        return STATUS_NO_MEMORY;
    uint32_t handle = incidents_put(&engine->incidents, incident);
    for (size_t i = 0; i < engine->ward_count; i++)
        ward_insert(&engine->wards[i], handle, engine->buckets.items[i]);
    if (incident->role != ROLE_TRIGGER)
        company_insert(&engine->company, &engine->incidents, handle);
    else if (engine->incidents.items[handle].holds == 0)
        heap_put(&engine->incidents.idle, handle, incident->end_ms);
    *ret_handle = handle;
    return STATUS_OK;
}

static bool is_live(const struct engine *engine, uint32_t handle)
{
    return !engine->broken && handle < engine->incidents.count && engine->incidents.items[handle].used &&
           !engine->incidents.items[handle].dead;
}

void engine_remove(struct engine *engine, uint32_t handle)
{
    if (!is_live(engine, handle))
        return;
    incidents_remove(&engine->incidents, handle);
    for (size_t i = 0; i < engine->ward_count; i++)
        ward_remove(&engine->wards[i], handle);
    if (engine->incidents.items[handle].company)
        company_remove(&engine->company, &engine->incidents, handle);
}

/* All leave before the first comes back: none is counted with one that is about to go. */
enum status engine_renew(struct engine *engine, uint32_t *handles, size_t count)
{
    struct incidents *incidents = &engine->incidents;
    for (size_t i = 0; i < count; i++) {
        assert(is_live(engine, handles[i]));
        incidents->items[handles[i]].renewed = true;
        engine_remove(engine, handles[i]);
    }
    for (size_t i = 0; i < count; i++) {
        enum status status = engine_insert(engine, incident_at(incidents, handles[i]), &handles[i]);
        if (status != STATUS_OK) {
            engine->broken = true;
            return status;
        }
    }
    return STATUS_OK;
}

void engine_hold(struct engine *engine, bool held)
{
    engine->held = held;
    engine->flushed_watermark_ms = INT64_MIN; /* what is due by now is to be looked for */
}

void engine_departed(struct engine *engine, int64_t before_ms, int64_t horizon_ms)
{
    for (size_t i = 0; i < engine->ward_count; i++) {
        struct ward *ward = &engine->wards[i];
        if (ward->departed_ms < before_ms)
            ward->departed_ms = before_ms;
        if (ward->horizon_ms < horizon_ms)
            ward->horizon_ms = horizon_ms;
    }
    if (engine->company.horizon_ms < horizon_ms)
        engine->company.horizon_ms = horizon_ms;
}

void engine_touch(struct engine *engine, uint32_t handle)
{
    if (!is_live(engine, handle))
        return;
    if (engine->incidents.items[handle].company && !engine->incidents.items[handle].noted)
        company_touch(&engine->company, handle);
    incidents_touch(&engine->incidents, handle);
}

void engine_watermark(struct engine *engine, int64_t watermark_ms)
{
    if (watermark_ms > engine->watermark_ms)
        engine->watermark_ms = watermark_ms;
}

/* ---- what is asked ---- */

int64_t engine_watermark_of(const struct engine *engine)
{
    return engine->watermark_ms;
}

int64_t engine_horizon(const struct engine *engine)
{
    int64_t horizon_ms = engine->company.horizon_ms;
    for (size_t i = 0; i < engine->ward_count; i++) {
        if (engine->wards[i].horizon_ms > horizon_ms)
            horizon_ms = engine->wards[i].horizon_ms;
    }
    return horizon_ms;
}

static int64_t windows_before(int64_t watermark_ms, int64_t span_ms)
{
    if (watermark_ms == INT64_MAX)
        return INT64_MAX;
    return watermark_ms < INT64_MIN + span_ms ? INT64_MIN : watermark_ms - span_ms;
}

/* What no rule wants leaves when any rule would let it go. */
static int64_t idle_bound(const struct engine *engine)
{
    return windows_before(engine->watermark_ms, 3 * engine->window_ms_max);
}

/* Episodes to come reach back to noise, which ends after W − 3 windows and a step, and so starts after W − 4 and it. */
static int64_t company_bound(const struct engine *engine)
{
    return windows_before(engine->watermark_ms, 4 * engine->window_ms_max + noise_step_ms(engine->window_ms_max));
}

enum status engine_rebase(struct engine *engine, const struct baseline_rule *const *baselines, size_t *ret_kept)
{
    *ret_kept = 0;
    if (engine->broken)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < engine->ward_count; i++) {
        cores_keep(&engine->wards[i]);
        if (!ward_rebase(&engine->wards[i], baselines[i]))
            return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < engine->ward_count; i++)
        *ret_kept += cores_rebase(&engine->wards[i]);
    return STATUS_OK;
}

size_t engine_pending(const struct engine *engine)
{
    const struct incidents *incidents = &engine->incidents;
    size_t pending = (size_t)incidents->inserted.count + incidents->noted_count;
    for (size_t i = 0; i < engine->ward_count; i++)
        pending += engine->wards[i].pending;
    if (engine->held || engine->watermark_ms == engine->flushed_watermark_ms)
        return pending;
    uint32_t first;
    for (size_t i = 0; i < engine->ward_count; i++)
        pending += ward_departs(&engine->wards[i], engine->watermark_ms);
    pending += heap_due(&incidents->idle, idle_bound(engine), &first);
    pending += heap_due(&engine->company.leaving, company_bound(engine), &first);
    return pending;
}

void engine_stats(const struct engine *engine, struct engine_stats *ret_stats)
{
    *ret_stats = (struct engine_stats){
        .incidents = engine->incidents.live,
        .bytes = engine->memory.bytes + sizeof(*engine),
        .allocations = engine->memory.allocations + 1,
    };
    for (size_t i = 0; i < engine->ward_count; i++)
        ret_stats->episodes += engine->wards[i].episode_count;
}

/* ---- flush ---- */

static bool wards_flush(struct engine *engine, const struct engine_events *events)
{
    int64_t watermark_ms = engine->held ? INT64_MIN : engine->watermark_ms;
    for (size_t i = 0; i < engine->ward_count; i++) {
        struct ward *ward = &engine->wards[i];
        if (!flush_compute(ward, &engine->company, watermark_ms) || !tell_ward(&engine->teller, ward, i, events))
            return false;
    }
    for (size_t i = 0; i < engine->ward_count; i++) {
        if (!flush_clear(&engine->wards[i], watermark_ms))
            return false;
    }
    return true;
}

/* Company stays while an episode that is there, or may come, could reach back to it. */
static void company_leave(struct engine *engine)
{
    int64_t before_ms = company_bound(engine);
    uint32_t first;
    if (!heap_due(&engine->company.leaving, before_ms, &first))
        return;
    for (size_t i = 0; i < engine->ward_count; i++) {
        const struct ward *ward = &engine->wards[i];
        for (uint32_t j = 0; j < ward->episodes.count; j++) {
            const struct episode_record *record = &ward->episodes.items[j];
            if (record->used && record->told.first_ms < before_ms)
                before_ms = record->told.first_ms;
        }
    }
    company_evict(&engine->company, &engine->incidents, before_ms);
}

static void idle_leave(struct engine *engine)
{
    struct incidents *incidents = &engine->incidents;
    uint32_t handle;
    while (heap_due(&incidents->idle, idle_bound(engine), &handle)) {
        heap_remove(&incidents->idle, handle);
        incidents_depart(incidents, handle);
    }
}

static void release(struct engine *engine, const struct engine_events *events)
{
    struct incidents *incidents = &engine->incidents;
    for (uint32_t i = 0; i < incidents->inserted.count; i++)
        incidents->items[incidents->inserted.items[i]].touched = false;
    for (uint32_t handle = incidents->noted; handle != NONE; handle = incidents->items[handle].noted_next)
        incidents->items[handle].touched = incidents->items[handle].noted = false;
    incidents->noted = NONE;
    for (uint32_t i = 0; i < incidents->removed.count; i++) {
        if (!incidents->items[incidents->removed.items[i]].renewed)
            events->released(events->self, incident_at(incidents, incidents->removed.items[i]), false);
        incidents_release(incidents, incidents->removed.items[i]);
    }
    for (uint32_t handle = incidents->departed, next; handle != NONE; handle = next) {
        next = incidents->items[handle].successor;
        events->released(events->self, incident_at(incidents, handle), true);
        incidents_release(incidents, handle);
        incidents->live--;
    }
    incidents->departed = NONE;
    incidents->inserted.count = incidents->removed.count = incidents->noted_count = 0;
}

enum status engine_flush(struct engine *engine, const struct engine_events *events)
{
    if (engine->broken)
        return STATUS_NO_MEMORY;
    if (!incidents_match(&engine->incidents, &engine->memory)) {
        engine->broken = true;
        return STATUS_NO_MEMORY;
    }
    company_settle(&engine->company, &engine->incidents);
    if (!wards_flush(engine, events)) {
        engine->broken = true;
        return STATUS_NO_MEMORY;
    }
    engine->company.changed.count = 0;
    if (!engine->held) {
        company_leave(engine);
        idle_leave(engine);
    }
    release(engine, events);
    if (!engine->held)
        engine->flushed_watermark_ms = engine->watermark_ms;
    return STATUS_OK;
}
