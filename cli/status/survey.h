/* How the programs of a configuration are, as one JSON document:
 *
 *     {"healthy": false, "troubles": ["sink: it does not run"],
 *      "programs": [{"program": "correlator", "name": "", "up": true, …what its /status says…},
 *                   {"program": "sink", "name": "sink", "up": false, "reason": "it does not run"}]}
 *
 * Which programs: whoever has a socket in state/run, and those the configuration has a block for: sources (an agent),
 * rules (the correlator), sink. Where its bus goes to other hosts, several may share it: one of those that has never
 * run on this host is {"up": false, "elsewhere": true}, and no trouble. */
#pragma once

#include "base/config.h"
#include "base/status.h"

#include <jansson.h>

/* The caller's to json_decref. STATUS_INVALID: complained about. */
enum status survey_take(struct config *config, json_t **ret_document) MUST_CHECK;
