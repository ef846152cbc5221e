/* A small background to try null years on: some towns and a sprinkle over 20 × 20 degrees, some incidents with a
 * follow-up a few hours later and next door. */
#pragma once

#include "correlator/calibration/philox.h"
#include "correlator/engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_MS             INT64_C(86400000)
#define HOUR_MS            INT64_C(3600000)
#define BACKGROUND_MAX     4000u
#define BACKGROUND_TOWNS   8u
#define BACKGROUND_ID_ROOM 16u

struct background {
    struct engine_incident incidents[BACKGROUND_MAX];
    char ids[BACKGROUND_MAX][BACKGROUND_ID_ROOM];
    size_t count;
    uint64_t seed;
    uint32_t turn;
};

static inline double background_draw(struct background *background)
{
    struct philox random = philox_at(background->seed, (struct philox){{background->turn++, 0, 0, 0}});
    return (double)philox_below(random, UINT64_C(1) << 53) * 0x1p-53;
}

static inline void background_put(struct background *background, double lat, double lon, int64_t start_ms,
                                  int64_t length_ms)
{
    size_t at = background->count++;
    int size = snprintf(background->ids[at], BACKGROUND_ID_ROOM, "b:%zu", at);
    background->incidents[at] = (struct engine_incident){.id = {background->ids[at], (size_t)size},
                                                         .point = point_from_degrees(lat, lon),
                                                         .start_ms = start_ms,
                                                         .end_ms = start_ms + length_ms,
                                                         .reported_at_ms = TIME_NONE,
                                                         .category = CATEGORY_AIR_DRONE_INCURSION,
                                                         .role = ROLE_TRIGGER};
}

/* So many first reports over so many days from 0 on; one in `followed` has a follow-up (0: none). */
static inline struct background *background_new(uint64_t seed, size_t count, int64_t days, unsigned followed)
{
    struct background *background = calloc(1, sizeof *background);
    if (background == NULL)
        abort();
    background->seed = seed;
    for (size_t i = 0; i < count; i++) {
        double lat = 40.0 + 20.0 * background_draw(background);
        double lon = 5.0 + 20.0 * background_draw(background);
        unsigned town = (unsigned)(background_draw(background) * 1.5 * BACKGROUND_TOWNS);
        if (town < BACKGROUND_TOWNS) {
            lat = 42.0 + 2.0 * town;
            lon = 7.0 + 7.0 * (town % 3);
        }
        int64_t start_ms = (int64_t)(background_draw(background) * (double)(days * DAY_MS));
        background_put(background, lat, lon, start_ms, i % 4 == 0 ? HOUR_MS * (int64_t)(i % 40) : 0);
        if (followed > 0 && i % followed == 0)
            background_put(background, lat + 0.1, lon, start_ms + 3 * HOUR_MS, 0);
    }
    return background;
}

static inline struct rule background_rule(double alpha)
{
    return (struct rule){.name = SPAN("background"),
                         .categories = ~(category_set)0,
                         .reach_km = 150.0,
                         .window_ms = 2 * DAY_MS,
                         .min_neighbours = 1,
                         .min_incidents = 5,
                         .alpha = alpha,
                         .max_radius_km = 200.0,
                         .cap_duration_ms = 90 * DAY_MS,
                         .cap_extent_km = INFINITY};
}
