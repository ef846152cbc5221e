/* What a receiver remembers of each stream it has seen, across sessions: (name, epoch) → positions. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_NAME_BYTES 65u /* a name and its NUL */
/* Beyond, one is forgotten: of the same name if there is one, else the one longest unused. Its items may then come
 * twice, or are refused, never missed in silence. */
#define STREAMS_MAX 4096u

struct stream {
    char name[PEER_NAME_BYTES];
    uint64_t epoch;
    bool begun;        /* a first item, or the place where the stream begins, is known */
    uint64_t received; /* last position handed over */
    uint64_t acked;    /* last position that is safe; ≤ received */
    unsigned sessions; /* attached now */
    uint64_t used;     /* a count that grows with each use */
};

/* Starts as zero. Records do not move. Linear, with the last one found tried first: it is asked when a session begins
 * and once for each acknowledgement, not for each item. */
struct streams {
    struct stream **items;
    size_t count;
    size_t room;
    uint64_t uses;
    struct stream *recent;
};

void streams_fini(struct streams *streams);
/* NULL: unknown. */
struct stream *streams_find(struct streams *streams, struct span name, uint64_t epoch);
/* Finds it or begins it at position 0. STATUS_FULL: all are attached. */
enum status streams_get(struct streams *streams, struct span name, uint64_t epoch,
                        struct stream **ret_stream) MUST_CHECK;
