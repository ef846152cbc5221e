/* What was disturbed, in groups: new cores, and the episodes of all they are connected to.
 *
 *   lost a core ──▶ its component: retired whole, its cores are new
 *   new cores ──bucket by bucket──▶ new cores around, one group
 *         └──▶ told ones around: the ring of their episode joins the group, unlooked at ──▶ unions.c
 *
 * All cores of one bucket are neighbours, so the search goes over buckets: two of them are joined by the first pair of
 * cores within reach and window. Only new cores are searched from; groups that meet are united. */
#include "correlator/engine/ward.h"

static struct bucket *bucket_at(const struct ward *ward, uint32_t index)
{
    return &ward->grid.buckets.items[index];
}

static struct fresh_bucket *fresh_at(const struct ward *ward, const struct bucket *bucket)
{
    return bucket->fresh != NONE ? &ward->fresh.items[bucket->fresh] : NULL;
}

static uint32_t group_root(struct ward *ward, uint32_t group)
{
    struct group *groups = ward->groups.items;
    while (groups[group].parent != group) {
        groups[group].parent = groups[groups[group].parent].parent;
        group = groups[group].parent;
    }
    return group;
}

static void groups_unite(struct ward *ward, uint32_t one, uint32_t other)
{
    uint32_t root = group_root(ward, one);
    uint32_t child = group_root(ward, other);
    bool whole = ward->groups.items[root].whole && ward->groups.items[child].whole;
    ward->groups.items[child].parent = root;
    ward->groups.items[root].whole = whole;
}

/* The first core of a bucket that was told in an episode: all such are of one component. */
static uint32_t bucket_episode(const struct ward *ward, const struct bucket *bucket)
{
    for (uint32_t i = bucket->cores; i != NONE; i = node_at(ward, i)->next) {
        if (node_at(ward, i)->episode != NONE)
            return node_at(ward, i)->episode;
    }
    return NONE;
}

static bool ring_join(struct ward *ward, uint32_t group, uint32_t episode)
{
    struct episode_record *records = ward->episodes.items;
    if (records[episode].group != NONE) {
        groups_unite(ward, group, records[episode].group);
        return true;
    }
    uint32_t root = group_root(ward, group);
    if (records[episode].sibling != episode)
        ward->groups.items[root].whole = false;
    uint32_t at = episode;
    do {
        records[at].group = root;
        if (!vector_push(ward->memory, &ward->gathered, at))
            return false;
        at = records[at].sibling;
    } while (at != episode);
    return true;
}

/* Is a new core of one a neighbour of a core of the other? */
static bool buckets_joined(const struct ward *ward, const struct bucket *from, const struct bucket *to)
{
    for (uint32_t i = fresh_at(ward, from)->first; i != NONE; i = node_at(ward, i)->place) {
        for (uint32_t j = to->cores; j != NONE; j = node_at(ward, j)->next) {
            if (node_within(ward, node_at(ward, i), node_at(ward, j)))
                return true;
        }
    }
    return false;
}

static bool bucket_visit(struct ward *ward, uint32_t group, uint32_t index)
{
    const struct bucket *bucket = bucket_at(ward, index);
    uint32_t episode = bucket_episode(ward, bucket);
    fresh_at(ward, bucket)->group = group;
    return (episode == NONE || ring_join(ward, group, episode)) && vector_push(ward->memory, &ward->queue, index);
}

static bool bucket_meet(struct ward *ward, uint32_t group, const struct bucket *from, uint32_t to)
{
    const struct bucket *other = bucket_at(ward, to);
    const struct fresh_bucket *fresh = fresh_at(ward, other);
    uint32_t episode = fresh != NULL ? NONE : bucket_episode(ward, other);
    uint32_t known = fresh != NULL ? fresh->group : episode != NONE ? ward->episodes.items[episode].group : NONE;
    if ((known != NONE && group_root(ward, known) == group_root(ward, group)) || !buckets_joined(ward, from, other))
        return true;
    if (fresh == NULL)
        return ring_join(ward, group, episode);
    if (known == NONE)
        return bucket_visit(ward, group, to);
    groups_unite(ward, group, known);
    return true;
}

static bool group_gather(struct ward *ward, uint32_t bucket)
{
    uint32_t group = ward->groups.count;
    ward->queue.count = 0;
    if (!vector_push(ward->memory, &ward->groups, ((struct group){group, NONE, NONE, true})) ||
        !bucket_visit(ward, group, bucket))
        return false;
    for (uint32_t i = 0; i < ward->queue.count; i++) {
        const struct bucket *from = bucket_at(ward, ward->queue.items[i]);
        int64_t start_ms = node_at(ward, fresh_at(ward, from)->first)->start_ms;
        struct grid_walk walk;
        grid_around_bucket(&ward->grid, ward->queue.items[i], start_ms, &walk);
        for (uint32_t to = grid_next(&walk); to != NONE; to = grid_next(&walk)) {
            if (bucket_at(ward, to)->cores != NONE && !bucket_meet(ward, group, from, to))
                return false;
        }
    }
    return true;
}

static bool seeds_find(struct ward *ward)
{
    ward->seeds.count = 0;
    for (uint32_t i = 0; i < ward->changed.count; i++) {
        uint32_t index = ward->changed.items[i];
        const struct node *node = node_at(ward, index);
        if (node->settled && !node_is_core(node) && node->episode != NONE && !episode_retire_ring(ward, node->episode))
            return false;
        if (node_is_core(node) && !node->settled && !vector_push(ward->memory, &ward->seeds, index))
            return false;
    }
    for (uint32_t i = 0; i < ward->seeds.count; i++) {
        struct node *node = node_at(ward, ward->seeds.items[i]);
        struct bucket *bucket = bucket_at(ward, node->bucket);
        if (bucket->fresh == NONE) {
            bucket->fresh = ward->fresh.count;
            if (!vector_push(ward->memory, &ward->fresh, ((struct fresh_bucket){node->bucket, NONE, NONE})))
                return false;
        }
        struct fresh_bucket *fresh = fresh_at(ward, bucket);
        node->place = fresh->first;
        fresh->first = ward->seeds.items[i];
    }
    return true;
}

static bool groups_find(struct ward *ward)
{
    ward->groups.count = ward->gathered.count = 0;
    for (uint32_t i = 0; i < ward->seeds.count; i++) {
        uint32_t bucket = node_at(ward, ward->seeds.items[i])->bucket;
        if (fresh_at(ward, bucket_at(ward, bucket))->group == NONE && !group_gather(ward, bucket))
            return false;
    }
    for (uint32_t i = 0; i < ward->seeds.count; i++) {
        struct node *node = node_at(ward, ward->seeds.items[i]);
        uint32_t root = group_root(ward, fresh_at(ward, bucket_at(ward, node->bucket))->group);
        struct group *group = &ward->groups.items[root];
        node->place = group->cores;
        group->cores = ward->seeds.items[i];
    }
    for (uint32_t i = 0; i < ward->gathered.count; i++) {
        struct episode_record *record = &ward->episodes.items[ward->gathered.items[i]];
        struct group *group = &ward->groups.items[group_root(ward, record->group)];
        record->group_next = group->records;
        group->records = ward->gathered.items[i];
    }
    return true;
}

static bool group_unite(struct ward *ward, const struct group *group)
{
    ward->component.count = ward->siblings.count = 0;
    for (uint32_t i = group->cores, next; i != NONE; i = next) {
        next = node_at(ward, i)->place;
        node_at(ward, i)->place = NONE;
        if (!vector_push(ward->memory, &ward->component, i))
            return false;
    }
    for (uint32_t i = group->records; i != NONE; i = ward->episodes.items[i].group_next) {
        if (!vector_push(ward->memory, &ward->siblings, i))
            return false;
    }
    return unions_make(ward, group->whole);
}

bool components_update(struct ward *ward)
{
    if (!seeds_find(ward) || !groups_find(ward))
        return false;
    for (uint32_t i = 0; i < ward->fresh.count; i++)
        bucket_at(ward, ward->fresh.items[i].bucket)->fresh = NONE;
    ward->fresh.count = 0;
    for (uint32_t i = 0; i < ward->groups.count; i++) {
        if (ward->groups.items[i].parent == i && !group_unite(ward, &ward->groups.items[i]))
            return false;
    }
    for (uint32_t i = 0; i < ward->disturbed.count; i++) {
        const struct node *node = node_at(ward, ward->disturbed.items[i]);
        if (node_is_core(node) && !episode_restate(ward, node->episode))
            return false;
    }
    for (uint32_t i = 0; i < ward->gathered.count; i++)
        ward->episodes.items[ward->gathered.items[i]].group = NONE;
    ward->disturbed.count = 0;
    return true;
}
