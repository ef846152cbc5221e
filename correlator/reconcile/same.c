#include "correlator/reconcile/same.h"

struct same_measure same_measure_of(const struct same_options *options)
{
    return (struct same_measure){
        .within_ms = options->within_ms,
        .reach_km = options->reach_km,
        .reach2 = chord2_from_km(options->reach_km),
        .far2 = chord2_from_km(2.0 * options->reach_km),
    };
}

uint32_t same_list_of(const struct same_options *options, struct span source)
{
    size_t low = 0, high = options->distinct_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = span_compare(options->distinct[middle], source);
        if (order == 0)
            return (uint32_t)middle + 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static int64_t gap_of(const struct standing *a, const struct standing *b)
{
    int64_t gap = a->start_ms > b->end_ms ? a->start_ms - b->end_ms : b->start_ms - a->end_ms;
    return gap > 0 ? gap : 0;
}

/* The greatest squared chord at which the two have an edge. Two precise ones mostly ask for the reach alone. */
static int64_t limit_of(const struct same_measure *measure, const struct standing *a, const struct standing *b)
{
    double sum_km = a->radius_km + b->radius_km;
    if (sum_km <= measure->reach_km)
        return measure->reach2;
    return sum_km >= 2.0 * measure->reach_km ? measure->far2 : chord2_from_km(sum_km);
}

bool same_edge(const struct same_measure *measure, const struct standing *a, const struct standing *b)
{
    return a->family == b->family && a->role == b->role && (a->list == 0 || a->list != b->list) &&
           gap_of(a, b) <= measure->within_ms && point_chord2(a->point, b->point) <= limit_of(measure, a, b);
}

uint128 same_strength(const struct same_measure *measure, const struct standing *a, const struct standing *b)
{
    uint128 chord2 = (uint64_t)point_chord2(a->point, b->point);
    uint128 within2 = (uint128)(uint64_t)measure->within_ms * (uint64_t)measure->within_ms;
    uint128 gap = (uint64_t)gap_of(a, b);
    return chord2 * within2 + gap * gap * (uint64_t)measure->reach2;
}
