#include "tests/property/calibration/noise.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CENTRE_LAT    47.0
#define CENTRE_LON    15.0
#define KM_PER_DEGREE 111.19508
#define BORDER_KM     150.0
#define DAY_MS        86400000.0

/* splitmix64 */
static uint64_t draw_bits(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 ≤ … < 1 */
static double draw(uint64_t *state)
{
    return (double)(draw_bits(state) >> 11) * 0x1p-53;
}

/* Nearly normal, of standard deviation 1. */
static double draw_normal(uint64_t *state)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++)
        sum += draw(state);
    return sum;
}

static struct spot draw_anywhere(const struct noise *noise, uint64_t *state)
{
    double x = draw(state) * noise->width_km;
    return (struct spot){x, draw(state) * noise->height_km};
}

void noise_init(struct noise *noise, uint64_t layout)
{
    uint64_t state = layout * UINT64_C(0xd1342543de82ef95) + 1;
    *noise = (struct noise){
        .width_km = 3000.0, .height_km = 2500.0, .towns = NOISE_TOWNS_MAX, .scatter_km = 8.0, .anywhere = 0.1};
    for (uint32_t i = 0; i < noise->towns; i++)
        noise->town[i] = draw_anywhere(noise, &state);
}

static uint32_t draw_town(const struct noise *noise, uint64_t *state)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < noise->towns; i++)
        sum += 1.0 / (i + 1);
    double at = draw(state) * sum;
    uint32_t town = 0;
    while (town + 1 < noise->towns && (at -= 1.0 / (town + 1)) >= 0.0)
        town++;
    return town;
}

static struct spot draw_spot(const struct noise *noise, uint64_t *state)
{
    if (draw(state) < noise->anywhere)
        return draw_anywhere(noise, state);
    const struct spot *town = &noise->town[draw_town(noise, state)];
    double x = town->x_km + noise->scatter_km * draw_normal(state);
    return (struct spot){x, town->y_km + noise->scatter_km * draw_normal(state)};
}

/* The map is sinusoidal: equal areas, true distances along the parallels and the middle meridian. */
static struct point point_of(struct spot spot)
{
    double lat = CENTRE_LAT + (spot.y_km - 1250.0) / KM_PER_DEGREE;
    double lon = CENTRE_LON + (spot.x_km - 1500.0) / (KM_PER_DEGREE * cos(lat * 3.14159265358979 / 180.0));
    return point_from_degrees(lat, lon);
}

static void put(struct noise_year *year, char kind, struct spot spot, int64_t at_ms)
{
    size_t index = year->count++;
    int size = snprintf(year->ids[index], NOISE_ID_BYTES, "%c%09zu", kind, index);
    year->incidents[index] = (struct engine_incident){.id = {year->ids[index], (size_t)size},
                                                      .point = point_of(spot),
                                                      .start_ms = at_ms,
                                                      .end_ms = at_ms,
                                                      .reported_at_ms = at_ms,
                                                      .category = CATEGORY_AIR_DRONE_INCURSION,
                                                      .role = ROLE_TRIGGER};
}

static int compare_starts(const void *a, const void *b)
{
    const int64_t *one = a;
    const int64_t *other = b;
    return (*one > *other) - (*one < *other);
}

struct noise_year noise_make(const struct noise *noise, uint64_t seed, size_t count, int64_t start_ms,
                             int64_t length_ms)
{
    uint64_t state = seed * UINT64_C(0x2545f4914f6cdd1d) + 7;
    struct noise_year year = {.incidents = calloc(count + CAMPAIGN_INCIDENTS, sizeof *year.incidents),
                              .ids = calloc(count + CAMPAIGN_INCIDENTS, sizeof *year.ids)};
    int64_t *starts = calloc(count + 1, sizeof *starts);
    if (year.incidents == NULL || year.ids == NULL || starts == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        starts[i] = start_ms + (int64_t)(draw(&state) * (double)length_ms);
    qsort(starts, count, sizeof *starts, compare_starts);
    for (size_t i = 0; i < count; i++)
        put(&year, 'n', draw_spot(noise, &state), starts[i]);
    free(starts);
    return year;
}

void noise_free(struct noise_year *year)
{
    free(year->incidents);
    free(year->ids);
    *year = (struct noise_year){0};
}

/* --- the campaign --- */

static double nearest_town_km(const struct noise *noise, struct spot from, struct spot to)
{
    double nearest2 = INFINITY;
    for (uint32_t town = 0; town < noise->towns; town++) {
        const struct spot *at = &noise->town[town];
        double dx = to.x_km - from.x_km;
        double dy = to.y_km - from.y_km;
        double along = ((at->x_km - from.x_km) * dx + (at->y_km - from.y_km) * dy) / (dx * dx + dy * dy);
        along = fmin(fmax(along, 0.0), 1.0);
        double x = from.x_km + along * dx - at->x_km;
        double y = from.y_km + along * dy - at->y_km;
        nearest2 = fmin(nearest2, x * x + y * y);
    }
    return sqrt(nearest2);
}

static int is_inside(const struct noise *noise, struct spot spot)
{
    return spot.x_km >= BORDER_KM && spot.x_km <= noise->width_km - BORDER_KM && spot.y_km >= BORDER_KM &&
           spot.y_km <= noise->height_km - BORDER_KM;
}

double noise_emptiest(const struct noise *noise, struct spot *ret_from, struct spot *ret_to)
{
    double best_km = -1.0;
    for (int turn = 0; turn < 12; turn++) {
        double angle = turn * 3.14159265358979 / 12.0;
        double dx = CAMPAIGN_LENGTH_KM / 2.0 * cos(angle);
        double dy = CAMPAIGN_LENGTH_KM / 2.0 * sin(angle);
        for (double x = 0.0; x <= noise->width_km; x += 25.0) {
            for (double y = 0.0; y <= noise->height_km; y += 25.0) {
                struct spot from = {x - dx, y - dy};
                struct spot to = {x + dx, y + dy};
                double nearest_km =
                    is_inside(noise, from) && is_inside(noise, to) ? nearest_town_km(noise, from, to) : -1.0;
                if (nearest_km <= best_km)
                    continue;
                best_km = nearest_km;
                *ret_from = from;
                *ret_to = to;
            }
        }
    }
    return best_km;
}

void noise_add_campaign(struct noise_year *year, uint64_t seed, enum campaign_order order, struct spot from,
                        struct spot to, int64_t start_ms)
{
    uint64_t state = seed * UINT64_C(0x9fb21c651e98df25) + 3;
    for (unsigned i = 0; i < CAMPAIGN_INCIDENTS; i++) {
        double when = (i + draw(&state)) / CAMPAIGN_INCIDENTS;
        double where = draw(&state);
        if (order == CAMPAIGN_MOVES)
            where = when;
        struct spot spot = {from.x_km + where * (to.x_km - from.x_km), from.y_km + where * (to.y_km - from.y_km)};
        put(year, 'c', spot, start_ms + (int64_t)(when * CAMPAIGN_DAYS * DAY_MS));
    }
}
