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

static bool member_add(struct ward *ward, struct content *content, struct bounds *bounds, const struct node *node,
                       enum membership membership)
{
    const struct engine_incident *incident = node_incident(ward, node);
    const struct bounds own = node_bounds(node);
    bounds_grow(bounds, &own);
    content->observed++;
    return codes_add(&content->countries, ward->memory, incident->countries, incident->country_count) &&
           codes_add(&content->touched, ward->memory, incident->touched_countries, incident->touched_country_count) &&
           vector_push(ward->memory, &content->members, MEMBER(node->incident, membership));
}

static bool members_gather(struct ward *ward, const struct episode_record *record, struct content *content)
{
    struct bounds bounds = record->bounds;
    for (uint32_t i = 0; i < record->cores.count; i++) {
        const struct node *core = node_at(ward, record->cores.items[i]);
        if (!member_add(ward, content, &bounds, core, MEMBERSHIP_CORE))
            return false;
        for (uint32_t j = core->attached; j != NONE; j = node_at(ward, j)->attached_next) {
            if (!member_add(ward, content, &bounds, node_at(ward, j), MEMBERSHIP_ATTACHED))
                return false;
        }
    }
    content->first_ms = bounds.first_ms;
    content->last_ms = bounds.last_ms;
    content->extent2 = point_chord2(bounds.low, bounds.high);
    return true;
}

static bool member_after(const void *context, uint32_t a, uint32_t b)
{
    const struct incidents *incidents = context;
    return incident_before(incident_at(incidents, MEMBER_HANDLE(b)), incident_at(incidents, MEMBER_HANDLE(a)));
}

bool content_build(struct ward *ward, const struct company *company, struct episode_record *record)
{
    const struct rule *rule = &ward->measure.rule;
    struct content *content = &record->next;
    content->countries.count = content->touched.count = content->members.count = content->observed = 0;
    content->capped = record->capped;
    memcpy(content->continues, record->continues, sizeof(content->continues));
    if (!members_gather(ward, record, content))
        return false;
    bool flagged = content->countries.count >= rule->min_countries && content->observed >= rule->min_incidents;
    content->state = flagged ? EPISODE_FLAGGED : EPISODE_CANDIDATE;
    if (flagged && !company_join(company, ward, content))
        return false;
    if (!vector_reserve(ward->memory, &ward->scratch, content->members.count))
        return false;
    sort_indexes(content->members.items, ward->scratch.items, content->members.count, member_after, ward->incidents);
    return true;
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
        memcmp(told->continues, next->continues, sizeof(told->continues)) != 0 ||
        !same_bytes(told->countries.items, next->countries.items, told->countries.count * sizeof(country_code)) ||
        !same_bytes(told->members.items, next->members.items, told->members.count * sizeof(uint32_t)))
        return true;
    for (uint32_t i = 0; i < next->members.count; i++) {
        if (ward->incidents->items[MEMBER_HANDLE(next->members.items[i])].touched)
            return true;
    }
    return false;
}
