/* Rules as they are written, as they are published, and back. */
#include "correlator/rule_config.h"

#include "proto/config_blocks.h"
#include "tests/unit/base/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
    FILE *stream;
    char *complaints;
    size_t size;
    struct config *config;
    struct arena arena;
    struct rule *rules;
    size_t count;
    bool right;
};

static void read_rules(struct reading *reading, const char *yaml)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    *reading = (struct reading){0};
    reading->stream = open_memstream(&reading->complaints, &reading->size);
    assert_non_null(reading->stream);
    arena_init(&reading->arena, 4u << 20);
    assert_int_equal(config_parse(span_of(yaml), "v.yaml", blocks, reading->stream, &reading->config), STATUS_OK);
    reading->right = rules_read(reading->config, &reading->arena, &reading->rules, &reading->count);
    (void)fflush(reading->stream);
    assert_int_equal(reading->right, config_complaints(reading->config) == 0);
}

static void reading_fini(struct reading *reading)
{
    config_close(reading->config);
    arena_fini(&reading->arena);
    (void)fclose(reading->stream);
    free(reading->complaints);
}

static void assert_complaints(const char *yaml, const char *expected)
{
    struct reading reading;
    read_rules(&reading, yaml);
    assert_false(reading.right);
    assert_string_equal(reading.complaints, expected);
    reading_fini(&reading);
}

#define LEAST "rules:\n  - {name: n, categories: [sea.cable], reach_km: 600, window: 14d"

static void what_is_not_said_has_the_defaults_of_the_contract(void **state)
{
    struct reading reading;
    read_rules(&reading, LEAST "}\n");
    assert_true(reading.right);
    assert_int_equal(reading.count, 1);
    const struct rule *rule = &reading.rules[0];
    assert_true(span_equal(rule->name, SPAN("n")));
    assert_int_equal(rule->categories, (category_set)1 << CATEGORY_SEA_CABLE);
    assert_true(rule->reach_km == 600.0); /* exact: a literal */
    assert_int_equal(rule->window_ms, 14LL * 86400000);
    assert_int_equal(rule->min_neighbours, 1);
    assert_int_equal(rule->min_incidents, 2);
    assert_int_equal(rule->min_countries, 2);
    assert_true(rule->alpha == 1e-3);
    assert_true(rule->max_radius_km == 200.0);
    assert_int_equal(rule->only_count, 0);
    assert_int_equal(rule->except_count, 0);
    assert_int_equal(rule->cap_duration_ms, 90LL * 86400000);
    assert_true(isinf(rule->cap_extent_km));
    reading_fini(&reading);
}

#define CONTRACT                                                                                                       \
    "rules:\n  - name: airspace\n    categories: [air.drone.*, air.manned.violation, air.missile_debris, "             \
    "air.balloon]\n"                                                                                                   \
    "    reach_km: 1000\n    window: 2w\n    min_neighbours: 3\n    min_incidents: 4\n    min_countries: 0\n"          \
    "    alpha: 1e-4\n    max_radius_km: 150.5\n    only_countries: [PL, EE, PL]\n    except_countries: [UA, RU]\n"    \
    "    caps: {duration: 60d, extent_km: 3000}\n"

static void every_option_is_read(void **state)
{
    struct reading reading;
    read_rules(&reading, CONTRACT);
    assert_string_equal(reading.complaints, "");
    const struct rule *rule = &reading.rules[0];
    assert_true(span_equal(rule->name, SPAN("airspace")));
    category_set expected = (category_set)1 << CATEGORY_AIR_DRONE_INCURSION |
                            (category_set)1 << CATEGORY_AIR_DRONE_SIGHTING |
                            (category_set)1 << CATEGORY_AIR_MANNED_VIOLATION |
                            (category_set)1 << CATEGORY_AIR_MISSILE_DEBRIS | (category_set)1 << CATEGORY_AIR_BALLOON;
    assert_int_equal(rule->categories, expected);
    assert_int_equal(rule->window_ms, 14LL * 86400000);
    assert_int_equal(rule->min_neighbours, 3);
    assert_int_equal(rule->min_incidents, 4);
    assert_int_equal(rule->min_countries, 0);
    assert_true(rule->alpha == 1e-4);
    assert_true(rule->max_radius_km == 150.5);
    assert_int_equal(rule->only_count, 2); /* ascending, none twice */
    assert_int_equal(rule->only_countries[0], COUNTRY_CODE('E', 'E'));
    assert_int_equal(rule->only_countries[1], COUNTRY_CODE('P', 'L'));
    assert_int_equal(rule->except_count, 2);
    assert_int_equal(rule->except_countries[0], COUNTRY_CODE('R', 'U'));
    assert_int_equal(rule->cap_duration_ms, 60LL * 86400000);
    assert_true(rule->cap_extent_km == 3000.0);
    reading_fini(&reading);
}

static void each_fault_is_complained_of_where_it_stands(void **state)
{
    static const struct {
        const char *yaml, *complaints;
    } rows[] = {
        {"state: x\n", "v.yaml:1:1: found no rules, expected a list of at least one rule under \"rules:\"\n"},
        {"rules: []\n", "v.yaml:1:8: found no rules, expected a list of at least one rule under \"rules:\"\n"},
        {"rules: [7]\n", "v.yaml:1:9: found no map, expected a rule with name, categories, reach_km and window\n"},
        {LEAST ", min_neighbours: 0}\n",
         "v.yaml:2:84: \"0\" as min_neighbours, expected a whole number from 1 to 1000000\n"},
        {LEAST ", caps: 60d}\n", "v.yaml:2:74: found no map, expected caps such as {duration: 60d, extent_km: 3000}\n"},
        {LEAST ", caps: {duration: -1d}}\n",
         "v.yaml:2:85: \"-1d\" as duration, expected a duration such as 14d, 6h or 30s from 1ms to 3650d\n"},
        {LEAST ", only_countries: PL}\n", "v.yaml:2:84: found no list, expected countries such as [UA, RU]\n"},
        {LEAST ", only_countries: [PL, Estonia, [x]]}\n",
         "v.yaml:2:89: found \"Estonia\", expected a country of two capital letters such as EE\n"
         "v.yaml:2:98: found no text, expected a country of two capital letters such as EE\n"},
        {LEAST ", reach_km2: 5}\n",
         "v.yaml:2:68: unknown key \"reach_km2\" in rules, expected one of name, categories, reach_km, window, "
         "min_neighbours, min_incidents, min_countries, alpha, max_radius_km, only_countries, except_countries, caps "
         "(did you mean \"reach_km\"?)\n"},
        {"rules:\n  - {name: n, categories: [air.drone, [x]], reach_km: 1, window: 1d}\n",
         "v.yaml:2:28: unknown category \"air.drone\", expected a name of the taxonomy, or one followed by .* for all "
         "below it (did you mean \"air.drone.*\"?)\n"
         "v.yaml:2:39: found no text, expected a category\n"},
        {"rules:\n  - {name: n, categories: [sea.cabel], reach_km: 1, window: 1d}\n",
         "v.yaml:2:28: unknown category \"sea.cabel\", expected a name of the taxonomy, or one followed by .* for all "
         "below it (did you mean \"sea.cable\"?)\n"},
        {"rules:\n  - {name: n, categories: [], reach_km: 1, window: 1d}\n",
         "v.yaml:2:27: found no list, expected categories such as [air.drone.*, air.balloon]\n"},
        {"rules:\n  - {name: n, categories: [em.gnss], reach_km: 20016, window: 181d}\n",
         "v.yaml:2:48: \"20016\" as reach_km, expected a number from 0.001 to 20015\n"
         "v.yaml:2:63: \"181d\" as window, expected a duration such as 14d, 6h or 30s from 1ms to 180d\n"},
        {"rules:\n  - {categories: [em.gnss]}\n",
         "v.yaml:2:5: no name in rules, expected a text\n"
         "v.yaml:2:5: no reach_km in rules, expected a number from 0.001 to 20015\n"
         "v.yaml:2:5: no window in rules, expected a duration such as 14d, 6h or 30s from 1ms to 180d\n"},
        {"rules:\n  - {name: \"\", categories: [em.gnss], reach_km: 1, window: 1d}\n",
         "v.yaml:2:12: found a name of 0 bytes, expected 1 to 256\n"},
        {"rules:\n  - categories: [em.gnss]\n    reach_km: 1\n    window: 1d\n    name: |\n      two\n      lines\n",
         "v.yaml:5:11: found a name with line ends or other control characters, expected one line\n"},
        {LEAST "}\n  - {name: n, categories: [em.gnss], reach_km: 1, window: 1d}\n",
         "v.yaml:3:5: found a second rule named \"n\", expected every name once\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_complaints(rows[i].yaml, rows[i].complaints);
}

static void more_rules_than_anyone_needs_are_refused_in_a_sentence(void **state)
{
    char *yaml = malloc(600000);
    assert_non_null(yaml);
    char *at = stpcpy(yaml, "rules: [");
    for (int i = 0; i < 250000; i++)
        at = stpcpy(at, "a,");
    (void)stpcpy(at, "a]\n");
    assert_complaints(yaml, "v.yaml:1:8: found 250001 rules, expected at most 1024\n");
    free(yaml);
}

/* --- as JSON --- */

static void json_of(const struct rule *rule, struct text *text)
{
    text_clear(text);
    rule_to_json(rule, text);
    assert_false(text->failed);
}

static void a_rule_is_published_with_every_option(void **state)
{
    struct reading reading;
    struct text json = {0};
    read_rules(&reading, CONTRACT);
    json_of(&reading.rules[0], &json);
    assert_string_equal(
        json.data,
        "{\"name\":\"airspace\",\"categories\":[\"air.drone.incursion\",\"air.drone.sighting\",\"air.manned."
        "violation\","
        "\"air.balloon\",\"air.missile_debris\"],\"reach_km\":1000,\"window_ms\":1209600000,\"min_neighbours\":3,"
        "\"min_incidents\":4,\"min_countries\":0,\"alpha\":0.0001,\"max_radius_km\":150.5,"
        "\"only_countries\":[\"EE\",\"PL\"],\"except_countries\":[\"RU\",\"UA\"],\"cap_duration_ms\":5184000000,"
        "\"cap_extent_km\":3000}");
    text_fini(&json);
    reading_fini(&reading);
}

static void what_is_published_reads_back_as_the_same_rule(void **state)
{
    static const char *const yamls[] = {
        CONTRACT, LEAST "}\n",
        "rules:\n  - {name: \"a \\\"b\\\" łódź\", categories: [air.*, sea.*, cyber.attack], reach_km: 0.001, window: "
        "1ms, "
        "max_radius_km: 0, alpha: 0.3333333333333333, min_incidents: 1000000, caps: {extent_km: 0.1}}\n"};
    for (size_t i = 0; i < sizeof yamls / sizeof yamls[0]; i++) {
        struct reading reading;
        struct text first = {0}, second = {0};
        struct rule rule;
        read_rules(&reading, yamls[i]);
        assert_string_equal(reading.complaints, "");
        json_of(&reading.rules[0], &first);
        assert_int_equal(rule_from_json((struct span){first.data, first.size}, &reading.arena, &rule), STATUS_OK);
        json_of(&rule, &second);
        assert_string_equal(second.data, first.data);
        const struct rule *written = &reading.rules[0];
        assert_true(span_equal(rule.name, written->name));
        assert_int_equal(rule.categories, written->categories);
        assert_memory_equal(&rule.reach_km, &written->reach_km, sizeof rule.reach_km);
        assert_memory_equal(&rule.alpha, &written->alpha, sizeof rule.alpha);
        assert_memory_equal(&rule.max_radius_km, &written->max_radius_km, sizeof rule.max_radius_km);
        assert_memory_equal(&rule.cap_extent_km, &written->cap_extent_km, sizeof rule.cap_extent_km);
        assert_int_equal(rule.window_ms, written->window_ms);
        assert_int_equal(rule.cap_duration_ms, written->cap_duration_ms);
        assert_int_equal(rule.min_incidents, written->min_incidents);
        assert_int_equal(rule.only_count, written->only_count);
        assert_int_equal(rule.except_count, written->except_count);
        char one[RULE_HASH_BYTES], other[RULE_HASH_BYTES];
        rule_hash(written, one);
        rule_hash(&rule, other);
        assert_string_equal(one, other);
        text_fini(&first);
        text_fini(&second);
        reading_fini(&reading);
    }
}

#define RULE_JSON(name, categories, reach, window, neighbours, radius, only, duration, extent)                         \
    "{\"name\":" name ",\"categories\":" categories ",\"reach_km\":" reach ",\"window_ms\":" window                    \
    ",\"min_neighbours\":" neighbours                                                                                  \
    ",\"min_incidents\":2,\"min_countries\":2,\"alpha\":0.001,\"max_radius_km\":" radius ",\"only_countries\":" only   \
    ",\"except_countries\":[],\"cap_duration_ms\":" duration ",\"cap_extent_km\":" extent "}"

static void what_rule_to_json_never_wrote_is_invalid(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"name\":\"n\"}",
        "null",
        RULE_JSON("7", "[]", "1", "1", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"\"", "[]", "1", "1", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"a\\nb\"", "[]", "1", "1", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "{}", "1", "1", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[\"air\"]", "1", "1", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[7]", "1", "1", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "0", "1", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "20016", "1", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "1", "0", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "1", "15552000001", "1", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "1", "1", "0", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "1", "1", "4294967296", "1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "1", "1", "1", "-1", "[]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "1", "1", "1", "1", "\"PL\"", "1", "null"),
        RULE_JSON("\"n\"", "[]", "1", "1", "1", "1", "[\"pl\"]", "1", "null"),
        RULE_JSON("\"n\"", "[]", "1", "1", "1", "1", "[]", "0", "null"),
        RULE_JSON("\"n\"", "[]", "1", "1", "1", "1", "[]", "1", "0"),
        RULE_JSON("\"n\"", "[]", "1", "1", "1", "1", "[]", "1", "\"3000\""),
    };
    struct arena arena;
    arena_init(&arena, 1u << 20);
    struct rule rule;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (rule_from_json(span_of(wrong[i]), &arena, &rule) != STATUS_INVALID)
            fail_msg("%s is read", wrong[i]);
    assert_int_equal(
        rule_from_json(SPAN(RULE_JSON("\"n\"", "[]", "1", "1", "1", "1", "[\"PL\",\"EE\",\"PL\"]", "1", "null")),
                       &arena, &rule),
        STATUS_OK);
    assert_int_equal(rule.only_count, 2);
    arena_fini(&arena);
}

/* --- its hash --- */

static void the_hash_does_not_change_from_build_to_build(void **state)
{
    struct reading reading;
    char hash[RULE_HASH_BYTES];
    read_rules(&reading, CONTRACT);
    rule_hash(&reading.rules[0], hash);
    assert_string_equal(hash, "61a21fa4e70f99f1");
    reading_fini(&reading);
}

static void every_option_changes_the_hash_and_order_and_spelling_do_not(void **state)
{
    static const char *const others[] = {"",
                                         ", min_neighbours: 2",
                                         ", min_incidents: 3",
                                         ", min_countries: 1",
                                         ", alpha: 2e-3",
                                         ", max_radius_km: 199",
                                         ", only_countries: [PL]",
                                         ", except_countries: [PL]",
                                         ", caps: {duration: 89d}",
                                         ", caps: {extent_km: 3000}"};
    static const char *const whole[] = {
        "rules:\n  - {name: m, categories: [sea.cable], reach_km: 600, window: 14d}\n",
        "rules:\n  - {name: n, categories: [sea.pipeline], reach_km: 600, window: 14d}\n",
        "rules:\n  - {name: n, categories: [sea.cable], reach_km: 601, window: 14d}\n",
        "rules:\n  - {name: n, categories: [sea.cable], reach_km: 600, window: 13d}\n"};
    enum { SOME = sizeof others / sizeof others[0], ALL = SOME + sizeof whole / sizeof whole[0] };
    char hashes[ALL][RULE_HASH_BYTES];
    for (size_t i = 0; i < ALL; i++) {
        char yaml[256];
        (void)snprintf(yaml, sizeof yaml, "%s%s%s", i < SOME ? LEAST : "", i < SOME ? others[i] : whole[i - SOME],
                       i < SOME ? "}\n" : "");
        struct reading reading;
        read_rules(&reading, yaml);
        assert_string_equal(reading.complaints, "");
        rule_hash(&reading.rules[0], hashes[i]);
        assert_int_equal(strlen(hashes[i]), RULE_HASH_BYTES - 1);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(hashes[i], hashes[j]);
        reading_fini(&reading);
    }
    struct reading reading;
    char hash[RULE_HASH_BYTES];
    read_rules(&reading, "rules:\n- window: 336h\n  reach_km: 6e2\n  categories: [sea.cable, sea.cable]\n  name: 'n'\n"
                         "  caps: {duration: 90d}\n  only_countries:\n");
    assert_string_equal(reading.complaints, "");
    rule_hash(&reading.rules[0], hash);
    assert_string_equal(hash, hashes[0]);
    reading_fini(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_the_defaults_of_the_contract),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(each_fault_is_complained_of_where_it_stands),
        cmocka_unit_test(more_rules_than_anyone_needs_are_refused_in_a_sentence),
        cmocka_unit_test(a_rule_is_published_with_every_option),
        cmocka_unit_test(what_is_published_reads_back_as_the_same_rule),
        cmocka_unit_test(what_rule_to_json_never_wrote_is_invalid),
        cmocka_unit_test(the_hash_does_not_change_from_build_to_build),
        cmocka_unit_test(every_option_changes_the_hash_and_order_and_spelling_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
