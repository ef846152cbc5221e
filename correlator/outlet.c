#include "correlator/outlet.h"

#include "base/log.h"
#include "bus/sender.h"
#include "proto/limits.h"

static void on_room(void *self)
{
    struct outlet *outlet = self;
    struct span item;
    while (backlog_first(&outlet->backlog, &item)) {
        uint64_t position;
        enum status status = sender_submit(outlet->sender, item, &position);
        if (status == STATUS_AGAIN)
            break;
        if (status != STATUS_OK) {
            outlet->events.failed(outlet->events.self, status);
            return;
        }
        backlog_pop(&outlet->backlog);
    }
    outlet->events.moved(outlet->events.self);
}

static void on_acked(void *self, uint64_t position)
{
    struct outlet *outlet = self;
    (void)position;
    outlet->events.moved(outlet->events.self);
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
    (void)self;
    if (state == PEER_UP)
        log_info("sink.up", "sink %s is connected", peer->name);
    else
        log_warn("sink.down", "sink %s is gone: %s", peer->name, peer->reason);
}

enum status outlet_open(struct outlet *outlet, struct bus *bus, const char *url, uint64_t epoch, size_t backlog_max,
                        const struct outlet_events *events, char ret_reason[256])
{
    const struct sender_options options = {
        .url = url,
        .end = BUS_LISTEN,
        .name = "correlator",
        .epoch = epoch,
        .outbox_item_max = LIMIT_EPISODE_BYTES,
    };
    const struct sender_events sender_events = {.room = on_room, .acked = on_acked, .peer = on_peer, .self = outlet};
    outlet->backlog_max = backlog_max;
    outlet->events = *events;
    return sender_open(bus, &options, &sender_events, &outlet->sender, ret_reason);
}

enum status outlet_publish(void *self, struct span item)
{
    struct outlet *outlet = self;
    if (outlet->backlog.bytes == 0) {
        uint64_t position;
        enum status status = sender_submit(outlet->sender, item, &position);
        if (status != STATUS_AGAIN)
            return status;
    }
    if (outlet->backlog.bytes > outlet->backlog_max)
        return STATUS_FULL;
    return backlog_push(&outlet->backlog, item);
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
