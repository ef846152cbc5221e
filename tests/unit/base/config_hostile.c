/* Files written by somebody who means harm, or by accident: each is refused with its place, none costs much. */
#include "tests/unit/base/config_complaints.h"
#include "tests/unit/base/unit.h"

#include <string.h>
#include <time.h>

static void assert_refused(struct span text, const char *complaint)
{
    struct parsed parsed;
    parse(&parsed, text);
    assert_int_equal(parsed.status, STATUS_INVALID);
    assert_null(parsed.config);
    assert_string_equal(parsed_complaints(&parsed), complaint);
    parsed_fini(&parsed);
}

static void anchors_aliases_tags_and_second_documents_are_refused_where_they_stand(void **state)
{
    assert_refused(SPAN("state: &a x\n"),
                   "vedette.yaml:1:8: an anchor (&), expected none: every value is written out\n");
    assert_refused(SPAN("rules:\n  - &a [x]\n"),
                   "vedette.yaml:2:5: an anchor (&), expected none: every value is written out\n");
    assert_refused(SPAN("state: *a\n"), "vedette.yaml:1:8: an alias (*), expected none: every value is written out\n");
    assert_refused(SPAN("state: !!str x\n"), "vedette.yaml:1:8: a tag (!), expected none: types come from the keys\n");
    assert_refused(SPAN("rules: ! [x]\n"), "vedette.yaml:1:8: a tag (!), expected none: types come from the keys\n");
    assert_refused(SPAN("state: x\n---\nstate: y\n"), "vedette.yaml:2:1: a second document, expected one\n");
}

static void a_billion_laughs_are_refused_at_the_first(void **state)
{
    assert_refused(SPAN("rules: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n"
                        "bus: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                        "sink: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"),
                   "vedette.yaml:1:8: an anchor (&), expected none: every value is written out\n");
}

static void nesting_is_taken_to_sixteen_and_refused_beyond(void **state)
{
    struct parsed parsed;
    parse(&parsed, SPAN("rules: [[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]\n")); /* a map and fifteen lists */
    assert_int_equal(parsed.status, STATUS_OK);
    const struct config_node *node = config_block(parsed.config, "rules");
    for (int i = 0; i < 15; i++)
        node = config_item(node, 0);
    assert_string_equal(config_text(node).data, "x");
    parsed_fini(&parsed);
    assert_refused(SPAN("rules: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n"),
                   "vedette.yaml:1:23: lists and maps nested deeper than 16, expected a flatter configuration\n");
}

static char *repeated(const char *head, const char *piece, size_t times, const char *tail)
{
    size_t piece_size = strlen(piece);
    char *text = malloc(strlen(head) + piece_size * times + strlen(tail) + 1);
    assert_non_null(text);
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < times; i++)
        at = stpcpy(at, piece);
    stpcpy(at, tail);
    return text;
}

static void a_megabyte_of_brackets_is_refused_without_a_stack(void **state)
{
    static const char *const pieces[] = {"[", "{", "- ", "? ", "{a: "};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char *text = repeated("", pieces[i], 250000, "");
        struct parsed parsed;
        parse(&parsed, span_of(text));
        assert_int_equal(parsed.status, STATUS_INVALID);
        assert_true(strlen(parsed_complaints(&parsed)) > 0);
        parsed_fini(&parsed);
        free(text);
    }
}

static void the_densest_megabyte_is_read_within_bounded_memory_and_time(void **state)
{
    static const struct {
        const char *head, *piece, *tail;
        size_t complaints; /* 0: none */
    } rows[] = {
        {"rules: [", "a,", "]", 0},
        {"rules: {", "a,", "}", 1},   /* one key half a million times */
        {"rules: [", "a: ,", "]", 0}, /* a map in each entry */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t times = (1024 * 1024 - 20) / strlen(rows[i].piece);
        char *text = repeated(rows[i].head, rows[i].piece, times, rows[i].tail);
        struct parsed parsed;
        clock_t start = clock();
        parse(&parsed, span_of(text));
        assert_int_equal(parsed.status, STATUS_OK);
        assert_int_equal(config_count(config_block(parsed.config, "rules")), times);
        assert_int_equal(config_complaints(parsed.config), rows[i].complaints ? times - 1 : 0);
        assert_true((clock() - start) / CLOCKS_PER_SEC < 20); /* quadratic would be minutes */
        parsed_fini(&parsed);
        free(text);
    }
}

static void a_hundred_complaints_are_shown_and_all_are_counted(void **state)
{
    char *text = repeated("state: x\n", "state: x\n", 5000, "");
    struct parsed parsed;
    parse(&parsed, span_of(text));
    assert_int_equal(parsed.status, STATUS_OK);
    assert_int_equal(config_complaints(parsed.config), 5000);
    const char *complaints = parsed_complaints(&parsed);
    size_t lines = 0;
    for (const char *at = complaints; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 101);
    assert_non_null(strstr(complaints, "vedette.yaml: more faults follow, not shown\n"));
    parsed_fini(&parsed);
    free(text);
}

static void bytes_that_are_no_text_are_refused_with_their_place(void **state)
{
    assert_refused(SPAN("state: \xFF\xFE\n"), "vedette.yaml:1:8: byte 0xff, expected text in UTF-8\n");
    assert_refused(SPAN("a: b\nd: \xC3(\n"), "vedette.yaml:2:4: byte 0xc3, expected text in UTF-8\n");
    assert_refused(SPAN("state: łó\0dź\n"), "vedette.yaml:1:10: byte 0x00, expected text in UTF-8\n");
    assert_refused(SPAN("\x7f"
                        "ELF\x02\x01\x01"),
                   "vedette.yaml:1:1: byte 0x7f, expected text in UTF-8\n");
    assert_refused(SPAN("\xFF\xFEs\0t\0"), "vedette.yaml:1:1: byte 0xff, expected text in UTF-8\n");
    assert_refused(SPAN("a: b\r\nc: d\re: \x1b[31m"), "vedette.yaml:3:4: byte 0x1b, expected text in UTF-8\n");
}

static void escaped_control_characters_are_refused_too(void **state)
{
    assert_refused(SPAN("state: \"a\\0b\"\n"),
                   "vedette.yaml:1:8: an escaped control character, expected text without\n");
    assert_refused(SPAN("state: \"\\e[31m\"\n"),
                   "vedette.yaml:1:8: an escaped control character, expected text without\n");
}

static void what_is_not_yaml_or_no_map_is_refused(void **state)
{
    assert_refused(SPAN("rules: [a\nbus: b\n"),
                   "vedette.yaml:2:4: did not find expected ',' or ']' while parsing a flow sequence, expected YAML\n");
    assert_refused(SPAN("- a\n- b\n"), "vedette.yaml:1:1: a list, expected a map of blocks\n");
    assert_refused(SPAN("hello"), "vedette.yaml:1:1: \"hello\", expected a map of blocks\n");
    assert_refused(SPAN("? [a, b]\n: c\n"), "vedette.yaml:1:3: a list as a key, expected a name\n");
    assert_refused(SPAN("? {a: b}\n: c\n"), "vedette.yaml:1:3: a map as a key, expected a name\n");
    assert_refused(SPAN("'': c\n"), "vedette.yaml:1:1: an empty key, expected a name\n");
}

static void more_than_a_megabyte_is_refused_and_a_megabyte_is_not(void **state)
{
    char *text = repeated("state: ", "x", 1024 * 1024 - 7, "");
    struct parsed parsed;
    parse(&parsed, span_of(text));
    assert_int_equal(parsed.status, STATUS_OK);
    parsed_fini(&parsed);
    free(text);
    text = repeated("state: ", "x", 1024 * 1024 - 6, "");
    assert_refused(span_of(text),
                   "vedette.yaml:1:1: more than 1 MiB of text, expected a configuration of 1 MiB at most\n");
    free(text);
}

/* Any change of any byte of a real file is read or refused, with a complaint in the second case. */
static void damaged_files_are_read_or_refused_and_nothing_else(void **state)
{
    static const char sound[] = "rules:\n  - name: airspace\n    categories: [air.drone.*, \"sea\"]\n"
                                "    caps: {duration: 60d, extent_km: 3000}\nstate: ./state # c\nsink: |\n  text\n";
    static const char damage[] = "\0\n\t :-[]{},&*!|>'\"%@`#?~\x80\xFF\x1b";
    for (size_t at = 0; at < sizeof sound - 1; at++) {
        for (size_t i = 0; i < sizeof damage - 1; i++) {
            char *text = malloc(sizeof sound - 1);
            memcpy(text, sound, sizeof sound - 1);
            text[at] = damage[i];
            struct parsed parsed;
            parse(&parsed, (struct span){text, sizeof sound - 1});
            if (parsed.status != STATUS_OK) {
                assert_int_equal(parsed.status, STATUS_INVALID);
                assert_memory_equal(parsed_complaints(&parsed), "vedette.yaml:", 13);
            } else {
                assert_int_equal(config_complaints(parsed.config) > 0, parsed_complaints(&parsed)[0] != '\0');
            }
            parsed_fini(&parsed);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors_aliases_tags_and_second_documents_are_refused_where_they_stand),
        cmocka_unit_test(a_billion_laughs_are_refused_at_the_first),
        cmocka_unit_test(nesting_is_taken_to_sixteen_and_refused_beyond),
        cmocka_unit_test(a_megabyte_of_brackets_is_refused_without_a_stack),
        cmocka_unit_test(the_densest_megabyte_is_read_within_bounded_memory_and_time),
        cmocka_unit_test(a_hundred_complaints_are_shown_and_all_are_counted),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_with_their_place),
        cmocka_unit_test(escaped_control_characters_are_refused_too),
        cmocka_unit_test(what_is_not_yaml_or_no_map_is_refused),
        cmocka_unit_test(more_than_a_megabyte_is_refused_and_a_megabyte_is_not),
        cmocka_unit_test(damaged_files_are_read_or_refused_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
