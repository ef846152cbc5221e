/* The agent's runtime.
 *
 *     idle ──▶ pump: each reading source in turn, BUDGET reports ──▶ locate ──▶ pack ──▶ submit
 *                │ AGAIN, or broken: rests until the next tick            STATUS_AGAIN: all stop until `room`
 *     timer ──▶ tick: wakes who rests; once a second says the marks
 *
 * The idle handle runs only while somebody has something to read, so a quiet agent sleeps between ticks. A report that
 * was not taken is kept by its source; nothing is held here. With a spool, what one read gave and where its source
 * stands then are committed together. */
#include "agents/agent.h"

#include "agents/feed.h"
#include "agents/locate/territories.h"
#include "agents/quarantine.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES    (1u << 20)
#define BUDGET         256
#define TICK_MS        100
#define TICKS_PER_MARK 10

struct agent {
    struct sender *sender;
    struct outbox *spool; /* the sender's; NULL: in memory */
    char name[AGENT_NAME_BYTES];
    struct quarantine *quarantine; /* NULL: none */
    struct text quarantine_reason; /* the last */
    struct arena arena;            /* of a report that comes back from the spool */
    uint64_t appended;             /* by the read at hand */
    bool blocked;                  /* by a full spool, which was said */
    uint64_t dropped_said, quarantined_said;
    struct territories *territories;
    char territories_path[1024]; /* looked for there in vain */
    FILE *refusals;
    struct agent_events events;
    struct agent_stats stats;
    struct feed *feeds;
    size_t feed_count, next;
    struct source_mark *marks;
    struct text packed;
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

static void refuse(struct agent *agent, const char *file, uint64_t line, const char *reason)
{
    agent->stats.refused++;
    if (agent->refusals == NULL)
        return;
    if (line > 0)
        fprintf(agent->refusals, "%s:%llu: %s\n", file, (unsigned long long)line, reason);
    else
        fprintf(agent->refusals, "%s: %s\n", file, reason);
}

static void on_refused(void *self, const char *file, uint64_t line, const char *reason)
{
    struct agent *agent = ((struct feed *)self)->agent;
    agent->stats.unread += line == 0;
    refuse(agent, file, line, reason);
}

static void on_skipped(void *self, const char *file, uint64_t line)
{
    ((struct feed *)self)->agent->stats.skipped++;
}

/* Fills in the countries of a report that says nothing of them. False: it cannot be known. */
static bool locate(struct agent *agent, struct report *report, struct country countries[TERRITORIES_COUNTRIES_MAX])
{
    if (report->has_countries || !report->has_place)
        return true;
    if (agent->territories == NULL)
        return false;
    report->country_count = territories_find(agent->territories, report->place.lat, report->place.lon, countries,
                                             TERRITORIES_COUNTRIES_MAX);
    report->countries = countries;
    report->has_countries = true;
    return true;
}

/* Keeps it where a person finds it. Where that fails it is refused aloud, and gone. */
static void quarantine(struct agent *agent, const struct report *report, const char *reason)
{
    char source[LIMIT_SOURCE_BYTES + 1];
    snprintf(source, sizeof(source), "%.*s", SPAN_ARG(report->source));
    agent->stats.quarantined++;
    text_clear(&agent->quarantine_reason);
    text_print(&agent->quarantine_reason, "%s", reason);
    enum status status = quarantine_add(agent->quarantine, report, source, reason, clock_wall_ms());
    if (status != STATUS_OK)
        log_error("agent.quarantine", "%s: a report of %s is not kept (%s): %s", quarantine_path(agent->quarantine),
                  source, status_text(status), reason);
}

/* It waited in the spool, and turns out to be larger than the correlator admits. */
static void on_passed(void *self, struct span item, uint64_t admitted_bytes)
{
    struct agent *agent = self;
    struct report report;
    char reason[REASON_BYTES], why[REASON_BYTES];
    snprintf(reason, sizeof(reason), "it is of %zu bytes: the correlator admits at most %llu", item.size,
             (unsigned long long)admitted_bytes);
    arena_reset(&agent->arena);
    if (report_unpack(item, &agent->arena, &report, why) != STATUS_OK)
        report = (struct report){.source = SPAN("unknown")};
    quarantine(agent, &report, reason);
}

static enum status on_report(void *self, struct report *offered, const char *file, uint64_t line)
{
    struct feed *feed = self;
    struct agent *agent = feed->agent;
    struct report report = *offered; /* the offered one stays as it is: it may have to be offered again */
    struct country countries[TERRITORIES_COUNTRIES_MAX];
    uint64_t position;
    if (agent->full)
        return STATUS_AGAIN;
    if (!locate(agent, &report, countries)) {
        char reason[1200];
        snprintf(reason, sizeof(reason),
                 "says nothing of countries, and there is no file of territories to look them up in (%s)",
                 agent->territories_path);
        refuse(agent, file, line, reason);
        return STATUS_OK;
    }
    text_clear(&agent->packed);
    enum status status = report_pack(&report, &agent->packed);
    if (status == STATUS_OK)
        status = agent->packed.failed
                     ? STATUS_NO_MEMORY
                     : sender_submit(agent->sender, (struct span){agent->packed.data, agent->packed.size}, &position);
    if (status == STATUS_NO_MEMORY && agent->spool != NULL)
        return STATUS_AGAIN;
    if (status == STATUS_AGAIN || status == STATUS_CLOSED) {
        agent->full = true;
        return STATUS_AGAIN;
    }
    if (status == STATUS_TOO_LARGE && agent->quarantine != NULL && agent->packed.size > 0) {
        quarantine(agent, &report, "it is larger than the correlator admits");
        status = STATUS_OK;
    } else if (status != STATUS_OK && status != STATUS_FULL) { /* FULL: dropped, and counted by the spool */
        refuse(agent, file, line,
               status == STATUS_TOO_LARGE ? "the report is larger than the link carries (64 KiB packed)"
                                          : status_text(status));
        return STATUS_OK;
    }
    agent->appended++;
    agent->stats.read++;
    agent->stats.submitted++;
    feed->reports++;
    agent->stats.located += !offered->has_countries && offered->has_place;
    feed->active = true;
    return STATUS_OK;
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
    agent->stats.dropped = agent->spool->dropped;
    if (agent->spool->dropped > agent->dropped_said)
        log_warn("spool.dropped", "the spool is full: %llu reports were dropped, %llu since the start",
                 (unsigned long long)(agent->spool->dropped - agent->dropped_said),
                 (unsigned long long)agent->spool->dropped);
    if (agent->stats.quarantined > agent->quarantined_said)
        log_warn("agent.quarantined", "%llu reports were put into %s; the last: %s",
                 (unsigned long long)(agent->stats.quarantined - agent->quarantined_said),
                 quarantine_path(agent->quarantine), agent->quarantine_reason.data);
    agent->dropped_said = agent->spool->dropped;
    agent->quarantined_said = agent->stats.quarantined;
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

static void on_failed(void *self, enum status status, const char *reason)
{
    struct agent *agent = self;
    agent->full = true;
    if (agent->events.failed != NULL)
        agent->events.failed(agent->events.self, status, reason);
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
    switch (state) {
    case PEER_UP:
        log_info("agent.peer", "the correlator \"%s\" is there", peer->name);
        check_drained(self);
        break;
    case PEER_DOWN:
        log_debug("agent.peer", "the correlator \"%s\" is away: %s", peer->name, peer->reason);
        break;
    case PEER_REFUSED:
        log_warn("agent.refused", "the correlator \"%s\" refused: %s", peer->name, peer->reason);
        break;
    }
}

/* --- opening --- */

static enum status open_territories(struct agent *agent, const struct agent_config *config, char ret_reason[256])
{
    char reason[TERRITORIES_REASON_BYTES] = "";
    const char *path = config->territories;
    if (path == NULL && territories_default_path(agent->territories_path, sizeof(agent->territories_path)) != STATUS_OK)
        snprintf(agent->territories_path, sizeof(agent->territories_path), "none is installed");
    enum status status =
        territories_open(path != NULL ? path : agent->territories_path, config->view, &agent->territories, reason);
    if (status == STATUS_NOT_FOUND && path == NULL && strcmp(config->view, TERRITORIES_VIEW_DEFAULT) == 0)
        return STATUS_OK; /* only a report without countries needs it, and is refused by name then */
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "territories %.120s: %.120s", path != NULL ? path : agent->territories_path,
                 reason[0] != '\0' ? reason : status_text(status));
    return status;
}

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

void agent_name_make(const struct agent_config *config, const char *only_source, char ret_name[AGENT_NAME_BYTES])
{
    if (only_source == NULL)
        snprintf(ret_name, AGENT_NAME_BYTES, "%s", config->name);
    else /* several agents may each run one source of the same file: each is a stream of its own */
        snprintf(ret_name, AGENT_NAME_BYTES, "%.*s-%s", 20, config->name, only_source);
}

static enum status open_sender(struct agent *agent, struct bus *bus, const struct agent_options *options,
                               char ret_reason[256])
{
    agent_name_make(options->config, options->only_source, agent->name);
    const struct sender_options sender = {
        .url = options->url, .end = BUS_DIAL, .name = agent->name, .epoch = options->epoch, .outbox = options->spool};
    const struct sender_events events = {.room = on_room,
                                         .acked = on_acked,
                                         .peer = on_peer,
                                         .passed = agent->quarantine != NULL ? on_passed : NULL,
                                         .failed = on_failed,
                                         .self = agent};
    return sender_open(bus, &sender, &events, &agent->sender, ret_reason);
}

static enum status open_quarantine(struct agent *agent, const struct agent_options *options, char ret_reason[256])
{
    if (options->folder == NULL)
        return STATUS_OK;
    enum status status = quarantine_open(options->folder, 0, &agent->quarantine);
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "the quarantine in %.160s: %s", options->folder, status_text(status));
    return status;
}

static void agent_free(struct agent *agent)
{
    for (size_t i = 0; i < agent->feed_count; i++)
        feed_close(&agent->feeds[i]);
    quarantine_close(agent->quarantine);
    text_fini(&agent->quarantine_reason);
    arena_fini(&agent->arena);
    territories_close(agent->territories);
    text_fini(&agent->packed);
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
    agent->refusals = options->refusals;
    agent->events = *events;
    agent->spool = options->spool;
    arena_init(&agent->arena, ARENA_BYTES);
    agent->feeds = calloc(sources > 0 ? sources : 1, sizeof(*agent->feeds));
    agent->marks = calloc(sources > 0 ? sources : 1, sizeof(*agent->marks));
    enum status status = agent->feeds != NULL && agent->marks != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    snprintf(ret_reason, 256, "%s", status_text(status));
    if (status == STATUS_OK)
        status = open_territories(agent, options->config, ret_reason);
    if (status == STATUS_OK)
        status = open_feeds(agent, options, ret_reason);
    if (status == STATUS_OK)
        status = open_quarantine(agent, options, ret_reason);
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
    return &agent->stats;
}

const char *agent_name(const struct agent *agent)
{
    return agent->name;
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
