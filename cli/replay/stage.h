/* The stage of a replay: one loop with a bus, a ticking clock for progress, and SIGINT and SIGTERM caught. What plays
 * on it says step by step what comes next; steps run from the loop, never from within somebody's callback.
 *
 *   stage_open ─▶ open parts ─▶ stage_run ─▶ (step)* ─▶ every part closed ─▶ stage_part_closed … ─▶ stage_run returns
 */
#pragma once

#include "base/progress.h"
#include "bus/bus.h"

#include <stdbool.h>

struct stage {
    uv_loop_t loop;
    struct bus *bus;
    uv_timer_t step_timer;
    uv_timer_t tick_timer;
    uv_signal_t signals[2];
    struct progress progress;
    int parts;          /* open ones */
    bool closing;       /* no step follows */
    enum status status; /* what ended it */
    bool failed;        /* stage_fail was called: the next step ends it */
    char *reason;       /* borrowed, 256 bytes */
    void (*step)(void *self);
    void (*tick)(void *self, uint64_t *ret_done, uint64_t *ret_total);
    void (*close_parts)(void *self); /* must close every open part; each then calls stage_part_closed */
    void *self;
};

/* The caller has set step, tick, close_parts, self and reason. */
enum status stage_open(struct stage *stage, const char *label) MUST_CHECK;
/* Soon, from the loop, step is called (once, however often it was asked for). */
void stage_kick(struct stage *stage);
/* Ends everything, with that status and sentence (NULL: none). Later calls change nothing. */
void stage_end(struct stage *stage, enum status status, const char *reason);
/* The same from within somebody's callback: it ends with the next step. */
void stage_fail(struct stage *stage, enum status status, const char *reason);
/* A part opened; a part closed. As a callback, self is the stage. */
void stage_part_opened(struct stage *stage);
void stage_part_closed(void *stage);
/* Until all is closed; answers what ended it. Frees the loop. */
enum status stage_run(struct stage *stage) MUST_CHECK;
