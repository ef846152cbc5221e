/* A monitor on a loop, asked over its socket and over the loopback by a raw client on the same loop. */
#include "base/monitor/monitor.h"
#include "tests/unit/base/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world {
    char folder[64];
    char address[64];
    uv_loop_t loop;
    struct monitor *monitor;
    bool is_ready;
};

struct counts {
    uint64_t seen;
};
static const struct counts counts = {5};
static const struct metric rows[] = {METRIC(struct counts, COUNTER, seen, "what was seen")};

static const void *look(void *self, size_t index, const char **ret_label)
{
    return index == 0 ? &counts : NULL;
}

static bool ready(void *self, char ret_reason[256])
{
    const struct world *world = self;
    snprintf(ret_reason, 256, "%s", world->is_ready ? "" : "the store is away");
    return world->is_ready;
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static int set_up(void **state)
{
    static const struct metric_table table = {METRIC_ROWS(rows), .look = look};
    struct world *world = calloc(1, sizeof *world);
    snprintf(world->folder, sizeof world->folder, "/tmp/vedette-pages-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->address, sizeof world->address, "127.0.0.1:%d", free_port());
    uv_loop_init(&world->loop);
    world->is_ready = true;
    const struct monitor_options options = {.book = {.program = "desk", .tables = &table, .table_count = 1},
                                            .name = "one",
                                            .version = "vedette-desk 1",
                                            .state = world->folder,
                                            .address = world->address,
                                            .ready = ready,
                                            .self = world};
    assert_int_equal(monitor_open(&world->loop, &options, &world->monitor), STATUS_OK);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    char path[128];
    monitor_close(world->monitor);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    snprintf(path, sizeof path, "%s/run", world->folder);
    assert_int_equal(rmdir(path), 0); /* the socket is gone */
    assert_int_equal(rmdir(world->folder), 0);
    free(world);
    return 0;
}

static int dial_owner(const struct world *world)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/run/desk-one.sock", world->folder);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int dial_machine(const struct world *world)
{
    struct loopback loopback;
    char reason[256];
    assert_int_equal(loopback_parse(world->address, &loopback, reason), STATUS_OK);
    int fd = socket(loopback.address.ss_family, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&loopback.address, loopback.size), 0);
    return fd;
}

/* Says the request and runs the loop until the connection is closed. The caller frees. */
static char *ask(struct world *world, int fd, const char *request)
{
    char *answer = calloc(1, 65536);
    size_t used = 0;
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    for (;;) {
        uv_run(&world->loop, UV_RUN_NOWAIT);
        ssize_t size = read(fd, answer + used, 65535 - used);
        if (size == 0)
            break;
        used += size > 0 ? (size_t)size : 0;
    }
    close(fd);
    return answer;
}

static void expect(struct world *world, int fd, const char *request, const char *code, const char *part)
{
    char *answer = ask(world, fd, request);
    if (strncmp(answer + 9, code, 3) != 0 || strstr(answer, part) == NULL)
        fail_msg("%s → expected %s and \"%s\", found:\n%s", request, code, part, answer);
    free(answer);
}

#define HEAD " HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n"

static void both_ways_show_the_pages(void **state)
{
    struct world *world = *state;
    for (int way = 0; way < 2; way++) {
        int (*dial)(const struct world *world) = way == 0 ? dial_owner : dial_machine;
        expect(world, dial(world), "GET /metrics" HEAD, "200", "\nvedette_desk_seen_total 5\n");
        expect(world, dial(world), "GET /metrics" HEAD, "200", "Content-Type: text/plain; version=0.0.4");
        expect(world, dial(world), "GET /status" HEAD, "200", "\"tables\":{\"desk\":{\"seen\":5}}");
        expect(world, dial(world), "GET /healthz" HEAD, "200", "ok\n");
        expect(world, dial(world), "HEAD /healthz" HEAD, "200", "Content-Length: 3\r\n");
        expect(world, dial(world), "GET /else" HEAD, "404", "/metrics");
    }
}

static void readiness_says_why_not(void **state)
{
    struct world *world = *state;
    expect(world, dial_owner(world), "GET /readyz" HEAD, "200", "ready\n");
    world->is_ready = false;
    expect(world, dial_owner(world), "GET /readyz" HEAD, "503", "the store is away\n");
    expect(world, dial_owner(world), "GET /healthz" HEAD, "200", "ok\n");
    expect(world, dial_owner(world), "GET /metrics" HEAD, "200", "\nvedette_ready 0\n");
    expect(world, dial_owner(world), "GET /status" HEAD, "200", "\"ready\":false,\"reason\":\"the store is away\"");
}

static void what_is_not_understood_is_refused(void **state)
{
    struct world *world = *state;
    expect(world, dial_owner(world), "POST /metrics" HEAD, "405", "GET and HEAD");
    expect(world, dial_owner(world), "DELETE /metrics" HEAD, "405", "GET and HEAD");
    expect(world, dial_owner(world), "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", "413", "no body");
    expect(world, dial_owner(world), "GET /status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "413",
           "no body");
}

static void a_browsers_page_of_another_host_is_told_nothing(void **state)
{
    struct world *world = *state;
    static const char *const strangers[] = {"evil.example", "127.evil.example", "localhost.evil.example", "[::1].x"};
    static const char *const friends[] = {"localhost", "localhost:9101", "127.0.0.1", "127.0.0.1:9101", "[::1]:9101"};
    char request[256];
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        snprintf(request, sizeof request, "GET /status HTTP/1.1\r\nHost: %s\r\n\r\n", strangers[i]);
        expect(world, dial_machine(world), request, "403", "another");
    }
    for (size_t i = 0; i < sizeof friends / sizeof friends[0]; i++) {
        snprintf(request, sizeof request, "GET /status HTTP/1.1\r\nHost: %s\r\n\r\n", friends[i]);
        expect(world, dial_machine(world), request, "200", "tables");
    }
}

static void an_endless_head_is_cut(void **state)
{
    struct world *world = *state;
    char *request = malloc(40000);
    memset(request, 'a', 39999);
    memcpy(request, "GET /", 5);
    request[39999] = '\0';
    char *answer = ask(world, dial_owner(world), request);
    assert_null(strstr(answer, " 200 "));
    free(answer);
    free(request);
    expect(world, dial_owner(world), "GET /healthz" HEAD, "200", "ok\n");
}

static void a_taken_address_and_a_taken_socket_are_done_without(void **state)
{
    struct world *world = *state;
    struct monitor *other;
    const struct monitor_options options = {.book = {.program = "desk"},
                                            .name = "one",
                                            .state = world->folder,
                                            .address = world->address,
                                            .ready = ready,
                                            .self = world};
    assert_int_equal(monitor_open(&world->loop, &options, &other), STATUS_OK);
    monitor_close(other);
    uv_run(&world->loop, UV_RUN_NOWAIT);
    expect(world, dial_owner(world), "GET /healthz" HEAD, "200", "ok\n"); /* the first one's are still there */
    expect(world, dial_machine(world), "GET /healthz" HEAD, "200", "ok\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_ways_show_the_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(readiness_says_why_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_understood_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_browsers_page_of_another_host_is_told_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_endless_head_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_taken_address_and_a_taken_socket_are_done_without, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
