/* Time words: each is read to the interval it means, or refused with a reason. */
#include "agents/mapping_time.h"

#include "tests/unit/agents/unit.h"

static void check(const char *text, enum time_word word, const char *zone_name, const char *start, const char *end,
                  enum precision precision)
{
    struct zone *zone;
    struct local_time time;
    char reason[REASON_BYTES] = "", got_start[TIME_TEXT_BYTES], got_end[TIME_TEXT_BYTES];
    assert_int_equal(zone_open(zone_name, &zone), STATUS_OK);
    enum status status = local_time_read(span_of(text), word, &day_parts_default, zone, &time, reason);
    if (status != STATUS_OK)
        fail_msg("%s: %s", text, reason);
    time_format(time.start_ms, got_start);
    time_format(time.end_ms, got_end);
    if (strcmp(got_start, start) != 0 || strcmp(got_end, end) != 0)
        fail_msg("%s: %s … %s, expected %s … %s", text, got_start, got_end, start, end);
    assert_int_equal(time.precision, precision);
    zone_close(zone);
}

static void refused(const char *text, enum time_word word, const char *because)
{
    struct zone *zone;
    struct local_time time = {.start_ms = 42};
    char reason[REASON_BYTES] = "";
    assert_int_equal(zone_open("Europe/Warsaw", &zone), STATUS_OK);
    assert_int_equal(local_time_read(span_of(text), word, &day_parts_default, zone, &time, reason), STATUS_INVALID);
    if (strstr(reason, because) == NULL)
        fail_msg("%s: \"%s\", expected \"%s\"", text, reason, because);
    assert_int_equal(time.start_ms, 42);
    zone_close(zone);
}

static void a_day_lasts_from_local_midnight_to_the_last_millisecond(void **state)
{
    check("2024-07-20", TIME_WORD_DAY, "Europe/Berlin", "2024-07-19T22:00:00Z", "2024-07-20T21:59:59.999Z",
          PRECISION_DAY);
    check("2025-02-21 (reported)", TIME_WORD_DAY, "Europe/Helsinki", "2025-02-20T22:00:00Z", "2025-02-21T21:59:59.999Z",
          PRECISION_DAY);
    check("2025-09-19 (statement 18:54)", TIME_WORD_DAY, "Europe/Warsaw", "2025-09-18T22:00:00Z",
          "2025-09-19T21:59:59.999Z", PRECISION_DAY);
    check("2020-01-01 00:00:00.000", TIME_WORD_DAY, "UTC", "2020-01-01T00:00:00Z", "2020-01-01T23:59:59.999Z",
          PRECISION_DAY);
}

static void two_days_are_both_and_those_between(void **state)
{
    check("2023-10-07/08", TIME_WORD_DAY, "Europe/Stockholm", "2023-10-06T22:00:00Z", "2023-10-08T21:59:59.999Z",
          PRECISION_DAY);
    check("2025-09-12..16", TIME_WORD_DAY, "Europe/Minsk", "2025-09-11T21:00:00Z", "2025-09-16T20:59:59.999Z",
          PRECISION_DAY);
    check("2024-12-31/01", TIME_WORD_DAY, "UTC", "2024-12-31T00:00:00Z", "2025-01-01T23:59:59.999Z", PRECISION_DAY);
    check("2024-01-31/02", TIME_WORD_DAY, "UTC", "2024-01-31T00:00:00Z", "2024-02-02T23:59:59.999Z", PRECISION_DAY);
    check("09–10 Sep 2025", TIME_WORD_DAY, "UTC", "2025-09-09T00:00:00Z", "2025-09-10T23:59:59.999Z", PRECISION_DAY);
    check("2024-03-01 to 2024-03-03", TIME_WORD_DAY, "UTC", "2024-03-01T00:00:00Z", "2024-03-03T23:59:59.999Z",
          PRECISION_DAY);
}

static void a_day_of_changing_clocks_is_shorter_or_longer(void **state)
{
    check("2025-03-30", TIME_WORD_DAY, "Europe/Warsaw", "2025-03-29T23:00:00Z", "2025-03-30T21:59:59.999Z",
          PRECISION_DAY);
    check("2025-10-26", TIME_WORD_DAY, "Europe/Warsaw", "2025-10-25T22:00:00Z", "2025-10-26T22:59:59.999Z",
          PRECISION_DAY);
    check("2025-10-25 night", TIME_WORD_NIGHT, "Europe/Warsaw", "2025-10-25T20:00:00Z", "2025-10-26T04:59:59.999Z",
          PRECISION_HOUR);
    /* The hour that does not exist counts as if the clock had not yet been put forward; of the one that comes twice,
     * the first. */
    check("2025-03-30 02:30", TIME_WORD_MINUTE, "Europe/Warsaw", "2025-03-30T01:30:00Z", "2025-03-30T01:30:00Z",
          PRECISION_MINUTE);
    check("2025-10-26 02:30", TIME_WORD_MINUTE, "Europe/Warsaw", "2025-10-26T00:30:00Z", "2025-10-26T00:30:00Z",
          PRECISION_MINUTE);
}

static void a_night_begins_on_its_date_or_lies_between_two(void **state)
{
    check("2025-09-19 late Friday night", TIME_WORD_NIGHT, "Europe/London", "2025-09-19T21:00:00Z",
          "2025-09-20T04:59:59.999Z", PRECISION_HOUR);
    check("2024-09-07/08 night", TIME_WORD_NIGHT, "Europe/Bucharest", "2024-09-07T19:00:00Z",
          "2024-09-08T02:59:59.999Z", PRECISION_HOUR);
    check("2023-09-04 night 3-4 Sep", TIME_WORD_NIGHT, "Europe/Bucharest", "2023-09-03T19:00:00Z",
          "2023-09-04T02:59:59.999Z", PRECISION_HOUR);
    check("2024-08-31 night 31-1 August", TIME_WORD_NIGHT, "UTC", "2024-08-31T22:00:00Z", "2024-09-01T05:59:59.999Z",
          PRECISION_HOUR);
    refused("2024-09-07/09 night", TIME_WORD_NIGHT, "a night over more than two days");
    refused("2023-09-04 night 3-7 Sep", TIME_WORD_NIGHT, "a night over more than two days");
}

static void half_a_day_is_the_half_that_the_text_names(void **state)
{
    check("2025-08-31 afternoon", TIME_WORD_HALF_DAY, "Europe/Sofia", "2025-08-31T09:00:00Z",
          "2025-08-31T14:59:59.999Z", PRECISION_HOUR);
    check("2025-08-31, early Morning", TIME_WORD_HALF_DAY, "UTC", "2025-08-31T06:00:00Z", "2025-08-31T11:59:59.999Z",
          PRECISION_HOUR);
    check("2025-08-31 evening", TIME_WORD_HALF_DAY, "UTC", "2025-08-31T18:00:00Z", "2025-08-31T23:59:59.999Z",
          PRECISION_HOUR);
    refused("2025-08-31", TIME_WORD_HALF_DAY, "neither morning, afternoon nor evening");
}

static void a_clock_is_an_instant_and_two_are_an_interval(void **state)
{
    check("2024-09-07 ~08:30 (estimate)", TIME_WORD_HOUR, "Europe/Riga", "2024-09-07T05:30:00Z", "2024-09-07T05:30:00Z",
          PRECISION_HOUR);
    check("2025-07-10 ~11:30", TIME_WORD_TEN_MINUTES, "Europe/Vilnius", "2025-07-10T08:30:00Z", "2025-07-10T08:30:00Z",
          PRECISION_MINUTE);
    check("2025-09-22 20:26-00:30", TIME_WORD_MINUTE, "Europe/Copenhagen", "2025-09-22T18:26:00Z",
          "2025-09-22T22:30:00Z", PRECISION_MINUTE);
    check("2025-09-09 ~23:30 to 2025-09-10 ~06:45", TIME_WORD_MINUTE, "Europe/Warsaw", "2025-09-09T21:30:00Z",
          "2025-09-10T04:45:00Z", PRECISION_MINUTE);
    check("2025-09-10T12:00:05.250", TIME_WORD_SECOND, "UTC", "2025-09-10T12:00:05.250Z", "2025-09-10T12:00:05.250Z",
          PRECISION_SECOND);
    refused("2025-09-10", TIME_WORD_MINUTE, "no time of day");
    refused("2025-09-10/11 12:00", TIME_WORD_MINUTE, "two dates but one time of day");
    refused("2025-09-10 12:00Z", TIME_WORD_MINUTE, "an offset");
    refused("2025-09-10 12:00+02:00", TIME_WORD_MINUTE, "an offset");
    refused("2025-09-10T22:58:00-05:00", TIME_WORD_MINUTE, "an offset");
    check("2025-09-10T22:58", TIME_WORD_MINUTE, "UTC", "2025-09-10T22:58:00Z", "2025-09-10T22:58:00Z",
          PRECISION_MINUTE);
    check("2025-09-10 22:58-05:00", TIME_WORD_MINUTE, "UTC", "2025-09-10T22:58:00Z", "2025-09-11T05:00:00Z",
          PRECISION_MINUTE); /* behind a blank it joins two clock times */
    refused("first 2025-08-20 02:00/02:22; corrected 2025-08-19 22:58", TIME_WORD_MINUTE,
            "a second date before the first");
    refused("2025-08-20 02:00, 02:22, 02:30", TIME_WORD_MINUTE, "more than two clock times");
    refused("2025-08-20 25:10", TIME_WORD_MINUTE, "does not exist");
}

static void weeks_begin_on_monday_and_months_on_the_first(void **state)
{
    check("2025-09-10", TIME_WORD_WEEK, "UTC", "2025-09-08T00:00:00Z", "2025-09-14T23:59:59.999Z", PRECISION_WEEK);
    check("2025-09-14", TIME_WORD_WEEK, "UTC", "2025-09-08T00:00:00Z", "2025-09-14T23:59:59.999Z", PRECISION_WEEK);
    check("1969-12-31", TIME_WORD_WEEK, "UTC", "1969-12-29T00:00:00Z", "1970-01-04T23:59:59.999Z", PRECISION_WEEK);
    check("2025-09-14/15", TIME_WORD_WEEK, "UTC", "2025-09-08T00:00:00Z", "2025-09-21T23:59:59.999Z", PRECISION_WEEK);
    check("2024-02-10", TIME_WORD_MONTH, "UTC", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999Z", PRECISION_MONTH);
    check("2024-12-31", TIME_WORD_MONTH, "Europe/Warsaw", "2024-11-30T23:00:00Z", "2024-12-31T22:59:59.999Z",
          PRECISION_MONTH);
}

static void auto_reads_what_the_text_says(void **state)
{
    check("2025-09-10 12:00", TIME_WORD_AUTO, "UTC", "2025-09-10T12:00:00Z", "2025-09-10T12:00:00Z", PRECISION_MINUTE);
    check("2025-09-10 night", TIME_WORD_AUTO, "UTC", "2025-09-10T22:00:00Z", "2025-09-11T05:59:59.999Z",
          PRECISION_HOUR);
    check("2025-09-10", TIME_WORD_AUTO, "UTC", "2025-09-10T00:00:00Z", "2025-09-10T23:59:59.999Z", PRECISION_DAY);
}

static void dates_are_read_in_several_spellings(void **state)
{
    static const char *const spellings[] = {"2025-09-03",
                                            "2025/09/03",
                                            "3 Sep 2025",
                                            "03 Sept 2025",
                                            "3 September 2025",
                                            "03.09.2025",
                                            "Wednesday 3 september 2025",
                                            "03  Sep 2025, sightings of 12 objects"};
    for (size_t i = 0; i < COUNT(spellings); i++)
        check(spellings[i], TIME_WORD_DAY, "UTC", "2025-09-03T00:00:00Z", "2025-09-03T23:59:59.999Z", PRECISION_DAY);
}

static void what_is_no_date_is_refused(void **state)
{
    static const struct {
        const char *text, *because;
    } cases[] = {{"", "no date"},
                 {"some time", "no date"},
                 {"2025", "no date"},
                 {"2025-09", "no date"},
                 {"(2025-09-10)", "no date"},
                 {"2025-02-30", "does not exist"},
                 {"2025-13-01", "does not exist"},
                 {"0000-01-01", "does not exist"},
                 {"31.04.2025", "does not exist"},
                 {"2025-09-10 2025-09-11 2025-09-12", "more than two dates"},
                 {"2025-09-10 \xff\xfe\x1b[31m", "no"}};
    for (size_t i = 0; i + 1 < COUNT(cases); i++)
        refused(cases[i].text, TIME_WORD_DAY, cases[i].because);
    refused(cases[COUNT(cases) - 1].text, TIME_WORD_MINUTE, "\\x1b[31m"); /* shown so that a terminal is safe */
}

static void parts_of_the_day_are_two_clock_times(void **state)
{
    struct day_part part = {0};
    assert_int_equal(day_part_parse(SPAN("21:30-05:00"), &part), STATUS_OK);
    assert_int_equal(part.from, 21 * 60 + 30);
    assert_int_equal(part.to, 5 * 60);
    assert_int_equal(day_part_parse(SPAN("18:00-24:00"), &part), STATUS_OK);
    static const char *const wrong[] = {
        "", "22:00", "22:00-22:00", "24:00-06:00", "22:60-06:00", "25:00-06:00", "22-06:000000", "22:00/06:00"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(day_part_parse(span_of(wrong[i]), &part), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_lasts_from_local_midnight_to_the_last_millisecond),
        cmocka_unit_test(two_days_are_both_and_those_between),
        cmocka_unit_test(a_day_of_changing_clocks_is_shorter_or_longer),
        cmocka_unit_test(a_night_begins_on_its_date_or_lies_between_two),
        cmocka_unit_test(half_a_day_is_the_half_that_the_text_names),
        cmocka_unit_test(a_clock_is_an_instant_and_two_are_an_interval),
        cmocka_unit_test(weeks_begin_on_monday_and_months_on_the_first),
        cmocka_unit_test(auto_reads_what_the_text_says),
        cmocka_unit_test(dates_are_read_in_several_spellings),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(parts_of_the_day_are_two_clock_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
