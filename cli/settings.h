/* The configuration as the command sees it: one file, every block read by the room it belongs to. */
#pragma once

#include "agents/agent.h"
#include "base/config.h"
#include "base/monitor/monitor.h"
#include "bus/bus_config.h"
#include "correlator/correlator.h"
#include "sink/sink.h"

#include <limits.h>

struct settings {
    const char *path; /* borrowed */
    struct config *config;
    struct bus_config bus;
    struct agent_config agent;
    struct correlator_config correlator;
    struct sink_config sink;
    struct monitor_config monitor;
};

/* How much is looked at beside the file itself. */
enum settings_depth {
    SETTINGS_PART,  /* the file alone, of whatever host: without rules it is one where no correlator runs */
    SETTINGS_FILE,  /* the file alone: who makes a baseline needs none */
    SETTINGS_RULES, /* and the baseline its rules stand on: all that correlating needs */
    SETTINGS_FILES, /* mapping files and territories too: all that would stop a start. Without rules it is right too
                       where its keys say that the correlator runs elsewhere */
};

/* Complaints go to the stream, all of them. STATUS_INVALID where there was any; what could not be read at all has its
 * own status. On failure nothing is left open. */
enum status settings_open(struct settings *settings, const char *path, enum settings_depth depth,
                          FILE *complaints) MUST_CHECK;
void settings_close(struct settings *settings);
/* The file of territories that is used where none is named; false where there is none. */
bool settings_territories_path(char ret_path[PATH_MAX]);
/* The exit status of a program whose configuration was refused with this: always EXIT_MISUSED. */
int settings_refused(enum status status);
