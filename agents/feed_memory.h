/* What one source remembers, kept in the notes of the agent's spool under "SOURCE NUL key". */
#pragma once

#include "agents/source_driver.h"
#include "bus/outbox.h"
#include "proto/json.h"

struct feed_memory {
    struct outbox *spool; /* borrowed */
    const char *source;   /* its name; borrowed */
    struct text key;
};

void feed_memory_init(struct feed_memory *memory, struct outbox *spool, const char *source);
void feed_memory_fini(struct feed_memory *memory);
/* Lives as long as the feed_memory. */
struct source_memory feed_memory_seam(struct feed_memory *memory);
