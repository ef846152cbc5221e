/* The connected components of what was disturbed.
 *
 *   changed cores ──▶ episodes whose component lost a core: retired, their cores are seeds
 *                 └─▶ new cores: seeds
 *   seed ──bucket by bucket──▶ the whole component, retiring the told episodes it comes across ──▶ unions.c
 *
 * All cores of one bucket are neighbours, so the search goes over buckets: two of them are joined by the first pair of
 * cores within reach and window. Undisturbed components are not looked at. */
#include "correlator/engine/ward.h"

static bool buckets_joined(const struct ward *ward, const struct bucket *a, const struct bucket *b)
{
    for (uint32_t i = a->cores; i != NONE; i = node_at(ward, i)->next) {
        for (uint32_t j = b->cores; j != NONE; j = node_at(ward, j)->next) {
            if (node_within(ward, node_at(ward, i), node_at(ward, j)))
                return true;
        }
    }
    return false;
}

static bool bucket_visit(struct ward *ward, uint32_t index)
{
    struct bucket *bucket = &ward->grid.buckets.items[index];
    bucket->stamp = ward->stamp;
    for (uint32_t i = bucket->cores; i != NONE; i = node_at(ward, i)->next) {
        if (node_at(ward, i)->episode != NONE && !episode_retire(ward, node_at(ward, i)->episode))
            return false;
        if (!vector_push(ward->memory, &ward->component, i))
            return false;
    }
    return vector_push(ward->memory, &ward->queue, index);
}

static bool component_gather(struct ward *ward, uint32_t bucket)
{
    ward->component.count = 0;
    ward->queue.count = 0;
    if (!bucket_visit(ward, bucket))
        return false;
    for (uint32_t i = 0; i < ward->queue.count; i++) {
        uint32_t from = ward->queue.items[i];
        struct grid_walk walk = grid_around_bucket(&ward->grid, from);
        for (uint32_t to = grid_next(&walk); to != NONE; to = grid_next(&walk)) {
            const struct bucket *other = &ward->grid.buckets.items[to];
            if (other->stamp == ward->stamp || other->cores == NONE ||
                !buckets_joined(ward, &ward->grid.buckets.items[from], other))
                continue;
            if (!bucket_visit(ward, to))
                return false;
        }
    }
    return true;
}

static bool seeds_find(struct ward *ward)
{
    for (uint32_t i = 0; i < ward->changed.count; i++) {
        uint32_t index = ward->changed.items[i];
        const struct node *node = node_at(ward, index);
        if (node->settled && !node_is_core(node) && node->episode != NONE && !episode_retire(ward, node->episode))
            return false;
        if (node_is_core(node) && !node->settled && !vector_push(ward->memory, &ward->seeds, index))
            return false;
    }
    return true;
}

bool components_update(struct ward *ward)
{
    ward->stamp++;
    if (!seeds_find(ward))
        return false;
    for (uint32_t i = 0; i < ward->seeds.count; i++) {
        uint32_t bucket = node_at(ward, ward->seeds.items[i])->bucket;
        if (ward->grid.buckets.items[bucket].stamp == ward->stamp)
            continue;
        if (!component_gather(ward, bucket) || !unions_make(ward))
            return false;
    }
    for (uint32_t i = 0; i < ward->disturbed.count; i++) {
        const struct node *node = node_at(ward, ward->disturbed.items[i]);
        if (node_is_core(node) && !episode_restate(ward, node->episode))
            return false;
    }
    ward->seeds.count = ward->disturbed.count = 0;
    return true;
}
