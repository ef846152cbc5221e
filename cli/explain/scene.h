/* The scene of an explanation: the incidents a store holds of a time, the episodes of one rule among them, and what the
 * rule makes of them by itself.
 *
 *   store ─▶ incidents ─▶ items ─▶ graph ─▶ partition      what the rule makes of them now
 *         └▶ episodes of the rule ─▶ item.episode           what was published, and K and h of its members
 *
 * The two agree unless something came too late, was evicted, or was made by another version: then the explanation says
 * so. Incidents are those of the store as it is now. */
#pragma once

#include "base/arena.h"
#include "cli/explain/partition.h"
#include "cli/keep.h"
#include "correlator/baseline/baseline.h"
#include "correlator/engine/rule.h"
#include "sink/store.h"

#include <uthash.h>

struct scene_item {
    const struct incident *incident;
    struct engine_incident engine; /* .user is the item itself */
    bool is_live;                  /* takes part in correlation */
    bool is_triggering;            /* under the rule */
    bool is_coarse;
    uint32_t node; /* of the graph; GRAPH_NONE: does not trigger */
    /* As published: */
    const struct episode *episode; /* of the rule, that it is core of or attached to; NULL: none */
    enum membership membership;    /* there */
    bool has_threshold;            /* K is known */
    uint32_t threshold;
    bool has_history; /* h is known */
    uint32_t history;
    UT_hash_handle hh; /* by id */
};

/* Where K and h come from. */
enum scene_baseline {
    SCENE_UNCALIBRATED, /* K is the rule's min_neighbours */
    SCENE_PUBLISHED,    /* the episodes carry those of their members; of what is in none nothing is known … */
    SCENE_FILE,         /* … but what the baseline's file says */
};

struct scene {
    struct arena arena;
    struct rule rule; /* what it points to is the caller's, its baseline too */
    enum scene_baseline baseline;
    struct scene_item *items;
    size_t item_count, item_room;
    struct scene_item *by_id;
    const struct episode **episodes;
    size_t episode_count, episode_room;
    struct graph *graph; /* NULL: too many incidents to measure */
    uint32_t *thresholds;
    struct partition *partition; /* NULL: too dense for it */
};

/* rule_hash: of the episodes that count. rule->baseline: the file's, or NULL. Zero the scene before the first time;
 * opening it again lets go of what it held. */
enum status scene_open(struct scene *scene, struct store *store, const struct rule *rule, struct span rule_hash,
                       int64_t since_ms, int64_t until_ms) MUST_CHECK;
void scene_close(struct scene *scene);

/* NULL: not there. */
struct scene_item *scene_find(const struct scene *scene, struct span id);
struct scene_item *scene_item_of(const struct scene *scene, uint32_t node);
/* Does the rule make exactly this episode of the scene: same id, cores and attached? O(items). */
bool scene_makes(const struct scene *scene, const struct episode *episode);
/* Does it make all that are stored of this time? O(items) an episode. */
bool scene_makes_all(const struct scene *scene, int64_t from_ms, int64_t to_ms);
