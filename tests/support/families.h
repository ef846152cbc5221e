/* Families of worlds, each hard in its own way; exact ties (same place, same instant, links of one strength) in every
 * one.
 *
 *   palette   few places over the whole sphere, any reach and window, any caps, up to four rules
 *   plain     places on a mesh several reaches wide, for many windows, under caps that bind
 *   chains    lines that go on for many windows, side by side: episodes touch, are cut, and leave one before the other
 *   pulses    bursts a window apart, with stragglers between them: one straggler joins, cuts or continues two bursts
 *   crowd     nearly all in one cell and slot, around a high threshold
 *   thin      one after the other at exactly the window, into a cap of exactly so many windows
 *   towns     dense towns whose distance is the reach to the last unit, or one unit more or less
 *   lattice   places and times on the borders of cells and slots, one unit to either side
 *   poles     around poles and the antimeridian, mirrored
 *   spans     intervals exactly as long as the window, gaps exactly as wide, coarse ones a millisecond beyond
 *   sea       pairs and trios far from each other: many cells with few in them, which come and go
 *   region    towns of all sizes and a countryside: what the benchmarks do, in little */
#pragma once

#include "tests/support/world.h"

struct family {
    const char *name;
    uint32_t least; /* incidents */
    uint32_t most;
    void (*fill)(struct dice *dice, struct world *world); /* rules and all variants; names are there */
};

extern const struct family families[];
extern const size_t family_count;
/* Aborts where there is none. */
const struct family *family_named(const char *name);

/* ---- what they are made with ---- */

/* Chord of a distance, in units of the lattice. */
double units_from_km(double km);
/* Of the sphere, so far east and north, in units. */
struct point point_moved(struct point point, double east, double north);
/* At most so far away in each direction. */
struct point point_beside(struct dice *dice, struct point point, double units_most);
/* A reach with exactly this τ². */
double reach_of_chord2(int64_t chord2);

/* Rule, countries, role, category, radius and times of report are rolled; place and interval are given. */
struct happening {
    struct point point;
    int64_t start_ms;
    int64_t length_ms;
};
/* Rule 0 as told, of the rest what the dice say; further rules differ from it in a few things. */
struct law_of_land {
    double reach_km;
    int64_t window_ms;
    uint32_t min_neighbours;
    int64_t cap_duration_ms;
    double cap_extent_km;
};
void world_rules_fill(struct dice *dice, struct world *world, const struct law_of_land *law);
/* Variant 0 as it happens; each other one differs from it in one thing, or in none. */
void world_happen(struct dice *dice, struct world *world, uint32_t id, const struct happening *happening);

/* palette.c: the eldest family rolls all of it by itself. */
void palette_fill(struct dice *dice, struct world *world);
/* Countries of one incident, counted and touched. */
void world_countries_fill(struct dice *dice, struct world *world, uint32_t index);
