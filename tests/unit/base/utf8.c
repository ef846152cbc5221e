#include "base/utf8.h"

#include "tests/unit/base/unit.h"

#include <stdlib.h>

static void well_formed_text_is_plain(void **state)
{
    assert_true(utf8_is_plain(SPAN("")));
    assert_true(utf8_is_plain((struct span){NULL, 0}));
    assert_true(utf8_is_plain(SPAN("Rzeszów, Жешув, 日本, 😀")));
    assert_true(utf8_is_plain(SPAN("\xC2\xA0 \xED\x9F\xBF \xEE\x80\x80 \xF4\x8F\xBF\xBF")));
}

static void malformed_sequences_are_refused(void **state)
{
    static const char *const texts[] = {"\x80",             /* a tail alone */
                                        "\xC3",             /* cut */
                                        "\xE2\x82",         /* cut */
                                        "\xF0\x9F\x98",     /* cut */
                                        "\xC0\xAF",         /* overlong / */
                                        "\xC1\xBF",         /* overlong */
                                        "\xE0\x80\xAF",     /* overlong */
                                        "\xF0\x80\x80\xAF", /* overlong */
                                        "\xED\xA0\x80",     /* surrogate */
                                        "\xED\xBF\xBF",     /* surrogate */
                                        "\xF4\x90\x80\x80", /* beyond U+10FFFF */
                                        "\xF5\x80\x80\x80",
                                        "\xFE",
                                        "\xFF",
                                        "\xC3(",
                                        "\xE2(\xA1",
                                        "\xE2\x82(",
                                        "\xF0\x9F\x98("};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(utf8_character(span_of(texts[i])), 0);
        assert_false(utf8_is_plain(span_of(texts[i])));
        assert_false(utf8_is_text(span_of(texts[i])));
    }
}

static void every_character_has_its_size_and_no_other(void **state)
{
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        size_t size;
        if (code < 0x80) {
            bytes[0] = (char)code;
            size = 1;
        } else if (code < 0x800) {
            bytes[0] = (char)(0xC0 | code >> 6);
            size = 2;
        } else if (code < 0x10000) {
            bytes[0] = (char)(0xE0 | code >> 12);
            size = 3;
        } else {
            bytes[0] = (char)(0xF0 | code >> 18);
            size = 4;
        }
        for (size_t i = 1; i < size; i++)
            bytes[i] = (char)(0x80 | ((code >> 6 * (size - 1 - i)) & 0x3F));
        int surrogate = code >= 0xD800 && code <= 0xDFFF;
        int control = code < 0x20 || (code >= 0x7F && code < 0xA0);
        if (utf8_character((struct span){bytes, size}) != (surrogate ? 0 : size))
            fail_msg("U+%04X", code);
        if (utf8_is_plain((struct span){bytes, size}) != !(surrogate || control))
            fail_msg("U+%04X", code);
    }
}

static void control_characters_are_not_plain_but_tab_and_line_feed_are_text(void **state)
{
    assert_false(utf8_is_plain(SPAN("a\tb")));
    assert_false(utf8_is_plain(SPAN("a\nb")));
    assert_true(utf8_is_text(SPAN("a\tb\nc")));
    assert_false(utf8_is_text(SPAN("a\r\n")));
    assert_false(utf8_is_text(SPAN("a\0b")));
    assert_false(utf8_is_plain(SPAN("\x1b[31m")));
    assert_false(utf8_is_text(SPAN("\x7f")));
    assert_false(utf8_is_text(SPAN("\xC2\x9B")));
}

static void shown_text_has_no_bytes_that_steer_a_terminal(void **state)
{
    char text[64];
    assert_int_equal(utf8_printable(SPAN("Łódź \x1b[31m\n\0\xFF\xC2\x9B."), text, sizeof text),
                     8 + 4 + 4 + 4 + 4 + 4 + 8 + 1);
    assert_string_equal(text, "Łódź \\x1b[31m\\x0a\\x00\\xff\\xc2\\x9b.");
    assert_int_equal(utf8_printable(SPAN(""), text, sizeof text), 0);
    assert_string_equal(text, "");
    utf8_printable(SPAN("\xE2\x82"
                        "a"),
                   text, sizeof text); /* what follows a cut sequence is kept */
    assert_string_equal(text, "\\xe2\\x82"
                              "a");
}

static void text_longer_than_the_room_is_cut_between_characters(void **state)
{
    char text[64];
    assert_int_equal(utf8_printable(SPAN("abcdefgh"), text, 9), 8);
    assert_string_equal(text, "abcdefgh");
    assert_int_equal(utf8_printable(SPAN("abcdefghi"), text, 9), 8);
    assert_string_equal(text, "abcde…");
    assert_int_equal(utf8_printable(SPAN("ąąąąąąąą"), text, 9), 7);
    assert_string_equal(text, "ąą…");
    assert_int_equal(utf8_printable(SPAN("a\n\n\n"), text, 9), 8);
    assert_string_equal(text, "a\\x0a…");
    assert_int_equal(utf8_printable(SPAN("abcd"), text, 3), 2);
    assert_string_equal(text, "ab");
    assert_int_equal(utf8_printable(SPAN("abcd"), text, 4), 3);
    assert_string_equal(text, "…");
    text[0] = 'x';
    assert_int_equal(utf8_printable(SPAN("abcd"), text, 0), 0);
    assert_int_equal(text[0], 'x');
}

static void no_bytes_of_any_kind_leave_the_room_or_break_utf8(void **state)
{
    uint32_t seed = 20250910;
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (char)(seed >> 24);
        }
        size_t room = 1 + seed % 40;
        char *text = malloc(room);
        size_t size = utf8_printable((struct span){bytes, sizeof bytes}, text, room);
        assert_true(size < room);
        assert_int_equal(text[size], '\0');
        assert_true(utf8_is_plain((struct span){text, size}));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_plain),
        cmocka_unit_test(malformed_sequences_are_refused),
        cmocka_unit_test(every_character_has_its_size_and_no_other),
        cmocka_unit_test(control_characters_are_not_plain_but_tab_and_line_feed_are_text),
        cmocka_unit_test(shown_text_has_no_bytes_that_steer_a_terminal),
        cmocka_unit_test(text_longer_than_the_room_is_cut_between_characters),
        cmocka_unit_test(no_bytes_of_any_kind_leave_the_room_or_break_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
