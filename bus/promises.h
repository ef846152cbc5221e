/* What the sources of a sender promised, and from which position on each set held: so that whoever is far behind hears
 * them where they belong among the items, and needs not wait for the last item to hear the first promise.
 *
 * A few are kept, in the order of their positions and spread over them; the others go: what is said is true still, only
 * less often. O(PROMISES_MAX) each. */
#pragma once

#include "bus/marks.h"

#include <stdbool.h>

#define PROMISES_MAX 256u

/* Starts as zero. Allocates no more once each has held the greatest set. */
struct promises {
    struct marks items[PROMISES_MAX];
    size_t count;
};

void promises_fini(struct promises *promises);
/* Copies; takes the place of one of that position. STATUS_NO_MEMORY: it is left out. */
enum status promises_add(struct promises *promises, const struct source_mark *marks, size_t count,
                         uint64_t position) MUST_CHECK;
/* The last that holds for all after position; NULL: none. Good until the next add or trim. */
const struct marks *promises_find(const struct promises *promises, uint64_t position);
/* Nobody asks for less than position any more. */
void promises_trim(struct promises *promises, uint64_t position);
