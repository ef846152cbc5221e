/* What is not plain: a stale neighbourhood, partitioned anew.
 *
 *   stale groups, waiting reports ─▶ region: all that edges join to them ─▶ partition ─▶ groups: those that are what
 * they were stay untouched, the others are made */
#include "correlator/reconcile/best.h"
#include "correlator/reconcile/group.h"

#include <stdlib.h>

static bool reach(struct reconcile *reconcile, struct standing *standing)
{
    if (standing->reached_at == reconcile->stamp || (standing->group != NULL && standing->group->is_settled))
        return true;
    standing->reached_at = reconcile->stamp;
    return vector_push(reconcile->memory, &reconcile->region, standing);
}

/* All that edges join to what is in the region already. */
static bool region_close(struct reconcile *reconcile)
{
    for (uint32_t i = 0; i < reconcile->region.count; i++) {
        if (!near_find(&reconcile->near, reconcile->region.items[i], &reconcile->found))
            return false;
        for (uint32_t k = 0; k < reconcile->found.count; k++)
            if (!reach(reconcile, reconcile->found.items[k]))
                return false;
    }
    return true;
}

/* The nearest settled group that one of the set has an edge with and that can take it in: its best is better than any
 * of the set's. So an incident that goes on for longer than the windows stays one. O(set × near). */
static bool absorber_find(struct reconcile *reconcile, struct standing *const *set, size_t count,
                          struct group **ret_absorber)
{
    struct standing *best = set[0];
    for (size_t i = 1; i < count; i++)
        if (best_order(set[i], best) < 0)
            best = set[i];
    const struct standing *nearest = NULL;
    uint128 least = 0;
    for (size_t i = 0; i < count; i++) {
        if (!near_find(&reconcile->near, set[i], &reconcile->found))
            return false;
        for (uint32_t k = 0; k < reconcile->found.count && !set[i]->is_coarse; k++) {
            struct standing *other = reconcile->found.items[k];
            if (other->group == NULL || !other->group->is_settled || other->is_coarse ||
                best_order(other->group->best, best) > 0)
                continue;
            uint128 strength = same_strength(&reconcile->measure, set[i], other);
            if (nearest == NULL || strength < least || (strength == least && standing_order(other, nearest) < 0)) {
                nearest = other;
                least = strength;
            }
        }
    }
    *ret_absorber = nearest != NULL ? nearest->group : NULL;
    return true;
}

static bool holds_list(const struct group *group, const struct standing *root)
{
    for (const struct standing *listed = root->listed; listed != NULL; listed = listed->listed_next)
        for (const struct standing *one = group->members; group->listed > 0 && one != NULL; one = one->next)
            if (one->list == listed->list)
                return true;
    return false;
}

static int by_root(const void *a, const void *b)
{
    const struct standing *x = (*(struct standing *const *)a)->parent, *y = (*(struct standing *const *)b)->parent;
    return (x > y) - (x < y);
}

/* Sets that touch a settled group join it where they can. */
static bool settled_take_in(struct reconcile *reconcile)
{
    standing_vector *region = &reconcile->region;
    for (uint32_t i = 0; i < region->count; i++)
        region->items[i]->parent = partition_root(region->items[i]);
    qsort((void *)region->items, region->count, sizeof(struct standing *), by_root);
    for (uint32_t first = 0, last; first < region->count; first = last) {
        struct standing *root = region->items[first]->parent;
        for (last = first + 1; last < region->count && region->items[last]->parent == root; last++)
            ;
        struct group *absorber = root->absorber;
        if (absorber == NULL && !absorber_find(reconcile, region->items + first, last - first, &absorber))
            return false;
        root->absorber = absorber != NULL && !holds_list(absorber, root) ? absorber : NULL;
    }
    return true;
}

/* Groups that are what they were stay untouched: neither stale nor dirty for having been looked at. */
static void kept_find(struct reconcile *reconcile)
{
    standing_vector *region = &reconcile->region;
    for (uint32_t i = 0; i < region->count; i++) {
        struct standing *root = partition_root(region->items[i]);
        root->old = NULL;
        root->is_mixed = false;
        root->fresh = NULL;
        root->set_size = 0;
    }
    for (uint32_t i = 0; i < region->count; i++) {
        struct standing *one = region->items[i], *root = partition_root(one);
        if (root->set_size++ == 0)
            root->old = one->group;
        root->is_mixed |= one->group == NULL || root->old != one->group;
        if (one->group != NULL)
            one->group->is_kept = false;
    }
    for (uint32_t i = 0; i < region->count; i++) {
        struct standing *root = partition_root(region->items[i]);
        if (!root->is_mixed && root->absorber == NULL && root->old->size == root->set_size) {
            root->fresh = root->old;
            root->old->is_kept = true;
        }
    }
}

static bool region_regroup(struct reconcile *reconcile)
{
    standing_vector *region = &reconcile->region;
    kept_find(reconcile);
    for (uint32_t i = 0; i < region->count; i++) {
        struct standing *one = region->items[i];
        struct group *old = one->group;
        if (old == NULL) {
            standing_wait_no_more(reconcile, one);
        } else if (!old->is_kept) {
            group_take(reconcile, one);
            if (old->size == 0)
                group_end(reconcile, old);
        }
    }
    for (uint32_t i = 0; i < region->count; i++) {
        struct standing *one = region->items[i], *root = partition_root(one);
        if (root->fresh == NULL)
            root->fresh = root->absorber != NULL ? root->absorber : group_new(reconcile);
        if (root->fresh == NULL)
            return false;
        if (one->group == NULL)
            group_put(reconcile, root->fresh, one);
        root->fresh->region = region->count;
    }
    return true;
}

/* One stale neighbourhood, from what is in the region already. */
static bool region_resolve(struct reconcile *reconcile)
{
    return region_close(reconcile) && partition_make(&reconcile->partition, &reconcile->region) &&
           (reconcile->settled == 0 || settled_take_in(reconcile)) && region_regroup(reconcile);
}

static bool stale_resolve(struct reconcile *reconcile, struct group *group)
{
    reconcile->region.count = 0;
    for (struct standing *one = group->members; one != NULL; one = one->next)
        if (!reach(reconcile, one))
            return false;
    group->is_stale = false;
    return reconcile->region.count == 0 || region_resolve(reconcile);
}

enum status reconcile_resolve(struct reconcile *reconcile)
{
    reconcile->stamp++;
    for (uint32_t i = 0; i < reconcile->stale.count; i++) {
        struct group *group = reconcile->stale.items[i];
        reconcile->stale.items[i] = NULL;
        if (group != NULL && !stale_resolve(reconcile, group))
            return STATUS_NO_MEMORY;
    }
    reconcile->stale.count = 0;
    while (reconcile->waiting.count > 0) {
        reconcile->region.count = 0;
        if (!reach(reconcile, reconcile->waiting.items[0]) || !region_resolve(reconcile))
            return STATUS_NO_MEMORY;
    }
    reconcile->pending = 0;
    return STATUS_OK;
}
