/* What cannot be sent, in a file for people: one line each, for its owner alone, and never more than twice its bound.
 */
#include "agents/quarantine.h"

#include "tests/unit/agents/unit.h"

static struct report report_of(const char *id)
{
    return (struct report){.source = SPAN("desk"),
                           .source_id = span_of(id),
                           .category = CATEGORY_AIR_BALLOON,
                           .occurred = {.start_ms = 1757453400000, .end_ms = 1757453400000}};
}

static char *file_read(const char *folder, const char *name)
{
    char *path = path_in(folder, name), *text = calloc(1, 65536);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        (void)!fread(text, 1, 65535, file);
        fclose(file);
    }
    free(path);
    return text;
}

static void a_report_is_kept_with_reason_source_and_time(void **state)
{
    char *folder = folder_make();
    struct quarantine *quarantine;
    struct report report = report_of("17");
    struct stat about;
    assert_int_equal(quarantine_open(folder, 0, &quarantine), STATUS_OK);
    assert_int_equal(stat(quarantine_path(quarantine), &about), -1); /* none before there is need of it */
    assert_int_equal(quarantine_add(quarantine, &report, "desk", "it is \"too large\"", 1757453400000), STATUS_OK);
    char *text = file_read(folder, "quarantine.jsonl");
    static const char head[] =
        "{\"time\":\"2025-09-09T21:30:00Z\",\"source\":\"desk\",\"reason\":\"it is \\\"too large\\\"\",\"report\":{";
    assert_memory_equal(text, head, sizeof(head) - 1);
    assert_non_null(strstr(text, "\"source_id\":\"17\""));
    assert_string_equal(text + strlen(text) - 3, "}}\n");
    assert_int_equal(stat(quarantine_path(quarantine), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    free(text);
    quarantine_close(quarantine);
    folder_remove(folder);
}

static void a_full_file_is_kept_once(void **state)
{
    char *folder = folder_make(), id[16];
    struct quarantine *quarantine;
    assert_int_equal(quarantine_open(folder, 4096, &quarantine), STATUS_OK);
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof(id), "r%03d", i);
        struct report report = report_of(id);
        assert_int_equal(quarantine_add(quarantine, &report, "desk", "too large", 0), STATUS_OK);
    }
    char *now = file_read(folder, "quarantine.jsonl"), *before = file_read(folder, "quarantine.1.jsonl");
    assert_true(strlen(now) <= 4096 && strlen(before) <= 4096 && strlen(before) > 3000);
    assert_non_null(strstr(now, "r199"));
    assert_true(strcmp(strstr(before, "\"source_id\""), strstr(now, "\"source_id\"")) < 0);
    free(now);
    free(before);
    quarantine_close(quarantine);
    folder_remove(folder);
}

static void a_folder_that_takes_nothing_is_said(void **state)
{
    struct quarantine *quarantine;
    struct report report = report_of("1");
    assert_int_equal(quarantine_open("/nowhere/at/all", 0, &quarantine), STATUS_OK);
    assert_int_equal(quarantine_add(quarantine, &report, "desk", "too large", 0), STATUS_NOT_FOUND);
    quarantine_close(quarantine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_kept_with_reason_source_and_time),
        cmocka_unit_test(a_full_file_is_kept_once),
        cmocka_unit_test(a_folder_that_takes_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
