/* Noise: years in which nothing hangs together, to try the baseline on.
 *
 *   60 towns, 1/1, 1/2, 1/3 … of the incidents that are in towns (Zipf), each within some kilometres of its middle
 *   one incident in ten anywhere in 3000 × 2500 km of Europe
 *   times independent of each other and of the places
 *
 * and one campaign: 14 incidents within 5 days along 600 km, where it is emptiest. Equal seeds, equal years. */
#pragma once

#include "correlator/engine/engine.h"

#include <stdint.h>

#define NOISE_TOWNS_MAX    60u
#define NOISE_ID_BYTES     24u
#define CAMPAIGN_INCIDENTS 14u
#define CAMPAIGN_DAYS      5.0
#define CAMPAIGN_LENGTH_KM 600.0
#define NOISE_YEAR_MS      INT64_C(31557600000) /* 365.25 days */

/* On a map of equal areas: kilometres east and north of its south-west corner. */
struct spot {
    double x_km;
    double y_km;
};

struct noise {
    double width_km;
    double height_km;
    uint32_t towns;
    double scatter_km; /* standard deviation of a town's incidents, east and north */
    double anywhere;   /* share of the incidents that is in no town */
    struct spot town[NOISE_TOWNS_MAX];
};

/* 60 towns on 3000 × 2500 km, laid out by the seed. */
void noise_init(struct noise *noise, uint64_t layout);

/* Incidents with room for their ids; free(). */
struct noise_year {
    struct engine_incident *incidents;
    char (*ids)[NOISE_ID_BYTES];
    size_t count;
};

/* So many incidents, evenly over the time from start_ms; with room for a campaign behind them. Ends the program where
 * there is no memory. */
struct noise_year noise_make(const struct noise *noise, uint64_t seed, size_t count, int64_t start_ms,
                             int64_t length_ms);
void noise_free(struct noise_year *year);

/* The line of the campaign: of all of its length that keep 150 km from the borders the one that is furthest from every
 * town. Answers that distance. */
double noise_emptiest(const struct noise *noise, struct spot *ret_from, struct spot *ret_to);

enum campaign_order {
    CAMPAIGN_MOVES, /* from one end of the line to the other */
    CAMPAIGN_MIXED, /* now here, now there along it */
    CAMPAIGN_ORDERS,
};
/* Puts the campaign into the year, behind its other incidents; campaign ids begin with 'c'. */
void noise_add_campaign(struct noise_year *year, uint64_t seed, enum campaign_order order, struct spot from,
                        struct spot to, int64_t start_ms);
