/* The watermark: the event time before which no source is still expected to report (method §8).
 *
 * It is the least of what the sources promise. A source that was configured but has not spoken, or promises nothing
 * yet, holds it at TIME_NONE; one that has ended holds nothing. Silence never moves it, nor does a promise beyond now.
 */
#pragma once

#include "base/status.h"
#include "proto/codec.h"

#include <stdbool.h>
#include <stdint.h>

struct watermark;

/* expected: names of the configured sources, borrowed until it returns; one named twice is one. */
enum status watermark_new(const char *const *expected, size_t expected_count,
                          struct watermark **ret_watermark) MUST_CHECK;
void watermark_free(struct watermark *watermark);
/* What an agent says of its sources, heard at that time; a source belongs to the agent that spoke of it last. Copies.
 * STATUS_FULL: more than 4096 sources. */
enum status watermark_mark(struct watermark *watermark, const char *agent, int64_t heard_ms,
                           const struct source_mark *marks, size_t count) MUST_CHECK;
/* Nobody waits for the source any more, until it is spoken of again. STATUS_FULL: it is unknown, and no more can be
 * kept. */
enum status watermark_retire(struct watermark *watermark, struct span source) MUST_CHECK;
/* The state it was last said to be in; false where nobody has spoken of it. */
bool watermark_state(const struct watermark *watermark, struct span source, enum source_state *ret_state);
/* The least promise, never past now; TIME_NONE where there is none; now where all have ended. */
int64_t watermark_value(const struct watermark *watermark, int64_t now_ms);
/* The source that promises least; NULL where none holds it back from now. Valid until the next mark. */
const char *watermark_holder(const struct watermark *watermark);

/* How a source is, which is more than what its agent said last. */
#define SOURCE_CONDITION_LIST(X)                                                                                       \
    X(UNHEARD, "unheard") /* nobody has spoken of it */                                                                \
    X(WELL, "well")       /* its state says more */                                                                    \
    X(BLOCKED, "blocked") /* its agent cannot read it */                                                               \
    X(LATE, "late")       /* followed, and read up to less than it may lag behind */                                   \
    X(DEAD, "dead")       /* its agent is not heard */
enum source_condition {
#define X(name, text) CONDITION_##name,
    SOURCE_CONDITION_LIST(X)
#undef X
};

struct watermark_source { /* a source as it was last spoken of; its texts are valid until the next mark */
    const char *name;
    const char *agent; /* NULL: nobody has spoken of it, nor is the state known then */
    enum source_state state;
    enum source_condition condition; /* at the last watermark_watch */
    bool is_well;                    /* that condition */
    bool is_silent;                  /* was not well for longer than it may, and is not well yet */
    const char *state_text;          /* for people: silent, the condition, or where it is well the state */
    int64_t promise_ms;              /* TIME_NONE: none */
    int64_t heard_ms;                /* TIME_NONE: never */
    bool is_retired;                 /* nobody waits for it */
};
/* The source of that index, in the order they were first named; false: there are no more. */
bool watermark_look(const struct watermark *watermark, size_t index, struct watermark_source *ret_source);
/* The source of that name; false: there is none. */
bool watermark_find(const struct watermark *watermark, struct span name, struct watermark_source *ret_source);

/* What a source may do before it is missed. */
struct watermark_limits {
    int64_t silent_after_ms; /* not well for so long: it is silent; 0: never */
    bool follow;             /* what it promises moves on with the clock … */
    int64_t lateness_ms;     /* … that far behind */
};
#define WATERMARK_SILENT_AFTER_MS 3600000 /* of a source nobody has set limits for */
/* Of an expected source; of all that are not where the name is empty, those that come later included. */
void watermark_limit(struct watermark *watermark, struct span name, const struct watermark_limits *limits);

struct watermark_moment {
    int64_t monotonic_ms; /* durations are measured by it: a wall clock may jump */
    int64_t wall_ms;
    bool is_deaf; /* the correlator itself does not listen: nobody's silence counts */
};
struct watermark_events {
    void (*condition)(void *self, const struct watermark_source *source); /* it is another one */
    /* It fell silent, or is back: since then, by the wall clock. Whoever starts does not know what was told before: a
     * source that is heard and well is told back once. */
    void (*silence)(void *self, const struct watermark_source *source, int64_t since_ms);
    void *self;
};
/* What was marked so far is of an earlier life: nobody was heard by it. */
void watermark_remembered(struct watermark *watermark);
/* Looks at all sources; call it every second or so. The watermark does not move by it. */
void watermark_watch(struct watermark *watermark, const struct watermark_moment *moment,
                     const struct watermark_events *events);
