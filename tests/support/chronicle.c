#include "tests/support/chronicle.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void chronicle_mistake(struct chronicle *chronicle, const char *id, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (chronicle->mistakes++ == 0)
        (void)snprintf(chronicle->first_mistake, sizeof(chronicle->first_mistake), "%s: %s", id, text);
    if (!chronicle->quiet && chronicle->mistakes <= 10)
        (void)fprintf(stderr, "seed %" PRIu64 ": episode %s: %s\n", chronicle->seed, id, text);
}

void chronicle_init(struct chronicle *chronicle, uint64_t seed)
{
    *chronicle = (struct chronicle){.seed = seed};
}

static void forget_lineage(struct chronicle *chronicle)
{
    for (size_t i = 0; i < chronicle->ended_count; i++)
        free(chronicle->ended[i].members);
    chronicle->ended_count = chronicle->heir_count = chronicle->touch_count = 0;
}

void chronicle_fini(struct chronicle *chronicle)
{
    for (size_t i = 0; i < chronicle->count; i++)
        free(chronicle->entries[i].members);
    free(chronicle->entries);
    forget_lineage(chronicle);
    free(chronicle->ended);
    free(chronicle->heirs);
    free(chronicle->touches);
    *chronicle = (struct chronicle){0};
}

static struct chronicle_entry *find(const struct chronicle *chronicle, size_t rule, const char *id)
{
    for (size_t i = 0; i < chronicle->count; i++) {
        if (chronicle->entries[i].rule == rule && strcmp(chronicle->entries[i].id, id) == 0)
            return &chronicle->entries[i];
    }
    return NULL;
}

static struct chronicle_entry *find_or_add(struct chronicle *chronicle, const struct engine_change *change)
{
    struct chronicle_entry *entry = find(chronicle, change->rule, change->id);
    if (entry != NULL)
        return entry;
    if (chronicle->count == chronicle->room) {
        chronicle->room = chronicle->room * 2 + 16;
        chronicle->entries = realloc(chronicle->entries, chronicle->room * sizeof(*chronicle->entries));
        assert(chronicle->entries != NULL);
    }
    entry = &chronicle->entries[chronicle->count++];
    *entry = (struct chronicle_entry){.rule = change->rule, .state = EPISODE_WITHDRAWN};
    memcpy(entry->id, change->id, sizeof(entry->id));
    return entry;
}

/* ---- what a change must satisfy ---- */

static void check_order(struct chronicle *chronicle, const struct engine_change *change)
{
    const struct engine_change *last = &chronicle->last;
    bool withdrawn = change->state == EPISODE_WITHDRAWN;
    bool last_withdrawn = last->state == EPISODE_WITHDRAWN;
    if (!chronicle->in_flush || change->rule > last->rule)
        return;
    if (change->rule < last->rule || (withdrawn && !last_withdrawn))
        chronicle_mistake(chronicle, change->id, "told out of order");
    if (withdrawn == last_withdrawn && (change->first_ms < last->first_ms ||
                                        (change->first_ms == last->first_ms && strcmp(change->id, last->id) <= 0)))
        chronicle_mistake(chronicle, change->id, "told out of order");
}

static const struct chronicle_member *member_before(const struct chronicle_entry *entry, struct span id)
{
    for (size_t i = 0; i < entry->member_count; i++) {
        if (span_equal(entry->members[i].id, id))
            return &entry->members[i];
    }
    return NULL;
}

static bool listed(const struct engine_member *members, size_t count, struct span id)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(members[i].incident->id, id))
            return true;
    }
    return false;
}

static void check_members(struct chronicle *chronicle, const struct chronicle_entry *before,
                          const struct engine_change *change)
{
    for (size_t i = 0; i < change->member_count; i++) {
        const struct engine_member *member = &change->members[i];
        const struct engine_member *previous = i > 0 ? &change->members[i - 1] : NULL;
        if (previous != NULL && (previous->incident->start_ms > member->incident->start_ms ||
                                 (previous->incident->start_ms == member->incident->start_ms &&
                                  span_compare(previous->incident->id, member->incident->id) >= 0)))
            chronicle_mistake(chronicle, change->id, "members out of order");
        if (change->state == EPISODE_WITHDRAWN)
            continue;
        bool added = listed(change->added, change->added_count, member->incident->id);
        const struct chronicle_member *was =
            before->state == EPISODE_WITHDRAWN ? NULL : member_before(before, member->incident->id);
        if (added != (was == NULL || was->membership != member->membership))
            chronicle_mistake(chronicle, change->id, "%.*s is %sadded", SPAN_ARG(member->incident->id),
                              added ? "" : "not ");
    }
    if (change->state == EPISODE_WITHDRAWN)
        return;
    for (size_t i = 0; before->state != EPISODE_WITHDRAWN && i < before->member_count; i++) {
        bool removed = listed(change->removed, change->removed_count, before->members[i].id);
        if (removed == listed(change->members, change->member_count, before->members[i].id))
            chronicle_mistake(chronicle, change->id, "%.*s is %sremoved", SPAN_ARG(before->members[i].id),
                              removed ? "" : "not ");
    }
    for (size_t i = 0; i < change->removed_count; i++) {
        if (before->state == EPISODE_WITHDRAWN || member_before(before, change->removed[i].incident->id) == NULL)
            chronicle_mistake(chronicle, change->id, "removed what was not in it");
    }
}

/* ---- lineage ---- */

static struct chronicle_member *members_copy(const struct engine_member *members, size_t count)
{
    struct chronicle_member *copy = calloc(count + 1, sizeof(*copy));
    assert(copy != NULL);
    for (size_t i = 0; i < count; i++)
        copy[i] = (struct chronicle_member){members[i].incident->id, members[i].membership};
    return copy;
}

static void note_lineage(struct chronicle *chronicle, const struct engine_change *change)
{
    if (chronicle->ended_count == chronicle->ended_room) {
        chronicle->ended_room = chronicle->ended_room * 2 + 8;
        chronicle->ended = realloc(chronicle->ended, chronicle->ended_room * sizeof(*chronicle->ended));
        assert(chronicle->ended != NULL);
    }
    if (change->state == EPISODE_WITHDRAWN) {
        struct chronicle_ended *ended = &chronicle->ended[chronicle->ended_count++];
        *ended = (struct chronicle_ended){.rule = change->rule,
                                          .members = members_copy(change->members, change->member_count),
                                          .member_count = change->member_count};
        memcpy(ended->id, change->id, sizeof(ended->id));
        memcpy(ended->superseded_by, change->superseded_by, sizeof(ended->superseded_by));
    }
    for (size_t i = 0; i < change->supersedes_count; i++) {
        if (chronicle->heir_count == chronicle->heir_room) {
            chronicle->heir_room = chronicle->heir_room * 2 + 8;
            chronicle->heirs = realloc(chronicle->heirs, chronicle->heir_room * sizeof(*chronicle->heirs));
            assert(chronicle->heirs != NULL);
        }
        struct chronicle_heir *heir = &chronicle->heirs[chronicle->heir_count++];
        heir->rule = change->rule;
        memcpy(heir->id, change->id, sizeof(heir->id));
        memcpy(heir->ended, change->supersedes[i], sizeof(heir->ended));
    }
}

static bool has_core(const struct chronicle_entry *entry, struct span id)
{
    const struct chronicle_member *member = member_before(entry, id);
    return member != NULL && member->membership == MEMBERSHIP_CORE;
}

/* As a core, or attached. */
static bool holds(const struct chronicle_entry *entry, struct span id)
{
    const struct chronicle_member *member = member_before(entry, id);
    return member != NULL && (member->membership == MEMBERSHIP_CORE || member->membership == MEMBERSHIP_ATTACHED);
}

/* What an episode has of one that ended. */
struct inheritance {
    size_t cores; /* as cores */
    size_t held;  /* cores, now cores or attached */
    bool key;
};

static struct inheritance inheritance_of(const struct chronicle_ended *ended, const struct chronicle_entry *entry)
{
    struct inheritance inheritance = {0};
    bool is_key = true; /* the first core is the key */
    for (size_t i = 0; i < ended->member_count; i++) {
        if (ended->members[i].membership != MEMBERSHIP_CORE)
            continue;
        bool held = holds(entry, ended->members[i].id);
        inheritance.key = inheritance.key || (is_key && held);
        inheritance.held += held;
        inheritance.cores += has_core(entry, ended->members[i].id);
        is_key = false;
    }
    return inheritance;
}

static bool says_it_supersedes(const struct chronicle *chronicle, const struct chronicle_entry *entry,
                               const char *ended)
{
    for (size_t i = 0; i < chronicle->heir_count; i++) {
        const struct chronicle_heir *heir = &chronicle->heirs[i];
        if (heir->rule == entry->rule && strcmp(heir->id, entry->id) == 0 && strcmp(heir->ended, ended) == 0)
            return true;
    }
    return false;
}

/* Who holds the key now, else most of the cores, of equal ones the least id. And whoever holds any says so. */
static void check_lineage(struct chronicle *chronicle)
{
    for (size_t i = 0; i < chronicle->ended_count; i++) {
        const struct chronicle_ended *ended = &chronicle->ended[i];
        const struct chronicle_entry *heir = NULL;
        size_t most = 0;
        for (size_t j = 0; j < chronicle->count; j++) {
            const struct chronicle_entry *entry = &chronicle->entries[j];
            if (entry->rule != ended->rule || entry->state == EPISODE_WITHDRAWN)
                continue;
            struct inheritance inheritance = inheritance_of(ended, entry);
            if ((inheritance.cores > 0) != says_it_supersedes(chronicle, entry, ended->id))
                chronicle_mistake(chronicle, entry->id, "shares %zu cores with %s, which ended", inheritance.cores,
                                  ended->id);
            size_t weight = inheritance.key ? SIZE_MAX : inheritance.held;
            if (weight > most || (weight > 0 && weight == most && strcmp(entry->id, heir->id) < 0)) {
                most = weight;
                heir = entry;
            }
        }
        if (strcmp(ended->superseded_by, heir != NULL ? heir->id : "") != 0)
            chronicle_mistake(chronicle, ended->id, "superseded by '%s', not '%s'", ended->superseded_by,
                              heir != NULL ? heir->id : "");
    }
}

static void note_touches(struct chronicle *chronicle, const struct engine_change *change)
{
    for (size_t i = 0; i < change->touched_count; i++) {
        if (chronicle->touch_count == chronicle->touch_room) {
            chronicle->touch_room = chronicle->touch_room * 2 + 8;
            chronicle->touches = realloc(chronicle->touches, chronicle->touch_room * sizeof(*chronicle->touches));
            assert(chronicle->touches != NULL);
        }
        struct chronicle_touch *touch = &chronicle->touches[chronicle->touch_count++];
        *touch = (struct chronicle_touch){.rule = change->rule, .incident = change->touched[i].incident->id};
        memcpy(touch->id, change->id, sizeof(touch->id));
    }
}

const struct chronicle_member *chronicle_member_of(const struct chronicle_entry *entry, struct span incident)
{
    return entry->state == EPISODE_WITHDRAWN ? NULL : member_before(entry, incident);
}

bool chronicle_touched(const struct chronicle *chronicle, const struct chronicle_entry *entry, struct span incident)
{
    for (size_t i = 0; i < chronicle->touch_count; i++) {
        const struct chronicle_touch *touch = &chronicle->touches[i];
        if (touch->rule == entry->rule && strcmp(touch->id, entry->id) == 0 && span_equal(touch->incident, incident))
            return true;
    }
    return false;
}

static void on_change(void *self, const struct engine_change *change)
{
    struct chronicle *chronicle = self;
    check_order(chronicle, change);
    chronicle->in_flush = true;
    chronicle->last = *change;
    chronicle->changes++;
    struct chronicle_entry *entry = find_or_add(chronicle, change);
    if (entry->final)
        chronicle_mistake(chronicle, change->id, "told after it was final");
    if (change->is_new != (entry->state == EPISODE_WITHDRAWN))
        chronicle_mistake(chronicle, change->id, "told as %s", change->is_new ? "new" : "known");
    check_members(chronicle, entry, change);
    note_lineage(chronicle, change);
    note_touches(chronicle, change);
    for (size_t i = 0; i < change->supersedes_count; i++) {
        const struct chronicle_entry *ended = find(chronicle, change->rule, change->supersedes[i]);
        if (ended == NULL || ended->state != EPISODE_WITHDRAWN || strcmp(ended->id, change->id) == 0)
            chronicle_mistake(chronicle, change->id, "supersedes %s, which was not withdrawn", change->supersedes[i]);
    }
    struct chronicle_member *members = entry->members;
    *entry = (struct chronicle_entry){.rule = change->rule,
                                      .state = change->state,
                                      .final = change->final,
                                      .capped = change->capped,
                                      .country_count = change->country_count,
                                      .first_ms = change->first_ms,
                                      .last_ms = change->last_ms,
                                      .extent_km = change->extent_km,
                                      .observed = change->observed,
                                      .member_count = change->member_count};
    memcpy(entry->id, change->id, sizeof(entry->id));
    memcpy(entry->continues, change->continues, sizeof(entry->continues));
    memcpy(entry->superseded_by, change->superseded_by, sizeof(entry->superseded_by));
    assert(change->country_count <= 64);
    if (change->country_count > 0)
        memcpy(entry->countries, change->countries, change->country_count * sizeof(country_code));
    entry->members = realloc(members, (change->member_count + 1) * sizeof(*members));
    assert(entry->members != NULL);
    entry->cores_end_ms = INT64_MIN;
    for (size_t i = 0; i < change->member_count; i++) {
        const struct engine_member *member = &change->members[i];
        entry->members[i] = (struct chronicle_member){member->incident->id, member->membership};
        if (member->membership == MEMBERSHIP_CORE && member->incident->end_ms > entry->cores_end_ms)
            entry->cores_end_ms = member->incident->end_ms;
    }
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    struct chronicle *chronicle = self;
    if (incident->user == NULL)
        chronicle_mistake(chronicle, "-", "released what was never given");
    chronicle->released++;
    chronicle->evicted += evicted;
    if (evicted && chronicle->on_evicted != NULL)
        chronicle->on_evicted(chronicle->on_evicted_self, incident->user);
}

enum status chronicle_flush(struct chronicle *chronicle, struct engine *engine)
{
    const struct engine_events events = {on_change, on_released, chronicle};
    chronicle->in_flush = false;
    forget_lineage(chronicle);
    enum status status = engine_flush(engine, &events);
    if (status == STATUS_OK)
        check_lineage(chronicle);
    return status;
}

/* ---- comparison ---- */

static void compare_one(struct chronicle *chronicle, const struct chronicle_entry *told,
                        const struct oracle_episode *right)
{
    if (told->state != right->state)
        chronicle_mistake(chronicle, right->id, "state %d, oracle %d", told->state, right->state);
    if (told->capped != right->capped)
        chronicle_mistake(chronicle, right->id, "capped %d, oracle %d", told->capped, right->capped);
    if (strcmp(told->continues, right->continues) != 0)
        chronicle_mistake(chronicle, right->id, "continues '%s', oracle '%s'", told->continues, right->continues);
    if (told->first_ms != right->first_ms || told->last_ms != right->last_ms)
        chronicle_mistake(chronicle, right->id, "another span than the oracle's");
    if (told->extent_km < right->extent_km || told->extent_km > right->extent_km)
        chronicle_mistake(chronicle, right->id, "extent %.9f, oracle %.9f", told->extent_km, right->extent_km);
    if (told->observed != right->observed)
        chronicle_mistake(chronicle, right->id, "observed %zu, oracle %zu", told->observed, right->observed);
    if (told->country_count != right->country_count ||
        (right->country_count > 0 &&
         memcmp(told->countries, right->countries, right->country_count * sizeof(country_code)) != 0))
        chronicle_mistake(chronicle, right->id, "other countries than the oracle's");
    if (told->member_count != right->member_count) {
        chronicle_mistake(chronicle, right->id, "%zu members, oracle %zu", told->member_count, right->member_count);
        return;
    }
    for (size_t i = 0; i < right->member_count; i++) {
        if (!span_equal(told->members[i].id, right->members[i].incident->id) ||
            told->members[i].membership != right->members[i].membership)
            chronicle_mistake(chronicle, right->id, "member %zu is %.*s (%d), oracle %.*s (%d)", i,
                              SPAN_ARG(told->members[i].id), told->members[i].membership,
                              SPAN_ARG(right->members[i].incident->id), right->members[i].membership);
    }
}

void chronicle_compare(struct chronicle *chronicle, size_t rule, const struct oracle_result *result)
{
    size_t standing = 0;
    for (size_t i = 0; i < chronicle->count; i++)
        standing += chronicle->entries[i].rule == rule && chronicle->entries[i].state != EPISODE_WITHDRAWN;
    if (standing != result->count)
        chronicle_mistake(chronicle, "-", "rule %zu: %zu episodes, oracle %zu", rule, standing, result->count);
    for (size_t i = 0; i < result->count; i++) {
        const struct chronicle_entry *told = find(chronicle, rule, result->episodes[i].id);
        if (told == NULL || told->state == EPISODE_WITHDRAWN)
            chronicle_mistake(chronicle, result->episodes[i].id, "not told");
        else
            compare_one(chronicle, told, &result->episodes[i]);
    }
}

static bool same_entry(const struct chronicle_entry *a, const struct chronicle_entry *b)
{
    bool same = a->state == b->state && a->capped == b->capped && strcmp(a->continues, b->continues) == 0 &&
                a->first_ms == b->first_ms && a->last_ms == b->last_ms && !(a->extent_km < b->extent_km) &&
                !(a->extent_km > b->extent_km) && a->observed == b->observed && a->country_count == b->country_count &&
                memcmp(a->countries, b->countries, sizeof(a->countries)) == 0 && a->member_count == b->member_count;
    for (size_t i = 0; same && i < a->member_count; i++)
        same = span_equal(a->members[i].id, b->members[i].id) && a->members[i].membership == b->members[i].membership;
    return same;
}

static size_t standing_count(const struct chronicle *chronicle)
{
    size_t standing = 0;
    for (size_t i = 0; i < chronicle->count; i++)
        standing += chronicle->entries[i].state != EPISODE_WITHDRAWN;
    return standing;
}

bool chronicle_same(const struct chronicle *a, const struct chronicle *b)
{
    if (standing_count(a) != standing_count(b))
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct chronicle_entry *one = &a->entries[i];
        if (one->state == EPISODE_WITHDRAWN)
            continue;
        const struct chronicle_entry *other = find(b, one->rule, one->id);
        if (other == NULL || !same_entry(one, other))
            return false;
    }
    return true;
}
