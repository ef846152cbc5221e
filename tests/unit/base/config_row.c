#include "tests/unit/base/config_complaints.h"
#include "tests/unit/base/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_JSONL, KIND_CSV };
static const char *const kinds[] = {"jsonl", "csv", NULL};

struct rule {
    const char *name;
    int64_t window_ms, min_incidents;
    double reach_km;
    bool follow;
    int kind;
    const struct config_node *caps;
    const char *untouched;
};

static const struct config_row rule_rows[] = {
    {.key = "name", .type = CONFIG_STRING, .offset = offsetof(struct rule, name), .required = true},
    {.key = "window",
     .type = CONFIG_DURATION,
     .offset = offsetof(struct rule, window_ms),
     .fallback = "14d",
     .min = 1,
     .max = 180 * 86400000.0},
    {.key = "min_incidents",
     .type = CONFIG_INTEGER,
     .offset = offsetof(struct rule, min_incidents),
     .fallback = "2",
     .min = 1,
     .max = INFINITY},
    {.key = "reach_km",
     .type = CONFIG_NUMBER,
     .offset = offsetof(struct rule, reach_km),
     .fallback = "1e3",
     .min = 0.5,
     .max = 20015},
    {.key = "follow", .type = CONFIG_BOOL, .offset = offsetof(struct rule, follow), .fallback = "no"},
    {.key = "type", .type = CONFIG_CHOICE, .offset = offsetof(struct rule, kind), .fallback = "csv", .choices = kinds},
    {.key = "caps", .type = CONFIG_NODE, .offset = offsetof(struct rule, caps)},
    {.key = "untouched", .type = CONFIG_STRING, .offset = offsetof(struct rule, untouched)},
    {0},
};

/* Reads `rules` of a text whose one block it is. */
static bool read_rule(struct parsed *parsed, const char *text, struct rule *rule)
{
    *rule = (struct rule){.untouched = "as it was"};
    parse(parsed, span_of(text));
    assert_int_equal(parsed->status, STATUS_OK);
    return config_read(parsed->config, config_block(parsed->config, "rules"), rule_rows, rule);
}

static void every_type_is_written_into_its_field(void **state)
{
    struct parsed parsed;
    struct rule rule;
    assert_true(read_rule(&parsed,
                          "rules: {name: airspace, window: 36h, min_incidents: +3, reach_km: 1.5e2, follow: on, "
                          "type: jsonl, caps: {a: b}, untouched: touched}",
                          &rule));
    assert_string_equal(parsed_complaints(&parsed), "");
    assert_string_equal(rule.name, "airspace");
    assert_int_equal(rule.window_ms, 129600000);
    assert_int_equal(rule.min_incidents, 3);
    assert_true(rule.reach_km >= 150.0 && rule.reach_km <= 150.0);
    assert_true(rule.follow);
    assert_int_equal(rule.kind, KIND_JSONL);
    assert_int_equal(config_kind(rule.caps), CONFIG_MAP);
    assert_string_equal(rule.untouched, "touched");
    parsed_fini(&parsed);
}

static void absent_and_null_keys_take_the_fallback_or_leave_the_field(void **state)
{
    struct parsed parsed;
    struct rule rule;
    assert_true(read_rule(&parsed, "rules: {name: a, window: ~, caps: , untouched: null}", &rule));
    assert_int_equal(rule.window_ms, 1209600000);
    assert_int_equal(rule.min_incidents, 2);
    assert_true(rule.reach_km >= 1000.0 && rule.reach_km <= 1000.0);
    assert_false(rule.follow);
    assert_int_equal(rule.kind, KIND_CSV);
    assert_null(rule.caps);
    assert_string_equal(rule.untouched, "as it was");
    parsed_fini(&parsed);
}

static void an_absent_block_is_read_as_an_empty_one(void **state)
{
    struct parsed parsed;
    struct rule rule;
    assert_false(read_rule(&parsed, "state: x", &rule));
    assert_int_equal(rule.window_ms, 1209600000);
    assert_string_equal(parsed_complaints(&parsed), "vedette.yaml:1:1: no name, expected a text\n");
    parsed_fini(&parsed);
}

static void one_run_shows_every_fault(void **state)
{
    struct parsed parsed;
    struct rule rule;
    assert_false(read_rule(&parsed,
                           "rules:\n"
                           "  windw: 14d\n"
                           "  window: 14\n"
                           "  min_incidents: 2.5\n"
                           "  reach_km: 30000\n"
                           "  follow: maybe\n"
                           "  type: jsnl\n"
                           "  untouched: [a]\n",
                           &rule));
    assert_string_equal(
        parsed_complaints(&parsed),
        "vedette.yaml:2:3: unknown key \"windw\" in rules, expected one of name, window, min_incidents, reach_km, "
        "follow, type, caps, untouched (did you mean \"window\"?)\n"
        "vedette.yaml:2:3: no name in rules, expected a text\n"
        "vedette.yaml:3:11: \"14\" as window, expected a duration such as 14d, 6h or 30s from 1ms to 180d\n"
        "vedette.yaml:4:18: \"2.5\" as min_incidents, expected a whole number of at least 1\n"
        "vedette.yaml:5:13: \"30000\" as reach_km, expected a number from 0.5 to 20015\n"
        "vedette.yaml:6:11: \"maybe\" as follow, expected true or false\n"
        "vedette.yaml:7:9: \"jsnl\" as type, expected one of jsonl, csv (did you mean \"jsonl\"?)\n"
        "vedette.yaml:8:14: a list as untouched, expected a text\n");
    assert_int_equal(config_complaints(parsed.config), 8);
    assert_string_equal(rule.untouched, "as it was");
    parsed_fini(&parsed);
}

static void what_is_no_map_is_said_once(void **state)
{
    struct parsed parsed;
    struct rule rule;
    assert_false(read_rule(&parsed, "rules: [a]", &rule));
    assert_string_equal(parsed_complaints(&parsed),
                        "vedette.yaml:1:8: a list as rules, expected a map with keys such as name\n");
    assert_int_equal(rule.window_ms, 1209600000);
    parsed_fini(&parsed);
}

/* Whether `key: value` is taken as right. */
static bool taken(const char *key, const char *value, struct rule *rule)
{
    char text[256];
    struct parsed parsed;
    snprintf(text, sizeof text, "rules: {name: a, %s: %s}", key, value);
    bool right = read_rule(&parsed, text, rule);
    assert_int_equal(right, parsed_complaints(&parsed)[0] == '\0');
    parsed_fini(&parsed);
    return right;
}

static void numbers_are_decimal_finite_and_within_bounds(void **state)
{
    static const struct {
        const char *key, *value;
        bool right;
    } rows[] = {
        {"reach_km", "0.5", true},
        {"reach_km", "20015", true},
        {"reach_km", ".5", true},
        {"reach_km", "5.", true},
        {"reach_km", "+1E+2", true},
        {"reach_km", "20015.0001", false},
        {"reach_km", "0.4999", false},
        {"reach_km", "-5", false},
        {"reach_km", "nan", false},
        {"reach_km", ".inf", false},
        {"reach_km", "inf", false},
        {"reach_km", "0x10", false},
        {"reach_km", "1e", false},
        {"reach_km", "1e999", false},
        {"reach_km", ".", false},
        {"reach_km", "1_000", false},
        {"reach_km", "'5'", false},
        {"reach_km", "5 km", false},
        {"min_incidents", "1", true},
        {"min_incidents", "0", false},
        {"min_incidents", "-1", false},
        {"min_incidents", "9223372036854775807", true},
        {"min_incidents", "9223372036854775808", false},
        {"min_incidents", "0x2", false},
        {"min_incidents", "1e3", false},
        {"min_incidents", "+", false},
        {"min_incidents", "'3'", false},
        {"window", "0s", false},
        {"window", "180d", true},
        {"window", "4320h", true},
        {"window", "181d", false},
        {"window", "'6h'", true},
        {"window", "1.5h", false},
        {"follow", "yes", true},
        {"follow", "off", true},
        {"follow", "True", false},
        {"follow", "1", false},
        {"follow", "'yes'", false},
        {"type", "CSV", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rule rule;
        if (taken(rows[i].key, rows[i].value, &rule) != rows[i].right)
            fail_msg("%s: %s", rows[i].key, rows[i].value);
    }
}

static void the_least_and_the_largest_integers_are_read_exactly(void **state)
{
    struct target {
        int64_t least, largest;
    } target;
    static const struct config_row rows[] = {
        {.key = "least", .type = CONFIG_INTEGER, .offset = offsetof(struct target, least)},
        {.key = "largest", .type = CONFIG_INTEGER, .offset = offsetof(struct target, largest)},
        {0},
    };
    struct parsed parsed;
    parse(&parsed, SPAN("bus: {least: -9223372036854775808, largest: 9223372036854775807}"));
    assert_true(config_read(parsed.config, config_block(parsed.config, "bus"), rows, &target));
    assert_true(target.least == INT64_MIN && target.largest == INT64_MAX);
    parsed_fini(&parsed);
}

static void expanded(const char *value, const char *expected, const char *complaint)
{
    char text[256];
    struct parsed parsed;
    snprintf(text, sizeof text, "state: %s", value);
    parse(&parsed, span_of(text));
    const char *answer = config_expand(parsed.config, config_block(parsed.config, "state"));
    if (expected == NULL)
        assert_null(answer);
    else
        assert_string_equal(answer, expected);
    assert_string_equal(parsed_complaints(&parsed), complaint);
    parsed_fini(&parsed);
}

static void variables_of_the_environment_are_put_in_where_asked(void **state)
{
    setenv("VEDETTE_TEST_A", "secret ${HOME}", 1);
    setenv("VEDETTE_TEST_2", "", 1);
    unsetenv("VEDETTE_TEST_NONE");
    expanded("plain $x {y}", "plain $x {y}", "");
    expanded("''", "", "");
    expanded("a-${VEDETTE_TEST_A}-${VEDETTE_TEST_2}b", "a-secret ${HOME}-b", "");
    expanded("x${VEDETTE_TEST_NONE}", NULL,
             "vedette.yaml:1:8: ${VEDETTE_TEST_NONE}, but no such variable is set, expected it in the environment\n");
    static const char *const wrong[] = {"'${'", "'${}'", "'${A'", "'${1A}'", "'${A-b}'", "'${A b}'"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expanded(wrong[i], NULL, "vedette.yaml:1:8: \"${\" without a name and \"}\", expected ${NAME}\n");
    expanded("[a]", NULL, "vedette.yaml:1:8: a list, expected a text\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_written_into_its_field),
        cmocka_unit_test(absent_and_null_keys_take_the_fallback_or_leave_the_field),
        cmocka_unit_test(an_absent_block_is_read_as_an_empty_one),
        cmocka_unit_test(one_run_shows_every_fault),
        cmocka_unit_test(what_is_no_map_is_said_once),
        cmocka_unit_test(numbers_are_decimal_finite_and_within_bounds),
        cmocka_unit_test(the_least_and_the_largest_integers_are_read_exactly),
        cmocka_unit_test(variables_of_the_environment_are_put_in_where_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
