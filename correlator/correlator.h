/* The correlator: joins the pure engine to the bus.
 *
 *     receiver ─▶ decode, validate ─▶ ledger of incidents ─▶ engine ─▶ publisher ─▶ sender (episodes, to sinks)
 *      (agents)                       which report stands,              revisions, titles, causes
 *                       which are one incident
 *
 * Belongs to the loop's thread. With a journal (keeping.h) what it has acknowledged is on disk, and a correlator that
 * is killed goes on where it was; without one (a replay) it lives in memory. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/wal/wal.h"
#include "bus/bus.h"
#include "correlator/baseline/file.h"
#include "correlator/engine/rule.h"
#include "correlator/reconcile/same.h"
#include "correlator/watermark.h"

#include <stdbool.h>
#include <stdint.h>

struct correlator_config {
    struct arena arena; /* holds the rules */
    struct rule *rules;
    size_t rule_count;
    int64_t incidents_max; /* `correlator: {incidents_max: …}`: live at once; beyond, agents get no acknowledgement and
                              run out of credit */
    int64_t retain_ms;     /* `correlator: {journal: {retain: …}}`: of the journal */
    uint64_t retain_bytes;                          /* `retain_size: …`; 0: no limit */
    int64_t checkpoint_ms;                          /* `correlator: {journal: {checkpoint: …}}`: how often */
    const char *const *expected_sources;            /* names of the block sources: the watermark waits for each */
    const struct watermark_limits *expected_limits; /* one each */
    size_t expected_count;
    int64_t silent_after_ms;   /* of sources that are not expected */
    const char *baseline_path; /* absolute; NULL: none. The arena's */
    struct baseline *baseline; /* owned; NULL until it is loaded */
    struct same_options same;  /* which reports tell of one incident; its names are the arena's */
};

/* Reads the blocks rules, same, baseline and correlator. false where there was any complaint; correlator_config_fini in
 * either case. The baseline's file is not opened: who makes one reads the configuration too. */
bool correlator_config_read(struct config *config, struct correlator_config *ret_config);
/* Opens the baseline that the configuration names, if it names one, and puts the rules on it. What is wrong with it is
 * complained about; STATUS_INVALID: it was made for other rules, else what baseline_open answers. */
enum status correlator_config_load(struct config *config, struct correlator_config *correlator_config) MUST_CHECK;
void correlator_config_fini(struct correlator_config *config);

struct correlator;

/* received = applied + duplicate + stale + rejected + too_late; late, reopened and in_history are labels on applied.
 * A late report that waits is counted with what becomes of it. */
#define CORRELATOR_COUNTERS(X)                                                                                         \
    X(received, "reports received")                                                                                    \
    X(applied, "reports applied")                                                                                      \
    X(duplicate, "reports that said what was known")                                                                   \
    X(stale, "reports older than what was known")                                                                      \
    X(rejected, "reports refused")                                                                                     \
    X(forbidden, "reports of sources their agent's key may not write; among those refused")                            \
    X(too_late, "reports of what has left memory, not applied: there is no archive, or it is too much")                \
    X(late, "reports applied behind the watermark")                                                                    \
    X(reopened, "late reports applied to what had left memory, read back")                                             \
    X(in_history, "reports applied that began before the baseline and its guard gap end")                              \
    X(published, "revisions of episodes published")                                                                    \
    X(evicted, "incidents that left memory")
struct correlator_stats {
#define X(name, help) uint64_t name;
    CORRELATOR_COUNTERS(X)
#undef X
    uint64_t incidents; /* live now */
    uint64_t episodes;  /* published and not final now */
    uint64_t unjudged;  /* items and records that are journaled and not applied yet */
};

/* Where the watermark comes from. */
enum correlator_time {
    CORRELATOR_LIVE,   /* the least of what the sources promise; once all have ended, the wall clock */
    CORRELATOR_REPLAY, /* none until correlator_finish: an archive promises nothing before its end */
};

struct archive; /* archive.h */

/* Where a start with a journal begins. */
enum correlator_start {
    CORRELATOR_GOES_ON,     /* where it was: the checkpoint, and what came after */
    CORRELATOR_TELLS_AGAIN, /* at the first record: a store that knows nothing hears all of it, the others leave alone
                               what they know */
    CORRELATOR_LEAVES_TOLD, /* where it was, though the rules have changed since and it was killed: what the former ones
                               told since the checkpoint stays in the stores. Otherwise that is refused */
};

struct correlator_options {
    const struct correlator_config *config; /* borrowed */
    const char *incidents_url;              /* agents dial it */
    const char *episodes_url;               /* sinks dial it */
    uint64_t epoch;                         /* of the link to sinks; a later start has a greater one */
    enum correlator_time time;
    struct archive *archive;    /* borrowed for its life: what has left memory is reopened from it. NULL: too late */
    bool engine_off;            /* benchmarks: everything but the engine */
    const char *journal_folder; /* NULL: none is kept, what was acknowledged is forgotten with the process. Borrowed
                                   until correlator_open returns, as the next */
    enum correlator_start start;
    const char *requests_folder; /* requests.h; NULL: nobody asks */
    const char *version;         /* of the program, for the journal; may be NULL */
    enum wal_sync journal_sync;  /* benchmarks: WAL_WRITTEN */
};

struct correlator_events {
    /* A report was refused: who sent it and why. May be NULL: it is logged. */
    void (*rejected)(void *self, const char *agent, const char *reason);
    /* It cannot go on: out of memory, or an archive larger than incidents_max. The reason is a sentence. */
    void (*failed)(void *self, const char *reason);
    /* About once a second while something takes long and the loop waits for it: a start, or a late report that touches
     * very much. Calls nothing of the correlator. May be NULL. */
    void (*busy)(void *self);
    void *self;
};

/* STATUS_BUSY: a port is in use; the sentence in ret_reason. */
enum status correlator_open(uv_loop_t *loop, struct bus *bus, const struct correlator_options *options,
                            const struct correlator_events *events, struct correlator **ret_correlator,
                            char ret_reason[256]) MUST_CHECK;
const struct correlator_stats *correlator_stats(struct correlator *correlator);
/* Judges what is in memory anew by another baseline (NULL: by none), which must have been made for the rules it runs
 * with (footing.h), and publishes what came of it: every episode that is not final is told again, its cause says why.
 * Borrows the baseline for its life, puts the configuration's rules on it, and uses the one before no more. Logged.
 * STATUS_AGAIN: a start is still telling what an earlier life told, and nothing was done. Else not STATUS_OK: it is
 * also told as `failed`, and both baselines must live until it is closed. */
enum status correlator_rebase(struct correlator *correlator, const struct baseline *baseline) MUST_CHECK;
/* Takes no more reports, and calls done once everything published is acknowledged by every known sink (and one is
 * known), or at once, perhaps before it returns, where no report was applied. In CORRELATOR_REPLAY all episodes become
 * final first. */
void correlator_finish(struct correlator *correlator, void (*done)(void *self), void *self);
void correlator_close(struct correlator *correlator, void (*closed)(void *self), void *self);

/* The program vedette-correlator. */
int correlator_main(int argc, char **argv);
