#include "tests/unit/proto/unit.h"

static struct arena arena;

#define HEAD "{\"source\":\"s\",\"source_id\":\"1\","
#define LEAST                                                                                                          \
    HEAD "\"category\":\"sea.cable\",\"occurred\":{\"start\":\"2024-11-17T02:00:00+02:00\"},\"place\":{\"lat\":59,"    \
         "\"lon\":22.5}"

static void refused(const char *line, const char *expected)
{
    char reason[REASON_BYTES] = "";
    struct report report;
    assert_int_equal(report_from_json(span_of(line), &arena, &report, reason), STATUS_INVALID);
    assert_says(reason, expected);
}

static void the_contracts_example_is_read(void **state)
{
    struct report report = example_report(&arena);
    assert_span_is(report.source, "rcb-pl");
    assert_int_equal(report.revision, 1);
    assert_int_equal(report.status, REPORT_CONFIRMED);
    assert_int_equal(report.category, CATEGORY_AIR_DRONE_INCURSION);
    assert_int_equal(report.occurred.end_ms - report.occurred.start_ms, (7 * 60 + 15) * 60000);
    assert_int_equal(report.occurred.precision, PRECISION_MINUTE);
    assert_true(report.place.lat == 51.56 && report.place.lon == 23.36 && report.place.radius_km == 5);
    assert_int_equal(report.country_count, 1);
    assert_int_equal(report.severity, 3);
    assert_true(report.confidence == 0.9);
    assert_span_is(report.attributes[0].value, "19");
}

static void the_least_line_gets_the_contracts_defaults(void **state)
{
    struct report report = report_of(&arena, LEAST "}");
    assert_int_equal(report.revision, 0);
    assert_int_equal(report.status, REPORT_REPORTED);
    assert_int_equal(report.role, ROLE_TRIGGER);
    assert_true(report.occurred.start_ms == 1731801600000);
    assert_true(report.occurred.end_ms == report.occurred.start_ms);
    assert_int_equal(report.occurred.precision, PRECISION_SECOND);
    assert_int_equal(report.occurred.basis, BASIS_REPORTED);
    assert_true(report.reported_at_ms == TIME_NONE);
    assert_true(report.place.radius_km == 0);
    assert_false(report.has_countries);
    assert_int_equal(report.severity, 0);
    assert_true(isnan(report.confidence));
    assert_int_equal(report.licence, LICENCE_ATTRIBUTION);
    assert_int_equal(report.attribute_count, 0);
}

static void null_is_as_if_absent(void **state)
{
    struct report a = report_of(&arena, LEAST "}");
    struct report b =
        report_of(&arena, LEAST ",\"revision\":null,\"countries\":null,\"role\":null,\"confidence\":null,"
                                "\"attributes\":null,\"headline\":null,\"unknown\":null,\"reported_at\":null}");
    assert_same_report(&a, &b);
}

static void an_empty_list_of_countries_means_none(void **state)
{
    struct report report = report_of(&arena, LEAST ",\"countries\":[]}");
    assert_true(report.has_countries);
    assert_int_equal(report.country_count, 0);
    report = report_of(&arena, LEAST ",\"countries\":[{\"code\":\"FI\",\"role\":\"affected\"},{\"code\":\"EE\"}]}");
    assert_int_equal(report.countries[0].code, COUNTRY_CODE('E', 'E'));
    assert_int_equal(report.countries[0].role, COUNTRY_WHERE);
    assert_int_equal(report.countries[1].role, COUNTRY_AFFECTED);
}

static void unknown_scalars_become_attributes(void **state)
{
    struct report report =
        report_of(&arena, LEAST ",\"casualties\":3,\"depth_m\":70.5,\"sure\":true,\"vessel\":\"Yi Peng 3\","
                                "\"nested\":{\"a\":1},\"list\":[1],\"count\":1,\"bad\\nkey\":1,"
                                "\"attributes\":{\"count\":\"19\",\"n\":2}}");
    static const char *const expected[][2] = {{"casualties", "3"}, {"count", "19"},  {"depth_m", "70.5"},
                                              {"n", "2"},          {"sure", "true"}, {"vessel", "Yi Peng 3"}};
    assert_int_equal(report.attribute_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_span_is(report.attributes[i].key, expected[i][0]);
        assert_span_is(report.attributes[i].value, expected[i][1]);
    }
}

static void an_unknown_field_is_never_an_error(void **state)
{
    struct report report = report_of(&arena, LEAST ",\"revision\":7,\"severity\":2,\"post\":12345678901234567890123,"
                                                   "\"text\":\"a\\u0000b\",\"count\":\"19\",\"n\":4}");
    assert_int_equal(report.revision, 7);
    assert_int_equal(report.severity, 2);
    assert_int_equal(report.attribute_count, 2); /* what cannot be told exactly is left out */
    assert_span_is(report.attributes[0].key, "count");
    assert_span_is(report.attributes[1].value, "4");
}

static void a_retraction_needs_four_fields_only(void **state)
{
    struct report report = report_of(&arena, HEAD "\"revision\":2,\"status\":\"retracted\"}");
    assert_int_equal(report.status, REPORT_RETRACTED);
    assert_true(report.occurred.start_ms == TIME_NONE);
    assert_false(report.has_place);
    refused(HEAD "\"status\":\"retracted\"}", "revision is missing");
    struct report timed = report_of(
        &arena, HEAD "\"revision\":2,\"status\":\"retracted\",\"occurred\":{\"start\":\"2024-11-17T02:00Z\"}}");
    assert_true(timed.occurred.start_ms == TIME_NONE);
}

static void what_is_missing_is_named(void **state)
{
    refused("{}", "category is missing");
    refused("{\"category\":\"sea.cable\"}", "source is missing");
    refused("{\"category\":\"sea.cable\",\"source\":\"s\"}", "source_id is missing");
    refused(HEAD "\"category\":\"sea.cable\"}", "occurred.start is missing");
    refused(HEAD "\"category\":\"sea.cable\",\"occurred\":{\"start\":\"2024-11-17T02:00Z\"}}", "place is missing");
    refused(HEAD "\"category\":\"sea.cable\",\"occurred\":{\"start\":\"2024-11-17T02:00Z\"},\"place\":{\"lon\":1}}",
            "place.lat is missing");
}

static void what_is_wrong_is_shown_with_what_was_expected(void **state)
{
    refused(HEAD "\"occurred\":{\"start\":\"2025-13-01\"}}",
            "occurred.start: \"2025-13-01\" is not a time, expected RFC 3339 with an offset");
    refused(HEAD "\"occurred\":{\"start\":\"2025-09-01T00:00:00\"}}", "is not a time");
    refused(HEAD "\"occurred\":{\"end\":5}}", "occurred.end: 5 is not a time");
    refused(HEAD "\"category\":\"air.drone.incurison\"}",
            "category: \"air.drone.incurison\" is unknown, the nearest is \"air.drone.incursion\"");
    refused(HEAD "\"category\":7}", "category: 7, expected a string");
    refused(HEAD "\"status\":\"maybe\"}",
            "status: \"maybe\", expected one of: reported disputed confirmed explained retracted");
    refused(HEAD "\"revision\":-1}", "revision: -1, expected a whole number");
    refused(HEAD "\"revision\":1.5}", "revision: 1.5, expected a whole number");
    refused(HEAD "\"revision\":4294967296}", "revision: 4294967296");
    refused(HEAD "\"severity\":0}", "severity: 0, expected a whole number of 1 to 5");
    refused(HEAD "\"place\":7}", "place: 7, expected an object");
    refused(HEAD "\"place\":{\"lat\":\"51\",\"lon\":2}}", "place.lat: \"51\", expected a number");
    refused(HEAD "\"countries\":\"PL\"}", "countries: \"PL\", expected a list");
    refused(HEAD "\"countries\":[{\"code\":\"pl\"}]}", "countries: code: \"pl\" is no country code");
    refused(HEAD "\"countries\":[{}]}", "countries: an entry has no code");
    refused(HEAD "\"countries\":[{\"code\":\"PL\",\"role\":\"near\"}]}",
            "expected one of: where affected origin claimed_by");
    refused(HEAD "\"attributes\":{\"a\":[1]}}", "attributes: \"a\" is a list, expected a string");
    refused(LEAST ",\"confidence\":2}", "confidence: 2 is out of range, expected 0 to 1");
    refused(HEAD
            "\"category\":\"sea.cable\",\"occurred\":{\"start\":\"2024-11-17T02:00Z\",\"end\":\"2024-11-17T01:00Z\"},"
            "\"place\":{\"lat\":1,\"lon\":2}}",
            "occurred.end: 2024-11-17T01:00:00Z is before occurred.start, 2024-11-17T02:00:00Z");
}

static void what_is_no_json_object_is_refused(void **state)
{
    refused("", "not JSON");
    refused("{\"source\":", "not JSON");
    refused("[1]", "line: a list, expected an object");
    refused("7", "not JSON");
    refused("{} {}", "not JSON");
    refused("{\"source\":\"a\",\"source\":\"b\"}", "not JSON: duplicate object key");
    refused("{\"source\":\"a\\u0000b\",\"source_id\":\"1\",\"category\":\"sea.cable\","
            "\"occurred\":{\"start\":\"2024-11-17T02:00Z\"},\"place\":{\"lat\":1,\"lon\":2}}",
            "source");
    refused("{\"source\":\"\xff\"}", "not JSON");
    static char deep[100000];
    memset(deep, '[', sizeof deep - 1);
    refused(deep, "not JSON: maximum parsing depth reached");
    static char large[LIMIT_LINE_BYTES + 2];
    memset(large, ' ', sizeof large - 1);
    refused(large, "line: 1048577 bytes");
}

static void a_reason_is_printable_whatever_the_line(void **state)
{
    char reason[REASON_BYTES] = "";
    struct report report;
    const char *line = HEAD "\"category\":\"\\u001b[31m\\u0007\"}";
    assert_int_equal(report_from_json(span_of(line), &arena, &report, reason), STATUS_INVALID);
    for (const char *at = reason; *at != '\0'; at++)
        assert_true((unsigned char)*at >= 0x20);
}

static void no_memory_is_not_a_bad_line(void **state)
{
    struct arena small;
    struct report report;
    char reason[REASON_BYTES] = "";
    arena_init(&small, 64);
    assert_int_equal(report_from_json(SPAN(EXAMPLE_LINE), &small, &report, reason), STATUS_NO_MEMORY);
    assert_says(reason, "no memory");
    arena_fini(&small);
}

static void what_is_written_reads_back_the_same(void **state)
{
    static const char *const lines[] = {
        EXAMPLE_LINE,
        LEAST "}",
        LEAST ",\"countries\":[],\"headline\":\"a\\\"b\\n\\tŁ\",\"confidence\":0.30000000000000004,\"x\":1e-9}",
        HEAD "\"revision\":4294967295,\"status\":\"retracted\",\"reported_at\":\"0001-01-01T00:00:00Z\"}",
        HEAD "\"revision\":1,\"status\":\"retracted\",\"place\":{\"lat\":-90,\"lon\":180}}",
    };
    struct text text = {0};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct report report = report_of(&arena, lines[i]);
        text_clear(&text);
        report_to_json(&report, &text);
        struct report again = report_of(&arena, text.data);
        assert_same_report(&report, &again);
    }
    struct report report = example_report(&arena);
    text_clear(&text);
    report_to_json(&report, &text);
    assert_text_is(&text, EXAMPLE_LINE);
    text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_contracts_example_is_read),
        cmocka_unit_test(the_least_line_gets_the_contracts_defaults),
        cmocka_unit_test(null_is_as_if_absent),
        cmocka_unit_test(an_empty_list_of_countries_means_none),
        cmocka_unit_test(unknown_scalars_become_attributes),
        cmocka_unit_test(an_unknown_field_is_never_an_error),
        cmocka_unit_test(a_retraction_needs_four_fields_only),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(what_is_wrong_is_shown_with_what_was_expected),
        cmocka_unit_test(what_is_no_json_object_is_refused),
        cmocka_unit_test(a_reason_is_printable_whatever_the_line),
        cmocka_unit_test(no_memory_is_not_a_bad_line),
        cmocka_unit_test(what_is_written_reads_back_the_same),
    };
    arena_init(&arena, 1 << 22);
    int failed = cmocka_run_group_tests_name("report_json", tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
