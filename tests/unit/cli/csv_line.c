#include "cli/csv_line.h"

#include "tests/unit/cli/unit.h"

#include <math.h>

static void fields_with_commas_quotes_and_line_ends_are_quoted(void **state)
{
    (void)state;
    struct text line = {0};
    csv_line_text(&line, SPAN("plain"));
    csv_line_text(&line, SPAN("a,b"));
    csv_line_text(&line, SPAN("say \"no\""));
    csv_line_text(&line, SPAN("two\nlines"));
    csv_line_end(&line);
    assert_string_equal(line.data, "plain,\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\r\n");
    text_fini(&line);
}

static void nothing_known_is_an_empty_field(void **state)
{
    (void)state;
    struct text line = {0};
    csv_line_text(&line, SPAN(""));
    csv_line_number(&line, (double)NAN);
    csv_line_time(&line, TIME_NONE);
    csv_line_number(&line, 2.5);
    csv_line_end(&line);
    csv_line_time(&line, ms_of("2025-09-09T21:30:00Z"));
    csv_line_end(&line);
    assert_string_equal(line.data, "\"\",,,2.5\r\n2025-09-09T21:30:00Z\r\n");
    text_fini(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(fields_with_commas_quotes_and_line_ends_are_quoted),
                                       TEST(nothing_known_is_an_empty_field)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
