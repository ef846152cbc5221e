/* A run: an engine, the world it is fed from, and the chronicle of what it told; shared by the property tests. */
#pragma once

#include "tests/support/chronicle.h"
#include "tests/support/world.h"

/* Which worlds: --worlds N or VEDETTE_WORLDS=N (1,000 by default), VEDETTE_SEED=S for one again. */
extern uint64_t run_worlds;
extern uint64_t run_first_seed;
void run_arguments(int argc, char **argv);

struct run {
    const struct world *world;
    struct engine *engine;
    struct chronicle chronicle;
    uint32_t *handle; /* by id; only where standing */
    int *standing;    /* by id: the variant that stands, or −1 */
    const struct engine_incident **set;
    bool *gone; /* by id: evicted, the handle is no longer valid */
};

void run_start(struct run *run, const struct world *world, const struct allocator *allocator, uint64_t seed);
void run_stop(struct run *run);
void run_remove(struct run *run, uint32_t id);
/* The variant stands from now on; −1: none does. */
void run_set(struct run *run, uint32_t id, int variant);
void run_flush(struct run *run);
/* What was told last against what the oracle says of all that stands, rule by rule. */
void run_compare(struct run *run);
/* Fails the test, with the seed, where anything was wrong. */
void run_expect_right(const struct run *run);
/* 2 … most − 1 incidents, three variants of each. */
struct world *world_of(uint64_t seed, uint32_t most);
