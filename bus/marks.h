/* A copy of what the sources of a sender promise, and the position it holds from. */
#pragma once

#include "base/status.h"
#include "proto/codec.h"

#include <stddef.h>
#include <stdint.h>

/* Starts as zero. Grows to the greatest set it has held and then allocates no more. */
struct marks {
    uint64_t position;
    struct source_mark *items;
    size_t count;
    size_t room;
    char *names;
    size_t names_room;
};

void marks_fini(struct marks *marks);
/* Replaces the set. STATUS_NO_MEMORY leaves it as it was. */
enum status marks_copy(struct marks *marks, const struct source_mark *items, size_t count,
                       uint64_t position) MUST_CHECK;
