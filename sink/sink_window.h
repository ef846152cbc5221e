/* What the window into a sink shows (base/monitor): its ledger, its store, its alerts, its link. */
#pragma once

#include "base/monitor/monitor.h"
#include "sink/alerts.h"

struct sink_view { /* as it was when last looked at */
    struct sink_stats stats;
    struct sink_state state;
    uint64_t alerts_waiting;
};

struct sink_window {
    const struct sink *sink;
    struct sink_view view;
    struct alert_view alert; /* the one last looked at */
    struct metric_table tables[3];
};

/* Borrows the sink for the life of the window, which must not move. The book borrows the window. */
void sink_window_init(struct sink_window *window, const struct sink *sink, struct metric_book *ret_book);
/* As monitor_options.ready; self is the window. */
bool sink_window_ready(void *self, char ret_reason[256]);
