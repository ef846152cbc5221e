#include "cli/wording.h"

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

static void countries_that_do_not_fit_end_in_an_ellipsis(void **state)
{
    (void)state;
    country_code codes[20];
    for (size_t i = 0; i < 20; i++)
        codes[i] = COUNTRY_CODE('A', 'A' + i);
    char text[24];
    words_countries(codes, 3, ", ", text, sizeof text);
    assert_string_equal(text, "AA, AB, AC");
    words_countries(codes, 20, ", ", text, sizeof text);
    assert_true(strlen(text) < sizeof text);
    assert_says(text, "…");
    words_countries(NULL, 0, ", ", text, sizeof text);
    assert_string_equal(text, "-");
}

static void where_it_happened_is_the_country_by_name(void **state)
{
    struct incident incident = incident_of(*state, POLAND);
    char text[WORDS_BYTES];
    words_where(&incident, text);
    assert_string_equal(text, "Poland");
}

static void at_sea_the_countries_affected_are_named(void **state)
{
    struct incident incident = incident_of(
        *state, "{\"source\":\"t\",\"source_id\":\"c\",\"category\":\"sea.cable\","
                "\"occurred\":{\"start\":\"2024-11-17T08:00:00Z\"},\"place\":{\"lat\":56.8,\"lon\":18.9},"
                "\"countries\":[{\"code\":\"LT\",\"role\":\"affected\"},{\"code\":\"SE\",\"role\":\"affected\"}]}");
    char text[WORDS_BYTES];
    words_where(&incident, text);
    assert_string_equal(text, "Lithuania and Sweden");
}

static void in_no_country_it_is_the_place(void **state)
{
    struct incident incident =
        incident_of(*state, "{\"source\":\"t\",\"source_id\":\"c\",\"category\":\"sea.cable\","
                            "\"occurred\":{\"start\":\"2024-11-17T08:00:00Z\"},\"place\":{\"lat\":-56.8,\"lon\":18.9},"
                            "\"countries\":[]}");
    char text[WORDS_BYTES];
    words_where(&incident, text);
    assert_string_equal(text, "56.80 S 18.90 E");
}

static void a_source_that_forbids_it_lends_no_place_name(void **state)
{
    struct incident incident = incident_of(
        *state, "{\"source\":\"t\",\"source_id\":\"c\",\"category\":\"sea.cable\",\"licence\":\"no-redistribute\","
                "\"occurred\":{\"start\":\"2024-11-17T08:00:00Z\"},"
                "\"place\":{\"lat\":56.8,\"lon\":18.9,\"name\":\"secret\"},\"countries\":[]}");
    char text[WORDS_BYTES];
    words_place(&incident.reports[0], text);
    assert_string_equal(text, "56.80 N 18.90 E");
}

static void an_interval_is_as_exact_as_it_was_told(void **state)
{
    (void)state;
    struct zone *zone;
    assert_int_equal(zone_open("UTC", &zone), STATUS_OK);
    struct occurred occurred = {.start_ms = ms_of("2025-09-09T21:30:00Z"),
                                .end_ms = ms_of("2025-09-10T04:45:00Z"),
                                .precision = PRECISION_MINUTE};
    char text[WORDS_BYTES];
    words_interval(zone, &occurred, text);
    assert_string_equal(text, "2025-09-09 21:30 - 2025-09-10 04:45");
    occurred.end_ms = ms_of("2025-09-09T23:00:00Z");
    words_interval(zone, &occurred, text);
    assert_string_equal(text, "2025-09-09 21:30 - 23:00");
    occurred.precision = PRECISION_DAY;
    words_interval(zone, &occurred, text);
    assert_string_equal(text, "2025-09-09");
    occurred.start_ms = occurred.end_ms = TIME_NONE;
    words_interval(zone, &occurred, text);
    assert_string_equal(text, "-");
    zone_close(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(countries_that_do_not_fit_end_in_an_ellipsis),
        cmocka_unit_test_setup_teardown(where_it_happened_is_the_country_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(at_sea_the_countries_affected_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_no_country_it_is_the_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_that_forbids_it_lends_no_place_name, set_up, tear_down),
        TEST(an_interval_is_as_exact_as_it_was_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
