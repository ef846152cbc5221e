#include "agents/agent_window.h"

#include "bus/link_metrics.h"

#include <stdio.h>

static const struct metric view_rows[] = {
#define X(name, help) METRIC_IN(struct agent_view, stats, COUNTER, name, help),
    AGENT_COUNTERS(X)
#undef X
        METRIC(struct agent_view, GAUGE, found, "reports of before that waited at the start"),
    METRIC(struct agent_view, GAUGE, waiting, "reports that wait for the correlator's acknowledgement"),
    METRIC(struct agent_view, FLAG, is_connected, "1: the correlator is there"),
};

static const struct metric source_rows[] = {
    METRIC(struct agent_feed, COUNTER, reports, "reports it gave"),
    METRIC(struct agent_feed, TEXT, state_text, "live, idle, blocked or ended"),
    METRIC(struct agent_feed, TIME, promise_ms, "read up to then, less its lateness"),
};

static const struct metric_ledger ledgers[] = {
    {"link", {"found", "submitted"}, {"link.acked", "waiting", "quarantined", "dropped"}},
};

static uint64_t waiting(const struct agent *agent)
{
    return sender_waiting(agent_sender(agent));
}

static const void *view_look(void *self, size_t index, const char **ret_label)
{
    struct agent_window *window = self;
    const struct sender *sender = agent_sender(window->agent);
    (void)ret_label;
    if (index > 0)
        return NULL;
    window->view = (struct agent_view){.stats = *agent_stats(window->agent),
                                       .found = window->found,
                                       .waiting = waiting(window->agent),
                                       .is_connected = sender_peers(sender) > 0};
    window->view.stats.dropped = sender_outbox(sender)->dropped; /* as of now */
    return &window->view;
}

static const void *source_look(void *self, size_t index, const char **ret_label)
{
    struct agent_window *window = self;
    if (!agent_look(window->agent, index, &window->feed))
        return NULL;
    *ret_label = window->feed.name;
    return &window->feed;
}

void agent_window_init(struct agent_window *window, struct agent *agent, struct metric_book *ret_book)
{
    *window = (struct agent_window){.agent = agent, .found = waiting(agent)};
    window->tables[0] = (struct metric_table){METRIC_ROWS(view_rows), .look = view_look, .self = window};
    window->tables[1] = (struct metric_table){
        .name = "source", .label = "source", METRIC_ROWS(source_rows), .look = source_look, .self = window};
    window->tables[2] = sender_table("link", agent_sender(agent));
    *ret_book = (struct metric_book){.program = "agent",
                                     .tables = window->tables,
                                     .table_count = 3,
                                     .ledgers = ledgers,
                                     .ledger_count = sizeof ledgers / sizeof ledgers[0]};
}

bool agent_window_ready(void *self, char ret_reason[256])
{
    const struct agent_window *window = self;
    bool ready = sender_peers(agent_sender(window->agent)) > 0;
    const char *refusal = agent_refusal(window->agent);
    if (!ready)
        (void)snprintf(ret_reason, 256, "the correlator is not there%s%.220s", refusal[0] != '\0' ? ": " : "", refusal);
    return ready;
}
