#include "base/state_folder.h"

#include "tests/unit/base/config_complaints.h"
#include "tests/unit/base/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void it_lies_beside_the_configuration_unless_it_says_otherwise(void **state)
{
    char here[PATH_MAX], expected[PATH_MAX + 16];
    assert_non_null(getcwd(here, sizeof here));
    static const char *const cases[][2] = {
        {"rules: []\n", "/state"}, {"state: ~\n", "/state"}, {"state: kept/here\n", "/kept/here"}};
    for (size_t i = 0; i < 3; i++) {
        struct parsed parsed;
        parse(&parsed, span_of(cases[i][0]));
        (void)snprintf(expected, sizeof expected, "%s%s", here, cases[i][1]);
        assert_string_equal(state_folder_read(parsed.config), expected);
        parsed_fini(&parsed);
    }
}

static void what_is_no_path_is_complained_about(void **state)
{
    struct parsed parsed;
    parse(&parsed, SPAN("state: [a]\n"));
    assert_null(state_folder_read(parsed.config));
    assert_non_null(strstr(parsed_complaints(&parsed), "expected a path"));
    parsed_fini(&parsed);
}

static void folders_are_made_for_their_owner_alone(void **state)
{
    char top[] = "/tmp/vedette-state-XXXXXX", inside[PATH_MAX], path[PATH_MAX], reason[256];
    assert_non_null(mkdtemp(top));
    (void)snprintf(inside, sizeof inside, "%s/kept", top);
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(state_folder_make(inside, "agent/desk/spool", path, reason), STATUS_OK);
    assert_string_equal(path + strlen(top), "/kept/agent/desk/spool");
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    while (strcmp(path, top) != 0) {
        assert_int_equal(rmdir(path), 0);
        *strrchr(path, '/') = '\0';
    }
    assert_int_equal(rmdir(top), 0);
}

static void a_file_in_its_way_is_named(void **state)
{
    char path[PATH_MAX] = "untouched", reason[256];
    assert_int_not_equal(state_folder_make("/dev/null", "run", path, reason), STATUS_OK);
    assert_non_null(strstr(reason, "/dev/null"));
    assert_string_equal(path, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_lies_beside_the_configuration_unless_it_says_otherwise),
        cmocka_unit_test(what_is_no_path_is_complained_about),
        cmocka_unit_test(folders_are_made_for_their_owner_alone),
        cmocka_unit_test(a_file_in_its_way_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
