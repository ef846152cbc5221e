#include "tests/contract/sink/store_bench.h"
#include "tests/contract/sink/story.h"
#include "tests/contract/sink/unit.h"

#include <stdio.h>
#include <string.h>

static const struct store_filter flagged = {0};

static void candidates_and_withdrawn_are_shown_to_who_asks(void **state)
{
    struct bench *bench = *state;
    bench_publish(bench, "a", 1, EPISODE_FLAGGED, "EE", "x");
    bench_publish(bench, "b", 1, EPISODE_CANDIDATE, "EE", "y");
    bench_publish(bench, "c", 1, EPISODE_FLAGGED, "EE", "x");
    bench_publish(bench, "c", 2, EPISODE_WITHDRAWN, "", "");
    assert_string_equal(bench_episodes(bench, flagged), "a/1/flagged[s:x=core@?]\n");
    assert_string_equal(bench_episodes(bench, (struct store_filter){.with_candidates = true}),
                        "a/1/flagged[s:x=core@?]\nb/1/candidate[s:y=core@?]\n");
    assert_string_equal(bench_episodes(bench, (struct store_filter){.with_withdrawn = true}),
                        "a/1/flagged[s:x=core@?]\nc/2/withdrawn[]\n");
}

static void an_episode_is_found_by_its_id_or_the_beginning_of_it(void **state)
{
    struct bench *bench = *state;
    bench_publish(bench, "0abc", 1, EPISODE_FLAGGED, "EE", "x");
    bench_publish(bench, "0abd", 1, EPISODE_FLAGGED, "EE", "x");
    assert_string_equal(bench_episodes(bench, (struct store_filter){.id = SPAN("0abc")}),
                        "0abc/1/flagged[s:x=core@?]\n");
    assert_string_equal(bench_episodes(bench, (struct store_filter){.id = SPAN("0abd")}),
                        "0abd/1/flagged[s:x=core@?]\n");
    assert_string_equal(bench_episodes(bench, (struct store_filter){.id = SPAN("0ab")}),
                        "0abc/1/flagged[s:x=core@?]\n0abd/1/flagged[s:x=core@?]\n");
    assert_string_equal(bench_episodes(bench, (struct store_filter){.id = SPAN("abc")}), "");
    bench_tell(bench, "x", 0, T0, 1, 1, "EE");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.id = SPAN("s:x")}),
                        "s:x/0/confirmed@1 0abc 0abd\n");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.id = SPAN("s:")}), "");
}

static void filters_choose_by_country_rule_and_time(void **state)
{
    struct bench *bench = *state;
    bench_tell(bench, "pl", 0, T0, 51.5, 23, "PL");
    bench_tell(bench, "ee", 0, T0 + 9 * DAY, 59.5, 25.5, "EE");
    bench_tell(bench, "no", 0, T0 + 20 * DAY, 60, 10, "NO");
    bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "EE,PL", "pl ee");
    struct publication other = story_episode(&bench->arena, bench_next(bench), "e2", 1, EPISODE_FLAGGED, T0 + 20 * DAY,
                                             T0 + 21 * DAY, "NO", "no");
    other.episode.rule = SPAN("seabed");
    bench_apply(bench, other, NULL);
    static const char one[] = "e1/1/flagged[s:pl=core@51.5 s:ee=core@59.5]\n", two[] = "e2/1/flagged[s:no=core@60]\n";
    assert_string_equal(bench_episodes(bench, (struct store_filter){.country = COUNTRY_CODE('P', 'L')}), one);
    assert_string_equal(bench_episodes(bench, (struct store_filter){.country = COUNTRY_CODE('L', 'P')}), "");
    assert_string_equal(bench_episodes(bench, (struct store_filter){.rule = SPAN("seabed")}), two);
    assert_string_equal(bench_episodes(bench, (struct store_filter){.since_ms = T0 + 10 * DAY, .until_ms = INT64_MAX}),
                        two);
    assert_string_equal(
        bench_episodes(bench, (struct store_filter){.since_ms = T0 + 9 * DAY, .until_ms = T0 + 20 * DAY - 1}), one);
    assert_string_equal(bench_episodes(bench, (struct store_filter){.since_ms = INT64_MIN, .until_ms = T0 - 1}), "");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.country = COUNTRY_CODE('N', 'O')}),
                        "s:no/0/confirmed@60 e2\n");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.rule = SPAN("airspace")}),
                        "s:pl/0/confirmed@51.5 e1\ns:ee/0/confirmed@59.5 e1\n");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.since_ms = T0 + 60000, .until_ms = T0 + 60001}),
                        "s:pl/0/confirmed@51.5 e1\n");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.since_ms = T0 + 60001, .until_ms = T0 + 9 * DAY}),
                        "s:ee/0/confirmed@59.5 e1\n");
    /* A rule that lost its episode has no incidents. */
    bench_publish(bench, "e1", 2, EPISODE_WITHDRAWN, "", "");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.rule = SPAN("airspace")}), "");
}

static void a_box_holds_places_also_over_the_antimeridian(void **state)
{
    struct bench *bench = *state;
    bench_tell(bench, "fiji", 0, T0, -17.5, 179.5, "FJ");
    bench_tell(bench, "tonga", 0, T0 + 1, -21.25, -175.25, "TO");
    bench_tell(bench, "brussels", 0, T0 + 2, 50.875, 4.375, "BE");
    bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "FJ,TO", "fiji tonga !brussels");
    struct store_filter pacific = {.has_bbox = true, .west = 175, .south = -30, .east = -170, .north = 0};
    struct store_filter europe = {.has_bbox = true, .west = 4.375, .south = 50.875, .east = 10, .north = 60};
    assert_string_equal(bench_incidents(bench, pacific),
                        "s:fiji/0/confirmed@-17.5 e1\ns:tonga/0/confirmed@-21.25 e1\n");
    assert_string_equal(bench_incidents(bench, europe), "s:brussels/0/confirmed@50.875 e1\n");
    pacific.with_candidates = true;
    assert_int_equal(strncmp(bench_episodes(bench, pacific), "e1/1/flagged", 12), 0);
    assert_string_equal(bench_episodes(bench, europe), ""); /* a response is shown, but is no member */
}

static enum status first_only(void *self, const struct episode *episode, const struct incident *const *members)
{
    (void)members;
    text_print(self, "%.*s ", SPAN_ARG(episode->id));
    return STATUS_OK;
}

static void the_order_is_first_then_id(void **state)
{
    struct bench *bench = *state;
    static const char *const ids[] = {"z", "b", "y", "a"};
    static const int64_t firsts[] = {T0, T0 + 5, T0 - 5, T0 + 5};
    for (size_t i = 0; i < 4; i++)
        bench_apply(
            bench,
            story_episode(&bench->arena, bench_next(bench), ids[i], 1, EPISODE_FLAGGED, firsts[i], T0 + DAY, "EE", "x"),
            NULL);
    text_clear(&bench->seen);
    assert_int_equal(store_episodes(bench->store, &flagged, first_only, &bench->seen), STATUS_OK);
    assert_string_equal(bench->seen.data, "y z a b ");
    bench_tell(bench, "q", 0, T0, 1, 1, "");
    bench_tell(bench, "p", 0, T0, 2, 1, "");
    bench_tell(bench, "o", 0, -T0, 3, 1, ""); /* before 1970 */
    assert_string_equal(bench_incidents(bench, flagged), "s:o/0/confirmed@3\ns:p/0/confirmed@2\ns:q/0/confirmed@1\n");
}

static void a_visitor_may_stop_with_any_status(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        bench_tell(bench, id, 0, T0 + i, i, 1, "");
        bench_publish(bench, id, 1, EPISODE_FLAGGED, "EE", id);
    }
    bench->stop_after = 2;
    assert_int_equal(store_episodes(bench->store, &flagged, bench_note_episode, bench), STATUS_REFUSED);
    assert_int_equal(bench->visits, 2);
    bench->visits = 0;
    assert_int_equal(store_incidents(bench->store, &flagged, bench_note_incident, bench), STATUS_END);
    assert_int_equal(bench->visits, 2);
    bench->stop_after = 0;
    assert_int_not_equal(strlen(bench_incidents(bench, flagged)), 0); /* and the store goes on */
    bench_tell(bench, "more", 0, T0, 1, 1, "");
}

static enum status ask_within(void *self, const struct episode *episode, const struct incident *const *members)
{
    (void)members;
    struct bench *bench = self;
    return store_incidents(bench->store, &(struct store_filter){.id = episode->members[0].incident_id},
                           bench_note_incident, bench);
}

static void a_visitor_may_ask_the_store(void **state)
{
    struct bench *bench = *state;
    bench_tell(bench, "a", 0, T0, 1, 1, "");
    bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "EE", "a b");
    bench_publish(bench, "e2", 1, EPISODE_FLAGGED, "EE", "a");
    assert_int_equal(store_episodes(bench->store, &flagged, ask_within, bench), STATUS_OK);
    assert_string_equal(bench->seen.data, "s:a/0/confirmed@1 e1 e2\ns:a/0/confirmed@1 e1 e2\n");
}

int store_queries_run(const char *name, const struct store_case *kind)
{
    bench_use(kind);
    const struct CMUnitTest tests[] = {
        BENCH_TEST(candidates_and_withdrawn_are_shown_to_who_asks),
        BENCH_TEST(an_episode_is_found_by_its_id_or_the_beginning_of_it),
        BENCH_TEST(filters_choose_by_country_rule_and_time),
        BENCH_TEST(a_box_holds_places_also_over_the_antimeridian),
        BENCH_TEST(the_order_is_first_then_id),
        BENCH_TEST(a_visitor_may_stop_with_any_status),
        BENCH_TEST(a_visitor_may_ask_the_store),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
