#include "tests/property/calibration/judge.h"

#include "correlator/calibration/pool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FLUSH_EVERY 1000u

/* A failure here is no finding: the program ends. */
static void must(enum status status, const char *what)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "%s: %s\n", what, status_text(status));
    abort();
}

struct rule judge_rule(uint32_t min_neighbours, double alpha)
{
    return (struct rule){.name = SPAN("noise"),
                         .categories = ~(category_set)0,
                         .reach_km = 150.0,
                         .window_ms = 2 * INT64_C(86400000),
                         .min_neighbours = min_neighbours,
                         .min_incidents = 2,
                         .min_countries = 0,
                         .alpha = alpha,
                         .max_radius_km = 200.0,
                         .cap_duration_ms = 90 * INT64_C(86400000),
                         .cap_extent_km = INFINITY};
}

struct judge_history judge_learn(const struct rule *rule, const struct engine_incident *incidents, size_t count,
                                 int64_t from_ms, int64_t until_ms)
{
    struct judge_history history;
    struct pool pool;
    must(pool_init(&pool, rule, incidents, count, from_ms, until_ms), "a pool");
    const struct thresholds_options options = {.window_ms = rule->window_ms,
                                               .history_ms = pool.length_ms,
                                               .mean_length_ms = pool.mean_length_ms,
                                               .min_neighbours = rule->min_neighbours,
                                               .alpha = rule->alpha,
                                               .history_max = (uint32_t)pool.counting};
    must(thresholds_new(&options, &history.thresholds), "thresholds");
    must(history_new(rule->reach_km, history.thresholds, &history.baseline), "a history");
    struct point *points = calloc(pool.count + 1, sizeof *points);
    if (points == NULL)
        abort();
    for (size_t i = 0; i < pool.count; i++)
        points[i] = pool.items[i].incident->point;
    must(history_fill(history.baseline, points, pool.count), "a history's points");
    free(points);
    pool_fini(&pool);
    return history;
}

void judge_forget(struct judge_history *history)
{
    history_free(history->baseline);
    thresholds_free(history->thresholds);
}

static void on_change(void *self, const struct engine_change *change)
{
    struct judgement *judgement = self;
    if (!change->final || change->state == EPISODE_WITHDRAWN)
        return;
    if (judgement->count == judgement->room) {
        judgement->room = judgement->room == 0 ? 64 : judgement->room * 2;
        judgement->episodes = realloc(judgement->episodes, judgement->room * sizeof *judgement->episodes);
        if (judgement->episodes == NULL)
            abort();
    }
    struct judged_episode *episode = &judgement->episodes[judgement->count++];
    *episode = (struct judged_episode){.members = change->observed};
    for (size_t i = change->member_count; i-- > 0;) {
        episode->campaign += change->members[i].incident->id.data[0] == 'c';
        if (change->members[i].membership == MEMBERSHIP_CORE)
            episode->start_ms = change->members[i].incident->start_ms;
    }
    if (judgement->rule->baseline != NULL)
        must(surprise_of_change(judgement->rule->baseline, change, &episode->surprise), "a score");
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self;
    (void)incident;
    (void)evicted;
}

static int compare_incidents(const void *a, const void *b)
{
    const struct engine_incident *one = a;
    const struct engine_incident *other = b;
    if (one->start_ms != other->start_ms)
        return one->start_ms < other->start_ms ? -1 : 1;
    return span_compare(one->id, other->id);
}

struct judgement judge(const struct rule *rule, struct engine_incident *incidents, size_t count)
{
    qsort(incidents, count, sizeof *incidents, compare_incidents);
    struct judgement judgement = {.rule = rule};
    const struct engine_events events = {.change = on_change, .released = on_released, .self = &judgement};
    const struct engine_limits limits = {.incidents_max = 1u << 28};
    struct engine *engine;
    must(engine_new(&allocator_heap, rule, 1, &limits, &engine), "an engine");
    for (size_t i = 0; i < count; i++) {
        uint32_t handle;
        if (i > 0 && i % FLUSH_EVERY == 0) {
            engine_watermark(engine, incidents[i].start_ms);
            must(engine_flush(engine, &events), "a flush");
        }
        must(engine_insert(engine, &incidents[i], &handle), "an incident");
    }
    engine_watermark(engine, INT64_MAX);
    must(engine_flush(engine, &events), "the last flush");
    engine_free(engine);
    return judgement;
}

size_t judgement_campaign(const struct judgement *judgement)
{
    size_t most = 0;
    for (size_t i = 0; i < judgement->count; i++)
        most = judgement->episodes[i].campaign > most ? judgement->episodes[i].campaign : most;
    return most;
}
