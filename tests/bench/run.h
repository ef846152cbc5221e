/* One pass of a stream through an engine: made in chunks outside of what is timed, flushed as the correlator does.
 *
 *   stream ──chunk of 1024──▶ insert, insert, … ──each 256──▶ watermark, flush ──▶ released: their ids are used again
 */
#pragma once

#include "correlator/engine/engine.h"
#include "tests/bench/histogram.h"
#include "tests/bench/streams.h"

#define RUN_BATCH 256u /* incidents; each brings a watermark */

/* How the correlator flushes a replay (correlator.c): at the end of a batch, unless that would compute far more anew
 * than has arrived; with FLUSH_EACH also after each report while that is little work. */
enum flushing {
    FLUSH_BATCH,
    FLUSH_EACH,
};

struct run_options {
    const struct stream_kind *kind;
    enum stream_order order;
    enum flushing flushing;
    size_t incidents;
    const struct baseline_rule *baseline; /* borrowed; NULL: none */
    struct histogram *inserts, *flushes;  /* ns of each call; NULL: the clock is read once a chunk only */
};

struct run {
    uint64_t ns, cpu_ns;
    uint64_t episodes, changes, members; /* told */
    size_t live_most, bytes_most;
    size_t bytes_at[3];      /* held after 10 %, 50 %, 100 % of the stream */
    double allocations_each; /* of the second half, without what lets all go at the end */
};

struct rule run_rule(const struct stream_kind *kind, const struct baseline_rule *baseline);
/* Timed from the first insert until all is told and let go. */
enum status run_pass(const struct run_options *options, struct run *ret_run) MUST_CHECK;
