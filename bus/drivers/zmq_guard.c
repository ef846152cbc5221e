#include "bus/drivers/zmq_guard.h"

#include <stdlib.h>
#include <sys/socket.h>

/* ZeroMQ owns the descriptor: it sees the end of the stream, and closes. Were it closed meanwhile and another's, that
 * one is a socket accepted since, or no socket and unharmed. */
static void cut_off(struct guard *guard, size_t index)
{
    struct connection *connection = &guard->items[index];
    (void)shutdown(connection->fd, SHUT_RDWR);
    guard->silent -= !connection->speaks;
    *connection = guard->items[--guard->count];
}

static size_t oldest_silent(const struct guard *guard)
{
    size_t oldest = guard->count;
    for (size_t i = 0; i < guard->count; i++)
        if (!guard->items[i].speaks && (oldest == guard->count || guard->items[i].number < guard->items[oldest].number))
            oldest = i;
    return oldest;
}

static struct connection *find(struct guard *guard, int fd)
{
    for (size_t i = 0; i < guard->count; i++)
        if (guard->items[i].fd == fd)
            return &guard->items[i];
    return NULL;
}

static struct connection *add(struct guard *guard)
{
    if (guard->count == guard->room) {
        size_t room = guard->room == 0 ? 64 : guard->room * 2;
        struct connection *items = realloc(guard->items, room * sizeof *items);
        if (items == NULL)
            return NULL;
        guard->items = items;
        guard->room = room;
    }
    return &guard->items[guard->count++];
}

size_t guard_accepted(struct guard *guard, int fd, uint64_t now_ms)
{
    (void)guard_gone(guard, fd); /* the descriptor is another's now */
    struct connection *connection = add(guard);
    if (connection == NULL) {
        (void)shutdown(fd, SHUT_RDWR);
        return 1;
    }
    *connection = (struct connection){.fd = fd, .number = ++guard->last_number, .since_ms = now_ms};
    guard->silent++;
    if (guard->silent <= guard->silent_max && guard->count <= guard->connections_max)
        return 0;
    cut_off(guard, oldest_silent(guard)); /* itself, if all others speak */
    return 1;
}

size_t guard_sweep(struct guard *guard, uint64_t now_ms)
{
    size_t cut = 0;
    for (size_t i = guard->count; i-- > 0;) {
        const struct connection *connection = &guard->items[i];
        bool silent = !connection->speaks && now_ms - connection->since_ms >= guard->silent_ms;
        if (!silent && (connection->cut_ms == 0 || now_ms < connection->cut_ms))
            continue;
        cut_off(guard, i);
        cut++;
    }
    return cut;
}

bool guard_gone(struct guard *guard, int fd)
{
    struct connection *connection = find(guard, fd);
    if (connection == NULL)
        return false;
    bool silent = !connection->speaks;
    guard->silent -= silent;
    *connection = guard->items[--guard->count];
    if (!silent || guard->forgiven == 0)
        return silent;
    guard->forgiven--;
    return false;
}

uint64_t guard_speaks(struct guard *guard, int fd, bool *ret_first)
{
    struct connection *connection = find(guard, fd);
    *ret_first = connection != NULL && !connection->speaks;
    if (connection == NULL)
        return 0;
    guard->silent -= !connection->speaks;
    connection->speaks = true;
    return connection->number;
}

void guard_cut(struct guard *guard, uint64_t number, uint64_t at_ms)
{
    for (size_t i = 0; i < guard->count; i++)
        if (guard->items[i].number == number && guard->items[i].cut_ms == 0)
            guard->items[i].cut_ms = at_ms;
}

void guard_fini(struct guard *guard)
{
    free(guard->items);
    guard->items = NULL;
    guard->count = guard->room = guard->silent = 0;
}
