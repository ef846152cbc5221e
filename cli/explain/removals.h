/* Which member's removal would unflag an episode: each is left out once, and its component computed anew. Of a large
 * episode only those are tried that can matter: the only one of a country, cores that hold two parts together, and
 * those a neighbouring core needs to be one. */
#pragma once

#include "cli/explain/account.h"

#define REMOVALS_ALL_MAX  2000u      /* members; of larger episodes only candidates are tried */
#define REMOVALS_WORK_MAX 200000000u /* near pairs looked at, all removals together */
#define REMOVALS_CUT_MAX  5000u      /* cores; of larger ones who holds parts together is not looked for */

/* Fills the members' removal and rest, and the counts. Nothing is tried where the rule does not make the episode anew,
 * or it is not flagged. */
enum status removals_try(struct account *account) MUST_CHECK;
