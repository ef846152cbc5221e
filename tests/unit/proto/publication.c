#include "tests/unit/proto/unit.h"

static struct arena arena;
static struct text bytes;

static const country_code countries[] = {COUNTRY_CODE('E', 'E'), COUNTRY_CODE('P', 'L')};
static const struct episode_member members[] = {
    {.incident_id = {"s:1", 3}, .membership = MEMBERSHIP_CORE, .history = 7, .threshold = 4},
    {.incident_id = {"s:2", 3}, .membership = MEMBERSHIP_CONTEXT}};
static const struct span supersedes[] = {{"e0", 2}, {"e00", 3}};

static struct episode example_episode(void)
{
    struct episode episode = {.id = SPAN("e1"),
                              .revision = 2,
                              .position = {7, 8},
                              .title = SPAN("Drones over EE, PL"),
                              .rule = SPAN("airspace"),
                              .rule_hash = SPAN("00ff"),
                              .state = EPISODE_FLAGGED,
                              .final = true,
                              .capped = true,
                              .countries = countries,
                              .country_count = 2,
                              .first_ms = -5,
                              .last_ms = 5,
                              .extent_km = 935.2,
                              .continues = SPAN("e-1"),
                              .observed = 2,
                              .expected = (double)NAN,
                              .score = 0,
                              .recurrence_days = 12.5,
                              .recurrence_at_least = true,
                              .baseline_hash = SPAN("ff00ff00ff00ff00"),
                              .cause = SPAN("incident added: s:2"),
                              .supersedes = supersedes,
                              .supersedes_count = 2,
                              .superseded_by = SPAN("e2"),
                              .members = members,
                              .member_count = 2,
                              .members_omitted = 3};
    episode_digest(&episode, episode.digest);
    return episode;
}

static struct publication round_trip(const struct publication *publication)
{
    char reason[REASON_BYTES] = "";
    struct publication again;
    text_clear(&bytes);
    assert_int_equal(publication_pack(publication, &bytes), STATUS_OK);
    enum status status = publication_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason);
    if (status != STATUS_OK)
        fail_msg("%s", reason);
    assert_int_equal(again.kind, publication->kind);
    return again;
}

static void an_episode_comes_back_whole(void **state)
{
    struct publication publication = {.kind = PUBLICATION_EPISODE, .episode = example_episode()};
    struct publication again = round_trip(&publication);
    const struct episode *episode = &again.episode;
    unsigned char digest[32];
    episode_digest(episode, digest);
    assert_memory_equal(digest, publication.episode.digest, 32);
    assert_memory_equal(episode->digest, publication.episode.digest, 32);
    assert_int_equal(episode->revision, 2);
    assert_true(episode->position.epoch == 7 && episode->position.number == 8);
    assert_true(episode->final && episode->capped && !episode->calibrated);
    assert_true(isnan(episode->expected) && episode->score == 0 && episode->recurrence_days == 12.5);
    assert_span_is(episode->cause, "incident added: s:2");
    assert_int_equal(episode->supersedes_count, 2);
    assert_span_is(episode->supersedes[1], "e00");
    assert_span_is(episode->superseded_by, "e2");
    assert_int_equal(episode->members[1].membership, MEMBERSHIP_CONTEXT);
    assert_true(episode->members[0].history == 7 && episode->members[0].threshold == 4);
    assert_true(episode->members[1].history == 0 && episode->members[1].threshold == 0);
    assert_span_is(episode->baseline_hash, "ff00ff00ff00ff00");
    assert_true(episode->recurrence_at_least);
    assert_int_equal(episode->members_omitted, 3);
}

static void the_digest_sees_content_and_only_content(void **state)
{
    struct episode episode = example_episode();
    unsigned char digest[32];
#define SEEN(field, value, is_content)                                                                                 \
    do {                                                                                                               \
        struct episode changed = episode;                                                                              \
        changed.field = (value);                                                                                       \
        episode_digest(&changed, digest);                                                                              \
        if ((memcmp(digest, episode.digest, 32) != 0) != (is_content))                                                 \
            fail_msg("%s", #field);                                                                                    \
    } while (0)
    SEEN(id, SPAN("e9"), true);
    SEEN(title, SPAN(""), true);
    SEEN(rule, SPAN("x"), true);
    SEEN(rule_hash, SPAN("x"), true);
    SEEN(state, EPISODE_WITHDRAWN, true);
    SEEN(capped, false, true);
    SEEN(calibrated, true, true);
    SEEN(country_count, 1, true);
    SEEN(first_ms, 0, true);
    SEEN(last_ms, 0, true);
    SEEN(extent_km, 0, true);
    SEEN(continues, SPAN(""), true);
    SEEN(observed, 1, true);
    SEEN(expected, 1, true);
    SEEN(score, 1, true);
    SEEN(recurrence_days, (double)NAN, true);
    SEEN(recurrence_at_least, false, true);
    SEEN(baseline_hash, SPAN("x"), true);
    SEEN(baseline_hash, SPAN(""), true);
    SEEN(member_count, 1, true);
    struct episode_member judged[2] = {members[0], members[1]};
    judged[0].history++;
    SEEN(members, judged, true);
    judged[0] = members[0];
    judged[0].threshold++;
    SEEN(members, judged, true);
    SEEN(members_omitted, 0, true);
    SEEN(revision, 9, false);
    SEEN(position.number, 9, false);
    SEEN(final, false, false);
    SEEN(cause, SPAN(""), false);
    SEEN(supersedes_count, 0, false);
    SEEN(superseded_by, SPAN(""), false);
}

static void an_incident_comes_back_with_all_its_reports(void **state)
{
    struct report reports[] = {example_report(&arena), example_report(&arena)};
    reports[1].source = SPAN("other");
    struct publication publication = {
        .kind = PUBLICATION_INCIDENT,
        .incident = {.id = SPAN("rcb-pl:2025-0911"), .position = {1, 2}, .reports = reports, .report_count = 2}};
    struct publication again = round_trip(&publication);
    assert_span_is(again.incident.id, "rcb-pl:2025-0911");
    assert_true(again.incident.position.epoch == 1 && again.incident.position.number == 2);
    assert_int_equal(again.incident.report_count, 2);
    assert_true(again.incident.publishers == 0 && again.incident.reports_omitted == 0);
    assert_same_report(&again.incident.reports[0], &reports[0]);
    assert_same_report(&again.incident.reports[1], &reports[1]);
}

static void what_is_counted_of_an_incident_comes_back(void **state)
{
    struct report reports[] = {example_report(&arena), example_report(&arena)};
    const struct publication told = {.kind = PUBLICATION_INCIDENT,
                                     .incident = {.id = SPAN("rcb-pl:2025-0911"),
                                                  .reports = reports,
                                                  .report_count = 2,
                                                  .reports_omitted = 70000,
                                                  .publishers = 300}};
    struct publication again = round_trip(&told);
    assert_int_equal(again.incident.reports_omitted, 70000);
    assert_int_equal(again.incident.publishers, 300);
}

static void a_bare_retraction_comes_back(void **state)
{
    struct report report =
        report_of(&arena, "{\"source\":\"s\",\"source_id\":\"1\",\"revision\":2,\"status\":\"retracted\"}");
    struct publication publication = {
        .kind = PUBLICATION_RETRACTED,
        .incident = {.id = SPAN("s:1"), .position = {1, 2}, .reports = &report, .report_count = 1}};
    struct publication again = round_trip(&publication);
    assert_same_report(&again.incident.reports[0], &report);
    struct report example = example_report(&arena);
    publication.incident.reports = &example;
    text_clear(&bytes);
    assert_int_equal(publication_pack(&publication, &bytes), STATUS_OK);
    char reason[REASON_BYTES] = "";
    assert_int_equal(publication_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason), STATUS_INVALID);
    assert_says(reason, "expected one report, with status retracted");
}

static void a_rule_comes_back(void **state)
{
    struct publication publication = {.kind = PUBLICATION_RULE,
                                      .rule = {SPAN("airspace"), SPAN("00ff"), SPAN("{\"reach_km\":1000}")}};
    struct publication again = round_trip(&publication);
    assert_span_is(again.rule.name, "airspace");
    assert_span_is(again.rule.json, "{\"reach_km\":1000}");
}

static void a_notice_comes_back(void **state)
{
    struct publication publication = {
        .kind = PUBLICATION_NOTICE,
        .notice = {SPAN("desk"), NOTICE_BACK, -5, {7, 8}, SPAN("desk is back after 3 h")},
    };
    struct publication again = round_trip(&publication);
    assert_span_is(again.notice.source, "desk");
    assert_int_equal(again.notice.kind, NOTICE_BACK);
    assert_int_equal(again.notice.since_ms, -5);
    assert_int_equal(again.notice.position.epoch, 7);
    assert_int_equal(again.notice.position.number, 8);
    assert_span_is(again.notice.text, "desk is back after 3 h");
}

static void refused(const struct episode *episode, const char *expected)
{
    struct publication publication = {.kind = PUBLICATION_EPISODE, .episode = *episode};
    struct publication again;
    char reason[REASON_BYTES] = "";
    text_clear(&bytes);
    assert_int_equal(publication_pack(&publication, &bytes), STATUS_OK);
    assert_int_equal(publication_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason), STATUS_INVALID);
    assert_says(reason, expected);
}

static void what_an_episode_cannot_be_is_refused(void **state)
{
#define REFUSED(field, value, expected)                                                                                \
    do {                                                                                                               \
        struct episode changed = example_episode();                                                                    \
        changed.field = (value);                                                                                       \
        refused(&changed, expected);                                                                                   \
    } while (0)
    static const country_code reversed[] = {COUNTRY_CODE('P', 'L'), COUNTRY_CODE('E', 'E')};
    static const struct episode_member nameless[2] = {0};
    REFUSED(id, SPAN(""), "episode.id is missing");
    REFUSED(id, SPAN("a\0b"), "episode.id: ");
    REFUSED(id, SPAN("0123456789012345678901234567890123456789"), "episode.id: 40 bytes, expected at most 39");
    REFUSED(rule, SPAN(""), "episode.rule is missing");
    REFUSED(title, SPAN("\xff"), "episode.title: ");
    REFUSED(revision, 0, "episode.revision is missing");
    REFUSED(first_ms, 6, "episode.last_ms is before first_ms");
    REFUSED(last_ms, INT64_MAX, "episode.last_ms: ");
    REFUSED(extent_km, -1, "episode.extent_km: ");
    REFUSED(score, (double)INFINITY, "episode.score: not a finite number");
    REFUSED(countries, reversed, "episode.countries: EE is out of order");
    REFUSED(members, nameless, "episode: member is missing");
}

static void a_hundred_thousand_members_pass_and_one_more_does_not(void **state)
{
    static struct episode_member many[LIMIT_EPISODE_MEMBERS + 1];
    for (size_t i = 0; i < LIMIT_EPISODE_MEMBERS + 1; i++)
        many[i].incident_id = SPAN("a:b");
    struct publication publication = {.kind = PUBLICATION_EPISODE, .episode = example_episode()};
    publication.episode.members = many;
    publication.episode.member_count = LIMIT_EPISODE_MEMBERS;
    assert_int_equal(round_trip(&publication).episode.member_count, LIMIT_EPISODE_MEMBERS);
    publication.episode.member_count++;
    text_clear(&bytes);
    assert_int_equal(publication_pack(&publication, &bytes), STATUS_TOO_LARGE);
    assert_int_equal(bytes.size, 0);
}

static void what_is_no_publication_is_refused(void **state)
{
    static const struct {
        struct span wire;
        const char *expected;
    } cases[] = {
        {{"", 0}, "publication: no kind"},
        {{"\x7a\x00", 2}, "publication: no kind"},
        {{"\x1a\x00", 2}, "episode.state is missing"},
        {{"\x1a\x02\x38\x09", 4}, "episode.state: value 9 is unknown"},
        {{"\x1a\x02\x38\x01", 4}, "episode.digest: 0 bytes, expected 32"},
        {{"\x0a\x00", 2}, "incident.id is missing"},
        {{"\x0a\x03\x0a\x01\x61", 5}, "incident: 0 reports"},
        {{"\x22\x00", 2}, "rule.name is missing"},
        {{"\x0a\x7f", 2}, "not a vedette.v1.Publication"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char reason[REASON_BYTES] = "";
        struct publication publication;
        assert_int_equal(publication_unpack(cases[i].wire, &arena, &publication, reason), STATUS_INVALID);
        assert_says(reason, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_episode_comes_back_whole),
        cmocka_unit_test(the_digest_sees_content_and_only_content),
        cmocka_unit_test(an_incident_comes_back_with_all_its_reports),
        cmocka_unit_test(what_is_counted_of_an_incident_comes_back),
        cmocka_unit_test(a_bare_retraction_comes_back),
        cmocka_unit_test(a_rule_comes_back),
        cmocka_unit_test(a_notice_comes_back),
        cmocka_unit_test(what_an_episode_cannot_be_is_refused),
        cmocka_unit_test(a_hundred_thousand_members_pass_and_one_more_does_not),
        cmocka_unit_test(what_is_no_publication_is_refused),
    };
    arena_init(&arena, 1 << 28);
    int failed = cmocka_run_group_tests_name("publication", tests, NULL, NULL);
    arena_fini(&arena);
    text_fini(&bytes);
    return failed;
}
