/* Which reports tell of one incident, by brute force: every pair is looked at, every edge is sorted, nothing is
 * remembered (method §7; the decisions are those of correlator/reconcile/README.md). O(n² log n). */
#pragma once

#include "correlator/reconcile/same.h"

#define SAME_ORACLE_MAX 256

struct same_verdict {
    size_t incident_of[SAME_ORACLE_MAX]; /* of each report: the place of its incident's best report */
    size_t publishers[SAME_ORACLE_MAX];  /* of each that is the best of its incident */
};

/* Reports that stand and take part, no two of one (source, source_id), at most SAME_ORACLE_MAX. */
void same_oracle(const struct same_options *options, const struct report *reports, size_t count,
                 struct same_verdict *ret_verdict);
/* <0: a tells the incident rather than b. */
int same_oracle_better(const struct report *a, const struct report *b);
