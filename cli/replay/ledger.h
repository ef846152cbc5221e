/* The ledger of a replay: what came, what became of it. It must balance. */
#pragma once

#include "cli/replay/pipeline.h"

#include <stdio.h>

struct ledger {
    struct pipeline_result result;
    uint64_t unread;        /* files not read, or not to their end */
    uint64_t read, refused; /* by the agent, where the pipeline was fed by a timeline too */
    uint64_t flagged, candidates, withdrawn;
    const char *store;
};

void ledger_print(const struct ledger *ledger, FILE *stream);
/* received = applied + duplicate + stale + rejected + too_late, and what was sent was received. STATUS_CORRUPT with a
 * sentence. */
enum status ledger_check(const struct ledger *ledger, char ret_reason[256]) MUST_CHECK;
