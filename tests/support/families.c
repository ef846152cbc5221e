#include "tests/support/families.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOUR_MS  3600000LL
#define EPOCH_MS 1757000000000LL
#define R        268435456.0 /* POINT_SCALE */

/* ---- places ---- */

double units_from_km(double km)
{
    return sqrt((double)chord2_from_km(km));
}

static struct point point_of(double x, double y, double z)
{
    double size = sqrt(x * x + y * y + z * z);
    return (struct point){(int32_t)floor(x / size * R + 0.5), (int32_t)floor(y / size * R + 0.5),
                          (int32_t)floor(z / size * R + 0.5)};
}

struct point point_moved(struct point point, double east, double north)
{
    double x = point.x, y = point.y, z = point.z;
    /* East is at right angles to the axis; at a pole any direction will do. */
    double ex = -y, ey = x;
    double size = sqrt(ex * ex + ey * ey);
    if (size < 1.0) {
        ex = 1.0;
        ey = 0.0;
    } else {
        ex /= size;
        ey /= size;
    }
    double nx = -z * ey / R, ny = z * ex / R, nz = (x * ey - y * ex) / R;
    return point_of(x + ex * east + nx * north, y + ey * east + ny * north, z + nz * north);
}

struct point point_beside(struct dice *dice, struct point point, double units_most)
{
    double most = units_most < 2.0 * R ? units_most : 2.0 * R;
    double east = most * (2.0 * dice_real(dice) - 1.0);
    return point_moved(point, east, most * (2.0 * dice_real(dice) - 1.0));
}

double reach_of_chord2(int64_t chord2)
{
    double km = chord2_to_km(chord2);
    while (chord2_from_km(km) < chord2)
        km = nextafter(km, INFINITY);
    while (chord2_from_km(km) > chord2)
        km = nextafter(km, 0.0);
    return km;
}

static struct point somewhere(struct dice *dice)
{
    static const double places[][2] = {{52, 21}, {-33, 151}, {0, 0}, {64, -51}, {0, 180}, {45, 45}, {-45, -135}};
    const double *place = places[dice_below(dice, 7)];
    return point_from_degrees(place[0], place[1]);
}

/* ---- rules ---- */

void world_rules_fill(struct dice *dice, struct world *world, const struct law_of_land *law)
{
    static const uint32_t counts[] = {1, 1, 1, 2, 3};
    static const country_code countries[] = {COUNTRY_CODE('P', 'L'), COUNTRY_CODE('U', 'A'), COUNTRY_CODE('E', 'E')};
    world->rule_count = DICE_PICK(dice, counts);
    for (uint32_t i = 0; i < world->rule_count; i++) {
        struct rule *rule = &world->rules[i];
        (void)snprintf(world->rule_names[i], sizeof(world->rule_names[i]), "r%u", i);
        world->lists[i][0] = DICE_PICK(dice, countries);
        world->lists[i][1] = DICE_PICK(dice, countries);
        *rule = (struct rule){.name = span_of(world->rule_names[i]),
                              .categories = dice_below(dice, 3) ? UINT64_MAX : (category_set)0x55,
                              .reach_km = law->reach_km,
                              .window_ms = law->window_ms,
                              .min_neighbours = law->min_neighbours,
                              .min_incidents = 1 + dice_below(dice, 4),
                              .min_countries = dice_below(dice, 3),
                              .alpha = 1e-3,
                              .max_radius_km = dice_below(dice, 3) ? 200.0 : law->reach_km / 4.0,
                              .only_countries = world->lists[i],
                              .only_count = dice_below(dice, 12) == 0,
                              .except_countries = world->lists[i] + 1,
                              .except_count = dice_below(dice, 6) == 0,
                              .cap_duration_ms = law->cap_duration_ms,
                              .cap_extent_km = law->cap_extent_km};
        if (i == 0)
            continue;
        if (dice_below(dice, 2))
            rule->reach_km *= dice_below(dice, 2) || rule->reach_km > RULE_REACH_KM_MAX / 1.25 ? 0.5 : 1.25;
        if (dice_below(dice, 2) && rule->window_ms >= 2)
            rule->window_ms /= 2;
        else if (dice_below(dice, 2) && rule->window_ms < RULE_WINDOW_MS_MAX)
            rule->window_ms += rule->window_ms / 4;
        if (dice_below(dice, 2))
            rule->min_neighbours = 1 + dice_below(dice, law->min_neighbours + 1);
        if (dice_below(dice, 2))
            rule->cap_duration_ms = law->window_ms * dice_below(dice, 9);
        if (dice_below(dice, 2))
            rule->cap_extent_km = INFINITY;
    }
}

/* ---- incidents ---- */

static void others_roll(struct dice *dice, struct world *world, uint32_t index)
{
    static const enum role roles[] = {ROLE_RESPONSE, ROLE_CONSEQUENCE, ROLE_CONTEXT};
    struct engine_incident *incident = &world->incidents[index];
    const struct rule *rule = &world->rules[0];
    incident->category = (enum category)dice_below(dice, CATEGORY_COUNT);
    incident->role = dice_below(dice, 12) ? ROLE_TRIGGER : roles[dice_below(dice, 3)];
    incident->radius_km = 0.0;
    if (dice_below(dice, 12) == 0)
        incident->radius_km = rule->reach_km * (dice_below(dice, 2) ? 0.5 : 0.75);
    incident->reported_at_ms = TIME_NONE;
    if (dice_below(dice, 3) == 0)
        incident->reported_at_ms = incident->start_ms + rule->window_ms * ((int64_t)dice_below(dice, 5) - 2);
    if (incident->role != ROLE_TRIGGER)
        incident->end_ms += rule->window_ms * (int64_t)dice_below(dice, 4);
    world_countries_fill(dice, world, index);
}

static void variant_change(struct dice *dice, struct world *world, uint32_t index)
{
    struct engine_incident *incident = &world->incidents[index];
    int64_t window = world->rules[0].window_ms;
    int64_t length = incident->end_ms - incident->start_ms;
    switch (dice_below(dice, 8)) {
    case 0:
        break; /* the same again */
    case 1:
        incident->start_ms += window / 4 * ((int64_t)dice_below(dice, 9) - 4);
        break;
    case 2:
        incident->start_ms += (int64_t)dice_below(dice, 3) - 1;
        break;
    case 3:
        incident->point = world->incidents[dice_below(dice, index)].point;
        break;
    case 4:
        length = window / 4 * (int64_t)dice_below(dice, 6);
        break;
    case 5:
        incident->radius_km = incident->radius_km > 0.0 ? 0.0 : world->rules[0].reach_km * 0.75;
        break;
    case 6:
        incident->start_ms += window * ((int64_t)dice_below(dice, 7) - 3);
        break;
    default:
        others_roll(dice, world, index);
        return;
    }
    incident->end_ms = incident->start_ms + length;
}

void world_happen(struct dice *dice, struct world *world, uint32_t id, const struct happening *happening)
{
    struct point point = happening->point;
    int64_t start_ms = happening->start_ms;
    if (id > 0 && dice_below(dice, 12) == 0) { /* exactly where and when another one did */
        const struct engine_incident *other = world_incident(world, dice_below(dice, id), 0);
        point = other->point;
        start_ms = other->start_ms;
    }
    for (uint32_t variant = 0; variant < world->variant_count; variant++) {
        uint32_t index = id * world->variant_count + variant;
        struct engine_incident *incident = &world->incidents[index];
        *incident = (struct engine_incident){.id = span_of(world->names[id]),
                                             .point = point,
                                             .start_ms = start_ms,
                                             .end_ms = start_ms + happening->length_ms};
        others_roll(dice, world, index);
        if (variant == 0)
            continue;
        if (dice_below(dice, 3)) { /* most corrections change one thing */
            const struct engine_incident *first = world_incident(world, id, 0);
            country_code *own = world->codes[index];
            memcpy(own, world->codes[id * world->variant_count], sizeof(world->codes[0]));
            *incident = *first;
            incident->countries = own;
            incident->touched_countries = own + 4;
        }
        variant_change(dice, world, index);
    }
}

static int64_t length_roll(struct dice *dice, int64_t window)
{
    const int64_t lengths[] = {0, 0, 0, window / 4, window / 2, window / 4 + 1, window, window + 1};
    return DICE_PICK(dice, lengths);
}

static double extent_roll(struct dice *dice, double reach_km)
{
    return dice_below(dice, 3) ? INFINITY : reach_km * 0.5 * (double)(1 + dice_below(dice, 6));
}

/* ---- families ---- */

static void plain_fill(struct dice *dice, struct world *world)
{
    const struct law_of_land law = {100.0, HOUR_MS, 1 + dice_below(dice, 2), HOUR_MS * (1 + dice_below(dice, 16)),
                                    dice_below(dice, 3) ? 100.0 * (1.0 + dice_below(dice, 5)) : INFINITY};
    world_rules_fill(dice, world, &law);
    uint32_t width = 1 + dice_below(dice, 6); /* reaches, about */
    uint32_t quarters = 4 * (1 + world->incident_count / (2 + dice_below(dice, 3 * width)));
    for (uint32_t i = 0; i < world->incident_count; i++) {
        double lat = 50.0 + 0.1 * dice_below(dice, 9 * width);
        double lon = 10.0 + 0.15 * dice_below(dice, 9 * width);
        world_happen(dice, world, i,
                     &(struct happening){point_from_degrees(lat, lon),
                                         EPOCH_MS + HOUR_MS / 4 * (int64_t)dice_below(dice, quarters),
                                         length_roll(dice, HOUR_MS)});
    }
}

/* Lines side by side, each going on in time; some also wander. */
static void chains_fill(struct dice *dice, struct world *world)
{
    static const double reaches[] = {0.5, 25.0, 300.0};
    static const int64_t windows[] = {8, 1000, 48 * HOUR_MS};
    double reach = DICE_PICK(dice, reaches);
    int64_t window = DICE_PICK(dice, windows);
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 2), window * (1 + dice_below(dice, 6)),
                                    extent_roll(dice, reach)};
    world_rules_fill(dice, world, &law);
    double unit = units_from_km(reach);
    struct point home = somewhere(dice);
    uint32_t lanes = 1 + dice_below(dice, 4);
    double apart = unit * (0.3 + 0.1 * dice_below(dice, 8));
    double pace = dice_below(dice, 2) ? 0.0 : unit * 0.1 * dice_below(dice, 9);
    uint32_t round = 3 + dice_below(dice, 20); /* steps until a lane is where it began */
    uint32_t density = 1 + dice_below(dice, 4);
    int64_t steps[8] = {0};
    for (uint32_t i = 0; i < world->incident_count; i++) {
        uint32_t lane = dice_below(dice, lanes);
        if (dice_below(dice, density) == 0)
            steps[lane] += 1 + (int64_t)dice_below(dice, 4);
        double along = pace * (double)(steps[lane] % round);
        world_happen(dice, world, i,
                     &(struct happening){point_moved(home, along, apart * lane), EPOCH_MS + window / 4 * steps[lane],
                                         length_roll(dice, window)});
    }
}

static void pulses_fill(struct dice *dice, struct world *world)
{
    double reach = 100.0;
    int64_t window = 4 * HOUR_MS;
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 3), window * (1 + dice_below(dice, 5)),
                                    extent_roll(dice, reach)};
    world_rules_fill(dice, world, &law);
    double unit = units_from_km(reach);
    struct point home = somewhere(dice);
    uint32_t crew = 2 + dice_below(dice, 5);
    int64_t beat = window + window / 4 * ((int64_t)dice_below(dice, 5) - 1);
    for (uint32_t i = 0; i < world->incident_count; i++) {
        int64_t pulse = i / crew;
        bool straggler = dice_below(dice, 6) == 0;
        double east = unit * 0.45 * (double)dice_below(dice, 3);
        double north = unit * 0.45 * (double)(pulse % 2 + dice_below(dice, 2));
        world_happen(dice, world, i,
                     &(struct happening){point_moved(home, east, north),
                                         EPOCH_MS + beat * pulse + (straggler ? beat / 2 : 0) +
                                             HOUR_MS / 2 * (int64_t)dice_below(dice, 3),
                                         length_roll(dice, window)});
    }
}

static void crowd_fill(struct dice *dice, struct world *world)
{
    double reach = dice_below(dice, 2) ? 25.0 : 900.0;
    int64_t window = dice_below(dice, 2) ? HOUR_MS : 3;
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 12), window * dice_below(dice, 5),
                                    dice_below(dice, 2) ? INFINITY : reach * 0.01};
    world_rules_fill(dice, world, &law);
    double unit = units_from_km(reach);
    struct point home = somewhere(dice);
    uint32_t edge = 2 + dice_below(dice, 8);
    int64_t quarter = window >= 4 ? window / 4 : 1;
    for (uint32_t i = 0; i < world->incident_count; i++) {
        struct point point = home;
        if (dice_below(dice, 3) == 0)
            point = point_beside(dice, home, unit * 0.05);
        if (dice_below(dice, edge) == 0)
            point = point_moved(home, unit * (0.8 + 0.1 * dice_below(dice, 4)), 0.0);
        world_happen(dice, world, i,
                     &(struct happening){point,
                                         EPOCH_MS + quarter * (int64_t)dice_below(dice, dice_below(dice, 5) ? 4 : 12),
                                         dice_below(dice, 2) ? 0 : length_roll(dice, window)});
    }
}

static void thin_fill(struct dice *dice, struct world *world)
{
    static const int64_t windows[] = {1, 5, HOUR_MS, RULE_WINDOW_MS_MAX};
    int64_t window = DICE_PICK(dice, windows);
    double reach = 300.0;
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 2),
                                    window * (1 + dice_below(dice, 7)) + (int64_t)dice_below(dice, 3) - 1, INFINITY};
    world_rules_fill(dice, world, &law);
    double unit = units_from_km(reach);
    struct point home = somewhere(dice);
    int64_t now = EPOCH_MS;
    for (uint32_t i = 0; i < world->incident_count; i++) {
        const int64_t gaps[] = {0, window, window, window - 1, window + 1, window / 2, 2 * window};
        int64_t gap = DICE_PICK(dice, gaps);
        int64_t length = length_roll(dice, window);
        world_happen(
            dice, world, i,
            &(struct happening){point_moved(home, unit * 0.5 * (double)dice_below(dice, 2), 0.0), now, length});
        now += gap;
        if (dice_below(dice, 2))
            now += length; /* the gap is between the intervals, or between the starts */
    }
}

static void towns_fill(struct dice *dice, struct world *world)
{
    static const double apart[] = {1.0, 60.0, 700.0, 5000.0};
    struct point home = somewhere(dice);
    double unit = units_from_km(DICE_PICK(dice, apart));
    struct point towns[3] = {home, point_moved(home, unit, 0.0), point_moved(home, 0.0, unit)};
    int64_t reach2 = point_chord2(towns[0], towns[1]) + (int64_t)dice_below(dice, 3) - 1;
    double reach = reach_of_chord2(reach2);
    int64_t window = dice_below(dice, 2) ? HOUR_MS : 9;
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 8), window * (1 + dice_below(dice, 8)),
                                    dice_below(dice, 2) ? INFINITY : reach};
    world_rules_fill(dice, world, &law);
    double blur = dice_below(dice, 2) ? 1.5 : 0.0;
    for (uint32_t i = 0; i < world->incident_count; i++) {
        struct point point = towns[dice_below(dice, 5) % 3];
        if (blur > 0.0 && dice_below(dice, 2))
            point = point_beside(dice, point, blur);
        world_happen(dice, world, i,
                     &(struct happening){point, EPOCH_MS + window * (int64_t)dice_below(dice, 9) / 4,
                                         length_roll(dice, window)});
    }
}

static double root_floor(double square)
{
    return floor(sqrt(square));
}

static int32_t on_border(struct dice *dice, double base, double side)
{
    double border = (floor(base / side) + (double)dice_below(dice, 4) - 1.0) * side;
    return (int32_t)border + (int32_t)dice_below(dice, 3) - 1;
}

/* On the sphere, with two of the three coordinates on borders of a lattice. */
static struct point border_point(struct dice *dice, double base_x, double base_y, double side, uint32_t turn)
{
    double x = on_border(dice, base_x, side);
    double y = on_border(dice, base_y, side);
    double z = sqrt(R * R - x * x - y * y);
    const int32_t at[3] = {(int32_t)x, (int32_t)y, (turn >= 3 ? -1 : 1) * (int32_t)floor(z + 0.5)};
    return (struct point){at[turn % 3], at[(turn + 1) % 3], at[(turn + 2) % 3]};
}

static void lattice_fill(struct dice *dice, struct world *world)
{
    static const double reaches[] = {0.5, 10.0, 150.0, 800.0};
    static const int64_t windows[] = {1, 4, 7, HOUR_MS};
    double reach = DICE_PICK(dice, reaches);
    int64_t window = DICE_PICK(dice, windows);
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 4), window * dice_below(dice, 8),
                                    extent_roll(dice, reach)};
    world_rules_fill(dice, world, &law);
    double reach2 = (double)chord2_from_km(reach);
    double power = 1.0;
    while (16.0 * (2.0 * power) * (2.0 * power) <= reach2)
        power *= 2.0;
    const double sides[] = {root_floor(reach2 / 3.0),
                            root_floor(reach2 / 3.0) + 1.0,
                            root_floor(reach2 / 2.0),
                            power,
                            2.0 * power,
                            4.0 * power};
    double side = DICE_PICK(dice, sides);
    double base_x = R * (dice_real(dice) - 0.5);
    double base_y = dice_below(dice, 2) ? 0.0 : R * (dice_real(dice) - 0.5);
    uint32_t turn = dice_below(dice, 6);
    /* Around 1970 slots change their sign. */
    int64_t base_ms = dice_below(dice, 2) ? 0 : EPOCH_MS / window * window;
    for (uint32_t i = 0; i < world->incident_count; i++) {
        struct point point = border_point(dice, base_x, base_y, side, turn);
        int64_t start = base_ms + window * ((int64_t)dice_below(dice, 9) - 4) + (int64_t)dice_below(dice, 3) - 1;
        world_happen(dice, world, i, &(struct happening){point, start, length_roll(dice, window)});
    }
}

static void poles_fill(struct dice *dice, struct world *world)
{
    static const double reaches[] = {0.5, 50.0, 1500.0, 9000.0, 20015.0};
    double reach = DICE_PICK(dice, reaches);
    int64_t window = 6 * HOUR_MS;
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 3), window * (1 + dice_below(dice, 9)),
                                    extent_roll(dice, reach)};
    world_rules_fill(dice, world, &law);
    double off = reach / 111.19 / 2.0;
    off = off < 40.0 ? off : 40.0;
    for (uint32_t i = 0; i < world->incident_count; i++) {
        uint32_t steps = dice_below(dice, 3);
        double lon = 45.0 * (double)dice_below(dice, 9) - 180.0;
        double lat = 90.0 - off * steps;
        if (dice_below(dice, 3) == 0) { /* on both sides of the antimeridian */
            lat = off * ((double)dice_below(dice, 3) - 1.0);
            lon = (dice_below(dice, 2) ? 1.0 : -1.0) * (180.0 - off * steps);
        } else if (dice_below(dice, 2)) {
            lat = -lat;
        }
        world_happen(dice, world, i,
                     &(struct happening){point_from_degrees(lat, lon),
                                         EPOCH_MS + HOUR_MS * (int64_t)dice_below(dice, 30),
                                         length_roll(dice, window)});
    }
}

static void spans_fill(struct dice *dice, struct world *world)
{
    static const int64_t windows[] = {2, 3, 10, HOUR_MS, RULE_WINDOW_MS_MAX};
    int64_t window = DICE_PICK(dice, windows);
    double reach = 50.0;
    int64_t off = (int64_t)dice_below(dice, 3) - 1;
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 4), window * (1 + dice_below(dice, 6)) + off,
                                    INFINITY};
    world_rules_fill(dice, world, &law);
    double unit = units_from_km(reach);
    struct point home = somewhere(dice);
    uint32_t windows_all = 2 + dice_below(dice, 12);
    for (uint32_t i = 0; i < world->incident_count; i++) {
        const int64_t lengths[] = {0, window - 1, window, window, window + 1, 3 * window, window / 2};
        int64_t start = EPOCH_MS + window * (int64_t)dice_below(dice, windows_all) + (int64_t)dice_below(dice, 3) - 1;
        world_happen(dice, world, i,
                     &(struct happening){point_moved(home, unit * 0.6 * (double)dice_below(dice, 3), 0.0), start,
                                         DICE_PICK(dice, lengths)});
    }
}

static void region_fill(struct dice *dice, struct world *world)
{
    enum { TOWNS = 12 };
    static const double reaches[] = {50.0, 150.0};
    double reach = DICE_PICK(dice, reaches);
    int64_t window = 48 * HOUR_MS;
    const struct law_of_land law = {reach, window, 2 + dice_below(dice, 4),
                                    dice_below(dice, 2) ? 45 * window : window * (2 + dice_below(dice, 6)),
                                    extent_roll(dice, 3.0 * reach)};
    world_rules_fill(dice, world, &law);
    double unit = units_from_km(reach);
    struct point home = somewhere(dice);
    struct point towns[TOWNS];
    for (uint32_t i = 0; i < TOWNS; i++)
        towns[i] = point_beside(dice, home, 4.0 * unit);
    uint32_t quarters = 8 + world->incident_count / (1 + dice_below(dice, 4));
    for (uint32_t i = 0; i < world->incident_count; i++) {
        /* Zipf, about: the n-th town has a share of 1/n. */
        uint32_t town = TOWNS;
        do
            town = dice_below(dice, TOWNS);
        while (dice_below(dice, town + 1) != 0);
        struct point point = towns[town];
        if (dice_below(dice, 3) == 0)
            point = point_beside(dice, point, unit * 0.2);
        if (dice_below(dice, 5) == 0)
            point = point_beside(dice, home, 5.0 * unit);
        world_happen(dice, world, i,
                     &(struct happening){point, EPOCH_MS + window / 4 * (int64_t)dice_below(dice, quarters),
                                         length_roll(dice, window)});
    }
}

/* Pairs and trios far from each other: many cells, each with few in it, which come and go. */
static void sea_fill(struct dice *dice, struct world *world)
{
    static const double reaches[] = {2.0, 30.0, 120.0};
    double reach = DICE_PICK(dice, reaches);
    int64_t window = dice_below(dice, 2) ? 48 * HOUR_MS : 100;
    const struct law_of_land law = {reach, window, 1 + dice_below(dice, 2), window * (1 + dice_below(dice, 9)),
                                    extent_roll(dice, reach)};
    world_rules_fill(dice, world, &law);
    double unit = units_from_km(reach);
    uint32_t company = 2 + dice_below(dice, 4);
    uint32_t quarters = 4 * (2 + dice_below(dice, 30));
    struct point spot = somewhere(dice);
    int64_t start_ms = EPOCH_MS;
    for (uint32_t i = 0; i < world->incident_count; i++) {
        if (i % company == 0) {
            double lat = 180.0 * dice_real(dice) - 90.0;
            double lon = 360.0 * dice_real(dice) - 180.0;
            spot = i > 0 && dice_below(dice, 4) == 0 ? world_incident(world, dice_below(dice, i), 0)->point
                                                     : point_from_degrees(lat, lon);
            start_ms = EPOCH_MS + window / 4 * (int64_t)dice_below(dice, quarters);
        }
        struct point point = dice_below(dice, 3) ? point_beside(dice, spot, 0.8 * unit) : spot;
        world_happen(dice, world, i,
                     &(struct happening){point, start_ms + window / 4 * (int64_t)dice_below(dice, 5),
                                         length_roll(dice, window)});
    }
}

const struct family families[] = {
    {"palette", 2, 90, palette_fill}, {"plain", 10, 150, plain_fill},   {"chains", 10, 150, chains_fill},
    {"pulses", 10, 120, pulses_fill}, {"crowd", 4, 60, crowd_fill},     {"thin", 6, 120, thin_fill},
    {"towns", 4, 60, towns_fill},     {"lattice", 4, 60, lattice_fill}, {"poles", 4, 60, poles_fill},
    {"spans", 4, 80, spans_fill},     {"region", 20, 400, region_fill}, {"sea", 20, 400, sea_fill},
};
const size_t family_count = sizeof(families) / sizeof(families[0]);

const struct family *family_named(const char *name)
{
    for (size_t i = 0; i < family_count; i++) {
        if (strcmp(families[i].name, name) == 0)
            return &families[i];
    }
    assert(false && "a family of that name");
    return NULL;
}
