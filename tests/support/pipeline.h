/* The correlator's way of a report without bus and loop: archive in memory, register, engine, publisher, reopening; and
 * a sink that keeps the last word on every episode, by position. It checks as it goes: revisions rise, what is told is
 * news, what the publisher remembers is what the sink has. */
#pragma once

#include "base/arena.h"
#include "correlator/reconcile/same.h"
#include "correlator/reopen/reopen.h"
#include "tests/support/archive_memory.h"

#include <stdbool.h>

struct pipeline_member {
    char id[64];
    enum membership membership;
};

/* What the sink has of an episode. */
struct pipeline_episode {
    char id[EPISODE_ID_BYTES];
    char rule[16];
    uint32_t revision;
    uint64_t number;
    enum episode_state state;
    bool final;
    bool capped;
    char continues[EPISODE_ID_BYTES];
    country_code countries[64];
    size_t country_count;
    int64_t first_ms;
    int64_t last_ms;
    double extent_km;
    uint64_t observed;
    unsigned char digest[32];
    char cause[256];
    struct pipeline_member *members;
    size_t member_count;
};

struct pipeline_options {
    const struct rule *rules;
    size_t rule_count;
    struct same_options same;
    size_t incidents_max; /* of one reopening; 0: any number */
};

struct pipeline {
    struct pipeline_options options;
    struct archive_memory archive;
    struct engine *engine;
    struct registry *registry;
    struct publisher *publisher;
    struct reopen *reopen;
    struct arena arena;
    int64_t watermark_ms; /* TIME_NONE: none */
    bool is_silent;       /* nothing may be published now */
    struct pipeline_episode *episodes;
    size_t count;
    size_t room;
    /* the ledger */
    uint64_t received, applied, duplicate, stale, too_late;
    uint64_t evicted, published, reopened, restarts;
    uint64_t steps; /* of reopening */
    uint64_t mistakes;
    char first_mistake[256];
};

/* Aborts without memory. */
void pipeline_init(struct pipeline *pipeline, const struct pipeline_options *options);
void pipeline_fini(struct pipeline *pipeline);
/* Journals it and takes it up; late ones wait for the end of the batch. */
void pipeline_report(struct pipeline *pipeline, const struct report *report);
/* The end of a batch: everything is told. */
void pipeline_settle(struct pipeline *pipeline);
void pipeline_watermark(struct pipeline *pipeline, int64_t watermark_ms);
/* The end of a batch, and killed; started again from what the publisher remembered, what was refused, the watermark and
 * the archive. */
void pipeline_restart(struct pipeline *pipeline);
/* NULL: never told. */
struct pipeline_episode *pipeline_episode(const struct pipeline *pipeline, const char *id);
void pipeline_mistake(struct pipeline *pipeline, const char *format, ...) __attribute__((format(printf, 2, 3)));
