/* A queue of packed publications that the link's outbox has no room for yet: one growing ring of bytes, first in, first
 * out. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>

/* Starts as zero. */
struct backlog {
    char *data; /* records: size_t size, then the bytes */
    size_t head;
    size_t tail;
    size_t room;
    size_t bytes; /* waiting; 0: empty */
};

void backlog_fini(struct backlog *backlog);
/* Copies. */
enum status backlog_push(struct backlog *backlog, struct span item) MUST_CHECK;
/* The oldest, borrowed until the next push or pop; false: empty. */
bool backlog_first(const struct backlog *backlog, struct span *ret_item);
void backlog_pop(struct backlog *backlog);
