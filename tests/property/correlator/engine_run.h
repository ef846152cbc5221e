/* A run: an engine that is fed a play, the chronicle of what it told, and what stands. It looks, after every flush, at
 * all that must hold whatever the play: what is wrong is counted by the chronicle. */
#pragma once

#include "tests/support/chronicle.h"
#include "tests/support/failing.h"
#include "tests/support/play.h"

struct run {
    const struct play *play;
    const struct world *world;
    struct engine *engine;
    struct failing memory; /* counts what the engine holds */
    struct chronicle chronicle;
    uint32_t *handle; /* by id; only where standing and not gone */
    int *standing;    /* by id: the variant that stands, or −1 */
    bool *gone;       /* by id: evicted, the handle is no longer valid */
    bool *touched;    /* by id: since the last flush, as it stands */
    bool *renewed;    /* by id: inserted since the last flush */
    int64_t watermark_ms;
    int64_t departed_ms;    /* the latest end of what has left, under the first rule */
    uint32_t history;       /* all rules have it */
    uint32_t *threshold;    /* of what stands, by rule and id: what the oracle goes by */
    uint32_t *threshold_of; /* by rule, history and incident, 0: not yet asked for */
    uint64_t skipped;       /* steps behind the horizon or the watermark's word */
    uint64_t kept;          /* judgements that rebases left as they were */
    uint64_t compared;      /* episodes with the oracle's */
    uint64_t capped;        /* of them */
    uint64_t above;         /* cores of the oracle that needed more than the floor */
    struct oracle_input *inputs;
    struct world_baseline baselines[WORLD_RULES_MAX][WORLD_HISTORIES];
};

void run_start(struct run *run, const struct play *play);
/* Nothing the engine took may be left; the chronicle's mistakes can be read until here. */
void run_stop(struct run *run);
void run_step(struct run *run, const struct step *step);
void run_set(struct run *run, uint32_t id, uint32_t variant);
void run_remove(struct run *run, uint32_t id);
void run_flush(struct run *run);
/* What was told last against what the oracle says of all that stands, rule by rule. */
void run_compare(struct run *run);
/* Everything leaves, told final. */
void run_end(struct run *run);
/* Its steps; run_compare after every flush, if so wished. */
enum run_comparing { RUN_UNCOMPARED, RUN_COMPARED };
void run_play(struct run *run, enum run_comparing comparing);
