#include "cli/replay/ledger.h"

#include <inttypes.h>

void ledger_print(const struct ledger *ledger, FILE *stream)
{
    const struct correlator_stats *correlator = &ledger->result.correlator;
    fprintf(stream, "read %" PRIu64 " reports, refused %" PRIu64 "\n", ledger->read, ledger->refused);
    fprintf(stream,
            "received %" PRIu64 " = applied %" PRIu64 " + duplicate %" PRIu64 " + stale %" PRIu64 " + rejected %" PRIu64
            " + too_late %" PRIu64 "; late %" PRIu64 "\n",
            correlator->received, correlator->applied, correlator->duplicate, correlator->stale, correlator->rejected,
            correlator->too_late, correlator->late);
    if (correlator->in_history > 0)
        fprintf(stream, "began before the baseline's history and guard gap end: %" PRIu64 "\n", correlator->in_history);
    fprintf(stream,
            "episodes: %" PRIu64 " flagged, %" PRIu64 " candidate, %" PRIu64 " withdrawn, in %" PRIu64
            " revisions; store: %s\n",
            ledger->flagged, ledger->candidates, ledger->withdrawn, correlator->published, ledger->store);
}

enum status ledger_check(const struct ledger *ledger, char ret_reason[256])
{
    const struct correlator_stats *correlator = &ledger->result.correlator;
    uint64_t accounted =
        correlator->applied + correlator->duplicate + correlator->stale + correlator->rejected + correlator->too_late;
    if (correlator->received != accounted) {
        (void)snprintf(ret_reason, 256,
                       "the ledger does not balance: %" PRIu64 " reports received, but %" PRIu64 " accounted for",
                       correlator->received, accounted);
        return STATUS_CORRUPT;
    }
    if (ledger->result.agent.submitted != correlator->received) {
        (void)snprintf(ret_reason, 256,
                       "the ledger does not balance: %" PRIu64 " reports sent, but %" PRIu64 " received",
                       ledger->result.agent.submitted, correlator->received);
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}
