#include "cli/story.h"

#include "tests/unit/cli/unit.h"

#define ID "2025-x"

struct world {
    struct arena arena;
    struct zone *zone;
    struct story *story;
    struct text lines;
};

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){0};
    arena_init(&world.arena, 1u << 20);
    assert_int_equal(zone_open("UTC", &world.zone), STATUS_OK);
    assert_int_equal(story_new(world.zone, &world.story), STATUS_OK);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    story_free(world->story);
    text_fini(&world->lines);
    zone_close(world->zone);
    arena_fini(&world->arena);
    return 0;
}

static void tell_incident(struct world *world, const char *line)
{
    struct incident incident = incident_of(&world->arena, line);
    bool retracted = incident.reports[0].status == REPORT_RETRACTED;
    const struct publication publication = {.kind = retracted ? PUBLICATION_RETRACTED : PUBLICATION_INCIDENT,
                                            .incident = incident};
    assert_int_equal(story_tell(world->story, &publication, &world->lines), STATUS_OK);
}

/* Members by their ids, as cores; an id with '!' before it is a response. */
static const char *tell_episode(struct world *world, enum episode_state state, const char *countries,
                                const char *const *ids, size_t count)
{
    struct episode_member members[8];
    country_code codes[8];
    size_t codes_count = strlen(countries) / 2;
    for (size_t i = 0; i < count; i++) {
        bool is_response = ids[i][0] == '!';
        members[i].incident_id = span_of(is_response ? ids[i] + 1 : ids[i]);
        members[i].membership = is_response ? MEMBERSHIP_RESPONSE : MEMBERSHIP_CORE;
    }
    for (size_t i = 0; i < codes_count; i++)
        codes[i] = COUNTRY_CODE(countries[2 * i], countries[2 * i + 1]);
    const struct publication publication = {.kind = PUBLICATION_EPISODE,
                                            .episode = {.id = SPAN(ID),
                                                        .title = SPAN("Drones over somewhere"),
                                                        .rule = SPAN("campaign"),
                                                        .cause = SPAN("no core is left"),
                                                        .state = state,
                                                        .countries = codes,
                                                        .country_count = codes_count,
                                                        .members = members,
                                                        .member_count = count}};
    text_clear(&world->lines);
    assert_int_equal(story_tell(world->story, &publication, &world->lines), STATUS_OK);
    return world->lines.size > 0 ? world->lines.data : "";
}

static const char *const two[] = {"t:pl", "t:ro"};
static const char *const three[] = {"t:pl", "t:ro", "t:ee"};

static void a_pair_opens_with_how_far_it_is_apart(void **state)
{
    struct world *world = *state;
    tell_incident(world, POLAND);
    tell_incident(world, ROMANIA);
    const char *told = tell_episode(world, EPISODE_FLAGGED, "PLRO", two, 2);
    assert_string_equal(told,
                        "2025-09-13 16:13  Drones over somewhere, 826 km and 3.4 days apart  (campaign, now PL, RO)\n");
}

static void estonia_joins_from_its_nearest_member(void **state)
{
    struct world *world = *state;
    tell_incident(world, POLAND);
    tell_incident(world, ROMANIA);
    (void)tell_episode(world, EPISODE_FLAGGED, "PLRO", two, 2);
    tell_incident(world, ESTONIA);
    const char *told = tell_episode(world, EPISODE_FLAGGED, "EEPLRO", three, 3);
    assert_string_equal(
        told, "2025-09-19 07:10  Estonia joined: 935 km and 9.1 days from Poland  (campaign, now EE, PL, RO)\n");
}

static void a_candidate_that_is_flagged_tells_who_made_it_so(void **state)
{
    struct world *world = *state;
    tell_incident(world, POLAND);
    tell_incident(world, ROMANIA);
    assert_string_equal(tell_episode(world, EPISODE_CANDIDATE, "PLRO", two, 2), "");
    tell_incident(world, ESTONIA);
    assert_says(tell_episode(world, EPISODE_FLAGGED, "EEPLRO", three, 3), "Estonia joined: ");
}

static void a_response_is_told_as_one(void **state)
{
    struct world *world = *state;
    static const char *const with_response[] = {"t:pl", "!t:a4", "t:ro"};
    tell_incident(world, POLAND);
    tell_incident(world, ROMANIA);
    (void)tell_episode(world, EPISODE_FLAGGED, "PLRO", two, 2);
    tell_incident(world, "{\"source\":\"t\",\"source_id\":\"a4\",\"category\":\"dip.article4\","
                         "\"occurred\":{\"start\":\"2025-09-10T08:00:00Z\"},\"place\":{\"lat\":52.2,\"lon\":21},"
                         "\"countries\":[{\"code\":\"PL\"}]}");
    assert_string_equal(tell_episode(world, EPISODE_FLAGGED, "PLRO", with_response, 3),
                        "2025-09-10 08:00  Poland: Article 4 request, as response  (campaign, now PL, RO)\n");
}

static void a_corrected_time_is_told_with_both(void **state)
{
    struct world *world = *state;
    tell_incident(world, POLAND);
    tell_incident(world, ROMANIA);
    (void)tell_episode(world, EPISODE_FLAGGED, "PLRO", two, 2);
    tell_incident(world, "{\"source\":\"t\",\"source_id\":\"ro\",\"revision\":1,\"category\":\"air.drone.incursion\","
                         "\"reported_at\":\"2025-09-15T12:00:00Z\",\"status\":\"confirmed\","
                         "\"occurred\":{\"start\":\"2025-09-14T15:23:00Z\"},"
                         "\"place\":{\"lat\":45.29,\"lon\":29.12},\"countries\":[{\"code\":\"RO\"}]}");
    assert_string_equal(
        tell_episode(world, EPISODE_FLAGGED, "PLRO", two, 2),
        "2025-09-15 12:00  Romania corrected: now 2025-09-14 15:23, not 2025-09-13 15:23 - 16:13; confirmed"
        "  (campaign, now PL, RO)\n");
}

static void who_is_taken_back_leaves_with_the_reason(void **state)
{
    struct world *world = *state;
    tell_incident(world, POLAND);
    tell_incident(world, ROMANIA);
    tell_incident(world, ESTONIA);
    (void)tell_episode(world, EPISODE_FLAGGED, "EEPLRO", three, 3);
    tell_incident(world, "{\"source\":\"t\",\"source_id\":\"ee\",\"revision\":1,\"status\":\"retracted\","
                         "\"reported_at\":\"2025-09-21T00:00:00Z\"}");
    assert_string_equal(tell_episode(world, EPISODE_FLAGGED, "PLRO", two, 2),
                        "2025-09-21 00:00  Estonia left: its source takes it back  (campaign, now PL, RO)\n");
}

static void the_end_is_told_once(void **state)
{
    struct world *world = *state;
    tell_incident(world, POLAND);
    tell_incident(world, ROMANIA);
    (void)tell_episode(world, EPISODE_FLAGGED, "PLRO", two, 2);
    assert_says(tell_episode(world, EPISODE_WITHDRAWN, "PLRO", two, 2),
                "Withdrawn: Drones over somewhere (no core is left)");
    assert_string_equal(tell_episode(world, EPISODE_CANDIDATE, "PLRO", two, 2), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pair_opens_with_how_far_it_is_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(estonia_joins_from_its_nearest_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_candidate_that_is_flagged_tells_who_made_it_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_response_is_told_as_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_corrected_time_is_told_with_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_taken_back_leaves_with_the_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_is_told_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
