#include "tests/property/correlator/engine_run.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

static const struct engine_limits limits = {.incidents_max = 1000000};

static void *need(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    assert(memory != NULL);
    return memory;
}

static void on_evicted(void *self, const struct engine_incident *original)
{
    struct run *run = self;
    const struct rule *rule = &run->world->rules[0];
    run->gone[(original - run->world->incidents) / run->world->variant_count] = true;
    int64_t length_ms = original->end_ms - original->start_ms;
    int64_t end_ms = original->start_ms + (length_ms < rule->window_ms ? length_ms : rule->window_ms);
    if (oracle_triggers(rule, original) && end_ms > run->departed_ms)
        run->departed_ms = end_ms;
}

void run_start(struct run *run, const struct play *play)
{
    const struct world *world = play->world;
    *run = (struct run){.play = play, .world = world, .watermark_ms = INT64_MIN, .departed_ms = INT64_MIN};
    uint32_t count = world->incident_count;
    run->handle = need(count, sizeof(*run->handle));
    run->standing = need(count, sizeof(*run->standing));
    run->gone = need(count, sizeof(*run->gone));
    run->touched = need(count, sizeof(*run->touched));
    run->renewed = need(count, sizeof(*run->renewed));
    run->inputs = need(count, sizeof(*run->inputs));
    run->threshold = need((size_t)count * WORLD_RULES_MAX, sizeof(*run->threshold));
    run->threshold_of =
        need((size_t)count * world->variant_count * WORLD_RULES_MAX * WORLD_HISTORIES, sizeof(*run->threshold_of));
    for (uint32_t i = 0; i < count; i++)
        run->standing[i] = -1;
    chronicle_init(&run->chronicle, world->seed);
    run->chronicle.quiet = true;
    run->chronicle.on_evicted = on_evicted;
    run->chronicle.on_evicted_self = run;
    struct rule rules[WORLD_RULES_MAX];
    for (uint32_t i = 0; i < world->rule_count; i++) {
        for (uint32_t j = 0; j < (play->rebases ? WORLD_HISTORIES : 1); j++)
            run->baselines[i][j] = world_baseline_new(world, i, j);
        rules[i] = world->rules[i];
        rules[i].baseline = run->baselines[i][0].rule;
    }
    struct allocator allocator = failing_allocator(&run->memory);
    enum status status = engine_new(&allocator, rules, world->rule_count, &limits, &run->engine);
    assert(status == STATUS_OK);
    (void)status;
}

void run_stop(struct run *run)
{
    engine_free(run->engine);
    assert(run->memory.blocks == 0 && run->memory.bytes == 0);
    for (uint32_t i = 0; i < WORLD_RULES_MAX; i++) {
        for (uint32_t j = 0; j < WORLD_HISTORIES; j++)
            world_baseline_free(&run->baselines[i][j]);
    }
    chronicle_fini(&run->chronicle);
    free(run->handle);
    free(run->standing);
    free(run->gone);
    free(run->touched);
    free(run->renewed);
    free(run->inputs);
    free(run->threshold);
    free(run->threshold_of);
}

/* ---- steps ---- */

static uint32_t *threshold_at(struct run *run, uint32_t rule, uint32_t id)
{
    return &run->threshold[rule * run->world->incident_count + id];
}

/* Kept by incident: the oracle's way to it is long. */
static uint32_t threshold_now(struct run *run, uint32_t rule, uint32_t id)
{
    const struct world *world = run->world;
    uint32_t index = id * world->variant_count + (uint32_t)run->standing[id];
    uint32_t *known = &run->threshold_of[(index * WORLD_RULES_MAX + rule) * WORLD_HISTORIES + run->history];
    if (*known == 0)
        *known = world_threshold(world, rule, run->history, &world->incidents[index]);
    return *known;
}

/* What no rule looks at may leave at any time. */
static bool is_looked_at(const struct run *run, uint32_t id)
{
    const struct engine_incident *incident = world_incident(run->world, id, (uint32_t)run->standing[id]);
    for (uint32_t i = 0; i < run->world->rule_count; i++) {
        if (oracle_triggers(&run->world->rules[i], incident))
            return true;
    }
    return false;
}

void run_remove(struct run *run, uint32_t id)
{
    if (run->standing[id] < 0)
        return;
    if (!run->gone[id])
        engine_remove(run->engine, run->handle[id]);
    else if (is_looked_at(run, id))
        chronicle_mistake(&run->chronicle, "-", "%s has left, and is not behind the horizon", run->world->names[id]);
    run->gone[id] = false;
    run->touched[id] = false;
    run->standing[id] = -1;
}

void run_set(struct run *run, uint32_t id, uint32_t variant)
{
    run_remove(run, id);
    enum status status = engine_insert(run->engine, world_incident(run->world, id, variant), &run->handle[id]);
    assert(status == STATUS_OK);
    (void)status;
    run->standing[id] = (int)variant;
    run->renewed[id] = true;
    for (uint32_t i = 0; i < run->world->rule_count; i++)
        *threshold_at(run, i, id) = threshold_now(run, i, id);
}

/* Who may have had a neighbour among what has left keeps the judgement it had. */
static void run_rebase(struct run *run, uint32_t history)
{
    const struct world *world = run->world;
    const struct baseline_rule *baselines[WORLD_RULES_MAX];
    for (uint32_t i = 0; i < world->rule_count; i++)
        baselines[i] = run->baselines[i][history].rule;
    size_t kept = 0;
    enum status status = engine_rebase(run->engine, baselines, &kept);
    assert(status == STATUS_OK);
    (void)status;
    run->history = history;
    size_t kept_right = 0;
    for (uint32_t rule = 0; rule < world->rule_count; rule++) {
        for (uint32_t id = 0; id < world->incident_count; id++) {
            if (run->standing[id] < 0 || run->gone[id])
                continue;
            const struct engine_incident *incident = world_incident(world, id, (uint32_t)run->standing[id]);
            if (!oracle_counts(&world->rules[rule], incident))
                continue;
            if (run->departed_ms != INT64_MIN && incident->start_ms - run->departed_ms <= world->rules[rule].window_ms)
                kept_right++;
            else
                *threshold_at(run, rule, id) = threshold_now(run, rule, id);
        }
    }
    run->kept += kept;
    if (kept != kept_right)
        chronicle_mistake(&run->chronicle, "-", "a rebase kept %zu judgements, not %zu", kept, kept_right);
}

/* May it still be applied exactly? */
static bool in_time(const struct run *run, const struct step *step)
{
    int64_t from_ms = run->play->ahead ? engine_horizon(run->engine) : run->watermark_ms;
    const struct world *world = run->world;
    int stands = run->standing[step->id];
    return (stands < 0 || world_incident(world, step->id, (uint32_t)stands)->start_ms >= from_ms) &&
           (step->kind != STEP_SET || world_incident(world, step->id, step->variant)->start_ms >= from_ms);
}

void run_step(struct run *run, const struct step *step)
{
    switch (step->kind) {
    case STEP_SET:
    case STEP_REMOVE:
        if (!in_time(run, step))
            run->skipped++;
        else if (step->kind == STEP_SET)
            run_set(run, step->id, step->variant);
        else
            run_remove(run, step->id);
        break;
    case STEP_TOUCH:
        if (run->standing[step->id] >= 0 && !run->gone[step->id]) {
            engine_touch(run->engine, run->handle[step->id]);
            run->touched[step->id] = true;
        }
        break;
    case STEP_WATERMARK:
        engine_watermark(run->engine, step->time_ms);
        if (run->watermark_ms < step->time_ms)
            run->watermark_ms = step->time_ms;
        break;
    case STEP_FLUSH:
        run_flush(run);
        break;
    case STEP_REBASE:
        run_rebase(run, step->variant);
        break;
    }
}

/* ---- what must hold after every flush ---- */

/* So many windows before the watermark. */
static int64_t before_watermark(const struct run *run, const struct rule *rule, int64_t windows)
{
    if (run->watermark_ms == INT64_MAX)
        return INT64_MAX;
    return run->watermark_ms < -(1LL << 60) ? INT64_MIN : run->watermark_ms - windows * rule->window_ms;
}

/* Final ⇔ the latest core ends before W − 5 windows (method §8, ℓ = window). */
static void check_finality(struct run *run)
{
    for (size_t i = 0; i < run->chronicle.count; i++) {
        const struct chronicle_entry *entry = &run->chronicle.entries[i];
        if (entry->state == EPISODE_WITHDRAWN)
            continue;
        bool due = entry->cores_end_ms < before_watermark(run, &run->world->rules[entry->rule], 5);
        if (entry->final != due)
            chronicle_mistake(&run->chronicle, entry->id, "is %sfinal", entry->final ? "" : "not ");
    }
}

/* What is behind every window leaves: here with a window to spare. */
static void check_departures(struct run *run)
{
    const struct world *world = run->world;
    size_t live = 0;
    for (uint32_t id = 0; id < world->incident_count; id++) {
        if (run->standing[id] < 0 || run->gone[id])
            continue;
        live++;
        const struct engine_incident *incident = world_incident(world, id, (uint32_t)run->standing[id]);
        bool due = is_looked_at(run, id);
        for (uint32_t i = 0; due && i < world->rule_count; i++) {
            const struct rule *rule = &world->rules[i];
            if (!oracle_triggers(rule, incident))
                continue;
            int64_t end_ms = incident->end_ms - incident->start_ms > rule->window_ms
                                 ? incident->start_ms + rule->window_ms
                                 : incident->end_ms;
            due = end_ms < before_watermark(run, rule, 4);
        }
        for (size_t i = 0; due && i < run->chronicle.count; i++) {
            const struct chronicle_entry *entry = &run->chronicle.entries[i];
            for (size_t j = 0; due && entry->state != EPISODE_WITHDRAWN && j < entry->member_count; j++)
                due = !span_equal(entry->members[j].id, incident->id) || entry->final;
        }
        if (due)
            chronicle_mistake(&run->chronicle, "-", "%s should have left", world->names[id]);
    }
    struct engine_stats stats;
    engine_stats(run->engine, &stats);
    if (stats.incidents != live)
        chronicle_mistake(&run->chronicle, "-", "%zu incidents are live, not %zu", stats.incidents, live);
    if (stats.bytes != run->memory.bytes)
        chronicle_mistake(&run->chronicle, "-", "says %zu bytes, holds %" PRIu64, stats.bytes, run->memory.bytes);
}

/* By entry and id: it was a member, and is touched. */
static bool *touches_before(const struct run *run, size_t entry_count)
{
    const struct world *world = run->world;
    bool *touched = need(entry_count * world->incident_count, sizeof(*touched));
    for (size_t i = 0; i < entry_count; i++) {
        for (uint32_t id = 0; id < world->incident_count; id++)
            touched[i * world->incident_count + id] =
                run->touched[id] &&
                chronicle_member_of(&run->chronicle.entries[i], world_incident(world, id, 0)->id) != NULL;
    }
    return touched;
}

/* Who was a member, is one, and was touched between is told as touched; and nobody else but who came anew. */
static void check_touches(struct run *run, size_t entry_count, const bool *before)
{
    const struct world *world = run->world;
    for (size_t i = 0; i < entry_count; i++) {
        const struct chronicle_entry *entry = &run->chronicle.entries[i];
        for (uint32_t id = 0; id < world->incident_count; id++) {
            struct span name = world_incident(world, id, 0)->id;
            if (before[i * world->incident_count + id] && chronicle_member_of(entry, name) != NULL &&
                !chronicle_touched(&run->chronicle, entry, name))
                chronicle_mistake(&run->chronicle, entry->id, "%s was touched, and nobody said so", world->names[id]);
        }
    }
    for (size_t i = 0; i < run->chronicle.touch_count; i++) {
        const struct chronicle_touch *touch = &run->chronicle.touches[i];
        for (uint32_t id = 0; id < world->incident_count; id++) {
            if (!run->touched[id] && !run->renewed[id] && span_equal(touch->incident, world_incident(world, id, 0)->id))
                chronicle_mistake(&run->chronicle, touch->id, "%s is told as touched, and was not", world->names[id]);
        }
    }
    for (uint32_t id = 0; id < world->incident_count; id++)
        run->touched[id] = run->renewed[id] = false;
}

void run_flush(struct run *run)
{
    size_t entry_count = run->chronicle.count;
    bool *touched = touches_before(run, entry_count);
    size_t changes = run->chronicle.changes;
    size_t pending = engine_pending(run->engine);
    enum status status = chronicle_flush(&run->chronicle, run->engine);
    assert(status == STATUS_OK);
    (void)status;
    if (pending == 0 && run->chronicle.changes != changes)
        chronicle_mistake(&run->chronicle, "-", "told, where nothing was pending");
    if (engine_pending(run->engine) != 0)
        chronicle_mistake(&run->chronicle, "-", "pending after a flush");
    if (engine_horizon(run->engine) > run->watermark_ms)
        chronicle_mistake(&run->chronicle, "-", "the horizon is past the watermark");
    check_touches(run, entry_count, touched);
    free(touched);
    check_finality(run);
    check_departures(run);
}

/* Cores that needed more than the floor. */
static void count_above(struct run *run, uint32_t rule, const struct oracle_result *result)
{
    const struct world *world = run->world;
    for (size_t i = 0; world->calibrated && i < result->count; i++) {
        for (size_t j = 0; j < result->episodes[i].member_count; j++) {
            const struct oracle_member *member = &result->episodes[i].members[j];
            uint32_t id = (uint32_t)(member->incident - world->incidents) / world->variant_count;
            run->above += member->membership == MEMBERSHIP_CORE &&
                          *threshold_at(run, rule, id) > world->rules[rule].min_neighbours;
        }
    }
}

void run_compare(struct run *run)
{
    const struct world *world = run->world;
    for (uint32_t rule = 0; rule < world->rule_count; rule++) {
        size_t count = 0;
        for (uint32_t i = 0; i < world->incident_count; i++) {
            if (run->standing[i] >= 0)
                run->inputs[count++] = (struct oracle_input){world_incident(world, i, (uint32_t)run->standing[i]),
                                                             *threshold_at(run, rule, i)};
        }
        struct oracle_result result = oracle_run(&world->rules[rule], run->inputs, count);
        chronicle_compare(&run->chronicle, rule, &result);
        run->compared += result.count;
        for (size_t i = 0; i < result.count; i++)
            run->capped += result.episodes[i].capped;
        count_above(run, rule, &result);
        oracle_free(&result);
    }
}

void run_end(struct run *run)
{
    run_step(run, &(struct step){.kind = STEP_WATERMARK, .time_ms = INT64_MAX});
    run_flush(run);
    struct engine_stats stats;
    engine_stats(run->engine, &stats);
    if (stats.incidents != 0 || stats.episodes != 0)
        chronicle_mistake(&run->chronicle, "-", "%zu incidents and %zu episodes are there after the end",
                          stats.incidents, stats.episodes);
}

void run_play(struct run *run, enum run_comparing comparing)
{
    for (uint32_t i = 0; i < run->play->count; i++) {
        run_step(run, &run->play->steps[i]);
        if (run->play->steps[i].kind == STEP_FLUSH && comparing == RUN_COMPARED)
            run_compare(run);
    }
}
