/* The correlator's part of the configuration: what is refused until it exists, what is taken where nothing is said. */
#include "correlator/correlator.h"
#include "proto/config_blocks.h"
#include "tests/unit/base/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define RULE "rules: [{name: n, categories: [sea.cable], reach_km: 600, window: 14d}]\n"

struct reading {
    FILE *stream;
    char *complaints;
    size_t size;
    struct config *config;
    struct correlator_config correlator;
    bool right;
};

static void read_config(struct reading *reading, const char *yaml)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    *reading = (struct reading){0};
    reading->stream = open_memstream(&reading->complaints, &reading->size);
    assert_non_null(reading->stream);
    assert_int_equal(config_parse(span_of(yaml), "v.yaml", blocks, reading->stream, &reading->config), STATUS_OK);
    reading->right = correlator_config_read(reading->config, &reading->correlator);
    (void)fflush(reading->stream);
}

static void reading_fini(struct reading *reading)
{
    correlator_config_fini(&reading->correlator);
    config_close(reading->config);
    (void)fclose(reading->stream);
    free(reading->complaints);
}

static void assert_read(const char *yaml, const char *complaints)
{
    struct reading reading;
    read_config(&reading, yaml);
    assert_string_equal(reading.complaints, complaints);
    assert_int_equal(reading.right, complaints[0] == '\0');
    reading_fini(&reading);
}

static void where_nothing_is_said_ten_million_incidents_fit_and_nobody_is_expected(void **state)
{
    struct reading reading;
    read_config(&reading, RULE);
    assert_true(reading.right);
    assert_int_equal(reading.correlator.rule_count, 1);
    assert_int_equal(reading.correlator.incidents_max, 10000000);
    assert_int_equal(reading.correlator.expected_count, 0);
    reading_fini(&reading);
}

static void the_journal_is_kept_for_a_time_and_within_a_size_where_one_is_given(void **state)
{
    struct reading reading;
    read_config(&reading, RULE);
    assert_int_equal(reading.correlator.retain_ms, INT64_C(400) * 86400000);
    assert_int_equal(reading.correlator.retain_bytes, 0);
    reading_fini(&reading);
    read_config(&reading, RULE "correlator: {journal: {retain: 30d, retain_size: 1GiB}}\n");
    assert_true(reading.right);
    assert_int_equal(reading.correlator.retain_ms, INT64_C(30) * 86400000);
    assert_int_equal(reading.correlator.retain_bytes, INT64_C(1) << 30);
    reading_fini(&reading);
    read_config(&reading, RULE "correlator: {journal: {retain_size: 64MiB}}\n");
    assert_false(reading.right); /* less than a few segments */
    reading_fini(&reading);
}

static void the_sources_are_expected_by_name(void **state)
{
    struct reading reading;
    read_config(&reading,
                RULE "correlator: {incidents_max: 5000}\n"
                     "sources: [{name: desk, type: jsonl, path: a}, {type: csv}, {name: list, path: b}, 7]\n");
    assert_true(reading.right); /* what is wrong with a source, agents say */
    assert_int_equal(reading.correlator.incidents_max, 5000);
    assert_int_equal(reading.correlator.expected_count, 2);
    assert_string_equal(reading.correlator.expected_sources[0], "desk");
    assert_string_equal(reading.correlator.expected_sources[1], "list");
    reading_fini(&reading);
}

static void same_is_off_where_nothing_else_is_said(void **state)
{
    static const char *const off[] = {RULE,
                                      RULE "same: off\n",
                                      RULE "same: \"off\"\n",
                                      RULE "same: false\n",
                                      RULE "same: no\n",
                                      RULE "same:\n",
                                      RULE "sources: [{name: list, distinct: true}]\n"};
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        struct reading reading;
        read_config(&reading, off[i]);
        assert_true(reading.right);
        assert_int_equal(reading.correlator.same.mode, SAME_OFF);
        reading_fini(&reading);
    }
}

static void same_says_how_near_and_whose_records_are_distinct(void **state)
{
    struct reading reading;
    read_config(&reading, RULE "same: {within: 90m, reach_km: 12.5, distinct: [zulu, desk, zulu]}\n"
                               "sources: [{name: list, distinct: true}, {name: desk, distinct: yes}, "
                               "{name: wire, distinct: false}, {name: other}, {distinct: true}]\n");
    assert_true(reading.right);
    const struct same_options *same = &reading.correlator.same;
    assert_int_equal(same->mode, SAME_ON);
    assert_int_equal(same->within_ms, 90 * 60000);
    assert_true(same->reach_km > 12.4 && same->reach_km < 12.6);
    assert_int_equal(same->distinct_count, 3);
    static const char *const names[] = {"desk", "list", "zulu"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(span_equal(same->distinct[i], span_of(names[i])));
        assert_int_equal(same_list_of(same, span_of(names[i])), i + 1);
    }
    assert_int_equal(same_list_of(same, SPAN("wire")), 0);
    reading_fini(&reading);
}

static void same_alone_means_six_hours_and_twenty_five_kilometres(void **state)
{
    struct reading reading;
    read_config(&reading, RULE "same: {}\n");
    assert_true(reading.right);
    assert_int_equal(reading.correlator.same.mode, SAME_ON);
    assert_int_equal(reading.correlator.same.within_ms, 6 * 3600000LL);
    assert_true(reading.correlator.same.reach_km > 24.9 && reading.correlator.same.reach_km < 25.1);
    reading_fini(&reading);
}

static void a_wrong_same_is_refused_where_it_is_wrong(void **state)
{
    static const char *const neither[] = {RULE "same: on\n", RULE "same: [off]\n", RULE "same: 6h\n"};
    for (size_t i = 0; i < sizeof neither / sizeof neither[0]; i++)
        assert_read(neither[i], "v.yaml:2:7: found a \"same\" that is neither, expected off or {within: 6h, reach_km: "
                                "25}\n");
    assert_read(RULE "same: {distinct: list}\n",
                "v.yaml:2:18: found no list, expected names of sources: distinct: [list, other-list]\n");
    assert_read(RULE "same: {distinct: [\"a b\"]}\n",
                "v.yaml:2:19: found \"a b\", expected the name of a source: A-Z a-z 0-9 . _ -, up to 64\n");
}

static void a_baseline_is_a_path_that_nobody_opens_yet(void **state)
{
    struct reading reading;
    assert_read(RULE "baseline:\n", "");
    assert_read(RULE "baseline: {a: 1}\n", "v.yaml:2:11: found a map, expected a path\n");
    read_config(&reading, RULE "baseline: /nowhere/b.vdb\n");
    assert_true(reading.right);
    assert_string_equal(reading.correlator.baseline_path, "/nowhere/b.vdb");
    assert_null(reading.correlator.baseline);
    assert_int_equal(correlator_config_load(reading.config, &reading.correlator), STATUS_NOT_FOUND);
    (void)fflush(reading.stream);
    assert_string_equal(reading.complaints,
                        "v.yaml:2:11: /nowhere/b.vdb: the baseline cannot be read: No such file or directory\n");
    reading_fini(&reading);
}

static void the_limit_of_incidents_has_bounds(void **state)
{
    assert_read(RULE "correlator: {incidents_max: 999}\n",
                "v.yaml:2:29: \"999\" as incidents_max, expected a whole number from 1000 to 1000000000\n");
    assert_read(RULE "correlator: 7\n",
                "v.yaml:2:13: \"7\" as correlator, expected a map with keys such as incidents_max\n");
}

static void all_that_is_wrong_is_complained_of_at_once(void **state)
{
    assert_read("rules: []\nsame: on\nbaseline: [b]\n",
                "v.yaml:1:8: found no rules, expected a list of at least one rule under \"rules:\"\n"
                "v.yaml:2:7: found a \"same\" that is neither, expected off or {within: 6h, reach_km: 25}\n"
                "v.yaml:3:11: found a list, expected a path\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_is_said_ten_million_incidents_fit_and_nobody_is_expected),
        cmocka_unit_test(the_sources_are_expected_by_name),
        cmocka_unit_test(the_journal_is_kept_for_a_time_and_within_a_size_where_one_is_given),
        cmocka_unit_test(same_is_off_where_nothing_else_is_said),
        cmocka_unit_test(same_says_how_near_and_whose_records_are_distinct),
        cmocka_unit_test(same_alone_means_six_hours_and_twenty_five_kilometres),
        cmocka_unit_test(a_wrong_same_is_refused_where_it_is_wrong),
        cmocka_unit_test(a_baseline_is_a_path_that_nobody_opens_yet),
        cmocka_unit_test(the_limit_of_incidents_has_bounds),
        cmocka_unit_test(all_that_is_wrong_is_complained_of_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
