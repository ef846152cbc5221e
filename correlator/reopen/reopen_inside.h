/* Inside reopening: who is judged and taken (reopen.c), what they touch (seeds.c), and what is done about them
 * (recall.c). */
#pragma once

#include "correlator/reopen/closure.h"
#include "correlator/reopen/reopen.h"

/* A late report, waiting. */
struct taken {
    uint64_t number;
    int64_t heard_ms;
    struct span packed;  /* owned */
    struct span id;      /* owned */
    uint32_t seed_first; /* in reopen->seeds … */
    uint32_t seed_count; /* … and how many */
};

struct reopen {
    struct reopen_options options;
    struct reopen_events events;
    struct memory memory;
    struct versions versions;
    struct arena arena; /* of one report read back */
    VECTOR(struct taken) taken;
    VECTOR(struct archive_stub) seeds;
    VECTOR(uint64_t)
    withheld;         /* numbers in the archive that are not applied, ascending: refused ones, then those that wait */
    uint32_t refused; /* of withheld */
    VECTOR(struct record *) records;
    VECTOR(uint32_t) handles;
    int64_t live_since_ms; /* of a run */
    bool is_restored;      /* from what was before, the register knows only what takes part */
    struct reopen_stats stats;
};

/* What all that is taken touches, into `seeds`: at the places and times of each, and of whatever else was said of its
 * id up to number `until`, once and since. */
enum status reopen_seeds(struct reopen *reopen, uint64_t until) MUST_CHECK;
int64_t reopen_window_max(const struct reopen *reopen);
