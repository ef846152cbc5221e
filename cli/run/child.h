/* A program started and watched by `vedette run`. It has a process group of its own, so that Ctrl-C reaches the
 * supervisor alone, which stops the programs in their order; it is told to stop should the supervisor die. */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <sys/types.h>

#define CHILD_ARGUMENTS_MAX 10

struct child {
    const char *program;                            /* "vedette-sink"; borrowed */
    const char *arguments[CHILD_ARGUMENTS_MAX + 1]; /* after the program's name; ended by NULL; borrowed */
    pid_t pid;                                      /* 0: not running */
    int wait_status;                                /* as of waitpid, once it has ended */
};

/* Starts folder/program. Its standard streams are ours. STATUS_NOT_FOUND and its like, with a sentence. */
enum status child_start(struct child *child, const char *folder, char ret_reason[256]) MUST_CHECK;
/* True once it has ended since the last call; then pid is 0. */
bool child_reap(struct child *child);
void child_signal(const struct child *child, int signal_number);
/* Its exit status; EXIT_FAILED where a signal ended it. */
int child_exit(const struct child *child);
/* SIGTERM ended it before it could listen to it: it had nothing yet that it could lose. */
bool child_was_terminated(const struct child *child);
/* "ended with exit status 1", "was killed by signal 9 (Killed)" */
void child_fate(const struct child *child, char ret_text[128]);
