/* A rule in integers: what every comparison of the engine is made with. */
#pragma once

#include "base/status.h"
#include "correlator/engine/engine.h"

/* Sums of the method fit 127 bits (its §1). */
__extension__ typedef unsigned __int128 uint128;

struct measure {
    struct rule rule; /* as given */
    int64_t reach2;   /* τ² */
    int64_t window_ms;
    int64_t cap_extent2; /* squared chord */
};

/* STATUS_INVALID where the rule is out of the ranges of rule.h. */
enum status measure_init(struct measure *measure, const struct rule *rule) MUST_CHECK;
/* Does it trigger under this rule? */
bool measure_triggers(const struct measure *measure, const struct engine_incident *incident);
/* Too vague in place or time to count for anybody's neighbours. */
bool measure_coarse(const struct measure *measure, const struct engine_incident *incident);
/* The end of its interval as correlated: that of a coarse one is cut. */
int64_t measure_end(const struct measure *measure, const struct engine_incident *incident);
bool countries_share(const country_code *a, size_t a_count, const country_code *b, size_t b_count);

static inline int64_t interval_gap(int64_t a_start, int64_t a_end, int64_t b_start, int64_t b_end)
{
    if (a_start > b_end)
        return a_start - b_end;
    return b_start > a_end ? b_start - a_end : 0;
}

/* d²·window² and gap²·τ²: distance and time on one scale, each at most (τ·window)² where the two are within reach. */
static inline uint128 measure_distance_part(const struct measure *measure, int64_t chord2)
{
    return (uint128)(uint64_t)chord2 * (uint64_t)measure->window_ms * (uint64_t)measure->window_ms;
}

static inline uint128 measure_time_part(const struct measure *measure, int64_t gap_ms)
{
    return (uint128)(uint64_t)gap_ms * (uint64_t)gap_ms * (uint64_t)measure->reach2;
}

/* Of a link between cores; less is stronger. */
static inline uint128 measure_strength(const struct measure *measure, int64_t chord2, int64_t gap_ms)
{
    uint128 distance = measure_distance_part(measure, chord2);
    uint128 time = measure_time_part(measure, gap_ms);
    return distance > time ? distance : time;
}

/* Of attaching to a core; less is nearer. */
static inline uint128 measure_attachment(const struct measure *measure, int64_t chord2, int64_t gap_ms)
{
    return measure_distance_part(measure, chord2) + measure_time_part(measure, gap_ms);
}
