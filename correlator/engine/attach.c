/* Non-cores and the cores they are attached to.
 *
 *   a new core    ── offers itself to the non-cores around it: each takes the nearer of the old and the new
 *   a lost core   ── sets its attached loose
 *   the loose, the new ── search all cores around
 *
 * Nearest: the least (d²·window² + gap²·τ², start, id). O(non-cores around) a new core, O(cores around) a loose one. */
#include "correlator/engine/ward.h"

static bool disturb(struct ward *ward, uint32_t core)
{
    return vector_push(ward->memory, &ward->disturbed, core);
}

void attach_detach(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    if (node->attached_next != NONE)
        node_at(ward, node->attached_next)->attached_previous = node->attached_previous;
    if (node->attached_previous != NONE)
        node_at(ward, node->attached_previous)->attached_next = node->attached_next;
    else
        node_at(ward, node->anchor)->attached = node->attached_next;
    node->anchor = node->attached_next = node->attached_previous = NONE;
}

static void anchor(struct ward *ward, uint32_t index, uint32_t core)
{
    struct node *node = node_at(ward, index);
    uint32_t first = node_at(ward, core)->attached;
    noise_take(ward, index);
    node->anchor = core;
    node->attached_next = first;
    node->attached_previous = NONE;
    if (first != NONE)
        node_at(ward, first)->attached_previous = index;
    node_at(ward, core)->attached = index;
}

static bool set_loose(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    if (node->loose || node->dead || node->core)
        return true;
    node->loose = true;
    return vector_push(ward->memory, &ward->loose, index);
}

bool node_nearer(const struct ward *ward, const struct node *node, uint32_t a, uint32_t b)
{
    const struct node *one = node_at(ward, a);
    const struct node *other = node_at(ward, b);
    uint128 one_cost = measure_attachment(&ward->measure, point_chord2(node->point, one->point), node_gap(node, one));
    uint128 other_cost =
        measure_attachment(&ward->measure, point_chord2(node->point, other->point), node_gap(node, other));
    if (one_cost != other_cost)
        return one_cost < other_cost;
    return node_before(ward, one, other);
}

/* A new one that is no core: the nearest core when it came is its anchor, if it is still one. If there was none then,
 * there is none now but those that come to be in this flush; they offer themselves. */
static bool settle_in(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    uint32_t core = node->place;
    node->place = NONE;
    if (core == NONE || node->dead || node->core)
        return true;
    if (!node_is_core(node_at(ward, core)))
        return set_loose(ward, index);
    anchor(ward, index, core);
    return disturb(ward, core);
}

/* What a change leaves behind: those attached to it, and what it was attached to. */
static bool part(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    if (node->settled && !node_is_core(node)) {
        while (node->attached != NONE) {
            uint32_t attached = node->attached;
            attach_detach(ward, attached);
            if (!set_loose(ward, attached))
                return false;
        }
    }
    if (!node->settled && node->anchor != NONE && (node->dead || node->core)) {
        if (!disturb(ward, node->anchor))
            return false;
        attach_detach(ward, index);
    }
    if (!node->settled && node_is_core(node)) {
        noise_take(ward, index);
        node->attached = node->joined = NONE;
    }
    if (node->settled && !node->core)
        node->attached_next = node->attached_previous = NONE;
    return !node->met || node->anchor != NONE || set_loose(ward, index);
}

static bool offer(struct ward *ward, uint32_t core, uint32_t first)
{
    for (uint32_t i = first; i != NONE; i = node_at(ward, i)->next) {
        struct node *node = node_at(ward, i);
        if (node->loose || !node_within(ward, node, node_at(ward, core)))
            continue;
        if (node->anchor != NONE) {
            if (!node_nearer(ward, node, core, node->anchor))
                continue;
            if (!disturb(ward, node->anchor))
                return false;
            attach_detach(ward, i);
        }
        anchor(ward, i, core);
        if (!disturb(ward, core))
            return false;
    }
    return true;
}

static bool offer_around(struct ward *ward, uint32_t core)
{
    const struct node *node = node_at(ward, core);
    struct grid_walk walk;
    grid_around(&ward->grid, node->bucket, node->start_ms, node->end_ms, &walk);
    for (uint32_t at = grid_next(&walk); at != NONE; at = grid_next(&walk)) {
        const struct bucket *bucket = &ward->grid.buckets.items[at];
        if (!offer(ward, core, bucket->others) || !offer(ward, core, bucket->coarse))
            return false;
    }
    return true;
}

static bool search(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    uint32_t best = NONE;
    struct grid_walk walk;
    grid_around(&ward->grid, node->bucket, node->start_ms, node->end_ms, &walk);
    for (uint32_t at = grid_next(&walk); at != NONE; at = grid_next(&walk)) {
        for (uint32_t i = ward->grid.buckets.items[at].cores; i != NONE; i = node_at(ward, i)->next) {
            if (node_within(ward, node, node_at(ward, i)) && (best == NONE || node_nearer(ward, node, i, best)))
                best = i;
        }
    }
    node->loose = false;
    if (best != NONE) {
        anchor(ward, index, best);
        return disturb(ward, best);
    }
    return noise_put(ward, index);
}

bool attach_update(struct ward *ward)
{
    for (uint32_t i = 0; i < ward->changed.count; i++) {
        if (!part(ward, ward->changed.items[i]))
            return false;
    }
    for (uint32_t i = 0; i < ward->changed.count; i++) {
        if (!node_at(ward, ward->changed.items[i])->met && !settle_in(ward, ward->changed.items[i]))
            return false;
    }
    for (uint32_t i = 0; i < ward->changed.count; i++) {
        const struct node *node = node_at(ward, ward->changed.items[i]);
        if (node_is_core(node) && !offer_around(ward, ward->changed.items[i]))
            return false;
    }
    for (uint32_t i = 0; i < ward->loose.count; i++) {
        if (!search(ward, ward->loose.items[i]))
            return false;
    }
    ward->loose.count = 0;
    for (uint32_t i = 0; i < ward->changed.count; i++) {
        const struct node *node = node_at(ward, ward->changed.items[i]);
        if (!node->dead && !node->core && node->anchor == NONE && !noise_put(ward, ward->changed.items[i]))
            return false;
    }
    return true;
}
