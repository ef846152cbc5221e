#include "cli/story.h"

#include "cli/keep.h"
#include "cli/nearness.h"
#include "cli/wording.h"
#include "correlator/rule_config.h"

#include <stdlib.h>
#include <uthash.h>

#define NAME_BYTES (2 * WORDS_BYTES + 8)
#define JOINED_MAX 6u /* sentences about single members of one revision; the rest are counted */

struct known_incident {
    UT_hash_handle hh;
    const struct incident *incident; /* as told last; a copy that never changes */
};

struct known_episode {
    UT_hash_handle hh;
    const struct kept_episode *episode; /* with its incidents as they were then */
    bool told;                          /* it was flagged once */
};

struct known_rule {
    UT_hash_handle hh;
    struct span name;
    struct rule rule;
};

struct story {
    struct zone *zone;
    struct arena arena;
    struct known_incident *incidents;
    struct known_episode *episodes;
    struct known_rule *rules;
};

/* One revision beside the one before it. */
struct scene {
    struct story *story;
    const struct kept_episode *before; /* NULL: none */
    const struct kept_episode *now;
    const struct rule *rule; /* NULL: unknown */
    int64_t told_ms;         /* when the news was told: the latest of what changed */
    struct text *lines;
    size_t sentences;
};

enum status story_new(struct zone *zone, struct story **ret_story)
{
    struct story *story = calloc(1, sizeof *story);
    if (story == NULL)
        return STATUS_NO_MEMORY;
    story->zone = zone;
    arena_init(&story->arena, SIZE_MAX);
    *ret_story = story;
    return STATUS_OK;
}

void story_free(struct story *story)
{
    if (story == NULL)
        return;
    HASH_CLEAR(hh, story->incidents);
    HASH_CLEAR(hh, story->episodes);
    HASH_CLEAR(hh, story->rules);
    arena_fini(&story->arena);
    free(story);
}

/* --- what is known --- */

static const struct incident *find_incident(const struct story *story, struct span id)
{
    struct known_incident *known = NULL;
    HASH_FIND(hh, story->incidents, id.data, id.size, known);
    return known != NULL ? known->incident : NULL;
}

/* A retraction may say no more than its status: what was known of the incident stays, with that status. */
static const struct incident *retracted(struct arena *arena, const struct incident *known, const struct incident *told)
{
    struct incident incident = *known;
    struct report report = known->reports[0];
    report.status = told->reports[0].status;
    report.revision = told->reports[0].revision;
    report.reported_at_ms = told->reports[0].reported_at_ms;
    incident.reports = &report;
    incident.report_count = 1;
    return keep_incident(arena, &incident);
}

static enum status learn_incident(struct story *story, const struct publication *publication)
{
    const struct incident *told = &publication->incident;
    struct known_incident *known = NULL;
    HASH_FIND(hh, story->incidents, told->id.data, told->id.size, known);
    bool bare = publication->kind == PUBLICATION_RETRACTED && known != NULL;
    const struct incident *copy =
        bare ? retracted(&story->arena, known->incident, told) : keep_incident(&story->arena, told);
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    if (known == NULL) {
        known = arena_zero(&story->arena, sizeof *known);
        if (known == NULL)
            return STATUS_NO_MEMORY;
        HASH_ADD_KEYPTR(hh, story->incidents, copy->id.data, copy->id.size, known);
    }
    known->incident = copy;
    return STATUS_OK;
}

static enum status learn_rule(struct story *story, const struct published_rule *told)
{
    struct known_rule *known = NULL;
    struct rule rule;
    enum status status = rule_from_json(told->json, &story->arena, &rule);
    if (status != STATUS_OK)
        return status == STATUS_NO_MEMORY ? status : STATUS_OK; /* of another version: told without its limits */
    HASH_FIND(hh, story->rules, told->name.data, told->name.size, known);
    if (known == NULL) {
        known = arena_zero(&story->arena, sizeof *known);
        if (known == NULL)
            return STATUS_NO_MEMORY;
        known->name = arena_copy(&story->arena, told->name);
        HASH_ADD_KEYPTR(hh, story->rules, known->name.data, known->name.size, known);
    }
    known->rule = rule;
    return STATUS_OK;
}

/* --- sentences --- */

/* Begins a line: the time; its end follows with end_sentence. */
static void begin_sentence(struct scene *scene)
{
    char time[TIME_TEXT_BYTES];
    zone_format_short(scene->story->zone, scene->told_ms, ZONE_MINUTE, time);
    text_print(scene->lines, "%s  ", time);
    scene->sentences++;
}

static void end_sentence(struct scene *scene)
{
    const struct episode *now = &scene->now->episode;
    char countries[512];
    words_countries(now->countries, now->country_count, ", ", countries, sizeof countries);
    const char *state = now->state == EPISODE_FLAGGED ? "now" : episode_state_name(now->state);
    text_print(scene->lines, "  (%.*s, %s %s)\n", SPAN_ARG(now->rule), state, countries);
}

/* "Poland"; "Poland (Wyryki)" where the country alone would not tell it from the other. */
static void name_member(const struct incident *incident, const struct incident *other, char ret_name[NAME_BYTES])
{
    char where[WORDS_BYTES], other_where[WORDS_BYTES] = "", place[WORDS_BYTES];
    words_where(incident, where);
    if (other != NULL)
        words_where(other, other_where);
    words_place(&incident->reports[0], place);
    if (other != NULL && strcmp(where, other_where) == 0 && strcmp(where, place) != 0)
        (void)snprintf(ret_name, NAME_BYTES, "%s (%s)", where, place);
    else
        (void)snprintf(ret_name, NAME_BYTES, "%s", where);
}

static bool is_member(const struct kept_episode *episode, size_t index)
{
    enum membership membership = episode->episode.members[index].membership;
    return membership == MEMBERSHIP_CORE || membership == MEMBERSHIP_ATTACHED;
}

/* The member nearest to it under the rule, but for itself; NULL where there is none. */
static const struct incident *nearest_member(const struct scene *scene, const struct kept_episode *episode,
                                             const struct incident *incident, struct nearness *ret_nearness)
{
    const struct incident *nearest = NULL;
    for (size_t i = 0; i < episode->episode.member_count; i++) {
        const struct incident *other = episode->incidents[i];
        if (other == NULL || !is_member(episode, i) || span_equal(other->id, incident->id))
            continue;
        struct nearness nearness = nearness_between(scene->rule, other, incident);
        if (nearest == NULL || nearness.share < ret_nearness->share) {
            nearest = other;
            *ret_nearness = nearness;
        }
    }
    return nearest;
}

static void tell_gap(struct scene *scene, const struct nearness *nearness, const char *between)
{
    char distance[WORDS_BYTES], gap[DURATION_TEXT_BYTES];
    words_distance(nearness->distance_km, distance);
    duration_words(nearness->gap_ms, gap);
    if (nearness->gap_ms > 0)
        text_print(scene->lines, "%s and %s %s", distance, gap, between);
    else
        text_print(scene->lines, "%s %s", distance, between);
}

static void tell_joined(struct scene *scene, size_t index)
{
    const struct incident *incident = scene->now->incidents[index];
    enum membership membership = scene->now->episode.members[index].membership;
    char name[NAME_BYTES], other_name[NAME_BYTES];
    begin_sentence(scene);
    if (!is_member(scene->now, index)) {
        words_where(incident, name);
        text_print(scene->lines, "%s: %s, as %s", name, category_one(incident->reports[0].category),
                   membership_name(membership));
        end_sentence(scene);
        return;
    }
    struct nearness nearness = {0};
    const struct incident *nearest = nearest_member(scene, scene->before, incident, &nearness);
    if (nearest == NULL)
        nearest = nearest_member(scene, scene->now, incident, &nearness);
    name_member(incident, nearest, name);
    text_print(scene->lines, "%s joined", name);
    if (nearest != NULL) {
        name_member(nearest, incident, other_name);
        text_print(scene->lines, ": ");
        tell_gap(scene, &nearness, "from");
        text_print(scene->lines, " %s%s", other_name, nearness.gap_ms > 0 ? "" : ", at the same time");
    }
    end_sentence(scene);
}

static void tell_left(struct scene *scene, const struct incident *was)
{
    const struct incident *is = find_incident(scene->story, was->id);
    enum report_status status = is != NULL ? is->reports[0].status : was->reports[0].status;
    char name[NAME_BYTES];
    name_member(was, scene->now->episode.member_count > 0 ? scene->now->incidents[0] : NULL, name);
    begin_sentence(scene);
    if (status == REPORT_RETRACTED)
        text_print(scene->lines, "%s left: its source takes it back", name);
    else if (status == REPORT_EXPLAINED)
        text_print(scene->lines, "%s left: it was not what it seemed", name);
    else if (is != was)
        text_print(scene->lines, "%s left: corrected, it is no longer near", name);
    else
        text_print(scene->lines, "%s left: its neighbours are gone, or nearer to others", name);
    end_sentence(scene);
}

static void tell_corrected(struct scene *scene, const struct incident *was, const struct incident *is)
{
    const struct report *old = &was->reports[0], *new = &is->reports[0];
    bool same_time = old->occurred.start_ms == new->occurred.start_ms && old->occurred.end_ms == new->occurred.end_ms;
    struct nearness moved = nearness_between(NULL, was, is);
    char name[NAME_BYTES], now[WORDS_BYTES], before[WORDS_BYTES], distance[WORDS_BYTES];
    name_member(is, NULL, name);
    words_interval(scene->story->zone, &old->occurred, before);
    words_interval(scene->story->zone, &new->occurred, now);
    words_distance(moved.distance_km, distance);
    if (same_time && moved.distance_km < 0.05 && old->status == new->status)
        return; /* words only */
    begin_sentence(scene);
    text_print(scene->lines, "%s corrected:", name);
    if (!same_time)
        text_print(scene->lines, " now %s, not %s;", now, before);
    if (moved.distance_km >= 0.05)
        text_print(scene->lines, " %s elsewhere;", distance);
    if (old->status != new->status)
        text_print(scene->lines, " %s;", report_status_name(new->status));
    scene->lines->data[--scene->lines->size] = '\0'; /* the last semicolon */
    end_sentence(scene);
}

/* --- revisions --- */

static void tell_opening(struct scene *scene)
{
    const struct episode *now = &scene->now->episode;
    begin_sentence(scene);
    text_print(scene->lines, "%.*s", SPAN_ARG(now->title));
    size_t members = 0;
    const struct incident *pair[2] = {NULL, NULL};
    for (size_t i = 0; i < now->member_count; i++) {
        if (is_member(scene->now, i) && members++ < 2)
            pair[members - 1] = scene->now->incidents[i];
    }
    if (members == 2 && pair[0] != NULL && pair[1] != NULL) {
        struct nearness nearness = nearness_between(scene->rule, pair[0], pair[1]);
        text_append(scene->lines, SPAN(", "));
        tell_gap(scene, &nearness, nearness.gap_ms > 0 ? "apart" : "apart at the same time");
    }
    end_sentence(scene);
}

static const struct incident *find_member(const struct kept_episode *episode, struct span id,
                                          enum membership *ret_membership)
{
    for (size_t i = 0; i < episode->episode.member_count; i++) {
        if (span_equal(episode->episode.members[i].incident_id, id)) {
            *ret_membership = episode->episode.members[i].membership;
            return episode->incidents[i];
        }
    }
    return NULL;
}

/* Those that belong to it first, then what came with them. */
static void tell_company(struct scene *scene)
{
    enum membership membership;
    for (size_t i = 0; i < scene->now->episode.member_count; i++) {
        const struct incident *is = scene->now->incidents[i];
        if (is != NULL && !is_member(scene->now, i) && find_member(scene->before, is->id, &membership) == NULL)
            tell_joined(scene, i);
    }
}

static void tell_members(struct scene *scene)
{
    size_t joined = 0;
    enum membership membership;
    for (size_t i = 0; i < scene->now->episode.member_count; i++) {
        const struct incident *is = scene->now->incidents[i];
        if (is == NULL)
            continue;
        const struct incident *was = find_member(scene->before, is->id, &membership);
        if (was != NULL && was != is)
            tell_corrected(scene, was, is);
        if (was == NULL && is_member(scene->now, i) && ++joined <= JOINED_MAX)
            tell_joined(scene, i);
    }
    if (joined > JOINED_MAX) {
        begin_sentence(scene);
        text_print(scene->lines, "and %zu more joined", joined - JOINED_MAX);
        end_sentence(scene);
    }
    tell_company(scene);
    for (size_t i = 0; i < scene->before->episode.member_count; i++) {
        const struct incident *was = scene->before->incidents[i];
        if (was != NULL && find_member(scene->now, was->id, &membership) == NULL)
            tell_left(scene, was);
    }
}

static void tell_merged(struct scene *scene)
{
    const struct episode *now = &scene->now->episode;
    size_t known = scene->before != NULL ? scene->before->episode.supersedes_count : 0;
    if (now->supersedes_count <= known || now->state == EPISODE_WITHDRAWN)
        return;
    begin_sentence(scene);
    char count[WORDS_BYTES];
    words_count(now->supersedes_count - known, "other episode", "other episodes", count);
    text_print(scene->lines, "%.*s: took in %s", SPAN_ARG(now->title), count);
    end_sentence(scene);
}

static void tell_ending(struct scene *scene)
{
    const struct episode *now = &scene->now->episode;
    begin_sentence(scene);
    text_print(scene->lines, "%s: %.*s (%.*s)", now->state == EPISODE_WITHDRAWN ? "Withdrawn" : "No longer flagged",
               SPAN_ARG(now->title), SPAN_ARG(now->cause));
    end_sentence(scene);
}

/* When the news came: the latest told of what joined, changed or left. */
static int64_t news_told_ms(const struct scene *scene)
{
    int64_t told_ms = TIME_NONE, latest_ms = TIME_NONE;
    enum membership membership;
    for (size_t i = 0; i < scene->now->episode.member_count; i++) {
        const struct incident *is = scene->now->incidents[i];
        if (is == NULL)
            continue;
        int64_t ms = incident_told_ms(is);
        bool is_news = scene->before == NULL || find_member(scene->before, is->id, &membership) != is;
        told_ms = is_news && ms > told_ms ? ms : told_ms;
        latest_ms = ms > latest_ms ? ms : latest_ms;
    }
    for (size_t i = 0; scene->before != NULL && i < scene->before->episode.member_count; i++) {
        const struct incident *was = scene->before->incidents[i];
        const struct incident *is = was != NULL ? find_incident(scene->story, was->id) : NULL;
        if (is != NULL && is != was && incident_told_ms(is) > told_ms)
            told_ms = incident_told_ms(is);
    }
    return told_ms != TIME_NONE ? told_ms : latest_ms;
}

static void tell_revision(struct scene *scene)
{
    bool was_flagged = scene->before != NULL && scene->before->episode.state == EPISODE_FLAGGED;
    bool is_flagged = scene->now->episode.state == EPISODE_FLAGGED;
    tell_merged(scene);
    if (!was_flagged && is_flagged && scene->before != NULL && scene->before->episode.state == EPISODE_CANDIDATE)
        tell_members(scene);
    else if (!was_flagged && is_flagged)
        tell_opening(scene);
    else if (was_flagged && !is_flagged)
        tell_ending(scene);
    else
        tell_members(scene);
    /* Flagged by a correction that needs no words of its own. */
    if (!was_flagged && is_flagged && scene->sentences == 0)
        tell_opening(scene);
}

static enum status tell_episode(struct story *story, const struct episode *told, struct text *lines)
{
    struct known_episode *known = NULL;
    struct kept_episode *now = keep_episode(&story->arena, told, NULL);
    if (now == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < told->member_count; i++)
        now->incidents[i] = find_incident(story, told->members[i].incident_id);
    HASH_FIND(hh, story->episodes, told->id.data, told->id.size, known);
    if (known == NULL) {
        known = arena_zero(&story->arena, sizeof *known);
        if (known == NULL)
            return STATUS_NO_MEMORY;
        HASH_ADD_KEYPTR(hh, story->episodes, now->episode.id.data, now->episode.id.size, known);
    }
    struct known_rule *rule = NULL;
    HASH_FIND(hh, story->rules, told->rule.data, told->rule.size, rule);
    struct scene scene = {.story = story,
                          .before = known->episode,
                          .now = now,
                          .rule = rule != NULL ? &rule->rule : NULL,
                          .lines = lines};
    scene.told_ms = news_told_ms(&scene);
    known->told |= told->state == EPISODE_FLAGGED;
    if (known->told)
        tell_revision(&scene);
    known->told &= told->state != EPISODE_WITHDRAWN;
    known->episode = now;
    return lines->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status story_tell(struct story *story, const struct publication *publication, struct text *lines)
{
    switch (publication->kind) {
    case PUBLICATION_INCIDENT:
    case PUBLICATION_RETRACTED:
        return learn_incident(story, publication);
    case PUBLICATION_RULE:
        return learn_rule(story, &publication->rule);
    case PUBLICATION_NOTICE: /* sources that are read from a file do not fall silent */
        return STATUS_OK;
    case PUBLICATION_EPISODE:
        return tell_episode(story, &publication->episode, lines);
    }
    return STATUS_OK;
}
