/* Places as a GeoPackage keeps them: a header, then well-known binary, in EPSG:4326 (degrees, longitude first). */
#pragma once

#include "base/status.h"
#include "proto/json.h"

#include <stdbool.h>
#include <stddef.h>

struct lonlat {
    double lon, lat;
};

struct bounds {
    bool any; /* false: of nothing */
    double min_x, max_x, min_y, max_y;
};

void bounds_add(struct bounds *bounds, struct bounds more);

/* Appends a point: 29 bytes. */
void geometry_point(struct lonlat place, struct text *blob);
/* Appends the convex hull of the places: a point where they are one, a line where they lie on one, a polygon otherwise;
 * cut in two at the antimeridian where it is the shorter way round (RFC 7946 §3.1.9). Reorders the places. scratch:
 * room for 2 × count + 8. count ≥ 1. */
void geometry_hull(struct lonlat *places, size_t count, struct lonlat *scratch, struct text *blob,
                   struct bounds *ret_bounds);
/* The bounds of what the two above wrote. STATUS_CORRUPT for anything else. */
enum status geometry_bounds(struct span blob, struct bounds *ret_bounds) MUST_CHECK;
