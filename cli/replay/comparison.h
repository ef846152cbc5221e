/* What other rules make of the same input: episodes only here, only there, and changed. */
#pragma once

#include "base/zone.h"
#include "cli/keep.h"

#include <stdio.h>

struct comparison_counts {
    size_t same, changed, only_here, only_there;
};

/* Both lists hold the flagged episodes. Those of one id belong together; of the others those of one rule that share
 * most members. Prints a line for what differs, and the counts. Borrows all. STATUS_NO_MEMORY. */
enum status comparison_print(const struct kept_list *here, const struct kept_list *there, struct zone *zone,
                             FILE *stream, struct comparison_counts *ret_counts) MUST_CHECK;
