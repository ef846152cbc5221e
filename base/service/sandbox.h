/* What a daemon gives up, so that whoever takes it over by a stranger's bytes gains little.
 *
 *     sandbox_privileges   at the start, before any thread: new privileges, all capabilities but those over files and
 *                          ports, core dumps and debuggers (there are keys in memory)
 *     sandbox_calls        once all is open: system calls that a daemon at work never makes answer EPERM (seccomp)
 *
 * Under sanitizers neither does anything: the leak checker is a debugger. */
#pragma once

/* What the kernel refuses is logged, and done without. */
void sandbox_privileges(void);
void sandbox_calls(void);
