/* The pipeline as a whole, between agents and sinks. */
#include "proto/limits.h"
#include "tests/unit/correlator/pipeline/desk.h"

#include <stdio.h>

#define AIRSPACE "rules:\n  - {name: airspace, categories: [air.*], reach_km: 1000, window: 1d, max_radius_km: 200}\n"

static const enum correlator_time times[] = {CORRELATOR_LIVE, CORRELATOR_REPLAY};

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

/* The one episode told to the sink. */
static const struct told *the_episode(const struct desk *desk, size_t sink)
{
    assert_int_equal(desk->sinks[sink].told_count, 1);
    return &desk->sinks[sink].told[0];
}

static void a_pair_is_flagged_at_once_and_told_after_its_incidents(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct desk desk;
        desk_open(&desk, AIRSPACE, times[i], 0);
        desk_agent(&desk, 0, "desk");
        desk_sink(&desk, 0, "store", SINK_ACKS);
        struct report poland_report = over_poland("pl"), estonia_report = over_estonia("ee");
        desk_send(&desk, 0, &poland_report);
        desk_send(&desk, 0, &estonia_report);
        desk_until(&desk, desk_is_quiet);
        const struct told *told = the_episode(&desk, 0);
        assert_int_equal(told->state, EPISODE_FLAGGED);
        assert_false(told->final);
        assert_int_equal(told->members, 2);
        assert_string_equal(told->title, "Drones over EE, PL: 2 incidents in 8 hours");
        assert_string_equal(told->cause, "incident added: desk:ee; incident joins: desk:pl; now flagged");
        assert_int_equal(desk.sinks[0].rules, 1);
        assert_int_equal(desk.sinks[0].incidents, 2);
        desk_close(&desk);
    }
}

static void the_ledger_balances_and_what_is_malformed_stops_nobody(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct desk desk;
        desk_open(&desk, AIRSPACE, times[i], 0);
        desk_agent(&desk, 0, "desk");
        desk_sink(&desk, 0, "store", SINK_ACKS);
        struct report pl = over_poland("pl"), ee = over_estonia("ee"), old = over_poland("pl"), corrected = ee;
        old.revision = 0;
        corrected.revision = 2;
        corrected.headline = SPAN("three fighters");
        desk_send(&desk, 0, &pl);
        desk_send(&desk, 0, &pl);                             /* duplicate */
        desk_send_bytes(&desk, 0, SPAN("\xFF\xFFno report")); /* rejected */
        desk_send(&desk, 0, &old);                            /* stale */
        desk_send_bytes(&desk, 0, SPAN(""));                  /* rejected: lacks everything */
        desk_send(&desk, 0, &ee);
        desk_send(&desk, 0, &corrected);
        desk_until(&desk, desk_is_quiet);
        const struct correlator_stats *stats = correlator_stats(desk.correlator);
        assert_int_equal(stats->received, 7);
        assert_int_equal(stats->applied, 3);
        assert_int_equal(stats->duplicate, 1);
        assert_int_equal(stats->stale, 1);
        assert_int_equal(stats->rejected, 2);
        assert_int_equal(stats->too_late, 0);
        assert_int_equal(stats->late, 0);
        assert_int_equal(stats->incidents, 2);
        assert_int_equal(stats->episodes, 1);
        assert_ledger_balances(&desk);
        assert_memory_equal(desk.rejected, "desk: ", 6);
        assert_true(strlen(desk.rejected) > 6);
        assert_int_equal(the_episode(&desk, 0)->state, EPISODE_FLAGGED);
        assert_string_equal(the_episode(&desk, 0)->cause, "incident corrected: desk:ee");
        desk_close(&desk);
    }
}

static void an_incident_taken_back_and_given_again_brings_the_same_episode_back(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_LIVE, 0);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    struct report pl = over_poland("pl"), ee = over_estonia("ee"), back = over_estonia("ee");
    struct report gone = report_retraction("ee", 2);
    back.revision = 3;
    desk_send(&desk, 0, &pl);
    desk_send(&desk, 0, &ee);
    desk_send(&desk, 0, &gone);
    desk_until(&desk, desk_is_quiet);
    assert_int_equal(the_episode(&desk, 0)->state, EPISODE_WITHDRAWN);
    assert_string_equal(the_episode(&desk, 0)->cause, "incident retracted: desk:ee; no core is left");
    assert_int_equal(desk.sinks[0].retractions, 1);
    desk_send(&desk, 0, &back);
    desk_until(&desk, desk_is_quiet);
    assert_int_equal(the_episode(&desk, 0)->state, EPISODE_FLAGGED);
    assert_int_equal(the_episode(&desk, 0)->revision, 3);
    assert_string_equal(the_episode(&desk, 0)->cause,
                        "incident given back: desk:ee; incident joins: desk:pl; now flagged");
    desk_close(&desk);
}

static void finishing_a_replay_makes_all_final_and_is_done_after_the_last_ack(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_REPLAY, 0);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_READS_ONLY);
    struct report pl = over_poland("pl"), ee = over_estonia("ee");
    desk_send(&desk, 0, &pl);
    desk_send(&desk, 0, &ee);
    desk_until(&desk, desk_is_quiet);
    desk_finish(&desk);
    desk_until(&desk, desk_is_quiet);
    assert_true(the_episode(&desk, 0)->final);
    assert_int_equal(correlator_stats(desk.correlator)->incidents, 0);
    assert_int_equal(correlator_stats(desk.correlator)->evicted, 2);
    desk_for(&desk, 50);
    assert_false(desk.done);
    desk_sink_acks(&desk, 0);
    desk_until(&desk, desk_is_done);
    desk_close(&desk);
}

static void finishing_live_makes_nothing_final_and_waits_for_the_sinks_too(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_LIVE, 0);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_READS_ONLY);
    struct report pl = over_poland("pl"), ee = over_estonia("ee");
    desk_send(&desk, 0, &pl);
    desk_send(&desk, 0, &ee);
    desk_until(&desk, desk_is_quiet);
    desk_finish(&desk);
    desk_for(&desk, 50);
    assert_false(desk.done);
    assert_false(the_episode(&desk, 0)->final);
    struct report more = over_poland("more"); /* comes too late: it stays with its agent */
    desk_send(&desk, 0, &more);
    desk_sink_acks(&desk, 0);
    desk_until(&desk, desk_is_done);
    desk_for(&desk, 20);
    assert_int_equal(correlator_stats(desk.correlator)->received, 2);
    assert_int_equal(sender_acked(desk.agents[0]), 2);
    desk_close(&desk);
}

static void who_has_nothing_to_lose_is_done_without_a_sink(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_LIVE, 0);
    desk_finish(&desk);
    assert_true(desk.done);
    desk_close(&desk);
}

static void who_has_something_to_tell_waits_for_a_sink_to_come(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_REPLAY, 0);
    desk_agent(&desk, 0, "desk");
    struct report pl = over_poland("pl"), ee = over_estonia("ee");
    desk_send(&desk, 0, &pl);
    desk_send(&desk, 0, &ee);
    desk_until(&desk, desk_is_quiet);
    desk_finish(&desk);
    desk_for(&desk, 50);
    assert_false(desk.done);
    desk_sink(&desk, 0, "store", SINK_ACKS); /* it hears all from the beginning */
    desk_until(&desk, desk_is_done);
    assert_int_equal(desk.sinks[0].rules, 1);
    assert_int_equal(desk.sinks[0].incidents, 2);
    assert_true(the_episode(&desk, 0)->final);
    desk_close(&desk);
}

/* --- the watermark --- */

static bool something_is_evicted(const struct desk *desk)
{
    return correlator_stats(desk->correlator)->evicted > 0;
}

static void what_is_behind_the_watermark_is_late_and_what_is_behind_memory_is_too_late(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_LIVE, 0);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    struct report pl = over_poland("pl"), ee = over_estonia("ee"), late = over_poland("late"),
                  forgotten = over_poland("x");
    desk_send(&desk, 0, &pl);
    desk_send(&desk, 0, &ee);
    desk_mark(&desk, 0, "desk", START_MS + 10 * DAY_MS, SOURCE_LIVE);
    desk_until(&desk, something_is_evicted);
    desk_until(&desk, desk_is_quiet);
    assert_true(the_episode(&desk, 0)->final);
    assert_int_equal(correlator_stats(desk.correlator)->evicted, 2);
    assert_int_equal(correlator_stats(desk.correlator)->episodes, 0);
    late.occurred.start_ms = late.occurred.end_ms = START_MS + 9 * DAY_MS;
    desk_send(&desk, 0, &late);
    desk_send(&desk, 0, &forgotten);
    desk_send(&desk, 0, &pl); /* known once, forgotten now: neither applied nor lost in silence */
    desk_until(&desk, desk_is_quiet);
    const struct correlator_stats *stats = correlator_stats(desk.correlator);
    assert_int_equal(stats->late, 1);
    assert_int_equal(stats->too_late, 2);
    assert_int_equal(stats->applied, 3);
    assert_int_equal(stats->incidents, 1);
    assert_ledger_balances(&desk);
    desk_close(&desk);
}

static void a_watermark_that_was_reached_stays_for_who_is_late(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_LIVE, 0);
    desk_agent(&desk, 0, "desk");
    struct report pl = over_poland("pl"), late = over_poland("late");
    desk_send(&desk, 0, &pl);
    desk_mark(&desk, 0, "desk", START_MS + 10 * DAY_MS, SOURCE_LIVE);
    desk_until(&desk, something_is_evicted);
    desk_mark(&desk, 0, "desk", TIME_NONE, SOURCE_LIVE); /* it starts again and promises nothing yet */
    desk_for(&desk, 20);
    late.occurred.start_ms = late.occurred.end_ms = START_MS + 9 * DAY_MS;
    desk_send(&desk, 0, &late);
    desk_until(&desk, desk_is_quiet);
    assert_int_equal(correlator_stats(desk.correlator)->late, 1);
    desk_close(&desk);
}

static void an_expected_source_that_is_silent_keeps_everything_in_memory(void **state)
{
    struct desk desk;
    desk_open(&desk,
              AIRSPACE "sources:\n  - {name: desk, type: jsonl, path: a}\n  - {name: silent, type: jsonl, path: b}\n",
              CORRELATOR_LIVE, 0);
    desk_agent(&desk, 0, "desk");
    desk_agent(&desk, 1, "other");
    struct report pl = over_poland("pl");
    desk_send(&desk, 0, &pl);
    desk_mark(&desk, 0, "desk", START_MS + 100 * DAY_MS, SOURCE_LIVE);
    desk_until(&desk, desk_is_quiet);
    desk_for(&desk, 50);
    assert_int_equal(correlator_stats(desk.correlator)->evicted, 0);
    desk_mark(&desk, 1, "silent", TIME_NONE, SOURCE_ENDED);
    desk_until(&desk, something_is_evicted);
    desk_close(&desk);
}

static void an_incident_corrected_behind_the_watermark_but_in_memory_is_applied(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_LIVE, 0);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    struct report pl = over_poland("pl"), ee = over_estonia("ee"), explained = over_estonia("ee");
    explained.revision = 2;
    explained.status = REPORT_EXPLAINED;
    desk_send(&desk, 0, &pl);
    desk_send(&desk, 0, &ee);
    desk_mark(&desk, 0, "desk", START_MS + 2 * DAY_MS, SOURCE_LIVE);
    desk_until(&desk, desk_is_quiet);
    desk_for(&desk, 20);
    desk_send(&desk, 0, &explained);
    desk_until(&desk, desk_is_quiet);
    assert_int_equal(the_episode(&desk, 0)->state, EPISODE_WITHDRAWN);
    assert_string_equal(the_episode(&desk, 0)->cause, "incident explained: desk:ee; no core is left");
    assert_int_equal(correlator_stats(desk.correlator)->late, 1);
    desk_close(&desk);
}

/* --- two sinks, slow sinks, full memory --- */

static void two_sinks_hear_the_same_and_both_are_waited_for(void **state)
{
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_REPLAY, 0);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    desk_sink(&desk, 1, "archive", SINK_READS_ONLY);
    desk_until(&desk, desk_is_quiet);
    struct report pl = over_poland("pl"), ee = over_estonia("ee");
    desk_send(&desk, 0, &pl);
    desk_send(&desk, 0, &ee);
    desk_until(&desk, desk_is_quiet);
    desk_finish(&desk);
    desk_until(&desk, desk_is_quiet);
    desk_for(&desk, 50);
    assert_false(desk.done);
    desk_sink_acks(&desk, 1);
    desk_until(&desk, desk_is_done);
    assert_int_equal(desk.sinks[0].last, desk.sinks[1].last);
    assert_int_equal(desk.sinks[0].fingerprint, desk.sinks[1].fingerprint);
    desk_close(&desk);
}

/* A report of some 33 kB, far from all others. */
static struct report heavy_report(const char *id, size_t number)
{
    static char value[LIMIT_ATTRIBUTE_VALUE];
    static char keys[LIMIT_ATTRIBUTES][8];
    static struct attribute attributes[LIMIT_ATTRIBUTES];
    memset(value, 'v', sizeof value);
    for (size_t i = 0; i < LIMIT_ATTRIBUTES; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%02zu", i);
        attributes[i] = (struct attribute){span_of(keys[i]), {value, sizeof value}};
    }
    struct report report = report_make(id, 1);
    report.occurred.start_ms = report.occurred.end_ms = START_MS + (int64_t)number * 3 * DAY_MS;
    report.attributes = attributes;
    report.attribute_count = LIMIT_ATTRIBUTES;
    return report;
}

static uint64_t received_before;
static uint64_t quiet_since_ns;

/* For two seconds nothing more was received. */
static bool is_stalled(const struct desk *desk)
{
    uint64_t received = correlator_stats(desk->correlator)->received;
    if (received != received_before || received == 0)
        quiet_since_ns = uv_hrtime();
    received_before = received;
    return uv_hrtime() - quiet_since_ns > 2000000000u;
}

static void a_sink_that_does_not_acknowledge_holds_the_agents_back_and_nothing_is_lost(void **state)
{
    enum { REPORTS = 4500 }; /* some 150 MB */
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_REPLAY, 0);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_READS_ONLY);
    for (size_t i = 0; i < REPORTS; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%zu", i);
        struct report report = heavy_report(id, i);
        desk_send(&desk, 0, &report);
    }
    received_before = 0;
    desk_until(&desk, is_stalled);
    /* 64 MiB in the link's outbox, 16 MiB beyond it, and what was on its way when the agents were held */
    uint64_t received = correlator_stats(desk.correlator)->received;
    assert_true(received > 2000 && received < 3200);
    assert_true(sender_acked(desk.agents[0]) < REPORTS);
    assert_string_equal(desk.failed, "");
    desk_sink_acks(&desk, 0);
    desk_until(&desk, desk_is_quiet);
    assert_int_equal(correlator_stats(desk.correlator)->applied, REPORTS);
    assert_int_equal(desk.sinks[0].incidents, REPORTS);
    assert_ledger_balances(&desk);
    desk_finish(&desk);
    desk_until(&desk, desk_is_done);
    desk_close(&desk);
}

/* Light reports, an hour apart and out of reach of each other. */
static void send_strangers(struct desk *desk, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%zu", i);
        struct report report = report_make(id, 1);
        report.occurred.start_ms = report.occurred.end_ms = START_MS - (int64_t)(count - i) * HOUR_MS;
        desk_send(desk, 0, &report);
    }
}

#define NARROW "rules:\n  - {name: narrow, categories: [air.*], reach_km: 1, window: 1m, min_neighbours: 1}\n"

static bool all_is_applied(const struct desk *desk)
{
    return correlator_stats(desk->correlator)->applied == sender_position(desk->agents[0]);
}

static void a_full_memory_holds_the_agents_back_until_the_promises_of_others_let_it_go(void **state)
{
    enum { REPORTS = 40000, WINDOW = 16384 };
    struct desk desk;
    desk_open(&desk, NARROW, CORRELATOR_LIVE, 1000);
    desk_agent(&desk, 0, "ahead");
    desk_agent(&desk, 1, "steady");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    send_strangers(&desk, REPORTS);
    received_before = 0;
    desk_until(&desk, is_stalled);
    const struct correlator_stats *stats = correlator_stats(desk.correlator);
    assert_true(stats->received >= 1000 && stats->received <= WINDOW + 1024); /* its credit, and no more */
    assert_true(sender_acked(desk.agents[0]) < 1024 + 1000);
    assert_string_equal(desk.failed, "");
    while (!all_is_applied(&desk)) { /* the promises come although the reports are held */
        int64_t reached_ms = START_MS - (int64_t)(REPORTS - stats->received) * HOUR_MS;
        desk_mark(&desk, 1, "steady", reached_ms, SOURCE_LIVE);
        desk_for(&desk, 20);
        assert_true(correlator_stats(desk.correlator)->incidents <= WINDOW + 2024);
    }
    desk_mark(&desk, 1, "steady", START_MS + HOUR_MS, SOURCE_LIVE);
    desk_until(&desk, desk_is_quiet);
    assert_int_equal(desk.sinks[0].incidents, REPORTS);
    assert_int_equal(stats->too_late, 0);
    assert_ledger_balances(&desk);
    desk_close(&desk);
}

static bool it_has_failed(const struct desk *desk)
{
    return desk->failed[0] != '\0';
}

static void an_archive_larger_than_memory_may_be_fails_a_replay_with_a_sentence(void **state)
{
    struct desk desk;
    desk_open(&desk, NARROW, CORRELATOR_REPLAY, 1000);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    send_strangers(&desk, 3000);
    desk_until(&desk, it_has_failed);
    assert_string_equal(desk.failed,
                        "the archive holds more incidents than correlator.incidents_max allows in memory; raise it");
    desk_for(&desk, 20);
    assert_true(sender_acked(desk.agents[0]) <= 1000);
    desk_close(&desk);
}

static void an_archive_just_as_large_as_memory_may_be_is_replayed(void **state)
{
    struct desk desk;
    desk_open(&desk, NARROW, CORRELATOR_REPLAY, 1000);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    send_strangers(&desk, 1000);
    desk_until(&desk, desk_is_quiet);
    desk_finish(&desk);
    desk_until(&desk, desk_is_done);
    assert_string_equal(desk.failed, "");
    desk_close(&desk);
}

/* Thousands in one place: told step by step it would be millions of members. */
static void a_crowd_in_one_place_is_told_at_the_pace_of_batches(void **state)
{
    enum { REPORTS = 8000 };
    struct desk desk;
    desk_open(&desk, AIRSPACE, CORRELATOR_REPLAY, 0);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    for (size_t i = 0; i < REPORTS; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%zu", i);
        struct report report = over_poland(id);
        desk_send(&desk, 0, &report);
    }
    desk_until(&desk, desk_is_quiet);
    desk_finish(&desk); /* the last of them may have waited for more */
    desk_until(&desk, desk_is_done);
    assert_int_equal(the_episode(&desk, 0)->members, REPORTS);
    assert_true(the_episode(&desk, 0)->revision < REPORTS / 4);
    desk_close(&desk);
}

static void without_the_engine_everything_but_episodes_goes_its_way(void **state)
{
    struct desk desk;
    desk_open_without_engine(&desk, AIRSPACE);
    desk_agent(&desk, 0, "desk");
    desk_sink(&desk, 0, "store", SINK_ACKS);
    struct report pl = over_poland("pl"), moved = over_estonia("pl"), gone = report_retraction("pl", 3);
    moved.revision = 2;
    desk_send(&desk, 0, &pl);
    desk_send(&desk, 0, &moved);
    desk_send(&desk, 0, &gone);
    desk_until(&desk, desk_is_quiet);
    assert_int_equal(correlator_stats(desk.correlator)->applied, 3);
    assert_int_equal(desk.sinks[0].incidents, 2);
    assert_int_equal(desk.sinks[0].episodes, 0);
    desk_finish(&desk);
    desk_until(&desk, desk_is_done);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_flagged_at_once_and_told_after_its_incidents),
        cmocka_unit_test(the_ledger_balances_and_what_is_malformed_stops_nobody),
        cmocka_unit_test(an_incident_taken_back_and_given_again_brings_the_same_episode_back),
        cmocka_unit_test(finishing_a_replay_makes_all_final_and_is_done_after_the_last_ack),
        cmocka_unit_test(finishing_live_makes_nothing_final_and_waits_for_the_sinks_too),
        cmocka_unit_test(who_has_nothing_to_lose_is_done_without_a_sink),
        cmocka_unit_test(who_has_something_to_tell_waits_for_a_sink_to_come),
        cmocka_unit_test(what_is_behind_the_watermark_is_late_and_what_is_behind_memory_is_too_late),
        cmocka_unit_test(a_watermark_that_was_reached_stays_for_who_is_late),
        cmocka_unit_test(an_expected_source_that_is_silent_keeps_everything_in_memory),
        cmocka_unit_test(an_incident_corrected_behind_the_watermark_but_in_memory_is_applied),
        cmocka_unit_test(two_sinks_hear_the_same_and_both_are_waited_for),
        cmocka_unit_test(a_sink_that_does_not_acknowledge_holds_the_agents_back_and_nothing_is_lost),
        cmocka_unit_test(a_full_memory_holds_the_agents_back_until_the_promises_of_others_let_it_go),
        cmocka_unit_test(an_archive_larger_than_memory_may_be_fails_a_replay_with_a_sentence),
        cmocka_unit_test(an_archive_just_as_large_as_memory_may_be_is_replayed),
        cmocka_unit_test(a_crowd_in_one_place_is_told_at_the_pace_of_batches),
        cmocka_unit_test(without_the_engine_everything_but_episodes_goes_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
