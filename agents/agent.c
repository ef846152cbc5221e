/* The agent's runtime.
 *
 *     idle ──▶ pump: each reading feed in turn, BUDGET reports ──▶ intake (intake.h)
 *                │ AGAIN, or broken: rests until the next tick            STATUS_AGAIN: all stop until `room`
 *     timer ──▶ tick: wakes who rests; once a second says the marks
 *
 * The idle handle runs only while somebody has something to read, so a quiet agent sleeps between ticks. A report that
 * was not taken is kept by its source; nothing is held here. With a spool, what one read gave and where its source
 * stands then are committed together. */
#include "agents/agent.h"

#include "agents/feed.h"
#include "agents/intake.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET         256
#define TICK_MS        100
#define TICKS_PER_MARK 10

struct agent {
    struct sender *sender;
    struct outbox *spool; /* the sender's; NULL: in memory */
    char name[AGENT_NAME_BYTES];
    struct intake intake;
    uint64_t appended;          /* by the read at hand */
    bool blocked;               /* by a full spool, which was said */
    char refusal[REASON_BYTES]; /* of the link, since it was up last */
    uint64_t dropped_said, quarantined_said;
    struct agent_events events;
    struct feed *feeds;
    size_t feed_count, next;
    struct source_mark *marks;
    uv_idle_t idle;
    uv_timer_t timer;
    unsigned ticks;
    bool full; /* submit said STATUS_AGAIN */
    bool drained, marks_due;
    unsigned closing; /* close callbacks still to come */
    void (*closed)(void *self);
    void *closed_self;
};

/* --- what sources tell --- */

static enum status on_report(void *self, struct report *offered, const char *file, uint64_t line)
{
    struct feed *feed = self;
    struct agent *agent = feed->agent;
    if (agent->full)
        return STATUS_AGAIN;
    enum status status = intake_take(&agent->intake, offered, file, line);
    if (status == STATUS_AGAIN)
        agent->full = true;
    if (status == STATUS_AGAIN || status == STATUS_NO_MEMORY)
        return STATUS_AGAIN;
    if (status == STATUS_OK) {
        agent->appended++;
        feed_took(feed, offered);
    }
    return STATUS_OK;
}

static void on_refused(void *self, const char *file, uint64_t line, const char *reason)
{
    struct agent *agent = ((struct feed *)self)->agent;
    agent->intake.stats.unread += line == 0;
    intake_refuse(&agent->intake, file, line, reason);
}

static void on_skipped(void *self, const char *file, uint64_t line)
{
    ((struct feed *)self)->agent->intake.stats.skipped++;
}

/* --- marks and the end --- */

static void say_marks(struct agent *agent)
{
    for (size_t i = 0; i < agent->feed_count; i++) {
        agent->marks[i] = feed_mark(&agent->feeds[i], agent->blocked);
        agent->feeds[i].active = false;
    }
    agent->marks_due = false;
    if (sender_marks(agent->sender, agent->marks, agent->feed_count) != STATUS_OK)
        agent->marks_due = true; /* tried again at the next tick */
}

static void check_drained(struct agent *agent)
{
    if (agent->drained || agent->closing > 0)
        return;
    for (size_t i = 0; i < agent->feed_count; i++)
        if (!agent->feeds[i].source->follow && agent->feeds[i].state != FEED_ENDED)
            return;
    if (sender_acked(agent->sender) < sender_position(agent->sender))
        return;
    if (agent->feed_count > 0 && (agent->marks_due || sender_peers(agent->sender) == 0))
        return; /* a source whose end nobody has heard of holds the correlator back for ever */
    agent->drained = true;
    if (agent->events.drained != NULL)
        agent->events.drained(agent->events.self);
}

/* --- the pump --- */

static void read_one(struct agent *agent, struct feed *feed)
{
    agent->appended = 0;
    if (feed_read(feed, BUDGET))
        agent->marks_due = true;
    if (agent->appended > 0 && agent->spool != NULL) {
        feed->driver->save(feed->self);
        sender_commit(agent->sender);
    }
}

static void on_idle(uv_idle_t *idle)
{
    struct agent *agent = idle->data;
    bool reading = false;
    for (size_t i = 0; i < agent->feed_count && !agent->full; i++) {
        struct feed *feed = &agent->feeds[(agent->next + i) % agent->feed_count];
        if (feed->state == FEED_READING)
            read_one(agent, feed);
        reading = reading || feed->state == FEED_READING;
    }
    if (agent->feed_count > 0)
        agent->next = (agent->next + 1) % agent->feed_count;
    if (agent->marks_due)
        say_marks(agent);
    if (!reading || agent->full)
        uv_idle_stop(&agent->idle);
    check_drained(agent);
}

/* What the spool came to, said once a second and where it changes. */
static void look_at_spool(struct agent *agent)
{
    bool blocked = agent->full && agent->spool->full && agent->spool->dropped == agent->dropped_said;
    agent->intake.stats.dropped = agent->spool->dropped;
    if (agent->spool->dropped > agent->dropped_said)
        log_warn("spool.dropped", "the spool is full: %llu reports were dropped, %llu since the start",
                 (unsigned long long)(agent->spool->dropped - agent->dropped_said),
                 (unsigned long long)agent->spool->dropped);
    if (agent->intake.stats.quarantined > agent->quarantined_said)
        log_warn("agent.quarantined", "%llu reports were put into %s; the last: %s",
                 (unsigned long long)(agent->intake.stats.quarantined - agent->quarantined_said),
                 quarantine_path(agent->intake.quarantine), agent->intake.quarantine_reason.data);
    agent->dropped_said = agent->spool->dropped;
    agent->quarantined_said = agent->intake.stats.quarantined;
    if (blocked == agent->blocked)
        return;
    agent->blocked = blocked;
    agent->marks_due = true;
    if (blocked)
        log_warn("spool.full", "the spool is full, %llu reports wait: sources are not read until there is room",
                 (unsigned long long)sender_waiting(agent->sender));
    else
        log_info("spool.room", "the spool has room: sources are read again");
}

static void on_tick(uv_timer_t *timer)
{
    struct agent *agent = timer->data;
    bool reading = false;
    for (size_t i = 0; i < agent->feed_count; i++) {
        feed_wake(&agent->feeds[i]);
        reading = reading || agent->feeds[i].state == FEED_READING;
    }
    if (++agent->ticks % TICKS_PER_MARK == 0) {
        agent->marks_due = true;
        if (agent->spool != NULL)
            look_at_spool(agent);
    }
    if (reading && !agent->full)
        uv_idle_start(&agent->idle, on_idle);
    else if (agent->marks_due)
        say_marks(agent);
    check_drained(agent);
}

/* --- what the link tells --- */

static void on_room(void *self)
{
    struct agent *agent = self;
    agent->full = false;
    if (agent->closing == 0)
        uv_idle_start(&agent->idle, on_idle);
}

static void on_acked(void *self, uint64_t position)
{
    check_drained(self);
}

static void on_passed(void *self, struct span item, uint64_t admitted_bytes)
{
    intake_pass(&((struct agent *)self)->intake, item, admitted_bytes);
}

static void on_failed(void *self, enum status status, const char *reason)
{
    struct agent *agent = self;
    agent->full = true;
    if (agent->events.failed != NULL)
        agent->events.failed(agent->events.self, status, reason);
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
    struct agent *agent = self;
    switch (state) {
    case PEER_UP:
        log_info("agent.peer", "the correlator \"%s\" is there", peer->name);
        agent->refusal[0] = '\0';
        check_drained(self);
        break;
    case PEER_DOWN:
        log_debug("agent.peer", "the correlator \"%s\" is away: %s", peer->name, peer->reason);
        break;
    case PEER_REFUSED:
        if (strcmp(agent->refusal, peer->reason) != 0) /* said once, though it is tried again and again */
            log_warn("agent.refused", "no session with the correlator \"%s\": %s", peer->name, peer->reason);
        snprintf(agent->refusal, sizeof(agent->refusal), "%s", peer->reason);
        break;
    }
}

/* What the correlator said of this stream is not what this spool remembers: one of the two was put back. */
static void on_renewed(void *self, const struct sender_renewed *renewed)
{
    if (renewed->why == RENEWED_BEHIND)
        log_warn(
            "spool.behind",
            "the correlator has this agent's reports up to %llu, which this spool never sent: it is an earlier one, "
            "put back. What it holds is told again in a new epoch, and its sources are read on from where it "
            "remembers them; what is known already is counted as a duplicate",
            (unsigned long long)renewed->resume);
    else
        log_warn("spool.gap",
                 "%llu reports before %llu are kept here no more, and the correlator does not have them: they were "
                 "dropped, or a journal had acknowledged them that it does not have now. The gap is accepted: what is "
                 "kept goes in a new epoch",
                 (unsigned long long)renewed->missed, (unsigned long long)renewed->first);
    if (renewed->outlives != STATUS_OK)
        log_warn("spool.epoch", "the new epoch cannot be written down (%s): after a restart the same is found again",
                 status_text(renewed->outlives));
}

/* --- opening --- */

#define GAP_ADVICE                                                                                                     \
    "if its sources still have that, remove the agent's spool and they are read anew; if not, start the agent once "   \
    "with --accept-gap"

static enum status open_feeds(struct agent *agent, const struct agent_options *options, char ret_reason[256])
{
    const struct source_events events = {.report = on_report, .refused = on_refused, .skipped = on_skipped};
    const struct agent_config *config = options->config;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < config->source_count && status == STATUS_OK; i++)
        if (options->only_source == NULL || strcmp(options->only_source, config->sources[i].name) == 0)
            status = feed_open(&agent->feeds[agent->feed_count++], agent, &config->sources[i], agent->spool, &events,
                               ret_reason);
    if (status == STATUS_OK && options->only_source != NULL && agent->feed_count == 0) {
        snprintf(ret_reason, 256, "no source is named \"%.100s\" in the configuration", options->only_source);
        status = STATUS_NOT_FOUND;
    }
    return status;
}

static enum status open_sender(struct agent *agent, struct bus *bus, const struct agent_options *options,
                               char ret_reason[256])
{
    agent_name_make(options->config, options->only_source, agent->name);
    const struct sender_options sender = {.url = options->url,
                                          .end = BUS_DIAL,
                                          .name = agent->name,
                                          .epoch = options->epoch,
                                          .outbox = options->spool,
                                          .gap_advice = GAP_ADVICE};
    const struct sender_events events = {.room = on_room,
                                         .acked = on_acked,
                                         .peer = on_peer,
                                         .passed = agent->intake.quarantine != NULL ? on_passed : NULL,
                                         .renewed = on_renewed,
                                         .failed = on_failed,
                                         .self = agent};
    enum status status = sender_open(bus, &sender, &events, &agent->sender, ret_reason);
    agent->intake.sender = agent->sender;
    return status;
}

static void agent_free(struct agent *agent)
{
    for (size_t i = 0; i < agent->feed_count; i++)
        feed_close(&agent->feeds[i]);
    intake_fini(&agent->intake);
    free(agent->feeds);
    free(agent->marks);
    free(agent);
}

enum status agent_open(uv_loop_t *loop, struct bus *bus, const struct agent_options *options,
                       const struct agent_events *events, struct agent **ret_agent, char ret_reason[256])
{
    size_t sources = options->config->source_count;
    struct agent *agent = calloc(1, sizeof(*agent));
    if (agent == NULL) {
        snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    agent->events = *events;
    agent->spool = options->spool;
    agent->feeds = calloc(sources > 0 ? sources : 1, sizeof(*agent->feeds));
    agent->marks = calloc(sources > 0 ? sources : 1, sizeof(*agent->marks));
    enum status status = agent->feeds != NULL && agent->marks != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    snprintf(ret_reason, 256, "%s", status_text(status));
    if (status == STATUS_OK)
        status = intake_init(&agent->intake, options, ret_reason);
    if (status == STATUS_OK)
        status = open_feeds(agent, options, ret_reason);
    if (status == STATUS_OK)
        status = open_sender(agent, bus, options, ret_reason);
    if (status != STATUS_OK) {
        agent_free(agent);
        return status;
    }
    uv_idle_init(loop, &agent->idle);
    uv_timer_init(loop, &agent->timer);
    agent->idle.data = agent->timer.data = agent;
    uv_idle_start(&agent->idle, on_idle);
    uv_timer_start(&agent->timer, on_tick, TICK_MS, TICK_MS);
    say_marks(agent); /* who is waited for is known before the first report */
    *ret_agent = agent;
    return STATUS_OK;
}

/* --- looking and closing --- */

const struct agent_stats *agent_stats(const struct agent *agent)
{
    return &agent->intake.stats;
}

const char *agent_name(const struct agent *agent)
{
    return agent->name;
}

const char *agent_refusal(const struct agent *agent)
{
    return agent->refusal;
}

const struct sender *agent_sender(const struct agent *agent)
{
    return agent->sender;
}

bool agent_look(const struct agent *agent, size_t index, struct agent_feed *ret_feed)
{
    if (index >= agent->feed_count)
        return false;
    const struct feed *feed = &agent->feeds[index];
    const struct source_mark mark = feed_mark(feed, agent->blocked);
    *ret_feed = (struct agent_feed){.name = feed->source->name,
                                    .reports = feed->reports,
                                    .state_text = source_state_name(mark.state),
                                    .promise_ms = mark.watermark_ms};
    return true;
}

void agent_progress(const struct agent *agent, uint64_t *ret_done, uint64_t *ret_total)
{
    uint64_t done = 0, total = 0;
    for (size_t i = 0; i < agent->feed_count; i++) {
        uint64_t feed_done, feed_total;
        agent->feeds[i].driver->progress(agent->feeds[i].self, &feed_done, &feed_total);
        done += feed_done;
        total += feed_total;
    }
    *ret_done = done;
    *ret_total = total;
}

static void one_closed(struct agent *agent)
{
    if (--agent->closing > 0)
        return;
    void (*closed)(void *self) = agent->closed;
    void *self = agent->closed_self;
    agent_free(agent);
    if (closed != NULL)
        closed(self);
}

static void on_handle_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

static void on_sender_closed(void *self)
{
    one_closed(self);
}

void agent_close(struct agent *agent, void (*closed)(void *self), void *self)
{
    agent->closed = closed;
    agent->closed_self = self;
    agent->closing = 3;
    uv_close((uv_handle_t *)&agent->idle, on_handle_closed);
    uv_close((uv_handle_t *)&agent->timer, on_handle_closed);
    sender_close(agent->sender, on_sender_closed, agent);
}
