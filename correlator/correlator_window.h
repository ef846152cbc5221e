/* What the window into a correlator shows (base/monitor): its ledger, what it holds, its sources, its links. */
#pragma once

#include "base/monitor/monitor.h"
#include "correlator/correlator.h"
#include "correlator/watermark.h"

struct correlator_view { /* as it was when last looked at */
    struct correlator_stats stats;
    uint64_t backlog_bytes, sinks, journaled, journal_bytes;
    int64_t watermark_ms;
    const char *watermark_held_by; /* the source that promises least; NULL: none holds it */
    bool is_held, is_full;
    bool has_failed;
};

struct correlator_window {
    struct correlator *correlator;
    struct correlator_view view;
    struct watermark_source source; /* the one last looked at */
    struct metric_table tables[4];
};

/* Borrows the correlator for the life of the window, which must not move. The book borrows the window. */
void correlator_window_init(struct correlator_window *window, struct correlator *correlator,
                            struct metric_book *ret_book);
/* As monitor_options.ready; self is the window. */
bool correlator_window_ready(void *self, char ret_reason[256]);
