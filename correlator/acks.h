/* Acknowledgements put off: while too many incidents are in memory, what arrives is applied but not acknowledged. The
 * agents run out of credit, so their reports stop, while their promises still arrive: the watermark moves, incidents
 * leave memory, and the acknowledgements are given. (Were the link held instead, the promises would be held with it,
 * and nothing would ever leave.) */
#pragma once

#include "bus/receiver.h"

#include <stddef.h>

/* Starts as zero. One entry a stream; a handful, looked through in order. */
struct acks {
    struct ack *items;
    size_t count;
    size_t room;
};

void acks_fini(struct acks *acks);
/* Copies the peer's name. */
enum status acks_put_off(struct acks *acks, const struct peer *peer, uint64_t position) MUST_CHECK;
/* Gives all that were put off. */
void acks_give(struct acks *acks, struct receiver *receiver);
