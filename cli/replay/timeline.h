/* All reports of a replay in memory, packed as they travel, with the time each was told: for playing them in that
 * order, or more than once. Memory: the packed reports, some 300 bytes each. */
#pragma once

#include "base/arena.h"
#include "proto/report.h"

struct timeline_entry {
    int64_t told_ms; /* reported_at, else the end, else (a bare retraction) TIME_NONE */
    struct span id;  /* incident id: breaks ties, then the revision, then the bytes */
    uint32_t revision;
    struct span bytes;
};

struct timeline {
    struct arena arena;
    struct timeline_entry *entries;
    size_t count;
    size_t room;
};

void timeline_init(struct timeline *timeline);
void timeline_fini(struct timeline *timeline);
/* When a report was told, as far as it says: nobody tells what is not over. */
int64_t timeline_told_ms(const struct report *report);
/* Copies the packed report. STATUS_INVALID: it cannot be unpacked. */
enum status timeline_add(struct timeline *timeline, struct span bytes, struct arena *scratch) MUST_CHECK;
/* In the order of telling. A bare retraction without a time comes right after the last revision it takes back. */
void timeline_sort(struct timeline *timeline);
