/* Who says it: corroboration is the number of distinct publishers of an incident's reports, not of the reports. One
 * wire story in forty outlets has one publisher. */
#pragma once

#include "proto/report.h"

#include <stddef.h>

/* A digest of the publisher as people read it (base/fold.h). A report that names none counts as its source. */
struct publisher_key {
    unsigned char bytes[16];
};

struct publisher_key publisher_key_of(const struct report *report);
/* Reorders the keys. O(n log n). */
size_t publisher_keys_distinct(struct publisher_key *keys, size_t count);
