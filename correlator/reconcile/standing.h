/* A standing report that takes part in correlation, as far as it decides which reports tell of one incident; and a
 * group: the reports of one incident. */
#pragma once

#include "base/span.h"
#include "correlator/engine/point.h"
#include "proto/publisher.h"
#include "proto/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group;

struct standing {
    struct span id; /* borrowed from its entry */
    void *entry;    /* of the registry */
    struct point point;
    double radius_km;
    int64_t start_ms, end_ms, reported_at_ms;
    enum category family;
    enum role role;
    enum report_status status;
    enum precision precision;
    uint32_t list; /* same_list_of its source */
    bool is_coarse;
    bool is_founder;         /* coarse, in range of no incident it may join: it makes one of its own */
    struct standing *anchor; /* coarse: the precise one it joined, a member of its group; NULL: it joined none */
    unsigned char digest[32];
    struct publisher_key publisher;

    struct group *group; /* NULL: not decided since it came */
    struct standing *next, *previous;
    uint32_t waits_at;             /* its place among those to be decided; of those without a group */
    uint64_t found_at, reached_at; /* stamps of the last search and of the last walk that met it */

    /* While a partition is made: sets as trees of parents, of each root its size and its records of distinct sources */
    struct standing *parent, *listed, *listed_next;
    uint32_t set_size;
    bool is_contested;
    bool is_mixed;
    struct group *old, *fresh, *absorber;
};

struct group {
    struct standing *members;
    size_t size;
    struct standing *best; /* NULL: to be found anew */
    size_t listed;         /* members of distinct sources */
    int64_t first_ms;      /* the least start of all that ever were members */
    size_t region;         /* how many reports the last partition looked at for it */
    uint64_t digest[4];    /* sum of the members' digests, by words */
    bool is_stale;         /* to be partitioned anew */
    bool is_dirty;         /* says something else than was told */
    bool is_settled;       /* the engine has let go of it: it takes in reports, and changes nothing else */
    bool is_kept;          /* while a partition is made */
    uint32_t stale_at;     /* its place among the stale */
    struct record *record; /* the engine's; NULL: none */
    struct group *next, *previous;
};

/* (start, id): breaks every tie. */
static inline int standing_order(const struct standing *a, const struct standing *b)
{
    if (a->start_ms != b->start_ms)
        return a->start_ms < b->start_ms ? -1 : 1;
    return span_compare(a->id, b->id);
}
