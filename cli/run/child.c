#include "cli/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the new process: never returns. Tells errno through the pipe where the program cannot be started. */
static _Noreturn void become(const struct child *child, const char *path, pid_t parent, int failure_pipe)
{
    const char *argv[CHILD_ARGUMENTS_MAX + 2] = {child->program};
    for (size_t i = 0; child->arguments[i] != NULL; i++)
        argv[i + 1] = child->arguments[i];
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGHUP, SIG_IGN); /* one that comes before the program listens is no end of it */
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    (void)execv(path, (char *const *)argv);
    int error = errno;
    ssize_t written = write(failure_pipe, &error, sizeof error);
    _exit(written == (ssize_t)sizeof error ? 1 : 127);
}

enum status child_start(struct child *child, const char *folder, char ret_reason[256])
{
    char path[4096];
    int size = snprintf(path, sizeof path, "%s/%s", folder, child->program);
    int ends[2];
    if (size < 0 || (size_t)size >= sizeof path || pipe2(ends, O_CLOEXEC) != 0) {
        (void)snprintf(ret_reason, 256, "%.60s: cannot be started: %.60s", child->program, strerror(errno));
        return STATUS_IO;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(child, path, parent, ends[1]);
    int fork_error = errno;
    (void)close(ends[1]);
    int error = 0;
    ssize_t told = pid > 0 ? read(ends[0], &error, sizeof error) : 0;
    (void)close(ends[0]);
    if (pid > 0 && told != (ssize_t)sizeof error) {
        child->pid = pid;
        return STATUS_OK;
    }
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    else
        error = fork_error;
    (void)snprintf(ret_reason, 256, "%.160s: cannot be started: %.60s", path, strerror(error));
    return status_from_errno(error);
}

bool child_reap(struct child *child)
{
    if (child->pid == 0 || waitpid(child->pid, &child->wait_status, WNOHANG) != child->pid)
        return false;
    child->pid = 0;
    return true;
}

void child_signal(const struct child *child, int signal_number)
{
    if (child->pid != 0)
        (void)kill(child->pid, signal_number);
}

int child_exit(const struct child *child)
{
    return WIFEXITED(child->wait_status) ? WEXITSTATUS(child->wait_status) : 1;
}

bool child_was_terminated(const struct child *child)
{
    return WIFSIGNALED(child->wait_status) && WTERMSIG(child->wait_status) == SIGTERM;
}

void child_fate(const struct child *child, char ret_text[128])
{
    if (WIFEXITED(child->wait_status))
        (void)snprintf(ret_text, 128, "ended with exit status %d", WEXITSTATUS(child->wait_status));
    else
        (void)snprintf(ret_text, 128, "was killed by signal %d (%s)", WTERMSIG(child->wait_status),
                       strsignal(WTERMSIG(child->wait_status)));
}
