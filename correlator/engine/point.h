/* Places as integers (method §1): a unit vector × 2^28, rounded to nearest, so that every machine decides the same.
 *
 * Squared chords between points fit 61 bits; no poles, no antimeridian. Sine and cosine are our own, of IEEE + − × /
 * and sqrt alone: libm's last digit differs between versions. */
#pragma once

#include <stdint.h>

#define EARTH_RADIUS_KM 6371.0088
#define POINT_SCALE     268435456 /* 2^28; one unit is 2.4 cm */

struct point {
    int32_t x, y, z;
};

/* lat −90 … 90, lon −180 … 180 degrees. */
struct point point_from_degrees(double lat, double lon);
/* |a − b|² in units². */
static inline int64_t point_chord2(struct point a, struct point b)
{
    int64_t x = (int64_t)a.x - b.x;
    int64_t y = (int64_t)a.y - b.y;
    int64_t z = (int64_t)a.z - b.z;
    return x * x + y * y + z * z;
}
/* τ² = ⌊(2·sin(reach / 2R) · 2^28)²⌋; reach_km 0 … 20015.1. From there on every pair is within reach. */
int64_t chord2_from_km(double reach_km);
/* The great-circle distance of a squared chord, for people to read (libm); chords beyond the diameter count as it. */
double chord2_to_km(int64_t chord2);
