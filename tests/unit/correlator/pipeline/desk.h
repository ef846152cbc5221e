/* A whole desk on one loop, over the inproc driver: agents that send, the correlator, sinks that collect.
 *
 *   agent ══ correlator ══ sink        each test hands in YAML, moves the parts, and runs the loop until something is
 * so */
#pragma once

#include "bus/receiver.h"
#include "bus/sender.h"
#include "correlator/correlator.h"
#include "proto/codec.h"
#include "tests/support/archive_memory.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/reports.h"

#include <stdlib.h>

#define DESK_SINKS    2
#define DESK_EPISODES 64

/* The last word on one episode. */
struct told {
    char id[EPISODE_ID_BYTES];
    uint32_t revision;
    enum episode_state state;
    bool final;
    size_t members;
    char title[256];
    char cause[256];
};

enum sink_manner { SINK_ACKS, SINK_READS_ONLY };

struct desk_sink {
    struct receiver *receiver;
    enum sink_manner manner;
    uint64_t epoch;
    uint64_t last;  /* position */
    uint64_t cause; /* of the last publication */
    size_t rules, incidents, retractions, episodes;
    struct told told[DESK_EPISODES];
    size_t told_count;
    uint64_t fingerprint; /* of all bytes, in order */
};

struct desk {
    uv_loop_t loop;
    uv_timer_t tick;
    struct bus *bus;
    struct config *config;
    struct correlator_config correlator_config;
    struct correlator *correlator;
    struct archive_memory *archive; /* what is sent is in it before; NULL: none */
    struct sender *agents[2];
    struct desk_sink sinks[DESK_SINKS];
    struct arena arena;
    struct text bytes;
    char rejected[256]; /* the last reason */
    char failed[256];
    bool done;
    int open;
};

/* incidents_max 0: as the configuration says. Neither agents nor sinks are there yet. */
void desk_open(struct desk *desk, const char *yaml, enum correlator_time time, int64_t incidents_max);
/* Borrows the archive. One agent, or the numbers are not the archive's. */
void desk_open_with_archive(struct desk *desk, const char *yaml, struct archive_memory *archive, int64_t incidents_max);
void desk_open_without_engine(struct desk *desk, const char *yaml);
void desk_agent(struct desk *desk, size_t index, const char *name);
void desk_sink(struct desk *desk, size_t index, const char *name, enum sink_manner manner);
void desk_send(struct desk *desk, size_t agent, const struct report *report);
void desk_send_bytes(struct desk *desk, size_t agent, struct span bytes);
void desk_mark(struct desk *desk, size_t agent, const char *source, int64_t watermark_ms, enum source_state state);
/* From now on it acknowledges, what it has read already included. */
void desk_sink_acks(struct desk *desk, size_t index);
void desk_finish(struct desk *desk);
/* Runs the loop until it is so; fails after a minute. */
void desk_until(struct desk *desk, bool (*is_so)(const struct desk *desk));
void desk_for(struct desk *desk, uint64_t ms);
void desk_close(struct desk *desk);

/* All the agents sent is acknowledged, and all that was published is read by every sink. */
bool desk_is_quiet(const struct desk *desk);
bool desk_is_done(const struct desk *desk);
const struct told *desk_told(const struct desk *desk, size_t sink, const char *id);
void assert_ledger_balances(struct desk *desk);
