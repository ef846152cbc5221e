/* Made-up incidents for the benchmarks, the same for the same seed: no more of them in memory than are under way.
 *
 *   clock ──▶ incident (start, place, length) ──in order──────────────────────────────▶ stream_next
 *                     └──shuffled──▶ heap by arrival = start + uniform(0, 2 days) ──▶ */
#pragma once

#include "base/status.h"
#include "correlator/engine/point.h"
#include "proto/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_HOUR_MS     3600000LL
#define STREAM_DAY_MS      (24 * STREAM_HOUR_MS)
#define STREAM_LATENESS_MS (2 * STREAM_DAY_MS)
#define STREAM_LENGTH_MS   STREAM_HOUR_MS /* the longest: 0, 30 or 60 minutes */

enum stream_place {
    STREAM_SEA,    /* anywhere on the globe */
    STREAM_EUROPE, /* four in five in 300 towns of Zipf sizes, the rest anywhere in 36–66°N, 10°W–35°E */
    STREAM_TOWN,   /* all in one town, on a border */
};

enum stream_order {
    STREAM_IN_ORDER, /* arrives when it starts */
    STREAM_SHUFFLED,
};

/* A row of the table: what a stream is, and the rule it is measured with. */
struct stream_kind {
    const char *name;
    enum stream_place place;
    double an_hour;         /* incidents */
    double history_an_hour; /* of the calm year before it, from which its baseline is made */
    size_t incidents;       /* unless asked otherwise */
    size_t incidents_max;   /* SIZE_MAX: as many as asked for */
    double reach_km;
    int64_t window_ms;
    uint32_t min_neighbours;
};

extern const struct stream_kind stream_kinds[];
extern const size_t stream_kind_count;
/* NULL: there is none of that name. */
const struct stream_kind *stream_kind_find(const char *name);

struct stream_incident {
    int64_t arrival_ms;
    int64_t start_ms, end_ms;
    struct point point;
    country_code country;
    uint32_t number; /* counts in order of start */
};

struct stream;

/* an_hour: of the kind, or of its history. STATUS_NO_MEMORY. */
enum status stream_new(enum stream_place place, double an_hour, enum stream_order order, uint64_t seed,
                       size_t incidents, struct stream **ret_stream) MUST_CHECK;
void stream_free(struct stream *stream);
/* The next ones, in order of arrival; 0: there are no more. */
size_t stream_next(struct stream *stream, struct stream_incident *ret_incidents, size_t count);

/* Neighbours an incident has in the mean under the kind's rule: of a sample, by brute force. 0 where memory ran out. */
double stream_mean_k(const struct stream_kind *kind, size_t incidents);
