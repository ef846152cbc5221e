/* The words of an episode: its title, and the cause of a revision. Plain sentences with ids, the same on every machine.
 */
#pragma once

#include "base/arena.h"
#include "correlator/engine/engine.h"
#include "correlator/registry.h"

/* "Drones and aircraft over EE, PL, RO: 3 incidents in 9 days". Lives in the arena; empty when it is full. */
struct span title_words(const struct engine_change *change, struct arena *arena);
/* "incident added: rcb-pl:2025-0911; now flagged". occasion: what comes first where it was no incident that made the
 * change, or empty. before: the state told last (ignored where the change is new). Empty where nothing changed but that
 * it is final. */
struct span cause_words(const struct engine_change *change, struct span occasion, enum episode_state before,
                        bool was_capped, struct arena *arena);
