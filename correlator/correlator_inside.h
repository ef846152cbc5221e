/* Inside the correlator: its parts, and what its files do for each other.
 *
 *     intake.c     a report in: read, late?, which stands; a source's promise in
 *     lateness.c   what goes back further than memory
 *     judgement.c  what the engine makes of it, and when it is asked: flushes, the watermark
 *     flow.c       who is held back, and when it is over
 *     silence.c    whose sources are not heard
 *     rebase.c     another baseline
 *     keeping*.c   what comes in is journaled first
 *     correlator.c life
 *
 * When something was heard, and its number, come with it: what is journaled is applied again as it was the first time.
 */
#pragma once

#include "correlator/acks.h"
#include "correlator/correlator.h"
#include "correlator/coverage.h"
#include "correlator/engine/engine.h"
#include "correlator/keeping.h"
#include "correlator/outlet.h"
#include "correlator/permits.h"
#include "correlator/publisher.h"
#include "correlator/registry.h"
#include "correlator/reopen/reopen.h"
#include "correlator/watermark.h"

struct correlator {
    struct correlator_options options;
    struct correlator_events events;
    struct engine *engine;
    struct registry *registry;
    struct publisher *publisher;
    struct watermark *watermark; /* what was heard of the sources */
    struct watermark *journaled; /* what of it is journaled, where there is a journal */
    struct watermark *promised;  /* what of that is applied: what holds the watermark */
    struct keeping keeping;
    struct reopen *reopen; /* NULL: there is no archive */
    struct coverage *coverage;
    struct receiver *receiver;
    struct outlet outlet;
    struct acks acks;
    struct arena arena; /* of one report */
    uv_timer_t tick;    /* CORRELATOR_LIVE */
    uv_timer_t wait;    /* CORRELATOR_LIVE: a flush was put off */
    size_t unflushed;   /* reports applied since the last flush */
    struct permits permits;
    size_t untold_rejected;              /* since the last tick */
    size_t untold_too_late, untold_late; /* since the last tick */
    struct correlator_stats stats;
    uint64_t busy_steps, busy_ns; /* of what takes long; when that was said last */
    uint64_t number;              /* of the last item taken up, from 1: where what is published now stands */
    int64_t watermark_ms;         /* the greatest yet; TIME_NONE: none */
    int64_t swept_ms;             /* watermark at the last sweep; TIME_NONE: none */
    size_t members_told;          /* in this batch */
    bool full;                    /* incidents_max is reached */
    bool puts_off;                /* acknowledgements: it is full, or too much waits to be judged */
    bool held;
    bool failed;
    bool finishing;
    void (*done)(void *self);
    void *done_self;
    void (*closed)(void *self);
    void *closed_self;
    int closing; /* parts still open */
};

/* "": none. */
static inline const char *hash_of(const struct baseline *baseline)
{
    return baseline != NULL ? baseline_hash(baseline) : "";
}

/* An item, and where it stands. */
struct intake {
    const char *agent; /* who brought it */
    uint64_t number;   /* greater than that of any before */
    int64_t heard_ms;  /* the wall clock when it came; INT64_MAX: in an archive, nothing is forgotten */
};

/* --- intake.c --- */
/* What is published from now on was caused by this number. */
void intake_at(struct correlator *correlator, uint64_t number);
/* Items of one agent, the first of which stands at intake->number. */
void intake_items(struct correlator *correlator, const struct intake *intake, const struct span *items, size_t count);
/* The sources' promises; the watermark goes where they let it, as of now_ms. */
void intake_promises(struct correlator *correlator, const char *agent, const struct source_mark *marks, size_t count,
                     int64_t now_ms);
/* The receiver's events; self is the correlator. */
void intake_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count);
void intake_marks(void *self, const struct peer *peer, const struct source_mark *marks, size_t count);
/* Of many reports refused in one second the first is named, the others are counted. */
void intake_tell_rejected(struct correlator *correlator);
void intake_peer(void *self, const struct peer *peer, enum peer_state state);
void intake_midway(void *self, const struct peer *peer, uint64_t first);
/* A report that was read: which stands, told, and into the engine. False: it was known, or it failed. */
bool intake_apply(struct correlator *correlator, struct report *report, int64_t heard_ms);

/* --- lateness.c --- */
enum status lateness_open(struct correlator *correlator) MUST_CHECK;
/* Is it dealt with, because of what has left memory? Late, known to the archive, or too late. */
bool lateness_takes(struct correlator *correlator, const struct intake *intake, const struct report *report,
                    struct span item);
/* Late reports that wait to be applied: with the next flush. */
size_t lateness_waiting(const struct correlator *correlator);
void lateness_run(struct correlator *correlator);
/* One small step of something that may take long. */
void lateness_step(struct correlator *correlator);
/* Does the report, or what it corrects, begin before the watermark? */
bool lateness_is(struct correlator *correlator, const struct report *report, struct span id);
/* Of many late ones in one second the first is named, the others are counted: an archive told again is no flood. */
void lateness_tell(struct correlator *correlator);

/* --- judgement.c --- */
/* What a flush would compute anew: incidents of the engine, and reports where they are put together. */
size_t judgement_pending(const struct correlator *correlator);
void judgement_flush(struct correlator *correlator);
/* Of what is in memory, for lateness_run. */
void judgement_flush_memory(struct correlator *correlator);
/* After a batch: at once, or once it is worth it. */
void judgement_settle(struct correlator *correlator);
/* Carries out in the engine what the register decided; self is the correlator. */
enum status judgement_carry_out(void *self, const struct incident_change *change);
/* As of the wall clock now_ms. */
void judgement_watermark(struct correlator *correlator, int64_t now_ms);

/* --- flow.c --- */
/* What may wait for judgement: a burst is taken as fast as the disk takes it, and nobody else waits for it longer than
 * some seconds. */
#define FLOW_UNJUDGED_MAX 1000000u
void flow_fail(struct correlator *correlator, const char *reason);
/* The status of a publisher's function. */
void flow_fail_publishing(struct correlator *correlator, enum status status);
void flow_update(struct correlator *correlator);
/* Everything is told and acknowledged: says so to who waits for it. */
void flow_check_done(struct correlator *correlator);
void flow_outlet_moved(void *self);
void flow_outlet_failed(void *self, enum status status);
void flow_sink_up(void *self, const char *name);

/* --- silence.c --- */
/* Every second: says and tells what has changed. */
void silence_watch(struct correlator *correlator);
