/* Any rows through a mapping that uses every field: a report that validates and reads back the same, a skip, or a
 * reason. */
#include "agents/mapping.h"
#include "agents/sources/csv/rows.h"
#include "tests/fuzz/fuzz.h"

static const char plan[] = "source: fuzz\nsource_id: \"{id}\"\ncategory: {from: \"{a}\", table: {\"x*\": sea.cable}, "
                           "default: air.balloon}\nrevision: \"{b}\"\n"
                           "occurred: {start: \"{s}\", end: \"{e}\", local: \"{l}\", local_end: \"{e}\", read: "
                           "\"{r}\", zone: \"{z}\"}\nreported_at: \"{e}\"\n"
                           "place: {lat: \"{lat}\", lon: \"{lon}\", radius_km: \"{b}\", name: \"{a}[ "
                           "{b}]\"}\ncountries: [{from: \"{c}\", split: \" \"}]\n"
                           "headline: \"{a|b}\"\nattributes: {a: \"{a}\"}\nskip: [{a: \"*skip*\"}]\n";
static void check_row(struct mapping *mapping, const struct mapping_binding *binding, const struct rows_item *row)
{
    struct arena arena;
    struct report report, again;
    struct text text = {0};
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 16u << 20);
    enum mapping_answer answer = mapping_row(mapping, binding, row->cells, row->count, "fuzz", &arena, &report, reason);
    if (answer == MAPPING_REPORT) {
        report_to_json(&report, &text);
        fuzz_check(report_from_json((struct span){text.data, text.size}, &arena, &again, reason) == STATUS_OK);
        fuzz_check(report_order(&report, &again) == 0);
    }
    fuzz_check(answer != MAPPING_REFUSED || reason[0] != '\0');
    text_fini(&text);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mapping *mapping;
    static struct mapping_binding *binding;
    struct rows rows;
    struct rows_item row;
    uint64_t line = 0;
    char reason[REASON_BYTES];
    if (mapping == NULL) {
        const struct span header[] = {SPAN("id"), SPAN("a"), SPAN("b"), SPAN("c"),   SPAN("s"),  SPAN("e"),
                                      SPAN("l"),  SPAN("r"), SPAN("z"), SPAN("lat"), SPAN("lon")};
        fuzz_check(mapping_parse(SPAN(plan), "fuzz", stderr, &mapping) == STATUS_OK);
        fuzz_check(mapping_bind(mapping, header, sizeof(header) / sizeof(header[0]), &binding, reason) == STATUS_OK);
    }
    fuzz_check(rows_init(&rows, ',') == STATUS_OK);
    for (size_t start = 0; start <= size;) {
        const uint8_t *stop = start < size ? memchr(data + start, '\n', size - start) : NULL;
        size_t next = stop != NULL ? (size_t)(stop - data) : size;
        fuzz_check(rows_add(&rows, (struct span){(const char *)data + start, next - start}, ++line) == STATUS_OK);
        start = next + 1;
        if (start > size)
            rows_end(&rows);
        for (enum rows_answer answer; (answer = rows_next(&rows, &row)) != ROWS_HUNGRY;)
            if (answer == ROWS_ROW)
                check_row(mapping, binding, &row);
    }
    rows_fini(&rows);
    return 0;
}
