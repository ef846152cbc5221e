#include "correlator/wording.h"

#include "base/utf8.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/reports.h"
#include "tests/unit/correlator/pipeline/stage.h"

static struct arena arena;

static int arena_open(void **state)
{
    arena_init(&arena, 1u << 20);
    return 0;
}

static int arena_close(void **state)
{
    arena_fini(&arena);
    return 0;
}

static void assert_title(struct stage *stage, const char *expected)
{
    assert_string_equal(title_words(&stage->change, &arena).data, expected);
}

static void last_after(struct stage *stage, int64_t span_ms)
{
    stage->change.first_ms = START_MS;
    stage->change.last_ms = START_MS + span_ms;
}

static void the_title_of_the_contract(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    stage_member(&stage, "a", CATEGORY_AIR_DRONE_INCURSION);
    stage_member(&stage, "b", CATEGORY_AIR_DRONE_SIGHTING); /* drones too */
    stage_member(&stage, "c", CATEGORY_AIR_MANNED_VIOLATION);
    stage_country(&stage, "EE");
    stage_country(&stage, "PL");
    stage_country(&stage, "RO");
    last_after(&stage, 9 * DAY_MS + 9 * HOUR_MS);
    assert_title(&stage, "Drones and aircraft over EE, PL, RO: 3 incidents in 9 days");
}

static void kinds_come_in_order_of_number_then_of_name_and_no_more_than_three(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    stage_member(&stage, "a", CATEGORY_LAND_SABOTAGE);
    stage_member(&stage, "b", CATEGORY_SEA_VESSEL);
    stage_member(&stage, "c", CATEGORY_SEA_CABLE);
    stage_member(&stage, "d", CATEGORY_SEA_CABLE);
    stage_country(&stage, "FI");
    assert_title(&stage, "Cables, sabotage and vessels in FI: 4 incidents at one time");
    stage_member(&stage, "e", CATEGORY_CYBER_ATTACK);
    assert_title(&stage, "Cables, cyber attacks, sabotage and more in FI: 5 incidents at one time");
}

static void the_place_is_worded_after_the_earliest_trigger(void **state)
{
    static const struct {
        enum category category;
        const char *title;
    } rows[] = {{CATEGORY_EM_GNSS, "GNSS interference over LT: 1 incident at one time"},
                {CATEGORY_SEA_CABLE, "Cables off LT: 1 incident at one time"},
                {CATEGORY_CYBER_ATTACK, "Cyber attacks in LT: 1 incident at one time"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_init(&stage, "e");
        const struct record *exercise =
            stage_record(&stage, "exercise", i == 2 ? CATEGORY_AIR_CLOSURE : CATEGORY_MIL_EXERCISE, ACTION_ADDED);
        stage_put(stage.members, &stage.change.member_count, exercise, MEMBERSHIP_CONTEXT); /* announced before */
        stage_member(&stage, "a", rows[i].category);
        stage_country(&stage, "LT");
        assert_title(&stage, rows[i].title);
    }
}

static void what_happened_in_no_country_says_so(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    stage_member(&stage, "a", CATEGORY_SEA_CABLE);
    stage_member(&stage, "b", CATEGORY_SEA_PIPELINE);
    assert_title(&stage, "Cables and pipelines in no country: 2 incidents at one time");
}

static void eight_countries_are_named_and_the_rest_is_counted(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    stage_member(&stage, "a", CATEGORY_EM_GNSS);
    static const char *const codes[] = {"BE", "DE", "DK", "EE", "FI", "LT", "LV", "NO", "PL", "SE"};
    for (size_t i = 0; i < 8; i++)
        stage_country(&stage, codes[i]);
    assert_title(&stage, "GNSS interference over BE, DE, DK, EE, FI, LT, LV, NO: 1 incident at one time");
    stage_country(&stage, codes[8]);
    stage_country(&stage, codes[9]);
    assert_title(&stage, "GNSS interference over BE, DE, DK, EE, FI, LT, LV, NO and 2 more: 1 incident at one time");
}

static void a_span_is_told_in_the_greatest_unit_of_which_there_are_two(void **state)
{
    static const struct {
        int64_t span_ms;
        const char *title;
    } rows[] = {
        {0, "Balloons over LT: 1 incident at one time"},
        {119999, "Balloons over LT: 1 incident at one time"},
        {120000, "Balloons over LT: 1 incident in 2 minutes"},
        {2 * HOUR_MS - 1, "Balloons over LT: 1 incident in 119 minutes"},
        {2 * HOUR_MS, "Balloons over LT: 1 incident in 2 hours"},
        {2 * DAY_MS - 1, "Balloons over LT: 1 incident in 47 hours"},
        {2 * DAY_MS, "Balloons over LT: 1 incident in 2 days"},
        {90 * DAY_MS, "Balloons over LT: 1 incident in 90 days"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_init(&stage, "e");
        stage_member(&stage, "a", CATEGORY_AIR_BALLOON);
        stage_country(&stage, "LT");
        last_after(&stage, rows[i].span_ms);
        assert_title(&stage, rows[i].title);
    }
}

/* --- causes --- */

static void assert_cause(struct stage *stage, enum episode_state before, const char *expected)
{
    assert_string_equal(cause_words(&stage->change, SPAN(""), before, false, &arena).data, expected);
}

static void what_was_done_to_incidents_is_said_with_their_ids(void **state)
{
    static const struct {
        enum incident_action action;
        enum { ADDED, REMOVED, TOUCHED } list;
        const char *one, *two;
    } rows[] = {
        {ACTION_ADDED, ADDED, "incident added: a", "2 incidents added: a, b"},
        {ACTION_RESTORED, ADDED, "incident given back: a", "2 incidents given back: a, b"},
        {ACTION_CORRECTED, ADDED, "incident corrected, joins: a", "2 incidents corrected, join: a, b"},
        {ACTION_NONE, ADDED, "incident joins: a", "2 incidents join: a, b"},
        {ACTION_CORRECTED, REMOVED, "incident corrected, leaves: a", "2 incidents corrected, leave: a, b"},
        {ACTION_RETRACTED, REMOVED, "incident retracted: a", "2 incidents retracted: a, b"},
        {ACTION_EXPLAINED, REMOVED, "incident explained: a", "2 incidents explained: a, b"},
        {ACTION_RETOLD, ADDED, "incident told by another report: a", "2 incidents told by other reports: a, b"},
        {ACTION_PARTED, ADDED, "incident parted from another: a", "2 incidents parted from others: a, b"},
        {ACTION_MERGED, REMOVED, "incident put together with another: a", "2 incidents put together with others: a, b"},
        {ACTION_BACKED, ADDED, "incident with a further report, joins: a",
         "2 incidents with further reports, join: a, b"},
        {ACTION_SHORTED, REMOVED, "incident with a report less, leaves: a",
         "2 incidents with reports less, leave: a, b"},
        {ACTION_BACKED, TOUCHED, "incident with a further report: a", "2 incidents with further reports: a, b"},
        {ACTION_SHORTED, TOUCHED, "incident with a report less: a", "2 incidents with reports less: a, b"},
        {ACTION_NONE, REMOVED, "incident leaves: a", "2 incidents leave: a, b"},
        {ACTION_CORRECTED, TOUCHED, "incident corrected: a", "2 incidents corrected: a, b"},
        {ACTION_RESTORED, TOUCHED, "incident corrected: a", "2 incidents corrected: a, b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_init(&stage, "e");
        struct engine_member *lists[] = {stage.added, stage.removed, stage.touched};
        size_t *const counts[] = {&stage.change.added_count, &stage.change.removed_count, &stage.change.touched_count};
        for (size_t n = 0; n < 2; n++) {
            const struct record *record =
                stage_record(&stage, n == 0 ? "a" : "b", CATEGORY_AIR_BALLOON, rows[i].action);
            stage_put(lists[rows[i].list], counts[rows[i].list], record, MEMBERSHIP_CORE);
            assert_cause(&stage, EPISODE_CANDIDATE, n == 0 ? rows[i].one : rows[i].two);
        }
    }
}

static void five_ids_are_named_and_the_rest_is_counted(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g"};
    for (size_t i = 0; i < 7; i++)
        stage_member(&stage, ids[i], CATEGORY_AIR_BALLOON);
    assert_cause(&stage, EPISODE_CANDIDATE, "7 incidents added: a, b, c, d, e and 2 more");
}

static void what_follows_for_the_episode_comes_after(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    stage_member(&stage, "a", CATEGORY_AIR_BALLOON);
    stage.change.is_new = true;
    stage.change.state = EPISODE_FLAGGED;
    assert_cause(&stage, EPISODE_FLAGGED,
                 "incident added: a; now flagged"); /* what was told before it was new is past */
    stage.change.is_new = false;
    assert_cause(&stage, EPISODE_CANDIDATE, "incident added: a; now flagged");
    assert_cause(&stage, EPISODE_FLAGGED, "incident added: a");
    stage.change.state = EPISODE_CANDIDATE;
    assert_cause(&stage, EPISODE_FLAGGED, "incident added: a; no longer flagged");
}

static void an_episode_taken_in_is_named_on_both_sides(void **state)
{
    struct stage stage;
    stage_init(&stage, "e1");
    stage_member(&stage, "a", CATEGORY_AIR_BALLOON);
    strcpy(stage.supersedes[0], "e2");
    strcpy(stage.supersedes[1], "e3");
    stage.change.supersedes_count = 2;
    assert_cause(&stage, EPISODE_CANDIDATE, "incident added: a; takes in e2, e3");
    stage_init(&stage, "e2");
    stage.change.state = EPISODE_WITHDRAWN;
    strcpy(stage.change.superseded_by, "e1");
    assert_cause(&stage, EPISODE_FLAGGED, "merged into e1");
}

static void a_withdrawal_says_why(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    const struct record *record = stage_record(&stage, "a", CATEGORY_SEA_CABLE, ACTION_EXPLAINED);
    stage_put(stage.removed, &stage.change.removed_count, record, MEMBERSHIP_CORE);
    stage.change.state = EPISODE_WITHDRAWN;
    assert_cause(&stage, EPISODE_FLAGGED, "incident explained: a; no core is left");
}

static void what_was_no_incident_comes_first(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    stage.change.state = EPISODE_FLAGGED;
    struct span occasion = SPAN("rule changed: the baseline is b, was a");
    assert_string_equal(cause_words(&stage.change, occasion, EPISODE_FLAGGED, false, &arena).data,
                        "rule changed: the baseline is b, was a");
    const struct record *record = stage_record(&stage, "a", CATEGORY_SEA_CABLE, ACTION_NONE);
    stage_put(stage.removed, &stage.change.removed_count, record, MEMBERSHIP_CORE);
    stage.change.state = EPISODE_WITHDRAWN;
    assert_string_equal(cause_words(&stage.change, occasion, EPISODE_FLAGGED, false, &arena).data,
                        "rule changed: the baseline is b, was a; incident leaves: a; no core is left");
}

static void running_into_a_cap_is_said_once(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    stage_member(&stage, "a", CATEGORY_AIR_BALLOON);
    stage.change.capped = true;
    assert_string_equal(cause_words(&stage.change, SPAN(""), EPISODE_CANDIDATE, false, &arena).data,
                        "incident added: a; capped: a neighbour did not fit");
    assert_string_equal(cause_words(&stage.change, SPAN(""), EPISODE_CANDIDATE, true, &arena).data,
                        "incident added: a");
}

static void a_change_of_nothing_named_is_the_neighbourhoods_and_of_nothing_but_the_end_is_silent(void **state)
{
    struct stage stage;
    stage_init(&stage, "e");
    assert_cause(&stage, EPISODE_CANDIDATE, "its neighbourhood changed");
    stage.change.final = true;
    assert_cause(&stage, EPISODE_CANDIDATE, "");
}

/* What is cut is cut between characters: a sink would refuse the rest. */
static void a_cause_too_long_is_cut_between_characters(void **state)
{
    for (size_t shift = 0; shift < 8; shift++) {
        char ids[12][270];
        struct stage stage;
        stage_init(&stage, "e");
        for (size_t i = 0; i < 12; i++) {
            size_t size = 0;
            while (size < (i == 0 ? shift : 0))
                ids[i][size++] = 'x';
            static const char *const characters[] = {"\xF0\x9F\x9B\xB8", "\xE2\x82\xAC", "\xC5\x82"};
            const char *character = characters[i % 3];
            for (; size + strlen(character) <= 256; size += strlen(character))
                memcpy(ids[i] + size, character, strlen(character));
            ids[i][size] = '\0';
            struct record *record = stage_record(&stage, ids[i], CATEGORY_AIR_BALLOON,
                                                 i < 5   ? ACTION_ADDED
                                                 : i < 8 ? ACTION_RETRACTED
                                                         : ACTION_CORRECTED);
            if (i < 5)
                stage_put(stage.added, &stage.change.added_count, record, MEMBERSHIP_CORE);
            else if (i < 8)
                stage_put(stage.removed, &stage.change.removed_count, record, MEMBERSHIP_CORE);
            else
                stage_put(stage.touched, &stage.change.touched_count, record, MEMBERSHIP_CORE);
        }
        struct span cause = cause_words(&stage.change, SPAN(""), EPISODE_CANDIDATE, false, &arena);
        assert_true(cause.size > 2000 && cause.size < 2048);
        assert_true(utf8_is_plain(cause));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_title_of_the_contract),
        cmocka_unit_test(kinds_come_in_order_of_number_then_of_name_and_no_more_than_three),
        cmocka_unit_test(the_place_is_worded_after_the_earliest_trigger),
        cmocka_unit_test(what_happened_in_no_country_says_so),
        cmocka_unit_test(eight_countries_are_named_and_the_rest_is_counted),
        cmocka_unit_test(a_span_is_told_in_the_greatest_unit_of_which_there_are_two),
        cmocka_unit_test(what_was_done_to_incidents_is_said_with_their_ids),
        cmocka_unit_test(five_ids_are_named_and_the_rest_is_counted),
        cmocka_unit_test(what_follows_for_the_episode_comes_after),
        cmocka_unit_test(an_episode_taken_in_is_named_on_both_sides),
        cmocka_unit_test(a_withdrawal_says_why),
        cmocka_unit_test(what_was_no_incident_comes_first),
        cmocka_unit_test(running_into_a_cap_is_said_once),
        cmocka_unit_test(a_change_of_nothing_named_is_the_neighbourhoods_and_of_nothing_but_the_end_is_silent),
        cmocka_unit_test(a_cause_too_long_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, arena_open, arena_close);
}
