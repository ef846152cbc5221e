/* What is put back at a start, without bus and loop: report, archive, register, engine, publisher, reopening. */
#include "tests/support/pipeline.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/reports.h"

#include <math.h>
#include <stdio.h>

static const struct rule rule = {.name = {"airspace", 8},
                                 .categories = UINT64_MAX,
                                 .reach_km = 100,
                                 .window_ms = DAY_MS,
                                 .min_neighbours = 1,
                                 .min_incidents = 2,
                                 .max_radius_km = 200,
                                 .cap_duration_ms = 90 * DAY_MS,
                                 .cap_extent_km = INFINITY};

static void say(struct pipeline *pipeline, const char *id, double lat)
{
    struct report report = report_make(id, 1);
    report.place.lat = lat;
    pipeline_report(pipeline, &report);
    pipeline_settle(pipeline);
}

static bool stands_with(const struct pipeline *pipeline, const char *id, const char *other)
{
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct pipeline_episode *episode = &pipeline->episodes[i];
        bool has[2] = {false, false};
        for (size_t j = 0; j < episode->member_count; j++) {
            has[0] |= strcmp(episode->members[j].id, id) == 0;
            has[1] |= strcmp(episode->members[j].id, other) == 0;
        }
        if (episode->state != EPISODE_WITHDRAWN && has[0] && has[1])
            return true;
    }
    return false;
}

/* Four at 50 degrees are too many to be read back for the one at 50.5, which is refused; the one at 51.2 touches that
 * one alone: as if it had never been, in this life and the next. */
static void play(bool starts_anew)
{
    struct pipeline pipeline;
    pipeline_init(&pipeline, &(struct pipeline_options){.rules = &rule, .rule_count = 1, .incidents_max = 3});
    say(&pipeline, "a", 50);
    say(&pipeline, "b", 50);
    say(&pipeline, "c", 50);
    say(&pipeline, "d", 50);
    pipeline_watermark(&pipeline, START_MS + 100 * DAY_MS);
    say(&pipeline, "refused", 50.5);
    assert_int_equal(pipeline.too_late, 1);
    if (starts_anew)
        pipeline_restart(&pipeline);
    say(&pipeline, "late", 51.2);
    assert_int_equal(pipeline.too_late, 1);
    assert_false(stands_with(&pipeline, "desk:late", "desk:refused"));
    say(&pipeline, "later", 51.2);
    assert_true(stands_with(&pipeline, "desk:late", "desk:later"));
    assert_false(stands_with(&pipeline, "desk:late", "desk:refused"));
    assert_int_equal(pipeline.mistakes, 0);
    pipeline_fini(&pipeline);
}

static void what_was_refused_is_as_if_it_had_never_been(void **state)
{
    (void)state;
    play(false);
}

static void so_it_is_after_a_start(void **state)
{
    (void)state;
    play(true);
}

/* Each report that is looked at is a step: who watches learns that it is at work. */
static void what_takes_long_says_so_step_by_step(void **state)
{
    struct pipeline pipeline;
    char ids[200][8];
    (void)state;
    pipeline_init(&pipeline, &(struct pipeline_options){.rules = &rule, .rule_count = 1});
    for (size_t i = 0; i < 200; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%zu", i);
        say(&pipeline, ids[i], 50);
    }
    assert_int_equal(pipeline.steps, 0);
    pipeline_restart(&pipeline);
    assert_true(pipeline.steps >= 3 * 200); /* found, followed, read back */
    pipeline_watermark(&pipeline, START_MS + 100 * DAY_MS);
    uint64_t before = pipeline.steps;
    say(&pipeline, "late", 50);
    assert_true(pipeline.steps >= before + 3 * 200);
    assert_int_equal(pipeline.mistakes, 0);
    pipeline_fini(&pipeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_refused_is_as_if_it_had_never_been),
        cmocka_unit_test(so_it_is_after_a_start),
        cmocka_unit_test(what_takes_long_says_so_step_by_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
