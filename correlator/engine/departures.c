/* Who leaves memory, and when (method §8), with ℓ = window, the longest interval a rule admits:
 *
 *   … W − 5w ........ W − 3w ........ W
 *     │ episodes       │ noise (and up to a step longer, noise.h): no core to come can reach it
 *     └ whose latest core ends before this are final: cores, caps and attached can no longer change
 *
 * A final episode goes as a whole. What remains is computed as if it were still there: every union with it was refused,
 * and a refused union leaves no trace but on `capped` and `continues`: those a core remembers in its ghost. Departed
 * incidents stay in the counts of their neighbours. */
#include "correlator/engine/ward.h"

#include <string.h>

int64_t ward_before(const struct ward *ward, int64_t watermark_ms, int64_t windows)
{
    int64_t span = windows * ward->measure.window_ms;
    if (watermark_ms == INT64_MAX)
        return INT64_MAX;
    return watermark_ms < INT64_MIN + span ? INT64_MIN : watermark_ms - span;
}

bool ward_departs(const struct ward *ward, int64_t watermark_ms)
{
    uint32_t first;
    return heap_due(&ward->finishing, ward_before(ward, watermark_ms, 5), &first) ||
           noise_due(ward, ward_before(ward, watermark_ms, 3), &first);
}

bool ward_finish(struct ward *ward, int64_t watermark_ms)
{
    uint32_t episode;
    while (heap_due(&ward->finishing, ward_before(ward, watermark_ms, 5), &episode)) {
        heap_remove(&ward->finishing, episode);
        ward->episodes.items[episode].final = true;
        if (!episode_restate(ward, episode))
            return false;
    }
    return true;
}

/* ---- ghosts ---- */

static bool ghost_take(struct ward *ward, struct node *node)
{
    if (node->haunted)
        return true;
    if (ward->unused_ghosts.count == 0) {
        if (!vector_push(ward->memory, &ward->ghosts, (struct ghost){0}))
            return false;
        if (!vector_reserve(ward->memory, &ward->unused_ghosts, ward->ghosts.room)) {
            ward->ghosts.count--;
            return false;
        }
        vector_put(&ward->unused_ghosts, ward->ghosts.count - 1);
    }
    node->haunted = true;
    node->ghost = ward->unused_ghosts.items[--ward->unused_ghosts.count];
    return true;
}

static bool ghost_name(struct ward *ward, struct ghost *ghost, const struct node *gone, uint128 strength)
{
    const struct engine_incident *incident = node_incident(ward, gone);
    size_t size = incident->id.size > 0 ? incident->id.size : 1;
    char *id = memory_resize(ward->memory, NULL, 0, size);
    if (id == NULL)
        return false;
    if (incident->id.size > 0)
        memcpy(id, incident->id.data, incident->id.size);
    (void)memory_resize(ward->memory, ghost->id, ghost->id_size, 0);
    *ghost = (struct ghost){.strength = strength, .start_ms = gone->start_ms, .id = id, .id_size = size};
    ghost->episode = ward->episodes.items[gone->episode].id;
    return true;
}

static bool remember(struct ward *ward, struct node *node, const struct node *gone)
{
    if (!ghost_take(ward, node))
        return false;
    struct episode_record *record = &ward->episodes.items[node->episode];
    if (record->continued != NONE && node_at(ward, record->continued) == gone)
        record->continued = NONE; /* what it says of it stands, and the ghost says the same */
    struct ghost *ghost = &ward->ghosts.items[node->ghost];
    if (!node_before(ward, gone, node))
        return true;
    uint128 strength = measure_strength(&ward->measure, point_chord2(node->point, gone->point), node_gap(node, gone));
    if (ghost->id != NULL) {
        struct engine_incident held = {.id = {ghost->id, ghost->id_size}, .start_ms = ghost->start_ms};
        if (strength > ghost->strength ||
            (strength == ghost->strength && incident_before(&held, node_incident(ward, gone))))
            return true;
    }
    return ghost_name(ward, ghost, gone, strength);
}

/* Neighbouring cores in other episodes remember this one. */
static bool remember_core(struct ward *ward, uint32_t index)
{
    const struct node *gone = node_at(ward, index);
    struct grid_walk walk;
    grid_around(&ward->grid, gone->bucket, gone->start_ms, gone->end_ms, &walk);
    for (uint32_t at = grid_next(&walk); at != NONE; at = grid_next(&walk)) {
        for (uint32_t i = ward->grid.buckets.items[at].cores; i != NONE; i = node_at(ward, i)->next) {
            struct node *node = node_at(ward, i);
            if (node->episode != gone->episode && node_within(ward, node, gone) && !remember(ward, node, gone))
                return false;
        }
    }
    return true;
}

/* ---- leaving ---- */

static void node_leave(struct ward *ward, uint32_t index)
{
    int64_t end_ms = node_at(ward, index)->end_ms;
    noise_take(ward, index);
    if (ward->departed_ms < end_ms)
        ward->departed_ms = end_ms;
    cores_forget(ward, index);
    ward->node_of.items[node_at(ward, index)->incident] = NONE;
    node_release(ward, index);
}

static void horizon_raise(struct ward *ward, int64_t end_ms, int64_t windows)
{
    int64_t least_ms = end_ms + windows * ward->measure.window_ms + 1;
    if (ward->horizon_ms < least_ms)
        ward->horizon_ms = least_ms;
}

static void episode_leave(struct ward *ward, uint32_t episode)
{
    struct episode_record *record = &ward->episodes.items[episode];
    horizon_raise(ward, record->bounds.last_ms, 5);
    episode_leave_ring(ward, episode);
    for (uint32_t i = 0; i < record->cores.count; i++) {
        uint32_t core = record->cores.items[i];
        while (node_at(ward, core)->attached != NONE) {
            uint32_t attached = node_at(ward, core)->attached;
            attach_detach(ward, attached);
            node_leave(ward, attached);
        }
        node_leave(ward, core);
    }
    episode_free(ward, episode);
}

static bool episodes_leave(struct ward *ward)
{
    for (uint32_t i = 0; i < ward->restated.count; i++) {
        const struct episode_record *record = &ward->episodes.items[ward->restated.items[i]];
        if (!record->final || !record->capped)
            continue;
        for (uint32_t j = 0; j < record->cores.count; j++) {
            if (!remember_core(ward, record->cores.items[j]))
                return false;
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ward->restated.count; i++) {
        uint32_t episode = ward->restated.items[i];
        if (ward->episodes.items[episode].final)
            episode_leave(ward, episode);
        else
            ward->restated.items[kept++] = episode;
    }
    ward->restated.count = kept;
    return true;
}

bool ward_evict(struct ward *ward, int64_t watermark_ms)
{
    if (!episodes_leave(ward))
        return false;
    uint32_t index;
    while (noise_due(ward, ward_before(ward, watermark_ms, 3), &index)) {
        horizon_raise(ward, node_at(ward, index)->end_ms, 3);
        node_leave(ward, index);
    }
    return true;
}
