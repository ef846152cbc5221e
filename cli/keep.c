#include "cli/keep.h"

#include "base/status.h"

#include <stdlib.h>

/* A copier that fails once and for all: what follows a failure copies nothing. */
struct keeper {
    struct arena *arena;
    bool failed;
};

static struct span keep_span(struct keeper *keeper, struct span span)
{
    if (span.size == 0 || keeper->failed)
        return (struct span){NULL, 0};
    struct span copy = arena_copy(keeper->arena, span);
    keeper->failed = copy.data == NULL;
    return copy;
}

static void *keep_array(struct keeper *keeper, const void *items, size_t count, size_t item_size)
{
    if (count == 0 || keeper->failed)
        return NULL;
    void *copy = arena_take(keeper->arena, count * item_size);
    if (copy == NULL)
        keeper->failed = true;
    else
        memcpy(copy, items, count * item_size);
    return copy;
}

static void keep_report(struct keeper *keeper, struct report *report)
{
    report->source = keep_span(keeper, report->source);
    report->source_id = keep_span(keeper, report->source_id);
    report->place.name = keep_span(keeper, report->place.name);
    report->publisher = keep_span(keeper, report->publisher);
    report->headline = keep_span(keeper, report->headline);
    report->url = keep_span(keeper, report->url);
    report->language = keep_span(keeper, report->language);
    report->countries = keep_array(keeper, report->countries, report->country_count, sizeof *report->countries);
    struct attribute *attributes =
        keep_array(keeper, report->attributes, report->attribute_count, sizeof *report->attributes);
    for (size_t i = 0; attributes != NULL && i < report->attribute_count; i++) {
        attributes[i].key = keep_span(keeper, attributes[i].key);
        attributes[i].value = keep_span(keeper, attributes[i].value);
    }
    report->attributes = attributes;
}

static struct incident *keep_incident_with(struct keeper *keeper, const struct incident *incident)
{
    struct incident *copy = keep_array(keeper, incident, 1, sizeof *incident);
    if (copy == NULL)
        return NULL;
    copy->id = keep_span(keeper, copy->id);
    struct report *reports = keep_array(keeper, copy->reports, copy->report_count, sizeof *reports);
    for (size_t i = 0; reports != NULL && i < copy->report_count; i++)
        keep_report(keeper, &reports[i]);
    copy->reports = reports;
    return copy;
}

const struct incident *keep_incident(struct arena *arena, const struct incident *incident)
{
    struct keeper keeper = {.arena = arena};
    struct incident *copy = keep_incident_with(&keeper, incident);
    return keeper.failed ? NULL : copy;
}

static void keep_episode_fields(struct keeper *keeper, struct episode *episode)
{
    episode->id = keep_span(keeper, episode->id);
    episode->title = keep_span(keeper, episode->title);
    episode->rule = keep_span(keeper, episode->rule);
    episode->rule_hash = keep_span(keeper, episode->rule_hash);
    episode->baseline_hash = keep_span(keeper, episode->baseline_hash);
    episode->continues = keep_span(keeper, episode->continues);
    episode->cause = keep_span(keeper, episode->cause);
    episode->superseded_by = keep_span(keeper, episode->superseded_by);
    episode->countries = keep_array(keeper, episode->countries, episode->country_count, sizeof *episode->countries);
    struct span *supersedes =
        keep_array(keeper, episode->supersedes, episode->supersedes_count, sizeof *episode->supersedes);
    for (size_t i = 0; supersedes != NULL && i < episode->supersedes_count; i++)
        supersedes[i] = keep_span(keeper, supersedes[i]);
    episode->supersedes = supersedes;
    struct episode_member *members =
        keep_array(keeper, episode->members, episode->member_count, sizeof *episode->members);
    for (size_t i = 0; members != NULL && i < episode->member_count; i++)
        members[i].incident_id = keep_span(keeper, members[i].incident_id);
    episode->members = members;
}

struct kept_episode *keep_episode(struct arena *arena, const struct episode *episode,
                                  const struct incident *const *incidents)
{
    struct keeper keeper = {.arena = arena};
    struct kept_episode *kept = arena_zero(arena, sizeof *kept);
    const struct incident **copies = arena_zero(arena, (episode->member_count + 1) * sizeof *copies);
    if (kept == NULL || copies == NULL)
        return NULL;
    kept->episode = *episode;
    kept->incidents = copies;
    keep_episode_fields(&keeper, &kept->episode);
    for (size_t i = 0; incidents != NULL && i < episode->member_count; i++) {
        if (incidents[i] != NULL)
            copies[i] = keep_incident_with(&keeper, incidents[i]);
    }
    return keeper.failed ? NULL : kept;
}

enum status kept_list_visit(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    struct kept_list *list = self;
    if (list->count == list->room) {
        size_t room = list->room > 0 ? list->room * 2 : 64;
        struct kept_episode **episodes = realloc(list->episodes, room * sizeof(struct kept_episode *));
        if (episodes == NULL)
            return STATUS_NO_MEMORY;
        list->episodes = episodes;
        list->room = room;
    }
    struct kept_episode *kept = keep_episode(list->arena, episode, incidents);
    if (kept == NULL)
        return STATUS_NO_MEMORY;
    list->episodes[list->count++] = kept;
    return STATUS_OK;
}

void kept_list_fini(struct kept_list *list)
{
    free(list->episodes);
    *list = (struct kept_list){.arena = list->arena};
}
