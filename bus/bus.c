#include "bus/bus.h"

#include "bus/driver.h"
#include "bus/turn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const struct bus_driver *const drivers[] = {&bus_inproc, &bus_zmq};
#define DRIVER_COUNT (sizeof drivers / sizeof drivers[0])

enum status bus_driver_find(const char *url, enum bus_reach reach, const struct bus_driver **ret_driver,
                            char ret_reason[256])
{
    for (size_t i = 0; i < DRIVER_COUNT; i++) {
        for (const char *const *scheme = drivers[i]->schemes; *scheme != NULL; scheme++) {
            if (strncmp(url, *scheme, strlen(*scheme)) != 0)
                continue;
            enum status status = drivers[i]->check(url, reach, ret_reason);
            if (status == STATUS_OK)
                *ret_driver = drivers[i];
            return status;
        }
    }
    (void)snprintf(ret_reason, 256, "\"%.100s\": expected tcp://ADDRESS:PORT, ipc://PATH or inproc://NAME", url);
    return STATUS_INVALID;
}

enum status bus_check_url(const char *url, enum bus_reach reach, char ret_reason[256])
{
    const struct bus_driver *driver = NULL;
    return bus_driver_find(url, reach, &driver, ret_reason);
}

/* The loop is kept from sleeping by `idle` while something is due, and does it in `prepare`: whoever schedules, in
 * whatever phase of the loop, is served before it sleeps. */
struct bus {
    uv_loop_t *loop;
    uv_idle_t idle;
    uv_prepare_t prepare;
    struct turn *first;
    struct turn *last;
    struct keyring *keyring;
    struct bus_limits limits;
    int handles;
};

static void awake(uv_idle_t *idle)
{
    (void)idle;
}

static void turns_run(uv_prepare_t *prepare)
{
    struct bus *bus = prepare->data;
    (void)uv_idle_stop(&bus->idle);
    (void)uv_prepare_stop(&bus->prepare);
    size_t count = 0;
    for (const struct turn *turn = bus->first; turn != NULL; turn = turn->next)
        count++;
    for (; count > 0 && bus->first != NULL; count--) { /* what is scheduled meanwhile comes the next time */
        struct turn *turn = bus->first;
        turn_cancel(bus, turn);
        turn->run(turn->self);
    }
}

enum status bus_open(uv_loop_t *loop, struct bus **ret_bus)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (bus == NULL)
        return STATUS_NO_MEMORY;
    bus->loop = loop;
    (void)uv_idle_init(loop, &bus->idle); /* neither of them can fail */
    (void)uv_prepare_init(loop, &bus->prepare);
    bus->idle.data = bus->prepare.data = bus;
    bus->handles = 2;
    *ret_bus = bus;
    return STATUS_OK;
}

static void handle_closed(uv_handle_t *handle)
{
    struct bus *bus = handle->data;
    if (--bus->handles == 0)
        free(bus);
}

void bus_close(struct bus *bus)
{
    if (bus == NULL)
        return;
    assert(bus->first == NULL);
    uv_close((uv_handle_t *)&bus->idle, handle_closed);
    uv_close((uv_handle_t *)&bus->prepare, handle_closed);
}

void bus_use_keys(struct bus *bus, struct keyring *keyring)
{
    bus->keyring = keyring;
}

void bus_use_limits(struct bus *bus, const struct bus_limits *limits)
{
    bus->limits = *limits;
}

const struct bus_limits *bus_limits(const struct bus *bus)
{
    return &bus->limits;
}

struct keyring *bus_keyring(const struct bus *bus)
{
    return bus->keyring;
}

uv_loop_t *bus_loop(const struct bus *bus)
{
    return bus->loop;
}

void turn_schedule(struct bus *bus, struct turn *turn)
{
    if (turn->due)
        return;
    turn->due = true;
    turn->next = NULL;
    if (bus->first == NULL)
        bus->first = turn;
    else
        bus->last->next = turn;
    bus->last = turn;
    (void)uv_idle_start(&bus->idle, awake);
    (void)uv_prepare_start(&bus->prepare, turns_run);
}

void turn_cancel(struct bus *bus, struct turn *turn)
{
    struct turn *before = NULL;
    if (!turn->due)
        return;
    for (struct turn *each = bus->first; each != turn; each = each->next)
        before = each;
    if (before == NULL)
        bus->first = turn->next;
    else
        before->next = turn->next;
    if (bus->last == turn)
        bus->last = before;
    turn->due = false;
}
