/* A rule: what belongs together. Read from the configuration (correlator/rule_config.h), handed to the engine as data.
 */
#pragma once

#include "base/span.h"
#include "proto/report.h"
#include "proto/taxonomy.h"

#include <stdint.h>

struct baseline_rule;

#define RULE_REACH_KM_MAX  20015.0
#define RULE_WINDOW_MS_MAX (180LL * 86400000LL)
#define RULE_COUNTRIES_MAX 64u

struct rule {
    struct span name;                   /* borrowed for the engine's life; unique among its rules */
    category_set categories;            /* of triggers; responses and context are not chosen by it */
    double reach_km;                    /* > 0 … RULE_REACH_KM_MAX */
    int64_t window_ms;                  /* 1 … RULE_WINDOW_MS_MAX */
    uint32_t min_neighbours;            /* floor of the core test, ≥ 1 */
    uint32_t min_incidents;             /* members of a flagged episode, ≥ 1 */
    uint32_t min_countries;             /* ≥ 0 */
    double alpha;                       /* of the core test, where there is a baseline */
    double max_radius_km;               /* a vaguer place is coarse, and so is one vaguer than half the reach */
    const country_code *only_countries; /* ascending; where not empty, what happened in none of them does not trigger */
    size_t only_count;
    const country_code *except_countries; /* ascending; what happened in these alone does not trigger */
    size_t except_count;
    int64_t cap_duration_ms;              /* first start to last end of the cores, ≤ */
    double cap_extent_km;                 /* diagonal of the cores' bounding box, ≤; infinity: no cap */
    const struct baseline_rule *baseline; /* borrowed; NULL: none, min_neighbours alone is the core test */
};
