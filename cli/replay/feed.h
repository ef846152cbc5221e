/* What feeds a replay: an agent that reads files, or a timeline played again. Both dial a url and say when all they had
 * is acknowledged. */
#pragma once

#include "agents/agent.h"
#include "cli/replay/timeline.h"

struct feed;

struct feed_options {
    const struct agent_config *agent; /* borrowed; NULL: the timeline is played */
    const struct timeline *timeline;  /* borrowed, in order */
    double speed;                     /* of the timeline: times real time; 0: as fast as it goes */
    const char *url;
    uint64_t epoch;
};

struct feed_events {
    void (*drained)(void *self); /* once */
    void *self;
};

enum status feed_open(uv_loop_t *loop, struct bus *bus, const struct feed_options *options,
                      const struct feed_events *events, struct feed **ret_feed, char ret_reason[256]) MUST_CHECK;
/* Bytes read, or reports played; and in all. */
void feed_progress(const struct feed *feed, uint64_t *ret_done, uint64_t *ret_total);
/* What the agent counted; of a timeline only `submitted`. */
struct agent_stats feed_stats(const struct feed *feed);
/* Frees when closed. */
void feed_close(struct feed *feed, void (*closed)(void *self), void *self);
