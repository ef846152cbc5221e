/* The table of episodes: records, the rings that join the episodes of one component, and what an episode says.
 *
 *   told ──retired──▶ the same key again: the same record, computed anew ──▶ told
 *                 └─▶ nobody's key any more: withdrawn, freed */
#include "correlator/engine/id.h"
#include "correlator/engine/ward.h"

static bool record_take(struct ward *ward, uint32_t *ret_episode)
{
    if (ward->unused_episodes.count > 0) {
        *ret_episode = ward->unused_episodes.items[--ward->unused_episodes.count];
        return true;
    }
    if (!vector_reserve(ward->memory, &ward->episodes, (size_t)ward->episodes.count + 1))
        return false;
    uint32_t room = ward->episodes.room;
    if (!vector_reserve(ward->memory, &ward->unused_episodes, room) ||
        !heap_reserve(&ward->finishing, ward->memory, room))
        return false;
    *ret_episode = ward->episodes.count++;
    return true;
}

bool episode_open(struct ward *ward, uint32_t key_node, uint32_t *ret_episode)
{
    struct node *key = node_at(ward, key_node);
    if (key->former != NONE) {
        *ret_episode = key->former;
        key->former = NONE;
        ward->episodes.items[*ret_episode].retired = false;
        ward->episodes.items[*ret_episode].key = key->incident;
        return true;
    }
    if (!record_take(ward, ret_episode))
        return false;
    struct episode_record *record = &ward->episodes.items[*ret_episode];
    *record = (struct episode_record){.used = true,
                                      .key = key->incident,
                                      .sibling = *ret_episode,
                                      .undecided = RANGE_NONE,
                                      .continued = NONE,
                                      .fresh = true,
                                      .lineage_stamp = NONE,
                                      .pending_stamp = NONE,
                                      .group = NONE};
    record->id = episode_id_of(key->start_ms, ward->measure.rule.name, node_incident(ward, key)->id);
    ward->episode_count++;
    return true;
}

/* The node its key is now, if it is one that would make the same id. */
static struct node *key_now(const struct ward *ward, const struct episode_record *record)
{
    uint32_t handle = incidents_now(ward->incidents, record->key);
    uint32_t index = handle != NONE ? ward_node(ward, handle) : NONE;
    if (index == NONE)
        return NULL;
    struct node *node = node_at(ward, index);
    return id_seconds(node->start_ms) == id_seconds(incident_at(ward->incidents, record->key)->start_ms) ? node : NULL;
}

bool episode_retire(struct ward *ward, uint32_t episode)
{
    struct episode_record *record = &ward->episodes.items[episode];
    record->retired = true;
    heap_remove(&ward->finishing, episode);
    struct node *key = key_now(ward, record);
    if (key != NULL && key->core)
        key->former = episode;
    for (uint32_t i = 0; i < record->cores.count; i++)
        node_at(ward, record->cores.items[i])->episode = NONE;
    record->cores.count = 0;
    return vector_push(ward->memory, &ward->retired, episode);
}

bool episode_retire_ring(struct ward *ward, uint32_t episode)
{
    uint32_t at = episode;
    do {
        const struct episode_record *record = &ward->episodes.items[at];
        for (uint32_t i = 0; i < record->cores.count; i++) {
            uint32_t index = record->cores.items[i];
            if (node_is_core(node_at(ward, index)) && !vector_push(ward->memory, &ward->seeds, index))
                return false;
        }
        uint32_t next = record->sibling;
        if (!episode_retire(ward, at))
            return false;
        at = next;
    } while (at != episode);
    return true;
}

/* Room must be there. */
void episode_add_core(struct ward *ward, uint32_t episode, uint32_t index)
{
    node_at(ward, index)->episode = episode;
    node_at(ward, index)->place = NONE;
    vector_put(&ward->episodes.items[episode].cores, index);
}

void episode_pending(struct ward *ward, uint32_t episode)
{
    uint32_t at = episode;
    if (ward->episodes.items[episode].pending_stamp == ward->stamp)
        return;
    do {
        struct episode_record *record = &ward->episodes.items[at];
        record->pending_stamp = ward->stamp;
        ward->pending += record->told.members.count;
        at = record->sibling;
    } while (at != episode);
}

bool episode_restate(struct ward *ward, uint32_t episode)
{
    struct episode_record *record = &ward->episodes.items[episode];
    if (record->restate)
        return true;
    record->restate = true;
    return vector_push(ward->memory, &ward->restated, episode);
}

void episode_leave_ring(struct ward *ward, uint32_t episode)
{
    uint32_t at = episode;
    while (ward->episodes.items[at].sibling != episode)
        at = ward->episodes.items[at].sibling;
    ward->episodes.items[at].sibling = ward->episodes.items[episode].sibling;
    ward->episodes.items[episode].sibling = episode;
}

void content_free(struct ward *ward, struct content *content)
{
    vector_free(ward->memory, &content->countries);
    vector_free(ward->memory, &content->members);
}

void episode_free(struct ward *ward, uint32_t episode)
{
    struct episode_record *record = &ward->episodes.items[episode];
    heap_remove(&ward->finishing, episode);
    content_free(ward, &record->told);
    vector_free(ward->memory, &record->cores);
    record->used = false;
    ward->episode_count--;
    vector_put(&ward->unused_episodes, episode);
}

void episode_withdraw(struct ward *ward, uint32_t episode)
{
    struct node *key = key_now(ward, &ward->episodes.items[episode]);
    if (key != NULL && key->core)
        key->former = NONE;
    episode_free(ward, episode);
}
