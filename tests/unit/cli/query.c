#include "cli/query.h"

#include "tests/unit/cli/unit.h"

static struct zone *warsaw(void)
{
    struct zone *zone;
    assert_int_equal(zone_open("Europe/Warsaw", &zone), STATUS_OK);
    return zone;
}

static void a_date_is_a_whole_day_of_the_zone(void **state)
{
    (void)state;
    struct zone *zone = warsaw();
    int64_t from_ms = 0, to_ms = 0;
    assert_int_equal(query_time_parse(zone, "2025-09-10", TIME_FROM, &from_ms), STATUS_OK);
    assert_int_equal(query_time_parse(zone, "2025-09-10", TIME_TO, &to_ms), STATUS_OK);
    assert_int_equal(from_ms, ms_of("2025-09-09T22:00:00Z"));
    assert_int_equal(to_ms, ms_of("2025-09-10T21:59:59.999Z"));
    zone_close(zone);
}

static void the_day_the_clocks_go_back_has_25_hours(void **state)
{
    (void)state;
    struct zone *zone = warsaw();
    int64_t from_ms = 0, to_ms = 0;
    assert_int_equal(query_time_parse(zone, "2025-10-26", TIME_FROM, &from_ms), STATUS_OK);
    assert_int_equal(query_time_parse(zone, "2025-10-26", TIME_TO, &to_ms), STATUS_OK);
    assert_int_equal(to_ms + 1 - from_ms, 25 * 3600000);
    zone_close(zone);
}

static void a_time_with_an_offset_is_itself(void **state)
{
    (void)state;
    struct zone *zone = warsaw();
    int64_t ms = 0;
    assert_int_equal(query_time_parse(zone, "2025-09-10T04:45:00+02:00", TIME_TO, &ms), STATUS_OK);
    assert_int_equal(ms, ms_of("2025-09-10T02:45:00Z"));
    zone_close(zone);
}

static void what_is_no_date_is_refused(void **state)
{
    (void)state;
    struct zone *zone = warsaw();
    static const char *const wrong[] = {"",           "soon",        "2025-9-1",   "2025-02-30", "2025-13-01",
                                        "2025-09-1x", "2025-09-10 ", "2025-09-1+", "20250910",   "2025-09-10T10:00"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t ms = 7;
        if (query_time_parse(zone, wrong[i], TIME_FROM, &ms) != STATUS_INVALID)
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_int_equal(ms, 7);
    }
    zone_close(zone);
}

static void a_box_is_four_numbers_in_their_ranges(void **state)
{
    (void)state;
    struct store_filter filter = {0};
    assert_int_equal(query_bbox_parse("170,-50.5,-170,10", &filter), STATUS_OK);
    assert_true(filter.has_bbox && filter.west > 169 && filter.east < -169 && filter.south < -50 && filter.north > 9);
    static const char *const wrong[] = {"",        "1,2",        "1,2,3",     "1,2,3,4,5",  "a,b,c,d",  "1,2,3,4 ",
                                        "1,5,3,4", "-181,0,0,1", "0,-91,1,1", "0,0,1,1e99", "0,0,nan,1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (query_bbox_parse(wrong[i], &filter) != STATUS_INVALID)
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

static void words_become_a_filter(void **state)
{
    (void)state;
    struct query query;
    char reason[256] = "";
    const struct query_words words = {
        .store = "s.gpkg", .rule = "wave", .country = "ee", .since = "2025-09-10", .tz = "UTC", .history = true};
    assert_int_equal(query_open(&query, &words, reason), STATUS_OK);
    assert_true(query.filter.with_candidates && query.filter.with_withdrawn);
    assert_int_equal(query.filter.country, COUNTRY_CODE('E', 'E'));
    assert_int_equal(query.filter.since_ms, ms_of("2025-09-10T00:00:00Z"));
    assert_true(query.filter.until_ms > ms_of("9999-01-01T00:00:00Z"));
    assert_ptr_equal(query.output, &output_table);
    query_close(&query);
}

static void no_time_asked_is_all_time(void **state)
{
    (void)state;
    struct query query;
    char reason[256] = "";
    const struct query_words words = {.store = "s.gpkg", .tz = "UTC"};
    assert_int_equal(query_open(&query, &words, reason), STATUS_OK);
    assert_true(query.filter.since_ms == 0 && query.filter.until_ms == 0 && query.filter.country == 0);
    query_close(&query);
}

static void wrong_words_are_named(void **state)
{
    (void)state;
    static const struct {
        struct query_words words;
        const char *says;
    } wrong[] = {
        {{.country = "Poland"}, "--country Poland"},
        {{.country = "P"}, "--country P"},
        {{.since = "soon"}, "--since soon"},
        {{.until = "2025"}, "--until 2025"},
        {{.since = "2025-09-11", .until = "2025-09-10"}, "is after"},
        {{.bbox = "1,2"}, "--bbox 1,2"},
        {{.tz = "Middle/Earth"}, "--tz Middle/Earth"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct query query;
        char reason[256] = "";
        assert_int_equal(query_open(&query, &wrong[i].words, reason), STATUS_INVALID);
        assert_says(reason, wrong[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_date_is_a_whole_day_of_the_zone),
        TEST(the_day_the_clocks_go_back_has_25_hours),
        TEST(a_time_with_an_offset_is_itself),
        TEST(what_is_no_date_is_refused),
        TEST(a_box_is_four_numbers_in_their_ranges),
        TEST(words_become_a_filter),
        TEST(no_time_asked_is_all_time),
        TEST(wrong_words_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
