/* The hull of an episode's places.
 *
 *     sort longitudes, find the widest empty arc:        the places lie on the rest of the circle, and where that rest
 *        −180 ──•────•·················•──•── 180         crosses the antimeridian, those east of it get + 360:
 *                     └─ widest ──────┘                   one plane without a seam. Hull there, cut it at 180, move the
 *                                                         eastern part back by 360.
 *
 * Andrew's monotone chain, O(n log n). */
#include "sink/stores/geopackage/geometry.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum wkb { WKB_POINT = 1, WKB_LINE = 2, WKB_POLYGON = 3, WKB_MULTILINE = 5, WKB_MULTIPOLYGON = 6 };

struct part {
    struct lonlat *places;
    size_t count;
};

void bounds_add(struct bounds *bounds, struct bounds more)
{
    if (!more.any)
        return;
    if (!bounds->any) {
        *bounds = more;
        return;
    }
    bounds->min_x = more.min_x < bounds->min_x ? more.min_x : bounds->min_x;
    bounds->max_x = more.max_x > bounds->max_x ? more.max_x : bounds->max_x;
    bounds->min_y = more.min_y < bounds->min_y ? more.min_y : bounds->min_y;
    bounds->max_y = more.max_y > bounds->max_y ? more.max_y : bounds->max_y;
}

static void put_bytes(struct text *blob, uint64_t value, size_t count)
{
    char bytes[8];
    for (size_t i = 0; i < count; i++)
        bytes[i] = (char)(unsigned char)(value >> (8 * i) & 0xff);
    text_append(blob, (struct span){bytes, count});
}

static void put_double(struct text *blob, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_bytes(blob, bits, 8);
}

static void put_place(struct text *blob, struct lonlat place)
{
    put_double(blob, place.lon);
    put_double(blob, place.lat);
}

static void put_header(struct text *blob, const struct bounds *envelope)
{
    text_append(blob, (struct span){"GP\0", 3});
    put_bytes(blob, envelope != NULL ? 3 : 1, 1); /* little-endian; with or without an envelope */
    put_bytes(blob, 4326, 4);
    if (envelope == NULL)
        return;
    put_double(blob, envelope->min_x);
    put_double(blob, envelope->max_x);
    put_double(blob, envelope->min_y);
    put_double(blob, envelope->max_y);
}

static void put_wkb(struct text *blob, enum wkb type)
{
    put_bytes(blob, 1, 1); /* little-endian */
    put_bytes(blob, (uint64_t)type, 4);
}

static void put_part(struct text *blob, const struct part *part)
{
    if (part->count == 1) {
        put_wkb(blob, WKB_POINT);
        put_place(blob, part->places[0]);
        return;
    }
    bool is_ring = part->count > 2;
    put_wkb(blob, is_ring ? WKB_POLYGON : WKB_LINE);
    if (is_ring)
        put_bytes(blob, 1, 4);
    put_bytes(blob, part->count + is_ring, 4);
    for (size_t i = 0; i < part->count; i++)
        put_place(blob, part->places[i]);
    if (is_ring)
        put_place(blob, part->places[0]);
}

void geometry_point(struct lonlat place, struct text *blob)
{
    put_header(blob, NULL);
    put_part(blob, &(struct part){&place, 1});
}

static int lon_order(const void *a, const void *b)
{
    const struct lonlat *x = a, *y = b;
    if (x->lon != y->lon)
        return x->lon < y->lon ? -1 : 1;
    return (x->lat > y->lat) - (x->lat < y->lat);
}

/* Sorted places onto a plane without a seam; leaves them sorted. */
static void unwrap(struct lonlat *places, size_t count)
{
    double widest = places[0].lon + 360 - places[count - 1].lon;
    size_t moved = 0; /* how many, from the west, lie beyond the antimeridian */
    for (size_t i = 1; i < count; i++) {
        if (places[i].lon - places[i - 1].lon > widest) {
            widest = places[i].lon - places[i - 1].lon;
            moved = i;
        }
    }
    if (moved == 0)
        return;
    for (size_t i = 0; i < moved; i++)
        places[i].lon += 360;
    qsort(places, count, sizeof *places, lon_order);
}

/* > 0: c lies left of a → b. */
static double turn(struct lonlat a, struct lonlat b, struct lonlat c)
{
    return (b.lon - a.lon) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lon - a.lon);
}

static size_t chain(struct lonlat *hull, size_t count, size_t floor, struct lonlat place)
{
    while (count >= floor + 2 && turn(hull[count - 2], hull[count - 1], place) <= 0)
        count--;
    hull[count] = place;
    return count + 1;
}

/* Counter-clockwise, no place twice; 1: a point, 2: a line. */
static size_t hull_of(const struct lonlat *places, size_t count, struct lonlat *hull)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size = chain(hull, size, 0, places[i]);
    if (size == 1)
        return size;
    size_t floor = size - 1;
    for (size_t i = count - 1; i-- > 0;)
        size = chain(hull, size, floor, places[i]);
    return size - 1; /* the first closes the ring */
}

static size_t distinct(struct lonlat *places, size_t count)
{
    size_t kept = 1;
    for (size_t i = 1; i < count; i++)
        if (lon_order(&places[i], &places[kept - 1]) != 0)
            places[kept++] = places[i];
    return kept;
}

enum side { SIDE_WEST, SIDE_EAST };

static bool is_inside(struct lonlat place, enum side side)
{
    return side == SIDE_WEST ? place.lon <= 180 : place.lon >= 180;
}

/* The part of a convex hull on one side of 180° (Sutherland–Hodgman, one edge). */
static size_t cut(const struct lonlat *hull, size_t count, enum side side, struct lonlat *ret_part)
{
    size_t size = 0;
    size_t edges = count > 2 ? count : count - 1;
    for (size_t i = 0; i < count; i++) {
        struct lonlat a = hull[i], b = hull[(i + 1) % count];
        if (is_inside(a, side))
            ret_part[size++] = a;
        if (i < edges && (a.lon < 180) != (b.lon < 180) && a.lon != 180 && b.lon != 180)
            ret_part[size++] = (struct lonlat){180, a.lat + (b.lat - a.lat) * ((180 - a.lon) / (b.lon - a.lon))};
    }
    bool has_width = false;
    for (size_t i = 0; i < size; i++)
        has_width |= ret_part[i].lon != 180;
    for (size_t i = 0; side == SIDE_EAST && i < size; i++)
        ret_part[i].lon -= 360;
    return has_width ? size : 0; /* what only touches the line belongs to the other side */
}

static struct bounds bounds_of(const struct part *part)
{
    struct bounds bounds = {0};
    for (size_t i = 0; i < part->count; i++) {
        struct lonlat place = part->places[i];
        bounds_add(&bounds, (struct bounds){true, place.lon, place.lon, place.lat, place.lat});
    }
    return bounds;
}

/* Parts of one kind: both lines or both rings (a wide part of a ring has an area, but for rounding far below a metre).
 */
static void put_geometry(struct text *blob, const struct part *parts, size_t count, struct bounds *ret_bounds)
{
    struct bounds bounds = {0};
    for (size_t i = 0; i < count; i++)
        bounds_add(&bounds, bounds_of(&parts[i]));
    *ret_bounds = bounds;
    bool is_point = count == 1 && parts[0].count == 1;
    put_header(blob, is_point ? NULL : &bounds);
    if (count > 1) {
        put_wkb(blob, parts[0].count > 2 ? WKB_MULTIPOLYGON : WKB_MULTILINE);
        put_bytes(blob, count, 4);
    }
    for (size_t i = 0; i < count; i++)
        put_part(blob, &parts[i]);
}

void geometry_hull(struct lonlat *places, size_t count, struct lonlat *scratch, struct text *blob,
                   struct bounds *ret_bounds)
{
    assert(count > 0);
    qsort(places, count, sizeof *places, lon_order);
    count = distinct(places, count);
    unwrap(places, count);
    struct lonlat *hull = scratch;
    size_t size = hull_of(places, count, hull);
    double east = -180;
    for (size_t i = 0; i < size; i++)
        east = hull[i].lon > east ? hull[i].lon : east;
    if (east <= 180) {
        put_geometry(blob, &(struct part){hull, size}, 1, ret_bounds);
        return;
    }
    /* A cut of a convex hull adds two places in all to each part: size + 4 behind the hull is room for both. */
    struct part parts[2];
    struct part *next = parts;
    struct lonlat *west = scratch + size;
    size_t west_count = cut(hull, size, SIDE_WEST, west);
    struct lonlat *eastern = west + west_count;
    size_t east_count = cut(hull, size, SIDE_EAST, eastern);
    if (west_count > 0)
        *next++ = (struct part){west, west_count};
    if (east_count > 0)
        *next++ = (struct part){eastern, east_count};
    put_geometry(blob, parts, (size_t)(next - parts), ret_bounds);
}

static double read_double(const char *at)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= (uint64_t)(unsigned char)at[i] << (8 * i);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

enum status geometry_bounds(struct span blob, struct bounds *ret_bounds)
{
    if (blob.size < 8 || memcmp(blob.data, "GP\0", 3) != 0)
        return STATUS_CORRUPT;
    if (blob.data[3] == 3 && blob.size >= 40) {
        const char *at = blob.data + 8;
        *ret_bounds =
            (struct bounds){true, read_double(at), read_double(at + 8), read_double(at + 16), read_double(at + 24)};
        return STATUS_OK;
    }
    if (blob.data[3] == 1 && blob.size == 29) {
        double x = read_double(blob.data + 13), y = read_double(blob.data + 21);
        *ret_bounds = (struct bounds){true, x, x, y, y};
        return STATUS_OK;
    }
    return STATUS_CORRUPT;
}
