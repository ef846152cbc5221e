/* What the window into an agent shows (base/monitor): its ledger, its sources, its link. */
#pragma once

#include "agents/agent.h"
#include "base/monitor/monitor.h"

struct agent_view { /* as it was when last looked at */
    struct agent_stats stats;
    uint64_t found, waiting;
    bool is_connected;
};

struct agent_window {
    struct agent *agent;
    uint64_t found; /* waited already when the window opened */
    struct agent_view view;
    struct agent_feed feed; /* the one last looked at */
    struct metric_table tables[3];
};

/* Borrows the agent for the life of the window, which must not move. The book borrows the window. */
void agent_window_init(struct agent_window *window, struct agent *agent, struct metric_book *ret_book);
/* As monitor_options.ready; self is the window. */
bool agent_window_ready(void *self, char ret_reason[256]);
