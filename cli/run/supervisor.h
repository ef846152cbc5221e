/* The supervisor of one machine: starts sink, correlator and agent, watches them, stops them in the order of the data.
 *
 *     start   correlator ─▶ sink ─▶ agent
 *     stop    agent ─▶ correlator (hands on what it has) ─▶ sink
 *
 * Nothing is started anew in silence: one that ends unbidden is named, the others are stopped, and that is a failure.
 */
#pragma once

#include "base/log.h"

#include <stdbool.h>

enum supervisor_end {
    SUPERVISE_FOR_EVER, /* until SIGTERM or SIGINT */
    SUPERVISE_DRAIN,    /* until every source that does not follow is read, acknowledged and stored */
};

struct supervisor_options {
    const char *config;     /* path */
    const char *folder;     /* of the programs */
    const char *log_level;  /* as typed; NULL: the programs' own */
    const char *log_format; /* the same */
    bool no_sandbox;
    bool tell_again; /* the correlator begins at its journal's first record */
    bool accept_gap; /* the agent goes on where the correlator misses what its spool has let go of */
    enum supervisor_end end;
};

/* Answers the exit status. Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD in the calling thread for good. */
int supervisor_run(const struct supervisor_options *options);
