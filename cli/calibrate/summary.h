/* What a calibration found, as a table for people. */
#pragma once

#include "base/status.h"
#include "correlator/calibration/calibration.h"

#include <stdio.h>

/* One rule's line. */
struct summary_rule {
    struct span name;
    const struct pool *pool;
    const struct baseline_rule *history;
    const struct calibration *calibration;
};

/* A line a rule, and under them the sum of the rules: what the background alone will flag in a year. */
enum status summary_print(const struct summary_rule *rules, size_t count, FILE *stream) MUST_CHECK;
