#include "tests/unit/proto/unit.h"

#include <locale.h>
#include <stdlib.h>

static void assert_number(double value, const char *expected)
{
    struct text text = {0};
    text_json_number(&text, value);
    assert_text_is(&text, expected);
    text_fini(&text);
}

static void numbers_are_written_as_short_as_they_can_be(void **state)
{
    assert_number(0, "0");
    assert_number(-0.0, "-0.0");
    assert_number(5, "5");
    assert_number(-180, "-180");
    assert_number(51.56, "51.56");
    assert_number(0.1, "0.1");
    assert_number(-0.000001, "-0.000001");
    assert_number(935.2, "935.2");
    assert_number(0.1 + 0.2, "0.30000000000000004");
    assert_number(1.0 / 3, "0.3333333333333333");
    assert_number(1e-7, "1e-7");
    assert_number(1.5e300, "1.5e300");
    assert_number(5e-324, "5e-324");
    assert_number(1e20, "100000000000000000000");
    assert_number(1e21, "1e21");
    assert_number(123456789012.5, "123456789012.5");
    assert_number(4294967295.0, "4294967295");
    assert_number((double)NAN, "null");
    assert_number((double)INFINITY, "null");
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void every_number_reads_back_as_itself(void **state)
{
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next_random(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (i % 2 == 0) /* as coordinates are */
            value = (double)(int64_t)(bits % 360000000000u) / 1e9 - 180;
        if (!isfinite(value))
            continue;
        struct text text = {0};
        text_json_number(&text, value);
        assert_true(strtod(text.data, NULL) == value);
        text_fini(&text);
    }
}

/* Whichever of these is installed has a comma for a decimal point; where none is, the digits' own path is still the
 * same. */
static void the_locale_changes_nothing(void **state)
{
    static const char *const locales[] = {"de_DE.UTF-8", "pl_PL.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++) {
        (void)setlocale(LC_NUMERIC, locales[i]);
        assert_number(0.1 + 0.2, "0.30000000000000004");
        assert_number(1.5e300, "1.5e300");
        assert_number(51.56, "51.56");
        (void)setlocale(LC_NUMERIC, "C");
    }
}

static void strings_escape_what_must_be_and_no_more(void **state)
{
    struct text text = {0};
    text_json_string(&text, SPAN("a\"b\\c/\n\t\r\b\f\x01\x1f\x7fŁódź"));
    assert_text_is(&text, "\"a\\\"b\\\\c/\\n\\t\\r\\b\\f\\u0001\\u001f\x7fŁódź\"");
    text_clear(&text);
    text_json_string(&text, (struct span){NULL, 0});
    assert_text_is(&text, "\"\"");
    text_fini(&text);
}

static void a_text_grows_and_stays_terminated(void **state)
{
    struct text text = {0};
    for (int i = 0; i < 5000; i++)
        text_print(&text, "%d,", i);
    assert_int_equal(text.data[text.size], '\0');
    assert_int_equal(strlen(text.data), text.size);
    size_t size = text.size;
    text_print(&text, "%1000d", 7); /* longer than the small buffer */
    assert_int_equal(text.size, size + 1000);
    size_t room = text.room;
    text_clear(&text);
    assert_int_equal(text.size, 0);
    assert_int_equal(text.room, room);
    text_append(&text, SPAN("x"));
    assert_text_is(&text, "x");
    text_fini(&text);
}

static void a_text_that_cannot_grow_says_so(void **state)
{
    struct text text = {0};
    text_append(&text, SPAN("kept"));
    assert_null(text_extend(&text, SIZE_MAX / 2));
    assert_true(text.failed);
    text_append(&text, SPAN("more"));
    assert_int_equal(text.size, 4);
    text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_short_as_they_can_be),
        cmocka_unit_test(every_number_reads_back_as_itself),
        cmocka_unit_test(the_locale_changes_nothing),
        cmocka_unit_test(strings_escape_what_must_be_and_no_more),
        cmocka_unit_test(a_text_grows_and_stays_terminated),
        cmocka_unit_test(a_text_that_cannot_grow_says_so),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
