/* A rule, judged: the engine over a set of incidents, with a history or without, and what it makes of them. */
#pragma once

#include "correlator/baseline/history.h"
#include "correlator/baseline/surprise.h"
#include "tests/property/calibration/noise.h"

/* The rule of the noise years: 150 km, 2 days, no country asked for. */
struct rule judge_rule(uint32_t min_neighbours, double alpha);

/* What a rule learns from a history of noise. */
struct judge_history {
    struct thresholds *thresholds;
    struct baseline_rule *baseline;
};
struct judge_history judge_learn(const struct rule *rule, const struct engine_incident *incidents, size_t count,
                                 int64_t from_ms, int64_t until_ms);
void judge_forget(struct judge_history *history);

struct judged_episode {
    int64_t start_ms;         /* of its key */
    size_t members;           /* cores and attached */
    size_t campaign;          /* of these, incidents of the campaign */
    struct surprise surprise; /* zero without a baseline */
};

struct judgement {
    struct judged_episode *episodes; /* the final ones, in the order told; free() */
    size_t count;
    size_t room;
    const struct rule *rule;
};

/* Puts the incidents in order of their starts. */
struct judgement judge(const struct rule *rule, struct engine_incident *incidents, size_t count);
/* The most incidents of the campaign that one episode holds. */
size_t judgement_campaign(const struct judgement *judgement);
