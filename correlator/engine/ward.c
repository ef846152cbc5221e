#include "correlator/engine/ward.h"

enum status ward_init(struct ward *ward, const struct rule *rule, struct incidents *incidents, struct memory *memory)
{
    *ward = (struct ward){.incidents = incidents, .memory = memory, .horizon_ms = INT64_MIN};
    enum status status = measure_init(&ward->measure, rule);
    if (status == STATUS_OK)
        grid_init(&ward->grid, memory, ward->measure.reach2, ward->measure.window_ms);
    return status;
}

void ward_fini(struct ward *ward)
{
    struct memory *memory = ward->memory;
    for (uint32_t i = 0; i < ward->episodes.count; i++) {
        if (ward->episodes.items[i].used)
            episode_free(ward, i);
    }
    for (uint32_t i = 0; i < ward->ghosts.count; i++)
        (void)memory_resize(memory, ward->ghosts.items[i].id, ward->ghosts.items[i].id_size, 0);
    grid_free(&ward->grid);
    vector_free(memory, &ward->nodes);
    vector_free(memory, &ward->unused_nodes);
    vector_free(memory, &ward->node_of);
    vector_free(memory, &ward->ghosts);
    vector_free(memory, &ward->unused_ghosts);
    vector_free(memory, &ward->episodes);
    vector_free(memory, &ward->unused_episodes);
    heap_free(&ward->noise, memory);
    heap_free(&ward->finishing, memory);
    vector_free(memory, &ward->changed);
    vector_free(memory, &ward->loose);
    vector_free(memory, &ward->seeds);
    vector_free(memory, &ward->disturbed);
    vector_free(memory, &ward->retired);
    vector_free(memory, &ward->restated);
    vector_free(memory, &ward->groups);
    vector_free(memory, &ward->gathered);
    vector_free(memory, &ward->component);
    vector_free(memory, &ward->siblings);
    vector_free(memory, &ward->opened);
    vector_free(memory, &ward->queue);
    vector_free(memory, &ward->scratch);
    vector_free(memory, &ward->parts);
    vector_free(memory, &ward->candidates);
    vector_free(memory, &ward->loaded);
    vector_free(memory, &ward->lineage);
}

bool ward_reserve(struct ward *ward, const struct engine_incident *incident, uint32_t *ret_bucket)
{
    struct memory *memory = ward->memory;
    *ret_bucket = NONE;
    if (!vector_reserve(memory, &ward->node_of, ward->incidents->room))
        return false;
    if (!measure_triggers(&ward->measure, incident))
        return true;
    if (ward->unused_nodes.count == 0 && !vector_reserve(memory, &ward->nodes, (size_t)ward->nodes.count + 1))
        return false;
    uint32_t room = ward->nodes.room;
    if (!vector_reserve(memory, &ward->unused_nodes, room) || !vector_reserve(memory, &ward->changed, room) ||
        !heap_reserve(&ward->noise, memory, room))
        return false;
    *ret_bucket = grid_bucket(&ward->grid, incident->point, incident->start_ms);
    return *ret_bucket != NONE;
}

void ward_insert(struct ward *ward, uint32_t handle, uint32_t bucket)
{
    while (ward->node_of.count <= handle)
        vector_put(&ward->node_of, NONE);
    ward->node_of.items[handle] = NONE;
    if (bucket == NONE)
        return;
    const struct engine_incident *incident = incident_at(ward->incidents, handle);
    uint32_t index =
        ward->unused_nodes.count > 0 ? ward->unused_nodes.items[--ward->unused_nodes.count] : ward->nodes.count++;
    *node_at(ward, index) = (struct node){
        .point = incident->point,
        .incident = handle,
        .start_ms = incident->start_ms,
        .end_ms = measure_end(&ward->measure, incident),
        .bucket = bucket,
        .next = NONE,
        .previous = NONE,
        .episode = NONE,
        .anchor = NONE,
        .attached = NONE,
        .attached_next = NONE,
        .attached_previous = NONE,
        .ghost = NONE,
        .former = NONE,
        .joined = NONE,
        .refused = NONE,
        .place = NONE,
        .coarse = measure_coarse(&ward->measure, incident),
    };
    ward->node_of.items[handle] = index;
    ward->incidents->items[handle].holds++;
    heap_put(&ward->noise, index, node_at(ward, index)->end_ms);
    cores_insert(ward, index);
}

void ward_remove(struct ward *ward, uint32_t handle)
{
    uint32_t index = ward_node(ward, handle);
    if (index == NONE)
        return;
    ward->node_of.items[handle] = NONE;
    heap_remove(&ward->noise, index);
    cores_remove(ward, index);
    node_at(ward, index)->dead = true;
}

void node_release(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    if (node->ghost != NONE) {
        struct ghost *ghost = &ward->ghosts.items[node->ghost];
        (void)memory_resize(ward->memory, ghost->id, ghost->id_size, 0);
        *ghost = (struct ghost){0};
        vector_put(&ward->unused_ghosts, node->ghost);
    }
    incidents_drop(ward->incidents, node->incident);
    vector_put(&ward->unused_nodes, index);
}
