#include "cli/run/supervisor.h"

#include "base/clock.h"
#include "cli/command.h"
#include "cli/run/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* They are stopped from the last to the first, along with the data. */
enum duty { DUTY_SINK, DUTY_CORRELATOR, DUTY_AGENT, DUTY_COUNT };

/* Who listens comes first: a port in use is found before a store is touched. */
static const enum duty start_order[DUTY_COUNT] = {DUTY_CORRELATOR, DUTY_SINK, DUTY_AGENT};

/* How long each may take to stop, in milliseconds. A correlator hands on what it has, a sink stores it. */
static const int64_t stop_ms[DUTY_COUNT] = {[DUTY_SINK] = 60000, [DUTY_CORRELATOR] = 120000, [DUTY_AGENT] = 20000};
#define DRAIN_STOP_MS  (3600LL * 1000) /* the same with an archive behind it */
#define FAILED_STOP_MS 5000LL          /* the same where another has failed: there is nobody to hand on to */

struct supervisor {
    struct child children[DUTY_COUNT];
    sigset_t signals;
    enum supervisor_end end;
    bool on_terminal; /* started from one: when that goes, so do we */
    bool asked;       /* to stop */
    bool drained;     /* the agent has done its work */
    int failure;      /* exit status, 0: none */
};

static void fail(struct supervisor *supervisor, int exit_status)
{
    if (supervisor->failure == 0)
        supervisor->failure = exit_status == EXIT_MISUSED ? EXIT_MISUSED : EXIT_FAILED;
}

/* Notes who has ended. stopping: the duty that was told to, DUTY_COUNT for none. */
static void reap(struct supervisor *supervisor, enum duty stopping)
{
    for (enum duty duty = DUTY_SINK; duty < DUTY_COUNT; duty++) {
        struct child *child = &supervisor->children[duty];
        if (!child_reap(child))
            continue;
        int exit_status = child_exit(child);
        char fate[128];
        child_fate(child, fate);
        if (duty == DUTY_AGENT && supervisor->end == SUPERVISE_DRAIN && exit_status == EXIT_DONE) {
            supervisor->drained = true;
        } else if (duty != stopping) {
            log_error("run.ended", "%s %s unbidden; the others are stopped", child->program, fate);
            fail(supervisor, exit_status);
        } else if (exit_status != EXIT_DONE && !child_was_terminated(child)) {
            log_error("run.stopped", "%s %s while it was stopped", child->program, fate);
            fail(supervisor, exit_status);
        }
    }
}

/* SIGHUP means two things: somebody asks for a reload, or the terminal was closed. After the latter it cannot be opened
 * any more. */
static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

/* Waits for a signal, at most that long (negative: for ever), and does what it says. */
static void wait_signal(struct supervisor *supervisor, int64_t wait_ms, enum duty stopping)
{
    struct timespec limit = {.tv_sec = wait_ms / 1000, .tv_nsec = (wait_ms % 1000) * 1000000};
    int number = sigtimedwait(&supervisor->signals, NULL, wait_ms < 0 ? NULL : &limit);
    if (number == SIGHUP && !(supervisor->on_terminal && !has_terminal())) {
        log_info("run.hangup", "SIGHUP is passed on: the programs load anew what they can");
        for (enum duty duty = DUTY_SINK; duty < DUTY_COUNT; duty++)
            child_signal(&supervisor->children[duty], SIGHUP);
    } else if (number == SIGTERM || number == SIGINT || number == SIGHUP) {
        if (supervisor->asked || stopping != DUTY_COUNT)
            log_info("run.patience", "already stopping");
        supervisor->asked = true;
    }
    /* Signals of one kind fold into one: look at all children, whatever woke us. */
    reap(supervisor, stopping);
}

static int64_t stop_limit_ms(const struct supervisor *supervisor, enum duty duty)
{
    if (supervisor->failure != 0)
        return FAILED_STOP_MS;
    return supervisor->drained ? DRAIN_STOP_MS : stop_ms[duty];
}

static void stop(struct supervisor *supervisor, enum duty duty)
{
    struct child *child = &supervisor->children[duty];
    int64_t began_ms = (int64_t)(clock_monotonic_ns() / 1000000);
    child_signal(child, SIGTERM);
    while (child->pid != 0) {
        int64_t spent_ms = (int64_t)(clock_monotonic_ns() / 1000000) - began_ms;
        int64_t left_ms = stop_limit_ms(supervisor, duty) - spent_ms;
        if (left_ms <= 0) {
            log_error("run.killed", "%s did not stop within %lld s and is killed", child->program,
                      (long long)(spent_ms / 1000));
            fail(supervisor, EXIT_FAILED);
            child_signal(child, SIGKILL);
            left_ms = 1000;
        }
        wait_signal(supervisor, left_ms, duty);
    }
}

static bool start_all(struct supervisor *supervisor, const char *folder)
{
    for (size_t i = 0; i < DUTY_COUNT; i++) {
        char reason[256];
        enum status status = child_start(&supervisor->children[start_order[i]], folder, reason);
        if (status != STATUS_OK) {
            log_error("run.start", "%s", reason);
            fail(supervisor, EXIT_FAILED);
            return false;
        }
    }
    return true;
}

static void describe(struct supervisor *supervisor, const struct supervisor_options *options)
{
    static const char *const programs[DUTY_COUNT] = {
        [DUTY_SINK] = "vedette-sink", [DUTY_CORRELATOR] = "vedette-correlator", [DUTY_AGENT] = "vedette-agent"};
    for (enum duty duty = DUTY_SINK; duty < DUTY_COUNT; duty++) {
        struct child *child = &supervisor->children[duty];
        size_t count = 0;
        child->program = programs[duty];
        child->arguments[count++] = "--config";
        child->arguments[count++] = options->config;
        if (options->log_level != NULL) {
            child->arguments[count++] = "--log-level";
            child->arguments[count++] = options->log_level;
        }
        if (options->log_format != NULL) {
            child->arguments[count++] = "--log-format";
            child->arguments[count++] = options->log_format;
        }
        if (options->no_sandbox)
            child->arguments[count++] = "--no-sandbox";
        if (duty == DUTY_CORRELATOR && options->tell_again)
            child->arguments[count++] = "--tell-again";
        if (duty == DUTY_AGENT && options->accept_gap)
            child->arguments[count++] = "--accept-gap";
        if (duty == DUTY_AGENT && options->end == SUPERVISE_DRAIN)
            child->arguments[count++] = "--drain";
    }
}

int supervisor_run(const struct supervisor_options *options)
{
    struct supervisor supervisor = {.end = options->end, .on_terminal = has_terminal()};
    describe(&supervisor, options);
    (void)sigemptyset(&supervisor.signals);
    (void)sigaddset(&supervisor.signals, SIGTERM);
    (void)sigaddset(&supervisor.signals, SIGINT);
    (void)sigaddset(&supervisor.signals, SIGHUP);
    (void)sigaddset(&supervisor.signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &supervisor.signals, NULL);

    if (start_all(&supervisor, options->folder)) {
        while (!supervisor.asked && !supervisor.drained && supervisor.failure == 0)
            wait_signal(&supervisor, -1, DUTY_COUNT);
    }
    if (supervisor.failure == 0)
        log_info("run.stopping", "%s; stopping",
                 supervisor.drained ? "all sources are read and acknowledged" : "asked to stop");
    for (enum duty duty = DUTY_COUNT; duty-- > DUTY_SINK;)
        stop(&supervisor, duty);
    return supervisor.failure;
}
