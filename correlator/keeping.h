/* Keeping: what comes in is journaled and, once it is on disk, acknowledged; judgement follows by reading it back, live
 * as after a restart.
 *
 *   batch, promises ─▶ journal ─▶ (on disk) ─┬▶ acknowledged
 *                         ▲                  └▶ read back ─▶ intake, judgement ─▶ outlet, gated
 *                         └──────────────────────── flushes ◀────┘ └▶ (on disk) the gate opens
 *
 * So a burst is taken as fast as the disk takes it, and an agent is free of it; how far judgement is behind is told
 * (`unjudged`), and bounded (flow.c). Beyond, as where memory is full, acknowledgements are put off: credit is what
 * holds an agent back, and what it has sent so far is bounded by its window. Slow sinks hold back judgement, not what
 * comes in.
 *
 * When the engine is asked decides what is told: an episode of a moment may be gone at the next. So after which numbers
 * it was asked is journaled too, and what was told then goes to the sinks once that is on disk. A restart asks it after
 * the same numbers, tells the same, and so no episode stays in a store that nobody remembers. Beyond the last recorded
 * flush nothing has been told to anybody, and the usual rule decides. */
#pragma once

#include "base/wal/wal.h"
#include "bus/bus.h"
#include "bus/streams.h"
#include "correlator/checkpointing.h"
#include "correlator/journal/catalogue.h"
#include "correlator/journal/journal.h"
#include "correlator/numbers.h"
#include "correlator/verdicts.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct correlator;

/* Names, each once, in the order they came. */
struct names {
    char (*items)[PEER_NAME_BYTES];
    size_t count;
    size_t room;
};

struct keeping {
    struct journal *journal; /* NULL: none is kept */
    struct wal_found found;
    char folder[PATH_MAX];
    char requests[PATH_MAX];   /* where an operator's are found; "": nowhere */
    uint64_t next;             /* the first number that is not applied */
    struct wal_reader *reader; /* what is on disk from there on; NULL: not opened yet */
    struct arena arena;        /* of one record */
    uv_idle_t idle;
    bool has_begun;
    struct streams streams; /* of agents, as far as they are applied */
    struct names sinks;
    int64_t marked_ms;  /* when promises were journaled last */
    uint64_t requested; /* where the last request is in the journal */

    struct numbers told;      /* flushes that are not journaled */
    uint64_t told_until;      /* what was applied up to it has its flushes in the journal, or under way there */
    uint64_t telling_number;  /* where they are in the journal … */
    bool is_telling;          /* … which is not on disk yet */
    uint64_t release_at;      /* so much of what was published goes out when they are */
    struct numbers plan;      /* flushes of an earlier life, to be done again */
    uint64_t plan_until;      /* up to it they are known */
    bool is_planned;          /* what is applied now is */
    struct verdicts verdicts; /* of late reports: journaled with the flushes, known with the plan */

    struct catalogue *catalogue; /* finds again what is journaled */
    struct checkpointing checkpointing;

    /* a start */
    struct checkpoint checkpoint; /* it begins from there … */
    struct text checkpoint_body;  /* … if this is not empty */
    struct arena checkpoint_arena;
    uint64_t begin;        /* the first number that is applied again */
    uint64_t rules_number; /* of the last record of rules; 0: none. What is told now stands there at least */
    struct text rules;     /* that record */
    struct streams heard;  /* of agents, as far as they are journaled */
    bool is_recovering;    /* what was journaled before is not all applied yet */
    void (*closed)(void *self);
};

/* Opens the journal, if the options name one. The sentence in ret_reason. */
enum status keeping_open(struct correlator *correlator, uv_loop_t *loop, char ret_reason[256]) MUST_CHECK;
/* Memory as it was at the checkpoint, if there is one. What cannot be done is told as failed. */
void keeping_restore(struct correlator *correlator);
/* Begins to apply what was journaled before. The agents go on meanwhile. */
void keeping_begin(struct correlator *correlator, uv_loop_t *loop);
bool keeping_is_on(const struct correlator *correlator);
/* Items and records that are journaled and not applied yet. */
uint64_t keeping_lag(const struct correlator *correlator);
/* No more should come in for now. */
bool keeping_is_behind(const struct correlator *correlator);
/* All that came is applied, and all that was told may go. */
bool keeping_is_settled(const struct correlator *correlator);

void keeping_batch(struct correlator *correlator, const struct peer *peer, uint64_t first, const struct span *items,
                   size_t count);
/* Promises were heard: journaled when they say something new, not with every heartbeat. */
void keeping_marks(struct correlator *correlator, int64_t now_ms);
/* Once a second. */
void keeping_tick(struct correlator *correlator, int64_t now_ms);
void keeping_sink(struct correlator *correlator, const char *name);

/* Where what that number brought about stands among all that was ever told: what was told by other rules, before, is
 * earlier. */
uint64_t keeping_position(const struct correlator *correlator, uint64_t number);
/* The item last taken up is this report (NULL: it is none), to be found again. */
void keeping_note(struct correlator *correlator, const struct report *report);
/* After this number the engine is asked: by the plan where there is one, else where is_due. */
bool keeping_flushes(struct correlator *correlator, uint64_t number, bool is_due);
/* When it is asked about what is taken up now is known. */
bool keeping_is_planned(const struct correlator *correlator);
/* It was asked, after the last item taken up. */
void keeping_flushed(struct correlator *correlator);
/* Journals what the engine was asked since, and opens the gate for what was told once that is on disk. */
void keeping_tell(struct correlator *correlator);
/* There may be more to apply, or room for what comes of it. */
void keeping_follow(struct correlator *correlator);
/* Before keeping_begin: lets go of the journal, now. */
void keeping_drop(struct correlator *correlator);
/* Of what keeping_close has let go of. */
void keeping_fini(struct correlator *correlator);
/* Lets go of the journal; closed is called from the loop, once for each part: answers how many those are. */
int keeping_close(struct correlator *correlator, void (*closed)(void *self));

bool names_have(const struct names *names, const char *name);
bool names_add(struct names *names, const char *name);
void names_remove(struct names *names, const char *name);
