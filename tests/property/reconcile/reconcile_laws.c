/* Reports into incidents against brute force: on worlds full of ties, after every step, whatever the order, the
 * batches, the revisions and the retractions. `--worlds N`; VEDETTE_SEED=S plays one world alone and says what it does.
 */
#include "correlator/registry.h"
#include "tests/support/dice.h"
#include "tests/support/failing.h"
#include "tests/support/same_oracle.h"

#include <assert.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_MS     3600000LL
#define START_MS    1757453400000LL
#define STEPS_MAX   96
#define IDS_MAX     64
#define ID_BYTES    32
#define MEMBERS_MAX IDS_MAX

static size_t worlds = 1500;

/* --- a world: what is said, in an order --- */

static const char *const sources[] = {"a", "b", "wire", "list", "other-list"};
static const struct span distinct[] = {{"list", 4}, {"other-list", 10}};
static const char *const publishers[] = {"", "Reuters", " reuters", "PAP", "wire"};

struct world {
    struct same_options options;
    char ids[STEPS_MAX][8];
    struct report steps[STEPS_MAX];
    size_t count;
    struct country poland;
    uint32_t flush_one_in; /* 1: after each */
};

static void report_roll(struct dice *dice, struct world *world, size_t at, uint32_t id_count, bool wide)
{
    static const double radii[] = {0, 0, 0, 0, 5, 20, 25, 25.5, 60, 150};
    static const enum category categories[] = {CATEGORY_AIR_DRONE_INCURSION, CATEGORY_AIR_DRONE_INCURSION,
                                               CATEGORY_AIR_DRONE_SIGHTING, CATEGORY_AIR_BALLOON};
    static const enum report_status states[] = {REPORT_REPORTED, REPORT_REPORTED,  REPORT_CONFIRMED,
                                                REPORT_DISPUTED, REPORT_RETRACTED, REPORT_EXPLAINED};
    static const int64_t lengths_ms[] = {0, 0, 0, HOUR_MS, 5 * HOUR_MS, 24 * HOUR_MS, 40 * 24 * HOUR_MS};
    uint32_t id = dice_below(dice, id_count);
    (void)snprintf(world->ids[at], sizeof world->ids[at], "%u", id);
    struct report *report = &world->steps[at];
    *report = (struct report){
        .source = span_of(sources[id % (sizeof sources / sizeof sources[0])]),
        .source_id = span_of(world->ids[at]),
        .revision = dice_below(dice, 3),
        .status = states[dice_below(dice, dice_below(dice, 4) == 0 ? 6 : 4)],
        .category = categories[dice_below(dice, 4)],
        .role = dice_below(dice, 12) == 0 ? ROLE_CONTEXT : ROLE_TRIGGER,
        .reported_at_ms = dice_below(dice, 5) == 0 ? TIME_NONE : START_MS + dice_below(dice, 4) * HOUR_MS,
        .has_place = true,
        .has_countries = true,
        .countries = &world->poland,
        .country_count = 1,
        .publisher = span_of(publishers[dice_below(dice, 5)]),
        .confidence = (double)NAN,
    };
    /* 0.1° of latitude are 11 km: three steps are within 25 km and a third, and none is exactly at it but by radius. */
    uint32_t span = wide ? 12 : 5;
    report->place = (struct place){.lat = 52.0 + 0.1 * dice_below(dice, span),
                                   .lon = 23.0 + 0.16 * dice_below(dice, wide ? 4 : 2),
                                   .radius_km = radii[dice_below(dice, 10)]};
    int64_t start_ms = START_MS + (int64_t)dice_below(dice, wide ? 16 : 5) * 3 * HOUR_MS;
    report->occurred =
        (struct occurred){.start_ms = start_ms,
                          .end_ms = start_ms + lengths_ms[dice_below(dice, dice_below(dice, 8) == 0 ? 7 : 5)],
                          .precision = dice_below(dice, 3) == 0 ? PRECISION_DAY : PRECISION_MINUTE};
    if (report->status == REPORT_RETRACTED && dice_below(dice, 2) == 0) { /* a bare one */
        report->has_place = report->has_countries = false;
        report->country_count = 0;
        report->occurred = (struct occurred){TIME_NONE, TIME_NONE, PRECISION_SECOND, BASIS_REPORTED};
        report->category = 0;
        report->role = 0;
        report->publisher = (struct span){0};
    }
}

static void world_make(struct world *world, uint64_t seed)
{
    struct dice dice = {seed};
    *world = (struct world){.options = {.mode = SAME_ON,
                                        .within_ms = (int64_t)dice_below(&dice, 3) * 3 * HOUR_MS,
                                        .reach_km = dice_below(&dice, 4) == 0 ? 12.0 : 25.0,
                                        .distinct = distinct,
                                        .distinct_count = dice_below(&dice, 3)},
                            .poland = {COUNTRY_CODE('P', 'L'), COUNTRY_WHERE}};
    world->count = 1 + dice_below(&dice, dice_below(&dice, 4) == 0 ? STEPS_MAX : 24);
    world->flush_one_in = 1 + dice_below(&dice, 3) * dice_below(&dice, 8);
    uint32_t id_count = 1 + dice_below(&dice, dice_below(&dice, 2) == 0 ? IDS_MAX : 12);
    bool wide = dice_below(&dice, 3) == 0;
    for (size_t i = 0; i < world->count; i++)
        report_roll(&dice, world, i, id_count, wide);
}

static void world_shuffle(struct world *world, uint64_t seed)
{
    struct dice dice = {seed ^ 0x5ca1ab1e};
    for (size_t i = world->count; i > 1; i--) {
        size_t k = dice_below(&dice, (uint32_t)i);
        struct report swap = world->steps[i - 1];
        world->steps[i - 1] = world->steps[k];
        world->steps[k] = swap;
    }
    world->flush_one_in = 1 + dice_below(&dice, 12);
}

/* --- who listens: a sink that keeps rows, and an engine that holds incidents --- */

struct row {
    char id[ID_BYTES];
    enum report_status status;
    uint32_t revision;
    size_t count;
    char members[MEMBERS_MAX][ID_BYTES];
    uint64_t publishers;
    int64_t start_ms;
    double lat;
};

struct listener {
    struct registry *registry;
    struct row rows[IDS_MAX];
    size_t row_count;
    struct record *live[IDS_MAX];
    size_t live_count;
    struct record *removed[4 * IDS_MAX];
    size_t removed_count;
};

static void row_drop(struct listener *listener, const char *id)
{
    for (size_t i = 0; i < listener->row_count; i++)
        if (strcmp(listener->rows[i].id, id) == 0) {
            listener->rows[i] = listener->rows[--listener->row_count];
            return;
        }
}

static void id_write(const struct report *report, char ret_id[ID_BYTES])
{
    (void)report_incident_id(report, ret_id, ID_BYTES);
    ret_id[report->source.size + 1 + report->source_id.size] = '\0';
}

/* As sink/store.c does it. */
static enum status on_told(void *self, enum publication_kind kind, const struct incident *incident)
{
    struct listener *listener = self;
    struct row row = {.status = incident->reports[0].status,
                      .revision = incident->reports[0].revision,
                      .count = incident->report_count,
                      .publishers = incident_publishers(incident),
                      .start_ms = incident->reports[0].occurred.start_ms,
                      .lat = incident->reports[0].place.lat};
    for (size_t i = 0; i < incident->report_count; i++) {
        id_write(&incident->reports[i], row.members[i]);
        row_drop(listener, row.members[i]);
    }
    memcpy(row.id, row.members[0], sizeof row.id);
    assert_true(span_equal(incident->id, span_of(row.id)));
    assert_int_equal(incident->reports_omitted, 0);
    assert_true(kind == PUBLICATION_INCIDENT || row.status == REPORT_RETRACTED);
    assert_true(listener->row_count < IDS_MAX);
    listener->rows[listener->row_count++] = row;
    return STATUS_OK;
}

static size_t live_at(const struct listener *listener, const struct record *record)
{
    size_t at = 0;
    while (at < listener->live_count && listener->live[at] != record)
        at++;
    return at;
}

static enum status on_changed(void *self, const struct incident_change *change)
{
    struct listener *listener = self;
    if (change->removed != NULL) {
        size_t at = live_at(listener, change->removed);
        assert_true(at < listener->live_count);
        assert_int_not_equal(change->removed->action, ACTION_NONE);
        listener->live[at] = listener->live[--listener->live_count];
        listener->removed[listener->removed_count++] = change->removed;
    }
    if (change->inserted != NULL) {
        for (size_t i = 0; i < listener->live_count; i++)
            assert_false(span_equal(listener->live[i]->incident.id, change->inserted->incident.id));
        assert_ptr_equal(change->inserted->incident.user, change->inserted);
        assert_int_not_equal(change->inserted->action, ACTION_NONE);
        listener->live[listener->live_count++] = change->inserted;
    }
    if (change->touched != NULL)
        assert_true(live_at(listener, change->touched) < listener->live_count);
    return STATUS_OK;
}

static enum status flush(struct listener *listener)
{
    const struct registry_events events = {on_told, on_changed, listener};
    enum status status = registry_resolve(listener->registry, &events);
    if (status != STATUS_OK)
        return status;
    assert_int_equal(registry_pending(listener->registry), 0);
    for (size_t i = 0; i < listener->removed_count; i++)
        registry_released(listener->registry, listener->removed[i], false);
    listener->removed_count = 0;
    registry_settle(listener->registry);
    return STATUS_OK;
}

/* --- what should be: by the reports that stand --- */

struct expected {
    struct report reports[IDS_MAX]; /* that take part */
    size_t count;
    struct report outs[IDS_MAX]; /* that do not, as they stand */
    size_t out_count;
    struct same_verdict verdict;
};

static bool same_id(const struct report *a, const struct report *b)
{
    return span_equal(a->source, b->source) && span_equal(a->source_id, b->source_id);
}

static void expect(const struct world *world, size_t count, struct expected *ret_expected)
{
    ret_expected->count = ret_expected->out_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool stands = true;
        for (size_t k = 0; k < count && stands; k++) {
            int order =
                same_id(&world->steps[i], &world->steps[k]) ? report_order(&world->steps[i], &world->steps[k]) : 1;
            stands = order > 0 || (order == 0 && k >= i);
        }
        if (!stands)
            continue;
        bool is_out = world->steps[i].status == REPORT_RETRACTED || world->steps[i].status == REPORT_EXPLAINED;
        if (is_out)
            ret_expected->outs[ret_expected->out_count++] = world->steps[i];
        else
            ret_expected->reports[ret_expected->count++] = world->steps[i];
    }
    same_oracle(&world->options, ret_expected->reports, ret_expected->count, &ret_expected->verdict);
}

static const struct row *row_of(const struct listener *listener, const struct report *report)
{
    char id[ID_BYTES];
    id_write(report, id);
    for (size_t i = 0; i < listener->row_count; i++)
        if (strcmp(listener->rows[i].id, id) == 0)
            return &listener->rows[i];
    return NULL;
}

static const struct record *record_of(const struct listener *listener, const struct report *report)
{
    char id[ID_BYTES];
    id_write(report, id);
    for (size_t i = 0; i < listener->live_count; i++)
        if (span_equal(listener->live[i]->incident.id, span_of(id)))
            return listener->live[i];
    return NULL;
}

static int by_better(const void *a, const void *b)
{
    return same_oracle_better(*(const struct report *const *)a, *(const struct report *const *)b);
}

static void check_incident(const struct listener *listener, const struct expected *expected, size_t best)
{
    const struct report *report = &expected->reports[best], *members[IDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < expected->count; i++)
        if (expected->verdict.incident_of[i] == best)
            members[count++] = &expected->reports[i];
    qsort((void *)members, count, sizeof(const struct report *), by_better);
    const struct row *row = row_of(listener, report);
    const struct record *record = record_of(listener, report);
    assert_non_null(row);
    assert_non_null(record);
    assert_int_equal(row->count, count);
    for (size_t i = 0; i < count; i++) {
        char id[ID_BYTES];
        id_write(members[i], id);
        assert_string_equal(row->members[i], id);
    }
    assert_int_equal(row->publishers, expected->verdict.publishers[best]);
    assert_int_equal(row->status, report->status);
    assert_int_equal(row->revision, report->revision);
    assert_int_equal(row->start_ms, report->occurred.start_ms);
    struct point point = point_from_degrees(report->place.lat, report->place.lon);
    assert_int_equal(record->incident.start_ms, report->occurred.start_ms);
    assert_int_equal(record->incident.end_ms, report->occurred.end_ms);
    assert_int_equal(record->incident.point.x, point.x);
    assert_int_equal(record->incident.point.z, point.z);
    assert_int_equal(record->incident.category, report->category);
}

static void check(const struct listener *listener, const struct world *world, size_t count)
{
    static struct expected expected;
    expect(world, count, &expected);
    size_t incidents = 0;
    for (size_t i = 0; i < expected.count; i++)
        if (expected.verdict.incident_of[i] == i) {
            check_incident(listener, &expected, i);
            incidents++;
        }
    for (size_t i = 0; i < expected.out_count; i++) {
        const struct row *row = row_of(listener, &expected.outs[i]);
        assert_non_null(row);
        assert_int_equal(row->count, 1);
        assert_int_equal(row->status, expected.outs[i].status);
        assert_int_equal(row->revision, expected.outs[i].revision);
    }
    assert_int_equal(listener->live_count, incidents);
    assert_int_equal(listener->row_count, incidents + expected.out_count);
}

static enum status play(struct listener *listener, const struct world *world, const struct allocator *allocator,
                        bool checks)
{
    *listener = (struct listener){0};
    enum status status = registry_new_same(&world->options, allocator, &listener->registry);
    for (size_t i = 0; i < world->count && status == STATUS_OK; i++) {
        struct incident_change change;
        status = registry_apply(listener->registry, &world->steps[i], START_MS, &change);
        bool flushes = (i + 1) % world->flush_one_in == 0 || i + 1 == world->count;
        if (status == STATUS_OK && flushes)
            status = flush(listener);
        if (status == STATUS_OK && flushes && checks)
            check(listener, world, i + 1);
    }
    return status;
}

/* --- the laws --- */

static uint64_t seed_first(size_t *ret_count)
{
    const char *one = getenv("VEDETTE_SEED");
    *ret_count = one != NULL ? 1 : worlds;
    return one != NULL ? strtoull(one, NULL, 0) : 1;
}

#define EACH_WORLD(seed)                                                                                               \
    size_t seed_count_;                                                                                                \
    uint64_t seed_first_ = seed_first(&seed_count_);                                                                   \
    for (uint64_t seed = seed_first_; seed < seed_first_ + seed_count_; seed++)

static uint64_t current_seed;

static int say_seed(void **state)
{
    if (current_seed != 0)
        (void)fprintf(stderr, "last world: VEDETTE_SEED=%llu\n", (unsigned long long)current_seed);
    return 0;
}

static void after_every_step_it_is_what_brute_force_says(void **state)
{
    static struct world world;
    static struct listener listener;
    EACH_WORLD(seed)
    {
        current_seed = seed;
        world_make(&world, seed);
        assert_int_equal(play(&listener, &world, &allocator_heap, true), STATUS_OK);
        registry_free(listener.registry);
    }
    current_seed = 0;
}

static void any_order_and_any_batches_give_the_same(void **state)
{
    static struct world world;
    static struct listener listener;
    EACH_WORLD(seed)
    {
        current_seed = seed;
        world_make(&world, seed);
        world_shuffle(&world, seed);
        assert_int_equal(play(&listener, &world, &allocator_heap, true), STATUS_OK);
        registry_free(listener.registry);
    }
    current_seed = 0;
}

struct visited {
    const struct expected *expected;
    size_t count;
};

static enum status on_visit(void *self, const struct engine_incident *incident, uint64_t publisher_count)
{
    struct visited *visited = self;
    for (size_t i = 0; i < visited->expected->count; i++) {
        char id[ID_BYTES];
        id_write(&visited->expected->reports[i], id);
        if (!span_equal(incident->id, span_of(id)))
            continue;
        assert_int_equal(visited->expected->verdict.incident_of[i], i);
        assert_int_equal(visited->expected->verdict.publishers[i], publisher_count);
        assert_int_equal(incident->start_ms, visited->expected->reports[i].occurred.start_ms);
        visited->count++;
    }
    return STATUS_OK;
}

static void whoever_visits_the_incidents_sees_the_same_and_their_publishers(void **state)
{
    static struct world world;
    static struct expected expected;
    EACH_WORLD(seed)
    {
        current_seed = seed;
        world_make(&world, seed);
        static struct listener listener;
        listener = (struct listener){0};
        assert_int_equal(registry_new_same(&world.options, &allocator_heap, &listener.registry), STATUS_OK);
        struct visited visited = {&expected, 0};
        for (size_t i = 0; i < world.count; i++) {
            struct incident_change change;
            assert_int_equal(registry_apply(listener.registry, &world.steps[i], START_MS, &change), STATUS_OK);
            if (i + 1 != world.count && i % 7 != 6)
                continue;
            assert_int_equal(flush(&listener), STATUS_OK);
            expect(&world, i + 1, &expected);
            visited.count = 0;
            assert_int_equal(registry_visit(listener.registry, on_visit, &visited), STATUS_OK);
            assert_int_equal(visited.count, listener.live_count);
        }
        registry_free(listener.registry);
    }
    current_seed = 0;
}

/* One place, a report every five hours for a month, each told once: the chain is one incident, as long as it goes on,
 * though the engine lets go of it after three days; others come and go beside it. */
static void an_incident_that_outlives_the_windows_stays_one(void **state)
{
    static struct listener listener;
    struct country poland = {COUNTRY_CODE('P', 'L'), COUNTRY_WHERE};
    const struct same_options options = {.mode = SAME_ON, .within_ms = 6 * HOUR_MS, .reach_km = 25};
    listener = (struct listener){0};
    assert_int_equal(registry_new_same(&options, &allocator_heap, &listener.registry), STATUS_OK);
    char ids[60][16];
    for (int i = 0; i < 60; i++) { /* 30 steps of the chain, and as many of others, each far from all */
        bool is_chain = i % 2 == 0;
        (void)snprintf(ids[i], sizeof ids[i], "%d", i);
        int64_t start_ms = START_MS + i / 2 * 5 * HOUR_MS;
        const struct report report = {
            .source = SPAN("s"),
            .source_id = span_of(ids[i]),
            .occurred = {start_ms, start_ms, PRECISION_MINUTE, BASIS_REPORTED},
            .reported_at_ms = start_ms,
            .has_place = true,
            .place = {is_chain ? 52.0 : 40.0 + i % 7, is_chain ? 23.0 : (double)i, 0, {0}},
            .has_countries = true,
            .countries = &poland,
            .country_count = 1,
            .confidence = (double)NAN,
        };
        struct incident_change change;
        assert_true(registry_horizon(listener.registry) <= start_ms);
        assert_int_equal(registry_apply(listener.registry, &report, START_MS, &change), STATUS_OK);
        registry_watermark(listener.registry, start_ms);
        assert_int_equal(flush(&listener), STATUS_OK);
        for (size_t k = listener.live_count; k-- > 0;) {
            struct record *record = listener.live[k];
            if (record->incident.end_ms >= start_ms - 72 * HOUR_MS)
                continue;
            listener.live[k] = listener.live[--listener.live_count];
            registry_released(listener.registry, record, true);
        }
        registry_forget(listener.registry, INT64_MIN);
    }
    assert_int_equal(listener.row_count, 31);
    size_t chains = 0;
    for (size_t i = 0; i < listener.row_count; i++)
        if (listener.rows[i].count == 30) {
            assert_string_equal(listener.rows[i].id, "s:0");
            chains++;
        }
    assert_int_equal(chains, 1);
    /* Once it is over it leaves too: nothing is kept but what may still meet another. */
    registry_watermark(listener.registry, START_MS + 100 * 24 * HOUR_MS);
    for (size_t k = listener.live_count; k-- > 0;)
        registry_released(listener.registry, listener.live[k], true);
    registry_forget(listener.registry, INT64_MIN);
    assert_int_equal(registry_count(listener.registry), 0);
    assert_true(registry_horizon(listener.registry) > START_MS + 29 * 5 * HOUR_MS);
    registry_free(listener.registry);
}

static void where_there_is_no_memory_it_says_so_and_can_be_freed(void **state)
{
    static struct world world;
    static struct listener listener;
    size_t failures = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        current_seed = seed;
        world_make(&world, seed);
        struct failing failing = {0};
        struct allocator allocator = failing_allocator(&failing);
        assert_int_equal(play(&listener, &world, &allocator, false), STATUS_OK);
        registry_free(listener.registry);
        assert_int_equal(failing.blocks, 0);
        uint64_t calls = failing.calls;
        for (uint64_t at = 1; at <= calls; at += 1 + calls / 60) {
            failing = (struct failing){.fail_at = at};
            assert_int_equal(play(&listener, &world, &allocator, false), STATUS_NO_MEMORY);
            registry_free(listener.registry);
            assert_int_equal(failing.blocks, 0);
            failures++;
        }
    }
    assert_true(failures > 100);
    current_seed = 0;
}

/* A town that is told of for ever: what leaves makes room for what comes. */
static void in_a_steady_state_nothing_is_allocated(void **state)
{
    static struct listener listener;
    listener = (struct listener){0};
    struct failing failing = {0};
    struct allocator allocator = failing_allocator(&failing);
    struct country poland = {COUNTRY_CODE('P', 'L'), COUNTRY_WHERE};
    const struct same_options options = {.mode = SAME_ON, .within_ms = 6 * HOUR_MS, .reach_km = 25};
    assert_int_equal(registry_new_same(&options, &allocator, &listener.registry), STATUS_OK);
    uint64_t calls = 0, calls_midway = 0;
    for (int i = 0; i < 4000; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%06d", i);
        int64_t start_ms = START_MS + i / 4 * 24 * HOUR_MS;
        const struct report report = {
            .source = SPAN("s"),
            .source_id = span_of(id),
            .occurred = {start_ms, start_ms, PRECISION_MINUTE, BASIS_REPORTED},
            .reported_at_ms = start_ms,
            .has_place = true,
            .place = {52.0 + 0.01 * (i % 4), 23.0, i % 4 == 3 ? 100 : 0, {0}},
            .has_countries = true,
            .countries = &poland,
            .country_count = 1,
            .confidence = (double)NAN,
        };
        struct incident_change change;
        assert_int_equal(registry_apply(listener.registry, &report, START_MS, &change), STATUS_OK);
        registry_watermark(listener.registry, start_ms);
        listener.row_count = 0; /* nobody looks */
        assert_int_equal(flush(&listener), STATUS_OK);
        for (size_t k = listener.live_count; k-- > 0;)
            if (listener.live[k]->incident.end_ms < start_ms - 72 * HOUR_MS) {
                struct record *record = listener.live[k];
                listener.live[k] = listener.live[--listener.live_count];
                registry_released(listener.registry, record, true);
            }
        calls = failing.calls;
        if (i == 2000)
            calls_midway = calls;
    }
    assert_int_equal(calls, calls_midway);
    registry_free(listener.registry);
    assert_int_equal(failing.blocks, 0);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--worlds") == 0)
        worlds = strtoul(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(after_every_step_it_is_what_brute_force_says, say_seed),
        cmocka_unit_test_teardown(any_order_and_any_batches_give_the_same, say_seed),
        cmocka_unit_test_teardown(whoever_visits_the_incidents_sees_the_same_and_their_publishers, say_seed),
        cmocka_unit_test(an_incident_that_outlives_the_windows_stays_one),
        cmocka_unit_test_teardown(where_there_is_no_memory_it_says_so_and_can_be_freed, say_seed),
        cmocka_unit_test(in_a_steady_state_nothing_is_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
