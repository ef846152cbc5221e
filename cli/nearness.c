#include "cli/nearness.h"

#include "correlator/engine/link.h"
#include "proto/json.h"
#include "proto/limits.h"

#define DAY_MS 86400000.0

int64_t incident_told_ms(const struct incident *incident)
{
    const struct report *best = &incident->reports[0];
    return best->reported_at_ms != TIME_NONE ? best->reported_at_ms : best->occurred.end_ms;
}

static bool is_somewhere(const struct report *report)
{
    return report->has_place && report->occurred.start_ms != TIME_NONE;
}

bool incident_is_live(const struct incident *incident)
{
    const struct report *best = &incident->reports[0];
    return is_somewhere(best) && best->status != REPORT_RETRACTED && best->status != REPORT_EXPLAINED;
}

/* Without countries: enough to measure. */
static struct engine_incident engine_place(const struct incident *incident)
{
    const struct report *best = &incident->reports[0];
    return (struct engine_incident){.id = incident->id,
                                    .point = point_from_degrees(best->place.lat, best->place.lon),
                                    .radius_km = best->place.radius_km,
                                    .start_ms = best->occurred.start_ms,
                                    .end_ms = best->occurred.end_ms,
                                    .reported_at_ms = best->reported_at_ms,
                                    .category = best->category,
                                    .role = best->role,
                                    .user = (void *)(uintptr_t)incident};
}

struct nearness nearness_between(const struct rule *rule, const struct incident *a, const struct incident *b)
{
    struct nearness nearness = {0};
    if (!is_somewhere(&a->reports[0]) || !is_somewhere(&b->reports[0]))
        return nearness;
    struct engine_incident one = engine_place(a), other = engine_place(b);
    struct link link;
    if (rule != NULL && link_between(rule, &one, &other, &link) == STATUS_OK) {
        double share = link.distance_share > link.time_share ? link.distance_share : link.time_share;
        return (struct nearness){link.distance_km, link.gap_ms, share};
    }
    nearness.distance_km = chord2_to_km(point_chord2(one.point, other.point));
    if (one.start_ms > other.end_ms)
        nearness.gap_ms = one.start_ms - other.end_ms;
    else if (other.start_ms > one.end_ms)
        nearness.gap_ms = other.start_ms - one.end_ms;
    nearness.share = nearness.distance_km + (double)nearness.gap_ms / DAY_MS / 1000;
    return nearness;
}

bool engine_incident_from(const struct incident *incident, struct arena *arena, struct engine_incident *ret_incident)
{
    const struct report *best = &incident->reports[0];
    struct engine_incident made = engine_place(incident);
    country_code *counted = arena_take(arena, LIMIT_COUNTRIES * sizeof *counted);
    country_code *touched = arena_take(arena, (best->country_count + 1) * sizeof *touched);
    if (counted == NULL || touched == NULL)
        return false;
    made.countries = counted;
    made.country_count = report_counted_countries(best, counted, LIMIT_COUNTRIES);
    made.touched_countries = touched;
    made.touched_country_count = report_touched_countries(best, touched, best->country_count);
    *ret_incident = made;
    return true;
}
