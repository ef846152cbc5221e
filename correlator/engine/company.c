#include "correlator/engine/company.h"

bool company_reserve(struct company *company, struct memory *memory, const struct incidents *incidents)
{
    /* Each is in `changed` at most three times, inserted, touched, removed: its handle is not given out again before
     * the flush. */
    size_t room = incidents->room;
    return vector_reserve(memory, &company->order, room) && vector_reserve(memory, &company->scratch, room) &&
           vector_reserve(memory, &company->changed, 3 * room) &&
           heap_reserve(&company->leaving, memory, incidents->room);
}

void company_insert(struct company *company, struct incidents *incidents, uint32_t handle)
{
    struct incident_entry *entry = &incidents->items[handle];
    entry->company = true;
    entry->holds++;
    vector_put(&company->order, handle);
    vector_put(&company->changed, handle);
    heap_put(&company->leaving, handle, entry->incident->end_ms);
    company->unsorted = true;
}

void company_remove(struct company *company, struct incidents *incidents, uint32_t handle)
{
    incidents->items[handle].holds--;
    vector_put(&company->changed, handle);
    heap_remove(&company->leaving, handle);
    company->unsorted = true;
}

void company_touch(struct company *company, uint32_t handle)
{
    vector_put(&company->changed, handle);
}

void company_free(struct company *company, struct memory *memory)
{
    vector_free(memory, &company->order);
    vector_free(memory, &company->changed);
    vector_free(memory, &company->scratch);
    heap_free(&company->leaving, memory);
}

static bool after(const void *context, uint32_t a, uint32_t b)
{
    const struct incidents *incidents = context;
    return incident_before(incident_at(incidents, b), incident_at(incidents, a));
}

void company_settle(struct company *company, const struct incidents *incidents)
{
    if (!company->unsorted)
        return;
    uint32_t kept = 0;
    company->longest_ms = 0;
    for (uint32_t i = 0; i < company->order.count; i++) {
        uint32_t handle = company->order.items[i];
        const struct engine_incident *incident = incident_at(incidents, handle);
        if (incidents->items[handle].dead || !incidents->items[handle].company)
            continue;
        company->order.items[kept++] = handle;
        if (incident->end_ms - incident->start_ms > company->longest_ms)
            company->longest_ms = incident->end_ms - incident->start_ms;
    }
    company->order.count = kept;
    sort_indexes(company->order.items, company->scratch.items, kept, after, incidents);
    company->unsorted = false;
}

static bool responds(const struct measure *measure, const struct content *content,
                     const struct engine_incident *incident)
{
    return incident->start_ms <= content->last_ms + measure->window_ms && incident->end_ms >= content->first_ms &&
           (incident->reported_at_ms == TIME_NONE || incident->reported_at_ms >= content->first_ms) &&
           countries_share(incident->countries, incident->country_count, content->countries.items,
                           content->countries.count);
}

/* Contexts are few: which countries the members touch is not kept. */
static bool surrounds(const struct incidents *incidents, const struct content *content,
                      const struct engine_incident *incident)
{
    if (incident->start_ms > content->last_ms || incident->end_ms < content->first_ms)
        return false;
    for (uint32_t i = 0; i < content->members.count; i++) {
        enum membership membership = MEMBER_MEMBERSHIP(content->members.items[i]);
        const struct engine_incident *member = incident_at(incidents, MEMBER_HANDLE(content->members.items[i]));
        if ((membership == MEMBERSHIP_CORE || membership == MEMBERSHIP_ATTACHED) &&
            countries_share(incident->touched_countries, incident->touched_country_count, member->touched_countries,
                            member->touched_country_count))
            return true;
    }
    return false;
}

static bool joins(const struct ward *ward, const struct content *content, const struct engine_incident *incident)
{
    return incident->role == ROLE_CONTEXT ? surrounds(ward->incidents, content, incident)
                                          : responds(&ward->measure, content, incident);
}

static enum membership membership_of(enum role role)
{
    static const enum membership memberships[ROLE_COUNT] = {
        [ROLE_TRIGGER] = MEMBERSHIP_CORE,
        [ROLE_RESPONSE] = MEMBERSHIP_RESPONSE,
        [ROLE_CONSEQUENCE] = MEMBERSHIP_CONSEQUENCE,
        [ROLE_CONTEXT] = MEMBERSHIP_CONTEXT,
    };
    return memberships[role];
}

/* The first in the order that starts at or after a time. */
static uint32_t first_from(const struct company *company, const struct incidents *incidents, int64_t start_ms)
{
    uint32_t low = 0;
    uint32_t high = company->order.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (incident_at(incidents, company->order.items[middle])->start_ms < start_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool company_join(const struct company *company, struct ward *ward, const struct content *content)
{
    const struct incidents *incidents = ward->incidents;
    uint32_t i = first_from(company, incidents, content->first_ms - company->longest_ms);
    for (; i < company->order.count; i++) {
        uint32_t handle = company->order.items[i];
        const struct engine_incident *incident = incident_at(incidents, handle);
        if (incident->start_ms > content->last_ms + ward->measure.window_ms)
            return true;
        if (joins(ward, content, incident) &&
            !vector_push(ward->memory, &ward->extras,
                         ((struct extra){incident->start_ms, MEMBER(handle, membership_of(incident->role))})))
            return false;
    }
    return true;
}

bool company_disturb(const struct company *company, struct ward *ward)
{
    if (company->changed.count == 0)
        return true;
    for (uint32_t episode = 0; episode < ward->episodes.count; episode++) {
        const struct episode_record *record = &ward->episodes.items[episode];
        if (!record->used || record->retired || record->restate || record->told.state != EPISODE_FLAGGED)
            continue;
        for (uint32_t i = 0; i < company->changed.count; i++) {
            if (!joins(ward, &record->told, incident_at(ward->incidents, company->changed.items[i])))
                continue;
            if (!episode_restate(ward, episode))
                return false;
            break;
        }
    }
    return true;
}

void company_evict(struct company *company, struct incidents *incidents, int64_t before_ms)
{
    uint32_t handle;
    while (heap_due(&company->leaving, before_ms, &handle)) {
        struct incident_entry *entry = &incidents->items[handle];
        heap_remove(&company->leaving, handle);
        if (company->horizon_ms <= entry->incident->end_ms)
            company->horizon_ms = entry->incident->end_ms + 1;
        entry->company = false;
        incidents_drop(incidents, handle);
        company->unsorted = true;
    }
    company_settle(company, incidents);
}
