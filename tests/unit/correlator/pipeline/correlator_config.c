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

static void same_is_off_or_refused(void **state)
{
    static const char *const off[] = {RULE "same: off\n", RULE "same: \"off\"\n", RULE "same: false\n",
                                      RULE "same: no\n", RULE "same:\n"};
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        assert_read(off[i], "");
    static const char *const on[] = {RULE "same: on\n", RULE "same: {within: 6h, reach_km: 25}\n",
                                     RULE "same: [off]\n"};
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++)
        assert_read(on[i], "v.yaml:2:7: found a \"same\" that is not off, expected \"same: off\": "
                           "putting reports of several sources together as one incident is not supported by this "
                           "version\n");
}

static void a_baseline_is_refused(void **state)
{
    assert_read(RULE "baseline:\n", "");
    assert_read(RULE "baseline: ./b.vdb\n",
                "v.yaml:2:11: found a \"baseline\", expected none: baselines are not supported by this version\n");
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
    assert_read("rules: []\nsame: on\nbaseline: b\n",
                "v.yaml:1:8: found no rules, expected a list of at least one rule under \"rules:\"\n"
                "v.yaml:2:7: found a \"same\" that is not off, expected \"same: off\": putting reports of several "
                "sources together as one incident is not supported by this version\n"
                "v.yaml:3:11: found a \"baseline\", expected none: baselines are not supported by this version\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_is_said_ten_million_incidents_fit_and_nobody_is_expected),
        cmocka_unit_test(the_sources_are_expected_by_name),
        cmocka_unit_test(same_is_off_or_refused),
        cmocka_unit_test(a_baseline_is_refused),
        cmocka_unit_test(the_limit_of_incidents_has_bounds),
        cmocka_unit_test(all_that_is_wrong_is_complained_of_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
