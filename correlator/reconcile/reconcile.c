#include "correlator/reconcile/reconcile.h"

#include "correlator/reconcile/best.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NOT_WAITING UINT32_MAX

void reconcile_init(struct reconcile *reconcile, struct memory *memory, const struct same_options *options,
                    const struct reconcile_events *events)
{
    *reconcile = (struct reconcile){.memory = memory,
                                    .options = *options,
                                    .measure = same_measure_of(options),
                                    .events = *events,
                                    .watermark_ms = INT64_MIN,
                                    .horizon_ms = INT64_MIN};
    near_init(&reconcile->near, memory, &reconcile->measure);
    partition_init(&reconcile->partition, memory, &reconcile->near);
}

/* --- groups --- */

static void list_put(struct group **list, struct group *group)
{
    group->previous = NULL;
    group->next = *list;
    if (*list != NULL)
        (*list)->previous = group;
    *list = group;
}

static void list_take(struct group **list, struct group *group)
{
    if (group->previous != NULL)
        group->previous->next = group->next;
    else
        *list = group->next;
    if (group->next != NULL)
        group->next->previous = group->previous;
}

static struct group *group_new(struct reconcile *reconcile)
{
    struct group *group = memory_resize(reconcile->memory, NULL, 0, sizeof *group);
    if (group == NULL)
        return NULL;
    *group = (struct group){0};
    list_put(&reconcile->clean, group);
    return group;
}

static void group_free(struct reconcile *reconcile, struct group *group)
{
    list_take(group->is_dirty ? &reconcile->dirty : &reconcile->clean, group);
    if (group->is_stale)
        reconcile->stale.items[group->stale_at] = NULL;
    reconcile->settled -= group->is_settled;
    (void)memory_resize(reconcile->memory, group, sizeof *group, 0);
}

void group_clean(struct reconcile *reconcile, struct group *group)
{
    if (!group->is_dirty)
        return;
    group->is_dirty = false;
    list_take(&reconcile->dirty, group);
    list_put(&reconcile->clean, group);
}

static void group_dirty(struct reconcile *reconcile, struct group *group)
{
    if (group->is_dirty)
        return;
    group->is_dirty = true;
    list_take(&reconcile->clean, group);
    list_put(&reconcile->dirty, group);
}

/* The sum does not depend on the order; word by word it is undone as it was done. */
static void digest_add(struct group *group, const unsigned char digest[32], bool adds)
{
    for (size_t i = 0; i < 4; i++) {
        uint64_t word;
        memcpy(&word, digest + 8 * i, sizeof word);
        group->digest[i] = adds ? group->digest[i] + word : group->digest[i] - word;
    }
}

static void group_put(struct reconcile *reconcile, struct group *group, struct standing *standing)
{
    standing->group = group;
    standing->previous = NULL;
    standing->next = group->members;
    if (group->members != NULL)
        group->members->previous = standing;
    group->members = standing;
    group->size++;
    group->listed += standing->list != 0;
    digest_add(group, standing->digest, true);
    if (group->size == 1 || (group->best != NULL && best_order(standing, group->best) < 0))
        group->best = standing;
    group_dirty(reconcile, group);
}

static void group_take(struct reconcile *reconcile, struct standing *standing)
{
    struct group *group = standing->group;
    if (standing->previous != NULL)
        standing->previous->next = standing->next;
    else
        group->members = standing->next;
    if (standing->next != NULL)
        standing->next->previous = standing->previous;
    standing->group = NULL;
    group->size--;
    group->listed -= standing->list != 0;
    digest_add(group, standing->digest, false);
    if (group->best == standing)
        group->best = NULL;
    group_dirty(reconcile, group);
}

struct standing *group_best(struct group *group)
{
    if (group->best == NULL) {
        group->best = group->members;
        for (struct standing *one = group->members; one != NULL; one = one->next)
            if (best_order(one, group->best) < 0)
                group->best = one;
    }
    return group->best;
}

/* Of an empty one. */
static void group_end(struct reconcile *reconcile, struct group *group)
{
    assert(group->size == 0);
    if (group->record != NULL)
        reconcile->events.orphaned(reconcile->events.self, group->record);
    group_free(reconcile, group);
}

static bool group_stale(struct reconcile *reconcile, struct group *group)
{
    if (group == NULL || group->is_stale || group->is_settled)
        return true;
    if (!vector_push(reconcile->memory, &reconcile->stale, group))
        return false;
    group->is_stale = true;
    group->stale_at = reconcile->stale.count - 1;
    reconcile->pending += group->region > group->size ? group->region : group->size;
    return true;
}

/* --- one report --- */

static void standing_free(struct reconcile *reconcile, struct standing *standing)
{
    (void)memory_resize(reconcile->memory, standing, sizeof *standing, 0);
}

static void standing_fill(const struct reconcile *reconcile, const struct report *report,
                          const unsigned char digest[32], struct standing *standing)
{
    standing->point = point_from_degrees(report->place.lat, report->place.lon);
    standing->radius_km = report->place.radius_km;
    standing->start_ms = report->occurred.start_ms;
    standing->end_ms = report->occurred.end_ms;
    standing->reported_at_ms = report->reported_at_ms;
    standing->family = category_family(report->category);
    standing->role = report->role;
    standing->status = report->status;
    standing->precision = report->occurred.precision;
    standing->list = same_list_of(&reconcile->options, report->source);
    standing->is_coarse = report->place.radius_km > reconcile->options.reach_km;
    standing->publisher = publisher_key_of(report);
    memcpy(standing->digest, digest, sizeof standing->digest);
}

static bool standing_wait(struct reconcile *reconcile, struct standing *standing)
{
    standing->waits_at = reconcile->waiting.count;
    if (!vector_push(reconcile->memory, &reconcile->waiting, standing)) {
        standing->waits_at = NOT_WAITING;
        return false;
    }
    reconcile->pending++;
    return true;
}

static void standing_wait_no_more(struct reconcile *reconcile, struct standing *standing)
{
    if (standing->waits_at == NOT_WAITING)
        return;
    struct standing *last = reconcile->waiting.items[--reconcile->waiting.count];
    reconcile->waiting.items[standing->waits_at] = last;
    last->waits_at = standing->waits_at;
    standing->waits_at = NOT_WAITING;
}

/* Members of the smaller become the greater's. */
static struct group *groups_merge(struct reconcile *reconcile, struct group *a, struct group *b)
{
    struct group *into = a->size >= b->size ? a : b, *from = into == a ? b : a;
    while (from->members != NULL) {
        struct standing *one = from->members;
        group_take(reconcile, one);
        group_put(reconcile, into, one);
    }
    group_end(reconcile, from);
    return into;
}

/* A precise report may be put in at once where no choice depends on it: no coarse report near, nothing undecided, no
 * two groups with records of distinct sources. */
static bool is_plain_precise(const struct standing *standing, const standing_vector *found)
{
    const struct group *with_listed = NULL;
    for (uint32_t i = 0; i < found->count; i++) {
        const struct standing *other = found->items[i];
        const struct group *group = other->group;
        if (other->is_coarse || group == NULL || group->is_stale || group->is_settled)
            return false;
        if (group->listed > 0 && (standing->list != 0 || (with_listed != NULL && with_listed != group)))
            return false;
        if (group->listed > 0)
            with_listed = group;
    }
    return true;
}

/* A coarse one where it has a precise one to join, and is not of a distinct source. */
static bool is_plain_coarse(const struct standing *standing, const standing_vector *found)
{
    bool has_precise = false;
    for (uint32_t i = 0; i < found->count; i++) {
        const struct standing *other = found->items[i];
        if (other->group == NULL || other->group->is_stale || other->group->is_settled)
            return false;
        has_precise |= !other->is_coarse;
    }
    return standing->list == 0 && has_precise;
}

static struct group *nearest_group(const struct reconcile *reconcile, const struct standing *standing)
{
    const struct standing *best = NULL;
    uint128 least = 0;
    for (uint32_t i = 0; i < reconcile->found.count; i++) {
        const struct standing *other = reconcile->found.items[i];
        if (other->is_coarse)
            continue;
        uint128 strength = same_strength(&reconcile->measure, standing, other);
        if (best == NULL || strength < least || (strength == least && standing_order(other, best) < 0)) {
            best = other;
            least = strength;
        }
    }
    return best->group;
}

static bool put_plainly(struct reconcile *reconcile, struct standing *standing)
{
    struct group *group = NULL;
    if (standing->is_coarse)
        group = nearest_group(reconcile, standing);
    for (uint32_t i = 0; !standing->is_coarse && i < reconcile->found.count; i++) {
        struct group *other = reconcile->found.items[i]->group;
        if (group != other)
            group = group == NULL ? other : groups_merge(reconcile, group, other);
    }
    if (group == NULL && (group = group_new(reconcile)) == NULL)
        return false;
    standing->is_founder = false;
    group_put(reconcile, group, standing);
    if (group->region < group->size)
        group->region = group->size;
    reconcile->pending += group->size;
    return true;
}

/* What is near is to be decided together with it. */
static bool put_off(struct reconcile *reconcile, struct standing *standing)
{
    for (uint32_t i = 0; i < reconcile->found.count; i++)
        if (!group_stale(reconcile, reconcile->found.items[i]->group))
            return false;
    return standing_wait(reconcile, standing);
}

static bool standing_put(struct reconcile *reconcile, struct standing *standing)
{
    if (!near_add(&reconcile->near, standing))
        return false;
    if (!near_find(&reconcile->near, standing, &reconcile->found)) {
        near_remove(&reconcile->near, standing);
        return false;
    }
    bool is_plain = standing->is_coarse ? is_plain_coarse(standing, &reconcile->found)
                                        : is_plain_precise(standing, &reconcile->found);
    return is_plain ? put_plainly(reconcile, standing) : put_off(reconcile, standing);
}

enum status reconcile_add(struct reconcile *reconcile, const struct report *report, struct span id, void *entry,
                          const unsigned char digest[32], struct standing **ret_standing)
{
    struct standing *standing = memory_resize(reconcile->memory, NULL, 0, sizeof *standing);
    if (standing == NULL)
        return STATUS_NO_MEMORY;
    *standing = (struct standing){.id = id, .entry = entry, .waits_at = NOT_WAITING};
    standing_fill(reconcile, report, digest, standing);
    if (!standing_put(reconcile, standing)) {
        reconcile_drop(reconcile, standing);
        return STATUS_NO_MEMORY;
    }
    *ret_standing = standing;
    return STATUS_OK;
}

/* Its going changes nothing for others: it is all of its group, or it is coarse and merely joined. (Else its group is
 * stale; whoever was kept out of that group for its sake has an edge with another member, and so is in the region.) */
static bool goes_plainly(const struct standing *standing)
{
    const struct group *group = standing->group;
    if (group->is_settled)
        return true;
    if (group->is_stale)
        return false;
    if (standing->is_coarse && !standing->is_founder && standing->list == 0)
        return true;
    return group->size == 1;
}

static bool standing_take(struct reconcile *reconcile, struct standing *standing)
{
    struct group *group = standing->group;
    if (group == NULL)
        standing_wait_no_more(reconcile, standing);
    else if (!goes_plainly(standing) && !group_stale(reconcile, group))
        return false;
    near_remove(&reconcile->near, standing);
    if (group == NULL)
        return true;
    group_take(reconcile, standing);
    reconcile->pending += group->size + 1;
    if (group->size == 0)
        group_end(reconcile, group);
    return true;
}

enum status reconcile_remove(struct reconcile *reconcile, struct standing *standing)
{
    if (!standing_take(reconcile, standing))
        return STATUS_NO_MEMORY;
    standing_free(reconcile, standing);
    return STATUS_OK;
}

/* Where, when and what it is: all that edges are made of. */
static bool same_ground(const struct standing *a, const struct standing *b)
{
    return a->point.x == b->point.x && a->point.y == b->point.y && a->point.z == b->point.z &&
           memcmp(&a->radius_km, &b->radius_km, sizeof a->radius_km) == 0 && a->start_ms == b->start_ms &&
           a->end_ms == b->end_ms && a->family == b->family && a->role == b->role && a->list == b->list;
}

enum status reconcile_change(struct reconcile *reconcile, struct standing **standing, const struct report *report,
                             const unsigned char digest[32])
{
    struct standing *now = *standing, after = *now;
    standing_fill(reconcile, report, digest, &after);
    struct group *group = now->group;
    bool is_settled = group != NULL && group->is_settled;
    if (same_ground(now, &after) && !is_settled && reconcile->settled == 0) {
        if (group != NULL)
            digest_add(group, now->digest, false);
        standing_fill(reconcile, report, digest, now);
        if (group == NULL)
            return STATUS_OK;
        digest_add(group, now->digest, true);
        if (group->best == now)
            group->best = NULL;
        else if (group->best != NULL && best_order(now, group->best) < 0)
            group->best = now;
        reconcile->pending += group->size;
        group_dirty(reconcile, group);
        return STATUS_OK;
    }
    struct span id = now->id;
    void *entry = now->entry;
    enum status status = reconcile_remove(reconcile, now);
    if (status != STATUS_OK)
        return status;
    *standing = NULL;
    return reconcile_add(reconcile, report, id, entry, digest, standing);
}

/* --- what is not plain --- */

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

/* --- leaving --- */

bool group_is_over(const struct reconcile *reconcile, const struct group *group)
{
    for (const struct standing *one = group->members; one != NULL; one = one->next)
        if (reconcile->watermark_ms == INT64_MIN ||
            one->end_ms >= reconcile->watermark_ms - reconcile->measure.within_ms)
            return false;
    return true;
}

bool reconcile_settle(struct reconcile *reconcile, struct group *group)
{
    group->record = NULL;
    if (group_is_over(reconcile, group))
        return false;
    (void)group_best(group);
    group->is_settled = true;
    reconcile->settled++;
    return true;
}

void reconcile_leave(struct reconcile *reconcile, struct standing *standing)
{
    struct group *group = standing->group;
    int64_t behind_ms = standing->end_ms + reconcile->measure.within_ms + 1;
    if (behind_ms > reconcile->horizon_ms)
        reconcile->horizon_ms = behind_ms;
    near_remove(&reconcile->near, standing);
    group_take(reconcile, standing);
    standing_free(reconcile, standing);
    if (group->size == 0)
        group_free(reconcile, group);
}

void reconcile_drop(struct reconcile *reconcile, struct standing *standing)
{
    near_remove(&reconcile->near, standing);
    standing_wait_no_more(reconcile, standing);
    struct group *group = standing->group;
    if (group != NULL)
        group_take(reconcile, standing);
    standing_free(reconcile, standing);
    if (group != NULL && group->size == 0)
        group_free(reconcile, group);
}

void reconcile_fini(struct reconcile *reconcile)
{
    while (reconcile->clean != NULL)
        group_free(reconcile, reconcile->clean);
    while (reconcile->dirty != NULL)
        group_free(reconcile, reconcile->dirty);
    partition_fini(&reconcile->partition);
    near_fini(&reconcile->near);
    vector_free(reconcile->memory, &reconcile->found);
    vector_free(reconcile->memory, &reconcile->region);
    vector_free(reconcile->memory, &reconcile->waiting);
    vector_free(reconcile->memory, &reconcile->stale);
    *reconcile = (struct reconcile){0};
}
