#include "cli/explain/scene.h"

#include "cli/nearness.h"
#include "correlator/engine/id.h"

#include <stdlib.h>

/* --- from the store --- */

static enum status visit_incident(void *self, const struct incident *incident, const struct span *episode_ids,
                                  size_t episode_count)
{
    (void)episode_ids, (void)episode_count;
    struct scene *scene = self;
    if (scene->item_count == scene->item_room) {
        size_t room = scene->item_room > 0 ? scene->item_room * 2 : 256;
        struct scene_item *items = realloc(scene->items, room * sizeof *items);
        if (items == NULL)
            return STATUS_NO_MEMORY;
        scene->items = items;
        scene->item_room = room;
    }
    struct scene_item item = {.incident = keep_incident(&scene->arena, incident), .node = GRAPH_NONE};
    if (item.incident == NULL)
        return STATUS_NO_MEMORY;
    item.is_live = incident_is_live(item.incident);
    if (item.is_live && !engine_incident_from(item.incident, &scene->arena, &item.engine))
        return STATUS_NO_MEMORY;
    scene->items[scene->item_count++] = item;
    return STATUS_OK;
}

struct episode_search {
    struct scene *scene;
    struct span rule_hash;
};

static enum status visit_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    struct episode_search *search = self;
    struct scene *scene = search->scene;
    if (!span_equal(episode->rule_hash, search->rule_hash))
        return STATUS_OK;
    if (scene->episode_count == scene->episode_room) {
        size_t room = scene->episode_room > 0 ? scene->episode_room * 2 : 64;
        const struct episode **episodes = realloc(scene->episodes, room * sizeof(const struct episode *));
        if (episodes == NULL)
            return STATUS_NO_MEMORY;
        scene->episodes = episodes;
        scene->episode_room = room;
    }
    struct kept_episode *kept = keep_episode(&scene->arena, episode, NULL);
    if (kept == NULL)
        return STATUS_NO_MEMORY;
    scene->episodes[scene->episode_count++] = &kept->episode;
    return STATUS_OK;
}

/* Of a time that has no episode the others of the rule say whether a baseline judged it. */
static enum status visit_elsewhere(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    struct episode_search *search = self;
    if (!episode->calibrated || !span_equal(episode->rule_hash, search->rule_hash))
        return STATUS_OK;
    search->scene->baseline = SCENE_PUBLISHED;
    return STATUS_EXISTS; /* one is enough */
}

static enum status look_elsewhere(struct store *store, struct episode_search *search)
{
    const struct scene *scene = search->scene;
    const struct store_filter all = {.with_candidates = true, .with_withdrawn = true, .rule = scene->rule.name};
    if (scene->episode_count > 0 || scene->rule.baseline != NULL)
        return STATUS_OK;
    enum status status = store_episodes(store, &all, visit_elsewhere, search);
    return status == STATUS_EXISTS ? STATUS_OK : status;
}

/* --- what was published of them --- */

static void note_members(struct scene *scene, const struct episode *episode)
{
    for (size_t i = 0; i < episode->member_count; i++) {
        const struct episode_member *member = &episode->members[i];
        struct scene_item *item = scene_find(scene, member->incident_id);
        if (item == NULL || (member->membership != MEMBERSHIP_CORE && member->membership != MEMBERSHIP_ATTACHED))
            continue;
        item->episode = episode;
        item->membership = member->membership;
        item->has_threshold = item->has_history = episode->calibrated && member->threshold > 0;
        item->threshold = member->threshold;
        item->history = member->history;
    }
}

/* Only now: the items no longer move. */
static void note_items(struct scene *scene)
{
    for (size_t i = 0; i < scene->item_count; i++) {
        struct scene_item *item = &scene->items[i];
        item->engine.user = item;
        HASH_ADD_KEYPTR(hh, scene->by_id, item->incident->id.data, item->incident->id.size, item);
    }
    for (size_t i = 0; i < scene->episode_count; i++) {
        note_members(scene, scene->episodes[i]);
        if (scene->episodes[i]->calibrated)
            scene->baseline = SCENE_PUBLISHED;
    }
    if (scene->rule.baseline != NULL)
        scene->baseline = SCENE_FILE;
}

/* --- what the rule makes of them --- */

static enum status make_graph(struct scene *scene)
{
    struct measure measure;
    const struct engine_incident **triggers = calloc(scene->item_count + 1, sizeof(const struct engine_incident *));
    if (triggers == NULL)
        return STATUS_NO_MEMORY;
    size_t count = 0;
    enum status status = measure_init(&measure, &scene->rule);
    for (size_t i = 0; status == STATUS_OK && i < scene->item_count; i++) {
        struct scene_item *item = &scene->items[i];
        if (!item->is_live)
            continue;
        item->is_triggering = measure_triggers(&measure, &item->engine);
        item->is_coarse = measure_coarse(&measure, &item->engine);
        if (item->is_triggering)
            triggers[count++] = &item->engine;
    }
    if (status == STATUS_OK)
        status = graph_new(&scene->rule, triggers, count, &scene->graph);
    free(triggers);
    return status;
}

/* What was published stands: an episode may be of an earlier baseline, or of none. */
static void find_threshold(const struct scene *scene, struct scene_item *item)
{
    const struct baseline_rule *baseline = scene->rule.baseline;
    bool is_uncalibrated =
        scene->baseline == SCENE_UNCALIBRATED || (item->episode != NULL && !item->episode->calibrated);
    if (item->has_threshold || item->is_coarse)
        return;
    if (is_uncalibrated) {
        item->has_threshold = true;
        item->threshold = scene->rule.min_neighbours;
    } else if (baseline != NULL) {
        item->has_threshold = item->has_history = true;
        item->history = baseline_history(baseline, baseline_cell_of(baseline, item->engine.point));
        item->threshold = baseline_threshold(baseline, item->history, item->engine.end_ms - item->engine.start_ms);
    }
}

static enum status make_partition(struct scene *scene)
{
    scene->thresholds = calloc((size_t)scene->graph->count + 1, sizeof *scene->thresholds);
    if (scene->thresholds == NULL)
        return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < scene->graph->count; i++) {
        struct scene_item *item = scene_item_of(scene, i);
        item->node = i;
        find_threshold(scene, item);
        scene->thresholds[i] = item->has_threshold ? item->threshold : THRESHOLD_UNKNOWN;
    }
    if (!graph_has_pairs(scene->graph))
        return STATUS_OK;
    return partition_new(scene->graph, scene->thresholds, &scene->partition);
}

enum status scene_open(struct scene *scene, struct store *store, const struct rule *rule, struct span rule_hash,
                       int64_t since_ms, int64_t until_ms)
{
    const struct store_filter incidents = {
        .with_candidates = true, .with_withdrawn = true, .since_ms = since_ms, .until_ms = until_ms};
    const struct store_filter episodes = {
        .with_candidates = true, .rule = rule->name, .since_ms = since_ms, .until_ms = until_ms};
    struct episode_search search = {scene, rule_hash};
    scene_close(scene);
    scene->rule = *rule;
    arena_init(&scene->arena, SIZE_MAX);
    enum status status = store_incidents(store, &incidents, visit_incident, scene);
    if (status == STATUS_OK)
        status = store_episodes(store, &episodes, visit_episode, &search);
    if (status == STATUS_OK)
        status = look_elsewhere(store, &search);
    if (status != STATUS_OK)
        return status;
    note_items(scene);
    status = make_graph(scene);
    if (status == STATUS_OK)
        status = make_partition(scene);
    return status == STATUS_FULL ? STATUS_OK : status; /* without a graph */
}

void scene_close(struct scene *scene)
{
    partition_free(scene->partition);
    graph_free(scene->graph);
    free(scene->thresholds);
    HASH_CLEAR(hh, scene->by_id);
    free(scene->items);
    free(scene->episodes);
    arena_fini(&scene->arena);
    *scene = (struct scene){0};
}

struct scene_item *scene_find(const struct scene *scene, struct span id)
{
    struct scene_item *item = NULL;
    HASH_FIND(hh, scene->by_id, id.data, id.size, item);
    return item;
}

struct scene_item *scene_item_of(const struct scene *scene, uint32_t node)
{
    return node == GRAPH_NONE ? NULL : scene->graph->nodes[node].incident->user;
}

/* --- the two compared --- */

bool scene_makes(const struct scene *scene, const struct episode *episode)
{
    char id[EPISODE_ID_BYTES];
    uint32_t key = GRAPH_NONE;
    size_t published = 0, made = 0;
    if (scene->partition == NULL || episode->state == EPISODE_WITHDRAWN || episode->members_omitted > 0)
        return false;
    for (size_t i = 0; i < episode->member_count; i++) {
        const struct episode_member *member = &episode->members[i];
        if (member->membership != MEMBERSHIP_CORE && member->membership != MEMBERSHIP_ATTACHED)
            continue;
        const struct scene_item *item = scene_find(scene, member->incident_id);
        uint32_t of = item != NULL ? partition_key(scene->partition, item->node) : GRAPH_NONE;
        if (of == GRAPH_NONE || (published++ > 0 && of != key) ||
            scene->partition->is_core[item->node] != (member->membership == MEMBERSHIP_CORE))
            return false;
        key = of;
    }
    for (uint32_t i = 0; i < scene->graph->count; i++)
        made += key != GRAPH_NONE && partition_key(scene->partition, i) == key;
    if (made == 0 || made != published)
        return false;
    const struct engine_incident *first = scene->graph->nodes[key].incident;
    episode_id_write(id, first->start_ms, scene->rule.name, first->id);
    return span_equal(span_of(id), episode->id);
}

bool scene_makes_all(const struct scene *scene, int64_t from_ms, int64_t to_ms)
{
    for (size_t i = 0; i < scene->episode_count; i++) {
        const struct episode *episode = scene->episodes[i];
        if (episode->last_ms >= from_ms && episode->first_ms <= to_ms && !scene_makes(scene, episode))
            return false;
    }
    return true;
}
