#include "correlator/engine/content.h"

#include <string.h>

static uint32_t code_place(const struct codes *codes, country_code code)
{
    uint32_t low = 0;
    uint32_t high = codes->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (codes->items[middle] < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool codes_add(struct codes *codes, struct memory *memory, const country_code *added, size_t added_count)
{
    for (size_t i = 0; i < added_count; i++) {
        uint32_t at = code_place(codes, added[i]);
        if (at < codes->count && codes->items[at] == added[i])
            continue;
        if (!vector_reserve(memory, codes, (size_t)codes->count + 1))
            return false;
        memmove(codes->items + at + 1, codes->items + at, (codes->count - at) * sizeof(*codes->items));
        codes->items[at] = added[i];
        codes->count++;
    }
    return true;
}

#define COUNTRIES_SEEN 4 /* most episodes have no more: looked at first */

static inline bool countries_add(struct ward *ward, struct content *content, const struct node *node)
{
    const struct codes *had = &content->countries;
    if (node->country_count == 0)
        return true;
    if (node->country_count == 1) {
        for (uint32_t i = 0; i < had->count && i < COUNTRIES_SEEN; i++) {
            if (had->items[i] == node->country)
                return true;
        }
        return codes_add(&content->countries, ward->memory, &node->country, 1);
    }
    const struct engine_incident *incident = node_incident(ward, node);
    return codes_add(&content->countries, ward->memory, incident->countries, incident->country_count);
}

static bool attached_gather(struct ward *ward, struct content *content, struct bounds *bounds, uint32_t first)
{
    for (uint32_t i = first; i != NONE; i = node_at(ward, i)->attached_next) {
        const struct node *node = node_at(ward, i);
        const struct bounds own = node_bounds(node);
        bounds_grow(bounds, &own);
        if (!countries_add(ward, content, node) ||
            !vector_push(ward->memory, &ward->extras,
                         ((struct extra){node->start_ms, MEMBER(node->incident, MEMBERSHIP_ATTACHED)})))
            return false;
    }
    return true;
}

/* The cores, which are in order, as members; the attached as extras. */
static bool members_gather(struct ward *ward, const struct episode_record *record, struct content *content)
{
    struct bounds bounds = record->bounds;
    ward->extras.count = 0;
    if (!vector_reserve(ward->memory, &content->members, record->cores.count))
        return false;
    for (uint32_t i = 0; i < record->cores.count; i++) {
        const struct node *core = node_at(ward, record->cores.items[i]);
        vector_put(&content->members, MEMBER(core->incident, MEMBERSHIP_CORE));
        if (!countries_add(ward, content, core) ||
            (core->attached != NONE && !attached_gather(ward, content, &bounds, core->attached)))
            return false;
    }
    content->observed = content->members.count + ward->extras.count;
    content->first_ms = bounds.first_ms;
    content->last_ms = bounds.last_ms;
    content->extent2 = point_chord2(bounds.low, bounds.high);
    return true;
}

/* By (start, id); who is asked for an id is not in memory's reach as a rule, so only where starts are equal. */
static bool extra_after(const struct ward *ward, const struct extra *a, const struct extra *b)
{
    if (a->start_ms != b->start_ms)
        return a->start_ms > b->start_ms;
    return span_compare(incident_at(ward->incidents, MEMBER_HANDLE(a->member))->id,
                        incident_at(ward->incidents, MEMBER_HANDLE(b->member))->id) > 0;
}

static bool index_after(const void *context, uint32_t a, uint32_t b)
{
    const struct ward *ward = context;
    return extra_after(ward, &ward->extras.items[a], &ward->extras.items[b]);
}

static struct extra as_extra(const struct ward *ward, uint32_t member)
{
    uint32_t node = ward_node(ward, MEMBER_HANDLE(member));
    int64_t start_ms =
        node != NONE ? node_at(ward, node)->start_ms : incident_at(ward->incidents, MEMBER_HANDLE(member))->start_ms;
    return (struct extra){start_ms, member};
}

/* Puts the extras, in order, among the members, from the end on. */
static bool extras_merge(struct ward *ward, struct content *content)
{
    uint32_t extra = ward->extras.count;
    uint32_t member = content->members.count;
    if (extra == 0)
        return true;
    if (!vector_reserve(ward->memory, &ward->scratch, 2 * (size_t)extra) ||
        !vector_reserve(ward->memory, &content->members, (size_t)member + extra))
        return false;
    uint32_t *order = ward->scratch.items;
    for (uint32_t i = 0; i < extra; i++)
        order[i] = i;
    sort_indexes(order, order + extra, extra, index_after, ward);
    uint32_t *members = content->members.items;
    content->members.count += extra;
    struct extra last = {0};
    if (member > 0)
        last = as_extra(ward, members[member - 1]);
    for (uint32_t to = content->members.count; extra > 0;) {
        const struct extra *candidate = &ward->extras.items[order[extra - 1]];
        if (member > 0 && extra_after(ward, &last, candidate)) {
            members[--to] = members[--member];
            if (member > 0)
                last = as_extra(ward, members[member - 1]);
        } else {
            members[--to] = candidate->member;
            extra--;
        }
    }
    return true;
}

static bool content_take(struct ward *ward, uint32_t at)
{
    return at < ward->contents.count || vector_push(ward->memory, &ward->contents, (struct content){0});
}

bool content_build(struct ward *ward, const struct company *company, struct episode_record *record, uint32_t at)
{
    const struct rule *rule = &ward->measure.rule;
    if (!content_take(ward, at))
        return false;
    struct content *content = &ward->contents.items[at];
    record->next = at;
    content->countries.count = content->members.count = 0;
    content->capped = record->capped;
    content->continues = record->continues;
    if (!members_gather(ward, record, content) || !extras_merge(ward, content))
        return false;
    bool flagged = content->countries.count >= rule->min_countries && content->observed >= rule->min_incidents;
    content->state = flagged ? EPISODE_FLAGGED : EPISODE_CANDIDATE;
    ward->extras.count = 0;
    return !flagged || (company_join(company, ward, content) && extras_merge(ward, content));
}

static bool same_bytes(const void *a, const void *b, size_t size)
{
    return size == 0 || memcmp(a, b, size) == 0;
}

bool content_differs(const struct ward *ward, const struct content *told, const struct content *next)
{
    if (told->state != next->state || told->capped != next->capped || told->first_ms != next->first_ms ||
        told->last_ms != next->last_ms || told->extent2 != next->extent2 ||
        told->members.count != next->members.count || told->countries.count != next->countries.count ||
        episode_id_compare(told->continues, next->continues) != 0 ||
        !same_bytes(told->countries.items, next->countries.items, told->countries.count * sizeof(country_code)) ||
        !same_bytes(told->members.items, next->members.items, told->members.count * sizeof(uint32_t)))
        return true;
    for (uint32_t i = 0; i < next->members.count && !incidents_are_quiet(ward->incidents); i++) {
        if (ward->incidents->items[MEMBER_HANDLE(next->members.items[i])].touched)
            return true;
    }
    return false;
}
