/* Each in a process of its own: what is given up is not got back. */
#include "base/service/sandbox.h"

#include "tests/unit/base/unit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED
#endif

/* The exit status of a process that does it. */
static int in_a_process(int (*act)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(act());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int run_true(void)
{
    sandbox_calls();
    execl("/bin/true", "true", (char *)NULL);
    return errno == EPERM ? 10 : 11;
}

static int trace(void)
{
    sandbox_calls();
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 && errno == EPERM ? 10 : 11;
}

static int leave_namespaces(void)
{
    sandbox_calls();
    return unshare(CLONE_NEWNS) == -1 && errno == EPERM ? 10 : 11;
}

static volatile int other_may_go, other_found;

static void *run_true_elsewhere(void *unused)
{
    while (!__atomic_load_n(&other_may_go, __ATOMIC_ACQUIRE))
        sched_yield();
    execl("/bin/true", "true", (char *)NULL);
    other_found = errno == EPERM ? 10 : 11;
    return unused;
}

/* A thread that was there before is bound too. */
static int run_true_from_another_thread(void)
{
    pthread_t other;
    if (pthread_create(&other, NULL, run_true_elsewhere, NULL) != 0)
        return 12;
    sandbox_calls();
    __atomic_store_n(&other_may_go, 1, __ATOMIC_RELEASE);
    pthread_join(other, NULL);
    return other_found;
}

static int work_as_usual(void)
{
    char path[] = "/tmp/vedette-sandbox-XXXXXX";
    sandbox_privileges();
    sandbox_calls();
    int fd = mkstemp(path);
    bool right = fd >= 0 && write(fd, "x", 1) == 1 && fdatasync(fd) == 0 && close(fd) == 0 && unlink(path) == 0;
    return right ? 10 : 11;
}

static int look_at_privileges(void)
{
    struct rlimit core;
    unsigned long long effective = 0;
    char line[256];
    sandbox_privileges();
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "CapEff: %llx", &effective);
    if (file == NULL || fclose(file) != 0 || getrlimit(RLIMIT_CORE, &core) != 0)
        return 12;
    bool few = (effective & ~0x40fULL) == 0; /* none but those over files and ports */
    bool right =
        few && core.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    return right ? 10 : 11;
}

#ifdef IS_SANITIZED
static void under_sanitizers_nothing_is_given_up(void **state)
{
    assert_int_equal(in_a_process(run_true), 0); /* /bin/true ran */
    (void)trace, (void)leave_namespaces, (void)run_true_from_another_thread, (void)work_as_usual,
        (void)look_at_privileges;
}
#else
static void no_other_program_is_run(void **state)
{
    assert_int_equal(in_a_process(run_true), 10);
    assert_int_equal(in_a_process(run_true_from_another_thread), 10);
}

static void nobody_is_debugged_and_no_namespace_is_left(void **state)
{
    assert_int_equal(in_a_process(trace), 10);
    assert_int_equal(in_a_process(leave_namespaces), 10);
}

static void work_goes_on(void **state)
{
    assert_int_equal(in_a_process(work_as_usual), 10);
}

static void privileges_and_core_dumps_are_gone(void **state)
{
    assert_int_equal(in_a_process(look_at_privileges), 10);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef IS_SANITIZED
        cmocka_unit_test(under_sanitizers_nothing_is_given_up),
#else
        cmocka_unit_test(no_other_program_is_run),
        cmocka_unit_test(nobody_is_debugged_and_no_namespace_is_left),
        cmocka_unit_test(work_goes_on),
        cmocka_unit_test(privileges_and_core_dumps_are_gone),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
