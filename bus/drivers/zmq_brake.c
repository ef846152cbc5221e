#include "bus/drivers/zmq_brake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#define AHEAD_MS 1000u

static void from_v4(const struct in_addr *from, struct address *ret_address)
{
    *ret_address = (struct address){.bytes = {[10] = 0xff, [11] = 0xff}};
    memcpy(ret_address->bytes + 12, from, 4);
}

static void from_v6(const struct in6_addr *from, struct address *ret_address)
{
    memcpy(ret_address->bytes, from, sizeof ret_address->bytes);
    if (!IN6_IS_ADDR_V4MAPPED(from))
        memset(ret_address->bytes + 8, 0, 8);
}

bool address_parse(struct span text, struct address *ret_address)
{
    char room[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    const char *scope = text.size > 0 ? memchr(text.data, '%', text.size) : NULL;
    size_t size = scope != NULL ? (size_t)(scope - text.data) : text.size;
    if (size == 0 || size >= sizeof room)
        return false;
    memcpy(room, text.data, size);
    room[size] = '\0';
    if (inet_pton(AF_INET, room, &v4) == 1)
        from_v4(&v4, ret_address);
    else if (inet_pton(AF_INET6, room, &v6) == 1)
        from_v6(&v6, ret_address);
    else
        return false;
    return true;
}

bool address_of_peer(int fd, struct address *ret_address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } peer;
    socklen_t size = sizeof peer;
    if (getpeername(fd, &peer.any, &size) != 0)
        return false;
    if (peer.any.sa_family == AF_INET)
        from_v4(&peer.v4.sin_addr, ret_address);
    else if (peer.any.sa_family == AF_INET6)
        from_v6(&peer.v6.sin6_addr, ret_address);
    else
        return false;
    return true;
}

static bool same(const struct address *a, const struct address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void brake_refused(struct brake *brake, const struct address *address, uint64_t now_ms)
{
    struct braked *item = &brake->items[0];
    for (size_t i = 0; i < BRAKE_ADDRESSES; i++) {
        if (same(&brake->items[i].address, address)) {
            item = &brake->items[i];
            break;
        }
        if (brake->items[i].until_ms < item->until_ms)
            item = &brake->items[i];
    }
    uint64_t step_ms = 1000 / brake->refusals_per_s;
    uint64_t from_ms = same(&item->address, address) && item->until_ms > now_ms ? item->until_ms : now_ms;
    uint64_t most_ms = now_ms + AHEAD_MS + step_ms;
    *item = (struct braked){*address, from_ms + step_ms < most_ms ? from_ms + step_ms : most_ms};
}

bool brake_holds(const struct brake *brake, const struct address *address, uint64_t now_ms)
{
    for (size_t i = 0; i < BRAKE_ADDRESSES; i++)
        if (same(&brake->items[i].address, address))
            return brake->items[i].until_ms >= now_ms + AHEAD_MS;
    return false;
}
