#include "base/zone.h"

#include "tests/unit/base/unit.h"

#include <stdlib.h>

static struct zone *opened(const char *name)
{
    struct zone *zone = NULL;
    if (zone_open(name, &zone) != STATUS_OK)
        fail_msg("no zone %s", name);
    return zone;
}

static void known_local_times_are_put_into_utc(void **state)
{
    static const struct {
        const char *zone;
        struct civil local;
        const char *utc, *shown;
    } rows[] = {
        {"Europe/Warsaw", {2025, 9, 9, 23, 30, 0, 0}, "2025-09-09T21:30:00Z", "2025-09-09T23:30:00+02:00"},
        {"Europe/Warsaw", {2025, 1, 15, 12, 0, 0, 5}, "2025-01-15T11:00:00.005Z", "2025-01-15T12:00:00.005+01:00"},
        {"Europe/Bucharest", {2025, 9, 13, 18, 23, 0, 0}, "2025-09-13T15:23:00Z", "2025-09-13T18:23:00+03:00"},
        {"Europe/London", {2025, 7, 1, 0, 0, 0, 0}, "2025-06-30T23:00:00Z", "2025-07-01T00:00:00+01:00"},
        {"Europe/London", {2025, 1, 1, 0, 0, 0, 0}, "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"},
        {"UTC", {2025, 7, 1, 0, 0, 0, 0}, "2025-07-01T00:00:00Z", "2025-07-01T00:00:00Z"},
        {"+02:00", {2025, 7, 1, 1, 0, 0, 0}, "2025-06-30T23:00:00Z", "2025-07-01T01:00:00+02:00"},
        {"-09:30", {2025, 7, 1, 1, 0, 0, 0}, "2025-07-01T10:30:00Z", "2025-07-01T01:00:00-09:30"},
        {"America/New_York", {2025, 7, 1, 1, 0, 0, 0}, "2025-07-01T05:00:00Z", "2025-07-01T01:00:00-04:00"},
        {"Asia/Kolkata", {2025, 7, 1, 1, 0, 0, 0}, "2025-06-30T19:30:00Z", "2025-07-01T01:00:00+05:30"},
        {"Europe/Warsaw", {2060, 7, 1, 12, 0, 0, 0}, "2060-07-01T10:00:00Z", "2060-07-01T12:00:00+02:00"},
        {"Europe/Warsaw", {1900, 7, 1, 12, 0, 0, 0}, "1900-07-01T10:36:00Z", "1900-07-01T12:00:00+01:24"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct zone *zone = opened(rows[i].zone);
        int64_t ms;
        char text[TIME_TEXT_BYTES];
        assert_int_equal(zone_to_utc(zone, &rows[i].local, &ms), STATUS_OK);
        time_format(ms, text);
        assert_string_equal(text, rows[i].utc);
        zone_format(zone, ms, text);
        assert_string_equal(text, rows[i].shown);
        zone_close(zone);
    }
}

static void at_a_change_the_first_hour_counts_and_a_missing_one_goes_by_the_old_clock(void **state)
{
    static const struct {
        const char *zone;
        struct civil local;
        const char *utc;
    } rows[] = {
        /* Clocks go back at 01:00 UTC of 26 October 2025: 02:00 … 02:59 (Warsaw) occurs twice. */
        {"Europe/Warsaw", {2025, 10, 26, 1, 59, 59, 999}, "2025-10-25T23:59:59.999Z"},
        {"Europe/Warsaw", {2025, 10, 26, 2, 0, 0, 0}, "2025-10-26T00:00:00Z"},
        {"Europe/Warsaw", {2025, 10, 26, 2, 59, 59, 999}, "2025-10-26T00:59:59.999Z"},
        {"Europe/Warsaw", {2025, 10, 26, 3, 0, 0, 0}, "2025-10-26T02:00:00Z"},
        {"Europe/Bucharest", {2025, 10, 26, 3, 30, 0, 0}, "2025-10-26T00:30:00Z"},
        {"Europe/Bucharest", {2025, 10, 26, 4, 0, 0, 0}, "2025-10-26T02:00:00Z"},
        {"Europe/London", {2025, 10, 26, 1, 30, 0, 0}, "2025-10-26T00:30:00Z"},
        {"Europe/London", {2025, 10, 26, 2, 0, 0, 0}, "2025-10-26T02:00:00Z"},
        /* Clocks go forward at 01:00 UTC of 30 March 2025: 02:00 … 02:59 (Warsaw) does not occur. */
        {"Europe/Warsaw", {2025, 3, 30, 1, 59, 59, 999}, "2025-03-30T00:59:59.999Z"},
        {"Europe/Warsaw", {2025, 3, 30, 2, 0, 0, 0}, "2025-03-30T01:00:00Z"},
        {"Europe/Warsaw", {2025, 3, 30, 2, 30, 0, 0}, "2025-03-30T01:30:00Z"},
        {"Europe/Warsaw", {2025, 3, 30, 3, 0, 0, 0}, "2025-03-30T01:00:00Z"},
        {"Europe/Bucharest", {2025, 3, 30, 3, 30, 0, 0}, "2025-03-30T01:30:00Z"},
        {"Europe/London", {2025, 3, 30, 1, 30, 0, 0}, "2025-03-30T01:30:00Z"},
        /* West of Greenwich, and the day Samoa left out. */
        {"America/New_York", {2025, 11, 2, 1, 30, 0, 0}, "2025-11-02T05:30:00Z"},
        {"America/New_York", {2025, 3, 9, 2, 30, 0, 0}, "2025-03-09T07:30:00Z"},
        {"Pacific/Apia", {2011, 12, 29, 23, 59, 0, 0}, "2011-12-30T09:59:00Z"},
        {"Pacific/Apia", {2011, 12, 30, 12, 0, 0, 0}, "2011-12-30T22:00:00Z"},
        {"Pacific/Apia", {2011, 12, 31, 0, 0, 0, 0}, "2011-12-30T10:00:00Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct zone *zone = opened(rows[i].zone);
        int64_t ms;
        char text[TIME_TEXT_BYTES];
        assert_int_equal(zone_to_utc(zone, &rows[i].local, &ms), STATUS_OK);
        time_format(ms, text);
        assert_string_equal(text, rows[i].utc);
        zone_close(zone);
    }
}

static void every_hour_of_a_year_goes_there_and_back(void **state)
{
    struct zone *zone = opened("Europe/Warsaw");
    int64_t start;
    int repeated = 0;
    assert_int_equal(time_parse(SPAN("2025-01-01T00:00:00Z"), &start), STATUS_OK);
    for (int64_t ms = start; ms < start + INT64_C(365) * 86400000; ms += 1800000) {
        char text[TIME_TEXT_BYTES];
        int64_t instant, again;
        zone_format(zone, ms, text);
        assert_int_equal(time_parse(span_of(text), &instant), STATUS_OK);
        assert_int_equal(instant, ms);
        struct civil local;
        int64_t wall;
        text[19] = 'Z'; /* the local clock, read as if it were UTC's */
        assert_int_equal(time_parse((struct span){text, 20}, &wall), STATUS_OK);
        time_to_civil(wall, &local);
        assert_int_equal(zone_to_utc(zone, &local, &again), STATUS_OK);
        repeated += again != ms;
        assert_true(again == ms || again == ms - 3600000);
    }
    assert_int_equal(repeated, 2);
    zone_close(zone);
}

static void tables_show_minutes_or_days(void **state)
{
    struct zone *zone = opened("Europe/Warsaw");
    int64_t ms;
    char text[TIME_TEXT_BYTES];
    assert_int_equal(time_parse(SPAN("2025-09-09T22:30:59.9Z"), &ms), STATUS_OK);
    zone_format_short(zone, ms, ZONE_MINUTE, text);
    assert_string_equal(text, "2025-09-10 00:30");
    zone_format_short(zone, ms, ZONE_DAY, text);
    assert_string_equal(text, "2025-09-10");
    zone_close(zone);
}

static void unknown_zones_are_not_found(void **state)
{
    static const char *const names[] = {"",
                                        "Europe/Warszawa",
                                        "Europe",
                                        "Warsaw1",
                                        "M3.2.0",
                                        "../../../etc/passwd",
                                        "/etc/localtime",
                                        "2",
                                        "+2",
                                        "+99:00",
                                        "tzdata.zi",
                                        "Europe/Warsaw ",
                                        "leapseconds",
                                        "CET-1CEST"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct zone *zone = NULL;
        if (zone_open(names[i], &zone) != STATUS_NOT_FOUND)
            fail_msg("\"%s\" was found", names[i]);
        assert_null(zone);
    }
}

static void the_machines_own_zone_follows_its_setting(void **state)
{
    setenv("TZ", "Europe/Bucharest", 1);
    static const char *const names[] = {NULL, "local"};
    for (size_t i = 0; i < 2; i++) {
        struct zone *zone = opened(names[i]);
        char text[TIME_TEXT_BYTES];
        zone_format(zone, 0, text);
        assert_string_equal(text, "1970-01-01T02:00:00+02:00");
        zone_close(zone);
    }
}

static void what_is_no_date_and_years_beyond_text_do_no_harm(void **state)
{
    struct zone *zone = opened("Europe/Warsaw");
    const struct civil no_date = {2025, 2, 29, 0, 0, 0, 0};
    int64_t ms = -77;
    assert_int_equal(zone_to_utc(zone, &no_date, &ms), STATUS_INVALID);
    assert_int_equal(ms, -77);
    char text[TIME_TEXT_BYTES];
    zone_format(zone, INT64_MAX, text);
    assert_string_equal(text, "292278994-08-17T07:12:55.807Z");
    zone_format(zone, INT64_MIN, text);
    assert_string_equal(text, "-292275055-05-16T16:47:04.192Z");
    zone_format_short(zone, INT64_MIN, ZONE_DAY, text);
    assert_string_equal(text, "-292275055-05-16");
    zone_close(zone);
    zone_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_local_times_are_put_into_utc),
        cmocka_unit_test(at_a_change_the_first_hour_counts_and_a_missing_one_goes_by_the_old_clock),
        cmocka_unit_test(every_hour_of_a_year_goes_there_and_back),
        cmocka_unit_test(tables_show_minutes_or_days),
        cmocka_unit_test(unknown_zones_are_not_found),
        cmocka_unit_test(the_machines_own_zone_follows_its_setting),
        cmocka_unit_test(what_is_no_date_and_years_beyond_text_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
