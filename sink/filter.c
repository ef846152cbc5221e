/* What a store_filter means, for stores that look at each record. A store with a query language says the same in it;
 * the contract suite compares them. */
#include "proto/limits.h"
#include "sink/store_driver.h"

static bool admits_time(const struct store_filter *filter, int64_t first_ms, int64_t last_ms)
{
    if (filter->since_ms == 0 && filter->until_ms == 0)
        return true;
    return first_ms != TIME_NONE && last_ms >= filter->since_ms && first_ms <= filter->until_ms;
}

static bool admits_place(const struct store_filter *filter, const struct place *place)
{
    if (place->lat < filter->south || place->lat > filter->north)
        return false;
    if (filter->west <= filter->east)
        return place->lon >= filter->west && place->lon <= filter->east;
    return place->lon >= filter->west || place->lon <= filter->east; /* over the antimeridian */
}

static bool admits_country(const struct store_filter *filter, const country_code *countries, size_t count)
{
    if (filter->country == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (countries[i] == filter->country)
            return true;
    return false;
}

static bool admits_state(const struct store_filter *filter, enum episode_state state)
{
    switch (state) {
    case EPISODE_CANDIDATE:
        return filter->with_candidates;
    case EPISODE_FLAGGED:
        return true;
    case EPISODE_WITHDRAWN:
        return filter->with_withdrawn;
    case EPISODE_STATE_COUNT:
        break;
    }
    return false;
}

static bool begins_with(struct span text, struct span beginning)
{
    return text.size >= beginning.size && span_equal((struct span){text.data, beginning.size}, beginning);
}

bool filter_admits_episode(const struct store_filter *filter, const struct episode *episode,
                           const struct incident *const *incidents)
{
    if (!admits_state(filter, episode->state) || !begins_with(episode->id, filter->id))
        return false;
    if (filter->rule.size > 0 && !span_equal(filter->rule, episode->rule))
        return false;
    if (!admits_country(filter, episode->countries, episode->country_count) ||
        !admits_time(filter, episode->first_ms, episode->last_ms))
        return false;
    if (!filter->has_bbox)
        return true;
    for (size_t i = 0; i < episode->member_count; i++) {
        const struct incident *incident = incidents[i];
        if (incident != NULL && membership_is_member(episode->members[i].membership) &&
            incident->reports[0].has_place && admits_place(filter, &incident->reports[0].place))
            return true;
    }
    return false;
}

bool filter_admits_incident(const struct store_filter *filter, const struct incident *incident, bool in_rule)
{
    const struct report *best = &incident->reports[0];
    country_code countries[LIMIT_COUNTRIES];
    if (filter->id.size > 0 && !span_equal(filter->id, incident->id))
        return false;
    if (filter->rule.size > 0 && !in_rule)
        return false;
    if (!admits_country(filter, countries, incident_countries(incident, countries, LIMIT_COUNTRIES)) ||
        !admits_time(filter, best->occurred.start_ms, best->occurred.end_ms))
        return false;
    return !filter->has_bbox || (best->has_place && admits_place(filter, &best->place));
}
