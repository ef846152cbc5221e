/* The engine by cases; the general is proven against the oracle in tests/property/correlator. */
#include "correlator/engine/engine.h"

#include "tests/support/chronicle.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY 86400000LL
#define SEP 1756684800000LL /* 1 September 2025 */

static const country_code PL[] = {COUNTRY_CODE('P', 'L')};
static const country_code RO[] = {COUNTRY_CODE('R', 'O')};
static const country_code EE[] = {COUNTRY_CODE('E', 'E')};
static const country_code UA[] = {COUNTRY_CODE('U', 'A')};
static const country_code BY_PL[] = {COUNTRY_CODE('B', 'Y'), COUNTRY_CODE('P', 'L')};
static const country_code BY_RU[] = {COUNTRY_CODE('B', 'Y'), COUNTRY_CODE('R', 'U')};
static const country_code RU_UA[] = {COUNTRY_CODE('R', 'U'), COUNTRY_CODE('U', 'A')};

static const struct rule campaign = {.name = {"campaign", 8},
                                     .categories = UINT64_MAX,
                                     .reach_km = 1000.0,
                                     .window_ms = 14 * DAY,
                                     .min_neighbours = 1,
                                     .min_incidents = 2,
                                     .min_countries = 2,
                                     .alpha = 1e-3,
                                     .max_radius_km = 200.0,
                                     .except_countries = RU_UA,
                                     .except_count = 2,
                                     .cap_duration_ms = 60 * DAY,
                                     .cap_extent_km = INFINITY};
static const struct engine_limits limits = {.incidents_max = 100};

static struct engine_incident incident(const char *id, double lat, double lon, int64_t start_ms,
                                       const country_code *country)
{
    return (struct engine_incident){.id = span_of(id),
                                    .point = point_from_degrees(lat, lon),
                                    .start_ms = start_ms,
                                    .end_ms = start_ms,
                                    .reported_at_ms = TIME_NONE,
                                    .category = CATEGORY_AIR_DRONE_INCURSION,
                                    .role = ROLE_TRIGGER,
                                    .countries = country,
                                    .country_count = country != NULL,
                                    .touched_countries = country,
                                    .touched_country_count = country != NULL,
                                    .user = (void *)&limits};
}

static struct engine_incident poland(void)
{
    struct engine_incident poland = incident("a:pl", 51.56, 23.36, SEP + 9 * DAY, PL);
    poland.touched_countries = BY_PL;
    poland.touched_country_count = 2;
    return poland;
}

struct stage {
    struct engine *engine;
    struct chronicle chronicle;
};

static void stage_open(struct stage *stage, const struct rule *rules, size_t rule_count)
{
    chronicle_init(&stage->chronicle, 0);
    assert_int_equal(engine_new(&allocator_heap, rules, rule_count, &limits, &stage->engine), STATUS_OK);
}

static void stage_close(struct stage *stage)
{
    assert_int_equal(stage->chronicle.mistakes, 0);
    chronicle_fini(&stage->chronicle);
    engine_free(stage->engine);
}

static uint32_t put(struct stage *stage, const struct engine_incident *incident)
{
    uint32_t handle;
    assert_int_equal(engine_insert(stage->engine, incident, &handle), STATUS_OK);
    return handle;
}

/* The only standing episode. */
static const struct chronicle_entry *only(struct stage *stage)
{
    const struct chronicle_entry *found = NULL;
    assert_int_equal(chronicle_flush(&stage->chronicle, stage->engine), STATUS_OK);
    for (size_t i = 0; i < stage->chronicle.count; i++) {
        if (stage->chronicle.entries[i].state == EPISODE_WITHDRAWN)
            continue;
        assert_null(found);
        found = &stage->chronicle.entries[i];
    }
    assert_non_null(found);
    return found;
}

static bool holds(const struct chronicle_entry *entry, const char *id, enum membership membership)
{
    for (size_t i = 0; i < entry->member_count; i++) {
        if (span_equal(entry->members[i].id, span_of(id)) && entry->members[i].membership == membership)
            return true;
    }
    return false;
}

static void poland_romania_and_estonia_are_one_episode(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &campaign, 1);
    struct engine_incident pl = poland();
    struct engine_incident ro = incident("a:ro", 45.2, 28.8, SEP + 12 * DAY, RO);
    struct engine_incident ee = incident("a:ee", 59.82, 26.35, SEP + 18 * DAY, EE);
    struct engine_incident ua = incident("a:ua", 50.4, 30.5, SEP + 10 * DAY, UA);
    put(&stage, &ee);
    put(&stage, &ua); /* excepted: does not trigger */
    put(&stage, &ro);
    put(&stage, &pl);
    const struct chronicle_entry *episode = only(&stage);
    assert_int_equal(episode->state, EPISODE_FLAGGED);
    assert_int_equal(episode->country_count, 3);
    assert_int_equal(episode->countries[0], EE[0]);
    assert_int_equal(episode->member_count, 3);
    assert_int_equal(episode->first_ms, SEP + 9 * DAY);
    assert_int_equal(episode->last_ms, SEP + 18 * DAY);
    assert_memory_equal(episode->id, "20250910T000000Z-", 17);
    assert_false(episode->capped);
    stage_close(&stage);
}

static void the_retracted_leaves_and_comes_back_under_the_same_id(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &campaign, 1);
    struct engine_incident pl = poland();
    struct engine_incident ee = incident("a:ee", 59.82, 26.35, SEP + 18 * DAY, EE);
    put(&stage, &pl);
    uint32_t handle = put(&stage, &ee);
    char id[EPISODE_ID_BYTES];
    memcpy(id, only(&stage)->id, sizeof(id));
    engine_remove(stage.engine, handle);
    assert_int_equal(chronicle_flush(&stage.chronicle, stage.engine), STATUS_OK);
    assert_int_equal(stage.chronicle.count, 1);
    assert_int_equal(stage.chronicle.entries[0].state, EPISODE_WITHDRAWN);
    handle = put(&stage, &ee);
    assert_string_equal(only(&stage)->id, id);
    /* Corrected within one flush: never withdrawn, told as touched. */
    size_t changes = stage.chronicle.changes;
    engine_remove(stage.engine, handle);
    ee.start_ms = ee.end_ms = SEP + 19 * DAY;
    put(&stage, &ee);
    assert_int_equal(only(&stage)->last_ms, SEP + 19 * DAY);
    assert_int_equal(stage.chronicle.changes, changes + 1);
    assert_int_equal(stage.chronicle.last.touched_count, 1);
    assert_int_equal(stage.chronicle.last.added_count, 0);
    assert_int_equal(stage.chronicle.last.removed_count, 0);
    stage_close(&stage);
}

static void responses_answer_and_context_surrounds(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, &campaign, 1);
    struct engine_incident pl = poland();
    struct engine_incident ee = incident("a:ee", 59.82, 26.35, SEP + 18 * DAY, EE);
    struct engine_incident article4 = incident("b:article4", 52.2, 21.0, SEP + 10 * DAY, PL);
    article4.role = ROLE_RESPONSE;
    struct engine_incident closure = incident("b:closure", 52.0, 23.6, SEP + 11 * DAY, PL);
    closure.role = ROLE_RESPONSE;
    closure.reported_at_ms = SEP + 8 * DAY; /* announced before anything had happened */
    struct engine_incident warning = incident("b:warning", 52.0, 23.6, SEP + 33 * DAY, PL);
    warning.role = ROLE_CONSEQUENCE; /* a day beyond the span and a window */
    struct engine_incident exercise = incident("b:exercise", 53.9, 27.6, SEP + 11 * DAY, NULL);
    exercise.role = ROLE_CONTEXT;
    exercise.end_ms = SEP + 15 * DAY;
    exercise.touched_countries = BY_RU; /* shares BY, which Poland's drones came over, and which does not count */
    exercise.touched_country_count = 2;
    put(&stage, &pl);
    put(&stage, &ee);
    put(&stage, &closure);
    put(&stage, &warning);
    put(&stage, &exercise);
    uint32_t handle = put(&stage, &article4);
    const struct chronicle_entry *episode = only(&stage);
    assert_int_equal(episode->member_count, 4);
    assert_int_equal(episode->observed, 2);
    assert_int_equal(episode->country_count, 2);
    assert_true(holds(episode, "b:article4", MEMBERSHIP_RESPONSE));
    assert_true(holds(episode, "b:exercise", MEMBERSHIP_CONTEXT));
    engine_touch(stage.engine, handle);
    size_t changes = stage.chronicle.changes;
    (void)only(&stage);
    assert_int_equal(stage.chronicle.changes, changes + 1);
    assert_int_equal(stage.chronicle.last.touched_count, 1);
    engine_remove(stage.engine, handle);
    assert_int_equal(only(&stage)->member_count, 3);
    stage_close(&stage);
}

/* Noise stays a little longer than it must. A late one may yet make an episode of it, which reaches back to where it
 * began: what answers it there has to be in memory still, or be behind the horizon. */
static void company_stays_as_long_as_noise_that_reaches_back_to_it(void **state)
{
    (void)state;
    struct rule rule = campaign;
    rule.window_ms = 8 * DAY;
    rule.min_countries = 1;
    for (int64_t hours = 0; hours < 40; hours++) {
        struct stage stage;
        stage_open(&stage, &rule, 1);
        struct engine_incident noise = incident("a:noise", 52.0, 21.0, SEP, PL);
        noise.end_ms = SEP + rule.window_ms;
        struct engine_incident answer = incident("b:answer", 52.0, 21.0, SEP, PL);
        answer.role = ROLE_RESPONSE;
        struct engine_incident late = incident("c:late", 52.0, 21.0, SEP + 1, PL);
        put(&stage, &noise);
        put(&stage, &answer);
        engine_watermark(stage.engine, SEP + 4 * rule.window_ms + hours * (DAY / 24) + 1);
        assert_int_equal(chronicle_flush(&stage.chronicle, stage.engine), STATUS_OK);
        if (engine_horizon(stage.engine) <= late.start_ms) {
            put(&stage, &late);
            assert_true(holds(only(&stage), "b:answer", MEMBERSHIP_RESPONSE));
        }
        stage_close(&stage);
    }
}

static void a_chain_beyond_its_cap_goes_on_as_a_new_episode(void **state)
{
    (void)state;
    struct stage stage;
    struct rule rule = campaign;
    rule.window_ms = DAY;
    rule.cap_duration_ms = 2 * DAY;
    rule.min_countries = 1;
    stage_open(&stage, &rule, 1);
    static const char *const ids[] = {"c:0", "c:1", "c:2", "c:3", "c:4", "c:5", "c:6", "c:7", "c:8"};
    struct engine_incident chain[9];
    for (int i = 0; i < 9; i++) {
        chain[i] = incident(ids[i], 52.0, 21.0, SEP + i * DAY, PL);
        put(&stage, &chain[i]);
        engine_watermark(stage.engine, chain[i].start_ms);
        assert_int_equal(chronicle_flush(&stage.chronicle, stage.engine), STATUS_OK);
    }
    /* 0–2, 3–5, 6–8; the first is final: its latest core ended more than five windows ago. */
    assert_int_equal(stage.chronicle.count, 3);
    const struct chronicle_entry *entries = stage.chronicle.entries;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(entries[i].member_count, 3);
        assert_true(entries[i].capped);
        assert_string_equal(entries[i].continues, i == 0 ? "" : entries[i - 1].id);
        assert_int_equal(entries[i].final, i == 0);
    }
    assert_int_equal(stage.chronicle.evicted, 3);
    assert_int_equal(engine_horizon(stage.engine), SEP + 7 * DAY + 1);
    stage_close(&stage);
}

static void every_rule_tells_its_own(void **state)
{
    (void)state;
    struct stage stage;
    struct rule rules[2] = {campaign, campaign};
    rules[1].name = SPAN("near");
    rules[1].reach_km = 300.0;
    stage_open(&stage, rules, 2);
    struct engine_incident pl = poland();
    struct engine_incident ee = incident("a:ee", 59.82, 26.35, SEP + 18 * DAY, EE);
    put(&stage, &pl);
    put(&stage, &ee);
    assert_int_equal(only(&stage)->rule, 0);
    stage_close(&stage);
}

static void limits_and_wrong_input_are_answered(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct rule rules[2] = {campaign, campaign};
    assert_int_equal(engine_new(&allocator_heap, rules, 2, &limits, &engine), STATUS_INVALID); /* one name twice */
    rules[1].name = SPAN("other");
    rules[1].window_ms = RULE_WINDOW_MS_MAX + 1;
    assert_int_equal(engine_new(&allocator_heap, rules, 2, &limits, &engine), STATUS_INVALID);
    rules[1].window_ms = DAY;
    const struct engine_limits one = {.incidents_max = 1};
    assert_int_equal(engine_new(&allocator_heap, rules, 2, &one, &engine), STATUS_OK);
    uint32_t handle = 0;
    struct engine_incident pl = poland();
    struct engine_incident wrong = pl;
    wrong.end_ms = wrong.start_ms - 1;
    assert_int_equal(engine_insert(engine, &wrong, &handle), STATUS_INVALID);
    assert_int_equal(engine_insert(engine, &pl, &handle), STATUS_OK);
    assert_int_equal(engine_insert(engine, &pl, &handle), STATUS_FULL);
    engine_remove(engine, handle);
    assert_int_equal(engine_insert(engine, &pl, &handle), STATUS_OK);
    assert_int_equal(engine_horizon(engine), INT64_MIN);
    assert_int_not_equal(engine_pending(engine), 0);
    engine_free(engine);
    engine_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poland_romania_and_estonia_are_one_episode),
        cmocka_unit_test(the_retracted_leaves_and_comes_back_under_the_same_id),
        cmocka_unit_test(responses_answer_and_context_surrounds),
        cmocka_unit_test(company_stays_as_long_as_noise_that_reaches_back_to_it),
        cmocka_unit_test(a_chain_beyond_its_cap_goes_on_as_a_new_episode),
        cmocka_unit_test(every_rule_tells_its_own),
        cmocka_unit_test(limits_and_wrong_input_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
