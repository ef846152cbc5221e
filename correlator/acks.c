#include "correlator/acks.h"

#include "proto/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ack {
    char name[LIMIT_NAME_BYTES + 1];
    uint64_t epoch;
    uint64_t position;
};

void acks_fini(struct acks *acks)
{
    free(acks->items);
    *acks = (struct acks){0};
}

enum status acks_put_off(struct acks *acks, const struct peer *peer, uint64_t position)
{
    for (size_t i = 0; i < acks->count; i++) {
        struct ack *ack = &acks->items[i];
        if (ack->epoch == peer->epoch && strcmp(ack->name, peer->name) == 0) {
            ack->position = position;
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
    struct ack *ack = &acks->items[acks->count++];
    (void)snprintf(ack->name, sizeof ack->name, "%s", peer->name);
    ack->epoch = peer->epoch;
    ack->position = position;
    return STATUS_OK;
}

void acks_give(struct acks *acks, struct receiver *receiver)
{
    for (size_t i = 0; i < acks->count; i++)
        receiver_ack(receiver, acks->items[i].name, acks->items[i].epoch, acks->items[i].position);
    acks->count = 0;
}
