/* Which member's removal would unflag an episode: each is left out once. Of a large episode only those are tried that
 * can matter: the only one of a country, and cores that hold two parts together. */
#pragma once

#include "cli/explain/account.h"

#define REMOVALS_ALL_MAX  300u     /* members; of larger episodes only candidates are tried */
#define REMOVALS_WORK_MAX 2000000u /* incidents before the engine, all removals together */
#define REMOVALS_CUT_MAX  5000u    /* cores; of larger ones who holds parts together is not looked for */

/* Fills the members' removal and rest, and the counts. Nothing is tried where the engine does not make the episode
 * anew. */
enum status removals_try(struct account *account) MUST_CHECK;
