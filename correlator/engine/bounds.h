/* How long and how wide a set of incidents is: what the caps bound. It only ever grows. */
#pragma once

#include "correlator/engine/point.h"

struct bounds {
    int64_t first_ms;
    int64_t last_ms;
    struct point low;
    struct point high;
};

static inline int32_t bounds_least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static inline int32_t bounds_greatest(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static inline void bounds_grow(struct bounds *bounds, const struct bounds *other)
{
    bounds->first_ms = bounds->first_ms < other->first_ms ? bounds->first_ms : other->first_ms;
    bounds->last_ms = bounds->last_ms > other->last_ms ? bounds->last_ms : other->last_ms;
    bounds->low = (struct point){bounds_least(bounds->low.x, other->low.x), bounds_least(bounds->low.y, other->low.y),
                                 bounds_least(bounds->low.z, other->low.z)};
    bounds->high =
        (struct point){bounds_greatest(bounds->high.x, other->high.x), bounds_greatest(bounds->high.y, other->high.y),
                       bounds_greatest(bounds->high.z, other->high.z)};
}
