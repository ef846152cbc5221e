#include "cli/replay/comparison.h"

#include "tests/unit/cli/unit.h"

#include <stdlib.h>

struct world {
    struct arena arena;
    struct kept_list here, there;
    struct zone *zone;
    char *said;
};

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){0};
    arena_init(&world.arena, 1u << 20);
    world.here.arena = world.there.arena = &world.arena;
    assert_int_equal(zone_open("UTC", &world.zone), STATUS_OK);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    free(world->said);
    zone_close(world->zone);
    kept_list_fini(&world->here);
    kept_list_fini(&world->there);
    arena_fini(&world->arena);
    return 0;
}

static void add(struct kept_list *list, const char *id, const char *rule, const char *const *members, size_t count)
{
    struct episode_member all[8];
    const struct incident *incidents[8] = {NULL};
    const country_code code = COUNTRY_CODE('P', 'L');
    for (size_t i = 0; i < count; i++)
        all[i] = (struct episode_member){.incident_id = span_of(members[i]), .membership = MEMBERSHIP_CORE};
    const struct episode episode = {.id = span_of(id),
                                    .rule = span_of(rule),
                                    .title = span_of(id),
                                    .countries = &code,
                                    .country_count = 1,
                                    .observed = count,
                                    .members = all,
                                    .member_count = count};
    assert_int_equal(kept_list_visit(list, &episode, incidents), STATUS_OK);
}

static struct comparison_counts compare(struct world *world)
{
    struct comparison_counts counts;
    size_t size;
    FILE *stream = open_memstream(&world->said, &size);
    assert_non_null(stream);
    assert_int_equal(comparison_print(&world->here, &world->there, world->zone, stream, &counts), STATUS_OK);
    (void)fclose(stream);
    return counts;
}

static const char *const ab[] = {"a", "b"}, *const abc[] = {"a", "b", "c"}, *const cd[] = {"c", "d"};

static void equal_episodes_are_the_same(void **state)
{
    struct world *world = *state;
    add(&world->here, "one", "wave", ab, 2);
    add(&world->there, "one", "wave", ab, 2);
    struct comparison_counts counts = compare(world);
    assert_int_equal(counts.same, 1);
    assert_string_equal(world->said, "compared: 1 same, 0 changed, 0 only here, 0 only there\n");
}

static void a_wider_rule_adds_members(void **state)
{
    struct world *world = *state;
    add(&world->here, "one", "wave", ab, 2);
    add(&world->there, "one", "wave", abc, 3);
    struct comparison_counts counts = compare(world);
    assert_int_equal(counts.changed, 1);
    assert_says(world->said, "members only there: c\n");
}

static void an_episode_with_another_key_is_found_by_its_members(void **state)
{
    struct world *world = *state;
    add(&world->here, "one", "wave", abc, 3);
    add(&world->there, "other", "wave", cd, 2);
    add(&world->there, "another", "wave", ab, 2);
    struct comparison_counts counts = compare(world);
    assert_int_equal(counts.changed, 1);
    assert_int_equal(counts.only_there, 1);
    assert_says(world->said, "only there  1970-01-01  wave: other\n");
}

static void rules_of_other_names_have_episodes_of_their_own(void **state)
{
    struct world *world = *state;
    add(&world->here, "one", "wave", ab, 2);
    add(&world->there, "two", "swarm", ab, 2);
    struct comparison_counts counts = compare(world);
    assert_int_equal(counts.only_here, 1);
    assert_int_equal(counts.only_there, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_episodes_are_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wider_rule_adds_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_episode_with_another_key_is_found_by_its_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rules_of_other_names_have_episodes_of_their_own, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
