/* A source at work in its agent: driver, mapping, memory, and how far its word goes.
 *
 *   READING ──nothing now──▶ RESTING ──woken──▶ READING          ENDED: for ever
 *      └──not whole──▶ BROKEN ──woken──▶ READING
 *
 * Belongs to the loop's thread. */
#pragma once

#include "agents/agent.h"
#include "agents/feed_memory.h"
#include "agents/read_up_to.h"
#include "agents/source_driver.h"
#include "proto/codec.h"

enum feed_state { FEED_READING, FEED_RESTING, FEED_BROKEN, FEED_ENDED };

struct feed {
    struct agent *agent;               /* whose it is */
    const struct agent_source *source; /* borrowed */
    const struct source_driver *driver;
    struct mapping *mapping;
    void *self; /* the driver's; NULL: not open */
    enum feed_state state;
    enum feed_state told; /* what the last look found; READING: its end has not been met yet */
    int64_t watermark_ms;
    /* One file that is followed: of several each may have years of its own, and what one has come to says nothing of
     * the next. */
    bool grows_at_its_end;
    struct read_up_to read_up_to; /* of such a one, until its end is met */
    bool active;                  /* gave a report since the last marks: the agent says so */
    uint64_t reports;
    struct feed_memory memory; /* of an agent with a spool */
};

/* Events are told with the feed as self. spool: where it remembers, borrowed; NULL: nowhere. The feed is closed by
 * feed_close even where this fails, with the sentence in ret_reason. */
enum status feed_open(struct feed *feed, struct agent *agent, const struct agent_source *source, struct outbox *spool,
                      const struct source_events *events, char ret_reason[256]) MUST_CHECK;
void feed_close(struct feed *feed);
/* At most budget reports. True: it is found in another state than by the last look, or promises more. */
bool feed_read(struct feed *feed, size_t budget);
/* A report it gave was taken. */
void feed_took(struct feed *feed, const struct report *report);
/* Who rests, or was broken, is to be read again. */
void feed_wake(struct feed *feed);
/* What it promises. blocked: the agent reads nothing now. */
struct source_mark feed_mark(const struct feed *feed, bool blocked);
