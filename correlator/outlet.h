/* The outlet: what is published goes to the sinks, in order, whatever their speed.
 *
 *   publisher ──▶ backlog (when the link's outbox is full) ──▶ sender ══ sinks
 *
 * Whoever publishes watches outlet_waiting and holds back its own source in time. */
#pragma once

#include "bus/bus.h"
#include "correlator/backlog.h"

#include <stdbool.h>
#include <stddef.h>

struct sender;

struct outlet_events {
    void (*moved)(void *self); /* the sinks have taken or acknowledged something */
    void (*failed)(void *self, enum status status);
    void *self;
};

/* Embedded in its owner, starts as zero. */
struct outlet {
    struct sender *sender;
    struct backlog backlog;
    size_t backlog_max; /* bytes; beyond, outlet_publish answers STATUS_FULL */
    struct outlet_events events;
};

enum status outlet_open(struct outlet *outlet, struct bus *bus, const char *url, uint64_t epoch, size_t backlog_max,
                        const struct outlet_events *events, char ret_reason[256]) MUST_CHECK;
/* Copies. As publisher_outlet.publish; self is the outlet. */
enum status outlet_publish(void *self, struct span item);
/* Bytes beyond what the link's outbox holds. */
size_t outlet_waiting(const struct outlet *outlet);
/* Every known sink has acknowledged everything; false while none is known. */
bool outlet_is_clear(const struct outlet *outlet);
/* closed is called from the loop, may be NULL. The backlog is gone at once. */
void outlet_close(struct outlet *outlet, void (*closed)(void *self), void *self);
