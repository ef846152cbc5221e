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

struct incidents;

/* What happened to an incident since the last flush, for the words of a cause. */
enum incident_action {
    ACTION_NONE,
    ACTION_ADDED,
    ACTION_CORRECTED,
    ACTION_RETRACTED,
    ACTION_EXPLAINED,
    ACTION_RESTORED
};

/* One version of an incident, as the engine sees it. Freed by record_release, after the engine let go of it. */
struct record {
    struct engine_incident incident; /* .user points back here */
    unsigned char digest[32];        /* of the report */
    uint32_t handle;                 /* of the engine */
    enum incident_action action;
    bool in_engine;
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

/* What to do about a report. old: leaves the engine; new: enters it; same pointer: neither (touch). */
struct incident_change {
    enum incident_verdict verdict;
    struct record *removed;    /* was in the engine, must leave it */
    struct record *inserted;   /* must enter it */
    struct record *touched;    /* is in it, stays, tells something else now */
    uint32_t revision;         /* of the standing report */
    enum report_status status; /* of the standing report */
};

enum status incidents_new(struct incidents **ret_incidents) MUST_CHECK;
void incidents_free(struct incidents *incidents);
/* Borrows the report until it returns. The caller carries out what ret_change says, at once. */
enum status incidents_apply(struct incidents *incidents, const struct report *report,
                            struct incident_change *ret_change) MUST_CHECK;
/* The start of the incident as it is now in the engine; false where it is not. */
bool incidents_start(const struct incidents *incidents, struct span id, int64_t *ret_start_ms);
bool incidents_knows(const struct incidents *incidents, struct span id);
/* The engine let go of the record. evicted: its entry is forgotten too. */
void incidents_released(struct incidents *incidents, struct record *record, bool evicted);
/* After a flush: nothing has happened yet. */
void incidents_settle(struct incidents *incidents);
/* Forgets the explained and retracted ones that began before the engine's horizon. O(all). */
void incidents_forget(struct incidents *incidents, int64_t horizon_ms);
size_t incidents_count(const struct incidents *incidents);
