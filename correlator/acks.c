#include "correlator/acks.h"

#include "proto/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ack {
    char name[LIMIT_NAME_BYTES + 1];
    uint64_t epoch;
    uint64_t position;
    uint64_t number; /* of the journal */
};

void acks_fini(struct acks *acks)
{
    backlog_fini(&acks->unsynced);
    free(acks->items);
    *acks = (struct acks){0};
}

static struct ack ack_of(const struct peer *peer, uint64_t position, uint64_t number)
{
    struct ack ack = {.epoch = peer->epoch, .position = position, .number = number};
    (void)snprintf(ack.name, sizeof ack.name, "%s", peer->name);
    return ack;
}

/* The later one of a stream takes the place of the earlier. */
static enum status put_off(struct acks *acks, const struct ack *ack)
{
    for (size_t i = 0; i < acks->count; i++) {
        struct ack *each = &acks->items[i];
        if (each->epoch == ack->epoch && strcmp(each->name, ack->name) == 0) {
            *each = *ack;
            return STATUS_OK;
        }
    }
    if (acks->count == acks->room) {
        size_t room = acks->room == 0 ? 16 : acks->room * 2;
        struct ack *items = realloc(acks->items, room * sizeof *items);
        if (items == NULL)
            return STATUS_NO_MEMORY;
        acks->items = items;
        acks->room = room;
    }
    acks->items[acks->count++] = *ack;
    return STATUS_OK;
}

static enum status give(struct acks *acks, struct receiver *receiver, const struct ack *ack, bool is_put_off)
{
    if (is_put_off)
        return put_off(acks, ack);
    receiver_ack(receiver, ack->name, ack->epoch, ack->position);
    return STATUS_OK;
}

enum status acks_await(struct acks *acks, uint64_t number, const struct peer *peer, uint64_t position)
{
    const struct ack ack = ack_of(peer, position, number);
    return backlog_push(&acks->unsynced, (struct span){(const char *)&ack, sizeof ack});
}

enum status acks_synced(struct acks *acks, uint64_t number, struct receiver *receiver, bool is_put_off)
{
    struct span bytes;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && backlog_first(&acks->unsynced, &bytes)) {
        struct ack ack;
        memcpy(&ack, bytes.data, sizeof ack);
        if (ack.number > number)
            break;
        backlog_pop(&acks->unsynced);
        status = give(acks, receiver, &ack, is_put_off);
    }
    return status;
}

enum status acks_due(struct acks *acks, struct receiver *receiver, const struct peer *peer, uint64_t position,
                     bool is_put_off)
{
    const struct ack ack = ack_of(peer, position, 0);
    return give(acks, receiver, &ack, is_put_off);
}

void acks_give(struct acks *acks, struct receiver *receiver)
{
    for (size_t i = 0; i < acks->count; i++)
        receiver_ack(receiver, acks->items[i].name, acks->items[i].epoch, acks->items[i].position);
    acks->count = 0;
}
