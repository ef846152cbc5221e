/* What the rules stand on, for people: what a baseline covers, and what it asks of a core. */
#pragma once

#include "correlator/correlator.h"

#include <stdio.h>

/* Nothing where the configuration names no baseline. It must be loaded. */
void standing_print(const struct correlator_config *config, FILE *stream);
