/* Acknowledgements that are due: once what they speak of is on disk, and while there is room in memory.
 *
 *     acks_await ─▶ (on disk) acks_synced ─▶ given, or put off while full ─▶ acks_give
 *
 * Put off: while too much is in memory, what arrives is taken but not acknowledged. The agents run out of credit, so
 * their reports stop, while their promises still arrive: the watermark moves, incidents leave memory, and the
 * acknowledgements are given. (Were the link held instead, the promises would be held with it, and nothing would ever
 * leave.) */
#pragma once

#include "bus/receiver.h"
#include "correlator/backlog.h"

#include <stddef.h>

/* Starts as zero. */
struct acks {
    struct backlog unsynced; /* in the order of their numbers */
    struct ack *items;       /* put off: one a stream; a handful, looked through in order */
    size_t count;
    size_t room;
};

void acks_fini(struct acks *acks);
/* Of the stream up to position, once number is on disk. Copies the peer's name. */
enum status acks_await(struct acks *acks, uint64_t number, const struct peer *peer, uint64_t position) MUST_CHECK;
/* All up to number is on disk: gives those that waited for it, or puts them off. */
enum status acks_synced(struct acks *acks, uint64_t number, struct receiver *receiver, bool put_off) MUST_CHECK;
/* One that waits for nothing. */
enum status acks_due(struct acks *acks, struct receiver *receiver, const struct peer *peer, uint64_t position,
                     bool put_off) MUST_CHECK;
/* Gives all that were put off. */
void acks_give(struct acks *acks, struct receiver *receiver);
