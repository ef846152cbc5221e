#include "tests/unit/proto/unit.h"

static void two_capital_letters_are_a_code(void **state)
{
    country_code code;
    char text[3];
    assert_int_equal(country_code_parse(SPAN("EE"), &code), STATUS_OK);
    country_code_text(code, text);
    assert_string_equal(text, "EE");
    static const char *const wrong[] = {"", "E", "ee", "EST", "E1", "Ee", "\xc3\x85"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(country_code_parse(span_of(wrong[i]), &code), STATUS_INVALID);
}

static void numeric_order_is_alphabetic(void **state)
{
    assert_true(COUNTRY_CODE('A', 'Z') < COUNTRY_CODE('B', 'A'));
    assert_true(COUNTRY_CODE('P', 'L') < COUNTRY_CODE('P', 'T'));
}

static void codes_have_names_and_unknown_ones_their_letters(void **state)
{
    assert_string_equal(country_name(COUNTRY_CODE('A', 'D')), "Andorra");
    assert_string_equal(country_name(COUNTRY_CODE('E', 'E')), "Estonia");
    assert_string_equal(country_name(COUNTRY_CODE('P', 'L')), "Poland");
    assert_string_equal(country_name(COUNTRY_CODE('X', 'K')), "Kosovo");
    assert_string_equal(country_name(COUNTRY_CODE('Z', 'W')), "Zimbabwe");
    assert_string_equal(country_name(COUNTRY_CODE('Q', 'Q')), "QQ");
    assert_string_equal(country_name(0), "??");
}

static void two_hundred_and_fifty_codes_are_named(void **state)
{
    size_t named = 0;
    for (char a = 'A'; a <= 'Z'; a++) {
        for (char b = 'A'; b <= 'Z'; b++)
            named += strlen(country_name(COUNTRY_CODE(a, b))) > 2;
    }
    assert_int_equal(named, 250); /* ISO 3166-1 has 249 */
}

static struct report with_countries(const struct country *countries, size_t count)
{
    return (struct report){.has_countries = true, .countries = countries, .country_count = count};
}

static void where_counts_and_affected_only_where_there_is_none(void **state)
{
    static const struct country both[] = {{COUNTRY_CODE('E', 'E'), COUNTRY_AFFECTED},
                                          {COUNTRY_CODE('F', 'I'), COUNTRY_WHERE},
                                          {COUNTRY_CODE('R', 'U'), COUNTRY_ORIGIN}};
    static const struct country sea[] = {{COUNTRY_CODE('E', 'E'), COUNTRY_AFFECTED},
                                         {COUNTRY_CODE('F', 'I'), COUNTRY_AFFECTED},
                                         {COUNTRY_CODE('R', 'U'), COUNTRY_CLAIMED_BY}};
    country_code codes[4];
    struct report report = with_countries(both, 3);
    assert_int_equal(report_counted_countries(&report, codes, 4), 1);
    assert_int_equal(codes[0], COUNTRY_CODE('F', 'I'));
    report = with_countries(sea, 3);
    assert_int_equal(report_counted_countries(&report, codes, 4), 2);
    assert_int_equal(codes[0], COUNTRY_CODE('E', 'E'));
    assert_int_equal(codes[1], COUNTRY_CODE('F', 'I'));
    assert_int_equal(report_counted_countries(&report, codes, 1), 1);
    report = with_countries(NULL, 0);
    assert_int_equal(report_counted_countries(&report, codes, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_capital_letters_are_a_code),
        cmocka_unit_test(numeric_order_is_alphabetic),
        cmocka_unit_test(codes_have_names_and_unknown_ones_their_letters),
        cmocka_unit_test(two_hundred_and_fifty_codes_are_named),
        cmocka_unit_test(where_counts_and_affected_only_where_there_is_none),
    };
    return cmocka_run_group_tests_name("country", tests, NULL, NULL);
}
