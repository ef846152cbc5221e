#include "sink/sink_window.h"

#include "bus/link_metrics.h"

#include <stdio.h>

static const struct metric view_rows[] = {
#define X(name, help) METRIC_IN(struct sink_view, stats, COUNTER, name, help),
    SINK_COUNTERS(X)
#undef X
        METRIC_IN(struct sink_view, state, GAUGE, waiting, "publications taken that wait for the store"),
    METRIC(struct sink_view, GAUGE, alerts_waiting, "alerts to be sent, or sent again"),
    METRIC_IN(struct sink_view, state, FLAG, is_connected, "1: the correlator is there"),
    METRIC_IN(struct sink_view, state, FLAG, is_troubled, "1: the store does not take what comes, it is tried again"),
};

static const struct metric alert_rows[] = {
    METRIC(struct alert_view, GAUGE, waiting, "alerts to be sent, or sent again"),
    METRIC(struct alert_view, FLAG, is_failing, "1: its endpoint did not take the last one"),
};

static const struct metric_ledger ledgers[] = {
    {"publications", {"received"}, {"applied", "known", "rejected", "waiting"}},
};

static const void *view_look(void *self, size_t index, const char **ret_label)
{
    struct sink_window *window = self;
    (void)ret_label;
    if (index > 0)
        return NULL;
    window->view = (struct sink_view){.stats = *sink_stats(window->sink), .state = sink_state(window->sink)};
    struct alert_view alert;
    for (size_t i = 0; alerts_look(sink_alerts(window->sink), i, &alert); i++)
        window->view.alerts_waiting += alert.waiting;
    return &window->view;
}

static const void *alert_look(void *self, size_t index, const char **ret_label)
{
    struct sink_window *window = self;
    if (!alerts_look(sink_alerts(window->sink), index, &window->alert))
        return NULL;
    *ret_label = window->alert.name;
    return &window->alert;
}

void sink_window_init(struct sink_window *window, const struct sink *sink, struct metric_book *ret_book)
{
    *window = (struct sink_window){.sink = sink};
    window->tables[0] = (struct metric_table){METRIC_ROWS(view_rows), .look = view_look, .self = window};
    window->tables[1] = receiver_table("link", sink_receiver(sink));
    window->tables[2] = (struct metric_table){
        .name = "alert", .label = "alert", METRIC_ROWS(alert_rows), .look = alert_look, .self = window};
    *ret_book = (struct metric_book){.program = "sink",
                                     .tables = window->tables,
                                     .table_count = 3,
                                     .ledgers = ledgers,
                                     .ledger_count = sizeof ledgers / sizeof ledgers[0]};
}

bool sink_window_ready(void *self, char ret_reason[256])
{
    const struct sink_window *window = self;
    const struct sink_state state = sink_state(window->sink);
    if (state.is_troubled)
        (void)snprintf(ret_reason, 256, "the store does not take what comes");
    else if (!state.is_connected)
        (void)snprintf(ret_reason, 256, "the correlator is not there");
    return state.is_connected && !state.is_troubled;
}
