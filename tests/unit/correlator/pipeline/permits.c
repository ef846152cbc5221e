#include "correlator/permits.h"

#include "bus/keys/allowed.h"
#include "proto/json.h"
#include "reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those before it
#include <cmocka.h>

static struct permits permits;
static const struct allowed_key desk = {.name = "desk", .role = KEY_AGENT, .sources = "desk,list"};
static const struct peer peer = {.name = "desk", .epoch = 1, .reason = "", .key = &desk};

static struct span packed(struct text *text, const char *source)
{
    struct report report = report_make("1", 0);
    report.source = span_of(source);
    text_clear(text);
    assert_int_equal(report_pack(&report, text), STATUS_OK);
    return (struct span){text->data, text->size};
}

static void reports_of_other_sources_become_empty_items(void **state)
{
    (void)state;
    struct text mine = {0}, foreign = {0}, near = {0};
    permits = (struct permits){0};
    const struct span items[] = {packed(&mine, "list"), packed(&foreign, "other"), packed(&near, "lis")};
    const struct span *seen = permits_items(&permits, &peer, items, 3);
    assert_true(span_equal(seen[0], items[0]));
    assert_int_equal(seen[1].size, 0);
    assert_int_equal(seen[2].size, 0);
    assert_int_equal(permits.forbidden, 2);
    assert_ptr_equal(permits_items(&permits, &peer, items, 1), items); /* nothing to refuse: nothing is copied */
    text_fini(&mine);
    text_fini(&foreign);
    text_fini(&near);
}

/* A reader takes the last field of a name; so does who judges. */
static void a_source_said_twice_is_the_last_one(void **state)
{
    (void)state;
    struct text item = {0}, other = {0};
    struct arena arena;
    struct report report;
    struct span source;
    char reason[REASON_BYTES];
    (void)packed(&item, "desk");
    text_append(&item, SPAN("\x0a\x05other"));
    struct span bytes = {item.data, item.size};
    arena_init(&arena, 1u << 20);
    assert_int_equal(report_unpack(bytes, &arena, &report, reason), STATUS_OK);
    assert_true(span_equal(report.source, SPAN("other")));
    assert_true(report_source(bytes, &source));
    assert_true(span_equal(source, SPAN("other")));
    permits = (struct permits){0};
    assert_int_equal(permits_items(&permits, &peer, &bytes, 1)[0].size, 0);
    arena_fini(&arena);
    text_fini(&item);
    text_fini(&other);
}

static void what_is_no_report_is_refused(void **state)
{
    (void)state;
    const struct span items[] = {SPAN(""), SPAN("\xff\xff"),
                                 SPAN("\x0a\x04"
                                      "desk\xff"),
                                 SPAN("\x08\x01"), SPAN("\x0a\x00")};
    permits = (struct permits){0};
    const struct span *seen = permits_items(&permits, &peer, items, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(seen[i].size, 0);
}

static void nobody_promises_for_the_sources_of_others(void **state)
{
    (void)state;
    const struct source_mark marks[] = {{SPAN("other"), 1, SOURCE_ENDED}, {SPAN("list"), 2, SOURCE_LIVE}};
    size_t count = 2;
    permits = (struct permits){0};
    const struct source_mark *seen = permits_marks(&permits, &peer, marks, &count);
    assert_int_equal(count, 1);
    assert_true(span_equal(seen[0].source, SPAN("list")));
}

static void without_keys_everybody_may(void **state)
{
    (void)state;
    const struct peer anybody = {.name = "desk", .epoch = 1, .reason = ""};
    const struct source_mark mark = {SPAN("other"), 1, SOURCE_ENDED};
    struct text item = {0};
    size_t count = 1;
    permits = (struct permits){0};
    struct span bytes = packed(&item, "other");
    assert_ptr_equal(permits_items(&permits, &anybody, &bytes, 1), &bytes);
    assert_ptr_equal(permits_marks(&permits, &anybody, &mark, &count), &mark);
    assert_int_equal(permits.forbidden, 0);
    text_fini(&item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_of_other_sources_become_empty_items),
        cmocka_unit_test(a_source_said_twice_is_the_last_one),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(nobody_promises_for_the_sources_of_others),
        cmocka_unit_test(without_keys_everybody_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
