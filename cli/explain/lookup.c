#include "cli/explain/lookup.h"

#include "base/nearest.h"
#include "correlator/rule_config.h"
#include "proto/limits.h"

#include <stdio.h>
#include <stdlib.h>

#define SUGGESTIONS_MAX 3

/* --- the ids nearest to one that is not there --- */

struct suggestions {
    struct span word;
    char ids[SUGGESTIONS_MAX][LIMIT_INCIDENT_ID_BYTES + 1];
    size_t distances[SUGGESTIONS_MAX];
    size_t count;
};

static size_t common_beginning(struct span a, struct span b)
{
    size_t common = 0;
    while (common < a.size && common < b.size && a.data[common] == b.data[common])
        common++;
    return common;
}

/* What is far in letters may still begin alike, as ids that are sorted by time do. */
static size_t suggestion_distance(struct span word, struct span id)
{
    size_t edits = edit_distance(word, id);
    size_t rest = word.size - common_beginning(word, id);
    return edits < 2 * rest ? edits : 2 * rest;
}

static void suggest(struct suggestions *suggestions, struct span id)
{
    size_t distance = suggestion_distance(suggestions->word, id);
    /* People leave the source out. */
    const char *colon = id.size > 0 ? memchr(id.data, ':', id.size) : NULL;
    if (colon != NULL) {
        size_t skipped = (size_t)(colon + 1 - id.data);
        size_t bare = suggestion_distance(suggestions->word, (struct span){colon + 1, id.size - skipped});
        distance = bare < distance ? bare : distance;
    }
    size_t at = suggestions->count;
    while (at > 0 && distance < suggestions->distances[at - 1])
        at--;
    if (at == SUGGESTIONS_MAX || id.size >= sizeof suggestions->ids[0])
        return;
    if (suggestions->count < SUGGESTIONS_MAX)
        suggestions->count++;
    for (size_t i = suggestions->count - 1; i > at; i--) {
        memcpy(suggestions->ids[i], suggestions->ids[i - 1], sizeof suggestions->ids[0]);
        suggestions->distances[i] = suggestions->distances[i - 1];
    }
    (void)snprintf(suggestions->ids[at], sizeof suggestions->ids[at], "%.*s", SPAN_ARG(id));
    suggestions->distances[at] = distance;
}

/* ": the nearest are …", as many as fit; nothing where there are none. */
static void suggestions_words(const struct suggestions *suggestions, char *reason, size_t room)
{
    for (size_t i = 0; i < suggestions->count; i++) {
        size_t used = strlen(reason);
        const char *between = i > 0 ? ", " : suggestions->count > 1 ? "; the nearest are " : "; the nearest is ";
        if (used + strlen(between) + strlen(suggestions->ids[i]) + 1 > room)
            return;
        (void)snprintf(reason + used, room - used, "%s%s", between, suggestions->ids[i]);
    }
}

/* --- episodes --- */

static enum status visit_episode_id(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    suggest(self, episode->id);
    return STATUS_OK;
}

static enum status no_episode(struct store *store, const char *id, char reason[256])
{
    struct suggestions suggestions = {.word = span_of(id)};
    const struct store_filter all = {.with_candidates = true, .with_withdrawn = true};
    enum status status = store_episodes(store, &all, visit_episode_id, &suggestions);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(reason, 256, "there is no episode whose id begins with \"%.60s\"", id);
    suggestions_words(&suggestions, reason, 256);
    return STATUS_NOT_FOUND;
}

enum status lookup_episode(struct store *store, const char *id, struct kept_list *found,
                           const struct kept_episode **ret_episode, char ret_reason[256])
{
    const struct store_filter filter = {.with_candidates = true, .with_withdrawn = true, .id = span_of(id)};
    enum status status = store_episodes(store, &filter, kept_list_visit, found);
    if (status != STATUS_OK)
        return status;
    /* An id that is another's beginning is still an id. */
    for (size_t i = 0; i < found->count; i++) {
        if (found->count == 1 || span_equal(found->episodes[i]->episode.id, span_of(id))) {
            *ret_episode = found->episodes[i];
            return STATUS_OK;
        }
    }
    if (found->count == 0)
        return no_episode(store, id, ret_reason);
    (void)snprintf(ret_reason, 256, "%zu episodes begin with \"%.60s\": %.*s, %.*s%s", found->count, id,
                   SPAN_ARG(found->episodes[0]->episode.id), SPAN_ARG(found->episodes[1]->episode.id),
                   found->count > 2 ? " …" : "");
    return STATUS_NOT_FOUND;
}

/* --- incidents --- */

struct incident_search {
    struct arena *arena;
    struct suggestions suggestions;
    struct lookup_incident exact; /* by its own id, or a report's */
    struct lookup_incident near;  /* by a source_id */
    size_t near_count;
};

static enum status keep_found(struct incident_search *search, const struct incident *incident, struct span report_id,
                              struct lookup_incident *found)
{
    found->incident = keep_incident(search->arena, incident);
    found->report_id = report_id.size > 0 ? arena_copy(search->arena, report_id) : report_id;
    bool failed = found->incident == NULL || (report_id.size > 0 && found->report_id.data == NULL);
    return failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status visit_incident(void *self, const struct incident *incident, const struct span *episode_ids,
                                  size_t episode_count)
{
    (void)episode_ids, (void)episode_count;
    struct incident_search *search = self;
    struct span word = search->suggestions.word;
    suggest(&search->suggestions, incident->id);
    if (span_equal(incident->id, word))
        return keep_found(search, incident, SPAN(""), &search->exact);
    for (size_t i = 0; i < incident->report_count && search->exact.incident == NULL; i++) {
        char bytes[LIMIT_INCIDENT_ID_BYTES + 1];
        const struct report *report = &incident->reports[i];
        struct span id = {bytes, report_incident_id(report, bytes, sizeof bytes)};
        bool is_own = span_equal(id, incident->id);
        if (span_equal(id, word))
            return keep_found(search, incident, id, &search->exact);
        if (!span_equal(report->source_id, word))
            continue;
        search->near_count++;
        enum status status = keep_found(search, incident, is_own ? SPAN("") : id, &search->near);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status lookup_incident(struct store *store, const char *id, struct arena *arena, struct lookup_incident *ret_found,
                            char ret_reason[256])
{
    struct incident_search search = {.arena = arena, .suggestions = {.word = span_of(id)}};
    const struct store_filter all = {.with_candidates = true, .with_withdrawn = true};
    enum status status = store_incidents(store, &all, visit_incident, &search);
    if (status != STATUS_OK)
        return status;
    if (search.exact.incident != NULL || search.near_count == 1) {
        *ret_found = search.exact.incident != NULL ? search.exact : search.near;
        return STATUS_OK;
    }
    if (search.near_count > 1)
        (void)snprintf(ret_reason, 256, "%zu reports are called \"%.60s\": say which, as SOURCE:%.60s",
                       search.near_count, id, id);
    else
        (void)snprintf(ret_reason, 256, "there is no incident \"%.60s\": never read, refused, or read too late", id);
    suggestions_words(&search.suggestions, ret_reason, 256);
    return STATUS_NOT_FOUND;
}

/* --- rules --- */

struct rule_search {
    struct arena *arena;
    struct span name, hash;
    struct lookup_rule *rules;
    size_t count, room; /* more than there is room for are only counted */
};

static enum status visit_rule(void *self, const struct published_rule *published)
{
    struct rule_search *search = self;
    struct lookup_rule found;
    if (search->hash.size > 0 &&
        (!span_equal(published->name, search->name) || !span_equal(published->hash, search->hash)))
        return STATUS_OK;
    struct span json = arena_copy(search->arena, published->json);
    found.hash = arena_copy(search->arena, published->hash);
    if (json.data == NULL || found.hash.data == NULL)
        return STATUS_NO_MEMORY;
    enum status status = rule_from_json(json, search->arena, &found.rule);
    if (status != STATUS_OK)
        return status == STATUS_NO_MEMORY ? status : STATUS_OK; /* of another version: nothing to go by */
    if (search->count < search->room)
        search->rules[search->count] = found;
    search->count++;
    return STATUS_OK;
}

enum status lookup_rule(struct store *store, struct span name, struct span hash, struct arena *arena,
                        struct rule *ret_rule, char ret_reason[256])
{
    struct lookup_rule found;
    struct rule_search search = {.arena = arena, .name = name, .hash = hash, .rules = &found, .room = 1};
    enum status status = store_rules(store, visit_rule, &search);
    if (status == STATUS_OK && search.count == 0) {
        (void)snprintf(ret_reason, 256, "the store does not hold the rule \"%.*s\" (%.*s) the episode was made by",
                       SPAN_ARG(name), SPAN_ARG(hash));
        status = STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK)
        *ret_rule = found.rule;
    return status;
}

enum status lookup_rules(struct store *store, struct arena *arena, struct lookup_rule **ret_rules, size_t *ret_count)
{
    struct rule_search search = {.arena = arena};
    enum status status = store_rules(store, visit_rule, &search);
    if (status != STATUS_OK)
        return status;
    search.room = search.count;
    search.rules = arena_zero(arena, (search.room + 1) * sizeof *search.rules);
    if (search.rules == NULL)
        return STATUS_NO_MEMORY;
    search.count = 0;
    status = store_rules(store, visit_rule, &search);
    if (status == STATUS_OK) {
        *ret_rules = search.rules;
        *ret_count = search.count < search.room ? search.count : search.room;
    }
    return status;
}
