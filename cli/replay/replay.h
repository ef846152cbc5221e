/* A replay, as asked for on the command line: from files to a committed store, a table, a story, a ledger. */
#pragma once

#include "cli/output.h"
#include "cli/settings.h"

struct replay_options {
    const char *config;
    const char *compare; /* another configuration, or NULL */
    const char *store;   /* NULL with `to` */
    const char *mapping; /* NULL: none */
    const char *to;      /* endpoint to publish at instead, or NULL */
    const char *tz;
    double speed; /* 0: as fast as it goes */
    bool alerts;
    bool strict; /* refusals make the exit status EXIT_REFUSALS */
    const struct output_driver *output;
    const char **files;
    size_t file_count;
};

/* Answers the exit status; what went wrong is said on stderr, after the program's name. */
int replay_run(const struct replay_options *options, const char *program);
