/* What has left memory, and comes late, or again, or is corrected: with an archive it is reopened, live. */
#include "correlator/correlator_inside.h"
#include "tests/unit/correlator/pipeline/desk.h"

#include <stdio.h>

#define AIRSPACE "rules:\n  - {name: airspace, categories: [air.*], reach_km: 1000, window: 1d, max_radius_km: 200}\n"

static struct report over_poland(const char *id)
{
    return report_make(id, 1);
}

static struct report over_estonia(const char *id)
{
    struct report report = report_make(id, 1);
    report.occurred.start_ms += HOUR_MS;
    report.occurred.end_ms += HOUR_MS;
    report.place.lat = 59.4;
    report.place.lon = 24.7;
    report.countries = estonia;
    return report;
}

struct night {
    struct archive_memory archive;
    struct desk desk;
};

static void night_open(struct night *night, int64_t incidents_max)
{
    archive_memory_init(&night->archive);
    desk_open_with_archive(&night->desk, AIRSPACE, &night->archive, incidents_max);
    desk_agent(&night->desk, 0, "desk");
    desk_sink(&night->desk, 0, "store", SINK_ACKS);
}

static void night_close(struct night *night)
{
    assert_ledger_balances(&night->desk);
    desk_close(&night->desk);
    archive_memory_fini(&night->archive);
}

static bool memory_is_empty(const struct desk *desk)
{
    return desk_is_quiet(desk) && correlator_stats(desk->correlator)->incidents == 0;
}

static void days_pass(struct desk *desk, int64_t days)
{
    desk_until(desk, desk_is_quiet);
    desk_mark(desk, 0, "desk", START_MS + days * DAY_MS, SOURCE_LIVE);
    desk_until(desk, memory_is_empty);
}

static bool one_is_reopened(const struct desk *desk)
{
    return desk_is_quiet(desk) && correlator_stats(desk->correlator)->reopened == 1;
}

static bool two_are_reopened(const struct desk *desk)
{
    return desk_is_quiet(desk) && correlator_stats(desk->correlator)->reopened == 2;
}

static const struct told *the_episode(const struct desk *desk)
{
    assert_int_equal(desk->sinks[0].told_count, 1);
    return &desk->sinks[0].told[0];
}

static void a_report_86_days_late_joins_its_pair(void **state)
{
    struct night night;
    night_open(&night, 0);
    struct desk *desk = &night.desk;
    struct report pl = over_poland("pl"), late = over_estonia("late");
    desk_send(desk, 0, &pl);
    days_pass(desk, 86);
    assert_int_equal(desk->sinks[0].told_count, 0);
    desk_send(desk, 0, &late);
    desk_until(desk, one_is_reopened);
    assert_int_equal(the_episode(desk)->state, EPISODE_FLAGGED);
    assert_true(the_episode(desk)->final);
    assert_int_equal(the_episode(desk)->members, 2);
    assert_string_equal(
        the_episode(desk)->cause,
        "reopened by a late report; incident added: desk:late; incident joins: desk:pl; now flagged; final");
    const struct correlator_stats *stats = correlator_stats(desk->correlator);
    assert_int_equal(stats->incidents, 0); /* it has left again */
    assert_int_equal(stats->late, 1);
    assert_int_equal(stats->too_late, 0);
    assert_int_equal(stats->applied, 2);
    assert_int_equal(desk->sinks[0].incidents, 2); /* what was read back is not published again */
    night_close(&night);
}

static void what_has_left_is_taken_back_and_given_again(void **state)
{
    struct night night;
    night_open(&night, 0);
    struct desk *desk = &night.desk;
    struct report pl = over_poland("pl"), ee = over_estonia("ee"), back = over_estonia("ee");
    struct report gone = report_retraction("ee", 2);
    back.revision = 3;
    desk_send(desk, 0, &pl);
    desk_send(desk, 0, &ee);
    days_pass(desk, 100);
    uint32_t revision = the_episode(desk)->revision;
    assert_true(the_episode(desk)->final);
    desk_send(desk, 0, &gone);
    desk_until(desk, one_is_reopened);
    assert_int_equal(the_episode(desk)->state, EPISODE_WITHDRAWN);
    assert_true(the_episode(desk)->revision > revision);
    revision = the_episode(desk)->revision;
    assert_string_equal(the_episode(desk)->cause,
                        "reopened by a late report; incident retracted: desk:ee; no core is left");
    desk_send(desk, 0, &ee); /* stale: it was taken back since */
    desk_send(desk, 0, &back);
    desk_until(desk, two_are_reopened);
    assert_int_equal(the_episode(desk)->state, EPISODE_FLAGGED);
    assert_true(the_episode(desk)->revision > revision);
    assert_true(the_episode(desk)->final);
    assert_int_equal(correlator_stats(desk->correlator)->stale, 1);
    assert_int_equal(correlator_stats(desk->correlator)->too_late, 0);
    night_close(&night);
}

static void an_archive_told_again_changes_nothing_and_reads_nothing_back(void **state)
{
    struct night night;
    night_open(&night, 0);
    struct desk *desk = &night.desk;
    char ids[300][8];
    for (size_t i = 0; i < 300; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%zu", i);
        struct report report = i % 2 == 0 ? over_poland(ids[i]) : over_estonia(ids[i]);
        desk_send(desk, 0, &report);
    }
    days_pass(desk, 50);
    size_t told = desk->sinks[0].episodes;
    for (size_t i = 0; i < 300; i++) {
        struct report report = i % 2 == 0 ? over_poland(ids[i]) : over_estonia(ids[i]);
        report.revision = i % 3 == 0 ? 0 : 1; /* older, or the same */
        desk_send(desk, 0, &report);
    }
    desk_until(desk, desk_is_quiet);
    const struct correlator_stats *stats = correlator_stats(desk->correlator);
    assert_int_equal(stats->duplicate, 200);
    assert_int_equal(stats->stale, 100);
    assert_int_equal(stats->reopened, 0);
    assert_int_equal(desk->sinks[0].episodes, told);
    night_close(&night);
}

static void what_no_rule_wants_is_known_when_it_comes_again(void **state)
{
    struct night night;
    night_open(&night, 0);
    struct desk *desk = &night.desk;
    struct report cable = report_make("cable", 2), before = report_make("cable", 1);
    cable.category = before.category = CATEGORY_SEA_CABLE;
    before.status = REPORT_RETRACTED;
    desk_send(desk, 0, &cable);
    days_pass(desk, 50);
    size_t told = desk->sinks[0].incidents;
    desk_send(desk, 0, &cable);
    desk_send(desk, 0, &before);
    desk_until(desk, desk_is_quiet);
    assert_int_equal(correlator_stats(desk->correlator)->duplicate, 1);
    assert_int_equal(correlator_stats(desk->correlator)->stale, 1);
    assert_int_equal(desk->sinks[0].incidents, told);
    night_close(&night);
}

static void many_late_ones_are_one_reopening(void **state)
{
    struct night night;
    night_open(&night, 0);
    struct desk *desk = &night.desk;
    struct report pl = over_poland("pl"), one = over_estonia("one"), other = over_estonia("other");
    desk_send(desk, 0, &pl);
    days_pass(desk, 30);
    desk_send(desk, 0, &one);
    desk_send(desk, 0, &other);
    desk_until(desk, two_are_reopened);
    assert_int_equal(the_episode(desk)->members, 3);
    assert_int_equal(desk->sinks[0].episodes, 2); /* with both, and final */
    night_close(&night);
}

static bool one_is_too_late(const struct desk *desk)
{
    return desk_is_quiet(desk) && correlator_stats(desk->correlator)->too_late == 1;
}

static void what_touches_more_than_memory_may_hold_is_too_late_and_counted(void **state)
{
    struct night night;
    night_open(&night, 3);
    struct desk *desk = &night.desk;
    char ids[5][8];
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%zu", i);
        struct report report = over_poland(ids[i]);
        desk_send(desk, 0, &report);
        if (i == 2) { /* five never are there together */
            desk_for(desk, 20);
            desk_mark(desk, 0, "desk", START_MS + 2 * HOUR_MS, SOURCE_LIVE);
        }
    }
    desk_for(desk, 20);
    desk_mark(desk, 0, "desk", START_MS + 50 * DAY_MS, SOURCE_LIVE);
    desk_until(desk, memory_is_empty);
    size_t told = desk->sinks[0].episodes;
    struct report late = over_estonia("late"), far = over_poland("far");
    far.occurred.start_ms -= 20 * DAY_MS;
    far.occurred.end_ms -= 20 * DAY_MS;
    desk_send(desk, 0, &late);
    desk_send(desk, 0, &far); /* touches nothing */
    desk_until(desk, one_is_too_late);
    assert_int_equal(correlator_stats(desk->correlator)->reopened, 1);
    assert_int_equal(desk->sinks[0].episodes, told);
    night_close(&night);
}

/* Nine in a chain, a window apart: the first is long behind five windows, and in memory. */
static void a_start_needs_all_that_is_in_memory_and_five_windows(void **state)
{
    struct night night;
    night_open(&night, 0);
    struct desk *desk = &night.desk;
    char ids[9][8];
    for (size_t i = 0; i < 9; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%zu", i);
        struct report report = over_poland(ids[i]);
        report.occurred.start_ms += (int64_t)i * DAY_MS;
        report.occurred.end_ms = report.occurred.start_ms;
        desk_send(desk, 0, &report);
    }
    desk_until(desk, desk_is_quiet);
    desk_mark(desk, 0, "desk", START_MS + 10 * DAY_MS, SOURCE_LIVE);
    desk_for(desk, 20);
    const struct reopen *reopen = desk->correlator->reopen;
    int64_t needed_ms = 0;
    assert_int_equal(correlator_stats(desk->correlator)->incidents, 9);
    assert_int_equal(reopen_needs(reopen, START_MS + 10 * DAY_MS, &needed_ms), STATUS_OK);
    assert_true(needed_ms == START_MS - 2 * DAY_MS);
    days_pass(desk, 50);
    assert_int_equal(reopen_needs(reopen, START_MS + 50 * DAY_MS, &needed_ms), STATUS_OK);
    assert_true(needed_ms == START_MS + (50 - 5 - 2) * DAY_MS - 1);
    assert_int_equal(reopen_needs(reopen, TIME_NONE, &needed_ms), STATUS_OK);
    assert_true(needed_ms == INT64_MIN);
    night_close(&night);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_86_days_late_joins_its_pair),
        cmocka_unit_test(what_has_left_is_taken_back_and_given_again),
        cmocka_unit_test(an_archive_told_again_changes_nothing_and_reads_nothing_back),
        cmocka_unit_test(what_no_rule_wants_is_known_when_it_comes_again),
        cmocka_unit_test(many_late_ones_are_one_reopening),
        cmocka_unit_test(a_start_needs_all_that_is_in_memory_and_five_windows),
        cmocka_unit_test(what_touches_more_than_memory_may_hold_is_too_late_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
