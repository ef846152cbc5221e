#include "tests/contract/sink/store_contract.h"

#include "proto/json.h"
#include "tests/contract/sink/story.h"
#include "tests/contract/sink/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct store_case *kind;

#define DAY INT64_C(86400000)
#define T0  (INT64_C(1757453400000)) /* 2025-09-09T21:30:00Z */

struct bench {
    struct store *store;
    struct arena arena;
    uint64_t number;
    int64_t now_ms;
    struct text seen; /* what visitors wrote down */
    size_t visits, stop_after;
    char reason[256];
};

static struct stream_position next_position(struct bench *bench)
{
    return (struct stream_position){1000, ++bench->number};
}

static void open_store(struct bench *bench)
{
    enum status status = store_open(kind->url, STORE_WRITE, &bench->store, bench->reason);
    if (status != STATUS_OK)
        fail_msg("%s", bench->reason);
}

static int setup(void **state)
{
    if (kind->outlives)
        (void)unlink(kind->url);
    struct bench *bench = test_calloc(1, sizeof *bench);
    arena_init(&bench->arena, 256u << 20);
    open_store(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    store_close(bench->store);
    arena_fini(&bench->arena);
    text_fini(&bench->seen);
    test_free(bench);
    if (kind->outlives)
        (void)unlink(kind->url);
    return 0;
}

static enum store_effect apply(struct bench *bench, struct publication publication, uint32_t *ret_revision)
{
    enum store_effect effect = STORE_KNOWN;
    uint32_t revision = 0;
    enum delivery delivery = store_apply(
        bench->store, &(struct store_piece){.publications = &publication, .count = 1, .now_ms = bench->now_ms}, &effect,
        &revision, bench->reason);
    if (delivery != DELIVERED)
        fail_msg("%s", bench->reason);
    if (ret_revision != NULL)
        *ret_revision = revision;
    return effect;
}

static void tell(struct bench *bench, const char *id, uint32_t revision, int64_t start_ms, double lat, double lon,
                 const char *country)
{
    struct incident incident =
        story_incident(&bench->arena, next_position(bench), id, revision, start_ms, lat, lon, country);
    assert_int_equal(apply(bench, story_told(incident), NULL), STORE_APPLIED);
}

static uint32_t publish(struct bench *bench, const char *id, uint32_t revision, enum episode_state state,
                        const char *countries, const char *members)
{
    uint32_t stored;
    apply(bench,
          story_episode(&bench->arena, next_position(bench), id, revision, state, T0, T0 + 9 * DAY, countries, members),
          &stored);
    return stored;
}

/* "id/revision/state[member=membership@lat …]" */
static enum status note_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    struct bench *bench = self;
    text_print(&bench->seen, "%.*s/%u/%s[", SPAN_ARG(episode->id), episode->revision,
               episode_state_name(episode->state));
    for (size_t i = 0; i < episode->member_count; i++) {
        text_print(&bench->seen, "%s%.*s=%s", i > 0 ? " " : "", SPAN_ARG(episode->members[i].incident_id),
                   membership_name(episode->members[i].membership));
        if (incidents[i] == NULL)
            text_print(&bench->seen, "@?");
        else if (incidents[i]->reports[0].has_place)
            text_print(&bench->seen, "@%g", incidents[i]->reports[0].place.lat);
    }
    text_print(&bench->seen, "]\n");
    return ++bench->visits == bench->stop_after ? STATUS_REFUSED : STATUS_OK;
}

/* "id/revision/status @lat in episode …" */
static enum status note_incident(void *self, const struct incident *incident, const struct span *ids, size_t count)
{
    struct bench *bench = self;
    const struct report *best = &incident->reports[0];
    text_print(&bench->seen, "%.*s/%u/%s", SPAN_ARG(incident->id), best->revision, report_status_name(best->status));
    if (best->has_place)
        text_print(&bench->seen, "@%g", best->place.lat);
    for (size_t i = 0; i < count; i++)
        text_print(&bench->seen, " %.*s", SPAN_ARG(ids[i]));
    text_print(&bench->seen, "\n");
    return ++bench->visits == bench->stop_after ? STATUS_END : STATUS_OK;
}

static const char *episodes(struct bench *bench, struct store_filter filter)
{
    text_clear(&bench->seen);
    text_print(&bench->seen, "%s", "");
    assert_int_equal(store_episodes(bench->store, &filter, note_episode, bench), STATUS_OK);
    return bench->seen.data;
}

static const char *incidents(struct bench *bench, struct store_filter filter)
{
    text_clear(&bench->seen);
    text_print(&bench->seen, "%s", "");
    assert_int_equal(store_incidents(bench->store, &filter, note_incident, bench), STATUS_OK);
    return bench->seen.data;
}

static const struct store_filter flagged = {0};
static const struct store_filter everything = {.with_candidates = true, .with_withdrawn = true};

static void a_new_store_is_empty(void **state)
{
    struct bench *bench = *state;
    assert_string_equal(episodes(bench, everything), "");
    assert_string_equal(incidents(bench, everything), "");
    assert_int_equal(store_link(bench->store).epoch, 0);
    assert_int_equal(store_link(bench->store).number, 0);
}

static void what_is_stored_is_read_back_field_by_field(void **state)
{
    struct bench *bench = *state;
    tell(bench, "pl", 3, T0, 51.5, 23.25, "PL");
    tell(bench, "ee", 0, T0 + 9 * DAY, 59.5, 25.5, "EE");
    tell(bench, "art4", 0, T0 + DAY, 50.875, 4.375, "");
    assert_int_equal(publish(bench, "e1", 1, EPISODE_FLAGGED, "EE,PL", "pl !art4 ~ee"), 1);
    assert_string_equal(episodes(bench, flagged),
                        "e1/1/flagged[s:pl=core@51.5 s:art4=response@50.875 s:ee=attached@59.5]\n");
    assert_string_equal(incidents(bench, flagged),
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
        story_episode(&bench->arena, next_position(bench), "e1", 7, EPISODE_FLAGGED, T0, T0 + DAY, "EE,PL", "a b");
    told.episode.final = true;
    apply(bench, told, NULL);
    assert_int_equal(store_episodes(bench->store, &flagged, compare_whole, &told), STATUS_OK);
}

static void a_publication_takes_effect_once(void **state)
{
    struct bench *bench = *state;
    struct publication incident =
        story_told(story_incident(&bench->arena, next_position(bench), "a", 0, T0, 1, 2, "EE"));
    struct publication episode =
        story_episode(&bench->arena, next_position(bench), "e1", 1, EPISODE_FLAGGED, T0, T0, "EE", "a");
    uint32_t revision = 0;
    assert_int_equal(apply(bench, incident, NULL), STORE_APPLIED);
    assert_int_equal(apply(bench, episode, &revision), STORE_APPLIED);
    assert_int_equal(apply(bench, incident, NULL), STORE_KNOWN);
    assert_int_equal(apply(bench, episode, &revision), STORE_KNOWN);
    assert_int_equal(revision, 1);
    /* Other content at an old position is as old. */
    struct stream_position old = {incident.incident.position.epoch, incident.incident.position.number - 1};
    assert_int_equal(apply(bench, story_told(story_incident(&bench->arena, old, "a", 9, T0, 3, 4, "LV")), NULL),
                     STORE_KNOWN);
    assert_string_equal(incidents(bench, everything), "s:a/0/confirmed@1 e1\n");
    struct publication stale =
        story_episode(&bench->arena, incident.incident.position, "e1", 9, EPISODE_WITHDRAWN, T0, T0, "", "");
    assert_int_equal(apply(bench, stale, &revision), STORE_KNOWN);
    assert_string_equal(episodes(bench, everything), "e1/1/flagged[s:a=core@1]\n");
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
    tell(bench, "a", 0, T0, 1, 1, ""); /* which says nothing of a link */
    assert_int_equal(store_link(bench->store).epoch, 9);
    assert_int_equal(store_link(bench->store).number, 40);
    if (!kind->outlives)
        return;
    store_close(bench->store);
    open_store(bench);
    assert_int_equal(store_link(bench->store).epoch, 9);
    assert_int_equal(store_link(bench->store).number, 40);
}

static void equal_content_at_a_new_position_changes_nothing(void **state)
{
    struct bench *bench = *state;
    publish(bench, "e1", 1, EPISODE_FLAGGED, "EE", "a");
    struct publication again = story_episode(&bench->arena, (struct stream_position){2000, 1}, "e1", 1, EPISODE_FLAGGED,
                                             T0, T0 + 9 * DAY, "EE", "a");
    uint32_t revision = 0;
    assert_int_equal(apply(bench, again, &revision), STORE_KNOWN);
    assert_int_equal(revision, 1);
    again.episode.position.number = 2;
    again.episode.revision = 2;
    again.episode.final = true; /* outside the digest, and yet a change */
    assert_int_equal(apply(bench, again, &revision), STORE_APPLIED);
    assert_int_equal(revision, 2);
}

static void a_revision_never_names_two_contents_whatever_the_epoch(void **state)
{
    struct bench *bench = *state;
    publish(bench, "e1", 1, EPISODE_CANDIDATE, "EE", "a");
    assert_int_equal(publish(bench, "e1", 5, EPISODE_FLAGGED, "EE,PL", "a b"), 5);
    uint32_t revision = 0;
    apply(
        bench,
        story_episode(&bench->arena, (struct stream_position){2000, 1}, "e1", 1, EPISODE_CANDIDATE, T0, T0, "EE", "a"),
        &revision);
    assert_int_equal(revision, 6);
    apply(bench,
          story_episode(&bench->arena, (struct stream_position){2000, 2}, "e1", 2, EPISODE_FLAGGED, T0, T0, "EE,PL,RO",
                        "a b c"),
          &revision);
    assert_int_equal(revision, 7);
    assert_string_equal(episodes(bench, flagged), "e1/7/flagged[s:a=core@? s:b=core@? s:c=core@?]\n");
    /* What an older life of the correlator still had under way is old. */
    assert_int_equal(apply(bench,
                           story_episode(&bench->arena, (struct stream_position){1000, 99}, "e1", 9, EPISODE_FLAGGED,
                                         T0, T0, "LV", "d"),
                           &revision),
                     STORE_KNOWN);
}

static void candidates_and_withdrawn_are_shown_to_who_asks(void **state)
{
    struct bench *bench = *state;
    publish(bench, "a", 1, EPISODE_FLAGGED, "EE", "x");
    publish(bench, "b", 1, EPISODE_CANDIDATE, "EE", "y");
    publish(bench, "c", 1, EPISODE_FLAGGED, "EE", "x");
    publish(bench, "c", 2, EPISODE_WITHDRAWN, "", "");
    assert_string_equal(episodes(bench, flagged), "a/1/flagged[s:x=core@?]\n");
    assert_string_equal(episodes(bench, (struct store_filter){.with_candidates = true}),
                        "a/1/flagged[s:x=core@?]\nb/1/candidate[s:y=core@?]\n");
    assert_string_equal(episodes(bench, (struct store_filter){.with_withdrawn = true}),
                        "a/1/flagged[s:x=core@?]\nc/2/withdrawn[]\n");
}

static void an_episode_is_found_by_its_id_or_the_beginning_of_it(void **state)
{
    struct bench *bench = *state;
    publish(bench, "0abc", 1, EPISODE_FLAGGED, "EE", "x");
    publish(bench, "0abd", 1, EPISODE_FLAGGED, "EE", "x");
    assert_string_equal(episodes(bench, (struct store_filter){.id = SPAN("0abc")}), "0abc/1/flagged[s:x=core@?]\n");
    assert_string_equal(episodes(bench, (struct store_filter){.id = SPAN("0abd")}), "0abd/1/flagged[s:x=core@?]\n");
    assert_string_equal(episodes(bench, (struct store_filter){.id = SPAN("0ab")}),
                        "0abc/1/flagged[s:x=core@?]\n0abd/1/flagged[s:x=core@?]\n");
    assert_string_equal(episodes(bench, (struct store_filter){.id = SPAN("abc")}), "");
    tell(bench, "x", 0, T0, 1, 1, "EE");
    assert_string_equal(incidents(bench, (struct store_filter){.id = SPAN("s:x")}), "s:x/0/confirmed@1 0abc 0abd\n");
    assert_string_equal(incidents(bench, (struct store_filter){.id = SPAN("s:")}), "");
}

static void filters_choose_by_country_rule_and_time(void **state)
{
    struct bench *bench = *state;
    tell(bench, "pl", 0, T0, 51.5, 23, "PL");
    tell(bench, "ee", 0, T0 + 9 * DAY, 59.5, 25.5, "EE");
    tell(bench, "no", 0, T0 + 20 * DAY, 60, 10, "NO");
    publish(bench, "e1", 1, EPISODE_FLAGGED, "EE,PL", "pl ee");
    struct publication other = story_episode(&bench->arena, next_position(bench), "e2", 1, EPISODE_FLAGGED,
                                             T0 + 20 * DAY, T0 + 21 * DAY, "NO", "no");
    other.episode.rule = SPAN("seabed");
    apply(bench, other, NULL);
    static const char one[] = "e1/1/flagged[s:pl=core@51.5 s:ee=core@59.5]\n", two[] = "e2/1/flagged[s:no=core@60]\n";
    assert_string_equal(episodes(bench, (struct store_filter){.country = COUNTRY_CODE('P', 'L')}), one);
    assert_string_equal(episodes(bench, (struct store_filter){.country = COUNTRY_CODE('L', 'P')}), "");
    assert_string_equal(episodes(bench, (struct store_filter){.rule = SPAN("seabed")}), two);
    assert_string_equal(episodes(bench, (struct store_filter){.since_ms = T0 + 10 * DAY, .until_ms = INT64_MAX}), two);
    assert_string_equal(episodes(bench, (struct store_filter){.since_ms = T0 + 9 * DAY, .until_ms = T0 + 20 * DAY - 1}),
                        one);
    assert_string_equal(episodes(bench, (struct store_filter){.since_ms = INT64_MIN, .until_ms = T0 - 1}), "");
    assert_string_equal(incidents(bench, (struct store_filter){.country = COUNTRY_CODE('N', 'O')}),
                        "s:no/0/confirmed@60 e2\n");
    assert_string_equal(incidents(bench, (struct store_filter){.rule = SPAN("airspace")}),
                        "s:pl/0/confirmed@51.5 e1\ns:ee/0/confirmed@59.5 e1\n");
    assert_string_equal(incidents(bench, (struct store_filter){.since_ms = T0 + 60000, .until_ms = T0 + 60001}),
                        "s:pl/0/confirmed@51.5 e1\n");
    assert_string_equal(incidents(bench, (struct store_filter){.since_ms = T0 + 60001, .until_ms = T0 + 9 * DAY}),
                        "s:ee/0/confirmed@59.5 e1\n");
    /* A rule that lost its episode has no incidents. */
    publish(bench, "e1", 2, EPISODE_WITHDRAWN, "", "");
    assert_string_equal(incidents(bench, (struct store_filter){.rule = SPAN("airspace")}), "");
}

static void a_box_holds_places_also_over_the_antimeridian(void **state)
{
    struct bench *bench = *state;
    tell(bench, "fiji", 0, T0, -17.5, 179.5, "FJ");
    tell(bench, "tonga", 0, T0 + 1, -21.25, -175.25, "TO");
    tell(bench, "brussels", 0, T0 + 2, 50.875, 4.375, "BE");
    publish(bench, "e1", 1, EPISODE_FLAGGED, "FJ,TO", "fiji tonga !brussels");
    struct store_filter pacific = {.has_bbox = true, .west = 175, .south = -30, .east = -170, .north = 0};
    struct store_filter europe = {.has_bbox = true, .west = 4.375, .south = 50.875, .east = 10, .north = 60};
    assert_string_equal(incidents(bench, pacific), "s:fiji/0/confirmed@-17.5 e1\ns:tonga/0/confirmed@-21.25 e1\n");
    assert_string_equal(incidents(bench, europe), "s:brussels/0/confirmed@50.875 e1\n");
    pacific.with_candidates = true;
    assert_int_equal(strncmp(episodes(bench, pacific), "e1/1/flagged", 12), 0);
    assert_string_equal(episodes(bench, europe), ""); /* a response is shown, but is no member */
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
        apply(bench,
              story_episode(&bench->arena, next_position(bench), ids[i], 1, EPISODE_FLAGGED, firsts[i], T0 + DAY, "EE",
                            "x"),
              NULL);
    text_clear(&bench->seen);
    assert_int_equal(store_episodes(bench->store, &flagged, first_only, &bench->seen), STATUS_OK);
    assert_string_equal(bench->seen.data, "y z a b ");
    tell(bench, "q", 0, T0, 1, 1, "");
    tell(bench, "p", 0, T0, 2, 1, "");
    tell(bench, "o", 0, -T0, 3, 1, ""); /* before 1970 */
    assert_string_equal(incidents(bench, flagged), "s:o/0/confirmed@3\ns:p/0/confirmed@2\ns:q/0/confirmed@1\n");
}

static void a_retraction_keeps_what_was_known(void **state)
{
    struct bench *bench = *state;
    tell(bench, "a", 1, T0, 51.5, 2, "PL");
    apply(bench, story_retraction(&bench->arena, next_position(bench), "a", 2), NULL);
    assert_string_equal(incidents(bench, flagged), "s:a/2/retracted@51.5\n");
    /* Given back: the report stands as it was. */
    tell(bench, "a", 3, T0, 51.5, 2, "PL");
    assert_string_equal(incidents(bench, flagged), "s:a/3/confirmed@51.5\n");
}

static void a_retraction_of_the_unknown_is_remembered_bare_and_filled_by_the_report(void **state)
{
    struct bench *bench = *state;
    apply(bench, story_retraction(&bench->arena, next_position(bench), "a", 2), NULL);
    assert_string_equal(incidents(bench, flagged), "s:a/2/retracted\n");
    assert_string_equal(incidents(bench, (struct store_filter){.since_ms = 1, .until_ms = INT64_MAX}), "");
    tell(bench, "a", 1, T0, 51.5, 2, "PL"); /* older than the retraction: says what was retracted */
    assert_string_equal(incidents(bench, flagged), "s:a/2/retracted@51.5\n");
    tell(bench, "a", 3, T0, 51.5, 2, "PL");
    assert_string_equal(incidents(bench, flagged), "s:a/3/confirmed@51.5\n");
}

static void a_new_life_of_the_correlator_has_the_last_word_on_a_retraction(void **state)
{
    struct bench *bench = *state;
    tell(bench, "a", 1, T0, 51.5, 2, "PL");
    apply(bench, story_retraction(&bench->arena, next_position(bench), "a", 2), NULL);
    apply(bench,
          story_told(story_incident(&bench->arena, (struct stream_position){2000, 1}, "a", 1, T0, 51.5, 2, "PL")),
          NULL);
    assert_string_equal(incidents(bench, flagged), "s:a/1/confirmed@51.5\n");
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
    best.position = next_position(bench);
    best.reports = reports;
    best.report_count = count;
    best.publishers = publishers;
    assert_int_equal(apply(bench, story_told(best), NULL), STORE_APPLIED);
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
    tell(bench, "a", 1, T0, 51.5, 2, "PL");
    tell(bench, "b", 1, T0, 51.6, 2, "PL");
    tell(bench, "c", 1, T0, 51.7, 2, "PL");
    publish(bench, "e1", 1, EPISODE_FLAGGED, "PL", "a c");
    tell_several(bench, 2, (const char *const[]){"b", "a"}, 2);
    assert_string_equal(incidents_with_reports(bench), "s:b:2/0[b a]\ns:c:1/0[c]\n");
    assert_string_equal(episodes(bench, flagged), "e1/1/flagged[s:a=core@? s:c=core@51.7]\n"); /* until it is revised */
    publish(bench, "e1", 2, EPISODE_FLAGGED, "PL", "b c");
    assert_string_equal(episodes(bench, flagged), "e1/2/flagged[s:b=core@10 s:c=core@51.7]\n");
    /* Another tells it best; then each is its own again. */
    tell_several(bench, 3, (const char *const[]){"c", "b", "a"}, 3);
    assert_string_equal(incidents_with_reports(bench), "s:c:3/0[c b a]\n");
    tell(bench, "b", 1, T0, 51.6, 2, "PL");
    tell_several(bench, 2, (const char *const[]){"a", "c"}, 2);
    assert_string_equal(incidents_with_reports(bench), "s:a:2/0[a c]\ns:b:1/0[b]\n");
}

static void of_several_reports_the_one_that_is_retracted_goes_behind_the_others(void **state)
{
    struct bench *bench = *state;
    tell_several(bench, 3, (const char *const[]){"a", "b", "c"}, 3);
    apply(bench, story_retraction(&bench->arena, next_position(bench), "a", 2), NULL);
    assert_string_equal(incidents_with_reports(bench), "s:a:3/0[b c a!]\n");
    assert_string_equal(incidents(bench, flagged), "s:a/1/confirmed@11\n");
}

static void an_incident_may_come_after_its_episode(void **state)
{
    struct bench *bench = *state;
    publish(bench, "e1", 1, EPISODE_FLAGGED, "EE", "a b");
    assert_string_equal(episodes(bench, flagged), "e1/1/flagged[s:a=core@? s:b=core@?]\n");
    tell(bench, "b", 0, T0, 7, 7, "EE");
    assert_string_equal(episodes(bench, flagged), "e1/1/flagged[s:a=core@? s:b=core@7]\n");
    assert_string_equal(incidents(bench, flagged), "s:b/0/confirmed@7 e1\n");
}

static void members_come_and_go(void **state)
{
    struct bench *bench = *state;
    tell(bench, "a", 0, T0, 1, 1, "");
    tell(bench, "b", 0, T0 + 1, 2, 1, "");
    tell(bench, "c", 0, T0 + 2, 3, 1, "");
    publish(bench, "e1", 1, EPISODE_FLAGGED, "EE", "a ~b");
    publish(bench, "e2", 1, EPISODE_CANDIDATE, "EE", "b");
    publish(bench, "e1", 2, EPISODE_FLAGGED, "EE", "b c");
    assert_string_equal(episodes(bench, flagged), "e1/2/flagged[s:b=core@2 s:c=core@3]\n");
    assert_string_equal(incidents(bench, flagged),
                        "s:a/0/confirmed@1\ns:b/0/confirmed@2 e1 e2\ns:c/0/confirmed@3 e1\n");
    publish(bench, "e2", 2, EPISODE_WITHDRAWN, "", "");
    assert_string_equal(incidents(bench, (struct store_filter){.id = SPAN("s:b")}), "s:b/0/confirmed@2 e1\n");
}

static enum status note_rule(void *self, const struct published_rule *rule)
{
    text_print(self, "%.*s %.*s %.*s\n", SPAN_ARG(rule->name), SPAN_ARG(rule->hash), SPAN_ARG(rule->json));
    return STATUS_OK;
}

static void rules_are_kept_by_name_and_hash(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(apply(bench, story_rule("b", "02", "{\"n\":2}"), NULL), STORE_APPLIED);
    assert_int_equal(apply(bench, story_rule("a", "03", "{\"n\":3}"), NULL), STORE_APPLIED);
    assert_int_equal(apply(bench, story_rule("b", "01", "{\"n\":1}"), NULL), STORE_APPLIED);
    assert_int_equal(apply(bench, story_rule("b", "02", "{\"n\":2}"), NULL), STORE_KNOWN);
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
    assert_int_equal(apply(bench, story_notice(at, "b", NOTICE_SILENT, 100), NULL), STORE_APPLIED);
    assert_int_equal(apply(bench, story_notice(at, "a", NOTICE_SILENT, 90), NULL), STORE_APPLIED);
    assert_int_equal(apply(bench, story_notice(at, "b", NOTICE_BACK, 200), NULL), STORE_APPLIED); /* same cause */
    assert_string_equal(notices(bench, ""), "a silent 90 10\nb silent 100 10\nb back 200 10\n");
    /* Who was never silent is not back. */
    assert_int_equal(apply(bench, story_notice(at, "c", NOTICE_BACK, 50), NULL), STORE_KNOWN);
    /* Sent again, or found again by a correlator that was started anew: nothing new. */
    assert_int_equal(apply(bench, story_notice(later, "a", NOTICE_SILENT, 95), NULL), STORE_KNOWN);
    assert_int_equal(apply(bench, story_notice(later, "b", NOTICE_BACK, 250), NULL), STORE_KNOWN);
    assert_int_equal(apply(bench, story_notice(at, "b", NOTICE_SILENT, 100), NULL), STORE_KNOWN);
    assert_int_equal(apply(bench, story_notice(later, "a", NOTICE_SILENT, 90), NULL), STORE_KNOWN);
    assert_int_equal(apply(bench, story_notice(later, "b", NOTICE_SILENT, 300), NULL), STORE_APPLIED);
    assert_int_equal(apply(bench, story_notice(at, "b", NOTICE_BACK, 400), NULL), STORE_KNOWN);
    assert_string_equal(notices(bench, "b"), "b back 200 10\nb silent 300 12\n");
    if (!kind->outlives)
        return;
    store_close(bench->store);
    open_store(bench);
    assert_string_equal(notices(bench, "b"), "b back 200 10\nb silent 300 12\n");
}

static void a_visitor_may_stop_with_any_status(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        tell(bench, id, 0, T0 + i, i, 1, "");
        publish(bench, id, 1, EPISODE_FLAGGED, "EE", id);
    }
    bench->stop_after = 2;
    assert_int_equal(store_episodes(bench->store, &flagged, note_episode, bench), STATUS_REFUSED);
    assert_int_equal(bench->visits, 2);
    bench->visits = 0;
    assert_int_equal(store_incidents(bench->store, &flagged, note_incident, bench), STATUS_END);
    assert_int_equal(bench->visits, 2);
    bench->stop_after = 0;
    assert_int_not_equal(strlen(incidents(bench, flagged)), 0); /* and the store goes on */
    tell(bench, "more", 0, T0, 1, 1, "");
}

static enum status ask_within(void *self, const struct episode *episode, const struct incident *const *members)
{
    (void)members;
    struct bench *bench = self;
    return store_incidents(bench->store, &(struct store_filter){.id = episode->members[0].incident_id}, note_incident,
                           bench);
}

static void a_visitor_may_ask_the_store(void **state)
{
    struct bench *bench = *state;
    tell(bench, "a", 0, T0, 1, 1, "");
    publish(bench, "e1", 1, EPISODE_FLAGGED, "EE", "a b");
    publish(bench, "e2", 1, EPISODE_FLAGGED, "EE", "a");
    assert_int_equal(store_episodes(bench->store, &flagged, ask_within, bench), STATUS_OK);
    assert_string_equal(bench->seen.data, "s:a/0/confirmed@1 e1 e2\ns:a/0/confirmed@1 e1 e2\n");
}

static void what_is_stored_is_there_after_reopening(void **state)
{
    struct bench *bench = *state;
    if (!kind->outlives)
        skip();
    tell(bench, "a", 1, T0, 51.5, 2, "PL");
    publish(bench, "e1", 4, EPISODE_FLAGGED, "PL", "a");
    apply(bench, story_rule("a", "03", "{}"), NULL);
    store_close(bench->store);
    open_store(bench);
    assert_string_equal(episodes(bench, flagged), "e1/4/flagged[s:a=core@51.5]\n");
    assert_int_equal(publish(bench, "e1", 1, EPISODE_FLAGGED, "EE,PL", "a b"), 5);
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
        publications[i] = story_told(story_incident(&bench->arena, next_position(bench), id, 0, T0 + i, (i % 180) - 90,
                                                    (i * 7 % 360) - 180, "EE"));
        if (i % 2 == 0)
            text_print(&members, "%si%d", i > 0 ? " " : "", i);
    }
    publications[MANY] =
        story_episode(&bench->arena, next_position(bench), "e", 1, EPISODE_FLAGGED, T0, T0 + MANY, "EE", members.data);
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

int store_contract_run(const char *name, const struct store_case *store_kind)
{
    kind = store_kind;
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_new_store_is_empty),
        T(what_is_stored_is_read_back_field_by_field),
        T(an_episode_keeps_its_digest_and_all_that_is_outside_it),
        T(a_publication_takes_effect_once),
        T(the_link_resumes_where_it_was_told),
        T(equal_content_at_a_new_position_changes_nothing),
        T(a_revision_never_names_two_contents_whatever_the_epoch),
        T(candidates_and_withdrawn_are_shown_to_who_asks),
        T(an_episode_is_found_by_its_id_or_the_beginning_of_it),
        T(filters_choose_by_country_rule_and_time),
        T(a_box_holds_places_also_over_the_antimeridian),
        T(the_order_is_first_then_id),
        T(a_retraction_keeps_what_was_known),
        T(a_retraction_of_the_unknown_is_remembered_bare_and_filled_by_the_report),
        T(a_new_life_of_the_correlator_has_the_last_word_on_a_retraction),
        T(what_is_one_incident_now_leaves_no_ghost),
        T(of_several_reports_the_one_that_is_retracted_goes_behind_the_others),
        T(an_incident_may_come_after_its_episode),
        T(members_come_and_go),
        T(rules_are_kept_by_name_and_hash),
        T(the_last_notice_of_each_source_and_kind_is_kept),
        T(a_visitor_may_stop_with_any_status),
        T(a_visitor_may_ask_the_store),
        T(what_is_stored_is_there_after_reopening),
        T(ten_thousand_incidents_in_one_piece),
    };
#undef T
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
