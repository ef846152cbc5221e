/* When two reports may tell of one incident (method §7): what the configuration says, in integers.
 *
 *   edge(a, b) ⇔ one family, one role, not both records of one distinct source,
 *                gap ≤ within, distance ≤ max(reach, min(radius a + radius b, 2 · reach))
 *
 * A report vaguer than the reach is coarse: it joins an incident, and makes none of two. */
#pragma once

#include "correlator/reconcile/standing.h"

__extension__ typedef unsigned __int128 uint128;

enum same_mode { SAME_OFF, SAME_ON };

/* `same:` of the configuration. */
struct same_options {
    enum same_mode mode;
    int64_t within_ms;           /* 0 … SAME_WITHIN_MS_MAX */
    double reach_km;             /* > 0 … SAME_REACH_KM_MAX */
    const struct span *distinct; /* ascending: sources whose records are different incidents */
    size_t distinct_count;
};

#define SAME_REACH_KM_MAX  500.0
#define SAME_WITHIN_MS_MAX (30LL * 86400000LL)

struct same_measure {
    int64_t within_ms;
    double reach_km;
    int64_t reach2; /* squared chords: of the reach … */
    int64_t far2;   /* … and of twice the reach, beyond which nothing has an edge */
};

struct same_measure same_measure_of(const struct same_options *options);
/* 1 + the place of the source among the distinct ones; 0: it is not distinct. O(log). */
uint32_t same_list_of(const struct same_options *options, struct span source);
bool same_edge(const struct same_measure *measure, const struct standing *a, const struct standing *b);
/* d²·within² + gap²·reach²: as what is attached to an episode is measured; smaller is nearer. */
uint128 same_strength(const struct same_measure *measure, const struct standing *a, const struct standing *b);
