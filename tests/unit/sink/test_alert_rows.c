/* Alerts over the sink's death: what a store keeps of them is what the next sink goes on with. A killed sink is played
 * by writing into the store what it had written, and no more. */
#include "sink/store_alerts.h"
#include "tests/unit/sink/sink_bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char url[] = "/tmp/vedette-rows-XXXXXX.gpkg";

static void reopen(struct bench *bench)
{
    char reason[256];
    store_close(bench->store);
    if (store_open(url, STORE_WRITE, &bench->store, reason) != STATUS_OK)
        fail_msg("%s", reason);
}

static int setup(void **state)
{
    memcpy(url + sizeof url - 12, "XXXXXX", 6);
    int fd = mkstemps(url, 5);
    if (fd < 0 || bench_setup(state) != 0)
        return 1;
    (void)close(fd);
    reopen(*state);
    return 0;
}

static int teardown(void **state)
{
    int failed = bench_teardown(state);
    (void)unlink(url);
    return failed;
}

static void nobody(void *self, struct span endpoint, size_t rows)
{
    (void)self;
    (void)endpoint;
    (void)rows;
}

static void endpoints_open(struct bench *bench)
{
    struct alert_endpoint endpoints[4];
    for (size_t i = 0; i < bench->alert_count; i++)
        endpoints[i] = (struct alert_endpoint){span_of(bench->alerts[i].name), bench->alerts[i].max_age_ms};
    assert_int_equal(store_alerts_open(bench->store, endpoints, bench->alert_count, clock_wall_ms(), nobody, NULL),
                     STATUS_OK);
}

/* Stored, and nothing more came of it. */
static void stored_before(struct bench *bench, const char *id, uint32_t revision, enum episode_state state,
                          const char *members, int64_t noted_ms)
{
    struct publication publication = story_episode(&bench->arena, (struct stream_position){7, revision}, id, revision,
                                                   state, bench->now_ms, bench->now_ms + 60000, "EE,PL", members);
    const struct store_piece piece = {.publications = &publication, .count = 1, .now_ms = noted_ms};
    enum store_effect effect;
    uint32_t as_stored;
    char reason[256];
    assert_int_equal(store_apply(bench->store, &piece, &effect, &as_stored, reason), DELIVERED);
    assert_int_equal(effect, STORE_APPLIED);
}

struct rows {
    size_t count, drafts, refused;
    struct alert_row last;
    char detail[256];
};

static enum status count_row(void *self, const struct alert_row *row)
{
    struct rows *rows = self;
    rows->count++;
    rows->drafts += row->has_draft;
    rows->refused += row->is_refused;
    rows->last = *row;
    snprintf(rows->detail, sizeof rows->detail, "%.*s", SPAN_ARG(row->detail));
    return STATUS_OK;
}

static struct rows rows_of(struct bench *bench, const char *endpoint)
{
    struct rows rows = {0};
    assert_int_equal(store_alert_rows(bench->store, span_of(endpoint), count_row, &rows), STATUS_OK);
    return rows;
}

static void what_was_stored_and_not_yet_alerted_is_alerted_by_the_next(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    endpoints_open(bench);
    stored_before(bench, "e1", 3, EPISODE_FLAGGED, "a b", bench->now_ms);
    stored_before(bench, "e2", 1, EPISODE_CANDIDATE, "c", bench->now_ms);
    bench->now_ms -= bench->alerts[0].max_age_ms + 120000;
    stored_before(bench, "old", 1, EPISODE_FLAGGED, "d e", clock_wall_ms());
    reopen(bench);
    assert_int_equal(rows_of(bench, "ok").count, 1); /* the old and the unflagged owe nobody anything */
    open_sink(bench);
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 1);
    close_sink(bench, 1000);
    assert_string_equal(bench->hook.said, "204 /ok e1/3 vedette.episode.flagged flagged 3 valid\n");
    struct rows rows = rows_of(bench, "ok");
    assert_true(rows.count == 1 && rows.drafts == 0 && rows.last.told.is_known && rows.last.told.revision == 3);
    /* And the one after that has nothing to say. */
    reopen(bench);
    open_sink(bench);
    run_for(bench, 500);
    assert_int_equal(lines_with(&bench->hook, "\n"), 1);
}

static void begun(struct bench *bench, const char *id, uint32_t revision, const char *members, struct span json)
{
    struct publication publication = story_episode(&bench->arena, (struct stream_position){0}, id, revision,
                                                   EPISODE_FLAGGED, bench->now_ms, bench->now_ms, "EE,PL", members);
    char reason[256];
    const struct alert_write write = {.event = ROW_BEGUN,
                                      .row = {.endpoint = span_of(bench->alerts[0].name),
                                              .subject = span_of(id),
                                              .draft = {.kind = ALERT_FLAGGED,
                                                        .fingerprint = fingerprint_of(&publication.episode),
                                                        .revision = revision,
                                                        .time_ms = bench->now_ms}},
                                      .json = json};
    if (store_alert_write(bench->store, &write, reason) != STATUS_OK)
        fail_msg("%s", reason);
}

static const char as_it_was[] =
    "{\"id\":\"e1\",\"revision\":1,\"state\":\"flagged\",\"incidents\":[],\"title\":\"as it was\"}";

/* Killed after it was put down: before it was sent, or after, or when the answer was on its way. */
static void what_was_begun_is_the_same_message_again(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    endpoints_open(bench);
    stored_before(bench, "e1", 1, EPISODE_FLAGGED, "a b", bench->now_ms);
    begun(bench, "e1", 1, "a b", span_of(as_it_was));
    struct publication again = story_episode(&bench->arena, (struct stream_position){7, 9}, "e1", 2, EPISODE_FLAGGED,
                                             bench->now_ms, bench->now_ms + 60000, "EE,PL", "a b");
    again.episode.final = true; /* which is a revision, but nothing one is alerted of */
    const struct store_piece piece = {.publications = &again, .count = 1, .now_ms = bench->now_ms};
    enum store_effect effect;
    uint32_t as_stored;
    char reason[256];
    assert_int_equal(store_apply(bench->store, &piece, &effect, &as_stored, reason), DELIVERED);
    assert_int_equal(effect, STORE_APPLIED);
    reopen(bench);
    open_sink(bench);
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 1);
    close_sink(bench, 1000);
    assert_string_equal(bench->hook.said, "204 /ok e1/1 vedette.episode.flagged flagged 1 valid\n");
    assert_int_equal(rows_of(bench, "ok").drafts, 0);
}

static void who_may_have_had_it_hears_that_it_holds_no_more(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    endpoints_open(bench);
    stored_before(bench, "e1", 1, EPISODE_FLAGGED, "a b", bench->now_ms);
    begun(bench, "e1", 1, "a b", span_of(as_it_was));
    stored_before(bench, "e1", 2, EPISODE_WITHDRAWN, "", bench->now_ms);
    reopen(bench);
    open_sink(bench);
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 1);
    close_sink(bench, 1000);
    assert_string_equal(bench->hook.said, "204 /ok e1/2 vedette.episode.withdrawn withdrawn 2 valid\n");
    assert_int_equal(rows_of(bench, "ok").count, 0); /* over: no row is left */
}

static void a_dead_endpoint_keeps_one_row_an_episode_and_hears_the_last(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    hook_stop(&bench->hook);
    open_sink(bench);
    char members[64] = "a b";
    publish(bench, "e1", 1, EPISODE_FLAGGED, members);
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_retried >= 1);
    for (uint32_t i = 2; i <= 20; i++) {
        snprintf(members, sizeof members, "a b m%u", i);
        publish(bench, "e1", i, EPISODE_FLAGGED, members);
        RUN_UNTIL(bench, sender_acked(bench->sender) == bench->position);
    }
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_retried >= 2);
    close_sink(bench, 100);
    struct rows rows = rows_of(bench, "ok");
    assert_int_equal(rows.count, 1);
    assert_true(rows.last.has_draft && rows.last.attempts >= 1 && !rows.last.told.is_known && rows.last.revision == 20);
    assert_non_null(strstr(rows.detail, "connect"));
    hook_start(&bench->hook, bench->hook.port);
    reopen(bench);
    open_sink(bench);
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /ok e1/20 vedette.episode.flagged flagged 20 valid\n") == 1);
    assert_int_equal(lines_with(&bench->hook, "\n"), 1);
}

static void a_refused_message_is_kept_with_its_reason_until_somebody_decides(void **state)
{
    struct bench *bench = *state;
    char reason[256];
    add_alert(bench, "/refuse");
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    publish(bench, "e2", 1, EPISODE_FLAGGED, "x y");
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_refused == 2);
    close_sink(bench, 1000);
    reopen(bench);
    open_sink(bench); /* by itself it is not tried again */
    run_for(bench, 300);
    close_sink(bench, 1000);
    assert_int_equal(lines_with(&bench->hook, "\n"), 2);
    struct rows rows = rows_of(bench, "refuse");
    assert_true(rows.count == 2 && rows.refused == 2 && rows.drafts == 2);
    assert_string_equal(rows.detail, "HTTP 400");
    const struct alert_row e1 = {.endpoint = SPAN("refuse"), .subject = SPAN("e1"), .due_ms = 1};
    const struct alert_row e2 = {.endpoint = SPAN("refuse"), .subject = SPAN("e2")};
    const struct alert_row e3 = {.endpoint = SPAN("refuse"), .subject = SPAN("e3")};
    assert_int_equal(store_alert_write(bench->store, &(struct alert_write){ROW_AGAIN, e1, {0}}, reason), STATUS_OK);
    assert_int_equal(store_alert_write(bench->store, &(struct alert_write){ROW_DROPPED, e2, {0}}, reason), STATUS_OK);
    assert_int_equal(store_alert_write(bench->store, &(struct alert_write){ROW_AGAIN, e2, {0}}, reason),
                     STATUS_NOT_FOUND); /* nothing is left to be tried */
    assert_int_equal(store_alert_write(bench->store, &(struct alert_write){ROW_DROPPED, e3, {0}}, reason),
                     STATUS_NOT_FOUND);
    assert_non_null(strstr(reason, "knows of no such message to refuse"));
    /* The endpoint has mended its ways. */
    snprintf(bench->urls[0], sizeof bench->urls[0], "http://127.0.0.1:%d/ok", bench->hook.port);
    reopen(bench);
    open_sink(bench);
    RUN_UNTIL(bench, lines_with(&bench->hook, "204 /ok e1/1 vedette.episode.flagged flagged 1 valid\n") == 1);
    run_for(bench, 300);
    assert_int_equal(lines_with(&bench->hook, "e2/1"), 1);
}

static void endpoints_come_and_go_with_the_configuration(void **state)
{
    struct bench *bench = *state;
    add_alert(bench, "/ok");
    open_sink(bench);
    publish(bench, "e1", 1, EPISODE_FLAGGED, "a b");
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 1);
    close_sink(bench, 1000);
    /* A new one: what is flagged counts as told, so what follows is an update. */
    add_alert(bench, "/fail/0");
    bench->alerts[1].name = "new";
    reopen(bench);
    open_sink(bench);
    run_for(bench, 300);
    assert_int_equal(lines_with(&bench->hook, "\n"), 1);
    publish(bench, "e1", 2, EPISODE_FLAGGED, "a b c");
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 2);
    assert_int_equal(lines_with(&bench->hook, "204 /fail/0 e1/2 vedette.episode.updated flagged 2 valid\n"), 1);
    close_sink(bench, 1000);
    assert_int_equal(rows_of(bench, "").count, 2);
    /* One that is configured no more is let go of. */
    bench->alert_count = 1;
    reopen(bench);
    open_sink(bench);
    close_sink(bench, 1000);
    assert_int_equal(rows_of(bench, "new").count, 0);
    assert_int_equal(rows_of(bench, "ok").count, 1);
    bench->alert_count = 0;
    open_sink(bench);
    close_sink(bench, 1000);
    assert_int_equal(rows_of(bench, "").count, 0);
}

static void a_source_that_falls_silent_is_told_and_that_it_is_back(void **state)
{
    struct bench *bench = *state;
    int64_t since_ms = INT64_C(1757484600000), back_ms = since_ms + 10800000;
    add_alert(bench, "/ok");
    open_sink(bench);
    submit(bench, story_notice(next_cause(bench), "rcb-pl", NOTICE_SILENT, since_ms));
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 1);                  /* however long it has been silent */
    submit(bench, story_notice(next_cause(bench), "desk", NOTICE_BACK, back_ms)); /* nobody was told that it was not */
    close_sink(bench, 1000);
    /* The correlator and the sink start anew: it is still silent. */
    reopen(bench);
    open_sink(bench);
    submit(bench, story_notice(next_cause(bench), "rcb-pl", NOTICE_SILENT, since_ms));
    run_for(bench, 300);
    submit(bench, story_notice(next_cause(bench), "rcb-pl", NOTICE_BACK, back_ms));
    RUN_UNTIL(bench, sink_stats(bench->sink)->alerts_sent == 1);
    assert_string_equal(bench->hook.said,
                        "204 /ok rcb-pl/1757484600000 vedette.source.silent silent 2025-09-10T06:10:00Z valid\n"
                        "204 /ok rcb-pl/1757495400000 vedette.source.back back 2025-09-10T09:10:00Z valid\n");
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setenv("no_proxy", "127.0.0.1", 1);
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_was_stored_and_not_yet_alerted_is_alerted_by_the_next),
        T(what_was_begun_is_the_same_message_again),
        T(who_may_have_had_it_hears_that_it_holds_no_more),
        T(a_dead_endpoint_keeps_one_row_an_episode_and_hears_the_last),
        T(a_refused_message_is_kept_with_its_reason_until_somebody_decides),
        T(endpoints_come_and_go_with_the_configuration),
        T(a_source_that_falls_silent_is_told_and_that_it_is_back),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
