#include "tests/unit/proto/unit.h"

static struct arena arena;
static struct text text;

static const country_code countries[] = {COUNTRY_CODE('E', 'E'), COUNTRY_CODE('P', 'L')};

static struct episode example_episode(const struct episode_member *members, size_t count)
{
    return (struct episode){.id = SPAN("e1"),
                            .revision = 2,
                            .title = SPAN("Drones over EE, PL: 2 incidents in 9 days"),
                            .rule = SPAN("airspace"),
                            .rule_hash = SPAN("00ff"),
                            .state = EPISODE_FLAGGED,
                            .final = true,
                            .countries = countries,
                            .country_count = 2,
                            .first_ms = 1757453400000,
                            .last_ms = 1758265800000,
                            .extent_km = 935.2,
                            .observed = count,
                            .expected = (double)NAN,
                            .score = (double)NAN,
                            .recurrence_days = (double)NAN,
                            .cause = SPAN("incident added: s:2"),
                            .members = members,
                            .member_count = count};
}

#define EPISODE_HEAD                                                                                                   \
    "{\"id\":\"e1\",\"title\":\"Drones over EE, PL: 2 incidents in 9 days\",\"rule\":\"airspace\",\"revision\":2,"     \
    "\"state\":\"flagged\",\"final\":true,\"countries\":[\"EE\",\"PL\"],\"first\":\"2025-09-09T21:30:00Z\","           \
    "\"last\":\"2025-09-19T07:10:00Z\",\"extent_km\":935.2,\"capped\":false,\"continues\":null,\"calibrated\":false,"  \
    "\"observed\":2,\"expected\":null,\"score\":null,\"recurrence_days\":null,\"cause\":\"incident added: s:2\","      \
    "\"rule_hash\":\"00ff\",\"supersedes\":[],\"superseded_by\":null,"

static void an_episode_is_drawn_as_the_contract_draws_it(void **state)
{
    static const struct episode_member members[] = {
        {.incident_id = {"rcb-pl:2025-0911", 16}, .membership = MEMBERSHIP_CORE},
        {.incident_id = {"s:2", 3}, .membership = MEMBERSHIP_ATTACHED}};
    struct report report = example_report(&arena);
    const struct incident incident = {
        .id = SPAN("rcb-pl:2025-0911"), .position = {1, 1}, .reports = &report, .report_count = 1};
    const struct incident *const incidents[] = {&incident, NULL};
    struct episode episode = example_episode(members, 2);
    text_clear(&text);
    episode_to_json(&episode, incidents, &text);
    assert_text_is(
        &text, EPISODE_HEAD
        "\"incidents\":[{\"id\":\"rcb-pl:2025-0911\",\"membership\":\"core\",\"category\":\"air.drone.incursion\","
        "\"occurred\":{\"start\":\"2025-09-09T21:30:00Z\",\"end\":\"2025-09-10T04:45:00Z\",\"precision\":\"minute\","
        "\"basis\":\"reported\"},\"place\":{\"lat\":51.56,\"lon\":23.36,\"name\":\"Wyryki\",\"radius_km\":5},"
        "\"countries\":[\"PL\"],\"status\":\"confirmed\",\"headline\":\"Drones\","
        "\"reports\":[{\"source\":\"rcb-pl\",\"source_id\":\"2025-0911\",\"publisher\":\"reuters\","
        "\"url\":\"https://example.org/"
        "1\",\"revision\":1,\"status\":\"confirmed\",\"reported_at\":\"2025-09-10T06:10:00Z\","
        "\"licence\":\"attribution\"}],\"role\":\"trigger\",\"publishers\":1},{\"id\":\"s:2\",\"membership\":"
        "\"attached\"}]}");
}

static void no_redistribute_lends_no_word(void **state)
{
    struct report reports[] = {example_report(&arena), example_report(&arena)};
    reports[0].licence = LICENCE_NO_REDISTRIBUTE;
    reports[0].headline = SPAN("secret words");
    reports[0].place.name = SPAN("secret place");
    reports[0].publisher = SPAN("secret publisher");
    reports[1].source = SPAN("open");
    reports[1].headline = SPAN("open words");
    const struct incident incident = {
        .id = SPAN("rcb-pl:2025-0911"), .position = {1, 1}, .reports = reports, .report_count = 2};
    text_clear(&text);
    incident_to_json(&incident, NULL, 0, &text);
    assert_null(strstr(text.data, "secret"));
    assert_says(text.data, "\"headline\":\"open words\"");
    assert_says(text.data, "\"name\":null");
    assert_says(text.data, "\"reports\":[{\"source\":\"rcb-pl\",\"source_id\":\"2025-0911\"},{\"source\":\"open\"");
}

static void an_incident_names_its_episodes(void **state)
{
    struct report report = example_report(&arena);
    const struct incident incident = {
        .id = SPAN("rcb-pl:2025-0911"), .position = {1, 1}, .reports = &report, .report_count = 1};
    const struct span episodes[] = {SPAN("e1"), SPAN("e2")};
    text_clear(&text);
    incident_to_json(&incident, episodes, 2, &text);
    assert_says(text.data, "{\"id\":\"rcb-pl:2025-0911\",\"category\":\"air.drone.incursion\",");
    assert_says(text.data, "\"country_roles\":[{\"code\":\"PL\",\"role\":\"where\"}],\"episodes\":[\"e1\",\"e2\"]}");
}

static void what_a_bare_retraction_does_not_say_is_null(void **state)
{
    struct report report =
        report_of(&arena, "{\"source\":\"s\",\"source_id\":\"1\",\"revision\":2,\"status\":\"retracted\"}");
    const struct incident incident = {.id = SPAN("s:1"), .position = {1, 1}, .reports = &report, .report_count = 1};
    text_clear(&text);
    incident_to_json(&incident, NULL, 0, &text);
    assert_says(
        text.data,
        "{\"id\":\"s:1\",\"category\":null,\"occurred\":null,\"place\":null,\"countries\":[],\"status\":\"retracted\"");
}

static void what_was_left_out_is_counted(void **state)
{
    struct episode episode = example_episode(NULL, 0);
    episode.members_omitted = 12;
    episode.continues = SPAN("e0");
    episode.superseded_by = SPAN("e2");
    episode.score = 1.25;
    text_clear(&text);
    episode_to_json(&episode, NULL, &text);
    assert_says(text.data, "\"incidents\":[],\"members_omitted\":12}");
    assert_says(text.data, "\"continues\":\"e0\"");
    assert_says(text.data, "\"superseded_by\":\"e2\"");
    assert_says(text.data, "\"score\":1.25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_episode_is_drawn_as_the_contract_draws_it),
        cmocka_unit_test(no_redistribute_lends_no_word),
        cmocka_unit_test(an_incident_names_its_episodes),
        cmocka_unit_test(what_a_bare_retraction_does_not_say_is_null),
        cmocka_unit_test(what_was_left_out_is_counted),
    };
    arena_init(&arena, 1 << 20);
    int failed = cmocka_run_group_tests_name("episode_json", tests, NULL, NULL);
    arena_fini(&arena);
    text_fini(&text);
    return failed;
}
