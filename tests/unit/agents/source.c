/* The sources jsonl and csv behind their driver: budget, a report not taken, refusals, following. */
#include "agents/mapping.h"
#include "agents/source_driver.h"
#include "tests/unit/agents/unit.h"

#define LINE(id)                                                                                                       \
    "{\"source\":\"s\",\"source_id\":\"" id                                                                            \
    "\",\"category\":\"air.balloon\",\"occurred\":{\"start\":\"2025-01-01T00:00:00Z\"},"                               \
    "\"place\":{\"lat\":1,\"lon\":2}}\n"

struct source {
    const struct source_driver *driver;
    void *self;
    struct mapping *mapping;
    struct heard heard;
};

enum following { ONCE, FOLLOWED };

static void source_open(struct source *source, const struct source_driver *driver, const char *folder, const char *name,
                        enum following following)
{
    static const char mapping[] =
        "source_id: \"{id}\"\ncategory: air.balloon\noccurred: {start: \"2025-01-01T00:00Z\"}\n"
        "place: {lat: \"1\", lon: \"2\"}\nskip: [{id: skip}]\n";
    char *path = path_in(folder, name), reason[256];
    *source = (struct source){.driver = driver};
    if (driver->needs_mapping)
        assert_int_equal(mapping_parse(SPAN(mapping), "m.yaml", stderr, &source->mapping), STATUS_OK);
    const struct source_events events = heard_events(&source->heard);
    const struct source_options options = {
        .name = "desk", .path = path, .follow = following == FOLLOWED, .mapping = source->mapping};
    enum status status = driver->open(&options, &events, &source->self, reason);
    if (status != STATUS_OK)
        fail_msg("%s: %s", path, reason);
    free(path);
}

static void source_close(struct source *source)
{
    source->driver->close(source->self);
    mapping_close(source->mapping);
    text_fini(&source->heard.text);
}

static enum status source_read(struct source *source, size_t budget)
{
    text_clear(&source->heard.text);
    text_append(&source->heard.text, SPAN(""));
    return source->driver->read(source->self, budget);
}

static const char *source_wait(struct source *source)
{
    for (int i = 0; i < 60; i++) {
        (void)source_read(source, 1000);
        if (heard_text(&source->heard)[0] != '\0')
            break;
        pause_ms(50);
    }
    return heard_text(&source->heard);
}

static void bad_lines_are_refused_and_the_others_go_on(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a.jsonl", WRITE_NEW, LINE("1") "not json\n\n  \n" LINE("2") "{\"source\":\"s\"}\n" LINE("3"));
    source_open(&source, &source_jsonl, folder, "*.jsonl", ONCE);
    assert_int_equal(source_read(&source, 100), STATUS_END);
    const char *said = heard_text(&source.heard);
    assert_non_null(strstr(said, "report 1 a.jsonl:1\nrefused a.jsonl:2: "));
    assert_non_null(strstr(said, "report 2 a.jsonl:5\nrefused a.jsonl:6: "));
    assert_non_null(strstr(said, "\nreport 3 a.jsonl:7\n"));
    assert_int_equal(source.heard.reports, 3);
    assert_int_equal(source.heard.refused, 2);
    source_close(&source);
    folder_remove(folder);
}

static void the_budget_bounds_a_read(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a", WRITE_NEW, LINE("1") LINE("2") LINE("3") LINE("4") LINE("5"));
    source_open(&source, &source_jsonl, folder, "a", ONCE);
    assert_int_equal(source_read(&source, 2), STATUS_OK);
    assert_true(source.heard.reports <= 2);
    size_t reads = 1;
    while (source_read(&source, 2) == STATUS_OK)
        reads++;
    assert_int_equal(source.heard.reports, 5);
    assert_true(reads >= 3);
    source_close(&source);
    folder_remove(folder);
}

static void offered_again(const struct source_driver *driver, const char *text, const char *first, const char *second)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a", WRITE_NEW, text);
    source_open(&source, driver, folder, "a", ONCE);
    source.heard.take = 1;
    assert_int_equal(source_read(&source, 100), STATUS_OK);
    assert_string_equal(heard_text(&source.heard), first);
    assert_int_equal(source_read(&source, 100), STATUS_OK); /* still no room: nothing is lost, nothing is said */
    assert_string_equal(heard_text(&source.heard), "");
    source.heard.take = 100;
    assert_int_equal(source_read(&source, 100), STATUS_END);
    assert_string_equal(heard_text(&source.heard), second);
    source_close(&source);
    folder_remove(folder);
}

static void a_report_not_taken_is_offered_again(void **state)
{
    offered_again(&source_jsonl, LINE("1") LINE("2") LINE("3"), "report 1 a:1\n", "report 2 a:2\nreport 3 a:3\n");
    offered_again(&source_csv, "id\n1\n2\n3\n", "report 1 a:2\n", "report 2 a:3\nreport 3 a:4\n");
}

static void csv_rows_skip_and_refuse_by_line(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a.csv", WRITE_NEW, "id,x\r\n1,\"a\r\nb\"\r\nskip,\r\n2\r\n3,lost\"\r\n4,\r\n");
    file_say(folder, "b.csv", WRITE_NEW, "x,id\n,5\n");
    file_say(folder, "c.csv", WRITE_NEW, "x,y\n1,2\n3,4\n");
    file_say(folder, "d.csv", WRITE_NEW, "id\n6\n\"7\n8\n");
    source_open(&source, &source_csv, folder, "*.csv", ONCE);
    assert_int_equal(source_read(&source, 1000), STATUS_END);
    assert_string_equal(
        heard_text(&source.heard),
        "report 1 a.csv:2\nskipped a.csv:4\nrefused a.csv:5: the row has 1 cells, the header 2\n"
        "refused a.csv:6: a quote stands where none can be: a cell with quotes is quoted whole, and its quotes are "
        "doubled\n"
        "report 4 a.csv:7\nreport 5 b.csv:2\n"
        "refused c.csv:0: its header, line 1: the header has no column \"id\", which the mapping names (it has 2, the "
        "first is \"x\")\n"
        "report 6 d.csv:2\nrefused d.csv:3: the file ends within a quoted cell\nreport 8 d.csv:4\n");
    source_close(&source);
    folder_remove(folder);
}

static void a_followed_csv_knows_its_header_and_waits_for_the_end_of_a_row(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a.csv", WRITE_NEW, "id,x\n1,\"two\n");
    file_say(folder, "b.csv", WRITE_NEW, "x,id\n,9\n");
    source_open(&source, &source_csv, folder, "*.csv", FOLLOWED);
    assert_int_equal(source_read(&source, 1000), STATUS_AGAIN);
    assert_string_equal(heard_text(&source.heard), "report 9 b.csv:2\n");
    file_say(folder, "a.csv", WRITE_MORE, "lines\"\n2,\n");
    assert_int_equal(source_read(&source, 1000), STATUS_AGAIN);
    assert_string_equal(heard_text(&source.heard), "report 1 a.csv:2\nreport 2 a.csv:4\n");
    file_say(folder, "a.csv", WRITE_NEW, "x,id\n,3\n"); /* written anew, with other columns */
    assert_string_equal(source_wait(&source), "report 3 a.csv:2\n");
    source_close(&source);
    folder_remove(folder);
}

static void every_driver_is_found_by_its_type(void **state)
{
    for (size_t i = 0; source_drivers[i] != NULL; i++)
        assert_ptr_equal(source_driver_find(source_drivers[i]->type), source_drivers[i]);
    assert_null(source_driver_find("carrier-pigeon"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_lines_are_refused_and_the_others_go_on),
        cmocka_unit_test(the_budget_bounds_a_read),
        cmocka_unit_test(a_report_not_taken_is_offered_again),
        cmocka_unit_test(csv_rows_skip_and_refuse_by_line),
        cmocka_unit_test(a_followed_csv_knows_its_header_and_waits_for_the_end_of_a_row),
        cmocka_unit_test(every_driver_is_found_by_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
