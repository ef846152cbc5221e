#include "cli/explain/misses.h"

#include "cli/explain/facts.h"

#include <math.h>

static double link_share(const struct link *link)
{
    return link->distance_share > link->time_share ? link->distance_share : link->time_share;
}

static bool is_core(const struct account_member *member)
{
    return member->membership == MEMBERSHIP_CORE && member->item != NULL && member->item->is_live;
}

static bool is_member(const struct account *account, const struct scene_item *item)
{
    for (size_t i = 0; i < account->member_count; i++) {
        if (account->members[i].item == item)
            return true;
    }
    return false;
}

/* As link_share, of two: without the rest of the link. */
static double share_between(const struct measure *measure, const struct engine_incident *a,
                            const struct engine_incident *b)
{
    int64_t gap_ms = interval_gap(a->start_ms, measure_end(measure, a), b->start_ms, measure_end(measure, b));
    double time = (double)gap_ms / (double)measure->window_ms;
    double distance =
        sqrt((double)point_chord2(a->point, b->point) / (double)(measure->reach2 > 0 ? measure->reach2 : 1));
    return distance > time ? distance : time;
}

/* The core of the episode with the least greater part of the limits; of equal ones the earlier. */
static bool find_nearest(const struct account *account, const struct scene_item *item, struct near_miss *miss)
{
    double least = 0;
    for (size_t i = 0; i < account->member_count; i++) {
        if (!is_core(&account->members[i]))
            continue;
        struct scene_item *core = account->members[i].item;
        double share = share_between(&account->measure, &item->engine, &core->engine);
        if (miss->core == NULL || share < least) {
            miss->core = core;
            least = share;
        }
    }
    if (miss->core != NULL)
        miss->link = fact_link(&account->measure, &item->engine, &miss->core->engine);
    return miss->core != NULL;
}

/* The nearest member that is attached and precise, and a neighbour: that it is no core keeps this one out. */
static struct scene_item *find_bridge(const struct account *account, const struct scene_item *item)
{
    struct scene_item *nearest = NULL;
    double least = 0;
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        if (member->membership != MEMBERSHIP_ATTACHED || member->item == NULL || member->item->is_coarse)
            continue;
        struct link link = fact_link(&account->measure, &item->engine, &member->item->engine);
        if (!link.within)
            continue;
        if (nearest == NULL || link_share(&link) < least) {
            nearest = member->item;
            least = link_share(&link);
        }
    }
    return nearest;
}

static enum miss_kind kind_of(const struct account *account, const struct scene_item *item, const struct link *link)
{
    if (!item->is_triggering) {
        bool has_category = (account->rule.categories >> item->engine.category & 1) != 0;
        return has_category ? MISS_COUNTRY : MISS_CATEGORY;
    }
    if (!link->within)
        return MISS_FAR;
    return item->episode != NULL && account->is_reproduced ? MISS_ELSEWHERE : MISS_UNEXPLAINED;
}

static bool measure_miss(const struct account *account, struct scene_item *item, struct near_miss *ret_miss)
{
    struct near_miss miss = {.item = item};
    if (!find_nearest(account, item, &miss) || link_share(&miss.link) > NEAR_SHARE_MAX)
        return false;
    double short_km = miss.link.distance_km - account->rule.reach_km;
    int64_t short_ms = miss.link.gap_ms - account->rule.window_ms;
    miss.short_km = miss.link.distance_share > 1 && short_km > 0 ? short_km : 0;
    miss.short_ms = short_ms > 0 ? short_ms : 0;
    miss.kind = kind_of(account, item, &miss.link);
    /* What the rule excludes is told only where it would be in otherwise. */
    if (!item->is_triggering && !miss.link.within)
        return false;
    if (miss.kind == MISS_FAR)
        miss.member = find_bridge(account, item);
    *ret_miss = miss;
    return true;
}

/* Keeps the nearest few, in order. Items come in order of (start, id): of equal ones the first stands first. */
static void add_miss(struct miss_list *list, const struct near_miss *miss)
{
    size_t at = list->count;
    while (at > 0 && link_share(&miss->link) < link_share(&list->items[at - 1].link))
        at--;
    if (at == NEAR_MISSES_MAX)
        return;
    if (list->count < NEAR_MISSES_MAX)
        list->count++;
    for (size_t i = list->count - 1; i > at; i--)
        list->items[i] = list->items[i - 1];
    list->items[at] = *miss;
}

void misses_find(struct account *account)
{
    const struct episode *episode = &account->episode->episode;
    int64_t margin_ms = (int64_t)NEAR_SHARE_MAX * account->rule.window_ms;
    if ((uint64_t)account->scene.item_count * (account->member_count + 1) > NEAR_TESTS_MAX)
        return;
    account->misses_sought = true;
    for (size_t i = 0; i < account->scene.item_count; i++) {
        struct scene_item *item = &account->scene.items[i];
        struct near_miss miss;
        bool is_around = item->is_live && item->engine.role == ROLE_TRIGGER &&
                         item->engine.start_ms <= episode->last_ms + margin_ms &&
                         item->engine.end_ms >= episode->first_ms - margin_ms;
        if (is_around && !is_member(account, item) && measure_miss(account, item, &miss))
            add_miss(item->is_triggering ? &account->near_misses : &account->excluded, &miss);
    }
}
