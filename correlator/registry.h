/* The register of incidents: which report of each (source, source_id) stands, and what the engine is told of it.
 *
 *   id ─▶ entry { standing report's rank, body's rank, record ─▶ what the engine borrows }
 *
 * Which report stands is a function of the set of reports, whatever their order: the highest revision, then the latest
 * reported_at, then the greatest digest. A bare retraction (no place, no time) stands without a body; the body is then
 * the best report that has one, so that `retracted` is told of something one can still read.
 *
 * Entries live in slabs: in steady state nothing is allocated per report. */
#pragma once

#include "base/status.h"
#include "correlator/engine/engine.h"
#include "proto/report.h"

#include <stdbool.h>
#include <stdint.h>

struct registry;

/* What happened to an incident since the last flush, for the words of a cause. */
enum incident_action {
    ACTION_NONE,
    ACTION_ADDED,
    ACTION_CORRECTED,
    ACTION_RETRACTED,
    ACTION_EXPLAINED,
    ACTION_RESTORED
};

/* One version of an incident, as the engine sees it. Freed by registry_released, after the engine let go of it. */
struct record {
    struct engine_incident incident; /* .user points back here */
    unsigned char digest[32];        /* of the report */
    uint32_t handle;                 /* of the engine */
    enum incident_action action;
    bool replaced;       /* the entry has another record, or none, now */
    struct entry *entry; /* NULL once the entry is gone */
    struct record *next_acted;
};

enum incident_verdict {
    VERDICT_APPLIED,
    VERDICT_DUPLICATE,
    VERDICT_STALE,
    VERDICT_BODY, /* older than a bare retraction, but the best body known of it: to be published, not correlated */
};

/* What to do about a report: what leaves the engine, enters it, or stays and is touched. */
struct incident_change {
    enum incident_verdict verdict;
    struct record *removed;    /* was in the engine, must leave it */
    struct record *inserted;   /* must enter it */
    struct record *touched;    /* is in it, stays, tells something else now */
    uint32_t revision;         /* of the standing report */
    enum report_status status; /* of the standing report */
};

enum status registry_new(struct registry **ret_registry) MUST_CHECK;
void registry_free(struct registry *registry);
/* Borrows the report until it returns. The caller carries out what ret_change says, at once. now_ms: a retraction that
 * gives no time, of an incident never seen, is kept as if that had begun now: what begins later it cannot be about. */
enum status registry_apply(struct registry *registry, const struct report *report, int64_t now_ms,
                           struct incident_change *ret_change) MUST_CHECK;
/* The start of the incident as it is now in the engine; false where it is not. */
bool registry_start(const struct registry *registry, struct span id, int64_t *ret_start_ms);
/* The engine let go of the record. evicted: its entry is forgotten too. */
void registry_released(struct registry *registry, struct record *record, bool evicted);
/* After a flush: nothing has happened yet. */
void registry_settle(struct registry *registry);
/* Forgets the explained and retracted ones that began before the engine's horizon. O(all). */
void registry_forget(struct registry *registry, int64_t horizon_ms);
size_t registry_count(const struct registry *registry);
