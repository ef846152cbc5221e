/* The palette: few places over the whole sphere, any reach, any window, any caps. */
#include "tests/support/families.h"

#include <math.h>
#include <stdio.h>

#define HOUR_MS 3600000LL

static const country_code codes[] = {COUNTRY_CODE('B', 'Y'), COUNTRY_CODE('D', 'K'), COUNTRY_CODE('E', 'E'),
                                     COUNTRY_CODE('P', 'L'), COUNTRY_CODE('R', 'O'), COUNTRY_CODE('U', 'A')};
#define CODES (sizeof(codes) / sizeof(codes[0]))

/* ---- rules ---- */

static void rule_fill(struct dice *dice, struct world *world, uint32_t index)
{
    static const double reaches[] = {0.5, 25.0, 300.0, 1000.0, 1500.0, 7000.0, 20015.0};
    static const int64_t caps[] = {0, 1, 2, 3, 4, 7, 12, 400};
    static const int64_t windows[] = {1, HOUR_MS, 48 * HOUR_MS, 14 * 24 * HOUR_MS, RULE_WINDOW_MS_MAX};
    struct rule *rule = &world->rules[index];
    (void)snprintf(world->rule_names[index], sizeof(world->rule_names[index]), "r%u", index);
    double reach = reaches[dice_below(dice, 7)];
    int64_t window = windows[dice_below(dice, 5)];
    world->lists[index][0] = codes[dice_below(dice, CODES)];
    world->lists[index][1] = codes[CODES - 1];
    *rule = (struct rule){
        .name = span_of(world->rule_names[index]),
        .categories = dice_below(dice, 2) ? UINT64_MAX : (category_set)0x55,
        .reach_km = reach,
        .window_ms = window,
        .min_neighbours = 1 + dice_below(dice, 4),
        .min_incidents = 1 + dice_below(dice, 4),
        .min_countries = dice_below(dice, 4),
        .alpha = 1e-3,
        .max_radius_km = dice_below(dice, 3) ? 200.0 : reach / 4.0,
        .only_countries = world->lists[index],
        .only_count = dice_below(dice, 6) == 0 ? 1 : 0,
        .except_countries = world->lists[index] + 1,
        .except_count = dice_below(dice, 3) == 0 ? 1 : 0,
        .cap_duration_ms = window * caps[dice_below(dice, 8)],
        .cap_extent_km = dice_below(dice, 3) ? INFINITY : reach * 0.5 * (double)dice_below(dice, 5),
    };
}

/* ---- places ---- */

struct spot {
    double lat, lon;
};

/* A palette, so that places repeat, mirror each other, and lie a step short of, at, and beyond the reach. */
static struct spot spot_make(struct dice *dice, double reach_km)
{
    static const struct spot corners[] = {{90, 0},   {90, 77},   {-90, 5},      {89.99, -179}, {0, 180},
                                          {0, -180}, {10, 180},  {10, -180},    {0, 0},        {52, 21},
                                          {52, 23},  {59, 25},   {45, 28},      {59.4, 24.7},  {-45, 179.999},
                                          {45, 45},  {-45, -45}, {10, -179.99}, {30, 0},       {30, 90}};
    struct spot spot = corners[dice_below(dice, 20)];
    double step = reach_km / 111.19 / 2.0;
    if (dice_below(dice, 3) == 0)
        return spot;
    spot.lat += step * ((double)dice_below(dice, 7) - 3.0);
    spot.lon += step * ((double)dice_below(dice, 7) - 3.0);
    if (spot.lat > 90.0)
        spot.lat = 90.0;
    if (spot.lat < -90.0)
        spot.lat = -90.0;
    while (spot.lon > 180.0)
        spot.lon -= 360.0;
    while (spot.lon < -180.0)
        spot.lon += 360.0;
    return spot;
}

#define SPOTS 12u

/* ---- incidents ---- */

static uint8_t codes_fill(struct dice *dice, country_code *ret_codes, const country_code *also, size_t also_count)
{
    uint32_t set = dice_below(dice, 3) == 0 ? 0 : (1u << dice_below(dice, CODES)) | (1u << dice_below(dice, CODES));
    if (set != 0 && dice_below(dice, 2))
        set &= set - 1;
    uint8_t count = 0;
    for (uint32_t i = 0; i < CODES && count < 4; i++) {
        bool wanted = (set >> i & 1) != 0;
        for (size_t j = 0; j < also_count; j++)
            wanted = wanted || also[j] == codes[i];
        if (wanted)
            ret_codes[count++] = codes[i];
    }
    return count;
}

void world_countries_fill(struct dice *dice, struct world *world, uint32_t index)
{
    struct engine_incident *incident = &world->incidents[index];
    country_code *own = world->codes[index];
    incident->countries = own;
    incident->touched_countries = own + 4;
    incident->country_count = codes_fill(dice, own, NULL, 0);
    incident->touched_country_count = codes_fill(dice, own + 4, own, incident->country_count);
}

static enum role role_roll(struct dice *dice)
{
    static const enum role roles[] = {ROLE_RESPONSE, ROLE_CONSEQUENCE, ROLE_CONTEXT, ROLE_CONTEXT};
    return dice_below(dice, 5) ? ROLE_TRIGGER : roles[dice_below(dice, 4)];
}

static void incident_fill(struct dice *dice, struct world *world, const struct spot *spots, int64_t span_steps,
                          uint32_t index)
{
    static const double radii[] = {0.0, 5.0, 0.5, 0.50001, 1.0}; /* the last three: of the reach */
    const struct rule *rule = &world->rules[dice_below(dice, world->rule_count)];
    struct engine_incident *incident = &world->incidents[index];
    int64_t window = rule->window_ms;
    int64_t step = window >= 4 ? window / 4 : 1;
    const int64_t lengths[] = {0, 0, 0, step, window - 1, window, window + 1, 3 * window};
    struct spot spot = spots[dice_below(dice, SPOTS)];
    uint32_t radius = dice_below(dice, 4) ? 0 : dice_below(dice, 5);
    int64_t epoch = 1757000000000LL;
    *incident = (struct engine_incident){
        .id = span_of(world->names[index / world->variant_count]),
        .point = point_from_degrees(spot.lat, spot.lon),
        .radius_km = radius < 2 ? radii[radius] : radii[radius] * rule->reach_km,
        .start_ms = epoch + step * (int64_t)dice_below(dice, (uint32_t)span_steps),
        .reported_at_ms = TIME_NONE,
        .category = (enum category)dice_below(dice, CATEGORY_COUNT),
        .role = role_roll(dice),
    };
    if (dice_below(dice, 8) == 0)
        incident->start_ms += (int64_t)dice_below(dice, 3) - 1;
    incident->end_ms = incident->start_ms + lengths[dice_below(dice, 8)];
    if (incident->role != ROLE_TRIGGER)
        incident->end_ms += window * (int64_t)dice_below(dice, 4);
    if (dice_below(dice, 3) == 0)
        incident->reported_at_ms = incident->start_ms + step * ((int64_t)dice_below(dice, 9) - 4);
    world_countries_fill(dice, world, index);
}

void palette_fill(struct dice *dice, struct world *world)
{
    uint32_t total = world->incident_count * world->variant_count;
    world->rule_count = 1 + dice_below(dice, WORLD_RULES_MAX);
    for (uint32_t i = 0; i < world->rule_count; i++)
        rule_fill(dice, world, i);
    struct spot spots[SPOTS];
    for (uint32_t i = 0; i < SPOTS; i++)
        spots[i] = spot_make(dice, world->rules[i % world->rule_count].reach_km);
    if (dice_below(dice, 3) == 0) { /* crowded: everything happens in few places */
        for (uint32_t i = 3; i < SPOTS; i++)
            spots[i] = spots[i % 3];
    }
    static const int64_t spans[] = {4, 20, 100, 400};
    int64_t span_steps = DICE_PICK(dice, spans);
    if (dice_below(dice, 4) == 0) { /* a chain that goes on for many windows, a few incidents in each */
        for (uint32_t i = 2; i < SPOTS; i++)
            spots[i] = spots[i % 2];
        span_steps = world->incident_count + dice_below(dice, 2 * world->incident_count);
        for (uint32_t i = 0; i < world->rule_count; i++)
            world->rules[i].min_neighbours = 1 + dice_below(dice, 2);
    }
    for (uint32_t i = 0; i < total; i++)
        incident_fill(dice, world, spots, span_steps, i);
}
