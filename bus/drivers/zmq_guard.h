/* The connections of a listener. ZeroMQ shows a ROUTER its peers once they speak and not before: whoever connects and
 * is silent costs a descriptor for ever. The monitor tells of each connection by its descriptor, and each message of
 * its connection's: so who never speaks is known, and is cut off.
 *
 *     accepted ─▶ silent ── a message ─▶ speaks ── its line is dropped ─▶ to be cut off, after its last word
 *                   └─ too long, or too many: cut off */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection {
    int fd;
    uint64_t number;
    uint64_t since_ms;
    uint64_t cut_ms; /* when it is to be cut off; 0: not */
    bool speaks;
};

/* Starts as zero but for its limits. */
struct guard {
    size_t connections_max; /* in all; one more cuts off the oldest that is silent, or else itself */
    size_t silent_max;      /* that have not spoken; one more cuts off the oldest of them */
    uint64_t silent_ms;     /* how long one may be silent */
    struct connection *items;
    size_t count, room, silent;
    uint64_t last_number;
    unsigned forgiven; /* of the next to go unheard so many are not counted */
};

/* Each answers how many it has cut off. */
size_t guard_accepted(struct guard *guard, int fd, uint64_t now_ms);
size_t guard_sweep(struct guard *guard, uint64_t now_ms);
/* It is gone. Whether it went without a word. */
bool guard_gone(struct guard *guard, int fd);
/* A message came on it: its number; 0: unknown. Whether it was the first. */
uint64_t guard_speaks(struct guard *guard, int fd, bool *ret_first);
/* Its line is over: it is cut off at that time. */
void guard_cut(struct guard *guard, uint64_t number, uint64_t at_ms);
void guard_fini(struct guard *guard);
