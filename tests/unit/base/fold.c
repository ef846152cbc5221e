#include "base/fold.h"

#include "tests/unit/base/unit.h"

static void assert_folds(struct span text, struct span expected)
{
    char folded[64];
    size_t size = text_fold(text, folded, sizeof folded);
    assert_int_equal(size, expected.size);
    assert_memory_equal(folded, expected.data, size);
}

static void ends_are_trimmed_runs_are_one_blank_letters_are_lowered(void **state)
{
    assert_folds(SPAN(""), SPAN(""));
    assert_folds(SPAN(" \t\n "), SPAN(""));
    assert_folds(SPAN("  Agence \t France-PRESSE\n"), SPAN("agence france-presse"));
    assert_folds(SPAN("\xC2\xA0ŻÓŁĆ\xC2\xA0"), SPAN("żółć")); /* a no-break space is white */
}

static void what_is_no_utf8_is_kept(void **state)
{
    assert_folds(SPAN("A\xFFZ"), SPAN("a\xFFz"));
    assert_folds(SPAN("\xE2\x82"), SPAN("\xE2\x82"));
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
    char folded[5];
    assert_int_equal(text_fold(SPAN("ab ŻŻ"), folded, sizeof folded), 5);
    assert_memory_equal(folded, "ab ż", 5);
    assert_int_equal(text_fold(SPAN("abcŻŻ"), folded, 4), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_trimmed_runs_are_one_blank_letters_are_lowered),
        cmocka_unit_test(what_is_no_utf8_is_kept),
        cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
    };
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
