#include "correlator/engine/measure.h"

#include "proto/limits.h"

#include <math.h>

static bool in_range(const struct rule *rule)
{
    return rule->reach_km > 0.0 && rule->reach_km <= RULE_REACH_KM_MAX && rule->window_ms >= 1 &&
           rule->window_ms <= RULE_WINDOW_MS_MAX && rule->min_neighbours >= 1 && rule->min_incidents >= 1 &&
           rule->max_radius_km >= 0.0 && rule->cap_duration_ms >= 0 && rule->cap_extent_km >= 0.0 &&
           rule->only_count <= RULE_COUNTRIES_MAX && rule->except_count <= RULE_COUNTRIES_MAX;
}

enum status measure_init(struct measure *measure, const struct rule *rule)
{
    if (!in_range(rule))
        return STATUS_INVALID;
    *measure = (struct measure){
        .rule = *rule,
        .reach2 = chord2_from_km(rule->reach_km),
        .window_ms = rule->window_ms,
        .cap_extent2 = chord2_from_km(rule->cap_extent_km),
    };
    return STATUS_OK;
}

bool countries_share(const country_code *a, size_t a_count, const country_code *b, size_t b_count)
{
    for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
        if (a[i] == b[j])
            return true;
        if (a[i] < b[j])
            i++;
        else
            j++;
    }
    return false;
}

static bool all_among(const country_code *a, size_t a_count, const country_code *b, size_t b_count)
{
    size_t j = 0;
    for (size_t i = 0; i < a_count; i++) {
        while (j < b_count && b[j] < a[i])
            j++;
        if (j == b_count || b[j] != a[i])
            return false;
    }
    return true;
}

bool measure_triggers(const struct measure *measure, const struct engine_incident *incident)
{
    const struct rule *rule = &measure->rule;
    if (incident->role != ROLE_TRIGGER || (rule->categories >> incident->category & 1) == 0)
        return false;
    const country_code *countries = incident->countries;
    size_t count = incident->country_count;
    if (rule->only_count > 0 && !countries_share(countries, count, rule->only_countries, rule->only_count))
        return false;
    return count == 0 || !all_among(countries, count, rule->except_countries, rule->except_count);
}

static bool longer_than_window(const struct measure *measure, const struct engine_incident *incident)
{
    return incident->end_ms - incident->start_ms > measure->window_ms;
}

bool measure_coarse(const struct measure *measure, const struct engine_incident *incident)
{
    return longer_than_window(measure, incident) || incident->radius_km > measure->rule.reach_km / 2.0 ||
           incident->radius_km > measure->rule.max_radius_km;
}

int64_t measure_end(const struct measure *measure, const struct engine_incident *incident)
{
    return longer_than_window(measure, incident) ? incident->start_ms + measure->window_ms : incident->end_ms;
}
