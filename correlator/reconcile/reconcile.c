#include "correlator/reconcile/reconcile.h"

#include "correlator/reconcile/best.h"
#include "correlator/reconcile/group.h"

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

bool standing_wait(struct reconcile *reconcile, struct standing *standing)
{
    standing->waits_at = reconcile->waiting.count;
    if (!vector_push(reconcile->memory, &reconcile->waiting, standing)) {
        standing->waits_at = NOT_WAITING;
        return false;
    }
    reconcile->pending++;
    return true;
}

void standing_wait_no_more(struct reconcile *reconcile, struct standing *standing)
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

/* A precise report may be put in at once where no choice but a coarse report's between two precise ones depends on it:
 * nothing undecided, no two groups with records of distinct sources. (Edges within one group make none of it part, and
 * whom it refused it refuses still.) */
static bool is_plain_precise(const struct standing *standing, const standing_vector *found)
{
    const struct group *with_listed = NULL;
    for (uint32_t i = 0; i < found->count; i++) {
        const struct standing *other = found->items[i];
        const struct group *group = other->group;
        if (group == NULL || group->is_stale || group->is_settled)
            return false;
        if (other->is_coarse && (other->anchor == NULL || other->list != 0))
            return false;
        if (other->is_coarse || group->listed == 0)
            continue;
        if (standing->list != 0 || (with_listed != NULL && with_listed != group))
            return false;
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

static bool is_nearer(const struct reconcile *reconcile, const struct standing *from, const struct standing *a,
                      const struct standing *b)
{
    uint128 a_strength = same_strength(&reconcile->measure, from, a);
    uint128 b_strength = same_strength(&reconcile->measure, from, b);
    return a_strength != b_strength ? a_strength < b_strength : standing_order(a, b) < 0;
}

static void join_nearest(struct reconcile *reconcile, struct standing *coarse)
{
    coarse->anchor = NULL;
    for (uint32_t i = 0; i < reconcile->found.count; i++) {
        struct standing *other = reconcile->found.items[i];
        if (!other->is_coarse && (coarse->anchor == NULL || is_nearer(reconcile, coarse, other, coarse->anchor)))
            coarse->anchor = other;
    }
    group_put(reconcile, coarse->anchor->group, coarse);
}

/* The groups around become one with it; a coarse report that it is nearer to comes over. */
static bool join_all(struct reconcile *reconcile, struct standing *precise)
{
    struct group *group = NULL;
    for (uint32_t i = 0; i < reconcile->found.count; i++) {
        const struct standing *other = reconcile->found.items[i];
        if (!other->is_coarse && group != other->group)
            group = group == NULL ? other->group : groups_merge(reconcile, group, other->group);
    }
    if (group == NULL && (group = group_new(reconcile)) == NULL)
        return false;
    group_put(reconcile, group, precise);
    for (uint32_t i = 0; i < reconcile->found.count; i++) {
        struct standing *coarse = reconcile->found.items[i];
        if (!coarse->is_coarse || !is_nearer(reconcile, coarse, precise, coarse->anchor))
            continue;
        coarse->anchor = precise;
        if (coarse->group == group)
            continue;
        group_take(reconcile, coarse); /* its anchor stays behind */
        group_put(reconcile, group, coarse);
    }
    return true;
}

static bool put_plainly(struct reconcile *reconcile, struct standing *standing)
{
    standing->is_founder = false;
    if (standing->is_coarse)
        join_nearest(reconcile, standing);
    else if (!join_all(reconcile, standing))
        return false;
    struct group *group = standing->group;
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
    if (standing->is_coarse && standing->anchor != NULL && standing->list == 0)
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
            group_digest_add(group, now->digest, false);
        standing_fill(reconcile, report, digest, now);
        if (group == NULL)
            return STATUS_OK;
        group_digest_add(group, now->digest, true);
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

/* --- what a change would touch --- */

#define TOUCHED_MAX 1024u /* a walk ends there: all groups met are counted whole, those beyond are not */

static bool touch(struct reconcile *reconcile, struct standing *standing, int64_t *start_ms)
{
    if (standing->reached_at == reconcile->stamp)
        return true;
    standing->reached_at = reconcile->stamp;
    const struct group *group = standing->group;
    int64_t first_ms = group == NULL ? standing->start_ms : group->is_settled ? INT64_MIN : group->first_ms;
    if (first_ms < *start_ms)
        *start_ms = first_ms;
    return vector_push(reconcile->memory, &reconcile->region, standing);
}

static bool touch_around(struct reconcile *reconcile, const struct standing *standing, int64_t *start_ms)
{
    if (!near_find(&reconcile->near, standing, &reconcile->found))
        return false;
    for (uint32_t i = 0; i < reconcile->found.count; i++)
        if (!touch(reconcile, reconcile->found.items[i], start_ms))
            return false;
    return true;
}

enum status reconcile_touches(struct reconcile *reconcile, const struct report *report, struct span id,
                              struct standing *standing, int64_t *ret_start_ms)
{
    static const unsigned char nobody[32];
    struct standing now = {.id = id};
    int64_t start_ms = INT64_MAX;
    bool room = true;
    reconcile->stamp++;
    reconcile->region.count = 0;
    if (report != NULL) {
        standing_fill(reconcile, report, nobody, &now);
        start_ms = now.start_ms;
        room = touch_around(reconcile, &now, &start_ms);
    }
    if (room && standing != NULL)
        room = touch(reconcile, standing, &start_ms);
    for (uint32_t i = 0; room && i < reconcile->region.count && i < TOUCHED_MAX; i++)
        room = touch_around(reconcile, reconcile->region.items[i], &start_ms);
    *ret_start_ms = start_ms;
    return room ? STATUS_OK : STATUS_NO_MEMORY;
}

/* --- leaving --- */

static void horizon_raise(struct reconcile *reconcile, int64_t end_ms)
{
    int64_t behind_ms = end_ms + reconcile->measure.within_ms + 1;
    if (behind_ms > reconcile->horizon_ms)
        reconcile->horizon_ms = behind_ms;
}

void reconcile_departed(struct reconcile *reconcile, int64_t before_ms)
{
    horizon_raise(reconcile, before_ms);
}

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
    horizon_raise(reconcile, standing->end_ms);
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
