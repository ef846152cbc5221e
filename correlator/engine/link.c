#include "correlator/engine/link.h"

#include "correlator/engine/measure.h"

#include <math.h>

enum status link_between(const struct rule *rule, const struct engine_incident *a, const struct engine_incident *b,
                         struct link *ret_link)
{
    struct measure measure;
    enum status status = measure_init(&measure, rule);
    if (status != STATUS_OK)
        return status;
    struct link link = {.chord2 = point_chord2(a->point, b->point), .strength = {UINT64_MAX, UINT64_MAX}};
    link.gap_ms = interval_gap(a->start_ms, measure_end(&measure, a), b->start_ms, measure_end(&measure, b));
    link.distance_km = chord2_to_km(link.chord2);
    link.within = link.chord2 <= measure.reach2 && link.gap_ms <= measure.window_ms;
    link.neighbours = link.within && measure_triggers(&measure, a) && measure_triggers(&measure, b) &&
                      !measure_coarse(&measure, a) && !measure_coarse(&measure, b);
    link.distance_share = sqrt((double)link.chord2 / (double)(measure.reach2 > 0 ? measure.reach2 : 1));
    link.time_share = (double)link.gap_ms / (double)measure.window_ms;
    link.clause = link.distance_share >= link.time_share ? LINK_DISTANCE : LINK_TIME;
    if (link.within) {
        uint128 strength = measure_strength(&measure, link.chord2, link.gap_ms);
        link.clause = measure_distance_part(&measure, link.chord2) == strength ? LINK_DISTANCE : LINK_TIME;
        link.strength[0] = (uint64_t)(strength >> 64);
        link.strength[1] = (uint64_t)strength;
    }
    *ret_link = link;
    return STATUS_OK;
}

int link_order(const struct link *a, const struct link *b)
{
    int at = a->strength[0] != b->strength[0] ? 0 : 1;
    return (a->strength[at] > b->strength[at]) - (a->strength[at] < b->strength[at]);
}
