#include "correlator/engine/point.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define PLACES 1000000

static uint64_t roll(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double real(uint64_t *state)
{
    return (double)(roll(state) >> 11) * 0x1p-53;
}

/* 1: compared and equal; 0: too near a half to be judged in long double; −1: wrong. */
static int judge(long double value, int32_t got)
{
    long double scaled = value * POINT_SCALE;
    long double nearest = roundl(scaled);
    if (fabsl(fabsl(scaled - nearest) - 0.5L) < 1e-9L)
        return 0;
    return got == (int32_t)nearest ? 1 : -1;
}

static void places_round_to_the_nearest_integer(void **state)
{
    (void)state;
    const long double degree = 3.14159265358979323846264338327950288L / 180.0L;
    uint64_t dice = 1;
    int judged = 0;
    for (int i = 0; i < PLACES; i++) {
        double lat = 180.0 * real(&dice) - 90.0;
        double lon = 360.0 * real(&dice) - 180.0;
        if (i % 4 == 0) { /* as people write them */
            lat = round(lat * 100.0) / 100.0;
            lon = round(lon * 100.0) / 100.0;
        }
        struct point point = point_from_degrees(lat, lon);
        long double north = lat * degree;
        long double east = lon * degree;
        const int verdicts[] = {judge(cosl(north) * cosl(east), point.x), judge(cosl(north) * sinl(east), point.y),
                                judge(sinl(north), point.z)};
        for (int j = 0; j < 3; j++) {
            if (verdicts[j] < 0)
                fail_msg("%.17g %.17g: axis %d is not the nearest", lat, lon, j);
            judged += verdicts[j];
        }
    }
    assert_in_range(judged, 3 * PLACES - 100, 3 * PLACES);
}

static void assert_point(struct point point, int32_t x, int32_t y, int32_t z)
{
    assert_int_equal(point.x, x);
    assert_int_equal(point.y, y);
    assert_int_equal(point.z, z);
}

static void poles_and_quarters_are_exact(void **state)
{
    (void)state;
    for (double lon = -180.0; lon <= 180.0; lon += 0.7) {
        assert_point(point_from_degrees(90.0, lon), 0, 0, POINT_SCALE);
        assert_point(point_from_degrees(-90.0, lon), 0, 0, -POINT_SCALE);
    }
    assert_point(point_from_degrees(0.0, 0.0), POINT_SCALE, 0, 0);
    assert_point(point_from_degrees(0.0, 90.0), 0, POINT_SCALE, 0);
    assert_point(point_from_degrees(0.0, -90.0), 0, -POINT_SCALE, 0);
    assert_int_equal(point_from_degrees(30.0, 77.0).z, POINT_SCALE / 2);
    assert_int_equal(point_from_degrees(60.0, 0.0).x, POINT_SCALE / 2);
}

static void the_antimeridian_has_one_side(void **state)
{
    (void)state;
    for (double lat = -90.0; lat <= 90.0; lat += 0.37) {
        struct point east = point_from_degrees(lat, 180.0);
        struct point west = point_from_degrees(lat, -180.0);
        assert_point(east, west.x, west.y, west.z);
        assert_int_equal(east.y, 0);
    }
}

static void mirrored_places_are_mirrored_points(void **state)
{
    (void)state;
    uint64_t dice = 2;
    for (int i = 0; i < 10000; i++) {
        double lat = 90.0 * real(&dice);
        double lon = 180.0 * real(&dice);
        struct point point = point_from_degrees(lat, lon);
        assert_point(point_from_degrees(-lat, lon), point.x, point.y, -point.z);
        assert_point(point_from_degrees(lat, -lon), point.x, -point.y, point.z);
    }
}

/* ⌊(2·sin(reach / 2R)·2^28)²⌋, computed to 50 digits. */
static void a_reach_is_exactly_its_squared_chord(void **state)
{
    (void)state;
    static const struct {
        double km;
        int64_t chord2;
    } reaches[] = {
        {0.0, 0},
        {0.001, 1775},
        {1.0, 1775265635},
        {25.0, 1109539600826},
        {300.0, 159744387381595},
        {700.0, 869005414973899},
        {1000.0, 1771623898341359},
        {1500.0, 3975930288825706},
        {6000.0, 59323447519601461},
        {10007.5, 144113893709763439},
        {20015.0, 288230376128461126},
    };
    for (size_t i = 0; i < sizeof(reaches) / sizeof(reaches[0]); i++)
        assert_int_equal(chord2_from_km(reaches[i].km), reaches[i].chord2);
    int64_t antipodes = point_chord2(point_from_degrees(0.0, 0.0), point_from_degrees(0.0, 180.0));
    assert_true(chord2_from_km(20015.1) >= antipodes);
    assert_true(chord2_from_km(INFINITY) >= 3 * antipodes); /* the diagonal of any box */
}

static void distances_come_back_in_km(void **state)
{
    (void)state;
    const double kms[] = {0.1, 1.0, 935.2, 5000.0, 15000.0};
    for (size_t i = 0; i < sizeof(kms) / sizeof(kms[0]); i++)
        assert_true(fabs(chord2_to_km(chord2_from_km(kms[i])) - kms[i]) < 1e-4);
    struct point wyryki = point_from_degrees(51.56, 23.36);
    struct point vaindloo = point_from_degrees(59.82, 26.35);
    assert_true(fabs(chord2_to_km(point_chord2(wyryki, vaindloo)) - 937.0) < 10.0);
    assert_true(fabs(chord2_to_km((int64_t)1 << 60) - 3.14159265358979 * EARTH_RADIUS_KM) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_round_to_the_nearest_integer),  cmocka_unit_test(poles_and_quarters_are_exact),
        cmocka_unit_test(the_antimeridian_has_one_side),        cmocka_unit_test(mirrored_places_are_mirrored_points),
        cmocka_unit_test(a_reach_is_exactly_its_squared_chord), cmocka_unit_test(distances_come_back_in_km),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
