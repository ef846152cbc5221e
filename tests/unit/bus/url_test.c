/* Which urls the bus carries. */
#include "bus/bus.h"
#include "bus/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
// cmocka wants those before it
#include <cmocka.h>

static void loopback_ipc_and_inproc_are_carried(void **state)
{
    static const char *const urls[] = {"tcp://127.0.0.1:5591",  "tcp://127.9.9.9:1", "tcp://[::1]:65535",
                                       "ipc:///run/vedette/in", "ipc://in.sock",     "inproc://replay"};
    char reason[256];
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        if (bus_check_url(urls[i], BUS_THIS_HOST, reason) != STATUS_OK)
            fail_msg("%s: %s", urls[i], reason);
}

static void everything_else_is_refused_with_a_sentence(void **state)
{
    char long_path[128] = "ipc:///";
    memset(long_path + 7, 'a', sizeof long_path - 8);
    long_path[sizeof long_path - 1] = '\0';
    const char *const urls[] = {"",
                                "tcp",
                                "tcp://",
                                "tcp://127.0.0.1",
                                "tcp://127.0.0.1:",
                                "tcp://127.0.0.1:0",
                                "tcp://127.0.0.1:65536",
                                "tcp://127.0.0.1:5591x",
                                "tcp://127.0.0.1:*",
                                "tcp://*:5591",
                                "tcp://0.0.0.0:5591",
                                "tcp://192.168.1.7:5591",
                                "tcp://example.org:5591",
                                "tcp://localhost:5591",
                                "tcp://[::]:5591",
                                "tcp://eth0;127.0.0.1:1",
                                "tcp://127.0.0.1.example.org:1",
                                "ipc://",
                                "ipc://@abstract",
                                "ipc://*",
                                "inproc://",
                                "pgm://127.0.0.1:5",
                                "http://127.0.0.1:80",
                                long_path};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char reason[256] = "";
        if (bus_check_url(urls[i], BUS_THIS_HOST, reason) != STATUS_INVALID)
            fail_msg("%s was admitted", urls[i]);
        assert_true(strlen(reason) > 10);
    }
}

/* ZeroMQ would remove it. */
static void a_file_that_is_no_socket_is_not_listened_over(void **state)
{
    char path[] = "/tmp/vedette-url-test-XXXXXX";
    char url[64];
    char reason[256] = "";
    uv_loop_t loop;
    struct bus *bus = NULL;
    struct sender *sender = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)snprintf(url, sizeof url, "ipc://%s", path);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(bus_open(&loop, &bus), STATUS_OK);
    struct sender_options options = {.url = url, .end = BUS_LISTEN, .name = "sender", .epoch = 1};
    struct sender_events events = {0};
    assert_int_equal(sender_open(bus, &options, &events, &sender, reason), STATUS_INVALID);
    assert_non_null(strstr(reason, "is not a socket"));
    assert_int_equal(access(path, F_OK), 0);
    options.url = "ipc:///nowhere/at/all.sock";
    assert_int_not_equal(sender_open(bus, &options, &events, &sender, reason), STATUS_OK);
    options.epoch = 0;
    assert_int_equal(sender_open(bus, &options, &events, &sender, reason), STATUS_INVALID);
    options.epoch = 1;
    options.name = "not a name";
    assert_int_equal(sender_open(bus, &options, &events, &sender, reason), STATUS_INVALID);
    bus_close(bus);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    (void)close(fd);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_ipc_and_inproc_are_carried),
        cmocka_unit_test(everything_else_is_refused_with_a_sentence),
        cmocka_unit_test(a_file_that_is_no_socket_is_not_listened_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
