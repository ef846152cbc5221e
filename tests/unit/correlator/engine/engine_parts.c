#include "correlator/engine/heap.h"
#include "correlator/engine/id.h"
#include "correlator/engine/link.h"
#include "correlator/engine/sort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool greater(const void *context, uint32_t a, uint32_t b)
{
    (void)context;
    return a / 10 > b / 10; /* units are not compared: they show that equal items keep their order */
}

static void a_sort_orders_and_keeps_equal_items_in_place(void **state)
{
    (void)state;
    uint32_t items[500];
    uint32_t scratch[500];
    for (uint32_t count = 0; count <= 500; count += 7) {
        for (uint32_t i = 0; i < count; i++)
            items[i] = (i * 7919 % 40) * 10 + i * 10 / (count + 1);
        sort_indexes(items, scratch, count, greater, NULL);
        for (uint32_t i = 1; i < count; i++)
            assert_true(items[i - 1] <= items[i]);
    }
}

static void a_heap_gives_the_earliest_first_whatever_is_moved_or_taken_out(void **state)
{
    (void)state;
    struct memory memory;
    struct heap heap = {0};
    memory_init(&memory, &allocator_heap);
    assert_true(heap_reserve(&heap, &memory, 1000));
    for (uint32_t i = 0; i < 1000; i++)
        heap_put(&heap, i, i * 7919 % 1000);
    for (uint32_t i = 0; i < 1000; i += 3)
        heap_remove(&heap, i);
    for (uint32_t i = 1; i < 1000; i += 3)
        heap_put(&heap, i, -(int64_t)i);
    int64_t last = INT64_MIN;
    uint32_t taken = 0;
    uint32_t item;
    for (; heap_due(&heap, INT64_MAX, &item); taken++) {
        int64_t due = item % 3 == 1 ? -(int64_t)item : item * 7919 % 1000;
        assert_true(due >= last);
        assert_int_not_equal(item % 3, 0);
        last = due;
        heap_remove(&heap, item);
    }
    assert_int_equal(taken, 666);
    assert_false(heap_has(&heap, 4));
    heap_free(&heap, &memory);
    memory_fini(&memory);
}

static void an_id_is_the_start_and_a_hash(void **state)
{
    (void)state;
    static const struct {
        int64_t start_ms;
        const char *prefix;
    } starts[] = {
        {0, "19700101T000000Z-"},
        {1757453400000, "20250909T213000Z-"},
        {1757453400999, "20250909T213000Z-"},
        {-1, "19691231T235959Z-"},
        {951782400000, "20000229T000000Z-"},
        {-62135596800000, "00010101T000000Z-"},
        {253402300799999, "99991231T235959Z-"},
    };
    char id[EPISODE_ID_BYTES];
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        episode_id_write(id, starts[i].start_ms, SPAN("airspace"), SPAN("rcb-pl:2025-0911"));
        assert_memory_equal(id, starts[i].prefix, 17);
        assert_string_equal(id + 17, "7651e250d5ab899e");
    }
    char other[EPISODE_ID_BYTES];
    episode_id_write(id, 0, SPAN("ab"), SPAN("c"));
    episode_id_write(other, 0, SPAN("a"), SPAN("bc"));
    assert_string_not_equal(id, other);
}

static struct engine_incident at(double lat, double lon, int64_t start_ms, int64_t end_ms)
{
    return (struct engine_incident){.id = SPAN("a:1"),
                                    .point = point_from_degrees(lat, lon),
                                    .start_ms = start_ms,
                                    .end_ms = end_ms,
                                    .reported_at_ms = TIME_NONE,
                                    .role = ROLE_TRIGGER};
}

static const struct rule rule = {.categories = 1,
                                 .reach_km = 1000.0,
                                 .window_ms = 1000,
                                 .min_neighbours = 1,
                                 .min_incidents = 2,
                                 .max_radius_km = 200.0,
                                 .cap_duration_ms = 5000,
                                 .cap_extent_km = INFINITY};

static void a_link_says_what_bounds_it(void **state)
{
    (void)state;
    struct engine_incident one = at(50.0, 20.0, 0, 0);
    struct engine_incident far = at(58.0, 20.0, 100, 100);
    struct engine_incident late = at(50.1, 20.0, 900, 900);
    struct engine_incident too_late = at(50.0, 20.0, 1001, 1001);
    struct link link;
    struct link other;
    assert_int_equal(link_between(&rule, &one, &far, &link), STATUS_OK);
    assert_true(link.neighbours && link.clause == LINK_DISTANCE && fabs(link.distance_km - 889.6) < 0.1);
    assert_int_equal(link_between(&rule, &one, &late, &other), STATUS_OK);
    assert_true(other.neighbours && other.clause == LINK_TIME && other.gap_ms == 900);
    assert_true(link_order(&link, &other) < 0); /* 0.89 of the reach is less than 0.9 of the window */
    assert_int_equal(link_between(&rule, &one, &too_late, &link), STATUS_OK);
    assert_true(!link.within && !link.neighbours && link.clause == LINK_TIME);
    assert_true(link_order(&other, &link) < 0);
}

static void coarse_ones_are_within_but_nobodys_neighbours(void **state)
{
    (void)state;
    struct engine_incident one = at(50.0, 20.0, 0, 0);
    struct engine_incident vague = one;
    struct engine_incident month = at(50.0, 20.0, -2500, 0);
    struct link link;
    vague.radius_km = 200.5;
    assert_int_equal(link_between(&rule, &one, &vague, &link), STATUS_OK);
    assert_true(link.within && !link.neighbours);
    assert_int_equal(link_between(&rule, &one, &month, &link), STATUS_OK); /* cut to −2500 … −1500 */
    assert_int_equal(link.gap_ms, 1500);
    assert_false(link.within);
    struct rule wrong = rule;
    wrong.reach_km = 0.0;
    assert_int_equal(link_between(&wrong, &one, &vague, &link), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sort_orders_and_keeps_equal_items_in_place),
        cmocka_unit_test(a_heap_gives_the_earliest_first_whatever_is_moved_or_taken_out),
        cmocka_unit_test(an_id_is_the_start_and_a_hash),
        cmocka_unit_test(a_link_says_what_bounds_it),
        cmocka_unit_test(coarse_ones_are_within_but_nobodys_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
