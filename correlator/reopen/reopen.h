/* Late is slow, not lost (method §8): a report or a correction of what has left memory.
 *
 *   report ─ judge ─┬─▶ touches only what is in memory: applied as any other
 *                   ├─▶ the archive knows it, or better: a duplicate, stale
 *                   └─▶ taken ─ run ─▶ closure   all it may touch, in memory or not, to the end of the chain
 *                                     recall    those in memory renewed, the others read back: told to nobody
 *                                     apply     the late ones, as any other: what that changes is published
 *                                     release   what is final leaves again
 *
 * A start is the same without a late one: what was in memory, and all that touches, is read back (reopen_restore).
 *
 * What is told does not depend on how many are taken before they are run, nor on when. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "correlator/archive.h"
#include "correlator/engine/engine.h"
#include "correlator/publisher.h"
#include "correlator/registry.h"

#include <stdbool.h>
#include <stdint.h>

struct reopen;

struct reopen_options {
    struct archive *archive; /* borrowed, as all the others */
    struct engine *engine;
    struct registry *registry;
    struct publisher *publisher;
    const struct rule *rules; /* the engine's */
    size_t rule_count;
    const struct same_options *same;
    size_t incidents_max; /* of one closure */
};

struct reopen_events {
    /* What is told from now on was caused by that number: publisher_at, as the caller counts. */
    void (*at)(void *self, uint64_t number);
    /* Resolves what the register holds and flushes the engine into the publisher. */
    void (*flush)(void *self);
    /* As registry_events.changed. */
    enum status (*carry_out)(void *self, const struct incident_change *change);
    /* A report that was taken: apply it as any other, now that all it touches is there. It is told at `until`. */
    void (*apply)(void *self, int64_t heard_ms, struct span report);
    /* It is too late after all: what it touches is more than incidents_max. */
    void (*refused)(void *self, uint64_t number, struct span id);
    /* Those taken up to `last` were applied together; refused: that one was not. For `known`, in a later life. May be
     * NULL, as the next. */
    void (*done)(void *self, uint64_t last, bool refused);
    /* Up to which number were those from this one on applied together in an earlier life, or was it refused? 0: that is
     * not known, what fits is applied together. */
    uint64_t (*known)(void *self, uint64_t number, bool *ret_refused);
    /* A report was looked at; millions may be. May be NULL. */
    void (*step)(void *self);
    void *self;
};

/* What was decided of a report when it was judged first, in an earlier life. What is told depends on it. */
enum reopen_known {
    REOPEN_UNDECIDED, /* nothing: the usual rule decides */
    REOPEN_WAS_TAKEN,
    REOPEN_WAS_NOT,
};

enum reopen_verdict {
    REOPEN_NOT,       /* apply it as any other */
    REOPEN_TAKEN,     /* kept until reopen_run */
    REOPEN_DUPLICATE, /* the archive has it */
    REOPEN_STALE,     /* the archive has a later one */
};

enum status reopen_new(const struct reopen_options *options, const struct reopen_events *events,
                       struct reopen **ret_reopen) MUST_CHECK;
void reopen_free(struct reopen *reopen);

struct reopen_asked {
    uint64_t number; /* in the archive, which must have it by now; greater than any before */
    int64_t heard_ms;
    struct span packed; /* the report's bytes, copied where it is taken */
    enum reopen_known known;
};
/* Cost: nothing while nothing has left memory; else a look into the archive for an id that is not in memory. Not
 * STATUS_OK: what the archive answered. */
enum status reopen_judge(struct reopen *reopen, const struct reopen_asked *asked, const struct report *report,
                         enum reopen_verdict *ret_verdict) MUST_CHECK;
/* Taken and not run. What is published is behind until they are. */
size_t reopen_waiting(const struct reopen *reopen);
/* Applies what was taken. until: the number of the last report that was judged; what it publishes was caused by
 * that. STATUS_NO_MEMORY, or what the archive answered: it cannot go on. */
enum status reopen_run(struct reopen *reopen, uint64_t until) MUST_CHECK;

/* Those that were too late, ascending: they are in the archive, and were never applied. Borrowed until the next call.
 */
const uint64_t *reopen_refused(const struct reopen *reopen, size_t *ret_count);
/* They were refused in an earlier life. Before reopen_restore. */
enum status reopen_refuse(struct reopen *reopen, const uint64_t *numbers, size_t count) MUST_CHECK;

/* Puts memory together, as it is at watermark_ms (TIME_NONE: none yet) once all reports up to number `until` have been
 * applied: into an engine and a register that are empty, with a publisher that remembers what it told
 * (publisher_load). What it told otherwise than it would be told now, or not at all, is published; the rest is not.
 * Then the watermark is the engine's and the register's, and what is final has left. ret_count: incidents read.
 * STATUS_FULL: they are more than the engine takes. */
enum status reopen_restore(struct reopen *reopen, int64_t watermark_ms, uint64_t until, size_t *ret_count) MUST_CHECK;

/* What ended before, a start at this watermark does not read back: neither what is in memory, nor what is two steps
 * from that. INT64_MIN: it may read back all. O(all in memory). */
enum status reopen_needs(const struct reopen *reopen, int64_t watermark_ms, int64_t *ret_needed_ms) MUST_CHECK;

struct reopen_stats {
    uint64_t runs;
    uint64_t reopened;  /* reports applied so */
    uint64_t refused;   /* too late after all */
    uint64_t recalled;  /* incidents read back */
    uint64_t renewed;   /* incidents in memory that had to be computed anew */
    size_t closure_max; /* the greatest closure yet */
};
const struct reopen_stats *reopen_stats(const struct reopen *reopen);
