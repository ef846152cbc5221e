#include "base/progress.h"

#include "tests/unit/base/stderr_capture.h"
#include "tests/unit/base/unit.h"

#include <pty.h>
#include <string.h>

static void nothing_is_written_where_stderr_is_no_terminal(void **state)
{
    struct stderr_capture capture;
    struct progress progress;
    stderr_capture_start(&capture);
    progress_start(&progress, "reading", 100);
    progress_update(&progress, 50);
    progress_stop(&progress);
    char *text = stderr_capture_stop(&capture);
    assert_string_equal(text, "");
    free(text);
}

/* What a terminal receives while a total, done pair is shown, with `updates` calls in a row. */
static void terminal_show(uint64_t total, uint64_t done, int updates, char *ret_text, size_t room)
{
    int terminal, screen;
    assert_int_equal(openpty(&terminal, &screen, NULL, NULL, NULL), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(dup2(screen, STDERR_FILENO) >= 0);
    struct progress progress;
    progress_start(&progress, "reading", total);
    for (int i = 0; i < updates; i++)
        progress_update(&progress, done);
    progress_stop(&progress);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    ssize_t size = read(terminal, ret_text, room - 1);
    ret_text[size > 0 ? size : 0] = '\0';
    close(screen);
    close(terminal);
}

static void a_terminal_sees_a_bar_drawn_once_and_erased(void **state)
{
    char text[512];
    terminal_show(200, 100, 50, text, sizeof text);
    assert_string_equal(text, "\r\033[Kreading [###############...............]  50 %\r\033[K");
    terminal_show(200, 500, 1, text, sizeof text);
    assert_string_equal(text, "\r\033[Kreading [##############################] 100 %\r\033[K");
}

static void of_an_unknown_total_a_count_is_shown(void **state)
{
    char text[512];
    terminal_show(0, 12345, 1, text, sizeof text);
    assert_string_equal(text, "\r\033[Kreading 12345\r\033[K");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_written_where_stderr_is_no_terminal),
        cmocka_unit_test(a_terminal_sees_a_bar_drawn_once_and_erased),
        cmocka_unit_test(of_an_unknown_total_a_count_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
