#include "cli/explain/trial.h"

#include "cli/nearness.h"
#include "tests/unit/cli/unit.h"

#include <math.h>

#define DAY_MS 86400000LL

struct world {
    struct arena arena;
    struct rule rule;
    struct incident incidents[4];
    struct trial_item items[4];
    size_t count;
};

static int set_up(void **state)
{
    static struct world world;
    static const char *const lines[] = {POLAND, ROMANIA, ESTONIA};
    world = (struct world){.count = 3};
    arena_init(&world.arena, 1u << 20);
    world.rule = (struct rule){.name = SPAN("campaign"),
                               .categories = ~(category_set)0 >> (64 - CATEGORY_COUNT),
                               .reach_km = 1000,
                               .window_ms = 14 * DAY_MS,
                               .min_neighbours = 1,
                               .min_incidents = 2,
                               .min_countries = 2,
                               .alpha = 1e-3,
                               .max_radius_km = 200,
                               .cap_duration_ms = 90 * DAY_MS,
                               .cap_extent_km = (double)INFINITY};
    for (size_t i = 0; i < world.count; i++) {
        world.incidents[i] = incident_of(&world.arena, lines[i]);
        world.items[i].incident = &world.incidents[i];
        world.items[i].is_live = incident_is_live(&world.incidents[i]);
        assert_true(engine_incident_from(&world.incidents[i], &world.arena, &world.items[i].engine));
    }
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    arena_fini(&world->arena);
    return 0;
}

static struct trial *trial_of(struct world *world)
{
    struct trial *trial = NULL;
    assert_int_equal(trial_new(&world->rule, world->items, world->count, &trial), STATUS_OK);
    return trial;
}

static void the_three_are_one_episode(void **state)
{
    struct world *world = *state;
    struct trial *trial = trial_of(world);
    assert_true(world->items[0].episode[0] != '\0');
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(world->items[i].episode, world->items[0].episode);
        assert_int_equal(world->items[i].membership, MEMBERSHIP_CORE);
        assert_true(world->items[i].is_triggering);
        assert_false(world->items[i].is_coarse);
    }
    trial_free(trial);
}

static void without_the_middle_nothing_is_left_without_an_end_a_pair_is(void **state)
{
    struct world *world = *state;
    struct trial *trial = trial_of(world);
    struct trial_rest rest;
    /* Romania and Estonia are 1,630 km apart: Poland alone joins them. */
    assert_int_equal(trial_without(trial, &world->items[0], world->items[0].episode, &rest), STATUS_OK);
    assert_false(rest.has_core);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(trial_without(trial, &world->items[i], world->items[0].episode, &rest), STATUS_OK);
        assert_true(rest.has_core && rest.is_flagged);
        assert_int_equal(rest.observed, 2);
        assert_int_equal(rest.countries, 2);
    }
    trial_free(trial);
}

static void a_country_too_few_is_told_with_what_is_left(void **state)
{
    struct world *world = *state;
    world->rule.min_countries = 3;
    struct trial *trial = trial_of(world);
    struct trial_rest rest;
    assert_int_equal(trial_without(trial, &world->items[2], world->items[0].episode, &rest), STATUS_OK);
    assert_true(rest.has_core);
    assert_false(rest.is_flagged);
    assert_int_equal(rest.countries, 2);
    trial_free(trial);
}

static void trying_twice_says_the_same(void **state)
{
    struct world *world = *state;
    struct trial *trial = trial_of(world);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 3; i++) {
            struct trial_rest rest;
            assert_int_equal(trial_without(trial, &world->items[i], world->items[0].episode, &rest), STATUS_OK);
            assert_int_equal(rest.is_flagged, i != 0);
        }
    }
    trial_free(trial);
}

static void what_was_explained_takes_no_part(void **state)
{
    struct world *world = *state;
    world->items[0].is_live = false;
    struct trial *trial = trial_of(world);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(world->items[i].episode, "");
    trial_free(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_three_are_one_episode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_the_middle_nothing_is_left_without_an_end_a_pair_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_country_too_few_is_told_with_what_is_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trying_twice_says_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_explained_takes_no_part, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
