#include "cli/replay/inputs.h"

#include "tests/unit/cli/unit.h"

static int set_up(void **state)
{
    static struct arena arena;
    arena_init(&arena, 1u << 20);
    *state = &arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_fini(*state);
    return 0;
}

static void the_ending_tells_csv_from_json_lines(void **state)
{
    (void)state;
    assert_string_equal(input_type("a/b.csv"), "csv");
    assert_string_equal(input_type("a/B.CSV.gz"), "csv");
    assert_string_equal(input_type("b.csv.zst"), "csv");
    assert_string_equal(input_type("b.jsonl"), "jsonl");
    assert_string_equal(input_type("b.jsonl.gz"), "jsonl");
    assert_string_equal(input_type("-"), "jsonl");
    assert_string_equal(input_type("/dev/fd/63"), "jsonl");
}

static void names_are_valid_and_different(void **state)
{
    const char *paths[] = {"x/list 2025 (é).jsonl.gz", "y/list 2025 (é).csv", "-", ".jsonl", "a.b.jsonl"};
    struct agent_source *sources = NULL;
    char reason[256] = "";
    assert_int_equal(inputs_read(paths, 5, "map.yaml", *state, &sources, reason), STATUS_OK);
    assert_string_equal(sources[0].name, "list_2025_____");
    assert_string_equal(sources[1].name, "list_2025_____-2");
    assert_string_equal(sources[2].name, "stdin");
    assert_string_equal(sources[3].name, ".jsonl");
    assert_string_equal(sources[4].name, "a.b");
    assert_null(sources[0].mapping);
    assert_string_equal(sources[1].mapping, "map.yaml");
    for (size_t i = 0; i < 5; i++)
        assert_false(sources[i].follow);
}

static void a_long_name_is_cut_and_still_unlike_the_others(void **state)
{
    char path[300];
    memset(path, 'n', sizeof path);
    memcpy(path + sizeof path - 7, ".jsonl", 7);
    const char *paths[] = {path, path};
    struct agent_source *sources = NULL;
    char reason[256] = "";
    assert_int_equal(inputs_read(paths, 2, NULL, *state, &sources, reason), STATUS_OK);
    assert_true(strlen(sources[1].name) <= 64);
    assert_string_not_equal(sources[0].name, sources[1].name);
}

static void csv_without_a_mapping_is_refused_with_its_name(void **state)
{
    const char *paths[] = {"good.jsonl", "list.csv"};
    struct agent_source *sources = NULL;
    char reason[256] = "";
    assert_int_equal(inputs_read(paths, 2, NULL, *state, &sources, reason), STATUS_INVALID);
    assert_says(reason, "list.csv");
    assert_says(reason, "--mapping");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_ending_tells_csv_from_json_lines),
        cmocka_unit_test_setup_teardown(names_are_valid_and_different, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_name_is_cut_and_still_unlike_the_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(csv_without_a_mapping_is_refused_with_its_name, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
