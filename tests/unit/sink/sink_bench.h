/* A sink between a sender on the inproc bus and endpoints in Python (hook.py), for its tests. */
#pragma once

#include "base/clock.h"
#include "bus/sender.h"
#include "sink/alerts.h"
#include "sink/sink.h"
#include "tests/contract/sink/story.h"
#include "tests/contract/sink/unit.h"

#define SECRET  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define WAIT_MS 20000

struct hook {
    pid_t pid;
    int out;
    int port;
    char said[65536]; /* all lines so far */
    size_t size;
};

struct bench {
    uv_loop_t loop;
    uv_timer_t tick;
    struct bus *bus;
    struct sender *sender;
    struct store *store;
    struct sink *sink;
    struct sink_stats stats; /* of the sink that was closed */
    struct hook hook;
    struct arena arena;
    struct alert_config alerts[4];
    char urls[4][64];
    size_t alert_count;
    size_t stored;
    uint64_t epoch, position;
    bool sink_closed, sender_closed, failed;
    int64_t now_ms;
};

/* Runs the loop until so, or fails. */
#define RUN_UNTIL(bench, condition)                                                                                    \
    do {                                                                                                               \
        uint64_t end_ns_ = clock_monotonic_ns() + UINT64_C(1000000) * WAIT_MS;                                         \
        for (hook_read(&(bench)->hook); !(condition); hook_read(&(bench)->hook)) {                                     \
            if (clock_monotonic_ns() > end_ns_)                                                                        \
                fail_msg("waited in vain for %s; heard:\n%s", #condition, (bench)->hook.said);                         \
            (void)uv_run(&(bench)->loop, UV_RUN_ONCE);                                                                 \
        }                                                                                                              \
    } while (0)

void set_flag(void *self); /* a bool */
void hook_start(struct hook *hook, int port);
void hook_stop(struct hook *hook);
void hook_read(struct hook *hook);
size_t lines_with(const struct hook *hook, const char *part);
void run_for(struct bench *bench, uint64_t ms);
void open_sender(struct bench *bench, uint64_t epoch);
void open_sink(struct bench *bench);
void close_sink(struct bench *bench, uint64_t grace_ms);
void add_alert(struct bench *bench, const char *path);
int bench_setup(void **state);
int bench_teardown(void **state);
void submit(struct bench *bench, struct publication publication);
struct stream_position next_cause(const struct bench *bench);
void tell(struct bench *bench, const char *id);
void publish(struct bench *bench, const char *id, uint32_t revision, enum episode_state state, const char *members);
