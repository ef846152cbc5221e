/* How far a source that is followed has been read while there is still more to read: what comes next was reported no
 * earlier than the earliest of the last READ_UP_TO_SPAN reports. That is so where a file grows at its end as reports
 * are made; where it is not quite so some come late, and late is slow, not lost. One wrong date among them moves
 * nothing forward. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define READ_UP_TO_SPAN 1024u

/* Starts as zero. */
struct read_up_to {
    int64_t reported_ms[READ_UP_TO_SPAN]; /* a ring */
    uint64_t count;                       /* so many were noted */
};

/* A report was read; one that does not say when it was reported (TIME_NONE) says nothing here. */
void read_up_to_note(struct read_up_to *read_up_to, int64_t reported_ms);
/* TIME_NONE: fewer than READ_UP_TO_SPAN were noted. O(READ_UP_TO_SPAN). */
int64_t read_up_to_least(const struct read_up_to *read_up_to);
