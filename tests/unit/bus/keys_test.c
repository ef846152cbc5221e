#include "bus/keys/allowed.h"
#include "bus/keys/keyring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/vedette-keys-unit-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][128];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* The test case of rfc.zeromq.org/spec/32, four times over. */
static void keys_are_written_as_zeromq_writes_them(void **state)
{
    (void)state;
    static const unsigned char eight[] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    struct key key, again;
    char text[KEY_TEXT_BYTES];
    for (size_t i = 0; i < KEY_BYTES; i++)
        key.bytes[i] = eight[i % 8];
    key_print(&key, text);
    assert_string_equal(text, "HelloWorldHelloWorldHelloWorldHelloWorld");
    assert_true(key_parse(span_of(text), &again));
    assert_true(key_equal(&key, &again));
    assert_false(key_parse(SPAN("HelloWorldHelloWorldHelloWorldHelloWorl"), &again));
    assert_false(key_parse(SPAN("HelloWorldHelloWorldHelloWorldHelloWor~d"), &again));
    assert_false(key_parse(SPAN("#####HelloWorldHelloWorldHelloWorldHello"), &again)); /* more than four bytes hold */
}

static void a_thousand_pairs_come_back_from_their_files(void **state)
{
    (void)state;
    char reason[256] = "";
    for (int i = 0; i < 1000; i++) { /* whatever character a key begins or ends with */
        struct key_pair pair, again;
        struct key public;
        size_t count = 0;
        key_pair_make(&pair);
        assert_int_equal(key_secret_write(path_of("a.key"), "a", &pair, reason), STATUS_OK);
        assert_int_equal(key_public_write(path_of("a.pub"), "a", &pair.public, reason), STATUS_OK);
        if (key_secret_read(path_of("a.key"), &again, reason) != STATUS_OK)
            fail_msg("%s", reason);
        assert_true(key_equal(&pair.secret, &again.secret) && key_equal(&pair.public, &again.public));
        assert_int_equal(key_public_read(path_of("a.pub"), &public, 1, &count, reason), STATUS_OK);
        assert_true(key_equal(&pair.public, &public));
        assert_int_equal(key_secret_write(path_of("a.key"), "a", &pair, reason), STATUS_EXISTS);
        assert_int_equal(unlink(path_of("a.key")) + unlink(path_of("a.pub")), 0);
    }
}

static void a_secret_that_others_may_read_is_refused_with_what_mends_it(void **state)
{
    (void)state;
    struct key_pair pair, again;
    struct stat found;
    char reason[256] = "";
    key_pair_make(&pair);
    assert_int_equal(key_secret_write(path_of("b.key"), "b", &pair, reason), STATUS_OK);
    assert_int_equal(stat(path_of("b.key"), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(path_of("b.key"), modes[i]), 0);
        assert_int_equal(key_secret_read(path_of("b.key"), &again, reason), STATUS_PERMISSION);
        assert_non_null(strstr(reason, "chmod 600"));
    }
    assert_int_equal(unlink(path_of("b.key")), 0);
}

static struct allowed_key key_named(const char *name, enum key_role role, const char *sources)
{
    struct allowed_key key = {.role = role, .sources = sources, .since = "2026-01-01T00:00:00Z"};
    struct key_pair pair;
    key_pair_make(&pair);
    key.public = pair.public;
    (void)snprintf(key.name, sizeof key.name, "%s", name);
    return key;
}

static void a_list_that_others_may_write_is_not_believed(void **state)
{
    (void)state;
    static const mode_t modes[] = {0620, 0602, 0666};
    char reason[256] = "";
    struct allowed allowed = {0};
    const char *list = path_of("open");
    struct allowed_key desk = key_named("desk", KEY_AGENT, "desk"), store = key_named("store", KEY_SINK, "-");
    assert_int_equal(allowed_put(list, &desk, reason), STATUS_OK);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(list, modes[i]), 0);
        assert_int_equal(allowed_read(list, &allowed, reason), STATUS_PERMISSION);
        assert_non_null(strstr(reason, "chmod go-w"));
        assert_int_equal(allowed_put(list, &store, reason), STATUS_PERMISSION);
    }
    assert_int_equal(chmod(list, 0644), 0);
    assert_int_equal(allowed_read(list, &allowed, reason), STATUS_OK);
    assert_int_equal(allowed.count, 1);
    allowed_fini(&allowed);
}

static void lists_change_line_by_line_and_keep_their_comments(void **state)
{
    (void)state;
    char reason[256] = "", line[512];
    struct allowed allowed = {0};
    const char *list = path_of("allowed");
    struct allowed_key desk = key_named("desk", KEY_AGENT, "desk,list"), store = key_named("store", KEY_SINK, "-");
    assert_int_equal(allowed_put(list, &desk, reason), STATUS_OK);
    FILE *file = fopen(list, "a");
    assert_non_null(file);
    (void)fputs("# the one in the cellar\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(allowed_put(list, &store, reason), STATUS_OK);
    desk.sources = "*";
    assert_int_equal(allowed_put(list, &desk, reason), STATUS_OK);
    assert_int_equal(allowed_read(list, &allowed, reason), STATUS_OK);
    assert_int_equal(allowed.count, 2);
    assert_string_equal(allowed_find(&allowed, &desk.public)->sources, "*");
    assert_true(allowed_may_write(allowed_find_name(&allowed, "desk"), SPAN("anything")));
    assert_false(allowed_may_write(allowed_find_name(&allowed, "store"), SPAN("desk")));
    allowed_fini(&allowed);
    struct allowed_key thief = key_named("thief", KEY_AGENT, "*");
    thief.public = desk.public;
    assert_int_equal(allowed_put(list, &thief, reason), STATUS_EXISTS);
    assert_string_equal(reason, "the key is allowed already, as desk");
    assert_int_equal(allowed_remove(list, "nobody", reason), STATUS_NOT_FOUND);
    assert_int_equal(allowed_remove(list, "desk", reason), STATUS_OK);
    assert_int_equal(allowed_read(list, &allowed, reason), STATUS_OK);
    assert_int_equal(allowed.count, 1);
    allowed_fini(&allowed);
    bool comment = false;
    assert_non_null(file = fopen(list, "r"));
    while (fgets(line, sizeof line, file) != NULL)
        comment = comment || strcmp(line, "# the one in the cellar\n") == 0;
    assert_true(comment);
    (void)fclose(file);
    assert_int_equal(unlink(list), 0);
}

static void a_wrong_line_is_named(void **state)
{
    (void)state;
#define KEY "HelloWorldHelloWorldHelloWorldHelloWorld"
    static const char *const texts[] = {"desk agent " KEY " desk",
                                        "desk agent " KEY " desk now then",
                                        "de/sk agent " KEY " desk now",
                                        "desk king " KEY " desk now",
                                        "desk agent Hello desk now",
                                        "desk agent " KEY " desk, now",
                                        "desk agent " KEY " de*k now",
                                        "# fine\ndesk agent " KEY " * now\nlist agent " KEY " * now",
                                        "desk agent " KEY " * now\ndesk sink " KEY " - now"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct allowed allowed = {0};
        char reason[256] = "";
        if (allowed_parse(strdup(texts[i]), "list", &allowed, reason) != STATUS_INVALID)
            fail_msg("\"%s\" was taken", texts[i]);
        assert_int_equal(strncmp(reason, "list:", 5), 0);
    }
}

static void a_name_belongs_to_who_is_named_so_longest(void **state)
{
    (void)state;
    char reason[256] = "";
    struct allowed allowed = {0};
    const char *list = path_of("names");
    struct allowed_key short_one = key_named("desk", KEY_AGENT, "*"), long_one = key_named("desk-pl", KEY_AGENT, "*");
    assert_int_equal(allowed_put(list, &short_one, reason), STATUS_OK);
    assert_int_equal(allowed_put(list, &long_one, reason), STATUS_OK);
    assert_int_equal(allowed_read(list, &allowed, reason), STATUS_OK);
    const struct allowed_key *desk = allowed_find_name(&allowed, "desk"), *pl = allowed_find_name(&allowed, "desk-pl");
    assert_true(allowed_owns(&allowed, desk, "desk") && allowed_owns(&allowed, desk, "desk-ro"));
    assert_false(allowed_owns(&allowed, desk, "desk-pl") || allowed_owns(&allowed, desk, "desk-pl-1"));
    assert_true(allowed_owns(&allowed, pl, "desk-pl") && allowed_owns(&allowed, pl, "desk-pl-1"));
    assert_false(allowed_owns(&allowed, desk, "desks") || allowed_owns(&allowed, pl, "desk"));
    allowed_fini(&allowed);
    assert_int_equal(unlink(list), 0);
}

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_remove(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_written_as_zeromq_writes_them),
        cmocka_unit_test(a_thousand_pairs_come_back_from_their_files),
        cmocka_unit_test(a_secret_that_others_may_read_is_refused_with_what_mends_it),
        cmocka_unit_test(a_list_that_others_may_write_is_not_believed),
        cmocka_unit_test(lists_change_line_by_line_and_keep_their_comments),
        cmocka_unit_test(a_wrong_line_is_named),
        cmocka_unit_test(a_name_belongs_to_who_is_named_so_longest),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
