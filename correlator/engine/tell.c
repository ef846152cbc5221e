/* The telling of one rule's changes.
 *
 *   retired and nobody's any more ─▶ withdrawn: says what it last said, who holds its key now
 *   restated, and says otherwise, or holds something touched, or is final ─▶ told: members, added, removed, touched
 *
 * Members are compared by identity: a removed incident and its successor are one. O(members) a told episode. */
#include "correlator/engine/tell.h"

#include <string.h>

void teller_free(struct teller *teller, struct memory *memory)
{
    vector_free(memory, &teller->order);
    vector_free(memory, &teller->scratch);
    vector_free(memory, &teller->members);
    vector_free(memory, &teller->added);
    vector_free(memory, &teller->removed);
    vector_free(memory, &teller->touched);
    vector_free(memory, &teller->heirs);
    (void)memory_resize(memory, teller->ids, teller->ids_room * sizeof(*teller->ids), 0);
    teller->ids = NULL;
    teller->ids_room = 0;
}

/* ---- lineage ---- */

/* The episode that holds the incident now, or NONE. */
static uint32_t episode_of(const struct ward *ward, uint32_t handle, bool *ret_core)
{
    uint32_t now = incidents_now(ward->incidents, handle);
    uint32_t index = now != NONE ? ward_node(ward, now) : NONE;
    if (index == NONE)
        return NONE;
    const struct node *node = node_at(ward, index);
    *ret_core = node->core;
    if (node->core)
        return node->episode;
    return node->anchor != NONE ? node_at(ward, node->anchor)->episode : NONE;
}

/* Who holds a core of the withdrawn one as its core. */
static bool lineage_add(struct ward *ward, uint32_t ended)
{
    const struct content *told = &ward->episodes.items[ended].told;
    for (uint32_t i = 0; i < told->members.count; i++) {
        bool core = false;
        uint32_t member = told->members.items[i];
        if (MEMBER_MEMBERSHIP(member) != MEMBERSHIP_CORE)
            continue;
        uint32_t heir = episode_of(ward, MEMBER_HANDLE(member), &core);
        if (heir == NONE || !core || ward->episodes.items[heir].lineage_stamp == ended)
            continue;
        ward->episodes.items[heir].lineage_stamp = ended;
        if (!vector_push(ward->memory, &ward->lineage, ((struct pair_of_episodes){heir, ended})))
            return false;
    }
    return true;
}

/* How many of the told cores of one the other holds now. */
static uint32_t cores_held(const struct ward *ward, uint32_t ended, uint32_t heir)
{
    const struct content *told = &ward->episodes.items[ended].told;
    uint32_t held = 0;
    for (uint32_t i = 0; i < told->members.count; i++) {
        bool core;
        uint32_t member = told->members.items[i];
        held += MEMBER_MEMBERSHIP(member) == MEMBERSHIP_CORE && episode_of(ward, MEMBER_HANDLE(member), &core) == heir;
    }
    return held;
}

/* The holder of its key, else of most of its cores, of equal ones the least id; NONE if nobody. */
static uint32_t successor_of(const struct ward *ward, uint32_t ended)
{
    const struct episode_record *record = &ward->episodes.items[ended];
    bool core;
    uint32_t best = episode_of(ward, record->key, &core);
    uint32_t best_held = 0;
    if (best != NONE)
        return best;
    uint32_t last = NONE;
    for (uint32_t i = 0; i < record->told.members.count; i++) {
        uint32_t member = record->told.members.items[i];
        if (MEMBER_MEMBERSHIP(member) != MEMBERSHIP_CORE)
            continue;
        uint32_t heir = episode_of(ward, MEMBER_HANDLE(member), &core);
        if (heir == NONE || heir == best || heir == last)
            continue;
        last = heir;
        uint32_t held = cores_held(ward, ended, heir);
        if (best == NONE || held > best_held ||
            (held == best_held &&
             episode_id_compare(ward->episodes.items[heir].id, ward->episodes.items[best].id) < 0)) {
            best = heir;
            best_held = held;
        }
    }
    return best;
}

static bool heir_after(const void *context, uint32_t a, uint32_t b)
{
    const struct ward *ward = context;
    const struct pair_of_episodes *one = &ward->lineage.items[a];
    const struct pair_of_episodes *other = &ward->lineage.items[b];
    if (one->heir != other->heir)
        return one->heir > other->heir;
    return episode_id_compare(ward->episodes.items[one->ended].id, ward->episodes.items[other->ended].id) > 0;
}

static bool lineage_order(struct teller *teller, struct ward *ward)
{
    uint32_t count = ward->lineage.count;
    teller->heirs.count = 0;
    if (!vector_reserve(ward->memory, &teller->heirs, count) ||
        !vector_reserve(ward->memory, &teller->scratch, count) ||
        (count > teller->ids_room &&
         !memory_grow(ward->memory, &teller->ids, &teller->ids_room, count, sizeof(*teller->ids))))
        return false;
    for (uint32_t i = 0; i < count; i++)
        vector_put(&teller->heirs, i);
    sort_indexes(teller->heirs.items, teller->scratch.items, count, heir_after, ward);
    for (uint32_t i = 0; i < count; i++) {
        const struct pair_of_episodes *pair = &ward->lineage.items[teller->heirs.items[i]];
        episode_id_text(teller->ids[i], ward->episodes.items[pair->ended].id);
    }
    return true;
}

static void supersedes(const struct teller *teller, const struct ward *ward, uint32_t episode,
                       struct engine_change *change)
{
    uint32_t first = 0;
    uint32_t high = teller->heirs.count;
    while (first < high) {
        uint32_t middle = first + (high - first) / 2;
        if (ward->lineage.items[teller->heirs.items[middle]].heir < episode)
            first = middle + 1;
        else
            high = middle;
    }
    uint32_t end = first;
    while (end < teller->heirs.count && ward->lineage.items[teller->heirs.items[end]].heir == episode)
        end++;
    change->supersedes = end > first ? (const char(*)[EPISODE_ID_BYTES])(teller->ids + first) : NULL;
    change->supersedes_count = end - first;
}

/* ---- comparison of members ---- */

static struct engine_member member_of(const struct ward *ward, uint32_t member)
{
    return (struct engine_member){incident_at(ward->incidents, MEMBER_HANDLE(member)), MEMBER_MEMBERSHIP(member)};
}

static bool members_reserve(struct teller *teller, struct ward *ward, size_t told, size_t next)
{
    struct memory *memory = ward->memory;
    teller->members.count = teller->added.count = teller->removed.count = teller->touched.count = 0;
    return vector_reserve(memory, &teller->members, told > next ? told : next);
}

/* Where nothing was touched or removed, and all told are members still: what is not among the told was added. False:
 * it is not so. */
static bool members_extend(struct teller *teller, const struct ward *ward, const struct content *told,
                           const struct content *next)
{
    uint32_t same = 0;
    bool room = true;
    for (uint32_t i = 0; i < next->members.count && room; i++) {
        uint32_t member = next->members.items[i];
        const struct engine_member is = member_of(ward, member);
        bool told_so = same < told->members.count && told->members.items[same] == member;
        vector_put(&teller->members, is);
        same += told_so;
        room = told_so || vector_push(ward->memory, &teller->added, is);
    }
    if (room && same == told->members.count)
        return true;
    teller->members.count = teller->added.count = 0;
    return false;
}

#define GONE 8u /* in `was`: seen among the new ones, so not removed */

static bool members_compare(struct teller *teller, struct ward *ward, const struct content *told,
                            const struct content *next)
{
    struct incident_entry *entries = ward->incidents->items;
    if (!members_reserve(teller, ward, told->members.count, next->members.count))
        return false;
    if (incidents_are_quiet(ward->incidents) && members_extend(teller, ward, told, next))
        return true;
    teller->stamp++;
    for (uint32_t i = 0; i < told->members.count; i++) {
        uint32_t now = incidents_now(ward->incidents, MEMBER_HANDLE(told->members.items[i]));
        if (now == NONE)
            continue;
        entries[now].stamp = teller->stamp;
        entries[now].was = (uint8_t)MEMBER_MEMBERSHIP(told->members.items[i]);
    }
    for (uint32_t i = 0; i < next->members.count; i++) {
        uint32_t member = next->members.items[i];
        struct incident_entry *entry = &entries[MEMBER_HANDLE(member)];
        bool before = entry->stamp == teller->stamp;
        vector_put(&teller->members, member_of(ward, member));
        bool added = !before || entry->was != (uint32_t)MEMBER_MEMBERSHIP(member);
        if ((added && !vector_push(ward->memory, &teller->added, member_of(ward, member))) ||
            (before && entry->touched && !vector_push(ward->memory, &teller->touched, member_of(ward, member))))
            return false;
        if (before)
            entry->was = GONE;
    }
    for (uint32_t i = 0; i < told->members.count; i++) {
        uint32_t now = incidents_now(ward->incidents, MEMBER_HANDLE(told->members.items[i]));
        bool removed = now == NONE || entries[now].was != GONE;
        if (removed && !vector_push(ward->memory, &teller->removed, member_of(ward, told->members.items[i])))
            return false;
    }
    return true;
}

/* A withdrawn one keeps its members; removed are those the engine no longer holds, touched those corrected. */
static bool members_last(struct teller *teller, struct ward *ward, const struct content *told)
{
    if (!members_reserve(teller, ward, told->members.count, 0))
        return false;
    for (uint32_t i = 0; i < told->members.count; i++) {
        uint32_t member = told->members.items[i];
        uint32_t now = incidents_now(ward->incidents, MEMBER_HANDLE(member));
        vector_put(&teller->members, member_of(ward, member));
        bool touched = now != NONE && ward->incidents->items[now].touched;
        if ((now == NONE && !vector_push(ward->memory, &teller->removed, member_of(ward, member))) ||
            (touched && !vector_push(ward->memory, &teller->touched, member_of(ward, member))))
            return false;
    }
    return true;
}

/* ---- telling ---- */

static void tell(const struct teller *teller, const struct ward *ward, size_t rule, uint32_t episode,
                 const struct engine_events *events)
{
    const struct episode_record *record = &ward->episodes.items[episode];
    const struct content *content = record->retired ? &record->told : &ward->contents.items[record->next];
    struct engine_change change = {
        .rule = rule,
        .state = record->retired ? EPISODE_WITHDRAWN : content->state,
        .is_new = !record->is_told,
        .final = record->final,
        .capped = content->capped,
        .countries = content->countries.items,
        .country_count = content->countries.count,
        .first_ms = content->first_ms,
        .last_ms = content->last_ms,
        .extent_km = chord2_to_km(content->extent2),
        .observed = content->observed,
        .members = teller->members.items,
        .member_count = teller->members.count,
        .added = teller->added.items,
        .added_count = teller->added.count,
        .removed = teller->removed.items,
        .removed_count = teller->removed.count,
        .touched = teller->touched.items,
        .touched_count = teller->touched.count,
    };
    episode_id_text(change.id, record->id);
    episode_id_text(change.continues, content->continues);
    if (record->retired) {
        uint32_t heir = successor_of(ward, episode);
        if (heir != NONE)
            episode_id_text(change.superseded_by, ward->episodes.items[heir].id);
    } else {
        supersedes(teller, ward, episode, &change);
    }
    events->change(events->self, &change);
}

static bool record_after(const void *context, uint32_t a, uint32_t b)
{
    const struct ward *ward = context;
    const struct episode_record *one = &ward->episodes.items[a];
    const struct episode_record *other = &ward->episodes.items[b];
    if (one->retired != other->retired)
        return other->retired;
    int64_t one_ms = one->retired ? one->told.first_ms : ward->contents.items[one->next].first_ms;
    int64_t other_ms = other->retired ? other->told.first_ms : ward->contents.items[other->next].first_ms;
    if (one_ms != other_ms)
        return one_ms > other_ms;
    return episode_id_compare(one->id, other->id) > 0;
}

static bool order_make(struct teller *teller, struct ward *ward)
{
    teller->order.count = ward->lineage.count = 0;
    for (uint32_t i = 0; i < ward->retired.count; i++) {
        uint32_t episode = ward->retired.items[i];
        if (ward->episodes.items[episode].retired &&
            (!vector_push(ward->memory, &teller->order, episode) || !lineage_add(ward, episode)))
            return false;
    }
    for (uint32_t i = 0; i < ward->restated.count; i++) {
        const struct episode_record *record = &ward->episodes.items[ward->restated.items[i]];
        if (!record->retired &&
            (!record->is_told || record->final ||
             content_differs(ward, &record->told, &ward->contents.items[record->next])) &&
            !vector_push(ward->memory, &teller->order, ward->restated.items[i]))
            return false;
    }
    if (!vector_reserve(ward->memory, &teller->scratch, teller->order.count))
        return false;
    sort_indexes(teller->order.items, teller->scratch.items, teller->order.count, record_after, ward);
    return lineage_order(teller, ward);
}

bool tell_ward(struct teller *teller, struct ward *ward, size_t rule, const struct engine_events *events)
{
    if (!order_make(teller, ward))
        return false;
    for (uint32_t i = 0; i < teller->order.count; i++) {
        uint32_t episode = teller->order.items[i];
        struct episode_record *record = &ward->episodes.items[episode];
        struct content *next = record->retired ? NULL : &ward->contents.items[record->next];
        bool compared = record->retired ? members_last(teller, ward, &record->told)
                                        : members_compare(teller, ward, &record->told, next);
        if (!compared)
            return false;
        tell(teller, ward, rule, episode, events);
        record->is_told = true;
        if (record->retired)
            continue;
        struct content told = record->told;
        record->told = *next;
        *next = told;
    }
    return true;
}
