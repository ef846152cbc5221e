#include "base/monitor/metric.h"

#include "tests/unit/base/unit.h"

#include <stdlib.h>
#include <string.h>

struct view {
    uint64_t received, applied, refused, waiting;
    bool is_held;
    int64_t mark_ms;
    const char *state_text;
};

static const struct metric rows[] = {
    METRIC(struct view, COUNTER, received, "what came in"),   METRIC(struct view, COUNTER, applied, "what was taken"),
    METRIC(struct view, COUNTER, refused, "what was not"),    METRIC(struct view, GAUGE, waiting, "what waits"),
    METRIC(struct view, FLAG, is_held, "1: nothing is read"), METRIC(struct view, TIME, mark_ms, "read up to then"),
    METRIC(struct view, TEXT, state_text, "how it is"),
};

struct shown {
    struct view views[2];
    const char *labels[2];
    size_t count;
};

static const void *look(void *self, size_t index, const char **ret_label)
{
    const struct shown *shown = self;
    if (index >= shown->count)
        return NULL;
    *ret_label = shown->labels[index];
    return &shown->views[index];
}

/* The caller frees. */
static char *printed(const struct metric_book *book, void (*print)(const struct metric_book *book, FILE *out))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    print(book, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void expect_in(char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, text);
    free(text);
}

static void a_row_is_shown_with_help_type_and_value(void **state)
{
    struct shown shown = {.views = {{.received = 7, .waiting = 3, .is_held = true, .mark_ms = 1500}}, .count = 1};
    const struct metric_table table = {METRIC_ROWS(rows), .look = look, .self = &shown};
    const struct metric_book book = {.program = "desk", .tables = &table, .table_count = 1};
    expect_in(printed(&book, metrics_expose), "# HELP vedette_desk_received_total what came in\n"
                                              "# TYPE vedette_desk_received_total counter\n"
                                              "vedette_desk_received_total 7\n");
    expect_in(printed(&book, metrics_expose), "# TYPE vedette_desk_waiting gauge\nvedette_desk_waiting 3\n");
    expect_in(printed(&book, metrics_expose), "vedette_desk_is_held 1\n");
    expect_in(printed(&book, metrics_expose), "vedette_desk_mark_seconds 1.500\n");
}

static void a_text_is_on_the_status_page_alone(void **state)
{
    struct shown shown = {.views = {{.state_text = "a \"quoted\"\nline"}}, .count = 1};
    const struct metric_table table = {METRIC_ROWS(rows), .look = look, .self = &shown};
    const struct metric_book book = {.program = "desk", .tables = &table, .table_count = 1};
    char *page = printed(&book, metrics_expose);
    assert_null(strstr(page, "state"));
    free(page);
    expect_in(printed(&book, metrics_json), "\"state\":\"a \\\"quoted\\\"\\u000aline\"");
}

static void what_never_was_is_left_out(void **state)
{
    struct shown shown = {.views = {{.mark_ms = METRIC_NEVER}}, .count = 1};
    const struct metric_table table = {METRIC_ROWS(rows), .look = look, .self = &shown};
    const struct metric_book book = {.program = "desk", .tables = &table, .table_count = 1};
    char *page = printed(&book, metrics_expose), *json = printed(&book, metrics_json);
    assert_null(strstr(page, "\nvedette_desk_mark_seconds "));
    assert_null(strstr(json, "mark"));
    assert_null(strstr(json, "state"));
    free(page);
    free(json);
}

static void times_before_1970_keep_their_sign(void **state)
{
    struct shown shown = {.views = {{.mark_ms = -1}}, .count = 1};
    const struct metric_table table = {METRIC_ROWS(rows), .look = look, .self = &shown};
    const struct metric_book book = {.program = "desk", .tables = &table, .table_count = 1};
    expect_in(printed(&book, metrics_expose), "vedette_desk_mark_seconds -0.001\n");
}

static void a_labelled_table_shows_each_under_one_help(void **state)
{
    struct shown shown = {.views = {{.received = 1}, {.received = 2}}, .labels = {"rcb-pl", "odd\"\\\n"}, .count = 2};
    const struct metric_table table = {
        .name = "source", .label = "source", METRIC_ROWS(rows), .look = look, .self = &shown};
    const struct metric_book book = {.program = "desk", .tables = &table, .table_count = 1};
    expect_in(printed(&book, metrics_expose),
              "# TYPE vedette_desk_source_received_total counter\n"
              "vedette_desk_source_received_total{source=\"rcb-pl\"} 1\n"
              "vedette_desk_source_received_total{source=\"odd\\\"\\\\\\n\"} 2\n# HELP");
    expect_in(printed(&book, metrics_json), "\"tables\":{\"source\":[{\"source\":\"rcb-pl\",\"received\":1,");
    shown.count = 0;
    expect_in(printed(&book, metrics_json), "\"source\":[]");
}

static void a_ledger_says_by_how_much_it_is_out(void **state)
{
    struct shown shown = {.views = {{.received = 9, .applied = 5, .refused = 4, .waiting = 2}}, .count = 1};
    struct shown link = {.views = {{.received = 2}}, .count = 1};
    const struct metric_table tables[] = {{METRIC_ROWS(rows), .look = look, .self = &shown},
                                          {.name = "link", METRIC_ROWS(rows), .look = look, .self = &link}};
    const struct metric_ledger ledgers[] = {{"reports", {"received"}, {"applied", "refused"}},
                                            {"all", {"received", "link.received"}, {"applied", "refused", "waiting"}}};
    const struct metric_book book = {
        .program = "desk", .tables = tables, .table_count = 2, .ledgers = ledgers, .ledger_count = 2};
    assert_int_equal(metric_ledger_difference(&book, &ledgers[0]), 0);
    assert_int_equal(metric_ledger_difference(&book, &ledgers[1]), 0);
    shown.views[0].applied = 7;
    assert_int_equal(metric_ledger_difference(&book, &ledgers[0]), -2);
    expect_in(printed(&book, metrics_expose), "\nvedette_desk_ledger_reports_difference -2\n");
    expect_in(printed(&book, metrics_json),
              "{\"name\":\"all\",\"whole\":{\"received\":9,\"link.received\":2},\"parts\":{"
              "\"applied\":7,\"refused\":4,\"waiting\":2},\"difference\":-2}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_shown_with_help_type_and_value),
        cmocka_unit_test(a_text_is_on_the_status_page_alone),
        cmocka_unit_test(what_never_was_is_left_out),
        cmocka_unit_test(times_before_1970_keep_their_sign),
        cmocka_unit_test(a_labelled_table_shows_each_under_one_help),
        cmocka_unit_test(a_ledger_says_by_how_much_it_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
