/* The mapping language: what it makes of a row, and how it refuses what is wrong. */
#include "agents/mapping.h"

#include "tests/unit/agents/unit.h"

#define BASE                                                                                                           \
    "source_id: \"{id}\"\ncategory: air.balloon\noccurred: {start: \"{t}\"}\nplace: {lat: \"{lat}\", lon: "            \
    "\"{lon}\"}\n"

/* The complaints of a wrong mapping; the caller frees. NULL: there was none, and the mapping is in ret_mapping. */
static char *read_mapping(const char *text, struct mapping **ret_mapping)
{
    char *complaints = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&complaints, &size);
    enum status status = mapping_parse(span_of(text), "m.yaml", stream, ret_mapping);
    fclose(stream);
    if (status == STATUS_OK) {
        assert_int_equal(size, 0);
        free(complaints);
        return NULL;
    }
    assert_int_equal(status, STATUS_INVALID);
    return complaints;
}

/* What the mapping makes of one row: JSON, "skipped" or "refused: reason". */
static void check_row(const char *mapping_text, const char *header_text, const char *row_text, const char *expected)
{
    struct mapping *mapping = NULL;
    struct mapping_binding *binding;
    struct arena arena;
    struct report report;
    struct text made = {0};
    struct span cells[2][16];
    size_t counts[2] = {0};
    char reason[REASON_BYTES], *complaints = read_mapping(mapping_text, &mapping);
    if (complaints != NULL)
        fail_msg("%s", complaints);
    const char *const texts[2] = {header_text, row_text};
    for (size_t k = 0; k < 2; k++) /* cells are parted by a bar, so that texts may hold commas */
        for (const char *at = texts[k]; counts[k] < 16; at += strcspn(at, "|") + 1) {
            cells[k][counts[k]++] = (struct span){at, strcspn(at, "|")};
            if (at[strcspn(at, "|")] == '\0')
                break;
        }
    arena_init(&arena, 1 << 20);
    assert_int_equal(mapping_bind(mapping, cells[0], counts[0], &binding, reason), STATUS_OK);
    switch (mapping_row(mapping, binding, cells[1], counts[1], "desk", &arena, &report, reason)) {
    case MAPPING_REPORT:
        report_to_json(&report, &made);
        break;
    case MAPPING_SKIPPED:
        text_print(&made, "skipped");
        break;
    case MAPPING_REFUSED:
        text_print(&made, "refused: %s", reason);
        break;
    }
    if (strstr(made.data, expected) == NULL)
        fail_msg("%s\nexpected: %s", made.data, expected);
    text_fini(&made);
    arena_fini(&arena);
    mapping_unbind(binding);
    mapping_close(mapping);
}

#define HEADER    "id|t|lat|lon|a|b"
#define ROW(a, b) "1|2025-01-02T03:04Z|50|20|" a "|" b

static void a_report_carries_the_configured_name_where_the_mapping_gives_none(void **state)
{
    check_row(BASE, HEADER, ROW("", ""),
              "{\"source\":\"desk\",\"source_id\":\"1\",\"revision\":0,\"status\":\"reported\"");
    check_row(
        BASE, HEADER, ROW("", ""),
        "\"occurred\":{\"start\":\"2025-01-02T03:04:00Z\",\"end\":\"2025-01-02T03:04:00Z\",\"precision\":\"second\"");
    check_row(BASE "source: own\n", HEADER, ROW("", ""), "{\"source\":\"own\"");
}

static void templates_join_columns_and_leave_out_what_is_empty(void **state)
{
    check_row(BASE "headline: \"{a}[: {b}]!\"\n", HEADER, ROW("x", "y"), "\"headline\":\"x: y!\"");
    check_row(BASE "headline: \"{a}[: {b}]!\"\n", HEADER, ROW("x", ""), "\"headline\":\"x!\"");
    check_row(BASE "headline: \"{a|b}\"\n", HEADER, ROW("", "y"), "\"headline\":\"y\"");
    check_row(BASE "headline: \"{{{a}}} [[{b}]]\"\n", HEADER, ROW("x", "y"), "\"headline\":\"{x} [y]\"");
    check_row(BASE "headline: \"{a}\"\n", HEADER, ROW("  two\n\tlines ", ""), "\"headline\":\"two  lines\"");
}

static void tables_translate_exactly_then_by_pattern_then_by_default(void **state)
{
    static const char mapping[] =
        BASE "headline: {from: \"{a}\", table: {\"x*\": pattern, xy: exact}, default: \"other {b}\"}\n";
    check_row(mapping, HEADER, ROW("xy", ""), "\"headline\":\"exact\"");
    check_row(mapping, HEADER, ROW("XYZ", ""), "\"headline\":\"pattern\"");
    check_row(BASE "headline: {from: \"<{a}>\", table: {\"<>\": nothing, \"*\": something}}\n", HEADER, ROW("", ""),
              "\"headline\":\"nothing\"");
    check_row(mapping, HEADER, ROW("q", "b"), "\"headline\":\"other b\"");
    check_row(BASE "headline: {from: \"{a}\", table: {x: y}}\n", HEADER, ROW("q\x1b", ""),
              "refused: headline: \"q\\x1b\" is not in the mapping's table, and it has no default");
}

static void cases_set_fields_in_order_and_skips_leave_rows_out(void **state)
{
    static const char mapping[] =
        BASE "skip:\n  - {a: no, b: [x, \"y*\"]}\n"
             "cases:\n  - {when: {a: \"*sea*\"}, set: {category: sea.vessel, place: {name: sea}}}\n"
             "  - {when: {a: \"*deep*\"}, set: {category: sea.cable, occurred: {end: \"2025-01-03T00:00Z\"}}}\n";
    check_row(mapping, HEADER, ROW("no", "yes"), "skipped");
    check_row(mapping, HEADER, ROW("no", "z"), "\"category\":\"air.balloon\"");
    check_row(mapping, HEADER, ROW("the SEA", ""), "\"category\":\"sea.vessel\"");
    check_row(mapping, HEADER, ROW("the deep sea", ""), "\"category\":\"sea.cable\"");
    check_row(mapping, HEADER, ROW("the deep sea", ""), "\"end\":\"2025-01-03T00:00:00Z\"");
    check_row(mapping, HEADER, ROW("the deep sea", ""), "\"name\":\"sea\"");
}

static void countries_are_codes_or_names_and_keep_their_first_role(void **state)
{
    static const char mapping[] =
        BASE "countries:\n  - {from: \"{a}\"}\n  - {from: \"{b}\", split: \";\", role: affected}\n";
    check_row(mapping, HEADER, ROW("PL", "Estonia; PL ;;LT"),
              "\"countries\":[{\"code\":\"EE\",\"role\":\"affected\"},{\"code\":\"LT\",\"role\":\"affected\"},{"
              "\"code\":\"PL\",\"role\":\"where\"}]");
    check_row(mapping, HEADER, ROW("", ""), "\"countries\":[]");
    check_row(mapping, HEADER, ROW("pl", ""), "refused: countries: \"pl\" is no country");
    check_row(mapping, HEADER, ROW("", "PL,LT"), "refused: countries: \"PL,LT\" is no country");
}

static void attributes_leave_out_what_is_empty_and_long_text_is_cut_between_characters(void **state)
{
    char row[2048] = "1|2025-01-02T03:04Z|50|20||", expected[1200] = "\"b\":\"x";
    check_row(BASE "attributes: {a: \"{a}\", b: \"{b}\"}\n", HEADER, ROW("", "y"), "\"attributes\":{\"b\":\"y\"}");
    strcat(row, "x");
    for (int i = 0; i < 600; i++)
        strcat(row, "ä");
    for (int i = 0; i < 510; i++)
        strcat(expected, "ä");
    strcat(expected, "…\"");
    check_row(BASE "attributes: {b: \"{b}\"}\n", HEADER, row, expected);
}

static void reported_at_is_an_instant_or_seconds_or_a_local_date(void **state)
{
    static const char mapping[] =
        "source_id: x\ncategory: air.balloon\noccurred: {start: \"{t}\", zone: Europe/Warsaw}\n"
        "place: {lat: \"1\", lon: \"2\"}\nreported_at: \"{a}\"\n";
    check_row(mapping, HEADER, ROW("2025-01-03T00:00+01:00", ""), "\"reported_at\":\"2025-01-02T23:00:00Z\"");
    check_row(mapping, HEADER, ROW("1722300000", ""), "\"reported_at\":\"2024-07-30T00:40:00Z\"");
    check_row(mapping, HEADER, ROW("2025-07-03", ""), "\"reported_at\":\"2025-07-02T22:00:00Z\"");
    check_row(mapping, HEADER, ROW("soon", ""), "refused: reported_at: no date");
}

static void wrong_rows_are_refused_with_the_field_and_what_was_found(void **state)
{
    static const char local[] = "source_id: x\ncategory: \"{a}\"\noccurred: {local: \"{t}\", zone: \"{b}\"}\nplace: "
                                "{lat: \"{lat}\", lon: \"{lon}\"}\n";
    check_row(BASE, HEADER, "1|2025-01-02T03:04Z|50|20|x", "refused: the row has 5 cells, the header 6");
    check_row(BASE, HEADER, "1|2025-01-02 03:04|50|20||",
              "refused: occurred.start: \"2025-01-02 03:04\" is no time with an offset");
    check_row(BASE, HEADER, "1||50|20||", "refused: occurred.start: no time is given");
    check_row(BASE, HEADER, "1|2025-01-02T03:04Z|50,5|20||", "refused: place.lat: \"50,5\" is no number");
    check_row(BASE, HEADER, "1|2025-01-02T03:04Z|50||| ", "refused: place.lon: is empty");
    check_row(BASE, HEADER, "1|2025-01-02T03:04Z|nan|20||", "refused: place.lat: \"nan\" is no number");
    check_row(BASE, HEADER, "1|2025-01-02T03:04Z|1e999|20||", "refused: place.lat: \"1e999\" is no number");
    check_row(BASE, HEADER, "1|2025-01-02T03:04Z|50|200||", "refused: place.lon: 200");
    check_row(BASE, HEADER, "|2025-01-02T03:04Z|50|20||", "refused: source_id is missing");
    check_row(BASE "headline: \"{a}\"\n", HEADER, ROW("\xff", ""), "refused: headline");
    check_row(BASE "revision: \"{a}\"\n", HEADER, ROW("4294967296", ""),
              "refused: revision: \"4294967296\" is no whole number");
    check_row(BASE "revision: \"{a}\"\n", HEADER, ROW("-1", ""), "refused: revision: \"-1\" is no whole number");
    check_row(local, HEADER, "1|2025-01-02|50|20|air.baloon|UTC",
              "refused: category: \"air.baloon\" is no category (did you mean air.balloon?)");
    check_row(local, HEADER, "1|2025-01-02|50|20|air.balloon|Europe/Nowhere",
              "refused: occurred.zone: \"Europe/Nowhere\" is no time zone");
    check_row(local, HEADER, "1|2025-01-02|50|20|air.balloon|", "refused: occurred.zone: \"\" is no time zone");
    check_row(local, HEADER, "1|2025-02-30|50|20|air.balloon|UTC",
              "refused: occurred.local: a date that does not exist in \"2025-02-30\"");
}

static void wrong_mappings_are_refused_by_line_and_column(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"source_id: x\n", "m.yaml:1:1: no key \"category\", expected one"},
        {"source_id: x\n", "no key \"place.lat\", expected one"},
        {"source_id: x\n", "neither \"occurred.start\" nor \"occurred.local\""},
        {BASE "categry: x\n", "m.yaml:5:1: unknown block \"categry\""},
        {BASE "status: maybe\n", "m.yaml:5:9: \"maybe\", expected reported, confirmed"},
        {BASE "status: {from: \"{a}\", table: {x: maybe}}\n", "m.yaml:5:34: \"maybe\", expected reported"},
        {BASE "status: {from: \"{a}\", tabel: {x: reported}}\n",
         "m.yaml:5:23: unknown key \"tabel\", expected from, table or default"},
        {BASE "status: {table: {x: reported}}\n", "m.yaml:5:9: no key \"from\""},
        {BASE "status: {from: \"{a}\", default: reported}\n", "m.yaml:5:32: a default without a table"},
        {BASE "status: {from: \"{a}\", table: {}}\n", "no table, expected a map"},
        {BASE "headline: \"{a\"\n", "m.yaml:5:11: \"{a\": a brace is not closed"},
        {BASE "headline: \"a}\"\n", "a closing brace without its opening one"},
        {BASE "headline: \"{}\"\n", "no column between the braces"},
        {BASE "headline: \"[a\"\n", "a bracket is not closed"},
        {BASE "headline: \"a]\"\n", "a closing bracket without its opening one"},
        {BASE "headline: \"[a [b] c]\"\n", "a bracket within brackets"},
        {BASE "headline: [a, b]\n", "a list or map, expected a text"},
        {BASE "countries: [{from: \"{a}\", role: host}]\n", "host"},
        {BASE "countries: {from: \"{a}\"}\n", "no list, expected countries as a list"},
        {BASE "skip: [{}]\n", "no conditions, expected {column: pattern}"},
        {BASE "skip: [{a: {b: c}}]\n", "no text, expected a pattern"},
        {BASE "cases: [{when: {a: x}}]\n", "set"},
        {BASE "cases: [{when: {a: x}, set: {categori: air.balloon}}]\n", "m.yaml:5:30: unknown key \"categori\""},
        {BASE "cases: [{when: {a: x}, set: {category: air.ballon}}]\n",
         "\"air.ballon\", expected a category (did you mean air.balloon?)"},
        {BASE "delimiter: \"::\"\n", "m.yaml:5:12: expected one character"},
        {BASE "day_parts: {night: \"22-06\"}\n", "m.yaml:5:20: \"22-06\", expected two times"},
        {"source_id: x\ncategory: air.balloon\noccurred: {local: \"{t}\", zone: Europe/Nowhere, read: dusk}\nplace: "
         "{lat: \"1\", lon: \"2\"}\n",
         "m.yaml:3:32: \"Europe/Nowhere\", expected a time zone"},
        {"source_id: x\ncategory: air.balloon\noccurred: {local: \"{t}\", zone: UTC, read: dusk}\nplace: {lat: \"1\", "
         "lon: \"2\"}\n",
         "m.yaml:3:43: \"dusk\", expected one of auto second minute"},
        {"]", "m.yaml:1:"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mapping *mapping = NULL;
        char *complaints = read_mapping(cases[i].text, &mapping);
        if (complaints == NULL)
            fail_msg("taken: %s", cases[i].text);
        if (strstr(complaints, cases[i].complaint) == NULL)
            fail_msg("%s\ncomplained: %s\nexpected: %s", cases[i].text, complaints, cases[i].complaint);
        free(complaints);
    }
}

static void the_header_must_have_each_column_once(void **state)
{
    struct mapping *mapping = NULL;
    struct mapping_binding *binding = NULL;
    char reason[REASON_BYTES];
    assert_null(read_mapping(BASE, &mapping));
    const struct span missing[] = {SPAN("id"), SPAN("t"), SPAN("lat")};
    assert_int_equal(mapping_bind(mapping, missing, 3, &binding, reason), STATUS_INVALID);
    assert_string_equal(reason,
                        "the header has no column \"lon\", which the mapping names (it has 3, the first is \"id\")");
    const struct span twice[] = {SPAN("id"), SPAN("t"), SPAN("lat"), SPAN("lon"), SPAN("lat")};
    assert_int_equal(mapping_bind(mapping, twice, 5, &binding, reason), STATUS_INVALID);
    assert_string_equal(reason, "the header names the column \"lat\" twice");
    mapping_close(mapping);
}

static void parts_of_the_day_can_be_set(void **state)
{
    check_row("source_id: x\ncategory: air.balloon\noccurred: {local: \"{t}\", read: night}\nplace: {lat: \"1\", lon: "
              "\"2\"}\n"
              "day_parts: {night: \"23:00-01:30\"}\n",
              "t", "2025-01-02",
              "\"start\":\"2025-01-02T23:00:00Z\",\"end\":\"2025-01-03T01:29:59.999Z\",\"precision\":\"hour\"");
}

static void a_local_end_ends_the_interval(void **state)
{
    static const char mapping[] = "source_id: x\ncategory: air.balloon\noccurred: {local: \"{a}\", local_end: \"{b}\", "
                                  "read: day, precision: week}\n"
                                  "place: {lat: \"1\", lon: \"2\"}\n";
    check_row(mapping, "a|b", "2025-01-02|2025-01-05",
              "\"start\":\"2025-01-02T00:00:00Z\",\"end\":\"2025-01-05T23:59:59.999Z\",\"precision\":\"week\"");
    check_row(mapping, "a|b", "2025-01-02|", "\"end\":\"2025-01-02T23:59:59.999Z\"");
    check_row(mapping, "a|b", "2025-01-02|2024-01-05",
              "refused: occurred.end: 2024-01-05T23:59:59.999Z is before occurred.start");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_carries_the_configured_name_where_the_mapping_gives_none),
        cmocka_unit_test(templates_join_columns_and_leave_out_what_is_empty),
        cmocka_unit_test(tables_translate_exactly_then_by_pattern_then_by_default),
        cmocka_unit_test(cases_set_fields_in_order_and_skips_leave_rows_out),
        cmocka_unit_test(countries_are_codes_or_names_and_keep_their_first_role),
        cmocka_unit_test(attributes_leave_out_what_is_empty_and_long_text_is_cut_between_characters),
        cmocka_unit_test(reported_at_is_an_instant_or_seconds_or_a_local_date),
        cmocka_unit_test(wrong_rows_are_refused_with_the_field_and_what_was_found),
        cmocka_unit_test(wrong_mappings_are_refused_by_line_and_column),
        cmocka_unit_test(the_header_must_have_each_column_once),
        cmocka_unit_test(parts_of_the_day_can_be_set),
        cmocka_unit_test(a_local_end_ends_the_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
