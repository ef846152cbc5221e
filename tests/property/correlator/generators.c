/* What the families must have in them, or the laws are not put to the test: exact ties (method §9, invariant 12), links
 * at exactly reach and window, thresholds of many heights; and the oracle's thresholds are the method's and the
 * baseline's. */
#include "correlator/baseline/baseline.h"
#include "correlator/engine/link.h"
#include "tests/support/families.h"
#include "tests/support/history_oracle.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORLDS 200u /* of each family */

static struct world *world_at(const struct family *family, uint64_t seed)
{
    return world_new(&(struct world_options){
        .seed = seed, .family = family, .incidents_most = 60, .variant_count = 2, .calibrated = seed % 2 == 0});
}

struct ties {
    uint64_t same;      /* pairs of one place and one instant */
    uint64_t equal;     /* pairs of links of one incident, equally strong */
    uint64_t at_reach;  /* pairs at exactly the reach */
    uint64_t beyond;    /* … and one unit² or a few beyond */
    uint64_t at_window; /* pairs of neighbours whose gap is the window */
    uint64_t past;      /* … a millisecond more: and so none */
    uint64_t whole;     /* intervals of exactly a window */
};

static bool equal_strength(const struct link *a, const struct link *b)
{
    return a->strength[0] == b->strength[0] && a->strength[1] == b->strength[1];
}

static void ties_count(const struct world *world, struct ties *ties)
{
    const struct rule *rule = &world->rules[0];
    int64_t reach2 = chord2_from_km(rule->reach_km);
    for (uint32_t i = 0; i < world->incident_count; i++) {
        const struct engine_incident *one = world_incident(world, i, 0);
        struct link last = {0};
        ties->whole += one->end_ms - one->start_ms == rule->window_ms;
        for (uint32_t j = 0; j < i; j++) {
            const struct engine_incident *other = world_incident(world, j, 0);
            struct link link;
            assert_int_equal(link_between(rule, one, other, &link), STATUS_OK);
            ties->same += link.chord2 == 0 && one->start_ms == other->start_ms;
            ties->at_reach += link.chord2 == reach2;
            ties->beyond += link.chord2 > reach2 && link.chord2 <= reach2 + 2;
            ties->at_window += link.within && link.gap_ms == rule->window_ms;
            ties->past += link.gap_ms == rule->window_ms + 1;
            ties->equal += link.neighbours && last.neighbours && equal_strength(&link, &last);
            if (link.neighbours)
                last = link;
        }
    }
}

static void every_family_has_exact_ties(void **state)
{
    (void)state;
    struct ties all = {0};
    for (size_t i = 0; i < family_count; i++) {
        struct ties ties = {0};
        for (uint64_t seed = 1; seed <= WORLDS; seed++) {
            struct world *world = world_at(&families[i], seed);
            ties_count(world, &ties);
            world_free(world);
        }
        print_message("%-8s same %" PRIu64 ", equal links %" PRIu64 ", at reach %" PRIu64 ", beyond %" PRIu64
                      ", at the window %" PRIu64 ", past it %" PRIu64 ", as long %" PRIu64 "\n",
                      families[i].name, ties.same, ties.equal, ties.at_reach, ties.beyond, ties.at_window, ties.past,
                      ties.whole);
        assert_true(ties.same >= WORLDS && ties.equal >= WORLDS / 2);
        all.at_reach += ties.at_reach;
        all.beyond += ties.beyond;
        all.at_window += ties.at_window;
        all.past += ties.past;
        all.whole += ties.whole;
    }
    assert_true(all.at_reach > 1000 && all.beyond > 1000 && all.at_window > 1000 && all.past > 1000 &&
                all.whole > 1000);
}

/* ---- thresholds ---- */

static void the_oracle_has_the_check_values_of_the_method(void **state)
{
    (void)state;
    static const uint32_t histories[] = {0, 1, 2, 5, 10, 50, 100, 500};
    static const struct {
        long double alpha;
        uint32_t thresholds[8];
    } rows[] = {{1e-3L, {3, 3, 3, 3, 3, 5, 7, 15}}, {1e-4L, {3, 3, 3, 3, 4, 6, 8, 17}}};
    for (int row = 0; row < 2; row++) {
        for (int i = 0; i < 8; i++) {
            uint32_t k = 3;
            while (oracle_tail(histories[i], 4.0L / 365.0L, k) > rows[row].alpha)
                k++;
            assert_int_equal(k, rows[row].thresholds[i]);
        }
    }
}

static void thresholds_are_the_oracles_and_of_all_heights(void **state)
{
    (void)state;
    uint64_t heights[64] = {0};
    uint64_t asked = 0, steps = 0, places = 0;
    for (uint64_t seed = 2; seed <= 2 * 1000; seed += 2) {
        struct world *world = world_at(&families[seed / 2 % family_count], seed);
        for (uint32_t rule = 0; rule < world->rule_count; rule++) {
            struct world_baseline baseline = world_baseline_new(world, rule, 0);
            uint32_t first = 0;
            for (uint32_t i = 0; i < world->incident_count * world->variant_count; i++) {
                struct engine_incident incident = world->incidents[i];
                incident.end_ms = incident.start_ms;
                uint32_t at_once = world_threshold(world, rule, 0, &incident);
                for (int64_t quarter = 0; quarter <= 4; quarter++) {
                    incident.end_ms = incident.start_ms + world->rules[rule].window_ms * quarter / 4;
                    uint32_t right = world_threshold(world, rule, 0, &incident);
                    uint32_t history = baseline_history(baseline.rule, baseline_cell_of(baseline.rule, incident.point));
                    uint32_t told = baseline_threshold(baseline.rule, history, incident.end_ms - incident.start_ms);
                    if (told != right)
                        fail_msg("family %s, seed %" PRIu64 ": K is %u, the oracle's %u", world->family->name, seed,
                                 told, right);
                    heights[right < 63 ? right : 63]++;
                    steps += right != at_once;
                    asked++;
                }
                first = first == 0 ? at_once : first;
                places += at_once != first;
            }
            world_baseline_free(&baseline);
        }
        world_free(world);
    }
    print_message("%" PRIu64 " thresholds; %" PRIu64 " rise with the length, %" PRIu64
                  " places differ from the first of their world\n",
                  asked, steps, places);
    for (int i = 1; i <= 30; i++)
        assert_true(heights[i] > 0);
    assert_true(steps > asked / 50 && places > asked / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_has_exact_ties),
        cmocka_unit_test(the_oracle_has_the_check_values_of_the_method),
        cmocka_unit_test(thresholds_are_the_oracles_and_of_all_heights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
