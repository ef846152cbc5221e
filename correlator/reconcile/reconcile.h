/* Reports into incidents, as reports come and go (method §7; README.md says what was decided).
 *
 *   reconcile_add / _change / _remove ──▶ what is plain is done at once; what is not marks its groups stale
 *   reconcile_resolve                 ──▶ the stale groups, and all that edges join to them, are partitioned anew
 *                                         groups that say something else than before are dirty, the rest untouched
 *
 * After a resolve the groups are a function of the standing reports alone. What has left (reconcile_leave) stands. */
#pragma once

#include "correlator/reconcile/partition.h"

struct reconcile_events {
    /* The group this record was of is no more. */
    void (*orphaned)(void *self, struct record *record);
    void *self;
};

struct reconcile {
    struct memory *memory; /* borrowed */
    struct same_options options;
    struct same_measure measure;
    struct near near;
    struct partition partition;
    struct reconcile_events events;
    struct group *clean, *dirty; /* all groups, in one of two lists */
    standing_vector found, region;
    standing_vector waiting; /* reports without a group */
    VECTOR(struct group *) stale;
    size_t pending; /* about how many reports a resolve looks at, and dirty groups tell */
    size_t settled; /* groups */
    uint64_t stamp;
    int64_t watermark_ms; /* INT64_MIN: none */
    int64_t horizon_ms;   /* reports that start before might belong to what has left; INT64_MIN: nothing has */
};

/* Borrows the memory, and what the options point to. */
void reconcile_init(struct reconcile *reconcile, struct memory *memory, const struct same_options *options,
                    const struct reconcile_events *events);
/* Every standing must have been freed (standing_free) or removed. */
void reconcile_fini(struct reconcile *reconcile);

/* Borrows id and entry until it is removed. The report has a place and a time and takes part. STATUS_NO_MEMORY. */
enum status reconcile_add(struct reconcile *reconcile, const struct report *report, struct span id, void *entry,
                          const unsigned char digest[32], struct standing **ret_standing) MUST_CHECK;
/* The same id says something else now. STATUS_NO_MEMORY: *standing is what it was, or NULL. */
enum status reconcile_change(struct reconcile *reconcile, struct standing **standing, const struct report *report,
                             const unsigned char digest[32]) MUST_CHECK;
/* Frees it; where there is no memory, not. */
enum status reconcile_remove(struct reconcile *reconcile, struct standing *standing) MUST_CHECK;
enum status reconcile_resolve(struct reconcile *reconcile) MUST_CHECK;

/* The best report of a group that is not empty. O(1), or O(members) after its best has left. */
struct standing *group_best(struct group *group);
/* What it says has been told. */
void group_clean(struct reconcile *reconcile, struct group *group);

/* The least start of all that is decided anew where the report (NULL: none) comes to stand under the id, and what
 * stands of it (NULL: nothing) goes: of both, and of what edges join to them, through any number of steps; INT64_MIN:
 * one of those is settled; INT64_MAX: nothing. As of the last resolve. STATUS_NO_MEMORY. O(those × near). */
enum status reconcile_touches(struct reconcile *reconcile, const struct report *report, struct span id,
                              struct standing *standing, int64_t *ret_start_ms) MUST_CHECK;
/* What ended before has left, though not from here. */
void reconcile_departed(struct reconcile *reconcile, int64_t before_ms);
/* The engine has let go of the group's incident. False: none of its reports can meet one that is still to come: the
 * caller takes all its members out with reconcile_leave. True: it is settled, and goes on taking in reports. */
bool reconcile_settle(struct reconcile *reconcile, struct group *group);
/* Can no report still to come meet it any more? Of a settled group, at the watermark. */
bool group_is_over(const struct reconcile *reconcile, const struct group *group);
/* Frees the standing: not taken back, but behind all that may come. The last of a group frees the group. */
void reconcile_leave(struct reconcile *reconcile, struct standing *standing);
/* At the end of all: frees without keeping order. */
void reconcile_drop(struct reconcile *reconcile, struct standing *standing);
