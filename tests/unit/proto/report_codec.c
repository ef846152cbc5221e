#include "tests/unit/proto/unit.h"

static struct arena arena;

static void round_trip(const char *line)
{
    struct report report = report_of(&arena, line);
    struct text bytes = {0};
    assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
    char reason[REASON_BYTES] = "";
    struct report again;
    enum status status = report_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason);
    if (status != STATUS_OK)
        fail_msg("%s", reason);
    memset(bytes.data, 0xee, bytes.size); /* the report borrows nothing from the bytes */
    assert_same_report(&report, &again);
    text_fini(&bytes);
}

static void what_is_packed_unpacks_the_same(void **state)
{
    round_trip(EXAMPLE_LINE);
    round_trip("{\"source\":\"s\",\"source_id\":\"1\",\"category\":\"nat.hazard\",\"role\":\"trigger\","
               "\"occurred\":{\"start\":\"1969-12-31T23:59:59.999Z\"},\"place\":{\"lat\":0,\"lon\":0},\"countries\":[],"
               "\"confidence\":0,\"licence\":\"no-redistribute\",\"reported_at\":\"1970-01-01T00:00:00Z\"}");
    round_trip("{\"source\":\"s\",\"source_id\":\"1\",\"revision\":3,\"status\":\"retracted\"}");
}

static void packed_reports_lie_end_to_end(void **state)
{
    struct report report = example_report(&arena);
    struct text bytes = {0};
    assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
    size_t size = bytes.size;
    assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
    assert_int_equal(bytes.size, 2 * size);
    assert_memory_equal(bytes.data, bytes.data + size, size);
    text_fini(&bytes);
}

static void the_largest_report_fits(void **state)
{
    static char many[LIMIT_URL_BYTES];
    static struct attribute attributes[LIMIT_ATTRIBUTES];
    static struct country countries[LIMIT_COUNTRIES];
    static char keys[LIMIT_ATTRIBUTES][LIMIT_ATTRIBUTE_KEY];
    memset(many, 'x', sizeof many);
    memset(keys, 'k', sizeof keys);
    struct report report = example_report(&arena);
    report.source_id = (struct span){many, LIMIT_SOURCE_ID_BYTES};
    report.headline = (struct span){many, LIMIT_HEADLINE_BYTES};
    report.url = (struct span){many, LIMIT_URL_BYTES};
    report.publisher = report.place.name = (struct span){many, LIMIT_NAME_BYTES};
    for (size_t i = 0; i < LIMIT_ATTRIBUTES; i++) {
        keys[i][0] = (char)('!' + i);
        attributes[i] = (struct attribute){{keys[i], LIMIT_ATTRIBUTE_KEY}, {many, LIMIT_ATTRIBUTE_VALUE}};
    }
    for (size_t i = 0; i < LIMIT_COUNTRIES; i++)
        countries[i] = (struct country){COUNTRY_CODE('A' + (int)i / 4, 'B'), (enum country_role)(i % 4)};
    report.attributes = attributes;
    report.attribute_count = LIMIT_ATTRIBUTES;
    report.countries = countries;
    report.country_count = LIMIT_COUNTRIES;
    char reason[REASON_BYTES] = "";
    assert_int_equal(report_validate(&report, reason), STATUS_OK);
    struct text bytes = {0};
    assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
    struct report again;
    if (report_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason) != STATUS_OK)
        fail_msg("%s", reason);
    assert_same_report(&report, &again);
    text_fini(&bytes);
}

/* Entries of the least size cost the most memory for their bytes; an honest report of them must still be read. */
static void the_budget_allows_the_densest_honest_report(void **state)
{
    static struct attribute attributes[LIMIT_ATTRIBUTES];
    static struct country countries[LIMIT_COUNTRIES];
    static char keys[LIMIT_ATTRIBUTES];
    for (size_t i = 0; i < LIMIT_ATTRIBUTES; i++) {
        keys[i] = (char)('!' + i);
        attributes[i].key = (struct span){&keys[i], 1};
        countries[i] = (struct country){COUNTRY_CODE('A' + (int)i / 4, 'B'), (enum country_role)(i % 4)};
    }
    struct report report =
        report_of(&arena, "{\"source\":\"s\",\"source_id\":\"1\",\"revision\":1,\"status\":\"retracted\"}");
    report.attributes = attributes;
    report.attribute_count = LIMIT_ATTRIBUTES;
    report.has_countries = true;
    report.countries = countries;
    report.country_count = LIMIT_COUNTRIES;
    struct text bytes = {0};
    assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
    struct report again;
    char reason[REASON_BYTES] = "";
    if (report_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason) != STATUS_OK)
        fail_msg("%s", reason);
    assert_same_report(&report, &again);
    text_fini(&bytes);
}

static void every_truncation_is_refused_or_a_report_of_less(void **state)
{
    struct report report = example_report(&arena);
    struct text bytes = {0};
    assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
    for (size_t size = 0; size < bytes.size; size++) {
        char reason[REASON_BYTES] = "";
        struct report again;
        enum status status = report_unpack((struct span){bytes.data, size}, &arena, &again, reason);
        assert_true(status == STATUS_OK || (status == STATUS_INVALID && reason[0] != '\0'));
        if (status == STATUS_OK)
            assert_int_not_equal(report_order(&report, &again), 0);
    }
    text_fini(&bytes);
}

static void an_oversized_report_is_not_even_looked_at(void **state)
{
    static char large[LIMIT_REPORT_BYTES + 1];
    char reason[REASON_BYTES] = "";
    struct report report;
    assert_int_equal(report_unpack((struct span){large, sizeof large}, &arena, &report, reason), STATUS_INVALID);
    assert_says(reason, "report: 65537 bytes, expected at most 65536");
}

static void memory_taken_follows_from_the_size(void **state)
{
    static char hostile[LIMIT_REPORT_BYTES];
    for (size_t i = 0; i + 1 < sizeof hostile; i += 2)
        memcpy(hostile + i, "\x52\x00", 2); /* an empty country, 32,768 times */
    struct arena own;
    arena_init(&own, (size_t)1 << 30);
    char reason[REASON_BYTES] = "";
    struct report report;
    assert_int_equal(report_unpack((struct span){hostile, sizeof hostile}, &own, &report, reason), STATUS_INVALID);
    assert_true(own.taken <= 64 * sizeof hostile);
    for (size_t i = 0; i + 1 < sizeof hostile; i += 2)
        memcpy(hostile + i, "\x3a\x00", 2); /* an empty occurred, 32,768 times: merged, each with the last */
    assert_int_equal(report_unpack((struct span){hostile, sizeof hostile}, &own, &report, reason), STATUS_INVALID);
    assert_true(own.taken <= 128 * sizeof hostile);
    arena_fini(&own);
}

static void the_arenas_limit_is_not_the_reports_fault(void **state)
{
    struct report report = example_report(&arena);
    struct text bytes = {0};
    assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
    struct arena small;
    arena_init(&small, 128);
    char reason[REASON_BYTES] = "";
    assert_int_equal(report_unpack((struct span){bytes.data, bytes.size}, &small, &report, reason), STATUS_NO_MEMORY);
    assert_says(reason, "no memory");
    arena_fini(&small);
    text_fini(&bytes);
}

static void a_steady_state_takes_no_more_memory(void **state)
{
    struct report report = example_report(&arena);
    struct text bytes = {0};
    assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
    struct arena own;
    arena_init(&own, 1 << 20);
    size_t taken = 0;
    size_t room = bytes.room;
    for (int i = 0; i < 1000; i++) {
        char reason[REASON_BYTES] = "";
        arena_reset(&own);
        assert_int_equal(report_unpack((struct span){bytes.data, bytes.size}, &own, &report, reason), STATUS_OK);
        text_clear(&bytes);
        assert_int_equal(report_pack(&report, &bytes), STATUS_OK);
        if (i == 0)
            taken = own.taken;
        assert_int_equal(own.taken, taken);
        assert_int_equal(bytes.room, room);
    }
    arena_fini(&own);
    text_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_unpacks_the_same),
        cmocka_unit_test(packed_reports_lie_end_to_end),
        cmocka_unit_test(the_largest_report_fits),
        cmocka_unit_test(the_budget_allows_the_densest_honest_report),
        cmocka_unit_test(every_truncation_is_refused_or_a_report_of_less),
        cmocka_unit_test(an_oversized_report_is_not_even_looked_at),
        cmocka_unit_test(memory_taken_follows_from_the_size),
        cmocka_unit_test(the_arenas_limit_is_not_the_reports_fault),
        cmocka_unit_test(a_steady_state_takes_no_more_memory),
    };
    arena_init(&arena, 1 << 24);
    int failed = cmocka_run_group_tests_name("report_codec", tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
