/* Near misses: incidents around an episode that are no members of it, and what they lack. */
#pragma once

#include "cli/explain/account.h"

/* Fills account->near_misses, those within twice the limits of a core, and account->excluded. Not looked for where that
 * would take too many tests. O(incidents × cores). */
void misses_find(struct account *account);
