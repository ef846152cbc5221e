/* The agent: runs sources and publishes what they tell.   source ─ parse ─ normalise ─ locate ─ send
 *
 * Belongs to the loop's thread. */
#pragma once

#include "base/config.h"
#include "bus/outboxes/spool.h"
#include "bus/sender.h"
#include "proto/limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One entry of `sources` in the configuration. */
struct agent_source {
    const char *name;
    const char *type; /* a source_driver's */
    const char *path;
    const char *mapping; /* path of a mapping file, or NULL */
    bool follow;
    bool distinct;
    int64_t silent_after_ms; /* the correlator's to use: not well for so long, it is told to be silent */
    int64_t lateness_ms;     /* how long after an event a report of it may still come; 7 d where not given */
};

struct agent_config {
    struct agent_source *sources; /* lives as long as the config it was read from */
    size_t source_count;
    int64_t spool_bytes;     /* `agent: {spool: {size: 1GiB, full: block}}` */
    int spool_full;          /* an enum spool_policy */
    const char *name;        /* of the agent: `agent: {name: …}`, default "agent" */
    const char *territories; /* `territories: {file: …, view: un}` */
    const char *view;
};

/* Reads the blocks agent, sources and territories. Complaints go where the config's go; false where there was any. */
bool agent_config_read(struct config *config, struct agent_config *ret_config);

struct agent;

#define AGENT_COUNTERS(X)                                                                                              \
    X(read, "reports read")                                                                                            \
    X(refused, "lines, rows and files refused")                                                                        \
    X(unread, "files not read, or not to their end")                                                                   \
    X(skipped, "rows a mapping leaves out")                                                                            \
    X(located, "reports whose countries were looked up")                                                               \
    X(submitted, "reports handed to the link")                                                                         \
    X(quarantined, "reports the correlator does not admit, kept in a file")                                            \
    X(dropped, "reports dropped because the spool was full")
struct agent_stats {
#define X(name, help) uint64_t name;
    AGENT_COUNTERS(X)
#undef X
};

struct agent_options {
    const struct agent_config *config; /* borrowed */
    const char *only_source;           /* run that one alone; NULL: all */
    const char *url;                   /* of the correlator's incidents endpoint */
    uint64_t epoch;                    /* where there is no spool: of the stream in memory */
    /* The spool, in which sources remember where they stand too; taken, on success. NULL: all is kept in memory. */
    struct outbox *spool;
    const char
        *folder;    /* for the quarantine; NULL: what the correlator does not admit is refused, or ends the session */
    FILE *refusals; /* where "FILE:LINE: reason" goes */
};

struct agent_events {
    /* Every source that does not follow is read to its end, all of it is acknowledged, and the correlator is there to
     * hear so (agent_close tells it, where nothing has yet); said once. */
    void (*drained)(void *self);
    /* The spool takes nothing more: close. What is on the disk stays there. Not said where there is none. */
    void (*failed)(void *self, enum status status, const char *reason);
    void *self;
};

/* STATUS_NOT_FOUND: no source of that name; and what sources, mappings and territories answer; the sentence in
 * ret_reason. */
enum status agent_open(uv_loop_t *loop, struct bus *bus, const struct agent_options *options,
                       const struct agent_events *events, struct agent **ret_agent, char ret_reason[256]) MUST_CHECK;
const struct agent_stats *agent_stats(const struct agent *agent);
#define AGENT_NAME_BYTES (LIMIT_SOURCE_BYTES + 1)
/* The name of the stream it sends under, which its folder has too: NAME, or NAME-SOURCE; where that is too long its
 * beginning and a hash of all of it. only_source as in the options. */
void agent_name_make(const struct agent_config *config, const char *only_source, char ret_name[AGENT_NAME_BYTES]);
/* The one it had before it was made so, where that was another. */
bool agent_name_was(const struct agent_config *config, const char *only_source, char ret_name[AGENT_NAME_BYTES]);
/* The link to the correlator, and each source, for who looks at them. */
const char *agent_name(const struct agent *agent); /* of the stream it sends */
/* Why the correlator is not there, as it or this side said last; "" where nobody refused. */
const char *agent_refusal(const struct agent *agent);
const struct sender *agent_sender(const struct agent *agent);
struct agent_feed {
    const char *name;
    uint64_t reports; /* given since the start */
    const char *state_text;
    int64_t promise_ms; /* TIME_NONE: none */
};
/* The source of that index, in the configuration's order; false: there are no more. */
bool agent_look(const struct agent *agent, size_t index, struct agent_feed *ret_feed);
/* Bytes of files read, and in all (0: unknown). */
void agent_progress(const struct agent *agent, uint64_t *ret_done, uint64_t *ret_total);
/* Stops reading and closes; closed may be NULL. */
void agent_close(struct agent *agent, void (*closed)(void *self), void *self);

/* The program vedette-agent: its whole main, so that `vedette` can test it too. */
int agent_main(int argc, char **argv);
