/* Work put off until the loop is about to poll: what was submitted or acknowledged meanwhile travels together. */
#pragma once

#include "bus/bus.h"

#include <stdbool.h>

/* Embedded in its owner. */
struct turn {
    void (*run)(void *self);
    void *self;
    struct turn *next;
    bool due;
};

uv_loop_t *bus_loop(const struct bus *bus);
struct keyring *bus_keyring(const struct bus *bus); /* NULL: none */
const struct bus_limits *bus_limits(const struct bus *bus);
/* Runs it once, before the loop polls the next time. Again while it is due: nothing. */
void turn_schedule(struct bus *bus, struct turn *turn);
void turn_cancel(struct bus *bus, struct turn *turn);
