/* The register of incidents: which report of each (source, source_id) stands, which reports tell of one incident, and
 * what the engine is told of it.
 *
 *   id ─▶ entry { standing report's rank, body's rank, record ─▶ what the engine borrows }
 *
 * Which report stands is a function of the set of reports, whatever their order: the highest revision, then the latest
 * reported_at, then the greatest digest. A bare retraction (no place, no time) stands without a body; the body is then
 * the best report that has one, so that `retracted` is told of something one can still read.
 *
 * Two ways, chosen when it is made:
 *
 *   registry_new        `same: off`: each report is an incident. registry_apply says at once what becomes of it.
 *   registry_new_same   reports of several sources are put together (reconcile/README.md). registry_apply only takes
 *                       them in; registry_resolve then says what has become of every incident that changed.
 *
 * Entries live in slabs: in steady state nothing is allocated per report. */
#pragma once

#include "base/status.h"
#include "correlator/engine/engine.h"
#include "correlator/reconcile/same.h"
#include "proto/episode.h"

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
    ACTION_RESTORED,
    /* where reports are put together */
    ACTION_BACKED,  /* told by one report more */
    ACTION_SHORTED, /* told by one report less */
    ACTION_RETOLD,  /* another report of it is the best now: another id */
    ACTION_PARTED,  /* was part of another incident */
    ACTION_MERGED   /* is part of another incident now */
};

/* One version of an incident, as the engine sees it. Freed by registry_released, after the engine let go of it. */
struct record {
    struct engine_incident incident; /* .user points back here */
    unsigned char digest[32];        /* of the report; of several, the sum of theirs */
    uint32_t handle;                 /* of the engine */
    enum incident_action action;
    bool replaced;       /* the entry has another record, or none, now */
    struct entry *entry; /* NULL once the entry is gone */
    struct record *next_acted;

    /* where reports are put together */
    struct group *group; /* NULL once it has left the group */
    unsigned char best_digest[32];
    size_t report_count;
    uint64_t serial;
    bool is_orphan; /* its group is no more, or has another best report */
    struct record *next_orphan;
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
/* As the options say; SAME_OFF is registry_new. Borrows what they point to for its life. The allocator serves what
 * putting together takes. */
enum status registry_new_same(const struct same_options *options, const struct allocator *allocator,
                              struct registry **ret_registry) MUST_CHECK;
void registry_free(struct registry *registry);
/* Borrows the report until it returns. The caller carries out what ret_change says, at once (where reports are put
 * together nothing but the verdict is said). now_ms: a retraction that gives no time, of an incident never seen, is
 * kept as if that had begun now: what begins later it cannot be about. STATUS_NO_MEMORY: it can only be freed. */
enum status registry_apply(struct registry *registry, const struct report *report, int64_t now_ms,
                           struct incident_change *ret_change) MUST_CHECK;

/* The report will be applied soon: what is known of its id is on its way from memory meanwhile. Changes nothing. */
void registry_expect(const struct registry *registry, const struct report *report);

/* What registry_resolve tells. */
struct registry_events {
    /* An incident as it stands now, its best report first: to be published before any episode that names it. Borrowed
     * until it returns. */
    enum status (*told)(void *self, enum publication_kind kind, const struct incident *incident);
    /* What the engine must do, at once: removed before inserted. Two changes are of two ids. */
    enum status (*changed)(void *self, const struct incident_change *change);
    void *self;
};
/* Tells what has changed since the last time, in the order of incidents' (start, id): all that leaves the engine first.
 * What is told is a function of the reports that stand, whatever their order, and of what was told before. Does nothing
 * where reports are not put together. */
enum status registry_resolve(struct registry *registry, const struct registry_events *events) MUST_CHECK;
/* About how many reports that would look at and tell; 0: nothing. O(1). */
size_t registry_pending(const struct registry *registry);
/* W, as the engine's. */
void registry_watermark(struct registry *registry, int64_t watermark_ms);
/* As engine_horizon: what starts before might tell of an incident that has left. */
int64_t registry_horizon(const struct registry *registry);

/* Every incident that takes part in correlation, in no order: as its best report tells it, and how many distinct
 * publishers it has. Where reports are put together, as of the last resolve. Borrowed until it returns. Answers the
 * visitor's status if it is not OK. */
typedef enum status (*registry_visitor)(void *self, const struct engine_incident *incident, uint64_t publishers);
enum status registry_visit(struct registry *registry, registry_visitor visitor, void *self) MUST_CHECK;

/* The start of the report as it is now in correlation; false where it is not. */
bool registry_start(const struct registry *registry, struct span id, int64_t *ret_start_ms);
/* --- for reopening (reopen/reopen.h) --- */

enum registry_presence {
    REGISTRY_UNKNOWN, /* nothing of that id is in memory */
    REGISTRY_OUT,     /* known, and takes no part */
    REGISTRY_SETTLED, /* takes part, but the engine has let go of its incident */
    REGISTRY_LIVE,
};
/* ret_record: of a live one, the record of the incident it tells of (NULL until the next resolve); may be NULL. */
enum registry_presence registry_presence(const struct registry *registry, struct span id, struct record **ret_record);
/* Was anything ever known that is not known any more? */
bool registry_has_forgotten(const struct registry *registry);
/* What registry_apply would answer of a report whose id is known. */
enum incident_verdict registry_verdict(const struct registry *registry, const struct report *report, struct span id);
/* The least start of all that applying the report changes in the engine: its own (where it takes part), of what its id
 * is now, of the incidents it may be put together with. INT64_MIN: one of those is settled. INT64_MAX: nothing. */
enum status registry_touches(struct registry *registry, const struct report *report, struct span id,
                             int64_t *ret_start_ms) MUST_CHECK;
/* A version of an id that takes no part and is not known any more, what stands first: as it was before it was
 * forgotten. Nothing is told of it, nothing enters the engine. STATUS_NO_MEMORY: it can only be freed. */
enum status registry_remember(struct registry *registry, const struct report *report, int64_t heard_ms) MUST_CHECK;
/* Forgets the settled incident that the report of this id tells of, with all its reports: they are read back. */
void registry_unsettle(struct registry *registry, struct span id);
/* What ended before has left, though not from this register: registry_horizon is after it. Does nothing where reports
 * are not put together. */
void registry_departed(struct registry *registry, int64_t before_ms);

/* The engine let go of the record. evicted: its reports are forgotten too, unless one may still meet another to come.
 */
void registry_released(struct registry *registry, struct record *record, bool evicted);
/* After a flush: nothing has happened yet. */
void registry_settle(struct registry *registry);
/* Forgets the explained and retracted ones that began before the engine's horizon, and what was kept only for reports
 * to come. O(all). */
void registry_forget(struct registry *registry, int64_t horizon_ms);
/* Reports that stand. */
size_t registry_count(const struct registry *registry);
