/* The archive: every report that was journaled, found again by id, or by time and place. What has left memory is
 * reopened from here (method §8), and a start puts memory together again from it. Two drivers: the journal's catalogue,
 * and memory (the tests', tests/support/archive_memory.h).
 *
 * It knows versions, not which one stands: all reports of an id are given, in order of their number, and the register
 * finds the standing one, as it does with those that arrive. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "correlator/engine/point.h"
#include "proto/taxonomy.h"

#include <stdint.h>

struct archive; /* begins with its driver */

/* What can be known of a report without reading it. */
struct archive_stub {
    uint64_t number;  /* in the order of the journal, from 1: where it stands in the stream of causes */
    uint64_t id_hash; /* archive_id_hash of "source:source_id" */
    int64_t start_ms; /* TIME_NONE: a bare retraction, it has neither time nor place */
    int64_t end_ms;
    struct point point;
    enum category category;
    enum role role;
};

/* Answers anything but STATUS_OK to end the visit; that is answered then. */
typedef enum status (*archive_stub_visitor)(void *self, const struct archive_stub *stub);
/* The packed report, borrowed until it returns; heard_ms: the wall clock when it was journaled. */
typedef enum status (*archive_report_visitor)(void *self, uint64_t number, struct span report, int64_t heard_ms);

struct archive_driver {
    /* Every report up to number `until` whose interval overlaps [from_ms, to_ms], in order of number. Cost: a look at
     * every stub of the segments whose times overlap. */
    enum status (*within)(struct archive *archive, int64_t from_ms, int64_t to_ms, uint64_t until,
                          archive_stub_visitor visitor, void *self);
    /* Every version of an id up to number `until`, bare ones too, in order of number. A hash may be of two ids: who
     * asks looks at the report. Cost: a search in each segment. */
    enum status (*versions)(struct archive *archive, uint64_t id_hash, uint64_t until, archive_stub_visitor visitor,
                            void *self);
    /* The reports of these numbers (ascending). STATUS_NOT_FOUND: one is no longer kept. */
    enum status (*read)(struct archive *archive, const uint64_t *numbers, size_t count, archive_report_visitor visitor,
                        void *self);
    void (*close)(struct archive *archive);
};

struct archive {
    const struct archive_driver *driver;
};

/* The same on every machine, and not to be guessed backwards for collisions by a stranger: 64 bits of BLAKE2b. */
uint64_t archive_id_hash(struct span id);
