/* The folder of what must outlive a program: `state: ./state` in the configuration.
 *
 *     state/agent/NAME/spool   state/correlator/journal   state/keys   state/run   (sockets)
 *
 * Folders are made as they are needed, for their owner alone (0700). */
#pragma once

#include "base/config.h"
#include "base/status.h"

#include <limits.h>

/* The absolute path, "state" beside the configuration where it is not given; lives as long as the config. NULL,
 * complained about, where it is no path. Touches no disk. */
const char *state_folder_read(struct config *config);
/* state/inside, each folder of `inside` ("agent/desk/spool") made where it is missing, `state` and what is above it
 * too. On failure the sentence is in ret_reason. */
enum status state_folder_make(const char *state, const char *inside, char ret_path[PATH_MAX],
                              char ret_reason[256]) MUST_CHECK;
