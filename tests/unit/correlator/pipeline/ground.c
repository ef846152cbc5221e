#include "tests/unit/correlator/pipeline/ground.h"

#include <assert.h>
#include <stdlib.h>

#define STEPS 9

void ground_write(const struct rule *rules, size_t rule_count, const struct point *points, size_t point_count,
                  struct text *ret_bytes)
{
    static const struct span sources[] = {{"desk", 4}, {"list", 4}};
    struct curve_step steps[STEPS];
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = (struct curve_step){(double)(i + 1), STEPS - i};
    struct baseline_rule_facts *facts = calloc(rule_count, sizeof *facts);
    struct baseline_rule **histories = calloc(rule_count, sizeof *histories);
    struct thresholds **thresholds = calloc(rule_count, sizeof *thresholds);
    struct text *json = calloc(rule_count, sizeof *json);
    assert(facts != NULL && histories != NULL && thresholds != NULL && json != NULL);
    for (size_t i = 0; i < rule_count; i++) {
        const struct thresholds_options options = {.window_ms = rules[i].window_ms,
                                                   .history_ms = GROUND_UNTIL_MS - GROUND_FROM_MS,
                                                   .min_neighbours = rules[i].min_neighbours,
                                                   .alpha = rules[i].alpha,
                                                   .history_max = (uint32_t)point_count};
        enum status status = thresholds_new(&options, &thresholds[i]);
        if (status == STATUS_OK)
            status = history_new(rules[i].reach_km, thresholds[i], &histories[i]);
        if (status == STATUS_OK)
            status = history_fill(histories[i], points, point_count);
        assert(status == STATUS_OK);
        history_set_curves(histories[i],
                           (struct curve[BASELINE_CURVE_COUNT]){{steps, STEPS, 100}, {steps, STEPS, 100}});
        rule_to_json(&rules[i], &json[i]);
        facts[i] = (struct baseline_rule_facts){rules[i].name, SPAN("00ff"), {json[i].data, json[i].size}};
    }
    const struct baseline_draft draft = {
        .facts = {.from_ms = GROUND_FROM_MS,
                  .until_ms = GROUND_UNTIL_MS,
                  .guard_ms = GROUND_GUARD_MS,
                  .sources = sources,
                  .source_count = 2},
        .rule_count = rule_count,
        .rule_facts = facts,
        .rules = (const struct baseline_rule *const *)histories,
    };
    enum status status = baseline_pack(&draft, ret_bytes);
    assert(status == STATUS_OK);
    for (size_t i = 0; i < rule_count; i++) {
        history_free(histories[i]);
        thresholds_free(thresholds[i]);
        text_fini(&json[i]);
    }
    free(facts);
    free(histories);
    free(thresholds);
    free(json);
}

struct baseline *ground_made(const struct rule *rules, size_t rule_count, const struct point *points,
                             size_t point_count)
{
    struct text bytes = {0};
    struct baseline *baseline;
    char reason[BASELINE_REASON_BYTES];
    ground_write(rules, rule_count, points, point_count, &bytes);
    enum status status = baseline_parse((struct span){bytes.data, bytes.size}, "ground", &baseline, reason);
    assert(status == STATUS_OK);
    text_fini(&bytes);
    return baseline;
}
