#include "tests/bench/calm.h"

#include "correlator/baseline/history.h"
#include "tests/bench/run.h"

#include <stdlib.h>

#define YEAR_MS (365 * STREAM_DAY_MS)

struct calm {
    struct thresholds *thresholds;
    struct baseline_rule *rule;
    size_t incidents;
};

static size_t points_make(const struct stream_kind *kind, size_t count, struct point *points, int64_t *ret_length_ms)
{
    struct stream *stream = NULL;
    struct stream_incident incident;
    size_t made = 0;
    int64_t lengths_ms = 0;
    if (stream_new(kind->place, kind->history_an_hour, STREAM_IN_ORDER, 2, count, &stream) != STATUS_OK)
        return 0;
    for (; made < count && stream_next(stream, &incident, 1) == 1; made++) {
        points[made] = incident.point;
        lengths_ms += incident.end_ms - incident.start_ms;
    }
    stream_free(stream);
    *ret_length_ms = made > 0 ? lengths_ms / (int64_t)made : 0;
    return made;
}

static enum status rule_make(struct calm *calm, const struct stream_kind *kind, const struct point *points,
                             int64_t mean_length_ms)
{
    const struct rule rule = run_rule(kind, NULL);
    const struct thresholds_options options = {
        .window_ms = rule.window_ms,
        .history_ms = YEAR_MS,
        .mean_length_ms = mean_length_ms,
        .min_neighbours = rule.min_neighbours,
        .alpha = rule.alpha,
        .history_max = (uint32_t)calm->incidents,
    };
    enum status status = thresholds_new(&options, &calm->thresholds);
    if (status == STATUS_OK)
        status = history_new(rule.reach_km, calm->thresholds, &calm->rule);
    return status == STATUS_OK ? history_fill(calm->rule, points, calm->incidents) : status;
}

enum status calm_new(const struct stream_kind *kind, struct calm **ret_calm)
{
    size_t count = (size_t)(kind->history_an_hour * ((double)YEAR_MS / (double)STREAM_HOUR_MS));
    struct calm *calm = calloc(1, sizeof *calm);
    struct point *points = calloc(count + 1, sizeof *points);
    int64_t mean_length_ms = 0;
    if (calm != NULL && points != NULL)
        calm->incidents = points_make(kind, count, points, &mean_length_ms);
    enum status status =
        calm != NULL && calm->incidents == count ? rule_make(calm, kind, points, mean_length_ms) : STATUS_NO_MEMORY;
    free(points);
    if (status == STATUS_OK)
        *ret_calm = calm;
    else
        calm_free(calm);
    return status;
}

void calm_free(struct calm *calm)
{
    if (calm == NULL)
        return;
    history_free(calm->rule);
    thresholds_free(calm->thresholds);
    free(calm);
}

const struct baseline_rule *calm_rule(const struct calm *calm)
{
    return calm->rule;
}

size_t calm_incidents(const struct calm *calm)
{
    return calm->incidents;
}
