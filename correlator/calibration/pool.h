/* The pool: what null years of one rule are drawn from, in blocks of place and time (method §6).
 *
 *   place ▲
 *    cube │ · ··  ·   ·· │ ·    ·    │     a block: what one cube had in one stretch of time, kept as it was,
 *    cube │     ·   ·    │     ··    │     so that a follow-up stays near its first report
 *         └──────────────┴───────────┴──▶ time
 *            block_ms       stretches begin anywhere; the end of the history is joined to its beginning, so every
 *                           incident is equally likely
 *
 * A cube's side is the greatest power of two ≤ τ, a stretch two windows: follow-ups, which come within hours or days
 * and tens of kilometres, are seldom torn apart; what lies further apart than the core test looks is drawn anew, for
 * that is what chance may put together. Where that would make far more blocks than incidents, cubes are larger.
 *
 * All triggers of the rule are drawn, coarse ones too: in an episode they are attached and counted. */
#pragma once

#include "base/status.h"
#include "correlator/engine/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool_item {
    int64_t start_ms;                       /* since the history's beginning: 0 … length − 1 */
    const struct engine_incident *incident; /* borrowed from who made the pool */
    bool coarse;                            /* no point of the history */
    struct point cube;
};

struct pool {
    struct pool_item *items; /* by (cube, start, id): the same whatever the order they came in */
    size_t count;
    size_t *cubes; /* first item of each; one more at the end */
    size_t cube_count;
    size_t counting; /* items that are not coarse */
    int64_t length_ms;
    int64_t block_ms;
    int64_t mean_length_ms; /* of the incidents that count, rounded down */
};

/* From incidents in any order, of which those count that trigger under the rule and start from from_ms to before
 * until_ms. Borrows the incidents for the pool's life. STATUS_INVALID: the rule is out of its ranges, or until is not
 * after from. An empty pool is none the worse. O(n log n). */
enum status pool_init(struct pool *pool, const struct rule *rule, const struct engine_incident *incidents, size_t count,
                      int64_t from_ms, int64_t until_ms) MUST_CHECK;
void pool_fini(struct pool *pool);
