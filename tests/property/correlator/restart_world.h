/* A small world for the law of restarts: reports and promises, in the order they come. */
#pragma once

#include "base/arena.h"
#include "proto/json.h"
#include "proto/report.h"
#include "tests/support/dice.h"

#define IDS_MAX   24u
#define STEPS_MAX 120u

struct step {
    struct span report;   /* packed; empty: a promise */
    uint64_t position;    /* in the agent's stream */
    int64_t watermark_ms; /* promised */
};

struct known {
    struct report report;
    char id[8];
    bool any;
    uint32_t revision; /* the greatest yet */
};

struct world {
    uint64_t seed;
    struct dice dice;
    char yaml[1024];
    struct known known[IDS_MAX];
    struct step steps[STEPS_MAX];
    size_t step_count;
    uint64_t position;
    int64_t last_ms; /* the last and greatest promise */
    struct text bytes;
    struct arena arena;
};

/* The same seed makes the same world. */
struct world *restart_world_make(uint64_t seed);
void restart_world_free(struct world *world);
