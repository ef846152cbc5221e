/* A supply that goes elsewhere: to an endpoint of the bus, or into a timeline. */
#pragma once

#include "cli/replay/supply.h"

/* Publishes to a correlator that listens at options->url, until all of it is acknowledged. STATUS_CLOSED: interrupted.
 */
enum status delivery_run(const struct supply_options *options, struct agent_stats *ret_stats,
                         char ret_reason[256]) MUST_CHECK;
/* Runs the agent and keeps what it sends, in the order of telling. */
enum status delivery_collect(const struct agent_config *agent, struct timeline *timeline, struct agent_stats *ret_stats,
                             char ret_reason[256]) MUST_CHECK;
