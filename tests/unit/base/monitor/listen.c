#include "base/monitor/listen.h"

#include "tests/unit/base/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_loopback_is_taken(void **state)
{
    static const char *const addresses[] = {"127.0.0.1:9101", "127.1.2.3:1", "[::1]:65535"};
    struct loopback loopback;
    char reason[256];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(loopback_parse(addresses[i], &loopback, reason), STATUS_OK);
}

static void what_others_can_reach_is_refused_with_a_sentence(void **state)
{
    static const char *const addresses[] = {"0.0.0.0:9101", "192.168.1.1:9101", "[::]:9101", "[fe80::1]:9101",
                                            "[::ffff:127.0.0.1]:9101"};
    struct loopback loopback;
    char reason[256];
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        assert_int_equal(loopback_parse(addresses[i], &loopback, reason), STATUS_INVALID);
        assert_non_null(strstr(reason, "other hosts"));
    }
}

static void what_is_no_address_is_refused_with_a_sentence(void **state)
{
    static const char *const addresses[] = {"",
                                            "9101",
                                            "127.0.0.1",
                                            "127.0.0.1:",
                                            "127.0.0.1:0",
                                            "localhost:1",
                                            "127.0.0.1:65536",
                                            "127.0.0.1:+1",
                                            "::1:9101",
                                            "[::1:9101",
                                            "127.0.0.1:80x"};
    struct loopback loopback;
    char reason[256];
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        assert_int_equal(loopback_parse(addresses[i], &loopback, reason), STATUS_INVALID);
        assert_non_null(strstr(reason, "expected one such as"));
    }
}

static char *folder_make(char path[64])
{
    (void)snprintf(path, 64, "/tmp/vedette-listen-XXXXXX");
    return mkdtemp(path);
}

static void a_socket_is_its_owners_alone(void **state)
{
    char folder[64], path[128], reason[256];
    struct stat found;
    int fd;
    assert_non_null(folder_make(folder));
    mode_t before = umask(0);
    assert_int_equal(unix_listen(folder, "a.sock", &fd, reason), STATUS_OK);
    umask(before);
    (void)snprintf(path, sizeof path, "%s/a.sock", folder);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    close(fd);
    unlink(path);
    rmdir(folder);
}

static void one_left_behind_is_replaced_and_one_in_use_is_not(void **state)
{
    char folder[64], path[128], reason[256];
    int first, second;
    assert_non_null(folder_make(folder));
    (void)snprintf(path, sizeof path, "%s/a.sock", folder);
    assert_int_equal(unix_listen(folder, "a.sock", &first, reason), STATUS_OK);
    assert_int_equal(unix_listen(folder, "a.sock", &second, reason), STATUS_BUSY);
    assert_non_null(strstr(reason, "a.sock"));
    close(first); /* as a killed program leaves it */
    assert_int_equal(unix_listen(folder, "a.sock", &second, reason), STATUS_OK);
    close(second);
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(unix_listen(folder, "a.sock", &second, reason), STATUS_BUSY); /* no socket: not ours to remove */
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    rmdir(folder);
}

static void a_deep_folder_is_no_hindrance(void **state)
{
    char folder[64], deep[512], reason[256];
    int fd, client = socket(AF_UNIX, SOCK_STREAM, 0), folder_fd;
    struct sockaddr_un address;
    assert_non_null(folder_make(folder));
    (void)snprintf(deep, sizeof deep, "%s/%0150d", folder, 7);
    assert_int_equal(mkdir(deep, 0700), 0);
    assert_int_equal(unix_listen(deep, "a.sock", &fd, reason), STATUS_OK);
    assert_int_equal(unix_address(deep, "a.sock", &address, &folder_fd, reason), STATUS_OK);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    unlink(address.sun_path);
    close(folder_fd);
    close(client);
    close(fd);
    rmdir(deep);
    rmdir(folder);
}

static void a_name_too_long_is_said(void **state)
{
    char name[200], reason[256];
    int fd;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(unix_listen("/tmp", name, &fd, reason), STATUS_TOO_LARGE);
    assert_non_null(strstr(reason, "cannot be that long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loopback_is_taken),
        cmocka_unit_test(what_others_can_reach_is_refused_with_a_sentence),
        cmocka_unit_test(what_is_no_address_is_refused_with_a_sentence),
        cmocka_unit_test(a_socket_is_its_owners_alone),
        cmocka_unit_test(one_left_behind_is_replaced_and_one_in_use_is_not),
        cmocka_unit_test(a_deep_folder_is_no_hindrance),
        cmocka_unit_test(a_name_too_long_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
