/* What the baseline says of a member: how many incidents its history has near it, how many neighbours a core needs
 * there. Remembers h by cell, so that an episode told again and again asks the history once. */
#pragma once

#include "correlator/baseline/baseline.h"
#include "correlator/engine/engine.h"

struct yardstick;

enum status yardstick_new(struct yardstick **ret_yardstick) MUST_CHECK;
void yardstick_free(struct yardstick *yardstick);
/* Forgets all: there is another baseline. */
void yardstick_clear(struct yardstick *yardstick);
/* rule: the index of the rule whose baseline this is, not NULL. */
void yardstick_measure(struct yardstick *yardstick, size_t rule, const struct baseline_rule *baseline,
                       const struct engine_incident *incident, uint32_t *ret_history, uint32_t *ret_threshold);
