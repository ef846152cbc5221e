#include "base/service/notify.h"

#include "tests/unit/base/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int supervisor_open(const char *path, bool is_abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    memcpy(address.sun_path, path, size);
    if (is_abstract)
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
                     0);
    return fd;
}

static void expect_heard(int fd, const char *lines)
{
    char heard[256] = "";
    assert_true(recv(fd, heard, sizeof heard - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(heard, lines);
}

static void what_is_said_is_heard_by_path_and_by_abstract_name(void **state)
{
    for (int is_abstract = 0; is_abstract < 2; is_abstract++) {
        char path[64];
        struct notify notify;
        snprintf(path, sizeof path, "%s/tmp/vedette-notify-%d", is_abstract ? "@" : "", (int)getpid());
        int fd = supervisor_open(path, is_abstract);
        setenv("NOTIFY_SOCKET", path, 1);
        notify_open(&notify);
        assert_null(getenv("NOTIFY_SOCKET")); /* what is started from here is not asked */
        assert_int_equal(notify.watchdog_ms, 0);
        notify_say(&notify, "READY=1");
        expect_heard(fd, "READY=1");
        notify_say(&notify, "STOPPING=1\nSTATUS=over");
        expect_heard(fd, "STOPPING=1\nSTATUS=over");
        notify_close(&notify);
        close(fd);
        if (!is_abstract)
            unlink(path);
    }
}

static void without_a_supervisor_nothing_happens(void **state)
{
    static const char *const paths[] = {"", "/", "relative", "/nonexistent/socket"};
    struct notify notify;
    unsetenv("NOTIFY_SOCKET");
    for (size_t i = 0; i <= sizeof paths / sizeof paths[0]; i++) {
        notify_open(&notify);
        assert_int_equal(notify.fd, -1);
        notify_say(&notify, "READY=1");
        notify_close(&notify);
        if (i < sizeof paths / sizeof paths[0])
            setenv("NOTIFY_SOCKET", paths[i], 1);
    }
}

static void the_watchdog_is_ours_where_it_names_us_or_nobody(void **state)
{
    char path[64], pid[32];
    struct notify notify;
    snprintf(path, sizeof path, "@vedette-watchdog-%d", (int)getpid());
    int fd = supervisor_open(path, true);
    const struct {
        const char *usec, *pid;
        int64_t ms;
    } cases[] = {
        {"30000000", pid, 30000}, {"30000000", NULL, 30000}, {"30000000", "1", 0}, {"x", NULL, 0}, {"-5000", NULL, 0}};
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("NOTIFY_SOCKET", path, 1);
        setenv("WATCHDOG_USEC", cases[i].usec, 1);
        if (cases[i].pid != NULL)
            setenv("WATCHDOG_PID", cases[i].pid, 1);
        else
            unsetenv("WATCHDOG_PID");
        notify_open(&notify);
        assert_int_equal(notify.watchdog_ms, cases[i].ms);
        notify_close(&notify);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_heard_by_path_and_by_abstract_name),
        cmocka_unit_test(without_a_supervisor_nothing_happens),
        cmocka_unit_test(the_watchdog_is_ours_where_it_names_us_or_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
