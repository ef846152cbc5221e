/* The grid against plain ray casting over every edge of every ring, which knows of no cells. */
#include "agents/locate/grid.h"
#include "tests/unit/agents/locate/atlas_file.h"

#include <cmocka.h>

#define HELD_MAX 16u
#define ROUNDS   700

static struct atlas atlas;
static struct grid grid;
static uint64_t seed = 20250919;

static uint64_t random_next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int32_t random_within(int32_t least, int32_t most)
{
    return least + (int32_t)(random_next() % ((uint64_t)((int64_t)most - least) + 1));
}

/* Edges that a ray westwards from the point meets, the point moved a hair north, then east. */
static bool ring_turns(const struct atlas_ring *ring, int32_t lat, int32_t lon)
{
    bool odd = false;
    const struct atlas_point *points = &atlas.points[ring->point_first];
    for (uint32_t i = 0, last = ring->point_count - 1; i < ring->point_count; last = i++) {
        struct atlas_point a = points[last];
        struct atlas_point b = points[i];
        if ((a.lat > lat) == (b.lat > lat))
            continue;
        if (a.lat > b.lat) {
            struct atlas_point swap = a;
            a = b;
            b = swap;
        }
        /* twice the coordinates, the latitude plus one: half a microdegree is the hair */
        int64_t height = 2 * ((int64_t)lat - a.lat) + 1;
        int64_t east_of = ((int64_t)lon - a.lon) * 2 * ((int64_t)b.lat - a.lat) - ((int64_t)b.lon - a.lon) * height;
        odd ^= east_of >= 0;
    }
    return odd;
}

static size_t find_plainly(int32_t lat, int32_t lon, uint16_t *ret_held)
{
    size_t count = 0;
    if (lon == 180 * ATLAS_MICRODEGREES)
        lon = -lon;
    if (lat > 90 * ATLAS_MICRODEGREES - 2)
        lat = 90 * ATLAS_MICRODEGREES - 2;
    for (size_t t = 0; t < atlas.territory_count; t++) {
        bool inside = false;
        for (uint32_t r = 0; r < atlas.territories[t].ring_count; r++)
            inside ^= ring_turns(&atlas.rings[atlas.territories[t].ring_first + r], lat, lon);
        if (inside && count < HELD_MAX)
            ret_held[count++] = (uint16_t)t;
    }
    return count;
}

static void compare_at(int32_t lat, int32_t lon)
{
    uint16_t held[HELD_MAX];
    uint16_t expected[HELD_MAX];
    size_t count = grid_find(&grid, lat, lon, held, HELD_MAX);
    size_t expected_count = find_plainly(lat, lon, expected);
    if (count != expected_count || memcmp(held, expected, count * sizeof *held) != 0)
        fail_msg("at %d %d microdegrees: %zu territories, plainly %zu", lat, lon, count, expected_count);
}

static struct atlas_point vertex_any(void)
{
    return atlas.points[random_next() % atlas.point_count];
}

static void random_points_of_the_world_agree(void **state)
{
    for (int i = 0; i < ROUNDS; i++)
        compare_at(random_within(-90000000, 90000000), random_within(-180000000, 180000000));
}

static void points_near_borders_agree(void **state)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct atlas_point near = vertex_any();
        int32_t lat = near.lat + random_within(-20000, 20000);
        int32_t lon = near.lon + random_within(-20000, 20000);
        if (lat >= -90000000 && lat <= 90000000 && lon >= -180000000 && lon <= 180000000)
            compare_at(lat, lon);
    }
}

static void corners_of_outlines_agree(void **state)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct atlas_point corner = vertex_any();
        compare_at(corner.lat, corner.lon);
    }
}

static void points_level_with_a_corner_or_on_a_line_of_the_grid_agree(void **state)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct atlas_point a = vertex_any();
        struct atlas_point b = vertex_any();
        int32_t step = GRID_CELL_HALVES / 2;
        compare_at(a.lat, b.lon);
        compare_at(a.lat / step * step, b.lon);
        compare_at(b.lat, a.lon / step * step);
        compare_at(b.lat / step * step, b.lon / step * step);
    }
}

static void the_rim_of_the_world_agrees(void **state)
{
    for (int32_t lat = -90000000; lat <= 90000000; lat += 500000) {
        compare_at(lat, 180000000);
        compare_at(lat, -180000000);
        compare_at(lat, 179999999);
    }
    for (int32_t lon = -180000000; lon <= 180000000; lon += 1000000) {
        compare_at(90000000, lon);
        compare_at(89999999, lon);
        compare_at(89999998, lon);
        compare_at(-90000000, lon);
    }
}

static int world_read(void **state)
{
    struct span bytes = atlas_file_load();
    char reason[ATLAS_REASON_BYTES] = "";
    enum status status = atlas_read(bytes, "un", &atlas, reason);
    if (status == STATUS_OK)
        status = grid_build(&grid, &atlas);
    if (status != STATUS_OK)
        print_error("%s: %s\n", ATLAS_FILE, reason);
    free((void *)(uintptr_t)bytes.data);
    return status == STATUS_OK ? 0 : -1;
}

static int world_free(void **state)
{
    grid_fini(&grid);
    atlas_fini(&atlas);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_points_of_the_world_agree),
        cmocka_unit_test(points_near_borders_agree),
        cmocka_unit_test(corners_of_outlines_agree),
        cmocka_unit_test(points_level_with_a_corner_or_on_a_line_of_the_grid_agree),
        cmocka_unit_test(the_rim_of_the_world_agrees),
    };
    return cmocka_run_group_tests_name("territories: grid", tests, world_read, world_free);
}
