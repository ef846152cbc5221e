#include "correlator/correlator_window.h"

#include "base/clock.h"
#include "bus/link_metrics.h"
#include "correlator/correlator_inside.h"

#include <stdio.h>

_Static_assert(METRIC_NEVER == TIME_NONE, "what has no time is left out");

static const struct metric view_rows[] = {
#define X(name, help) METRIC_IN(struct correlator_view, stats, COUNTER, name, help),
    CORRELATOR_COUNTERS(X)
#undef X
        METRIC_IN(struct correlator_view, stats, GAUGE, incidents, "incidents in memory"),
    METRIC_IN(struct correlator_view, stats, GAUGE, episodes, "episodes published and not final"),
    METRIC(struct correlator_view, GAUGE, backlog_bytes, "what waits for slow sinks beyond the link's outbox"),
    METRIC(struct correlator_view, GAUGE, sinks, "sinks connected"),
    METRIC(struct correlator_view, COUNTER, journaled, "items and records journaled, in all its life"),
    METRIC_IN(struct correlator_view, stats, GAUGE, unjudged,
              "items and records journaled that judgement has not come to yet"),
    METRIC(struct correlator_view, GAUGE, journal_bytes, "the journal's size on disk"),
    METRIC(struct correlator_view, TIME, watermark_ms, "before it no source is still expected to report"),
    METRIC(struct correlator_view, TEXT, watermark_held_by, "the source that promises least"),
    METRIC(struct correlator_view, FLAG, is_held, "1: agents are held back, for the sinks are slow"),
    METRIC(struct correlator_view, FLAG, is_full,
           "1: agents are held back, for memory is full or too much waits to be judged"),
    METRIC(struct correlator_view, FLAG, has_failed, "1: it cannot go on"),
};

static const struct metric source_rows[] = {
    METRIC(struct watermark_source, TEXT, state_text,
           "live, idle, ended, blocked, late, dead, silent, unheard or retired"),
    METRIC(struct watermark_source, TEXT, agent, "who speaks of it"),
    METRIC(struct watermark_source, FLAG, is_well, "1: heard, read, and not behind"),
    METRIC(struct watermark_source, FLAG, is_silent, "1: not well for longer than it may"),
    METRIC(struct watermark_source, TIME, promise_ms, "read up to then, less its lateness"),
    METRIC(struct watermark_source, TIME, heard_ms, "when its agent last spoke of it"),
};

static const struct metric_ledger ledgers[] = {
    {"reports", {"received"}, {"applied", "duplicate", "stale", "rejected", "too_late"}},
};

static const void *view_look(void *self, size_t index, const char **ret_label)
{
    struct correlator_window *window = self;
    struct correlator *correlator = window->correlator;
    (void)ret_label;
    if (index > 0)
        return NULL;
    window->view = (struct correlator_view){.stats = *correlator_stats(correlator),
                                            .backlog_bytes = outlet_waiting(&correlator->outlet),
                                            .sinks = sender_peers(correlator->outlet.sender),
                                            .watermark_ms = correlator->watermark_ms,
                                            .watermark_held_by = watermark_holder(correlator->watermark),
                                            .is_held = correlator->held,
                                            .is_full = correlator->puts_off,
                                            .has_failed = correlator->failed};
    const struct journal *journal = correlator->keeping.journal;
    if (journal != NULL) {
        window->view.journaled = journal_next(journal) - 1;
        window->view.journal_bytes = journal_bytes(journal);
    }
    return &window->view;
}

static const void *source_look(void *self, size_t index, const char **ret_label)
{
    struct correlator_window *window = self;
    if (!watermark_look(window->correlator->watermark, index, &window->source))
        return NULL;
    *ret_label = window->source.name;
    return &window->source;
}

void correlator_window_init(struct correlator_window *window, struct correlator *correlator,
                            struct metric_book *ret_book)
{
    *window = (struct correlator_window){.correlator = correlator};
    window->tables[0] = (struct metric_table){METRIC_ROWS(view_rows), .look = view_look, .self = window};
    window->tables[1] = (struct metric_table){
        .name = "source", .label = "source", METRIC_ROWS(source_rows), .look = source_look, .self = window};
    window->tables[2] = receiver_table("incidents_link", correlator->receiver);
    window->tables[3] = sender_table("episodes_link", correlator->outlet.sender);
    *ret_book = (struct metric_book){.program = "correlator",
                                     .tables = window->tables,
                                     .table_count = 4,
                                     .ledgers = ledgers,
                                     .ledger_count = sizeof ledgers / sizeof ledgers[0]};
}

bool correlator_window_ready(void *self, char ret_reason[256])
{
    const struct correlator_window *window = self;
    const struct correlator *correlator = window->correlator;
    bool recovers = correlator->keeping.is_recovering;
    if (correlator->failed)
        (void)snprintf(ret_reason, 256, "it cannot go on");
    else if (correlator->finishing)
        (void)snprintf(ret_reason, 256, "it is stopping");
    else if (recovers)
        (void)snprintf(ret_reason, 256, "what was journaled before its start is being applied again");
    return !correlator->failed && !correlator->finishing && !recovers;
}
