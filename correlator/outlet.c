#include "correlator/outlet.h"

#include "base/log.h"
#include "bus/sender.h"
#include "proto/limits.h"

/* What may go and has room. */
static enum status drain(struct outlet *outlet)
{
    struct span item;
    while (outlet->submitted < outlet->released && backlog_first(&outlet->backlog, &item)) {
        uint64_t position;
        enum status status = sender_submit(outlet->sender, item, &position);
        if (status != STATUS_OK)
            return status == STATUS_AGAIN ? STATUS_OK : status;
        backlog_pop(&outlet->backlog);
        outlet->submitted++;
    }
    return STATUS_OK;
}

static void on_room(void *self)
{
    struct outlet *outlet = self;
    enum status status = drain(outlet);
    if (status == STATUS_OK)
        outlet->events.moved(outlet->events.self);
    else
        outlet->events.failed(outlet->events.self, status);
}

static void on_acked(void *self, uint64_t position)
{
    struct outlet *outlet = self;
    (void)position;
    outlet->events.moved(outlet->events.self);
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
    struct outlet *outlet = self;
    if (state == PEER_UP)
        log_info("sink.up", "sink %s is connected", peer->name);
    else
        log_warn("sink.down", "sink %s is gone: %s", peer->name, peer->reason);
    if (state == PEER_UP && outlet->events.sink != NULL)
        outlet->events.sink(outlet->events.self, peer->name);
}

enum status outlet_open(struct outlet *outlet, struct bus *bus, const struct outlet_options *options,
                        const struct outlet_events *events, char ret_reason[256])
{
    const struct sender_options sender = {
        .url = options->url,
        .end = BUS_LISTEN,
        .name = "correlator",
        .epoch = options->epoch,
        .outbox_item_max = LIMIT_EPISODE_BYTES,
        .receivers = options->sinks,
        .receiver_count = options->sink_count,
    };
    const struct sender_events sender_events = {.room = on_room, .acked = on_acked, .peer = on_peer, .self = outlet};
    outlet->backlog_max = options->backlog_max;
    outlet->gated = options->gated;
    outlet->events = *events;
    return sender_open(bus, &sender, &sender_events, &outlet->sender, ret_reason);
}

enum status outlet_publish(void *self, struct span item)
{
    struct outlet *outlet = self;
    if (!outlet->gated && outlet->backlog.bytes == 0) {
        uint64_t position;
        enum status status = sender_submit(outlet->sender, item, &position);
        if (status == STATUS_OK)
            outlet->submitted = outlet->released = ++outlet->published;
        if (status != STATUS_AGAIN)
            return status;
    }
    if (outlet->backlog.bytes > outlet->backlog_max)
        return STATUS_FULL;
    enum status status = backlog_push(&outlet->backlog, item);
    if (status == STATUS_OK)
        outlet->published++;
    if (status == STATUS_OK && !outlet->gated)
        outlet->released = outlet->published;
    return status;
}

void outlet_release(struct outlet *outlet, uint64_t count)
{
    if (count > outlet->released)
        outlet->released = count;
    enum status status = drain(outlet);
    if (status != STATUS_OK)
        outlet->events.failed(outlet->events.self, status);
}

bool outlet_has_delivered(const struct outlet *outlet, uint64_t count)
{
    return sender_acked(outlet->sender) >= count;
}

enum status outlet_forget(struct outlet *outlet, const char *sink)
{
    return sender_forget(outlet->sender, sink);
}

size_t outlet_waiting(const struct outlet *outlet)
{
    return outlet->backlog.bytes;
}

bool outlet_is_clear(const struct outlet *outlet)
{
    return outlet->backlog.bytes == 0 && sender_acked(outlet->sender) == sender_position(outlet->sender);
}

void outlet_close(struct outlet *outlet, void (*closed)(void *self), void *self)
{
    backlog_fini(&outlet->backlog);
    sender_close(outlet->sender, closed, self);
}
