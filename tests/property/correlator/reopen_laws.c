/* Late is slow, not lost (method §8): whatever comes in whatever order, however late, with whatever has left memory
 * and whatever starts anew in between, the sink's last word on every episode is the oracle's on all reports that stand.
 *
 *   play (world, steps) ──▶ reports ──▶ pipeline (archive, reopening) ──▶ sink ─┐
 *                                └──▶ which stand ──▶ oracle ───────────────────┴─ equal? */
#include "proto/json.h"
#include "tests/property/correlator/laws.h"
#include "tests/support/oracle.h"
#include "tests/support/oracle_incident.h"
#include "tests/support/pipeline.h"
#include "tests/support/same_oracle.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One id: all that was said of it. */
struct said {
    char source[8];
    char source_id[12];
    struct report report; /* that stands; as packed and read back it would be the same */
    struct country countries[16];
    bool any;
    uint32_t count; /* of reports */
};

struct tale {
    const struct play *play;
    const struct world *world;
    struct said *said; /* by id */
    struct pipeline pipeline;
    struct world_baseline baselines[WORLD_RULES_MAX];
    struct rule rules[WORLD_RULES_MAX];
    struct dice dice;
    uint64_t compared, capped, above, skipped;
};

/* ---- reports of a world ---- */

static void degrees_of(struct point point, double *ret_lat, double *ret_lon)
{
    double length = sqrt((double)point.x * point.x + (double)point.y * point.y + (double)point.z * point.z);
    *ret_lat = asin(fmax(-1.0, fmin(1.0, point.z / length))) * 180.0 / M_PI;
    *ret_lon = atan2(point.y, point.x) * 180.0 / M_PI;
}

static size_t countries_of(const struct engine_incident *incident, struct country *countries)
{
    size_t count = 0;
    for (size_t i = 0; i < incident->country_count; i++)
        countries[count++] = (struct country){incident->countries[i], COUNTRY_WHERE};
    for (size_t i = 0; i < incident->touched_country_count; i++) {
        bool counted = false;
        for (size_t j = 0; j < incident->country_count; j++)
            counted = counted || incident->countries[j] == incident->touched_countries[i];
        if (!counted)
            countries[count++] = (struct country){incident->touched_countries[i], COUNTRY_AFFECTED};
    }
    for (size_t i = 1; i < count; i++) /* by (code, role) */
        for (size_t j = i;
             j > 0 && (countries[j - 1].code > countries[j].code ||
                       (countries[j - 1].code == countries[j].code && countries[j - 1].role > countries[j].role));
             j--) {
            struct country swap = countries[j];
            countries[j] = countries[j - 1];
            countries[j - 1] = swap;
        }
    return count;
}

static struct report report_of(struct tale *tale, uint32_t id, uint32_t variant, struct country *countries)
{
    const struct engine_incident *incident = world_incident(tale->world, id, variant);
    struct report report = {
        .source = span_of(tale->said[id].source),
        .source_id = span_of(tale->said[id].source_id),
        .status = REPORT_REPORTED,
        .category = incident->category,
        .role = incident->role,
        .occurred = {.start_ms = incident->start_ms, .end_ms = incident->end_ms},
        .reported_at_ms = incident->reported_at_ms,
        .has_place = true,
        .place = {.radius_km = incident->radius_km},
        .has_countries = true,
        .countries = countries,
        .country_count = countries_of(incident, countries),
        .confidence = (double)NAN,
        .licence = LICENCE_OPEN,
    };
    degrees_of(incident->point, &report.place.lat, &report.place.lon);
    return report;
}

static void make_bare(struct report *report)
{
    report->has_place = report->has_countries = false;
    report->place = (struct place){0};
    report->countries = NULL;
    report->country_count = 0;
    report->occurred = (struct occurred){.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    report->category = 0;
    report->role = 0;
}

/* A revision is mostly the next; else an older one, or the same again with other content. */
static uint32_t revision_of(struct tale *tale, const struct said *said)
{
    uint32_t next = said->any ? said->report.revision + 1 : 0;
    uint32_t roll = dice_below(&tale->dice, 10);
    if (roll < 7 || !said->any)
        return next + (roll == 0);
    return roll == 7 ? said->report.revision : dice_below(&tale->dice, next);
}

static void say(struct tale *tale, uint32_t id, uint32_t variant, bool takes_back)
{
    struct said *said = &tale->said[id];
    struct country countries[16];
    struct report report = report_of(tale, id, variant, countries);
    report.revision = revision_of(tale, said);
    if (takes_back) {
        report.status = dice_below(&tale->dice, 3) == 0 ? REPORT_EXPLAINED : REPORT_RETRACTED;
        if (report.status == REPORT_RETRACTED && dice_below(&tale->dice, 2) == 0)
            make_bare(&report);
    } else if (dice_below(&tale->dice, 4) == 0) {
        report.status = dice_below(&tale->dice, 2) == 0 ? REPORT_CONFIRMED : REPORT_DISPUTED;
    }
    said->count++;
    pipeline_report(&tale->pipeline, &report);
    if (said->any && report_order(&report, &said->report) <= 0)
        return;
    said->any = true;
    said->report = report;
    memcpy(said->countries, countries, sizeof countries);
    said->report.countries = report.has_place ? said->countries : NULL;
}

/* ---- what the oracle says ---- */

static bool stands(const struct said *said)
{
    return said->any && said->report.status != REPORT_EXPLAINED && said->report.status != REPORT_RETRACTED;
}

static size_t incidents_of(const struct tale *tale, struct oracle_incident *incidents)
{
    const struct same_options *same = &tale->pipeline.options.same;
    struct report *reports = calloc(tale->world->incident_count + 1, sizeof *reports);
    assert(reports != NULL);
    size_t count = 0, made = 0;
    for (uint32_t id = 0; id < tale->world->incident_count; id++)
        if (stands(&tale->said[id]))
            reports[count++] = tale->said[id].report;
    struct same_verdict *verdict = calloc(1, sizeof *verdict);
    assert(verdict != NULL);
    if (same->mode == SAME_ON && count > 0)
        same_oracle(same, reports, count, verdict);
    for (size_t i = 0; i < count; i++)
        if (same->mode == SAME_OFF || verdict->incident_of[i] == i)
            oracle_incident_of(&reports[i], &incidents[made++]);
    free(verdict);
    free(reports);
    return made;
}

static void compare_one(struct tale *tale, const struct rule *rule, const struct oracle_episode *right)
{
    struct pipeline *pipeline = &tale->pipeline;
    const struct pipeline_episode *told = pipeline_episode(pipeline, right->id);
    tale->compared++;
    tale->capped += right->capped;
    if (told == NULL || told->state == EPISODE_WITHDRAWN) {
        pipeline_mistake(pipeline, "%s is not there", right->id);
        return;
    }
    bool same = told->state == right->state && told->capped == right->capped &&
                strcmp(told->continues, right->continues) == 0 && told->first_ms == right->first_ms &&
                told->last_ms == right->last_ms && !(told->extent_km < right->extent_km) &&
                !(told->extent_km > right->extent_km) && told->observed == right->observed &&
                told->country_count == right->country_count && told->member_count == right->member_count &&
                span_equal(span_of(told->rule), rule->name);
    for (size_t i = 0; same && i < right->country_count; i++)
        same = told->countries[i] == right->countries[i];
    for (size_t i = 0; same && i < right->member_count; i++)
        same = span_equal(span_of(told->members[i].id), right->members[i].incident->id) &&
               told->members[i].membership == right->members[i].membership;
    if (!same)
        pipeline_mistake(
            pipeline, "%s: state %d (%d), capped %d (%d), %zu members (%zu), continues '%s' ('%s'): not the oracle's",
            right->id, told->state, right->state, told->capped, right->capped, told->member_count, right->member_count,
            told->continues, right->continues);
}

static void compare(struct tale *tale)
{
    const struct world *world = tale->world;
    struct oracle_incident *incidents = calloc(world->incident_count + 1, sizeof *incidents);
    struct oracle_input *inputs = calloc(world->incident_count + 1, sizeof *inputs);
    assert(incidents != NULL && inputs != NULL);
    size_t count = incidents_of(tale, incidents), standing = 0, right = 0;
    for (uint32_t rule = 0; rule < world->rule_count; rule++) {
        for (size_t i = 0; i < count; i++)
            inputs[i] =
                (struct oracle_input){&incidents[i].incident, world_threshold(world, rule, 0, &incidents[i].incident)};
        struct oracle_result result = oracle_run(&world->rules[rule], inputs, count);
        for (size_t i = 0; i < result.count; i++)
            compare_one(tale, &world->rules[rule], &result.episodes[i]);
        right += result.count;
        oracle_free(&result);
    }
    for (size_t i = 0; i < tale->pipeline.count; i++)
        standing += tale->pipeline.episodes[i].state != EPISODE_WITHDRAWN;
    if (standing != right)
        pipeline_mistake(&tale->pipeline, "%zu episodes stand, the oracle has %zu", standing, right);
    free(incidents);
    free(inputs);
}

/* ---- the play ---- */

enum tale_kind { TALE_PLAIN, TALE_SAME, TALE_RESTARTS };

static void tale_start(struct tale *tale, const struct play *play, bool same)
{
    static const struct span distinct[] = {{"s2", 2}};
    const struct world *world = play->world;
    *tale = (struct tale){.play = play, .world = world, .dice = {world->seed ^ 0x1a7e}};
    tale->said = calloc(world->incident_count + 1, sizeof *tale->said);
    assert(tale->said != NULL);
    for (uint32_t id = 0; id < world->incident_count; id++) {
        (void)snprintf(tale->said[id].source, sizeof tale->said[id].source, "s%u", id % 4);
        (void)snprintf(tale->said[id].source_id, sizeof tale->said[id].source_id, "%u", id);
    }
    for (uint32_t i = 0; i < world->rule_count; i++) {
        tale->baselines[i] = world_baseline_new(world, i, 0);
        tale->rules[i] = world->rules[i];
        tale->rules[i].baseline = tale->baselines[i].rule;
    }
    struct pipeline_options options = {.rules = tale->rules, .rule_count = world->rule_count};
    if (same)
        options.same = (struct same_options){
            .mode = SAME_ON,
            .within_ms = world->rules[0].window_ms / (1 + dice_below(&tale->dice, 8)),
            .reach_km =
                fmin(SAME_REACH_KM_MAX, fmax(0.001, world->rules[0].reach_km / (1 + dice_below(&tale->dice, 8)))),
            .distinct = distinct,
            .distinct_count = dice_below(&tale->dice, 2)};
    if (options.same.within_ms > SAME_WITHIN_MS_MAX)
        options.same.within_ms = SAME_WITHIN_MS_MAX;
    pipeline_init(&tale->pipeline, &options);
}

static void tale_stop(struct tale *tale)
{
    pipeline_fini(&tale->pipeline);
    for (uint32_t i = 0; i < WORLD_RULES_MAX; i++)
        world_baseline_free(&tale->baselines[i]);
    free(tale->said);
}

static void step_play(struct tale *tale, const struct step *step, enum tale_kind kind)
{
    tale->dice.state = tale->world->seed * 0x9e3779b97f4a7c15u + step->number; /* whatever is left out before it */
    switch (step->kind) {
    case STEP_SET:
        say(tale, step->id, step->variant, false);
        break;
    case STEP_REMOVE:
        say(tale, step->id, dice_below(&tale->dice, tale->world->variant_count), true);
        break;
    case STEP_TOUCH:
        say(tale, step->id, 0, false);
        break;
    case STEP_WATERMARK:
        pipeline_watermark(&tale->pipeline, step->time_ms);
        break;
    case STEP_FLUSH:
        pipeline_settle(&tale->pipeline);
        if (kind == TALE_RESTARTS && dice_below(&tale->dice, 4) == 0)
            pipeline_restart(&tale->pipeline);
        if (tale->world->incident_count <= 40 || dice_below(&tale->dice, 8) == 0)
            compare(tale);
        break;
    case STEP_REBASE:
        break;
    }
}

static void holds(const struct play *play, struct verdict *verdict, enum tale_kind kind, bool same)
{
    struct tale tale;
    tale_start(&tale, play, same);
    for (uint32_t i = 0; i < play->count && tale.pipeline.mistakes == 0; i++)
        step_play(&tale, &play->steps[i], kind);
    pipeline_settle(&tale.pipeline);
    if (tale.pipeline.mistakes == 0)
        compare(&tale);
    if (tale.pipeline.too_late > 0)
        pipeline_mistake(&tale.pipeline, "something was too late");
    verdict->compared += tale.compared;
    verdict->capped += tale.capped;
    verdict->above += tale.above;
    verdict->evicted += tale.pipeline.evicted;
    verdict->skipped += tale.pipeline.reopened + reopen_stats(tale.pipeline.reopen)->reopened;
    verdict->seen += tale.pipeline.restarts;
    if (tale.pipeline.mistakes > 0)
        verdict_mistake(verdict, "%s", tale.pipeline.first_mistake);
    tale_stop(&tale);
}

static void plain(const struct play *play, struct verdict *verdict)
{
    holds(play, verdict, TALE_PLAIN, false);
}

static void same(const struct play *play, struct verdict *verdict)
{
    holds(play, verdict, TALE_SAME, true);
}

static void restarts(const struct play *play, struct verdict *verdict)
{
    holds(play, verdict, TALE_RESTARTS, false);
}

static void restarts_same(const struct play *play, struct verdict *verdict)
{
    holds(play, verdict, TALE_RESTARTS, true);
}

static void plot_late(struct play *play, struct dice *dice)
{
    plot_tide(play, dice, 8 + dice_below(dice, 60), 1 + dice_below(dice, 6), PLOT_RUNS_AHEAD);
}

static bool tested(const struct verdict *all)
{
    return all->compared > 5 * all->worlds && all->evicted > 2 * all->worlds && all->skipped > 2 * all->worlds;
}

static bool restarted(const struct verdict *all)
{
    return tested(all) && all->seen > all->worlds;
}

static const struct law laws[] = {
    {"late_is_not_lost_in_small_worlds", 30, 3, NULL, plot_late, plain, tested},
    {"late_is_not_lost", 100, 3, NULL, plot_late, plain, tested},
    {"late_is_not_lost_where_reports_are_put_together", 60, 3, NULL, plot_late, same, tested},
    {"a_start_is_as_if_it_had_never_stopped", 60, 3, NULL, plot_late, restarts, restarted},
    {"a_start_where_reports_are_put_together", 60, 3, NULL, plot_late, restarts_same, restarted},
};

int main(int argc, char **argv)
{
    return laws_main(argc, argv, laws, sizeof(laws) / sizeof(laws[0]));
}
