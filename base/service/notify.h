/* Tells the supervisor how it is: the protocol of sd_notify(3), over its datagram socket. Ours, for a hundred lines of
 * protocol are no reason for one more library on an agent's host. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct notify {
    int fd;              /* -1: nobody wants to know */
    int64_t watchdog_ms; /* it expects a word at least that often; 0: it does not */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes the first out of the environment: what is started from
 * here is not asked. */
void notify_open(struct notify *notify);
/* "READY=1", "STOPPING=1", "STATUS=…"; lines joined by \n. Lost where the supervisor does not read. */
void notify_say(const struct notify *notify, const char *lines);
void notify_close(struct notify *notify);
