/* Which addresses were refused too often of late. A handshake costs a millisecond of the processor: who is braked is
 * cut off before it.
 *
 *     refusals  ││││││││││    each moves its address's `until` on by 1/rate, to a second and a step from now at most
 *     braked        ──────    while `until` is a second away or more
 *
 * So who goes on knocking still gets `rate` handshakes a second, and who stops is let through at once: an honest peer
 * that shares the address waits for its turn, and those it has connections with do not notice. Of 64 addresses: a new
 * one takes the place of the one whose `until` is the earliest. */
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define BRAKE_ADDRESSES 64u

/* Of IPv6, or IPv4 mapped into it; of IPv6 the network only, its first 64 bits: who has one has all of it. */
struct address {
    unsigned char bytes[16];
};

/* Starts as zero but for its rate. */
struct brake {
    uint32_t refusals_per_s; /* 1 … 1000 */
    struct braked {
        struct address address;
        uint64_t until_ms;
    } items[BRAKE_ADDRESSES];
};

/* As numbers. false: it is none (ipc has none). */
bool address_parse(struct span text, struct address *ret_address);
/* Of the far side of a socket. */
bool address_of_peer(int fd, struct address *ret_address);

void brake_refused(struct brake *brake, const struct address *address, uint64_t now_ms);
bool brake_holds(const struct brake *brake, const struct address *address, uint64_t now_ms);
