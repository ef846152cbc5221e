/* Lines into rows of cells: quoting, rows over several lines, and what a lost quote costs. */
#include "agents/sources/csv/rows.h"

#include "proto/limits.h"
#include "tests/unit/agents/unit.h"

enum end { FILE_ENDS, FILE_GOES_ON };

/* "LINE: cell|cell" or "LINE! " a row; the caller frees. */
static char *cut(const char *const *lines, size_t count, char delimiter, enum end end)
{
    struct rows rows;
    struct rows_item item;
    struct text said = {0};
    text_append(&said, SPAN(""));
    assert_int_equal(rows_init(&rows, delimiter), STATUS_OK);
    for (size_t i = 0; i <= count; i++) {
        if (i < count)
            assert_int_equal(rows_add(&rows, span_of(lines[i]), i + 1), STATUS_OK);
        else if (end == FILE_ENDS)
            rows_end(&rows);
        for (enum rows_answer answer; (answer = rows_next(&rows, &item)) != ROWS_HUNGRY;) {
            if (answer == ROWS_REFUSED) {
                text_print(&said, "%llu! %.24s\n", (unsigned long long)item.line, item.reason);
                continue;
            }
            text_print(&said, "%llu: ", (unsigned long long)item.line);
            for (size_t k = 0; k < item.count; k++)
                text_print(&said, "%s%.*s", k > 0 ? "|" : "", SPAN_ARG(item.cells[k]));
            text_print(&said, "\n");
        }
    }
    rows_fini(&rows);
    return said.data;
}

#define CHECK(expected, delimiter, end, ...)                                                                           \
    do {                                                                                                               \
        const char *const lines[] = {__VA_ARGS__};                                                                     \
        char *said = cut(lines, COUNT(lines), delimiter, end);                                                         \
        assert_string_equal(said, expected);                                                                           \
        free(said);                                                                                                    \
    } while (0)

static void rows_are_cut_into_cells(void **state)
{
    CHECK("1: a|b|c\n2: 1||3\n", ',', FILE_ENDS, "a,b,c", "1,,3");
    CHECK("1: a,b|c\n", ';', FILE_ENDS, "a,b;c");
    CHECK("1: a|b c|\n", '\t', FILE_ENDS, "a\tb c\t");
    CHECK("1: a,\"b|c\n", ',', FILE_ENDS, "\"a,\"\"b\",c");
    CHECK("1: a|b\n", ',', FILE_ENDS, "  a , b ");
    CHECK("1: a\rb\n", ',', FILE_ENDS, "a\rb");
}

static void blank_lines_are_passed_over(void **state)
{
    CHECK("2: a\n4: b\n", ',', FILE_ENDS, "", "a", "", "b", "");
}

static void a_quoted_cell_may_run_over_lines(void **state)
{
    CHECK("1: a|two\n\nlines|c\n4: d\n", ',', FILE_ENDS, "a,\"two", "", "lines\",c", "d");
}

static void a_lost_quote_costs_its_row_only(void **state)
{
    CHECK("1: a|b\n2! a quote stands where non\n3: c|d e\n4: f|g\n", ',', FILE_ENDS, "a,b", "x,\"lost", "c,\"d e\"",
          "f,g");
    CHECK("1! a quote stands where non\n2: b\n", ',', FILE_ENDS, "5\" pipe", "b");
    CHECK("1! the file ends within a q\n2: b\n3: c\n", ',', FILE_ENDS, "\"lost", "b", "c");
}

static void an_open_quote_waits_while_the_file_may_grow(void **state)
{
    CHECK("1: a\n", ',', FILE_GOES_ON, "a", "\"not yet", "closed");
}

static void a_row_longer_than_the_limit_is_refused_and_what_follows_is_read(void **state)
{
    struct rows rows;
    struct rows_item item;
    char *line = calloc(1, LIMIT_LINE_BYTES / 2 + 1);
    memset(line, 'x', LIMIT_LINE_BYTES / 2);
    line[0] = '"';
    assert_int_equal(rows_init(&rows, ','), STATUS_OK);
    assert_int_equal(rows_add(&rows, span_of(line), 1), STATUS_OK);
    assert_int_equal(rows_next(&rows, &item), ROWS_HUNGRY);
    line[0] = 'x';
    assert_int_equal(rows_add(&rows, span_of(line), 2), STATUS_OK);
    assert_int_equal(rows_next(&rows, &item), ROWS_REFUSED);
    assert_int_equal(item.line, 1);
    assert_int_equal(rows_next(&rows, &item), ROWS_ROW);
    assert_int_equal(item.line, 2);
    assert_int_equal(item.cells[0].size, LIMIT_LINE_BYTES / 2);
    rows_fini(&rows);
    free(line);
}

/* Half a minute of moving bytes, were the held lines moved up for each of them. */
static void a_megabyte_of_short_rows_behind_a_lost_quote_is_read_at_once(void **state)
{
    struct rows rows;
    struct rows_item item;
    uint64_t number = 0, last = 0, given = 0;
    assert_int_equal(rows_init(&rows, ','), STATUS_OK);
    assert_int_equal(rows_add(&rows, SPAN("\"lost"), ++number), STATUS_OK);
    while (rows_next(&rows, &item) == ROWS_HUNGRY)
        assert_int_equal(rows_add(&rows, SPAN("x"), ++number), STATUS_OK);
    assert_int_equal(item.line, 1); /* refused: too long for a row */
    assert_true(number > LIMIT_LINE_BYTES / 2 - 10);
    for (; rows_next(&rows, &item) == ROWS_ROW; given++) {
        assert_true(item.line == last + (last == 0 ? 2 : 1));
        last = item.line;
    }
    assert_int_equal(last, number);
    assert_int_equal(given, number - 1);
    rows_fini(&rows);
}

static void more_cells_than_the_limit_are_refused(void **state)
{
    char line[ROWS_CELLS_MAX + 1];
    memset(line, ',', sizeof(line));
    line[ROWS_CELLS_MAX - 1] = '\0'; /* one cell more than commas: just as many as allowed */
    struct rows rows;
    struct rows_item item;
    assert_int_equal(rows_init(&rows, ','), STATUS_OK);
    assert_int_equal(rows_add(&rows, span_of(line), 1), STATUS_OK);
    assert_int_equal(rows_next(&rows, &item), ROWS_ROW);
    assert_int_equal(item.count, ROWS_CELLS_MAX);
    line[ROWS_CELLS_MAX - 1] = ',';
    line[ROWS_CELLS_MAX] = '\0';
    assert_int_equal(rows_add(&rows, span_of(line), 2), STATUS_OK);
    assert_int_equal(rows_next(&rows, &item), ROWS_REFUSED);
    assert_string_equal(item.reason, "the row has more than 1024 cells");
    rows_fini(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_cut_into_cells),
        cmocka_unit_test(blank_lines_are_passed_over),
        cmocka_unit_test(a_quoted_cell_may_run_over_lines),
        cmocka_unit_test(a_lost_quote_costs_its_row_only),
        cmocka_unit_test(an_open_quote_waits_while_the_file_may_grow),
        cmocka_unit_test(a_row_longer_than_the_limit_is_refused_and_what_follows_is_read),
        cmocka_unit_test(a_megabyte_of_short_rows_behind_a_lost_quote_is_read_at_once),
        cmocka_unit_test(more_cells_than_the_limit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
