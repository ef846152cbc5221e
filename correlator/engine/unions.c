/* The capped union of method §4, over one connected component.
 *
 *   cores in order of (start, id):   a ─ b ─ c ─ d ─ …
 *   each: its earlier neighbours' parts, each once, the strongest link first ──▶ united if the caps allow
 *
 * A forest of parts; a root knows its span and its box, which only grow. Where the whole component is within the caps
 * no union can be refused, and it is one episode, whatever the order: O(n), the common case. Else O(links), and the
 * sort. */
#include "correlator/engine/ward.h"

#include <string.h>

static struct part part_of(const struct node *node)
{
    return (struct part){.count = 1,
                         .first_ms = node->start_ms,
                         .last_ms = node->end_ms,
                         .low = node->point,
                         .high = node->point,
                         .seen_by = NONE,
                         .episode = NONE};
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t greatest(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static void part_grow(struct part *part, const struct part *other)
{
    part->count += other->count;
    part->first_ms = part->first_ms < other->first_ms ? part->first_ms : other->first_ms;
    part->last_ms = part->last_ms > other->last_ms ? part->last_ms : other->last_ms;
    part->low = (struct point){least(part->low.x, other->low.x), least(part->low.y, other->low.y),
                               least(part->low.z, other->low.z)};
    part->high = (struct point){greatest(part->high.x, other->high.x), greatest(part->high.y, other->high.y),
                                greatest(part->high.z, other->high.z)};
}

static bool within_caps(const struct ward *ward, const struct part *part)
{
    return part->last_ms - part->first_ms <= ward->measure.rule.cap_duration_ms &&
           point_chord2(part->low, part->high) <= ward->measure.cap_extent2;
}

static uint32_t root_of(struct ward *ward, uint32_t at)
{
    struct part *parts = ward->parts.items;
    while (parts[at].parent != at) {
        parts[at].parent = parts[parts[at].parent].parent;
        at = parts[at].parent;
    }
    return at;
}

/* False: refused by the caps. */
static bool try_union(struct ward *ward, uint32_t at, uint32_t other)
{
    struct part *parts = ward->parts.items;
    uint32_t own = root_of(ward, at);
    struct part united = parts[own];
    part_grow(&united, &parts[other]);
    if (!within_caps(ward, &united))
        return false;
    uint32_t root = parts[own].count >= parts[other].count ? own : other;
    united.parent = root;
    parts[own].parent = parts[other].parent = root;
    parts[root] = united;
    return true;
}

static bool stronger(uint128 a, uint32_t a_at, uint128 b, uint32_t b_at)
{
    return a != b ? a < b : a_at < b_at;
}

/* A walk over the cores that are neighbours of one. */
struct core_walk {
    const struct ward *ward;
    const struct node *node;
    struct grid_walk walk;
    uint32_t next;
};

static struct core_walk core_walk_make(const struct ward *ward, const struct node *node)
{
    return (struct core_walk){ward, node, grid_around(&ward->grid, node->bucket, node->start_ms, node->end_ms), NONE};
}

static const struct node *core_walk_next(struct core_walk *walk)
{
    for (;;) {
        while (walk->next == NONE) {
            uint32_t bucket = grid_next(&walk->walk);
            if (bucket == NONE)
                return NULL;
            walk->next = walk->ward->grid.buckets.items[bucket].cores;
        }
        const struct node *node = node_at(walk->ward, walk->next);
        walk->next = node->next;
        if (node != walk->node && node_within(walk->ward, node, walk->node))
            return node;
    }
}

static uint128 link_strength(const struct ward *ward, const struct node *a, const struct node *b)
{
    return measure_strength(&ward->measure, point_chord2(a->point, b->point), node_gap(a, b));
}

/* The parts that hold an earlier neighbour of the core at `at`, strongest link first. */
static bool candidates_find(struct ward *ward, uint32_t at)
{
    struct part *parts = ward->parts.items;
    const struct node *node = node_at(ward, ward->component.items[at]);
    ward->candidates.count = 0;
    struct core_walk walk = core_walk_make(ward, node);
    for (const struct node *other = core_walk_next(&walk); other != NULL; other = core_walk_next(&walk)) {
        if (other->place >= at)
            continue;
        uint32_t root = root_of(ward, other->place);
        uint128 strength = link_strength(ward, node, other);
        if (parts[root].seen_by != at) {
            if (!vector_push(ward->memory, &ward->candidates, root))
                return false;
        } else if (!stronger(strength, other->place, parts[root].strength, parts[root].at)) {
            continue;
        }
        parts[root].seen_by = at;
        parts[root].strength = strength;
        parts[root].at = other->place;
    }
    /* Few: by insertion. */
    uint32_t *roots = ward->candidates.items;
    for (uint32_t i = 1; i < ward->candidates.count; i++) {
        uint32_t root = roots[i];
        uint32_t j = i;
        for (; j > 0 &&
               stronger(parts[root].strength, parts[root].at, parts[roots[j - 1]].strength, parts[roots[j - 1]].at);
             j--)
            roots[j] = roots[j - 1];
        roots[j] = root;
    }
    return true;
}

static bool after(const void *context, uint32_t a, uint32_t b)
{
    const struct ward *ward = context;
    return node_before(ward, node_at(ward, b), node_at(ward, a));
}

static bool component_order(struct ward *ward)
{
    uint32_t count = ward->component.count;
    if (!vector_reserve(ward->memory, &ward->scratch, count))
        return false;
    sort_indexes(ward->component.items, ward->scratch.items, count, after, ward);
    for (uint32_t i = 0; i < count; i++)
        node_at(ward, ward->component.items[i])->place = i;
    return true;
}

/* ---- from parts to episodes ---- */

static bool episode_add_core(struct ward *ward, uint32_t episode, uint32_t index)
{
    struct episode_record *record = &ward->episodes.items[episode];
    struct node *node = node_at(ward, index);
    node->episode = episode;
    record->capped = record->capped || node->ghost != NONE;
    if (node->end_ms > record->cores_end_ms)
        record->cores_end_ms = node->end_ms;
    return vector_push(ward->memory, &record->cores, index);
}

static bool episode_begin(struct ward *ward, uint32_t key, uint32_t ring, uint32_t *ret_episode)
{
    if (!episode_open(ward, key, ret_episode))
        return false;
    struct episode_record *record = &ward->episodes.items[*ret_episode];
    record->capped = false;
    record->cores_end_ms = INT64_MIN;
    record->sibling = *ret_episode;
    if (ring != NONE) {
        record->sibling = ward->episodes.items[ring].sibling;
        ward->episodes.items[ring].sibling = *ret_episode;
    }
    return true;
}

/* The episode that holds the strongest earlier neighbour of the key: one of its component, or one that has left. */
static void episode_continue(struct ward *ward, uint32_t episode, bool whole)
{
    struct episode_record *record = &ward->episodes.items[episode];
    const struct node *key = node_at(ward, ward_node(ward, record->key));
    const struct node *best = NULL;
    uint128 strength = 0;
    memset(record->continues, 0, sizeof(record->continues));
    struct core_walk walk = core_walk_make(ward, key);
    const struct node *other = whole ? NULL : core_walk_next(&walk); /* a whole component has none earlier */
    for (; other != NULL; other = core_walk_next(&walk)) {
        if (!node_before(ward, other, key))
            continue;
        uint128 link = link_strength(ward, key, other);
        if (best == NULL || link < strength || (link == strength && node_before(ward, other, best))) {
            best = other;
            strength = link;
        }
    }
    const struct ghost *ghost = key->ghost != NONE ? &ward->ghosts.items[key->ghost] : NULL;
    if (ghost != NULL && ghost->id != NULL) {
        struct engine_incident gone = {.id = {ghost->id, ghost->id_size}, .start_ms = ghost->start_ms};
        if (best == NULL || ghost->strength < strength ||
            (ghost->strength == strength && incident_before(&gone, node_incident(ward, best)))) {
            memcpy(record->continues, ghost->episode, sizeof(record->continues));
            return;
        }
    }
    if (best != NULL)
        memcpy(record->continues, ward->episodes.items[best->episode].id, sizeof(record->continues));
}

/* Capped: one of its cores has a neighbouring core in another. Where that is so, the later of the two was refused once,
 * and they were not united since. */
static void mark_capped(struct ward *ward)
{
    for (uint32_t i = 0; i < ward->refused.count; i++) {
        uint32_t one = ward->parts.items[root_of(ward, ward->refused.items[i].core)].episode;
        uint32_t other = ward->parts.items[root_of(ward, ward->refused.items[i].neighbour)].episode;
        if (one != other)
            ward->episodes.items[one].capped = ward->episodes.items[other].capped = true;
    }
}

static bool episodes_from_parts(struct ward *ward)
{
    uint32_t count = ward->component.count;
    uint32_t ring = NONE;
    for (uint32_t i = 0; i < count; i++) {
        struct part *root = &ward->parts.items[root_of(ward, i)];
        uint32_t index = ward->component.items[i];
        if (root->episode == NONE) {
            if (!episode_begin(ward, index, ring, &root->episode) || !episode_restate(ward, root->episode))
                return false;
            ring = root->episode;
        }
        if (!episode_add_core(ward, root->episode, index))
            return false;
    }
    mark_capped(ward);
    uint32_t episode = ring;
    do {
        episode_continue(ward, episode, false);
        episode = ward->episodes.items[episode].sibling;
    } while (episode != ring);
    return true;
}

static bool unite_by_parts(struct ward *ward)
{
    uint32_t count = ward->component.count;
    if (!component_order(ward) || !vector_reserve(ward->memory, &ward->parts, count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        ward->parts.items[i] = part_of(node_at(ward, ward->component.items[i]));
        ward->parts.items[i].parent = i;
    }
    ward->refused.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!candidates_find(ward, i))
            return false;
        for (uint32_t j = 0; j < ward->candidates.count; j++) {
            uint32_t other = ward->candidates.items[j];
            struct refusal refusal = {i, ward->parts.items[other].at};
            if (!try_union(ward, i, other) && !vector_push(ward->memory, &ward->refused, refusal))
                return false;
        }
    }
    return episodes_from_parts(ward);
}

static bool unite_whole(struct ward *ward, uint32_t key)
{
    uint32_t episode;
    if (!episode_begin(ward, key, NONE, &episode))
        return false;
    for (uint32_t i = 0; i < ward->component.count; i++) {
        if (!episode_add_core(ward, episode, ward->component.items[i]))
            return false;
    }
    episode_continue(ward, episode, true);
    return episode_restate(ward, episode);
}

bool unions_make(struct ward *ward)
{
    uint32_t key = ward->component.items[0];
    struct part whole = part_of(node_at(ward, key));
    for (uint32_t i = 1; i < ward->component.count; i++) {
        const struct node *node = node_at(ward, ward->component.items[i]);
        struct part part = part_of(node);
        part_grow(&whole, &part);
        if (node_before(ward, node, node_at(ward, key)))
            key = ward->component.items[i];
    }
    return within_caps(ward, &whole) ? unite_whole(ward, key) : unite_by_parts(ward);
}
