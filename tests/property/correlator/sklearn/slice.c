/* Writes one time slice of 20,000 places as CSV, with what the engine makes of it: lat,lon,membership,episode.
 *
 *   engine_slice SEED ──▶ stdout: 90.000000000000000,…,core,2025…   (membership: core, attached, noise; episode: its
 * id)
 *
 * Crowds, roads, lone places, places on poles and both sides of the antimeridian. Pairs within 1e-9 of the reach, where
 * a rounding could decide, are kept out by choosing another place. tests/property/correlator/sklearn/compare.py judges.
 */
#include "tests/support/world.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PLACES         20000u
#define REACH_KM       25.0
#define MIN_NEIGHBOURS 4u

struct slice {
    double lat[PLACES];
    double lon[PLACES];
    struct engine_incident incidents[PLACES];
    char names[PLACES][12];
    char episode[PLACES][EPISODE_ID_BYTES];
    enum membership membership[PLACES];
};

static struct slice slice;

static double wrapped(double lon)
{
    if (lon > 180.0)
        return lon - 360.0;
    return lon < -180.0 ? lon + 360.0 : lon;
}

static void place_roll(struct dice *dice, double *ret_lat, double *ret_lon)
{
    static const double centres[][2] = {{52, 21}, {59.4, 24.7}, {0, 180}, {89.9, 10}, {-89.95, 100}, {-17, -179.9}};
    uint32_t kind = dice_below(dice, 10);
    const double *centre = centres[dice_below(dice, 6)];
    double spread = kind < 3 ? 0.2 : kind < 6 ? 4.0 : 15.0;
    if (kind == 9) { /* anywhere on the sphere */
        *ret_lat = asin(2.0 * dice_real(dice) - 1.0) * 57.29577951308232;
        *ret_lon = 360.0 * dice_real(dice) - 180.0;
        return;
    }
    double lat = centre[0] + spread * (dice_real(dice) + dice_real(dice) - 1.0);
    double stretch = cos(centre[0] / 57.29577951308232);
    *ret_lat = lat > 90.0 ? 180.0 - lat : lat < -90.0 ? -180.0 - lat : lat;
    *ret_lon = wrapped(centre[1] + fmod(spread * (2.0 * dice_real(dice) - 1.0) / stretch, 180.0));
    if (kind == 0) { /* the same place again */
        *ret_lat = centre[0];
        *ret_lon = centre[1];
    }
}

/* In long double on the sphere: is any earlier place so near the reach that rounding may decide? */
static bool on_the_edge(uint32_t index)
{
    static long double x[PLACES], y[PLACES], z[PLACES];
    const long double degree = 3.14159265358979323846264338327950288L / 180.0L;
    long double lat = slice.lat[index] * degree;
    long double lon = slice.lon[index] * degree;
    x[index] = cosl(lat) * cosl(lon);
    y[index] = cosl(lat) * sinl(lon);
    z[index] = sinl(lat);
    long double reach = 2.0L * sinl((long double)REACH_KM / (2.0L * (long double)EARTH_RADIUS_KM));
    for (uint32_t i = 0; i < index; i++) {
        long double dx = x[i] - x[index], dy = y[i] - y[index], dz = z[i] - z[index];
        long double chord2 = dx * dx + dy * dy + dz * dz;
        /* 1e-9 relative, and the lattice's own step: a chord of 25 km is some 10^6 units long. */
        if (fabsl(chord2 / (reach * reach) - 1.0L) < 1e-5L)
            return true;
    }
    return false;
}

static void slice_fill(uint64_t seed)
{
    struct dice dice = {seed};
    for (uint32_t i = 0; i < PLACES; i++) {
        do
            place_roll(&dice, &slice.lat[i], &slice.lon[i]);
        while (on_the_edge(i));
        (void)snprintf(slice.names[i], sizeof(slice.names[i]), "p:%u", i);
        slice.incidents[i] = (struct engine_incident){.id = span_of(slice.names[i]),
                                                      .point = point_from_degrees(slice.lat[i], slice.lon[i]),
                                                      .start_ms = 1757500000000,
                                                      .end_ms = 1757500000000,
                                                      .reported_at_ms = TIME_NONE,
                                                      .role = ROLE_TRIGGER,
                                                      .user = &slice.incidents[i]};
    }
}

static void on_change(void *self, const struct engine_change *change)
{
    (void)self;
    for (size_t i = 0; i < change->member_count; i++) {
        ptrdiff_t index = (const struct engine_incident *)change->members[i].incident->user - slice.incidents;
        memcpy(slice.episode[index], change->id, EPISODE_ID_BYTES);
        slice.membership[index] = change->members[i].membership;
    }
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self;
    (void)incident;
    (void)evicted;
}

static enum status slice_cluster(void)
{
    const struct rule rule = {.name = SPAN("slice"),
                              .categories = UINT64_MAX,
                              .reach_km = REACH_KM,
                              .window_ms = 1000,
                              .min_neighbours = MIN_NEIGHBOURS,
                              .min_incidents = 1,
                              .alpha = 1e-3,
                              .max_radius_km = 200.0,
                              .cap_duration_ms = 1000,
                              .cap_extent_km = INFINITY};
    const struct engine_limits limits = {.incidents_max = PLACES};
    const struct engine_events events = {on_change, on_released, NULL};
    struct engine *engine;
    enum status status = engine_new(&allocator_heap, &rule, 1, &limits, &engine);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i < PLACES && status == STATUS_OK; i++) {
        uint32_t handle;
        status = engine_insert(engine, &slice.incidents[i], &handle);
        if (status == STATUS_OK && i % 256 == 255)
            status = engine_flush(engine, &events);
    }
    if (status == STATUS_OK)
        status = engine_flush(engine, &events);
    engine_free(engine);
    return status;
}

int main(int argc, char **argv)
{
    slice_fill(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
    if (slice_cluster() != STATUS_OK)
        return 1;
    printf("reach_km,min_neighbours,radius_km\n%.17g,%u,%.17g\nlat,lon,membership,episode\n", REACH_KM, MIN_NEIGHBOURS,
           EARTH_RADIUS_KM);
    for (uint32_t i = 0; i < PLACES; i++) {
        const char *membership = slice.episode[i][0] == 0                 ? "noise"
                                 : slice.membership[i] == MEMBERSHIP_CORE ? "core"
                                                                          : "attached";
        printf("%.17g,%.17g,%s,%s\n", slice.lat[i], slice.lon[i], membership, slice.episode[i]);
    }
    return ferror(stdout) != 0;
}
