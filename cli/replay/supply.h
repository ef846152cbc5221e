/* What supplies a replay: an agent that reads files, or a timeline played again. Both dial a url and say when all they
 * had is acknowledged. */
#pragma once

#include "agents/agent.h"
#include "cli/replay/timeline.h"

struct supply;

struct supply_options {
    const struct agent_config *agent; /* borrowed; NULL: the timeline is played */
    const struct timeline *timeline;  /* borrowed, in order */
    double speed;                     /* of the timeline: times real time; 0: as fast as it goes */
    const char *url;
    uint64_t epoch;
};

struct supply_events {
    void (*drained)(void *self); /* once */
    void *self;
};

enum status supply_open(uv_loop_t *loop, struct bus *bus, const struct supply_options *options,
                        const struct supply_events *events, struct supply **ret_supply,
                        char ret_reason[256]) MUST_CHECK;
/* Bytes read, or reports played; and in all. */
void supply_progress(const struct supply *supply, uint64_t *ret_done, uint64_t *ret_total);
/* What the agent counted; of a timeline only `submitted`. */
struct agent_stats supply_stats(const struct supply *supply);
/* Frees when closed. */
void supply_close(struct supply *supply, void (*closed)(void *self), void *self);
