/* The block `bus` of the configuration: where the links meet. */
#pragma once

#include "base/config.h"

#include <stdbool.h>

struct bus_config {
    const char *incidents; /* agents to correlator; default tcp://127.0.0.1:5591 */
    const char *episodes;  /* correlator to sinks; default tcp://127.0.0.1:5592 */
};

/* Complains of urls no driver carries, or that are not allowed. Strings live as long as the config. */
bool bus_config_read(struct config *config, struct bus_config *ret_config);
