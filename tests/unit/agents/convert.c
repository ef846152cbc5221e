/* The ready mappings on files of their formats: every row becomes the report it should, or is refused by file and line.
 */
#include "agents/convert.h"

#include "tests/unit/agents/unit.h"

struct conversion {
    char *out, *refusals;
    size_t out_size, refusals_size;
    struct convert_counts counts;
    enum status status;
};

static void convert(struct conversion *conversion, const char *mapping_path, const char *path)
{
    struct mapping *mapping;
    *conversion = (struct conversion){0};
    assert_int_equal(mapping_open(mapping_path, stderr, &mapping), STATUS_OK);
    FILE *out = open_memstream(&conversion->out, &conversion->out_size);
    FILE *refusals = open_memstream(&conversion->refusals, &conversion->refusals_size);
    conversion->status = convert_file(mapping, path, out, refusals, &conversion->counts);
    fclose(out);
    fclose(refusals);
    mapping_close(mapping);
}

static void conversion_fini(struct conversion *conversion)
{
    free(conversion->out);
    free(conversion->refusals);
}

/* What a report must say; NULL: not looked at. countries: "PL+ UA~" for where and affected. */
struct expected {
    const char *id, *category, *status, *start, *end, *precision, *basis, *countries, *reported_at;
};

static void countries_print(const struct report *report, struct text *text)
{
    static const char *const marks[] = {
        [COUNTRY_WHERE] = "+", [COUNTRY_AFFECTED] = "~", [COUNTRY_ORIGIN] = "<", [COUNTRY_CLAIMED_BY] = "?"};
    char code[3];
    text_append(text, SPAN(""));
    for (size_t i = 0; i < report->country_count; i++) {
        country_code_text(report->countries[i].code, code);
        text_print(text, "%s%s%s", i > 0 ? " " : "", code, marks[report->countries[i].role]);
    }
}

static void same(const char *id, const char *what, const char *got, const char *expected)
{
    if (expected != NULL && strcmp(got, expected) != 0)
        fail_msg("%s: %s is %s, expected %s", id, what, got, expected);
}

static void same_time(const char *id, const char *what, int64_t ms, const char *expected)
{
    char text[TIME_TEXT_BYTES] = "none";
    if (ms != TIME_NONE)
        time_format(ms, text);
    same(id, what, text, expected);
}

static void check_report(const struct report *report, const struct expected *expected)
{
    struct text countries = {0};
    const char *id = expected->id;
    countries_print(report, &countries);
    same(id, "category", category_name(report->category), expected->category);
    same(id, "status", report_status_name(report->status), expected->status);
    same_time(id, "start", report->occurred.start_ms, expected->start);
    same_time(id, "end", report->occurred.end_ms, expected->end);
    same(id, "precision", precision_name(report->occurred.precision), expected->precision);
    same(id, "basis", basis_name(report->occurred.basis), expected->basis);
    same(id, "countries", countries.data, expected->countries);
    if (expected->reported_at != NULL)
        same_time(id, "reported_at", report->reported_at_ms, expected->reported_at);
    text_fini(&countries);
}

/* Reads the line of that id back from what was written, and compares. */
static void check(const struct conversion *conversion, const struct expected *expected)
{
    char wanted[80], reason[REASON_BYTES];
    struct arena arena;
    struct report report;
    snprintf(wanted, sizeof(wanted), "\"source_id\":\"%s\"", expected->id);
    const char *found = strstr(conversion->out, wanted);
    if (found == NULL)
        fail_msg("%s is not there", expected->id);
    while (found > conversion->out && found[-1] != '\n')
        found--;
    arena_init(&arena, 1 << 20);
    assert_int_equal(report_from_json((struct span){found, strcspn(found, "\n")}, &arena, &report, reason), STATUS_OK);
    assert_int_equal(report_validate(&report, reason), STATUS_OK);
    check_report(&report, expected);
    arena_fini(&arena);
}

#define EUROPE  "deploy/mappings/europe.map.yaml"
#define SAMPLES "tests/unit/agents/samples/"

static void our_own_list_becomes_reports_and_its_bad_rows_are_named(void **state)
{
    static const struct expected expected[] = {
        {"X1", "air.drone.incursion", "confirmed", "2025-09-09T21:30:00Z", "2025-09-10T04:45:00Z", "minute", "reported",
         "BY~ PL+ UA~", "none"},
        {"X2", "air.drone.incursion", "confirmed", "2023-09-03T19:00:00Z", "2023-09-04T02:59:59.999Z", "hour",
         "reported", "RO+", "none"},
        {"X3", "sea.cable", "confirmed", "2023-10-06T22:00:00Z", "2023-10-08T21:59:59.999Z", "day", "reported",
         "EE~ SE~", "none"},
        {"X4", "sea.pipeline", "confirmed", "2023-10-07T22:20:00Z", "2023-10-07T22:20:00Z", "minute", "reported",
         "EE~ FI~", "none"},
        {"X5", "em.gnss", "reported", "2025-08-31T09:00:00Z", "2025-08-31T14:59:59.999Z", "hour", "reported", "BG+",
         "none"},
        {"X6", "sea.cable", "reported", "2025-02-20T22:00:00Z", "2025-02-21T21:59:59.999Z", "day", "published",
         "DE~ FI~ SE~", "none"},
        {"X7", "cyber.attack", "confirmed", "2025-09-19T21:00:00Z", "2025-09-20T04:59:59.999Z", "hour", "reported",
         "BE~ DE~ GB+ IE~", "none"},
        {"X8", "air.drone.sighting", "explained", "2025-09-22T19:00:00Z", "2025-09-22T19:00:00Z", "minute", "reported",
         "NO+", "none"},
    };
    struct conversion conversion;
    convert(&conversion, EUROPE, SAMPLES "list.csv");
    assert_int_equal(conversion.status, STATUS_OK);
    for (size_t i = 0; i < COUNT(expected); i++)
        check(&conversion, &expected[i]);
    assert_int_equal(conversion.counts.reports, 8);
    assert_string_equal(
        conversion.refusals, SAMPLES
        "list.csv:11: category: \"flying_saucer\" is not in the mapping's table, and it has no default\n" SAMPLES
        "list.csv:12: occurred.local: no date (expected one such as 2024-09-07 or 7 Sep 2024) in \"some day in "
        "autumn\"\n" SAMPLES "list.csv:13: place.lat: 91.47 is out of range, expected -90 to 90\n" SAMPLES
        "list.csv:14: the row has 5 cells, the header 16\n");
    assert_int_equal(conversion.counts.refused, 4);
    assert_non_null(strstr(conversion.out, "\"headline\":\"Anytown: a note, with a comma and \\\"quotes\\\"\""));
    assert_non_null(strstr(conversion.out, "\"headline\":\"Riverside\"")); /* no notes, no colon */
    assert_non_null(strstr(conversion.out, "\"notes\":\"two lines\""));    /* a cell over two lines */
    assert_non_null(strstr(conversion.out, "\"source\":\"europe\""));
    conversion_fini(&conversion);
}

static void an_acled_export_becomes_reports(void **state)
{
    static const struct expected expected[] = {
        {"ABC1", "mil.strike", "reported", "2024-07-19T21:00:00Z", "2024-07-20T20:59:59.999Z", "day", "reported", "UA+",
         "2024-07-30T00:40:00Z"},
        {"ABC2", "mil.engagement", "reported", "2024-07-14T21:00:00Z", "2024-07-21T20:59:59.999Z", "week", "reported",
         "UA+", "2024-07-30T00:40:01Z"},
        {"ABC3", "land.sabotage", "reported", "2024-01-31T23:00:00Z", "2024-02-29T22:59:59.999Z", "month", "reported",
         "PL+", "2024-07-30T00:40:02Z"},
    };
    struct conversion conversion;
    convert(&conversion, "deploy/mappings/acled.map.yaml", SAMPLES "acled.csv");
    for (size_t i = 0; i < COUNT(expected); i++)
        check(&conversion, &expected[i]);
    assert_int_equal(conversion.counts.reports, 3);
    assert_int_equal(conversion.counts.skipped, 1);
    assert_string_equal(
        conversion.refusals, SAMPLES
        "acled.csv:6: category: \"Duel at dawn\" is not in the mapping's table, and it has no default\n" SAMPLES
        "acled.csv:7: countries: \"Ruritania\" is no country (expected two capital letters, or its English name)\n");
    assert_non_null(strstr(conversion.out, "\"revision\":1722300000"));
    assert_non_null(strstr(conversion.out, "\"licence\":\"no-redistribute\""));
    assert_non_null(strstr(conversion.out, "\"fatalities\":\"3\""));
    assert_non_null(strstr(conversion.out, "\"radius_km\":30"));
    conversion_fini(&conversion);
}

static void a_ucdp_export_becomes_reports(void **state)
{
    static const struct expected expected[] = {
        {"1001", "mil.engagement", "confirmed", "2023-01-04T00:00:00Z", "2023-01-04T23:59:59.999Z", "day", "reported",
         "UA+", NULL},
        {"1002", "mil.strike", "confirmed", "2023-01-02T00:00:00Z", "2023-01-08T23:59:59.999Z", "week", "reported",
         "RU+", NULL},
    };
    struct conversion conversion;
    convert(&conversion, "deploy/mappings/ucdp.map.yaml", SAMPLES "ucdp.csv");
    for (size_t i = 0; i < COUNT(expected); i++)
        check(&conversion, &expected[i]);
    assert_int_equal(conversion.counts.reports, 2);
    assert_string_equal(conversion.refusals,
                        SAMPLES "ucdp.csv:4: category: \"7\" is not in the mapping's table, and it has no default\n");
    assert_non_null(strstr(conversion.out, "\"role\":\"trigger\""));
    conversion_fini(&conversion);
}

static void a_file_of_another_format_is_refused_as_a_whole(void **state)
{
    struct conversion conversion;
    convert(&conversion, "deploy/mappings/ucdp.map.yaml", SAMPLES "list.csv");
    assert_int_equal(conversion.status, STATUS_OK);
    assert_int_equal(conversion.counts.reports, 0);
    assert_int_equal(conversion.counts.refused, 1);
    assert_string_equal(
        conversion.refusals, SAMPLES
        "list.csv: its header, line 1: the header has no column \"type_of_violence\", which the mapping names (it has "
        "16, the first is \"id\")\n");
    conversion_fini(&conversion);
    convert(&conversion, EUROPE, "no/such/file.csv");
    assert_int_equal(conversion.status, STATUS_NOT_FOUND);
    assert_string_equal(conversion.refusals, "no/such/file.csv: cannot be read: No such file or directory\n");
    conversion_fini(&conversion);
}

/* --- the real lists, where they are there --- */

/* NULL, said aloud, where the list is not there; the caller frees. */
static char *shared_list(const char *name)
{
    const char *folder = getenv("VEDETTE_SHARED_DATA");
    char *path = NULL;
    assert_true(asprintf(&path, "%s/incidents/%s", folder != NULL ? folder : "../shared/data", name) > 0);
    if (access(path, R_OK) == 0)
        return path;
    print_message("SKIPPED: there is no %s (VEDETTE_SHARED_DATA names the folder of test data)\n", path);
    free(path);
    return NULL;
}

static void every_incident_over_europe_becomes_a_report(void **state)
{
    static const struct expected expected[] = {
        {"T001", "air.drone.incursion", "confirmed", "2022-03-10T22:00:00Z", "2022-03-10T22:00:00Z", "hour", "reported",
         "HR+ HU~ RO~", "none"},
        {"T002", "air.drone.incursion", "confirmed", "2022-03-13T22:00:00Z", "2022-03-14T21:59:59.999Z", "day",
         "reported", "RO+", "none"},
        {"T003", "sea.pipeline", "confirmed", "2022-09-26T00:03:00Z", "2022-09-26T00:03:00Z", "minute", "reported",
         "DE~ DK~ SE~", "none"},
        {"T006", "air.drone.incursion", "confirmed", "2023-09-03T19:00:00Z", "2023-09-04T02:59:59.999Z", "hour",
         "reported", "RO+", "none"},
        {"T007", "sea.pipeline", "confirmed", "2023-10-07T22:20:00Z", "2023-10-07T22:20:00Z", "minute", "reported",
         "EE~ FI~", "none"},
        {"T008", "sea.cable", "confirmed", "2023-10-06T22:00:00Z", "2023-10-08T21:59:59.999Z", "day", "reported",
         "EE~ SE~", "2023-10-16T22:00:00Z"},
        {"T011", "air.drone.incursion", "confirmed", "2024-09-07T05:30:00Z", "2024-09-07T05:30:00Z", "hour", "inferred",
         "BY~ LV+", "none"},
        {"T012", "air.drone.incursion", "confirmed", "2024-09-07T19:00:00Z", "2024-09-08T02:59:59.999Z", "hour",
         "reported", "RO+", "none"},
        {"T017", "sea.cable", "explained", "2025-01-25T22:00:00Z", "2025-01-26T21:59:59.999Z", "day", "reported",
         "LV~ SE~", "none"},
        {"T018", "sea.cable", "reported", "2025-02-20T22:00:00Z", "2025-02-21T21:59:59.999Z", "day", "published",
         "DE~ FI~ SE~", "none"},
        {"T021", "air.drone.incursion", "confirmed", "2025-08-19T20:58:00Z", "2025-08-19T20:58:00Z", "minute",
         "reported", "PL+", "none"},
        {"T022", "em.gnss", "reported", "2025-08-31T09:00:00Z", "2025-08-31T14:59:59.999Z", "hour", "reported", "BG+",
         "none"},
        {"T023", "air.drone.incursion", "confirmed", "2025-09-09T21:30:00Z", "2025-09-10T04:45:00Z", "minute",
         "reported", "BY~ PL+ UA~", "none"},
        {"T025", "land.border.closure", "confirmed", "2025-09-11T22:00:00Z", "2025-09-24T22:00:00Z", "minute",
         "reported", "BY~ PL+", "2025-09-08T22:00:00Z"},
        {"T026", "mil.exercise", "reported", "2025-09-11T21:00:00Z", "2025-09-16T21:00:00Z", "day", "reported",
         "BY+ RU~", "none"},
        {"T028", "air.manned.violation", "disputed", "2025-09-19T06:58:00Z", "2025-09-19T07:10:00Z", "minute",
         "reported", "EE+", "none"},
        {"T030", "cyber.attack", "confirmed", "2025-09-19T21:00:00Z", "2025-09-20T04:59:59.999Z", "hour", "reported",
         "BE~ DE~ GB+ IE~", "none"},
        {"T031", "cyber.attack", "confirmed", "2025-09-19T20:00:00Z", "2025-09-20T03:59:59.999Z", "hour", "reported",
         "BE+ DE~ GB~ IE~", "none"},
        {"T033", "air.drone.sighting", "explained", "2025-09-22T19:00:00Z", "2025-09-22T19:00:00Z", "minute",
         "reported", "NO+", "none"},
        {"A01", "dip.article4", "confirmed", "2003-02-09T22:00:00Z", "2003-02-10T21:59:59.999Z", "day", "reported",
         "TR+", "none"},
        {"N01", "air.drone.sighting", "confirmed", "2025-09-22T18:26:00Z", "2025-09-22T22:30:00Z", "minute", "reported",
         "DK+", "none"},
        {"N09", "air.manned.violation", "reported", "2025-09-18T22:00:00Z", "2025-09-19T21:59:59.999Z", "day",
         "reported", "PL~", "none"},
    };
    char *path = shared_list("europe-2003-2025.csv");
    struct conversion conversion;
    if (path == NULL)
        skip();
    convert(&conversion, EUROPE, path);
    assert_string_equal(conversion.refusals, "");
    assert_int_equal(conversion.counts.reports, 55);
    for (size_t i = 0; i < COUNT(expected); i++)
        check(&conversion, &expected[i]);
    conversion_fini(&conversion);
    free(path);
}

static void every_sighting_becomes_a_report(void **state)
{
    static const struct expected expected[] = {
        {"S031", "air.drone.sighting", "disputed", "2025-09-25T21:40:00Z", "2025-09-25T21:40:00Z", "hour", "reported",
         "DK+", "none"},
        {"S039", "air.drone.sighting", "reported", "2025-09-25T02:21:00Z", "2025-09-25T02:21:00Z", "hour", "reported",
         "DK+", "none"},
        {"S042", "air.manned.violation", "reported", "2025-09-19T06:58:00Z", "2025-09-19T06:58:00Z", "minute",
         "reported", "EE+", "none"},
        {"S064", "air.balloon", "reported", "2025-10-04T19:16:00Z", "2025-10-04T19:16:00Z", "minute", "reported", "LT+",
         "none"},
        {"S106", "air.drone.incursion", "reported", "2025-09-13T15:23:00Z", "2025-09-13T15:23:00Z", "minute",
         "reported", "RO+", "none"},
    };
    char *path = shared_list("sightings-2025.csv");
    struct conversion conversion;
    if (path == NULL)
        skip();
    convert(&conversion, EUROPE, path);
    assert_string_equal(conversion.refusals, "");
    assert_int_equal(conversion.counts.reports, 44);
    for (size_t i = 0; i < COUNT(expected); i++)
        check(&conversion, &expected[i]);
    conversion_fini(&conversion);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_list_becomes_reports_and_its_bad_rows_are_named),
        cmocka_unit_test(an_acled_export_becomes_reports),
        cmocka_unit_test(a_ucdp_export_becomes_reports),
        cmocka_unit_test(a_file_of_another_format_is_refused_as_a_whole),
        cmocka_unit_test(every_incident_over_europe_becomes_a_report),
        cmocka_unit_test(every_sighting_becomes_a_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
