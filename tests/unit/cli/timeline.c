#include "cli/replay/timeline.h"

#include "proto/codec.h"
#include "tests/unit/cli/unit.h"

struct world {
    struct arena arena, scratch;
    struct timeline timeline;
};

static int set_up(void **state)
{
    static struct world world;
    arena_init(&world.arena, 1u << 20);
    arena_init(&world.scratch, 1u << 20);
    timeline_init(&world.timeline);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    timeline_fini(&world->timeline);
    arena_fini(&world->scratch);
    arena_fini(&world->arena);
    return 0;
}

static void add(struct world *world, const char *line)
{
    struct incident incident = incident_of(&world->arena, line);
    struct text bytes = {0};
    assert_int_equal(report_pack(&incident.reports[0], &bytes), STATUS_OK);
    assert_int_equal(timeline_add(&world->timeline, (struct span){bytes.data, bytes.size}, &world->scratch), STATUS_OK);
    text_fini(&bytes);
}

#define RETRACTION "{\"source\":\"t\",\"source_id\":\"pl\",\"revision\":1,\"status\":\"retracted\"}"
#define LATE                                                                                                           \
    "{\"source\":\"t\",\"source_id\":\"lt\",\"category\":\"air.balloon\",\"reported_at\":\"2025-09-30T00:00:00Z\","    \
    "\"occurred\":{\"start\":\"2025-09-01T00:00:00Z\"},\"place\":{\"lat\":54,\"lon\":25}}"

static void reports_come_in_the_order_of_telling(void **state)
{
    struct world *world = *state;
    add(world, ESTONIA);
    add(world, LATE);
    add(world, ROMANIA);
    add(world, POLAND);
    timeline_sort(&world->timeline);
    static const char *const expected[] = {"t:pl", "t:ro", "t:ee", "t:lt"};
    assert_int_equal(world->timeline.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(span_equal(world->timeline.entries[i].id, span_of(expected[i])));
    assert_int_equal(world->timeline.entries[3].told_ms, ms_of("2025-09-30T00:00:00Z"));
}

static void a_bare_retraction_follows_what_it_takes_back(void **state)
{
    struct world *world = *state;
    add(world, RETRACTION);
    add(world, ESTONIA);
    add(world, POLAND);
    timeline_sort(&world->timeline);
    assert_true(span_equal(world->timeline.entries[0].id, SPAN("t:pl")));
    assert_int_equal(world->timeline.entries[0].revision, 0);
    assert_true(span_equal(world->timeline.entries[1].id, SPAN("t:pl")));
    assert_int_equal(world->timeline.entries[1].revision, 1);
    assert_int_equal(world->timeline.entries[1].told_ms, ms_of("2025-09-10T04:45:00Z"));
}

static void what_is_no_report_is_refused(void **state)
{
    struct world *world = *state;
    assert_int_equal(timeline_add(&world->timeline, SPAN("\377\377\377"), &world->scratch), STATUS_INVALID);
    assert_int_equal(world->timeline.count, 0);
}

static void an_empty_timeline_can_be_put_in_order(void **state)
{
    struct world *world = *state;
    timeline_sort(&world->timeline);
    assert_int_equal(world->timeline.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reports_come_in_the_order_of_telling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bare_retraction_follows_what_it_takes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_report_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_timeline_can_be_put_in_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
