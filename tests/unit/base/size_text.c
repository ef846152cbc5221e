/* Sizes, read and written. */
#include "base/size_text.h"

#include "tests/unit/base/unit.h"

static void sizes_are_whole_numbers_with_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
        const char *written;
    } cases[] = {{"0B", 0, "0B"},
                 {"1B", 1, "1B"},
                 {"64KiB", 65536, "64KiB"},
                 {"1024KiB", 1048576, "1MiB"},
                 {"1GiB", 1073741824, "1GiB"},
                 {"1536MiB", 1610612736, "1536MiB"},
                 {"8388607TiB", INT64_MAX / (1ll << 40) * (1ll << 40), "8388607TiB"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char written[SIZE_TEXT_BYTES];
        int64_t bytes = -1;
        assert_int_equal(size_parse(span_of(cases[i].text), &bytes), STATUS_OK);
        assert_true(bytes == cases[i].bytes);
        size_format(bytes, written);
        assert_string_equal(written, cases[i].written);
    }
}

static void anything_else_is_none(void **state)
{
    static const char *const texts[] = {
        "", "1", "KiB", "1kB", "1 GiB", "-1KiB", "1.5GiB", "1gib", "1KiB ", "8388608TiB", "99999999999999999999B"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t bytes = -1;
        assert_int_equal(size_parse(span_of(texts[i]), &bytes), STATUS_INVALID);
        assert_true(bytes == -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_whole_numbers_with_a_unit),
        cmocka_unit_test(anything_else_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
