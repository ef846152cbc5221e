/* The publisher, read back with the eyes of a sink. */
#include "correlator/publisher.h"

#include "correlator/rule_config.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/ground.h"
#include "tests/unit/correlator/pipeline/reports.h"
#include "tests/unit/correlator/pipeline/stage.h"

#include <stdio.h>

#define EPOCH 1757453400000u

#define RULE_OF(rule_name, reach)                                                                                      \
    {                                                                                                                  \
        .name = {rule_name, sizeof rule_name - 1}, .reach_km = reach, .window_ms = 14 * DAY_MS, .min_neighbours = 1,   \
        .min_incidents = 2, .min_countries = 2, .alpha = 1e-3, .max_radius_km = 200, .cap_duration_ms = 90 * DAY_MS,   \
        .cap_extent_km = INFINITY                                                                                      \
    }
static const struct rule rules[] = {RULE_OF("airspace", 1000), RULE_OF("seabed", 600)};

/* A sink that reads each publication as it comes; the last one stays readable. */
struct sink {
    struct publisher *publisher;
    struct arena arena;
    struct publication last;
    size_t count;
    enum status answer; /* to the next publication */
};

static enum status take(void *self, struct span item)
{
    struct sink *sink = self;
    char reason[REASON_BYTES] = "";
    if (sink->answer != STATUS_OK)
        return sink->answer;
    arena_reset(&sink->arena);
    if (publication_unpack(item, &sink->arena, &sink->last, reason) != STATUS_OK)
        fail_msg("a sink refuses it: %s", reason);
    sink->count++;
    return STATUS_OK;
}

static void sink_init(struct sink *sink)
{
    *sink = (struct sink){0};
    arena_init(&sink->arena, 256u << 20);
    const struct publisher_outlet outlet = {take, sink};
    assert_int_equal(publisher_new(rules, 2, EPOCH, &outlet, &sink->publisher), STATUS_OK);
}

static void sink_fini(struct sink *sink)
{
    publisher_free(sink->publisher);
    arena_fini(&sink->arena);
}

/* Tells the change; answers the episode as the sink read it, NULL where it was not told. */
static const struct episode *tell(struct sink *sink, struct stage *stage)
{
    size_t before = sink->count;
    assert_int_equal(publisher_episode(sink->publisher, &stage->change), STATUS_OK);
    stage_settle(stage);
    if (sink->count == before)
        return NULL;
    assert_int_equal(sink->count, before + 1);
    assert_int_equal(sink->last.kind, PUBLICATION_EPISODE);
    return &sink->last.episode;
}

static void stage_pair(struct stage *stage)
{
    stage_init(stage, "e1");
    stage_member(stage, "desk:a", CATEGORY_AIR_DRONE_INCURSION);
    stage_member(stage, "desk:b", CATEGORY_AIR_DRONE_INCURSION);
    stage_country(stage, "EE");
    stage_country(stage, "PL");
    stage->change.is_new = true;
    stage->change.state = EPISODE_FLAGGED;
    stage->change.first_ms = START_MS;
    stage->change.last_ms = START_MS + DAY_MS;
    stage->change.extent_km = 935.2;
}

static void assert_text(struct span text, const char *expected)
{
    if (!span_equal(text, span_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(text), expected);
}

static void the_stream_begins_with_the_rules_and_all_stands_where_its_cause_stands(void **state)
{
    struct sink sink;
    struct stage stage;
    struct text json = {0};
    sink_init(&sink);
    assert_int_equal(publisher_rules(sink.publisher), STATUS_OK);
    assert_int_equal(sink.count, 2);
    assert_int_equal(sink.last.kind, PUBLICATION_RULE);
    assert_text(sink.last.rule.name, "seabed");
    rule_to_json(&rules[1], &json);
    assert_text(sink.last.rule.json, json.data);
    text_fini(&json);
    struct report report = report_make("a", 1);
    for (uint64_t number = 3; number < 6; number++) {
        publisher_at(sink.publisher, number);
        assert_int_equal(publisher_incident(sink.publisher, &report), STATUS_OK);
        assert_int_equal(sink.last.incident.position.epoch, EPOCH);
        assert_int_equal(sink.last.incident.position.number, number);
    }
    stage_pair(&stage);
    const struct episode *episode = tell(&sink, &stage);
    assert_int_equal(episode->position.epoch, EPOCH);
    assert_int_equal(episode->position.number, 5);
    sink_fini(&sink);
}

static void an_incident_is_told_as_its_report_stands(void **state)
{
    struct sink sink;
    sink_init(&sink);
    struct report report = report_make("a", 7), retraction = report_retraction("a", 8);
    assert_int_equal(publisher_incident(sink.publisher, &report), STATUS_OK);
    assert_int_equal(sink.last.kind, PUBLICATION_INCIDENT);
    assert_text(sink.last.incident.id, "desk:a");
    assert_int_equal(sink.last.incident.report_count, 1);
    assert_int_equal(report_order(&sink.last.incident.reports[0], &report), 0);
    assert_int_equal(publisher_retraction(sink.publisher, &retraction), STATUS_OK);
    assert_int_equal(sink.last.kind, PUBLICATION_RETRACTED);
    assert_int_equal(sink.last.incident.reports[0].revision, 8);
    sink_fini(&sink);
}

static void a_notice_is_told_where_the_journal_stands(void **state)
{
    struct sink sink;
    sink_init(&sink);
    publisher_at(sink.publisher, 9);
    assert_int_equal(publisher_notice(sink.publisher, SPAN("desk"), NOTICE_SILENT, START_MS, SPAN("for 3 h")),
                     STATUS_OK);
    assert_int_equal(sink.last.kind, PUBLICATION_NOTICE);
    assert_text(sink.last.notice.source, "desk");
    assert_text(sink.last.notice.text, "for 3 h");
    assert_int_equal(sink.last.notice.kind, NOTICE_SILENT);
    assert_int_equal(sink.last.notice.since_ms, START_MS);
    assert_int_equal(sink.last.notice.position.epoch, EPOCH);
    assert_int_equal(sink.last.notice.position.number, 9);
    sink_fini(&sink);
}

static void an_episode_is_told_with_all_the_engine_said_of_it(void **state)
{
    struct sink sink;
    struct stage stage;
    char hash[RULE_HASH_BYTES];
    sink_init(&sink);
    stage_pair(&stage);
    stage.change.rule = 1;
    stage.change.capped = true;
    strcpy(stage.change.continues, "e0");
    const struct episode *episode = tell(&sink, &stage);
    assert_non_null(episode);
    assert_text(episode->id, "e1");
    assert_text(episode->rule, "seabed");
    rule_hash(&rules[1], hash);
    assert_text(episode->rule_hash, hash);
    assert_int_equal(episode->revision, 1);
    assert_int_equal(episode->state, EPISODE_FLAGGED);
    assert_text(episode->title, "Drones over EE, PL: 2 incidents in 24 hours");
    assert_text(episode->cause, "2 incidents added: desk:a, desk:b; now flagged; capped: a neighbour did not fit");
    assert_int_equal(episode->first_ms, START_MS);
    assert_int_equal(episode->last_ms, START_MS + DAY_MS);
    assert_true(episode->extent_km == 935.2);
    assert_true(episode->capped);
    assert_false(episode->final);
    assert_false(episode->calibrated);
    assert_true(isnan(episode->expected) && isnan(episode->score) && isnan(episode->recurrence_days));
    assert_text(episode->continues, "e0");
    assert_int_equal(episode->observed, 2);
    assert_int_equal(episode->member_count, 2);
    assert_text(episode->members[1].incident_id, "desk:b");
    assert_int_equal(episode->country_count, 2);
    assert_int_equal(episode->supersedes_count, 0);
    assert_int_equal(publisher_revisions(sink.publisher), 1);
    sink_fini(&sink);
}

static void content_that_has_not_changed_is_not_told_again(void **state)
{
    struct sink sink;
    struct stage stage;
    sink_init(&sink);
    stage_pair(&stage);
    assert_int_equal(tell(&sink, &stage)->revision, 1);
    assert_null(tell(&sink, &stage));
    stage.change.last_ms += DAY_MS;
    assert_int_equal(tell(&sink, &stage)->revision, 2);
    assert_null(tell(&sink, &stage));
    stage.records[0].digest[5]++; /* another headline */
    stage.records[0].action = ACTION_CORRECTED;
    stage_put(stage.touched, &stage.change.touched_count, &stage.records[0], MEMBERSHIP_CORE);
    const struct episode *episode = tell(&sink, &stage);
    assert_int_equal(episode->revision, 3);
    assert_text(episode->cause, "incident corrected: desk:a");
    assert_int_equal(publisher_revisions(sink.publisher), 3);
    sink_fini(&sink);
}

static void the_final_revision_repeats_what_made_the_content(void **state)
{
    struct sink sink;
    struct stage stage;
    sink_init(&sink);
    stage_pair(&stage);
    (void)tell(&sink, &stage);
    unsigned char digest[32];
    memcpy(digest, sink.last.episode.digest, sizeof digest);
    assert_null(tell(&sink, &stage)); /* what is not told leaves no trace on the cause */
    stage.change.final = true;
    const struct episode *episode = tell(&sink, &stage);
    assert_true(episode->final);
    assert_int_equal(episode->revision, 2);
    assert_text(episode->cause, "2 incidents added: desk:a, desk:b; now flagged; final");
    assert_memory_equal(episode->digest, digest, sizeof digest); /* finality is no content */
    sink_fini(&sink);
}

static void a_first_telling_that_is_final_says_both(void **state)
{
    struct sink sink;
    struct stage stage;
    sink_init(&sink);
    stage_pair(&stage);
    stage.change.final = true;
    assert_text(tell(&sink, &stage)->cause, "2 incidents added: desk:a, desk:b; now flagged; final");
    sink_fini(&sink);
}

static void a_withdrawal_of_what_was_never_told_is_silent(void **state)
{
    struct sink sink;
    struct stage stage;
    sink_init(&sink);
    stage_pair(&stage);
    stage.change.state = EPISODE_WITHDRAWN;
    assert_null(tell(&sink, &stage));
    sink_fini(&sink);
}

static void withdrawn_and_back_it_goes_on_counting(void **state)
{
    struct sink sink;
    struct stage stage;
    sink_init(&sink);
    stage_pair(&stage);
    assert_int_equal(tell(&sink, &stage)->revision, 1);
    stage.change.state = EPISODE_WITHDRAWN;
    const struct episode *episode = tell(&sink, &stage);
    assert_int_equal(episode->revision, 2);
    assert_text(episode->cause, "no core is left");
    publisher_forget(sink.publisher, stage.change.last_ms); /* it may still come back */
    stage.change.state = EPISODE_FLAGGED;
    stage.change.is_new = true;
    episode = tell(&sink, &stage);
    assert_int_equal(episode->revision, 3);
    assert_text(episode->cause, "now flagged");
    sink_fini(&sink);
}

static void a_withdrawn_one_is_forgotten_behind_the_horizon_and_a_standing_one_is_not(void **state)
{
    struct sink sink;
    struct stage gone, stands;
    sink_init(&sink);
    stage_pair(&gone);
    stage_pair(&stands);
    strcpy(stands.change.id, "e2");
    (void)tell(&sink, &gone);
    (void)tell(&sink, &stands);
    gone.change.state = EPISODE_WITHDRAWN;
    (void)tell(&sink, &gone);
    publisher_forget(sink.publisher, gone.change.last_ms + 1);
    stands.change.observed++;
    assert_int_equal(tell(&sink, &stands)->revision, 2);
    assert_null(tell(&sink, &gone)); /* nothing to take back any more */
    sink_fini(&sink);
}

static void those_taken_in_are_kept_in_order_and_told_ever_after(void **state)
{
    struct sink sink;
    struct stage stage;
    sink_init(&sink);
    stage_pair(&stage);
    strcpy(stage.supersedes[0], "e7");
    stage.change.supersedes_count = 1;
    const struct episode *episode = tell(&sink, &stage);
    assert_int_equal(episode->supersedes_count, 1);
    strcpy(stage.supersedes[0], "e3");
    strcpy(stage.supersedes[1], "e7");
    stage.change.supersedes_count = 2;
    episode = tell(&sink, &stage); /* content unchanged, lineage not: told */
    assert_non_null(episode);
    assert_text(episode->cause, "takes in e3, e7");
    assert_int_equal(episode->supersedes_count, 2);
    assert_text(episode->supersedes[0], "e3");
    assert_text(episode->supersedes[1], "e7");
    stage.change.extent_km += 1;
    episode = tell(&sink, &stage);
    assert_int_equal(episode->supersedes_count, 2);
    sink_fini(&sink);
}

static void of_many_taken_in_the_thirty_two_latest_are_kept(void **state)
{
    struct sink sink;
    struct stage stage;
    sink_init(&sink);
    stage_pair(&stage);
    const struct episode *episode = NULL;
    for (int i = 0; i < 40; i++) {
        (void)snprintf(stage.supersedes[0], EPISODE_ID_BYTES, "id-%02d", i);
        stage.change.supersedes_count = 1;
        episode = tell(&sink, &stage);
    }
    assert_int_equal(episode->supersedes_count, 32);
    assert_text(episode->supersedes[0], "id-08");
    assert_text(episode->supersedes[31], "id-39");
    sink_fini(&sink);
}

static void a_merged_one_says_into_which(void **state)
{
    struct sink sink;
    struct stage stage;
    sink_init(&sink);
    stage_pair(&stage);
    (void)tell(&sink, &stage);
    stage.change.state = EPISODE_WITHDRAWN;
    strcpy(stage.change.superseded_by, "e0");
    const struct episode *episode = tell(&sink, &stage);
    assert_text(episode->superseded_by, "e0");
    assert_text(episode->cause, "merged into e0");
    sink_fini(&sink);
}

/* By the baseline: expected, score and recurrence are surprise_of's; h and K are the history's at each member. */
static void what_the_baseline_says_is_told_and_told_again_by_another(void **state)
{
    static const struct point town[] = {{1 << 27, 1 << 26, 0}, {1 << 27, 1 << 26, 5}, {1 << 27, 1 << 26, 9}};
    struct rule judged[] = {RULE_OF("airspace", 1000), RULE_OF("seabed", 600)};
    struct baseline *quiet = ground_made(judged, 1, town, 0), *busy = ground_made(judged, 1, town, 3);
    struct sink sink = {0};
    struct stage stage;
    arena_init(&sink.arena, 256u << 20);
    assert_int_equal(publisher_new(judged, 2, EPOCH, &(struct publisher_outlet){take, &sink}, &sink.publisher),
                     STATUS_OK);
    judged[0].baseline = baseline_rule_find(quiet, SPAN("airspace"));
    assert_int_equal(publisher_baseline(sink.publisher, baseline_hash(quiet), SPAN("")), STATUS_OK);
    stage_pair(&stage);
    for (size_t i = 0; i < 2; i++)
        stage.records[i].incident.point = town[i];
    stage.change.observed = 2;
    const struct episode *episode = tell(&sink, &stage);
    assert_non_null(episode);
    assert_true(episode->calibrated);
    assert_text(episode->baseline_hash, baseline_hash(quiet));
    double expected = 29.0 / 366.0; /* (0 + 1)(1 + 2 · 14 days) over the history's 366 */
    assert_true(fabs(episode->expected - expected) < 1e-12);
    assert_true(fabs(episode->score - (2.0 * log(2.0 / expected) + expected - 2.0)) < 1e-5);
    assert_true(episode->score > 4.0 && episode->score < 5.0); /* five null episodes of a hundred years had as much */
    assert_true(fabs(episode->recurrence_days - 100.0 * 365.25 / 5.0) < 1e-9);
    assert_false(episode->recurrence_at_least);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(episode->members[i].history, 0);
        assert_int_equal(episode->members[i].threshold, baseline_threshold(judged[0].baseline, 0, 0));
    }

    assert_null(tell(&sink, &stage)); /* nothing new */
    judged[0].baseline = baseline_rule_find(busy, SPAN("airspace"));
    assert_int_equal(publisher_baseline(sink.publisher, baseline_hash(busy), SPAN("rule changed: so it is")),
                     STATUS_OK);
    episode = tell(&sink, &stage);
    assert_non_null(episode);
    assert_text(episode->baseline_hash, baseline_hash(busy));
    assert_text(episode->cause, "rule changed: so it is");
    assert_int_equal(episode->members[0].history, 3);
    assert_true(fabs(episode->expected - 4.0 * expected) < 1e-12);
    publisher_occasion_over(sink.publisher);

    judged[0].baseline = NULL;
    assert_int_equal(publisher_baseline(sink.publisher, "", SPAN("")), STATUS_OK);
    episode = tell(&sink, &stage);
    assert_non_null(episode);
    assert_false(episode->calibrated);
    assert_text(episode->baseline_hash, "");
    assert_true(isnan(episode->expected) && isnan(episode->score) && isnan(episode->recurrence_days));
    assert_int_equal(episode->members[0].threshold, 0);
    sink_fini(&sink);
    baseline_close(quiet);
    baseline_close(busy);
}

/* However many members, whatever their ids: the item stays one that a sink takes, and says what it left out. */
static void an_episode_of_any_size_fits_one_item(void **state)
{
    static const struct {
        size_t count, id_size, carried;
    } rows[] = {{100001, 8, 100000}, {100000, LIMIT_INCIDENT_ID_BYTES, 97635}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sink sink;
        struct stage stage;
        char id[LIMIT_INCIDENT_ID_BYTES];
        memset(id, 'i', sizeof id);
        sink_init(&sink);
        stage_pair(&stage);
        struct engine_incident incident = stage.records[0].incident;
        incident.id = (struct span){id, rows[i].id_size};
        struct engine_member *members = malloc(rows[i].count * sizeof *members);
        assert_non_null(members);
        for (size_t n = 0; n < rows[i].count; n++)
            members[n] = (struct engine_member){&incident, MEMBERSHIP_CORE};
        stage.change.members = members;
        stage.change.member_count = stage.change.observed = rows[i].count;
        const struct episode *episode = tell(&sink, &stage);
        assert_int_equal(episode->member_count + episode->members_omitted, rows[i].count);
        assert_int_equal(episode->member_count, rows[i].carried);
        assert_int_equal(episode->observed, rows[i].count);
        free(members);
        sink_fini(&sink);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_begins_with_the_rules_and_all_stands_where_its_cause_stands),
        cmocka_unit_test(an_incident_is_told_as_its_report_stands),
        cmocka_unit_test(a_notice_is_told_where_the_journal_stands),
        cmocka_unit_test(an_episode_is_told_with_all_the_engine_said_of_it),
        cmocka_unit_test(content_that_has_not_changed_is_not_told_again),
        cmocka_unit_test(the_final_revision_repeats_what_made_the_content),
        cmocka_unit_test(a_first_telling_that_is_final_says_both),
        cmocka_unit_test(a_withdrawal_of_what_was_never_told_is_silent),
        cmocka_unit_test(withdrawn_and_back_it_goes_on_counting),
        cmocka_unit_test(a_withdrawn_one_is_forgotten_behind_the_horizon_and_a_standing_one_is_not),
        cmocka_unit_test(those_taken_in_are_kept_in_order_and_told_ever_after),
        cmocka_unit_test(of_many_taken_in_the_thirty_two_latest_are_kept),
        cmocka_unit_test(a_merged_one_says_into_which),
        cmocka_unit_test(what_the_baseline_says_is_told_and_told_again_by_another),
        cmocka_unit_test(an_episode_of_any_size_fits_one_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
