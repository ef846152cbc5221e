/* The ring of a component's episodes, and which of them continues which.
 *
 *   siblings that stand + episodes opened ──▶ one ring
 *   key ──its strongest earlier neighbour──▶ a core in memory (`continued`): the episode that holds it now
 *                                        └─▶ one that left (ghost): the episode it left with
 *
 * A walk around each new key; for the others a look-up. */
#include "correlator/engine/core_walk.h"

static bool stronger(const struct ward *ward, uint128 strength, const struct node *node, uint128 than,
                     const struct node *other)
{
    return strength != than ? strength < than : node_before(ward, node, other);
}

/* alone: the only one of its component, whose key has no earlier neighbours but ghosts. */
static void continued_find(struct ward *ward, struct episode_record *record, bool alone)
{
    const struct node *key = node_at(ward, record->cores.items[0]);
    uint128 strength = 0;
    record->continued = NONE;
    record->continues = (struct episode_id){0};
    struct core_walk walk;
    core_walk_begin(&walk, ward, key);
    uint32_t i = alone ? NONE : core_walk_next(&walk);
    for (; i != NONE; i = core_walk_next(&walk)) {
        const struct node *other = node_at(ward, i);
        if (!node_before(ward, other, key))
            continue;
        uint128 link = link_strength(ward, key, other);
        if (record->continued != NONE && !stronger(ward, link, other, strength, node_at(ward, record->continued)))
            continue;
        record->continued = i;
        strength = link;
    }
    const struct ghost *ghost = key->haunted ? &ward->ghosts.items[key->ghost] : NULL;
    if (ghost == NULL || ghost->id == NULL)
        return;
    if (record->continued != NONE) {
        struct engine_incident gone = {.id = {ghost->id, ghost->id_size}, .start_ms = ghost->start_ms};
        const struct node *best = node_at(ward, record->continued);
        if (ghost->strength > strength ||
            (ghost->strength == strength && !incident_before(&gone, node_incident(ward, best))))
            return;
    }
    record->continued = NONE;
    record->continues = ghost->episode;
}

static bool continues_update(struct ward *ward, uint32_t episode)
{
    struct episode_record *record = &ward->episodes.items[episode];
    if (record->continued == NONE)
        return true;
    struct episode_id id = ward->episodes.items[node_at(ward, record->continued)->episode].id;
    if (episode_id_compare(record->continues, id) == 0)
        return true;
    record->continues = id;
    return episode_restate(ward, episode);
}

static bool siblings_settle(struct ward *ward)
{
    for (uint32_t i = 0; i < ward->opened.count; i++) {
        uint32_t episode = ward->opened.items[i];
        if (ward->episodes.items[episode].group == NONE && !vector_push(ward->memory, &ward->siblings, episode))
            return false;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ward->siblings.count; i++) {
        if (!ward->episodes.items[ward->siblings.items[i]].retired)
            ward->siblings.items[kept++] = ward->siblings.items[i];
    }
    ward->siblings.count = kept;
    for (uint32_t i = 0; i < kept; i++)
        ward->episodes.items[ward->siblings.items[i]].sibling = ward->siblings.items[i + 1 < kept ? i + 1 : 0];
    return true;
}

bool ring_make(struct ward *ward, uint32_t first)
{
    if (!siblings_settle(ward))
        return false;
    for (uint32_t i = 0; i < ward->opened.count; i++) {
        struct episode_record *record = &ward->episodes.items[ward->opened.items[i]];
        if (record->fresh || !node_before(ward, node_at(ward, record->cores.items[0]), node_at(ward, first)))
            continued_find(ward, record, ward->siblings.count == 1);
        record->fresh = false;
    }
    for (uint32_t i = 0; i < ward->siblings.count; i++) {
        if (!continues_update(ward, ward->siblings.items[i]))
            return false;
    }
    return true;
}
