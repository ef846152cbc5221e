#include "tests/unit/proto/unit.h"

static struct arena arena;

static void refused_for(struct report report, const char *expected)
{
    char reason[REASON_BYTES] = "";
    assert_int_equal(report_validate(&report, reason), STATUS_INVALID);
    assert_says(reason, expected);
}

/* The example with one field changed must be refused, for that. */
#define REFUSED(field, value, expected)                                                                                \
    do {                                                                                                               \
        struct report changed = example_report(&arena);                                                                \
        changed.field = (value);                                                                                       \
        refused_for(changed, expected);                                                                                \
    } while (0)

static void the_example_is_right(void **state)
{
    struct report report = example_report(&arena);
    char reason[REASON_BYTES];
    assert_int_equal(report_validate(&report, reason), STATUS_OK);
}

static char many[4096];

static struct span many_of(size_t size)
{
    memset(many, 'x', sizeof many);
    return (struct span){many, size};
}

static void texts_are_bounded_and_plain(void **state)
{
    REFUSED(source, SPAN(""), "source is missing");
    REFUSED(source, SPAN("a b"), "source: \"a b\", expected");
    REFUSED(source, SPAN("a\0b"), "source: ");
    REFUSED(source, many_of(LIMIT_SOURCE_BYTES + 1), "source: ");
    REFUSED(source_id, SPAN(""), "source_id is missing");
    REFUSED(source_id, SPAN("a\0b"), "source_id: \"a\\x00b\"");
    REFUSED(source_id, SPAN("a\nb"), "source_id: ");
    REFUSED(source_id, SPAN("\xff\xfe"), "source_id: \"\\xff\\xfe\", expected UTF-8");
    REFUSED(source_id, many_of(LIMIT_SOURCE_ID_BYTES + 1), "source_id: 257 bytes, expected at most 256");
    REFUSED(place.name, many_of(LIMIT_NAME_BYTES + 1), "place.name: ");
    REFUSED(publisher, SPAN("\x1b[31m"), "publisher: ");
    REFUSED(headline, many_of(LIMIT_HEADLINE_BYTES + 1), "headline: ");
    REFUSED(headline, SPAN("a\0b"), "headline: ");
    REFUSED(url, many_of(LIMIT_URL_BYTES + 1), "url: ");
    REFUSED(url, SPAN("\xed\xa0\x80"), "url: ");
    REFUSED(language, many_of(LIMIT_LANGUAGE_BYTES + 1), "language: ");
}

static void enums_beyond_their_lists_are_refused(void **state)
{
    REFUSED(status, REPORT_STATUS_COUNT, "status: value 5 is unknown");
    REFUSED(category, CATEGORY_COUNT, "category: ");
    REFUSED(role, ROLE_COUNT, "role: ");
    REFUSED(occurred.precision, PRECISION_COUNT, "occurred.precision: ");
    REFUSED(occurred.basis, BASIS_COUNT, "occurred.basis: ");
    REFUSED(licence, LICENCE_COUNT, "licence: ");
}

static void times_and_numbers_have_their_ranges(void **state)
{
    REFUSED(occurred.start_ms, TIME_NONE, "occurred.start is missing");
    REFUSED(occurred.start_ms, LIMIT_TIME_MS_MIN - 1, "occurred.start: ");
    REFUSED(occurred.end_ms, LIMIT_TIME_MS_MAX + 1, "occurred.end: ");
    REFUSED(occurred.end_ms, 0, "occurred.end: 1970-01-01T00:00:00Z is before occurred.start, 2025-09-09T21:30:00Z");
    REFUSED(reported_at_ms, LIMIT_TIME_MS_MAX + 1, "reported_at: ");
    REFUSED(has_place, false, "place is missing");
    REFUSED(place.lat, 90.000001, "place.lat: 90.000001 is out of range, expected -90 to 90");
    REFUSED(place.lat, (double)NAN, "place.lat: ");
    REFUSED(place.lon, -180.5, "place.lon: ");
    REFUSED(place.lon, (double)INFINITY, "place.lon: ");
    REFUSED(place.radius_km, -1, "place.radius_km: ");
    REFUSED(place.radius_km, LIMIT_RADIUS_KM + 1, "place.radius_km: ");
    REFUSED(severity, 6, "severity: ");
    REFUSED(confidence, 1.5, "confidence: ");
    REFUSED(confidence, (double)INFINITY, "confidence: ");
}

static void lists_have_their_limits(void **state)
{
    static struct country countries[LIMIT_COUNTRIES + 1];
    static struct attribute attributes[LIMIT_ATTRIBUTES + 1];
    REFUSED(countries, (countries[0].code = 0x6161, countries), "countries: code 0x6161");
    countries[0] = (struct country){COUNTRY_CODE('P', 'L'), COUNTRY_ROLE_COUNT};
    REFUSED(countries, countries, "countries: role 4 of PL is unknown");
    REFUSED(country_count, LIMIT_COUNTRIES + 1, "countries: 33 entries, expected at most 32");
    REFUSED(attribute_count, LIMIT_ATTRIBUTES + 1, "attributes: 33 entries, expected at most 32");
    REFUSED(attributes, attributes, "attributes: a key is empty");
    attributes[0] = (struct attribute){many_of(LIMIT_ATTRIBUTE_KEY + 1), SPAN("")};
    REFUSED(attributes, attributes, "attributes: key: 65 bytes");
    attributes[0] = (struct attribute){SPAN("k"), many_of(LIMIT_ATTRIBUTE_VALUE + 1)};
    REFUSED(attributes, attributes, "attributes: value: 1025 bytes");
}

static void lists_are_put_in_order_without_repeats(void **state)
{
    struct country countries[] = {{COUNTRY_CODE('R', 'O'), COUNTRY_WHERE},
                                  {COUNTRY_CODE('E', 'E'), COUNTRY_ORIGIN},
                                  {COUNTRY_CODE('E', 'E'), COUNTRY_WHERE},
                                  {COUNTRY_CODE('R', 'O'), COUNTRY_WHERE},
                                  {COUNTRY_CODE('A', 'T'), COUNTRY_WHERE}};
    struct attribute attributes[] = {
        {SPAN("b"), SPAN("2")}, {SPAN("a"), SPAN("1")}, {SPAN("b"), SPAN("2")}, {SPAN("aa"), SPAN("")}};
    struct report report = example_report(&arena);
    report.has_countries = false;
    report.countries = countries;
    report.country_count = 5;
    report.attributes = attributes;
    report.attribute_count = 4;
    char reason[REASON_BYTES];
    assert_int_equal(report_validate(&report, reason), STATUS_OK);
    assert_true(report.has_countries);
    assert_int_equal(report.country_count, 4);
    assert_int_equal(countries[0].code, COUNTRY_CODE('A', 'T'));
    assert_int_equal(countries[1].role, COUNTRY_WHERE);
    assert_int_equal(countries[2].role, COUNTRY_ORIGIN);
    assert_int_equal(countries[3].code, COUNTRY_CODE('R', 'O'));
    assert_int_equal(report.attribute_count, 3);
    assert_span_is(attributes[0].key, "a");
    assert_span_is(attributes[1].key, "aa");
    assert_span_is(attributes[2].key, "b");
}

static void one_key_with_two_values_is_refused(void **state)
{
    struct attribute attributes[] = {{SPAN("a"), SPAN("1")}, {SPAN("a"), SPAN("2")}};
    struct report report = example_report(&arena);
    report.attributes = attributes;
    report.attribute_count = 2;
    refused_for(report, "attributes: \"a\" is given twice");
}

static void a_retraction_may_be_bare(void **state)
{
    struct report report = {.source = SPAN("s"),
                            .source_id = SPAN("1"),
                            .status = REPORT_RETRACTED,
                            .category = CATEGORY_NAT_HAZARD,
                            .occurred = {.start_ms = TIME_NONE, .end_ms = 7, .precision = PRECISION_DAY},
                            .reported_at_ms = TIME_NONE,
                            .confidence = (double)NAN};
    char reason[REASON_BYTES];
    assert_int_equal(report_validate(&report, reason), STATUS_OK);
    assert_int_equal(report.category, 0);
    assert_true(report.occurred.end_ms == TIME_NONE);
    report.status = REPORT_EXPLAINED;
    refused_for(report, "occurred.start is missing");
}

static void minus_zero_is_zero(void **state)
{
    struct report a = example_report(&arena);
    struct report b = a;
    char reason[REASON_BYTES];
    a.place.lat = 0.0;
    b.place.lat = -0.0;
    assert_int_equal(report_validate(&a, reason), STATUS_OK);
    assert_int_equal(report_validate(&b, reason), STATUS_OK);
    assert_same_report(&a, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_right),
        cmocka_unit_test(texts_are_bounded_and_plain),
        cmocka_unit_test(enums_beyond_their_lists_are_refused),
        cmocka_unit_test(times_and_numbers_have_their_ranges),
        cmocka_unit_test(lists_have_their_limits),
        cmocka_unit_test(lists_are_put_in_order_without_repeats),
        cmocka_unit_test(one_key_with_two_values_is_refused),
        cmocka_unit_test(a_retraction_may_be_bare),
        cmocka_unit_test(minus_zero_is_zero),
    };
    arena_init(&arena, 1 << 22);
    int failed = cmocka_run_group_tests_name("report_validate", tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
