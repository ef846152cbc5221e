#include "tests/unit/sink/sink_bench.h"

#include "proto/limits.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the endpoint --- */

void hook_start(struct hook *hook, int port)
{
    int ends[2];
    char number[16];
    assert_int_equal(pipe(ends), 0);
    snprintf(number, sizeof number, "%d", port);
    hook->pid = fork();
    if (hook->pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/usr/bin/python3", "python3", "tests/unit/sink/hook.py", number, SECRET, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    hook->out = ends[0];
    char line[32];
    size_t size = 0;
    while (size + 1 < sizeof line && read(hook->out, line + size, 1) == 1 && line[size] != '\n')
        size++;
    line[size] = '\0';
    hook->port = atoi(line);
    assert_int_not_equal(hook->port, 0);
    (void)fcntl(hook->out, F_SETFL, O_NONBLOCK);
}

void hook_stop(struct hook *hook)
{
    if (hook->pid <= 0)
        return;
    (void)kill(hook->pid, SIGKILL);
    (void)waitpid(hook->pid, NULL, 0);
    close(hook->out);
    hook->pid = 0;
}

void hook_read(struct hook *hook)
{
    ssize_t got;
    while (hook->pid > 0 && (got = read(hook->out, hook->said + hook->size, sizeof hook->said - 1 - hook->size)) > 0)
        hook->size += (size_t)got;
    hook->said[hook->size] = '\0';
}

size_t lines_with(const struct hook *hook, const char *part)
{
    size_t count = 0;
    for (const char *at = hook->said; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* --- the bench --- */

static void on_stored(void *self, const struct publication *publications, const enum store_effect *effects,
                      size_t count)
{
    (void)publications;
    (void)effects;
    ((struct bench *)self)->stored += count;
}

static void on_failed(void *self, const char *reason)
{
    (void)reason;
    ((struct bench *)self)->failed = true;
}

void set_flag(void *self)
{
    *(bool *)self = true;
}

static void on_tick(uv_timer_t *tick)
{
    (void)tick;
}

void run_for(struct bench *bench, uint64_t ms)
{
    uint64_t end_ns = clock_monotonic_ns() + ms * 1000000;
    while (clock_monotonic_ns() < end_ns)
        (void)uv_run(&bench->loop, UV_RUN_ONCE);
    hook_read(&bench->hook);
}

void open_sender(struct bench *bench, uint64_t epoch)
{
    char reason[256];
    bench->epoch = epoch;
    const struct sender_options options = {.url = "inproc://episodes",
                                           .end = BUS_LISTEN,
                                           .name = "correlator",
                                           .epoch = epoch,
                                           .outbox_item_max = LIMIT_EPISODE_BYTES};
    if (sender_open(bench->bus, &options, &(struct sender_events){0}, &bench->sender, reason) != STATUS_OK)
        fail_msg("%s", reason);
}

void open_sink(struct bench *bench)
{
    char reason[256];
    const struct sink_config config = {
        .store = "memory:", .name = "sink", .alerts = bench->alerts, .alert_count = bench->alert_count};
    const struct sink_options options = {.config = &config, .store = bench->store, .url = "inproc://episodes"};
    const struct sink_events events = {.stored = on_stored, .failed = on_failed, .self = bench};
    if (sink_open(&bench->loop, bench->bus, &options, &events, &bench->sink, reason) != STATUS_OK)
        fail_msg("%s", reason);
}

void close_sink(struct bench *bench, uint64_t grace_ms)
{
    bench->sink_closed = false;
    sink_close(bench->sink, grace_ms, set_flag, &bench->sink_closed);
    RUN_UNTIL(bench, bench->sink_closed);
    bench->sink = NULL;
}

void add_alert(struct bench *bench, const char *path)
{
    size_t i = bench->alert_count++;
    snprintf(bench->urls[i], sizeof bench->urls[i], "http://127.0.0.1:%d%s", bench->hook.port, path);
    bench->alerts[i] = (struct alert_config){.name = path + 1,
                                             .type = "webhook",
                                             .url = bench->urls[i],
                                             .secret = SECRET,
                                             .group_wait_ms = 50,
                                             .group_interval_ms = 100,
                                             .max_age_ms = INT64_C(7) * 86400000};
}

int bench_setup(void **state)
{
    struct bench *bench = test_calloc(1, sizeof *bench);
    char reason[256];
    (void)uv_loop_init(&bench->loop);
    (void)uv_timer_init(&bench->loop, &bench->tick);
    (void)uv_timer_start(&bench->tick, on_tick, 5, 5);
    arena_init(&bench->arena, 64u << 20);
    bench->now_ms = clock_wall_ms();
    hook_start(&bench->hook, 0);
    assert_int_equal(bus_open(&bench->loop, &bench->bus), STATUS_OK);
    assert_int_equal(store_open("memory:", STORE_WRITE, &bench->store, reason), STATUS_OK);
    open_sender(bench, 1000);
    *state = bench;
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *bench = *state;
    if (bench->sink != NULL)
        close_sink(bench, 0);
    sender_close(bench->sender, set_flag, &bench->sender_closed);
    RUN_UNTIL(bench, bench->sender_closed);
    bus_close(bench->bus);
    uv_close((uv_handle_t *)&bench->tick, NULL);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    hook_stop(&bench->hook);
    store_close(bench->store);
    arena_fini(&bench->arena);
    test_free(bench);
    return 0;
}

void submit(struct bench *bench, struct publication publication)
{
    struct text bytes = {0};
    assert_int_equal(publication_pack(&publication, &bytes), STATUS_OK);
    assert_int_equal(sender_submit(bench->sender, (struct span){bytes.data, bytes.size}, &bench->position), STATUS_OK);
    text_fini(&bytes);
}

/* What causes a publication is counted apart from the link. */
struct stream_position next_cause(const struct bench *bench)
{
    return (struct stream_position){7, 500 + bench->position};
}

void tell(struct bench *bench, const char *id)
{
    submit(bench,
           story_told(story_incident(&bench->arena, next_cause(bench), id, 0, bench->now_ms, 51.5, 23.25, "PL")));
}

void publish(struct bench *bench, const char *id, uint32_t revision, enum episode_state state, const char *members)
{
    submit(bench, story_episode(&bench->arena, next_cause(bench), id, revision, state, bench->now_ms,
                                bench->now_ms + 60000, "EE,PL", members));
}
