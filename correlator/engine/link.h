/* Why two incidents belong together, or do not: what `vedette explain` says of a link. */
#pragma once

#include "correlator/engine/engine.h"

enum link_clause {
    LINK_DISTANCE, /* distance is the greater part of the link, or what parts the two */
    LINK_TIME,
};

struct link {
    bool within;     /* inside reach and window: what attaches a non-core to a core */
    bool neighbours; /* within, and both trigger under the rule, and neither is coarse: what counts for the core test */
    int64_t chord2;  /* units², see point.h */
    double distance_km;
    int64_t gap_ms;          /* intervals of coarse incidents cut as the method says */
    double distance_share;   /* distance / reach, as chords; ≤ 1 within */
    double time_share;       /* gap / window; ≤ 1 within */
    enum link_clause clause; /* the greater share; of equal ones distance */
    uint64_t
        strength[2]; /* max(d²·window², gap²·τ²): high and low half; less is stronger. UINT64_MAX twice: not within */
};

/* STATUS_INVALID where the rule is out of the ranges of rule.h. */
enum status link_between(const struct rule *rule, const struct engine_incident *a, const struct engine_incident *b,
                         struct link *ret_link) MUST_CHECK;
/* <0: a is the stronger. */
int link_order(const struct link *a, const struct link *b);
