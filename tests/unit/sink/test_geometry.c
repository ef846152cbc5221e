#include "sink/stores/geopackage/geometry.h"
#include "tests/contract/sink/unit.h"

#include <stdlib.h>
#include <string.h>

static struct text blob;

/* Draws and answers the type of the geometry. */
static uint32_t draw(const struct lonlat *places, size_t count, struct bounds *ret_bounds)
{
    struct lonlat copy[64], scratch[2 * 64 + 8];
    assert_true(count <= 64);
    memcpy(copy, places, count * sizeof *copy);
    text_clear(&blob);
    geometry_hull(copy, count, scratch, &blob, ret_bounds);
    size_t at = blob.data[3] == 3 ? 41 : 9;
    struct bounds read;
    assert_int_equal(geometry_bounds((struct span){blob.data, blob.size}, &read), STATUS_OK);
    assert_memory_equal(&read.min_x, &ret_bounds->min_x, 4 * sizeof(double));
    uint32_t type;
    memcpy(&type, blob.data + at, 4);
    return type;
}

static void assert_bounds(struct bounds bounds, double min_x, double max_x, double min_y, double max_y)
{
    assert_true(bounds.any && bounds.min_x == min_x && bounds.max_x == max_x && bounds.min_y == min_y &&
                bounds.max_y == max_y);
}

static void a_point_is_29_bytes(void **state)
{
    (void)state;
    text_clear(&blob);
    geometry_point((struct lonlat){1, 2}, &blob);
    assert_int_equal(blob.size, 29);
}

static void one_place_is_a_point_two_a_line_three_a_polygon(void **state)
{
    (void)state;
    struct bounds bounds;
    const struct lonlat places[] = {{10, 50}, {10, 50}, {20, 60}, {15, 55}, {10, 60}};
    assert_int_equal(draw(places, 1, &bounds), 1);
    assert_int_equal(draw(places, 2, &bounds), 1); /* the same place twice */
    assert_int_equal(draw(places, 3, &bounds), 2);
    assert_int_equal(draw(places, 4, &bounds), 2); /* on one line */
    assert_int_equal(draw(places, 5, &bounds), 3);
    assert_bounds(bounds, 10, 20, 50, 60);
}

static void a_hull_leaves_out_what_is_inside(void **state)
{
    (void)state;
    struct bounds bounds;
    const struct lonlat places[] = {{0, 0}, {4, 0}, {4, 4}, {0, 4}, {2, 2}, {1, 3}, {2, 0}};
    assert_int_equal(draw(places, 7, &bounds), 3);
    uint32_t points;
    memcpy(&points, blob.data + 49, 4);
    assert_int_equal(points, 5); /* four corners, the first again */
}

static void over_the_antimeridian_a_line_is_cut_in_two(void **state)
{
    (void)state;
    struct bounds bounds;
    const struct lonlat places[] = {{179, -17}, {-179, -19}};
    assert_int_equal(draw(places, 2, &bounds), 5);
    assert_bounds(bounds, -180, 180, -19, -17);
    double lon, lat; /* the first line ends at 180, half way */
    memcpy(&lon, blob.data + 40 + 9 + 9 + 16, 8);
    memcpy(&lat, blob.data + 40 + 9 + 9 + 24, 8);
    assert_true(lon == 180 && lat == -18);
}

static void over_the_antimeridian_a_polygon_is_cut_in_two(void **state)
{
    (void)state;
    struct bounds bounds;
    const struct lonlat places[] = {{178, -10}, {178, -20}, {-178, -10}, {-178, -20}, {180, -15}, {-180, -15}};
    assert_int_equal(draw(places, 6, &bounds), 6);
    assert_bounds(bounds, -180, 180, -20, -10);
}

static void what_only_touches_the_antimeridian_stays_on_its_side(void **state)
{
    (void)state;
    struct bounds bounds;
    const struct lonlat east[] = {{180, 10}, {-179, 0}, {-179, 20}};
    assert_int_equal(draw(east, 3, &bounds), 3);
    assert_bounds(bounds, -180, -179, 0, 20);
    const struct lonlat west[] = {{180, 10}, {179, 0}, {179, 20}};
    assert_int_equal(draw(west, 3, &bounds), 3);
    assert_bounds(bounds, 179, 180, 0, 20);
}

static void europe_and_america_do_not_meet_in_the_pacific(void **state)
{
    (void)state;
    struct bounds bounds;
    const struct lonlat places[] = {{-74, 40}, {24, 60}, {2, 48}};
    assert_int_equal(draw(places, 3, &bounds), 3);
    assert_bounds(bounds, -74, 24, 40, 60);
}

static void random_hulls_hold_all_their_places(void **state)
{
    (void)state;
    srand(42); /* failures are reproducible */
    for (int round = 0; round < 2000; round++) {
        struct lonlat places[40];
        size_t count = 1 + (size_t)rand() % 40;
        double middle = rand() % 360 - 180;
        for (size_t i = 0; i < count; i++) {
            double lon = middle + (rand() % 2001 - 1000) / 100.0;
            places[i] = (struct lonlat){lon > 180    ? lon - 360
                                        : lon < -180 ? lon + 360
                                                     : lon,
                                        (rand() % 17001) / 100.0 - 85};
        }
        struct bounds bounds;
        (void)draw(places, count, &bounds);
        for (size_t i = 0; i < count; i++) {
            /* 180 and −180 are one line: either may be the one inside. */
            double lon = places[i].lon;
            bool is_within = (lon >= bounds.min_x && lon <= bounds.max_x) || (lon == 180 && bounds.min_x == -180) ||
                             (lon == -180 && bounds.max_x == 180);
            assert_true(is_within && places[i].lat >= bounds.min_y && places[i].lat <= bounds.max_y);
        }
    }
}

static int fini(void **state)
{
    (void)state;
    text_fini(&blob);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_29_bytes),
        cmocka_unit_test(one_place_is_a_point_two_a_line_three_a_polygon),
        cmocka_unit_test(a_hull_leaves_out_what_is_inside),
        cmocka_unit_test(over_the_antimeridian_a_line_is_cut_in_two),
        cmocka_unit_test(over_the_antimeridian_a_polygon_is_cut_in_two),
        cmocka_unit_test(what_only_touches_the_antimeridian_stays_on_its_side),
        cmocka_unit_test(europe_and_america_do_not_meet_in_the_pacific),
        cmocka_unit_test(random_hulls_hold_all_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, fini);
}
