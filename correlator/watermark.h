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
/* The state it was last said to be in; false where nobody has spoken of it. */
bool watermark_state(const struct watermark *watermark, struct span source, enum source_state *ret_state);
/* The least promise, never past now; TIME_NONE where there is none; now where all have ended. */
int64_t watermark_value(const struct watermark *watermark, int64_t now_ms);
/* The source that promises least; NULL where none holds it back from now. Valid until the next mark. */
const char *watermark_holder(const struct watermark *watermark);

struct watermark_source { /* a source as it was last spoken of; its texts are valid until the next mark */
    const char *name;
    const char *agent; /* NULL: nobody has spoken of it, nor is the state known then */
    enum source_state state;
    const char *state_text; /* "unheard" before anybody has spoken */
    int64_t promise_ms;     /* TIME_NONE: none */
    int64_t heard_ms;       /* TIME_NONE: never */
};
/* The source of that index, in the order they were first named; false: there are no more. */
bool watermark_look(const struct watermark *watermark, size_t index, struct watermark_source *ret_source);
