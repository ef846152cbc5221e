#include "base/log.h"

#include "base/time_text.h"
#include "tests/unit/base/stderr_capture.h"
#include "tests/unit/base/unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static void a_person_reads_program_kind_and_text(void **state)
{
    struct stderr_capture capture;
    log_setup("vedette", LOG_PLAIN, LOG_INFO);
    stderr_capture_start(&capture);
    log_debug("test.debug", "not shown");
    log_info("test.info", "%d incidents", 3);
    log_warn("test.warn", "C:\\temp is \"odd\"");
    log_error("test.error", "two\nlines and \x1b[31m");
    char *text = stderr_capture_stop(&capture);
    assert_string_equal(text, "vedette: 3 incidents\n"
                              "vedette: warning: C:\\temp is \"odd\"\n"
                              "vedette: error: two\\x0alines and \\x1b[31m\n");
    free(text);
}

static void a_machine_reads_time_level_id_program_and_quoted_text(void **state)
{
    struct stderr_capture capture;
    log_setup("vedette-agent", LOG_LOGFMT, LOG_DEBUG);
    stderr_capture_start(&capture);
    log_warn("spool.full", "spool \"%s\" is full\n", "a\\b");
    char *text = stderr_capture_stop(&capture);
    char *blank = strchr(text, ' ');
    assert_non_null(blank);
    int64_t ms;
    assert_int_equal(time_parse((struct span){text, (size_t)(blank - text)}, &ms), STATUS_OK);
    assert_true(ms > INT64_C(1735689600000));
    assert_string_equal(blank, " level=warn id=spool.full program=vedette-agent text=\"spool \\\"a\\\\b\\\" is "
                               "full\\\\x0a\"\n");
    free(text);
}

static void the_same_fields_as_json(void **state)
{
    struct stderr_capture capture;
    log_setup("vedette-agent", LOG_JSON, LOG_DEBUG);
    stderr_capture_start(&capture);
    log_warn("spool.full", "spool \"%s\" is full\n", "a\\b");
    char *text = stderr_capture_stop(&capture);
    assert_int_equal(strncmp(text, "{\"time\":\"20", 11), 0);
    assert_string_equal(strstr(text, "\",\"level\""),
                        "\",\"level\":\"warn\",\"id\":\"spool.full\",\"program\":\"vedette-agent\",\"text\":"
                        "\"spool \\\"a\\\\b\\\" is full\\\\x0a\"}\n");
    free(text);
}

static void a_style_is_found_by_its_name(void **state)
{
    enum log_style style = LOG_PLAIN;
    assert_false(log_style_find("plain", &style));
    assert_int_equal(style, LOG_PLAIN);
    assert_true(log_style_find("json", &style));
    assert_int_equal(style, LOG_JSON);
    assert_true(log_style_find("logfmt", &style));
    assert_int_equal(style, LOG_LOGFMT);
}

static void levels_below_the_least_are_silent(void **state)
{
    struct stderr_capture capture;
    log_setup("vedette", LOG_PLAIN, LOG_DEBUG);
    stderr_capture_start(&capture);
    log_debug("test.debug", "one");
    log_set_level(LOG_ERROR);
    log_warn("test.warn", "two");
    log_error("test.error", "three");
    char *text = stderr_capture_stop(&capture);
    assert_string_equal(text, "vedette: one\nvedette: error: three\n");
    free(text);
}

static void a_text_too_long_is_cut_and_the_line_still_ends(void **state)
{
    static char longest[20000];
    for (size_t style = 0; style < 2; style++) {
        memset(longest, style == 0 ? 'x' : '"', sizeof longest - 1);
        struct stderr_capture capture;
        log_setup("vedette", style == 0 ? LOG_PLAIN : LOG_LOGFMT, LOG_INFO);
        stderr_capture_start(&capture);
        log_info("test.long", "%s", longest);
        char *text = stderr_capture_stop(&capture);
        size_t size = strlen(text);
        assert_true(size > 2000 && size <= 4096);
        assert_ptr_equal(strchr(text, '\n'), text + size - 1);
        if (style == 0)
            assert_memory_equal(text + size - 4, "…\n", 4);
        else
            assert_int_equal(text[size - 2], '"');
        free(text);
    }
}

static void errno_is_left_as_it_was(void **state)
{
    struct stderr_capture capture;
    log_setup("vedette", LOG_LOGFMT, LOG_INFO);
    stderr_capture_start(&capture);
    int saved = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = ENOSPC;
    log_error("test.errno", "nowhere to go");
    assert_int_equal(errno, ENOSPC);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    free(stderr_capture_stop(&capture));
}

#define THREADS 4
#define LINES   500

static void *write_lines(void *argument)
{
    char letter = *(const char *)argument;
    char word[200];
    memset(word, letter, sizeof word);
    for (int i = 0; i < LINES; i++)
        log_info("test.thread", "%.*s", (int)sizeof word, word);
    return NULL;
}

static void lines_of_several_threads_never_mix(void **state)
{
    static const char letters[THREADS] = "abcd";
    pthread_t threads[THREADS];
    struct stderr_capture capture;
    log_setup("p", LOG_PLAIN, LOG_INFO);
    stderr_capture_start(&capture);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, (void *)(uintptr_t)&letters[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    char *text = stderr_capture_stop(&capture);
    size_t lines = 0;
    for (char *line = text; *line != '\0'; lines++) {
        assert_memory_equal(line, "p: ", 3);
        assert_int_equal(strspn(line + 3, (const char[]){line[3], '\0'}), 200);
        assert_int_equal(line[203], '\n');
        line += 204;
    }
    assert_int_equal(lines, THREADS * LINES);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_reads_program_kind_and_text),
        cmocka_unit_test(a_machine_reads_time_level_id_program_and_quoted_text),
        cmocka_unit_test(the_same_fields_as_json),
        cmocka_unit_test(a_style_is_found_by_its_name),
        cmocka_unit_test(levels_below_the_least_are_silent),
        cmocka_unit_test(a_text_too_long_is_cut_and_the_line_still_ends),
        cmocka_unit_test(errno_is_left_as_it_was),
        cmocka_unit_test(lines_of_several_threads_never_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
