/* The whole way in one process, over the inproc driver:   supply ══ correlator ══ sink ─▶ store
 *
 * The programs do the same in four processes; here one loop carries all, and the correlator's time is that of a replay.
 */
#pragma once

#include "cli/replay/supply.h"
#include "correlator/correlator.h"
#include "sink/sink.h"

struct pipeline_options {
    const struct agent_config *agent; /* reads files; NULL: the timeline is played */
    const struct timeline *timeline;
    double speed; /* of the timeline; 0: as fast as it goes */
    const struct correlator_config *correlator;
    const struct sink_config *sink; /* whom to alert; its store is not looked at */
    struct store *store;            /* open for writing; neither committed nor closed */
    /* What was stored, as of sink_events; may be NULL. */
    void (*stored)(void *self, const struct publication *publications, const enum store_effect *effects, size_t count);
    void *self;
    const char *label; /* of the progress bar */
};

struct pipeline_result {
    struct agent_stats agent;
    struct correlator_stats correlator;
    struct sink_stats sink;
};

/* Runs until all is read, correlated and stored. STATUS_CLOSED: interrupted. */
enum status pipeline_run(const struct pipeline_options *options, struct pipeline_result *ret_result,
                         char ret_reason[256]) MUST_CHECK;
