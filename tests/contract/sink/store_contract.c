#include "tests/contract/sink/store_bench.h"
#include "tests/contract/sink/story.h"
#include "tests/contract/sink/unit.h"

#include <stdio.h>
#include <string.h>

static const struct store_filter flagged = {0};
static const struct store_filter everything = {.with_candidates = true, .with_withdrawn = true};

static void a_new_store_is_empty(void **state)
{
    struct bench *bench = *state;
    assert_string_equal(bench_episodes(bench, everything), "");
    assert_string_equal(bench_incidents(bench, everything), "");
    assert_int_equal(store_link(bench->store).epoch, 0);
    assert_int_equal(store_link(bench->store).number, 0);
}

static void what_is_stored_is_read_back_field_by_field(void **state)
{
    struct bench *bench = *state;
    bench_tell(bench, "pl", 3, T0, 51.5, 23.25, "PL");
    bench_tell(bench, "ee", 0, T0 + 9 * DAY, 59.5, 25.5, "EE");
    bench_tell(bench, "art4", 0, T0 + DAY, 50.875, 4.375, "");
    assert_int_equal(bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "EE,PL", "pl !art4 ~ee"), 1);
    assert_string_equal(bench_episodes(bench, flagged),
                        "e1/1/flagged[s:pl=core@51.5 s:art4=response@50.875 s:ee=attached@59.5]\n");
    assert_string_equal(bench_incidents(bench, flagged),
                        "s:pl/3/confirmed@51.5 e1\ns:art4/0/confirmed@50.875 e1\ns:ee/0/confirmed@59.5 e1\n");
}

static enum status compare_whole(void *self, const struct episode *episode, const struct incident *const *members)
{
    const struct publication *told = self;
    unsigned char digest[32];
    episode_digest(episode, digest);
    assert_memory_equal(digest, told->episode.digest, sizeof digest);
    assert_memory_equal(episode->digest, told->episode.digest, sizeof digest);
    assert_true(span_equal(episode->cause, told->episode.cause));
    assert_true(span_equal(episode->title, told->episode.title));
    assert_int_equal(episode->position.number, told->episode.position.number);
    assert_true(episode->final == told->episode.final);
    assert_true(members[0] == NULL);
    return STATUS_OK;
}

static void an_episode_keeps_its_digest_and_all_that_is_outside_it(void **state)
{
    struct bench *bench = *state;
    struct publication told =
        story_episode(&bench->arena, bench_next(bench), "e1", 7, EPISODE_FLAGGED, T0, T0 + DAY, "EE,PL", "a b");
    told.episode.final = true;
    bench_apply(bench, told, NULL);
    assert_int_equal(store_episodes(bench->store, &flagged, compare_whole, &told), STATUS_OK);
}

static void a_publication_takes_effect_once(void **state)
{
    struct bench *bench = *state;
    struct publication incident = story_told(story_incident(&bench->arena, bench_next(bench), "a", 0, T0, 1, 2, "EE"));
    struct publication episode =
        story_episode(&bench->arena, bench_next(bench), "e1", 1, EPISODE_FLAGGED, T0, T0, "EE", "a");
    uint32_t revision = 0;
    assert_int_equal(bench_apply(bench, incident, NULL), STORE_APPLIED);
    assert_int_equal(bench_apply(bench, episode, &revision), STORE_APPLIED);
    assert_int_equal(bench_apply(bench, incident, NULL), STORE_KNOWN);
    assert_int_equal(bench_apply(bench, episode, &revision), STORE_KNOWN);
    assert_int_equal(revision, 1);
    /* Other content at an old position is as old. */
    struct stream_position old = {incident.incident.position.epoch, incident.incident.position.number - 1};
    assert_int_equal(bench_apply(bench, story_told(story_incident(&bench->arena, old, "a", 9, T0, 3, 4, "LV")), NULL),
                     STORE_KNOWN);
    assert_string_equal(bench_incidents(bench, everything), "s:a/0/confirmed@1 e1\n");
    struct publication stale =
        story_episode(&bench->arena, incident.incident.position, "e1", 9, EPISODE_WITHDRAWN, T0, T0, "", "");
    assert_int_equal(bench_apply(bench, stale, &revision), STORE_KNOWN);
    assert_string_equal(bench_episodes(bench, everything), "e1/1/flagged[s:a=core@1]\n");
}

static void the_link_resumes_where_it_was_told(void **state)
{
    struct bench *bench = *state;
    struct publication rule = story_rule("a", "03", "{}");
    enum store_effect effect;
    uint32_t revision;
    assert_int_equal(store_apply(bench->store,
                                 &(struct store_piece){.publications = &rule, .count = 1, .link = {9, 40}}, &effect,
                                 &revision, bench->reason),
                     DELIVERED);
    bench_tell(bench, "a", 0, T0, 1, 1, ""); /* which says nothing of a link */
    assert_int_equal(store_link(bench->store).epoch, 9);
    assert_int_equal(store_link(bench->store).number, 40);
    if (!bench->kind->outlives)
        return;
    store_close(bench->store);
    bench_open(bench);
    assert_int_equal(store_link(bench->store).epoch, 9);
    assert_int_equal(store_link(bench->store).number, 40);
}

static void equal_content_at_a_new_position_changes_nothing(void **state)
{
    struct bench *bench = *state;
    bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "EE", "a");
    struct publication again = story_episode(&bench->arena, (struct stream_position){2000, 1}, "e1", 1, EPISODE_FLAGGED,
                                             T0, T0 + 9 * DAY, "EE", "a");
    uint32_t revision = 0;
    assert_int_equal(bench_apply(bench, again, &revision), STORE_KNOWN);
    assert_int_equal(revision, 1);
    again.episode.position.number = 2;
    again.episode.revision = 2;
    again.episode.final = true; /* outside the digest, and yet a change */
    assert_int_equal(bench_apply(bench, again, &revision), STORE_APPLIED);
    assert_int_equal(revision, 2);
}

static void a_revision_never_names_two_contents_whatever_the_epoch(void **state)
{
    struct bench *bench = *state;
    bench_publish(bench, "e1", 1, EPISODE_CANDIDATE, "EE", "a");
    assert_int_equal(bench_publish(bench, "e1", 5, EPISODE_FLAGGED, "EE,PL", "a b"), 5);
    uint32_t revision = 0;
    bench_apply(
        bench,
        story_episode(&bench->arena, (struct stream_position){2000, 1}, "e1", 1, EPISODE_CANDIDATE, T0, T0, "EE", "a"),
        &revision);
    assert_int_equal(revision, 6);
    bench_apply(bench,
                story_episode(&bench->arena, (struct stream_position){2000, 2}, "e1", 2, EPISODE_FLAGGED, T0, T0,
                              "EE,PL,RO", "a b c"),
                &revision);
    assert_int_equal(revision, 7);
    assert_string_equal(bench_episodes(bench, flagged), "e1/7/flagged[s:a=core@? s:b=core@? s:c=core@?]\n");
    /* What an older life of the correlator still had under way is old. */
    assert_int_equal(bench_apply(bench,
                                 story_episode(&bench->arena, (struct stream_position){1000, 99}, "e1", 9,
                                               EPISODE_FLAGGED, T0, T0, "LV", "d"),
                                 &revision),
                     STORE_KNOWN);
}

static void a_retraction_keeps_what_was_known(void **state)
{
    struct bench *bench = *state;
    bench_tell(bench, "a", 1, T0, 51.5, 2, "PL");
    bench_apply(bench, story_retraction(&bench->arena, bench_next(bench), "a", 2), NULL);
    assert_string_equal(bench_incidents(bench, flagged), "s:a/2/retracted@51.5\n");
    /* Given back: the report stands as it was. */
    bench_tell(bench, "a", 3, T0, 51.5, 2, "PL");
    assert_string_equal(bench_incidents(bench, flagged), "s:a/3/confirmed@51.5\n");
}

static void a_retraction_of_the_unknown_is_remembered_bare_and_filled_by_the_report(void **state)
{
    struct bench *bench = *state;
    bench_apply(bench, story_retraction(&bench->arena, bench_next(bench), "a", 2), NULL);
    assert_string_equal(bench_incidents(bench, flagged), "s:a/2/retracted\n");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.since_ms = 1, .until_ms = INT64_MAX}), "");
    bench_tell(bench, "a", 1, T0, 51.5, 2, "PL"); /* older than the retraction: says what was retracted */
    assert_string_equal(bench_incidents(bench, flagged), "s:a/2/retracted@51.5\n");
    bench_tell(bench, "a", 3, T0, 51.5, 2, "PL");
    assert_string_equal(bench_incidents(bench, flagged), "s:a/3/confirmed@51.5\n");
}

static void a_new_life_of_the_correlator_has_the_last_word_on_a_retraction(void **state)
{
    struct bench *bench = *state;
    bench_tell(bench, "a", 1, T0, 51.5, 2, "PL");
    bench_apply(bench, story_retraction(&bench->arena, bench_next(bench), "a", 2), NULL);
    bench_apply(bench,
                story_told(story_incident(&bench->arena, (struct stream_position){2000, 1}, "a", 1, T0, 51.5, 2, "PL")),
                NULL);
    assert_string_equal(bench_incidents(bench, flagged), "s:a/1/confirmed@51.5\n");
}

/* One incident, told by those reports, the best first. */
static void tell_several(struct bench *bench, uint64_t publishers, const char *const *source_ids, size_t count)
{
    struct report *reports = arena_take(&bench->arena, count * sizeof *reports);
    assert_non_null(reports);
    struct incident best = {0};
    for (size_t i = 0; i < count; i++) {
        struct incident one =
            story_incident(&bench->arena, (struct stream_position){0}, source_ids[i], 1, T0, 10.0 + (double)i, 2, "PL");
        reports[i] = one.reports[0];
        if (i == 0)
            best = one;
    }
    best.position = bench_next(bench);
    best.reports = reports;
    best.report_count = count;
    best.publishers = publishers;
    assert_int_equal(bench_apply(bench, story_told(best), NULL), STORE_APPLIED);
}

/* "id:publishers reports omitted[source_id …]" */
static enum status note_reports(void *self, const struct incident *incident, const struct span *ids, size_t count)
{
    struct bench *bench = self;
    text_print(&bench->seen, "%.*s:%u/%u[", SPAN_ARG(incident->id), (unsigned)incident_publishers(incident),
               (unsigned)incident->reports_omitted);
    for (size_t i = 0; i < incident->report_count; i++)
        text_print(&bench->seen, "%s%.*s%s", i > 0 ? " " : "", SPAN_ARG(incident->reports[i].source_id),
                   incident->reports[i].status == REPORT_RETRACTED ? "!" : "");
    text_print(&bench->seen, "]\n");
    return STATUS_OK;
}

static const char *incidents_with_reports(struct bench *bench)
{
    text_clear(&bench->seen);
    text_print(&bench->seen, "%s", "");
    const struct store_filter filter = {0};
    assert_int_equal(store_incidents(bench->store, &filter, note_reports, bench), STATUS_OK);
    return bench->seen.data;
}

static void what_is_one_incident_now_leaves_no_ghost(void **state)
{
    struct bench *bench = *state;
    bench_tell(bench, "a", 1, T0, 51.5, 2, "PL");
    bench_tell(bench, "b", 1, T0, 51.6, 2, "PL");
    bench_tell(bench, "c", 1, T0, 51.7, 2, "PL");
    bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "PL", "a c");
    tell_several(bench, 2, (const char *const[]){"b", "a"}, 2);
    assert_string_equal(incidents_with_reports(bench), "s:b:2/0[b a]\ns:c:1/0[c]\n");
    assert_string_equal(bench_episodes(bench, flagged),
                        "e1/1/flagged[s:a=core@? s:c=core@51.7]\n"); /* until it is revised */
    bench_publish(bench, "e1", 2, EPISODE_FLAGGED, "PL", "b c");
    assert_string_equal(bench_episodes(bench, flagged), "e1/2/flagged[s:b=core@10 s:c=core@51.7]\n");
    /* Another tells it best; then each is its own again. */
    tell_several(bench, 3, (const char *const[]){"c", "b", "a"}, 3);
    assert_string_equal(incidents_with_reports(bench), "s:c:3/0[c b a]\n");
    bench_tell(bench, "b", 1, T0, 51.6, 2, "PL");
    tell_several(bench, 2, (const char *const[]){"a", "c"}, 2);
    assert_string_equal(incidents_with_reports(bench), "s:a:2/0[a c]\ns:b:1/0[b]\n");
}

static void of_several_reports_the_one_that_is_retracted_goes_behind_the_others(void **state)
{
    struct bench *bench = *state;
    tell_several(bench, 3, (const char *const[]){"a", "b", "c"}, 3);
    bench_apply(bench, story_retraction(&bench->arena, bench_next(bench), "a", 2), NULL);
    assert_string_equal(incidents_with_reports(bench), "s:a:3/0[b c a!]\n");
    assert_string_equal(bench_incidents(bench, flagged), "s:a/1/confirmed@11\n");
}

static void an_incident_may_come_after_its_episode(void **state)
{
    struct bench *bench = *state;
    bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "EE", "a b");
    assert_string_equal(bench_episodes(bench, flagged), "e1/1/flagged[s:a=core@? s:b=core@?]\n");
    bench_tell(bench, "b", 0, T0, 7, 7, "EE");
    assert_string_equal(bench_episodes(bench, flagged), "e1/1/flagged[s:a=core@? s:b=core@7]\n");
    assert_string_equal(bench_incidents(bench, flagged), "s:b/0/confirmed@7 e1\n");
}

static void members_come_and_go(void **state)
{
    struct bench *bench = *state;
    bench_tell(bench, "a", 0, T0, 1, 1, "");
    bench_tell(bench, "b", 0, T0 + 1, 2, 1, "");
    bench_tell(bench, "c", 0, T0 + 2, 3, 1, "");
    bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "EE", "a ~b");
    bench_publish(bench, "e2", 1, EPISODE_CANDIDATE, "EE", "b");
    bench_publish(bench, "e1", 2, EPISODE_FLAGGED, "EE", "b c");
    assert_string_equal(bench_episodes(bench, flagged), "e1/2/flagged[s:b=core@2 s:c=core@3]\n");
    assert_string_equal(bench_incidents(bench, flagged),
                        "s:a/0/confirmed@1\ns:b/0/confirmed@2 e1 e2\ns:c/0/confirmed@3 e1\n");
    bench_publish(bench, "e2", 2, EPISODE_WITHDRAWN, "", "");
    assert_string_equal(bench_incidents(bench, (struct store_filter){.id = SPAN("s:b")}), "s:b/0/confirmed@2 e1\n");
}

static enum status note_rule(void *self, const struct published_rule *rule)
{
    text_print(self, "%.*s %.*s %.*s\n", SPAN_ARG(rule->name), SPAN_ARG(rule->hash), SPAN_ARG(rule->json));
    return STATUS_OK;
}

static void rules_are_kept_by_name_and_hash(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_apply(bench, story_rule("b", "02", "{\"n\":2}"), NULL), STORE_APPLIED);
    assert_int_equal(bench_apply(bench, story_rule("a", "03", "{\"n\":3}"), NULL), STORE_APPLIED);
    assert_int_equal(bench_apply(bench, story_rule("b", "01", "{\"n\":1}"), NULL), STORE_APPLIED);
    assert_int_equal(bench_apply(bench, story_rule("b", "02", "{\"n\":2}"), NULL), STORE_KNOWN);
    text_clear(&bench->seen);
    assert_int_equal(store_rules(bench->store, note_rule, &bench->seen), STATUS_OK);
    assert_string_equal(bench->seen.data, "a 03 {\"n\":3}\nb 01 {\"n\":1}\nb 02 {\"n\":2}\n");
}

static enum status note_notice(void *self, const struct notice *notice)
{
    text_print(self, "%.*s %s %d %d\n", SPAN_ARG(notice->source), notice_kind_name(notice->kind), (int)notice->since_ms,
               (int)notice->position.number);
    return STATUS_OK;
}

static const char *notices(struct bench *bench, const char *source)
{
    text_clear(&bench->seen);
    text_print(&bench->seen, "%s", "");
    assert_int_equal(store_notices(bench->store, span_of(source), note_notice, &bench->seen), STATUS_OK);
    return bench->seen.data;
}

static void the_last_notice_of_each_source_and_kind_is_kept(void **state)
{
    struct bench *bench = *state;
    struct stream_position at = {7, 10}, later = {7, 12};
    assert_string_equal(notices(bench, ""), "");
    assert_int_equal(bench_apply(bench, story_notice(at, "b", NOTICE_SILENT, 100), NULL), STORE_APPLIED);
    assert_int_equal(bench_apply(bench, story_notice(at, "a", NOTICE_SILENT, 90), NULL), STORE_APPLIED);
    assert_int_equal(bench_apply(bench, story_notice(at, "b", NOTICE_BACK, 200), NULL), STORE_APPLIED); /* same cause */
    assert_string_equal(notices(bench, ""), "a silent 90 10\nb silent 100 10\nb back 200 10\n");
    /* Who was never silent is not back. */
    assert_int_equal(bench_apply(bench, story_notice(at, "c", NOTICE_BACK, 50), NULL), STORE_KNOWN);
    /* Sent again, or found again by a correlator that was started anew: nothing new. */
    assert_int_equal(bench_apply(bench, story_notice(later, "a", NOTICE_SILENT, 95), NULL), STORE_KNOWN);
    assert_int_equal(bench_apply(bench, story_notice(later, "b", NOTICE_BACK, 250), NULL), STORE_KNOWN);
    assert_int_equal(bench_apply(bench, story_notice(at, "b", NOTICE_SILENT, 100), NULL), STORE_KNOWN);
    assert_int_equal(bench_apply(bench, story_notice(later, "a", NOTICE_SILENT, 90), NULL), STORE_KNOWN);
    assert_int_equal(bench_apply(bench, story_notice(later, "b", NOTICE_SILENT, 300), NULL), STORE_APPLIED);
    assert_int_equal(bench_apply(bench, story_notice(at, "b", NOTICE_BACK, 400), NULL), STORE_KNOWN);
    assert_string_equal(notices(bench, "b"), "b back 200 10\nb silent 300 12\n");
    if (!bench->kind->outlives)
        return;
    store_close(bench->store);
    bench_open(bench);
    assert_string_equal(notices(bench, "b"), "b back 200 10\nb silent 300 12\n");
}

static void what_is_stored_is_there_after_reopening(void **state)
{
    struct bench *bench = *state;
    if (!bench->kind->outlives)
        skip();
    bench_tell(bench, "a", 1, T0, 51.5, 2, "PL");
    bench_publish(bench, "e1", 4, EPISODE_FLAGGED, "PL", "a");
    bench_apply(bench, story_rule("a", "03", "{}"), NULL);
    store_close(bench->store);
    bench_open(bench);
    assert_string_equal(bench_episodes(bench, flagged), "e1/4/flagged[s:a=core@51.5]\n");
    assert_int_equal(bench_publish(bench, "e1", 1, EPISODE_FLAGGED, "EE,PL", "a b"), 5);
}

#define MANY 10000

static enum status count_one(void *self, const struct incident *incident, const struct span *ids, size_t count)
{
    (void)ids;
    struct bench *bench = self;
    assert_int_equal(count, incident->reports[0].occurred.start_ms % 2 == 0 ? 1 : 0);
    bench->visits++;
    return STATUS_OK;
}

static void ten_thousand_incidents_in_one_piece(void **state)
{
    struct bench *bench = *state;
    struct publication *publications = test_calloc(MANY + 1, sizeof *publications);
    enum store_effect *effects = test_calloc(MANY + 1, sizeof *effects);
    uint32_t *revisions = test_calloc(MANY + 1, sizeof *revisions);
    struct text members = {0};
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        publications[i] = story_told(
            story_incident(&bench->arena, bench_next(bench), id, 0, T0 + i, (i % 180) - 90, (i * 7 % 360) - 180, "EE"));
        if (i % 2 == 0)
            text_print(&members, "%si%d", i > 0 ? " " : "", i);
    }
    publications[MANY] =
        story_episode(&bench->arena, bench_next(bench), "e", 1, EPISODE_FLAGGED, T0, T0 + MANY, "EE", members.data);
    text_fini(&members);
    assert_int_equal(store_apply(bench->store, &(struct store_piece){.publications = publications, .count = MANY + 1},
                                 effects, revisions, bench->reason),
                     DELIVERED);
    for (int i = 0; i <= MANY; i++)
        assert_int_equal(effects[i], STORE_APPLIED);
    assert_int_equal(store_incidents(bench->store, &flagged, count_one, bench), STATUS_OK);
    assert_int_equal(bench->visits, MANY);
    test_free(publications);
    test_free(effects);
    test_free(revisions);
}

int store_contract_run(const char *name, const struct store_case *kind)
{
    bench_use(kind);
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_new_store_is_empty),
        BENCH_TEST(what_is_stored_is_read_back_field_by_field),
        BENCH_TEST(an_episode_keeps_its_digest_and_all_that_is_outside_it),
        BENCH_TEST(a_publication_takes_effect_once),
        BENCH_TEST(the_link_resumes_where_it_was_told),
        BENCH_TEST(equal_content_at_a_new_position_changes_nothing),
        BENCH_TEST(a_revision_never_names_two_contents_whatever_the_epoch),
        BENCH_TEST(a_retraction_keeps_what_was_known),
        BENCH_TEST(a_retraction_of_the_unknown_is_remembered_bare_and_filled_by_the_report),
        BENCH_TEST(a_new_life_of_the_correlator_has_the_last_word_on_a_retraction),
        BENCH_TEST(what_is_one_incident_now_leaves_no_ghost),
        BENCH_TEST(of_several_reports_the_one_that_is_retracted_goes_behind_the_others),
        BENCH_TEST(an_incident_may_come_after_its_episode),
        BENCH_TEST(members_come_and_go),
        BENCH_TEST(rules_are_kept_by_name_and_hash),
        BENCH_TEST(the_last_notice_of_each_source_and_kind_is_kept),
        BENCH_TEST(what_is_stored_is_there_after_reopening),
        BENCH_TEST(ten_thousand_incidents_in_one_piece),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
