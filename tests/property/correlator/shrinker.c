/* The shrinker itself, with judges that are wrong on purpose: what is left is the least that still fails. */
#include "tests/property/correlator/engine_run.h"
#include "tests/support/families.h"
#include "tests/support/shrink.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct play *stirred(const char *family, uint64_t seed)
{
    struct play *play = play_new(world_new(&(struct world_options){.seed = seed,
                                                                   .family = family_named(family),
                                                                   .incidents_most = 60,
                                                                   .variant_count = 3,
                                                                   .calibrated = seed % 2 == 0}));
    struct dice dice = {seed};
    plot_stir(play, &dice, 8);
    return play;
}

/* An oracle that believes no core can be without attached ones: an episode of cores alone is its error. */
static bool broken_oracle_disagrees(void *self, const struct play *play)
{
    (void)self;
    struct run run;
    bool disagrees = false;
    run_start(&run, play);
    run_play(&run, RUN_UNCOMPARED);
    for (size_t i = 0; i < run.chronicle.count; i++) {
        const struct chronicle_entry *entry = &run.chronicle.entries[i];
        size_t cores = 0;
        for (size_t j = 0; j < entry->member_count; j++)
            cores += entry->members[j].membership == MEMBERSHIP_CORE;
        disagrees = disagrees || (entry->state != EPISODE_WITHDRAWN && cores == entry->member_count && cores >= 2);
    }
    run_stop(&run);
    return disagrees;
}

static void a_broken_oracle_is_reduced_to_two_incidents_and_a_flush(void **state)
{
    (void)state;
    uint32_t reduced = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct play *play = stirred(seed % 3 ? "chains" : "plain", seed);
        struct shrink_judge judge = {broken_oracle_disagrees, NULL};
        if (shrink_fails(&judge, play)) {
            (void)shrink(&judge, play, 4000);
            assert_true(shrink_fails(&judge, play));
            uint32_t sets = 0, flushes = 0;
            for (uint32_t i = 0; i < play->count; i++) {
                sets += play->steps[i].kind == STEP_SET;
                flushes += play->steps[i].kind == STEP_FLUSH;
            }
            /* As many as make cores of each other, and never one step that could go. */
            assert_int_equal(sets + flushes, play->count);
            assert_int_equal(flushes, 1);
            assert_true(play->world->calibrated || sets == 2);
            assert_int_equal(play->world->rule_count, 1);
            reduced++;
        }
        play_free(play);
    }
    assert_true(reduced >= 10);
}

/* Fails only where both are there, far apart in the list, in this order. */
struct needles {
    uint32_t first;
    uint32_t second;
};

static bool both_are_there(void *self, const struct play *play)
{
    const struct needles *needles = self;
    bool first = false;
    for (uint32_t i = 0; i < play->count; i++) {
        first = first || play->steps[i].number == needles->first;
        if (first && play->steps[i].number == needles->second)
            return true;
    }
    return false;
}

static void two_steps_that_matter_are_all_that_is_left(void **state)
{
    (void)state;
    struct play *play = stirred("palette", 5);
    assert_true(play->count > 20);
    struct needles needles = {play->count / 5, play->count - 3};
    struct shrink_judge judge = {both_are_there, &needles};
    (void)shrink(&judge, play, 4000);
    assert_int_equal(play->count, 2);
    assert_int_equal(play->steps[0].number, needles.first);
    assert_int_equal(play->steps[1].number, needles.second);
    play_free(play);
}

static bool crashes_on_a_touch(void *self, const struct play *play)
{
    (void)self;
    for (uint32_t i = 0; i < play->count; i++) {
        if (play->steps[i].kind == STEP_TOUCH)
            (void)kill(getpid(), SIGKILL);
    }
    return false;
}

static void a_play_that_kills_the_process_shrinks_too(void **state)
{
    (void)state;
    struct play *play = stirred("palette", 9);
    struct shrink_judge judge = {crashes_on_a_touch, NULL};
    assert_true(shrink_fails(&judge, play));
    (void)shrink(&judge, play, 4000);
    assert_int_equal(play->count, 1);
    assert_int_equal(play->steps[0].kind, STEP_TOUCH);
    play_free(play);
}

static bool has_two_rules_or_a_cap(void *self, const struct play *play)
{
    (void)self;
    return play->world->rules[0].cap_duration_ms != INT64_MAX;
}

static void rules_become_as_simple_as_they_can(void **state)
{
    (void)state;
    struct play *play = stirred("plain", 7);
    struct shrink_judge judge = {has_two_rules_or_a_cap, NULL};
    (void)shrink(&judge, play, 4000);
    const struct rule *rule = &play->world->rules[0];
    assert_int_equal(play->count, 0);
    assert_int_equal(play->world->rule_count, 1);
    assert_int_equal(rule->min_neighbours, 1);
    assert_int_equal(rule->min_incidents, 1);
    assert_int_equal(rule->min_countries, 0);
    assert_true(rule->cap_duration_ms != INT64_MAX); /* for that is what fails */
    play_free(play);
}

static void a_list_of_steps_is_read_as_it_is_printed(void **state)
{
    (void)state;
    struct play *play = stirred("towns", 3);
    assert_true(play->made > 13);
    assert_true(play_keep(play, "0-2,5,9-11"));
    assert_int_equal(play->count, 7);
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    play_print_steps(play, to);
    (void)fclose(to);
    assert_string_equal(text, "0-2,5,9-11");
    free(text);
    assert_false(play_keep(play, "5-x"));
    assert_false(play_keep(play, "everything"));
    assert_int_equal(play->count, 7);
    play_free(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_oracle_is_reduced_to_two_incidents_and_a_flush),
        cmocka_unit_test(two_steps_that_matter_are_all_that_is_left),
        cmocka_unit_test(a_play_that_kills_the_process_shrinks_too),
        cmocka_unit_test(rules_become_as_simple_as_they_can),
        cmocka_unit_test(a_list_of_steps_is_read_as_it_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
