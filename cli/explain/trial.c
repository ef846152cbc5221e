#include "cli/explain/trial.h"

#include "correlator/engine/measure.h"

#include <stdio.h>
#include <stdlib.h>

struct trial {
    struct engine *engine;
    struct trial_item *items;
    size_t count;
};

/* --- the first verdict: who is where --- */

static void note_episode(void *self, const struct engine_change *change)
{
    (void)self;
    for (size_t i = 0; change->state != EPISODE_WITHDRAWN && i < change->member_count; i++) {
        const struct engine_member *member = &change->members[i];
        if (member->membership != MEMBERSHIP_CORE && member->membership != MEMBERSHIP_ATTACHED)
            continue;
        struct trial_item *item = member->incident->user;
        (void)snprintf(item->episode, sizeof item->episode, "%s", change->id);
        item->membership = member->membership;
    }
}

static void note_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self, (void)incident, (void)evicted;
}

static void note_nothing(void *self, const struct engine_change *change)
{
    (void)self, (void)change;
}

enum status trial_new(const struct rule *rule, struct trial_item *items, size_t count, struct trial **ret_trial)
{
    struct measure measure;
    struct trial *trial = calloc(1, sizeof *trial);
    if (trial == NULL)
        return STATUS_NO_MEMORY;
    *trial = (struct trial){.items = items, .count = count};
    const struct engine_limits limits = {.incidents_max = count + 1};
    enum status status = engine_new(&allocator_heap, rule, 1, &limits, &trial->engine);
    if (status == STATUS_OK)
        status = measure_init(&measure, rule);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        items[i].engine.user = &items[i];
        if (!items[i].is_live)
            continue;
        items[i].is_triggering = measure_triggers(&measure, &items[i].engine);
        items[i].is_coarse = measure_coarse(&measure, &items[i].engine);
        status = engine_insert(trial->engine, &items[i].engine, &items[i].handle);
    }
    const struct engine_events events = {.change = note_episode, .released = note_released, .self = trial};
    if (status == STATUS_OK)
        status = engine_flush(trial->engine, &events);
    if (status != STATUS_OK) {
        trial_free(trial);
        return status;
    }
    *ret_trial = trial;
    return STATUS_OK;
}

void trial_free(struct trial *trial)
{
    if (trial == NULL)
        return;
    if (trial->engine != NULL)
        engine_free(trial->engine);
    free(trial);
}

/* --- leaving one out --- */

struct remains {
    const char *episode;
    struct trial_rest best;
};

/* Does a part hold, as a core, somebody who was core of the episode? */
static bool holds_core_of(const struct engine_change *change, const char *episode)
{
    for (size_t i = 0; i < change->member_count; i++) {
        const struct trial_item *item = change->members[i].incident->user;
        bool was_core = item->membership == MEMBERSHIP_CORE && strcmp(item->episode, episode) == 0;
        if (was_core && change->members[i].membership == MEMBERSHIP_CORE)
            return true;
    }
    return false;
}

static void note_remains(void *self, const struct engine_change *change)
{
    struct remains *remains = self;
    if (change->state == EPISODE_WITHDRAWN || !holds_core_of(change, remains->episode))
        return;
    struct trial_rest part = {.has_core = true,
                              .is_flagged = change->state == EPISODE_FLAGGED,
                              .countries = change->country_count,
                              .observed = change->observed};
    struct trial_rest *best = &remains->best;
    bool better = part.is_flagged != best->is_flagged ? part.is_flagged : part.observed > best->observed;
    if (!best->has_core || better)
        *best = part;
}

enum status trial_without(struct trial *trial, struct trial_item *item, const char *episode,
                          struct trial_rest *ret_rest)
{
    struct remains remains = {.episode = episode};
    const struct engine_events looking = {.change = note_remains, .released = note_released, .self = &remains};
    const struct engine_events settling = {.change = note_nothing, .released = note_released, .self = trial};
    engine_remove(trial->engine, item->handle);
    enum status status = engine_flush(trial->engine, &looking);
    if (status == STATUS_OK)
        status = engine_insert(trial->engine, &item->engine, &item->handle);
    if (status == STATUS_OK)
        status = engine_flush(trial->engine, &settling);
    if (status == STATUS_OK)
        *ret_rest = remains.best;
    return status;
}
