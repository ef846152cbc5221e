#include "base/nearest.h"

#include "tests/unit/base/unit.h"

static void a_distance_counts_inserted_deleted_changed_and_swapped_bytes(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"window", "window", 0},
        {"windw", "window", 1},
        {"wimdow", "window", 1},
        {"wnidow", "window", 1},
        {"windoow", "window", 1},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3},
        {"ab", "ba", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(edit_distance(span_of(rows[i].a), span_of(rows[i].b)), rows[i].distance);
        assert_int_equal(edit_distance(span_of(rows[i].b), span_of(rows[i].a)), rows[i].distance);
    }
}

static void words_too_long_to_compare_are_as_far_as_they_are_long(void **state)
{
    char word[65];
    memset(word, 'a', sizeof word);
    assert_int_equal(edit_distance((struct span){word, 65}, (struct span){word, 65}), 65);
    assert_int_equal(edit_distance((struct span){word, 64}, (struct span){word, 64}), 0);
    assert_int_equal(edit_distance((struct span){word, 64}, SPAN("")), 64);
}

static void the_nearest_name_is_proposed_and_a_far_one_is_not(void **state)
{
    static const char *const names[] = {"name", "categories", "reach_km", "window", "air.drone.sighting", NULL};
    static const char *const none[] = {NULL};
    assert_string_equal(nearest_name(SPAN("windw"), names), "window");
    assert_string_equal(nearest_name(SPAN("reachkm"), names), "reach_km");
    assert_string_equal(nearest_name(SPAN("air.drone.sigthing"), names), "air.drone.sighting");
    assert_string_equal(nearest_name(SPAN("nam"), names), "name");
    assert_null(nearest_name(SPAN("colour"), names));
    assert_null(nearest_name(SPAN("xy"), names));
    assert_null(nearest_name(SPAN(""), names));
    assert_null(nearest_name(SPAN("window"), none));
}

static void of_equally_near_names_the_first_is_proposed(void **state)
{
    static const char *const names[] = {"cat", "bat", NULL};
    assert_string_equal(nearest_name(SPAN("rat"), names), "cat");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_distance_counts_inserted_deleted_changed_and_swapped_bytes),
        cmocka_unit_test(words_too_long_to_compare_are_as_far_as_they_are_long),
        cmocka_unit_test(the_nearest_name_is_proposed_and_a_far_one_is_not),
        cmocka_unit_test(of_equally_near_names_the_first_is_proposed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
