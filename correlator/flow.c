#include "base/log.h"
#include "bus/receiver.h"
#include "correlator/correlator_inside.h"

#define BACKLOG_HOLD ((size_t)16 * 1024 * 1024) /* packed revisions that wait: from here on agents are held back */

void flow_fail(struct correlator *correlator, const char *reason)
{
    if (correlator->failed)
        return;
    correlator->failed = true;
    correlator->held = true;
    receiver_set_flow(correlator->receiver, RECEIVER_HELD);
    if (correlator->events.failed != NULL)
        correlator->events.failed(correlator->events.self, reason);
    else
        log_error("correlator.failed", "%s", reason);
}

void flow_fail_publishing(struct correlator *correlator, enum status status)
{
    flow_fail(correlator,
              status == STATUS_FULL ? "no sink takes the episodes and the backlog is full" : status_text(status));
}

/* Reached at incidents_max, over once a sixteenth of it is free again: not for every single incident. */
static void full_update(struct correlator *correlator)
{
    size_t max = (size_t)correlator->options.config->incidents_max;
    size_t count = registry_count(correlator->registry);
    bool full = correlator->options.time == CORRELATOR_REPLAY ? count > max
                : correlator->full                            ? count > max - max / 16
                                                              : count >= max;
    if (full == correlator->full)
        return;
    correlator->full = full;
    if (!full) {
        log_info("correlator.room", "%zu incidents are in memory: agents go on", count);
    } else if (correlator->options.time == CORRELATOR_REPLAY) {
        flow_fail(correlator,
                  "the archive holds more incidents than correlator.incidents_max allows in memory; raise it");
    } else {
        log_warn("correlator.full",
                 "%zu incidents are in memory, the most allowed (correlator.incidents_max): agents "
                 "are held back",
                 count);
    }
}

/* Once reached, over when a sixteenth of it is free. */
static bool is_reached(const struct correlator *correlator, uint64_t count, uint64_t most)
{
    return count >= (correlator->puts_off ? most - most / 16 + 1 : most);
}

/* What waits will be in memory too. */
static bool is_far_ahead(const struct correlator *correlator)
{
    uint64_t lag = keeping_lag(correlator), most = (uint64_t)correlator->options.config->incidents_max;
    return lag > 0 && (is_reached(correlator, lag, FLOW_UNJUDGED_MAX) ||
                       is_reached(correlator, lag + registry_count(correlator->registry), most));
}

void flow_update(struct correlator *correlator)
{
    full_update(correlator);
    bool puts_off = correlator->full || is_far_ahead(correlator);
    if (correlator->puts_off && !puts_off)
        acks_give(&correlator->acks, correlator->receiver);
    correlator->puts_off = puts_off;
    bool hold = correlator->failed || correlator->finishing || keeping_is_behind(correlator) ||
                outlet_waiting(&correlator->outlet) > BACKLOG_HOLD;
    if (hold == correlator->held)
        return;
    correlator->held = hold;
    receiver_set_flow(correlator->receiver, hold ? RECEIVER_HELD : RECEIVER_FLOWS);
}

/* Where no report was applied, and no promise told of an episode, only the rules are under way: who starts anew tells
 * them anew. But what other rules told anew must be in a checkpoint before they may change again. */
void flow_check_done(struct correlator *correlator)
{
    const struct keeping *keeping = &correlator->keeping;
    bool tells_anew = keeping->sinks.count > 0 && keeping->checkpointing.number == 0 && correlator->number > 0;
    bool nothing_to_lose =
        correlator->stats.applied == 0 && publisher_revisions(correlator->publisher) == 0 && !tells_anew;
    if (correlator->done == NULL || !(correlator->failed || keeping_is_settled(correlator)) ||
        !(nothing_to_lose || outlet_is_clear(&correlator->outlet)))
        return;
    checkpointing_last(correlator);
    void (*done)(void *self) = correlator->done;
    correlator->done = NULL;
    done(correlator->done_self);
}

void flow_outlet_moved(void *self)
{
    struct correlator *correlator = self;
    keeping_follow(correlator);
    checkpointing_moved(correlator);
    flow_update(correlator);
    flow_check_done(correlator);
}

void flow_outlet_failed(void *self, enum status status)
{
    flow_fail(self, status_text(status));
}

void flow_sink_up(void *self, const char *name)
{
    keeping_sink(self, name);
}
