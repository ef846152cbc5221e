/* The outlet: what is published goes to the sinks, in order, whatever their speed.
 *
 *   publisher ──▶ backlog (when the link's outbox is full, or it is not released yet) ──▶ sender ══ sinks
 *
 * Whoever publishes watches outlet_waiting and holds back its own source in time. Where there is a gate, what was
 * published goes out once it is released: when that it was told is on disk. */
#pragma once

#include "bus/bus.h"
#include "correlator/backlog.h"

#include <stdbool.h>
#include <stddef.h>

struct sender;

struct outlet_events {
    void (*moved)(void *self); /* the sinks have taken or acknowledged something */
    void (*failed)(void *self, enum status status);
    void (*sink)(void *self, const char *name); /* is connected; may be NULL */
    void *self;
};

struct outlet_options {
    const char *url;
    uint64_t epoch;           /* of the link */
    size_t backlog_max;       /* bytes; beyond, outlet_publish answers STATUS_FULL */
    const char *const *sinks; /* known from before: what is published is kept until they have it */
    size_t sink_count;
    bool gated;
};

/* Embedded in its owner, starts as zero. */
struct outlet {
    struct sender *sender;
    struct backlog backlog;
    size_t backlog_max;
    bool gated;
    uint64_t published; /* so many in all */
    uint64_t released;  /* so many of them may go */
    uint64_t submitted; /* so many have gone to the link: their positions there */
    struct outlet_events events;
};

enum status outlet_open(struct outlet *outlet, struct bus *bus, const struct outlet_options *options,
                        const struct outlet_events *events, char ret_reason[256]) MUST_CHECK;
/* Copies. As publisher_outlet.publish; self is the outlet. */
enum status outlet_publish(void *self, struct span item);
/* Lets the first `count` of what was published go. */
void outlet_release(struct outlet *outlet, uint64_t count);
/* Every known sink has acknowledged the first `count`; false while none is known. */
bool outlet_has_delivered(const struct outlet *outlet, uint64_t count);
/* As sender_forget. */
enum status outlet_forget(struct outlet *outlet, const char *sink) MUST_CHECK;
/* Bytes beyond what the link's outbox holds. */
size_t outlet_waiting(const struct outlet *outlet);
/* Every known sink has acknowledged everything; false while none is known. */
bool outlet_is_clear(const struct outlet *outlet);
/* closed is called from the loop, may be NULL. The backlog is gone at once. */
void outlet_close(struct outlet *outlet, void (*closed)(void *self), void *self);
