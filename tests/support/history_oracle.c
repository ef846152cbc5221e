#include "tests/support/history_oracle.h"

#include <math.h>

/* The greatest power of two ≤ τ/4, from τ² alone: 4·side ≤ τ ⇔ 16·side² ≤ τ². */
static int64_t side_of(int64_t reach2)
{
    int64_t side = 1;
    while (side < (int64_t)1 << 29 && 16 * (2 * side) * (2 * side) <= reach2)
        side *= 2;
    return side;
}

/* Twice the middle of the cell, which may lie between two integers. */
static int64_t middle_twice(int32_t coordinate, int64_t side)
{
    int64_t low = 0;
    while (low > coordinate)
        low -= side * 1024;
    while (low + side * 1024 <= coordinate)
        low += side * 1024;
    while (low + side <= coordinate)
        low += side;
    return 2 * low + side;
}

uint32_t oracle_history_count(const struct rule *rule, const struct oracle_history *history, struct point point)
{
    int64_t reach2 = chord2_from_km(rule->reach_km);
    int64_t side = side_of(reach2);
    int64_t x = middle_twice(point.x, side);
    int64_t y = middle_twice(point.y, side);
    int64_t z = middle_twice(point.z, side);
    double near = sqrt((double)reach2) + (double)side / 2.0; /* reach and half a side, see baseline.h */
    int64_t near2 = (int64_t)(near * near);
    uint32_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        int64_t dx = 2 * (int64_t)history->points[i].x - x;
        int64_t dy = 2 * (int64_t)history->points[i].y - y;
        int64_t dz = 2 * (int64_t)history->points[i].z - z;
        count += dx * dx + dy * dy + dz * dz <= 4 * near2;
    }
    return count;
}

long double oracle_tail(uint32_t h, long double ratio, uint32_t k)
{
    long double size = (long double)h + 1.0L;
    long double fails = ratio / (1.0L + ratio);
    long double term = powl(1.0L / (1.0L + ratio), size); /* P(0) */
    for (uint32_t i = 0; i < k; i++)
        term *= fails * (size + (long double)i) / ((long double)i + 1.0L);
    long double sum = 0.0L;
    for (uint32_t i = k;; i++) {
        long double next = sum + term;
        long double grows = fails * (size + (long double)i) / ((long double)i + 1.0L);
        if (!(next > sum) && grows < 1.0L)
            return sum;
        sum = next;
        term *= grows;
    }
}

uint32_t oracle_history_threshold(const struct rule *rule, const struct oracle_history *history,
                                  const struct engine_incident *incident)
{
    if (incident->end_ms - incident->start_ms > rule->window_ms)
        return rule->min_neighbours; /* coarse: nobody asks */
    int64_t exposure_ms = 2 * rule->window_ms + (incident->end_ms - incident->start_ms) + history->mean_length_ms;
    int64_t quarters = 0; /* the least with quarters · window / 4 ≥ e */
    while (quarters * rule->window_ms < 4 * exposure_ms)
        quarters++;
    long double ratio =
        (long double)quarters * (long double)rule->window_ms / (4.0L * (long double)history->history_ms);
    uint32_t h = oracle_history_count(rule, history, incident->point);
    uint32_t k = rule->min_neighbours;
    while (oracle_tail(h, ratio, k) > (long double)rule->alpha)
        k++;
    return k;
}
