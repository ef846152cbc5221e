/* Noise: non-cores attached to nothing. They leave by themselves when no window reaches them.
 *
 *   spokes, by the step of time they end in: ── 17 ── 18 ── 21 ──      each the first of a list of nodes
 *                                                └─▶ node ⇄ node ⇄ node
 *
 * A node is due once the whole step it is in has passed. O(1) where times mostly grow: spokes come at the end and go
 * from the beginning, where they are only counted off (`gone`); one that comes or goes in between moves those after it.
 */
#pragma once

#include "correlator/engine/memory.h"

/* Of a window: noise stays so much longer than it must at most. */
static inline int64_t noise_step_ms(int64_t window_ms)
{
    return window_ms / 8 + 1;
}

struct noise_spoke {
    int64_t number;
    uint32_t first;
};

struct noise {
    int64_t step_ms;
    VECTOR(struct noise_spoke) spokes; /* ascending, none empty … */
    uint32_t gone;                     /* … but for so many at the beginning, which are no more */
};

struct ward;

/* Puts in a node that is noise, if it is not in. False: no memory. */
bool noise_put(struct ward *ward, uint32_t index);
/* Takes the node out, if it is in. */
void noise_take(struct ward *ward, uint32_t index);
/* Is one due before this time? */
bool noise_due(const struct ward *ward, int64_t before_ms, uint32_t *ret_index);
