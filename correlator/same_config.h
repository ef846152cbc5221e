/* The block `same` of the configuration, and which of the block `sources` are marked distinct. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "correlator/reconcile/same.h"

/* Names go into the arena. false where there was any complaint. Absent or off: ret_options is left as it is. */
bool same_read(struct config *config, struct arena *arena, struct same_options *ret_options);
