#include "base/config.h"

#include "tests/unit/base/config_complaints.h"
#include "tests/unit/base/unit.h"

#include <sys/stat.h>
#include <unistd.h>

static void a_tree_keeps_order_text_and_lines(void **state)
{
    struct parsed parsed;
    parse(&parsed, SPAN("# a comment\n"
                        "rules:\n"
                        "  - name: airspace\n"
                        "    categories: [air.drone.*, 'sea.cable']\n"
                        "    caps: {duration: 60d}\n"
                        "  - name: \"b\\tc\"\n"
                        "state: ~\n"));
    assert_int_equal(parsed.status, STATUS_OK);
    assert_string_equal(parsed_complaints(&parsed), "");
    assert_int_equal(config_complaints(parsed.config), 0);
    const struct config_node *rules = config_block(parsed.config, "rules");
    assert_non_null(rules);
    assert_int_equal(config_kind(rules), CONFIG_LIST);
    assert_int_equal(config_count(rules), 2);
    const struct config_node *rule = config_item(rules, 0);
    assert_int_equal(config_kind(rule), CONFIG_MAP);
    assert_int_equal(config_count(rule), 3);
    assert_true(span_equal(config_key(rule, 2), SPAN("caps")));
    assert_int_equal(config_kind(config_item(rule, 2)), CONFIG_MAP);
    const struct config_node *categories = config_find(rule, "categories");
    assert_int_equal(config_count(categories), 2);
    assert_true(span_equal(config_text(config_item(categories, 1)), SPAN("sea.cable")));
    assert_int_equal(config_text(config_item(categories, 0)).data[11], '\0');
    assert_true(span_equal(config_text(categories), SPAN("")));
    assert_true(span_equal(config_text(config_find(config_item(rules, 1), "name")), SPAN("b\tc")));
    assert_null(config_find(rule, "window"));
    assert_null(config_block(parsed.config, "sink"));
    parsed_fini(&parsed);
}

static void a_null_counts_as_absent_and_quotes_make_it_a_text(void **state)
{
    struct parsed parsed;
    parse(&parsed, SPAN("state: null\nbus:\nsink: {a: ~, b: '', c: 'null', d: []}\n"));
    assert_int_equal(parsed.status, STATUS_OK);
    assert_null(config_block(parsed.config, "state"));
    assert_null(config_block(parsed.config, "bus"));
    const struct config_node *sink = config_block(parsed.config, "sink");
    assert_null(config_find(sink, "a"));
    assert_int_equal(config_kind(config_item(sink, 0)), CONFIG_NULL);
    assert_int_equal(config_kind(config_find(sink, "b")), CONFIG_SCALAR);
    assert_true(span_equal(config_text(config_find(sink, "c")), SPAN("null")));
    assert_int_equal(config_count(config_find(sink, "d")), 0);
    parsed_fini(&parsed);
}

static void country_codes_are_texts_not_truths(void **state)
{
    struct parsed parsed;
    parse(&parsed, SPAN("rules: [NO, ON, yes, 1e3, 0x10]\n"));
    const struct config_node *rules = config_block(parsed.config, "rules");
    static const char *const texts[] = {"NO", "ON", "yes", "1e3", "0x10"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(config_text(config_item(rules, i)).data, texts[i]);
    parsed_fini(&parsed);
}

static void an_empty_file_has_no_blocks(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# only a comment", "---\n", "---\n...\n", "~\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct parsed parsed;
        parse(&parsed, span_of(texts[i]));
        assert_int_equal(parsed.status, STATUS_OK);
        assert_null(config_block(parsed.config, "rules"));
        config_complain(parsed.config, NULL, "no rules, expected some");
        assert_string_equal(parsed_complaints(&parsed), "vedette.yaml:1:1: no rules, expected some\n");
        assert_int_equal(config_complaints(parsed.config), 1);
        parsed_fini(&parsed);
    }
}

static void windows_line_ends_and_a_byte_order_mark_are_taken(void **state)
{
    struct parsed parsed;
    parse(&parsed, SPAN("\xEF\xBB\xBFrules: [a]\r\nstate: x\r\n"));
    assert_string_equal(parsed_complaints(&parsed), "");
    assert_int_equal(parsed.status, STATUS_OK);
    assert_string_equal(config_text(config_block(parsed.config, "state")).data, "x");
    assert_non_null(config_block(parsed.config, "rules"));
    parsed_fini(&parsed);
}

static void an_unknown_block_is_complained_about_and_reading_goes_on(void **state)
{
    struct parsed parsed;
    parse(&parsed, SPAN("ruls: []\nstate: x\ncolour: red\n"));
    assert_int_equal(parsed.status, STATUS_OK);
    assert_string_equal(parsed_complaints(&parsed),
                        "vedette.yaml:1:1: unknown block \"ruls\", expected one of rules, state, bus, sources, sink "
                        "(did you mean \"rules\"?)\n"
                        "vedette.yaml:3:1: unknown block \"colour\", expected one of rules, state, bus, sources, "
                        "sink\n");
    assert_int_equal(config_complaints(parsed.config), 2);
    assert_non_null(config_block(parsed.config, "state"));
    parsed_fini(&parsed);
}

static void a_key_given_twice_is_complained_about_at_any_depth(void **state)
{
    struct parsed parsed;
    parse(&parsed, SPAN("state: a\n"
                        "sink: {store: x, alerts: [], 'store': y}\n"
                        "state: b\n"));
    assert_int_equal(parsed.status, STATUS_OK);
    assert_string_equal(parsed_complaints(&parsed),
                        "vedette.yaml:2:30: \"store\" again (first in line 2), expected every key once\n"
                        "vedette.yaml:3:1: \"state\" again (first in line 1), expected every key once\n");
    assert_string_equal(config_text(config_block(parsed.config, "state")).data, "a");
    parsed_fini(&parsed);
}

static void complaints_cannot_steer_the_terminal(void **state)
{
    struct parsed parsed;
    parsed_init(&parsed);
    parsed.status = config_parse(SPAN("state: x"), "a\nb.yaml", test_blocks, parsed.stream, &parsed.config);
    assert_int_equal(parsed.status, STATUS_OK);
    config_complain(parsed.config, config_block(parsed.config, "state"), "red \x1b[31m, expected plain");
    assert_string_equal(parsed_complaints(&parsed), "a\\x0ab.yaml:1:8: red \\x1b[31m, expected plain\n");
    parsed_fini(&parsed);
}

/* ---- files ---- */

static enum status open_file(struct parsed *parsed, const char *path)
{
    parsed_init(parsed);
    return config_open(path, test_blocks, parsed->stream, &parsed->config);
}

static void a_file_that_cannot_be_read_is_named_with_the_reason(void **state)
{
    struct parsed parsed;
    assert_int_equal(open_file(&parsed, "/nonexistent/vedette.yaml"), STATUS_NOT_FOUND);
    assert_string_equal(parsed_complaints(&parsed), "/nonexistent/vedette.yaml: No such file or directory\n");
    assert_null(parsed.config);
    parsed_fini(&parsed);
    assert_int_equal(open_file(&parsed, "/"), STATUS_IO);
    assert_string_equal(parsed_complaints(&parsed), "/: Is a directory\n");
    parsed_fini(&parsed);
}

static void a_file_without_end_is_refused_by_its_size(void **state)
{
    struct parsed parsed;
    assert_int_equal(open_file(&parsed, "/dev/zero"), STATUS_INVALID);
    assert_string_equal(parsed_complaints(&parsed),
                        "/dev/zero:1:1: more than 1 MiB of text, expected a configuration of 1 MiB at most\n");
    parsed_fini(&parsed);
}

static void paths_start_at_the_folder_of_the_file(void **state)
{
    char folder[] = "/tmp/vedette-config-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64], expected[64];
    snprintf(path, sizeof path, "%s/c.yaml", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("sink: {a: ./in/*.jsonl, b: ../x, c: /abs, d: '-', e: plain}\n", file);
    fclose(file);

    struct target {
        const char *a, *b, *c, *d, *e, *f;
    } target = {0};
    static const struct config_row rows[] = {
        {.key = "a", .type = CONFIG_PATH, .offset = offsetof(struct target, a)},
        {.key = "b", .type = CONFIG_PATH, .offset = offsetof(struct target, b)},
        {.key = "c", .type = CONFIG_PATH, .offset = offsetof(struct target, c)},
        {.key = "d", .type = CONFIG_PATH, .offset = offsetof(struct target, d)},
        {.key = "e", .type = CONFIG_PATH, .offset = offsetof(struct target, e)},
        {.key = "f", .type = CONFIG_PATH, .offset = offsetof(struct target, f), .fallback = "./state"},
        {0},
    };
    char *here = getcwd(NULL, 0);
    for (int relative = 0; relative < 2; relative++) {
        struct parsed parsed;
        if (relative)
            assert_int_equal(chdir(folder), 0);
        assert_int_equal(open_file(&parsed, relative ? "c.yaml" : path), STATUS_OK);
        assert_true(config_read(parsed.config, config_block(parsed.config, "sink"), rows, &target));
        snprintf(expected, sizeof expected, "%s/in/*.jsonl", folder);
        assert_string_equal(target.a, expected);
        snprintf(expected, sizeof expected, "%s/../x", folder);
        assert_string_equal(target.b, expected);
        assert_string_equal(target.c, "/abs");
        assert_string_equal(target.d, "-");
        snprintf(expected, sizeof expected, "%s/plain", folder);
        assert_string_equal(target.e, expected);
        snprintf(expected, sizeof expected, "%s/state", folder);
        assert_string_equal(target.f, expected);
        parsed_fini(&parsed);
    }
    assert_int_equal(chdir(here), 0);
    free(here);
    unlink(path);
    rmdir(folder);
}

static void blocks_are_the_same_whatever_the_layout(void **state)
{
    static const char *const blocks[] = {"a", "b", "c", "d", NULL};
    struct config *one, *other;
    assert_int_equal(config_parse(SPAN("a: {x: 1, y: [1, 2]}\nb: text\nc: [1]\n"), "one", blocks, stderr, &one),
                     STATUS_OK);
    assert_int_equal(config_parse(SPAN("# moved\nb: text\na:\n  x: 1\n  y:\n    - 1\n    - 2\nc: [2]\nd: new\n"),
                                  "other", blocks, stderr, &other),
                     STATUS_OK);
    assert_true(config_same(config_block(one, "a"), config_block(other, "a")));
    assert_true(config_same(config_block(one, "b"), config_block(other, "b")));
    assert_false(config_same(config_block(one, "c"), config_block(other, "c")));
    assert_false(config_same(config_block(one, "d"), config_block(other, "d")));
    assert_true(config_same(config_block(one, "d"), NULL));
    assert_false(config_same(config_block(one, "a"), config_block(other, "b")));
    config_close(one);
    config_close(other);
}

static void a_path_of_its_own_starts_at_the_folder_of_the_file(void **state)
{
    static const char *const blocks[] = {"a", "b", "c", NULL};
    struct config *config;
    char *said = NULL, expected[4200], folder[4096];
    size_t size;
    FILE *complaints = open_memstream(&said, &size);
    assert_non_null(getcwd(folder, sizeof folder));
    assert_int_equal(config_parse(SPAN("a: ./b.vdb\nb: /abs\nc: [x]\n"), "c.yaml", blocks, complaints, &config),
                     STATUS_OK);
    snprintf(expected, sizeof expected, "%s/b.vdb", folder);
    assert_string_equal(config_path(config, config_block(config, "a")), expected);
    assert_string_equal(config_path(config, config_block(config, "b")), "/abs");
    assert_null(config_path(config, config_block(config, "c")));
    fflush(complaints);
    assert_string_equal(said, "c.yaml:3:4: found a list, expected a path\n");
    config_close(config);
    fclose(complaints);
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_keeps_order_text_and_lines),
        cmocka_unit_test(a_null_counts_as_absent_and_quotes_make_it_a_text),
        cmocka_unit_test(country_codes_are_texts_not_truths),
        cmocka_unit_test(an_empty_file_has_no_blocks),
        cmocka_unit_test(windows_line_ends_and_a_byte_order_mark_are_taken),
        cmocka_unit_test(an_unknown_block_is_complained_about_and_reading_goes_on),
        cmocka_unit_test(a_key_given_twice_is_complained_about_at_any_depth),
        cmocka_unit_test(complaints_cannot_steer_the_terminal),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named_with_the_reason),
        cmocka_unit_test(a_file_without_end_is_refused_by_its_size),
        cmocka_unit_test(paths_start_at_the_folder_of_the_file),
        cmocka_unit_test(a_path_of_its_own_starts_at_the_folder_of_the_file),
        cmocka_unit_test(blocks_are_the_same_whatever_the_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
