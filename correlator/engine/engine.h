/* The engine: incidents and a watermark go in, changes of episodes come out.
 *
 *   engine_insert / engine_remove / engine_touch ──▶ marks what they disturb
 *   engine_flush ──▶ computes the disturbed anew, compares with what was told last, tells the difference
 *   engine_watermark + engine_flush ──▶ tells what became final, lets go of what no window can reach any more
 *
 * A pure structure: no clock, socket, file, log, thread or global; memory from the allocator handed in. What it tells
 * is a function of the set of live incidents, the rules and their baselines alone (method §1, 2, 3, 4, 5, 6 first
 * paragraph, 7 first sentence, 8), whatever the order of the calls: flush after each, or once, the last word on every
 * episode is the same. */
#pragma once

#include "base/allocator.h"
#include "base/span.h"
#include "base/status.h"
#include "correlator/engine/point.h"
#include "correlator/engine/rule.h"
#include "proto/episode.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;

/* What the engine needs to know of an incident. Spans and arrays are borrowed from insert until `released`. */
struct engine_incident {
    struct span id; /* "source:source_id"; breaks every tie; no two live incidents share one */
    struct point point;
    double radius_km;
    int64_t start_ms; /* start ≤ end */
    int64_t end_ms;
    int64_t reported_at_ms; /* TIME_NONE: not given */
    enum category category;
    enum role role;
    const country_code *countries; /* those it counts for (where; affected only if it happened in none), ascending */
    size_t country_count;
    const country_code
        *touched_countries; /* where and affected together, ascending: what a context shares (see README) */
    size_t touched_country_count;
    void *user; /* the caller's own */
};

struct engine_limits {
    size_t incidents_max; /* live at once; further ones answer STATUS_FULL */
};

/* One member as the engine tells it. */
struct engine_member {
    const struct engine_incident *incident;
    enum membership membership;
};

/* A change of one episode since the last flush. Everything in it is borrowed until the callback returns. */
struct engine_change {
    size_t rule; /* index into the rules given */
    char id[EPISODE_ID_BYTES];
    enum episode_state state; /* now; WITHDRAWN: what follows is what it last was, members those it had */
    bool is_new;              /* not told before, or told withdrawn */
    bool final;
    bool capped;
    char continues[EPISODE_ID_BYTES]; /* "" = none */
    const country_code *countries;    /* ascending */
    size_t country_count;
    int64_t first_ms;
    int64_t last_ms;
    double extent_km;
    size_t observed;                     /* cores and attached among the members */
    const struct engine_member *members; /* ordered by (start, id) */
    size_t member_count;
    const struct engine_member *added; /* members now that were not, or had another membership; same order */
    size_t added_count;
    /* Members that were and are not now. An incident removed since the last flush is still readable here. */
    const struct engine_member *removed;
    size_t removed_count;
    const struct engine_member
        *touched; /* members before and now that were touched, or removed and inserted anew by id */
    size_t touched_count;
    /* Lineage. Of a new or changed one: told episodes that ended since the last flush and shared a core with it. */
    const char (*supersedes)[EPISODE_ID_BYTES];
    size_t supersedes_count;
    char superseded_by[EPISODE_ID_BYTES]; /* of a withdrawn one: the episode that holds its key now, else the one
                                             holding most of its cores (ties: least id); "" = none */
};

struct engine_events {
    /* In order of (rule, withdrawn first, first_ms, id): the same whatever the order of arrival. */
    void (*change)(void *self, const struct engine_change *change);
    /* The engine holds nothing of it any more: removed, replaced, or behind every window. evicted: the last of these.
     */
    void (*released)(void *self, const struct engine_incident *incident, bool evicted);
    void *self;
};

/* Copies the rules' values, borrows their names and lists. STATUS_INVALID where a rule is out of the ranges of rule.h.
 */
enum status engine_new(const struct allocator *allocator, const struct rule *rules, size_t rule_count,
                       const struct engine_limits *limits, struct engine **ret_engine) MUST_CHECK;
void engine_free(struct engine *engine);

/* Borrows the struct and what it points to until `released`; the handle is valid as long. Amortised O(probes of the
 * grid). STATUS_FULL: limits.incidents_max; STATUS_NO_MEMORY: nothing changed; STATUS_INVALID: end before start,
 * a time out of limits.h, no such role or category. */
enum status engine_insert(struct engine *engine, const struct engine_incident *incident,
                          uint32_t *ret_handle) MUST_CHECK;
/* `released` follows in the next flush. */
void engine_remove(struct engine *engine, uint32_t handle);
/* Says that something the engine does not see of it has changed: its episodes are told again at the next flush. */
void engine_touch(struct engine *engine, uint32_t handle);
/* W: no report still to come starts before it. Never goes back: a lower one is ignored. INT64_MAX: nothing comes any
 * more. */
void engine_watermark(struct engine *engine, int64_t watermark_ms);
/* INT64_MIN: none yet. */
int64_t engine_watermark_of(const struct engine *engine);
/* Puts incidents in anew, as if each had been removed and inserted: what departed neighbours left behind in it (counts,
 * memory of them) is computed from those that are there now. Right where all that it is a neighbour of, departed or
 * not, is renewed or inserted in the same flush. handles[i] becomes the new handle; the incident stays borrowed, and
 * `released` does not follow. STATUS_NO_MEMORY: the caller must stop. */
enum status engine_renew(struct engine *engine, uint32_t *handles, size_t count) MUST_CHECK;
/* While it is held nothing becomes final and nothing leaves: what left before may be put back and told as it was. */
void engine_hold(struct engine *engine, bool held);
/* What ended before has left, though not from this engine: engine_horizon is horizon_ms at least. For who puts together
 * again what another engine held. */
void engine_departed(struct engine *engine, int64_t before_ms, int64_t horizon_ms);
/* The least start that an incident may have and still be applied without reopening (method §8): earlier ones may touch
 * what has left memory. INT64_MIN while nothing has. */
int64_t engine_horizon(const struct engine *engine);
/* About how many incidents a flush would compute anew now. 0: a flush would tell nothing. O(1). */
size_t engine_pending(const struct engine *engine);
/* Other baselines, one a rule (NULL: none), for those the rules came with; borrowed. Every live incident whose
 * neighbours are all still in memory is judged anew, and the next flush tells what came of it; those near what has left
 * keep their judgement. ret_kept: how many (rule, incident) pairs those are. STATUS_NO_MEMORY: the caller must stop,
 * some rules may have theirs and others not. O(live incidents × neighbours). */
enum status engine_rebase(struct engine *engine, const struct baseline_rule *const *baselines,
                          size_t *ret_kept) MUST_CHECK;
/* Tells every change since the last flush. STATUS_NO_MEMORY: the caller must stop, what was told may be incomplete. */
enum status engine_flush(struct engine *engine, const struct engine_events *events) MUST_CHECK;

struct engine_stats {
    size_t incidents;     /* live */
    size_t episodes;      /* told and not final */
    size_t bytes;         /* held from the allocator */
    uint64_t allocations; /* calls to the allocator since engine_new */
};
void engine_stats(const struct engine *engine, struct engine_stats *ret_stats);
