#include "base/time_text.h"

#include "tests/unit/base/unit.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t parsed(const char *text)
{
    int64_t ms = -77;
    if (time_parse(span_of(text), &ms) != STATUS_OK)
        fail_msg("\"%s\" was refused", text);
    return ms;
}

static void assert_refused(const char *text)
{
    int64_t ms = -77;
    if (time_parse(span_of(text), &ms) != STATUS_INVALID)
        fail_msg("\"%s\" was taken", text);
    assert_int_equal(ms, -77);
}

static void known_instants_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2025-09-09T21:30:00Z", 1757453400000},
        {"2025-09-09t21:30:00z", 1757453400000},
        {"2025-09-09T23:30:00+02:00", 1757453400000},
        {"2025-09-09 21:30Z", 1757453400000},
        {"2025-09-09T16:00:00-05:30", 1757453400000},
        {"2000-02-29T12:00:00Z", 951825600000},
        {"1900-03-01T00:00:00Z", -2203891200000},
        {"0001-01-01T00:00:00Z", -62135596800000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"0001-01-01T02:00:00+02:00", -62135596800000},
        {"0000-12-31T23:00:00-01:00", -62135596800000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2016-12-31T23:59:60.250Z", 1483228800250},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-02T00:00:00+23:59", 60000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(parsed(rows[i].text), rows[i].ms);
}

static void digits_finer_than_milliseconds_are_cut_off_before_1970_too(void **state)
{
    assert_int_equal(parsed("1970-01-01T00:00:00.5Z"), 500);
    assert_int_equal(parsed("1970-01-01T00:00:00.0019999Z"), 1);
    assert_int_equal(parsed("1970-01-01T00:00:00.9999999999999999999Z"), 999);
    assert_int_equal(parsed("1969-12-31T23:59:59.9999Z"), -1);
    assert_int_equal(parsed("1969-12-31T23:59:59.0009Z"), -1000);
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "2025",
        "2025-09-09",
        "2025-09-09T21:30:00",
        "2025-09-09T21Z",
        "2025-09-09T21:30:00ZZ",
        "2025-09-09T21:30:00Z ",
        " 2025-09-09T21:30:00Z",
        "2025-9-09T21:30:00Z",
        "2025-09-09X21:30:00Z",
        "2025-09-09T21:30:00.Z",
        "2025-09-09T21:30:00,5Z",
        "2025-09-09T21:30.5Z",
        "2025-09-09T21:30:00+02",
        "2025-09-09T21:30:00+0200",
        "2025-09-09T21:30:00+24:00",
        "2025-09-09T21:30:00+02:60",
        "2025-09-09T24:00:00Z",
        "2025-09-09T21:60:00Z",
        "2025-09-09T21:30:61Z",
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-01-00T00:00:00Z",
        "2025-01-32T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "-2025-01-01T00:00:00Z",
        "+025-01-01T00:00:00Z",
        "12025-01-01T00:00:00Z",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "２025-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_refused(texts[i]);
    int64_t ms;
    assert_int_equal(time_parse((struct span){"2025-09-09T21:30:00Z\0", 21}, &ms), STATUS_INVALID);
    assert_int_equal(time_parse((struct span){NULL, 0}, &ms), STATUS_INVALID);
}

static void every_cut_of_a_time_is_refused(void **state)
{
    const char *text = "2025-09-09T21:30:00.5+02:00";
    for (size_t size = 0; size < 27; size++) {
        char *cut = malloc(size + 1); /* so that a read beyond the end is seen */
        int64_t ms;
        memcpy(cut, text, size);
        assert_int_equal(time_parse((struct span){cut, size}, &ms), STATUS_INVALID);
        free(cut);
    }
}

static void every_day_of_every_year_goes_there_and_back(void **state)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t expected = INT64_C(-62135596800000);
    for (int32_t year = 1; year <= 9999; year++) {
        int leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        for (int32_t month = 1; month <= 12; month++) {
            int32_t days = month_days[month - 1] + (month == 2 && leap);
            for (int32_t day = 1; day <= days + 1; day++) {
                struct civil back, civil = {year, month, day, 0, 0, 0, 0};
                int64_t ms = -77;
                enum status status = time_from_civil(&civil, &ms);
                if (day > days) {
                    assert_int_equal(status, STATUS_INVALID);
                    continue;
                }
                assert_int_equal(status, STATUS_OK);
                if (ms != expected)
                    fail_msg("%d-%d-%d", year, month, day);
                time_to_civil(ms + 86399999, &back);
                if (back.year != year || back.month != month || back.day != day || back.hour != 23 ||
                    back.minute != 59 || back.second != 59 || back.millisecond != 999)
                    fail_msg("%d-%d-%d came back otherwise", year, month, day);
                expected += 86400000;
            }
        }
    }
    assert_int_equal(expected, INT64_C(253402300800000));
}

static void civil_times_out_of_bounds_are_refused(void **state)
{
    static const struct civil rows[] = {
        {0, 1, 1, 0, 0, 0, 0},
        {10000, 1, 1, 0, 0, 0, 0},
        {2025, 1, 1, 24, 0, 0, 0},
        {2025, 1, 1, 0, 60, 0, 0},
        {2025, 1, 1, 0, 0, 60, 0},
        {2025, 1, 1, 0, 0, 0, 1000},
        {2025, 1, 1, -1, 0, 0, 0},
        {2025, 0, 1, 0, 0, 0, 0},
        {2025, INT32_MAX, 1, 0, 0, 0, 0},
        {2025, INT32_MIN, 1, 0, 0, 0, 0},
        {INT32_MIN, 1, 1, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -77;
        assert_int_equal(time_from_civil(&rows[i], &ms), STATUS_INVALID);
        assert_int_equal(ms, -77);
    }
}

static void times_are_written_shortly_and_read_back(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1757453400120, "2025-09-09T21:30:00.120Z"},
        {INT64_C(-62135596800000), "0001-01-01T00:00:00Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "292278994-08-17T07:12:55.807Z"},
        {INT64_MIN, "-292275055-05-16T16:47:04.192Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[TIME_TEXT_BYTES];
        time_format(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
        if (i < 6)
            assert_int_equal(parsed(text), rows[i].ms);
    }
}

static void durations_are_a_whole_number_and_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"14d", 1209600000}, {"6h", 21600000}, {"30s", 30000}, {"250ms", 250},
        {"2w", 1209600000},  {"90m", 5400000}, {"0s", 0},      {"007s", 7000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -77;
        assert_int_equal(duration_parse(span_of(rows[i].text), &ms), STATUS_OK);
        assert_int_equal(ms, rows[i].ms);
    }
    static const char *const wrong[] = {"",
                                        "14",
                                        "d",
                                        "14 d",
                                        "-1d",
                                        "+1d",
                                        "1.5h",
                                        "1d2h",
                                        "1D",
                                        "1y",
                                        "1mo",
                                        " 14d",
                                        "14d ",
                                        "1e3s",
                                        "0x1s",
                                        "99999999999999999999d",
                                        "15250284453w",
                                        "9223372036854775808ms"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t ms = -77;
        if (duration_parse(span_of(wrong[i]), &ms) != STATUS_INVALID)
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_int_equal(ms, -77);
    }
}

static void durations_are_written_in_their_largest_whole_unit(void **state)
{
    static const struct {
        int64_t ms;
        const char *exact, *words;
    } rows[] = {
        {0, "0s", "0 seconds"},
        {1, "1ms", "1 millisecond"},
        {250, "250ms", "250 milliseconds"},
        {1500, "1500ms", "1.5 seconds"},
        {45 * 60000, "45m", "45 minutes"},
        {3599000, "3599s", "1 hour"},
        {21600000, "6h", "6 hours"},
        {36 * 3600000, "36h", "1.5 days"},
        {86399999, "86399999ms", "1 day"},
        {82800000, "23h", "23 hours"},
        {86400000, "1d", "1 day"},
        {14 * INT64_C(86400000), "14d", "14 days"},
        {INT64_C(786240000), "13104m", "9.1 days"},
        {-36 * INT64_C(3600000), "-36h", "-1.5 days"},
        {INT64_MAX, "9223372036854775807ms", "106751991167.3 days"},
        {INT64_MIN, "-9223372036854775808ms", "-106751991167.3 days"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[DURATION_TEXT_BYTES];
        duration_format(rows[i].ms, text);
        assert_string_equal(text, rows[i].exact);
        duration_words(rows[i].ms, text);
        assert_string_equal(text, rows[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_instants_are_read),
        cmocka_unit_test(digits_finer_than_milliseconds_are_cut_off_before_1970_too),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(every_cut_of_a_time_is_refused),
        cmocka_unit_test(every_day_of_every_year_goes_there_and_back),
        cmocka_unit_test(civil_times_out_of_bounds_are_refused),
        cmocka_unit_test(times_are_written_shortly_and_read_back),
        cmocka_unit_test(durations_are_a_whole_number_and_a_unit),
        cmocka_unit_test(durations_are_written_in_their_largest_whole_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
