/* The register against a sink that follows what it tells: whatever the order, the same stands. */
#include "correlator/registry.h"

#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/reports.h"

#include <stdio.h>

#define REPORTS_MAX 7
#define HEARD_MS    (START_MS + 30 * DAY_MS)

/* What the engine holds and what a sink knows of one incident, by what the register told. */
struct onlooker {
    struct registry *registry;
    struct record *live;                     /* in the engine */
    struct record *removed[REPORTS_MAX * 2]; /* to be released at the next flush */
    size_t removed_count;
    bool known;
    struct report body; /* as the sink has it; no place: none was told */
    enum report_status status;
    uint32_t revision;
};

static void flush(struct onlooker *onlooker)
{
    for (size_t i = 0; i < onlooker->removed_count; i++)
        registry_released(onlooker->registry, onlooker->removed[i], false);
    onlooker->removed_count = 0;
    registry_settle(onlooker->registry);
}

static bool is_bare(const struct report *report)
{
    return !report->has_place || report->occurred.start_ms == TIME_NONE;
}

static enum incident_verdict hear(struct onlooker *onlooker, const struct report *report)
{
    struct incident_change change;
    assert_int_equal(registry_apply(onlooker->registry, report, HEARD_MS, &change), STATUS_OK);
    if (change.verdict == VERDICT_DUPLICATE || change.verdict == VERDICT_STALE)
        return change.verdict;
    if (!is_bare(report))
        onlooker->body = *report;
    onlooker->status = change.status;
    onlooker->revision = change.revision;
    onlooker->known = true;
    if (change.verdict == VERDICT_BODY) {
        assert_null(change.inserted);
        assert_null(change.removed);
        assert_null(change.touched);
        return change.verdict;
    }
    if (change.touched != NULL)
        assert_ptr_equal(change.touched, onlooker->live);
    if (change.removed != NULL) {
        assert_ptr_equal(change.removed, onlooker->live);
        onlooker->removed[onlooker->removed_count++] = change.removed;
        onlooker->live = NULL;
    }
    if (change.inserted != NULL) {
        assert_null(onlooker->live);
        assert_ptr_equal(change.inserted->incident.user, change.inserted);
        onlooker->live = change.inserted;
    }
    return change.verdict;
}

static void onlooker_init(struct onlooker *onlooker)
{
    *onlooker = (struct onlooker){0};
    assert_int_equal(registry_new(&onlooker->registry), STATUS_OK);
}

static void assert_same_body(const struct report *a, const struct report *b)
{
    unsigned char digest_a[32], digest_b[32];
    struct report one = *a, other = *b;
    one.status = other.status = REPORT_REPORTED; /* of the standing one, compared apart */
    report_digest(&one, digest_a);
    report_digest(&other, digest_b);
    assert_memory_equal(digest_a, digest_b, 32);
}

/* Both tell of the same incident, standing alike. */
static void assert_alike(const struct onlooker *a, const struct onlooker *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(a->body.has_place, b->body.has_place);
    assert_same_body(&a->body, &b->body);
    assert_int_equal(a->live != NULL, b->live != NULL);
    if (a->live == NULL)
        return;
    assert_memory_equal(a->live->digest, b->live->digest, 32);
    assert_int_equal(a->live->incident.start_ms, b->live->incident.start_ms);
    assert_int_equal(a->live->incident.point.x, b->live->incident.point.x);
    assert_true(span_equal(a->live->incident.id, b->live->incident.id));
}

enum flushing { FLUSH_EACH, FLUSH_LAST };

static void hear_in_order(struct onlooker *onlooker, const struct report *reports, const size_t *order, size_t count,
                          enum flushing flushing)
{
    onlooker_init(onlooker);
    for (size_t i = 0; i < count; i++) {
        (void)hear(onlooker, &reports[order[i]]);
        if (flushing == FLUSH_EACH)
            flush(onlooker);
    }
    flush(onlooker);
}

static bool next_permutation(size_t *order, size_t count)
{
    size_t i = count - 1;
    while (i > 0 && order[i - 1] >= order[i])
        i--;
    if (i == 0)
        return false;
    size_t j = count - 1;
    while (order[j] <= order[i - 1])
        j--;
    size_t other = order[i - 1];
    order[i - 1] = order[j];
    order[j] = other;
    for (size_t low = i, high = count - 1; low < high; low++, high--) {
        other = order[low];
        order[low] = order[high];
        order[high] = other;
    }
    return true;
}

/* Answers how it stands, after every order of the reports and of flushes. */
static void assert_order_does_not_matter(const struct report *reports, size_t count, struct onlooker *ret_standing)
{
    size_t order[REPORTS_MAX];
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    hear_in_order(ret_standing, reports, order, count, FLUSH_EACH);
    do {
        for (enum flushing flushing = FLUSH_EACH; flushing <= FLUSH_LAST; flushing++) {
            struct onlooker onlooker;
            hear_in_order(&onlooker, reports, order, count, flushing);
            assert_alike(&onlooker, ret_standing);
            for (size_t i = 0; i < count; i++) { /* told again, none of it is news */
                enum incident_verdict verdict = hear(&onlooker, &reports[i]);
                assert_true(verdict == VERDICT_DUPLICATE || verdict == VERDICT_STALE);
            }
            registry_free(onlooker.registry);
        }
    } while (next_permutation(order, count));
}

static void the_highest_revision_stands_then_the_latest_report_then_the_greatest_digest_in_any_order(void **state)
{
    struct report reports[] = {report_make("a", 1), report_make("a", 2), report_make("a", 2),
                               report_make("a", 2), report_make("a", 0), report_make("a", 2)};
    reports[2].reported_at_ms = START_MS + 2 * DAY_MS; /* later: stands, or its twin below */
    reports[3].reported_at_ms = START_MS + 2 * DAY_MS;
    reports[3].headline = SPAN("drones and decoys");
    reports[3].place.lat = 52.0;
    reports[4].occurred.start_ms -= DAY_MS;
    reports[5].reported_at_ms = TIME_NONE; /* the earliest of all */
    struct onlooker standing;
    assert_order_does_not_matter(reports, 6, &standing);
    assert_int_equal(standing.revision, 2);
    const struct report *greater = report_order(&reports[2], &reports[3]) > 0 ? &reports[2] : &reports[3];
    assert_same_body(&standing.body, greater);
    assert_non_null(standing.live);
    registry_free(standing.registry);
}

static void a_bare_retraction_stands_over_the_best_body_there_is_in_any_order(void **state)
{
    struct report reports[] = {report_make("a", 1), report_make("a", 2), report_make("a", 2), report_retraction("a", 3),
                               report_retraction("a", 3)};
    reports[2].headline = SPAN("drones and decoys");
    reports[4].reported_at_ms = START_MS;
    struct onlooker standing;
    assert_order_does_not_matter(reports, 5, &standing);
    assert_int_equal(standing.status, REPORT_RETRACTED);
    assert_int_equal(standing.revision, 3);
    assert_null(standing.live);
    assert_same_body(&standing.body, report_order(&reports[1], &reports[2]) > 0 ? &reports[1] : &reports[2]);
    registry_free(standing.registry);
}

static void a_full_retraction_brings_its_own_body_in_any_order(void **state)
{
    struct report reports[] = {report_make("a", 1), report_retraction("a", 2), report_make("a", 3),
                               report_make("a", 2)};
    reports[2].status = REPORT_RETRACTED;
    reports[2].headline = SPAN("it was a flock of geese");
    struct onlooker standing;
    assert_order_does_not_matter(reports, 4, &standing);
    assert_int_equal(standing.status, REPORT_RETRACTED);
    assert_same_body(&standing.body, &reports[2]);
    assert_null(standing.live);
    registry_free(standing.registry);
}

static void what_is_taken_back_twice_and_restored_between_stands_as_its_last_word_in_any_order(void **state)
{
    struct report reports[] = {report_make("a", 1),      report_retraction("a", 2), report_make("a", 3),
                               report_make("a", 4),      report_retraction("a", 5), report_make("a", 6),
                               report_retraction("a", 6)};
    reports[3].status = REPORT_EXPLAINED;
    reports[5].place.lon = 24.0;
    struct onlooker standing;
    assert_order_does_not_matter(reports, 7, &standing);
    assert_int_equal(standing.revision, 6);
    /* the retraction of revision 6 gives no time of report: the earlier of the two */
    assert_int_equal(standing.status, REPORT_CONFIRMED);
    assert_non_null(standing.live);
    assert_same_body(&standing.body, &reports[5]);
    registry_free(standing.registry);
}

static void a_retraction_of_what_was_never_seen_stands_and_takes_a_body_later(void **state)
{
    struct onlooker onlooker;
    onlooker_init(&onlooker);
    struct report retraction = report_retraction("a", 2), late = report_make("a", 1);
    assert_int_equal(hear(&onlooker, &retraction), VERDICT_APPLIED);
    assert_int_equal(hear(&onlooker, &late), VERDICT_BODY);
    assert_int_equal(onlooker.status, REPORT_RETRACTED);
    assert_int_equal(onlooker.revision, 2);
    assert_int_equal(hear(&onlooker, &late), VERDICT_STALE);
    assert_null(onlooker.live);
    registry_free(onlooker.registry);
}

static enum incident_action action_of(struct onlooker *onlooker, const struct report *report)
{
    (void)hear(onlooker, report);
    const struct record *record =
        onlooker->live != NULL ? onlooker->live : onlooker->removed[onlooker->removed_count - 1];
    enum incident_action action = record->action;
    flush(onlooker);
    if (onlooker->live != NULL)
        assert_int_equal(onlooker->live->action, ACTION_NONE);
    return action;
}

static void each_step_of_a_life_is_named_and_forgotten_after_a_flush(void **state)
{
    struct onlooker onlooker;
    onlooker_init(&onlooker);
    struct report added = report_make("a", 1), moved = report_make("a", 2), worded = report_make("a", 3);
    struct report explained = report_make("a", 4), restored = report_make("a", 5);
    struct report retracted = report_retraction("a", 6);
    moved.place.lat = worded.place.lat = restored.place.lat = 52.0;
    worded.headline = SPAN("nineteen drones");
    explained.status = REPORT_EXPLAINED;
    assert_int_equal(action_of(&onlooker, &added), ACTION_ADDED);
    const struct record *first = onlooker.live;
    assert_int_equal(action_of(&onlooker, &moved), ACTION_CORRECTED);
    const struct record *second = onlooker.live;
    assert_ptr_not_equal(first, second);
    assert_int_equal(action_of(&onlooker, &worded), ACTION_CORRECTED);
    assert_ptr_equal(onlooker.live, second); /* the engine sees no difference: touched */
    assert_int_equal(action_of(&onlooker, &explained), ACTION_EXPLAINED);
    assert_int_equal(action_of(&onlooker, &restored), ACTION_RESTORED);
    assert_int_equal(action_of(&onlooker, &retracted), ACTION_RETRACTED);
    registry_free(onlooker.registry);
}

static void an_incident_added_and_corrected_between_two_flushes_was_added(void **state)
{
    struct onlooker onlooker;
    onlooker_init(&onlooker);
    struct report added = report_make("a", 1), worded = report_make("a", 2);
    worded.headline = SPAN("nineteen drones");
    (void)hear(&onlooker, &added);
    (void)hear(&onlooker, &worded);
    assert_int_equal(onlooker.live->action, ACTION_ADDED);
    flush(&onlooker);
    registry_free(onlooker.registry);
}

static void a_touched_record_carries_the_digest_of_what_it_says_now(void **state)
{
    struct onlooker onlooker;
    onlooker_init(&onlooker);
    struct report added = report_make("a", 1), worded = report_make("a", 2);
    worded.headline = SPAN("nineteen drones");
    unsigned char digest[32];
    report_digest(&worded, digest);
    (void)hear(&onlooker, &added);
    (void)hear(&onlooker, &worded);
    assert_memory_equal(onlooker.live->digest, digest, 32);
    registry_free(onlooker.registry);
}

static void countries_are_counted_where_it_happened_and_touched_where_it_mattered(void **state)
{
    static const struct country countries[] = {{COUNTRY_CODE('B', 'Y'), COUNTRY_ORIGIN},
                                               {COUNTRY_CODE('E', 'E'), COUNTRY_AFFECTED},
                                               {COUNTRY_CODE('P', 'L'), COUNTRY_WHERE},
                                               {COUNTRY_CODE('P', 'L'), COUNTRY_AFFECTED}};
    struct onlooker onlooker;
    onlooker_init(&onlooker);
    struct report report = report_make("a", 1);
    report.countries = countries;
    report.country_count = 4;
    (void)hear(&onlooker, &report);
    const struct engine_incident *incident = &onlooker.live->incident;
    assert_int_equal(incident->country_count, 1);
    assert_int_equal(incident->countries[0], COUNTRY_CODE('P', 'L'));
    assert_int_equal(incident->touched_country_count, 2);
    assert_int_equal(incident->touched_countries[0], COUNTRY_CODE('E', 'E'));
    assert_int_equal(incident->touched_countries[1], COUNTRY_CODE('P', 'L'));
    registry_free(onlooker.registry);
}

/* Long ids and many countries do not fit inside; all of it is freed, replaced or not, released or not. */
static void long_ids_and_many_countries_are_kept_whole(void **state)
{
    struct country countries[32];
    char id[257] = {0};
    memset(id, 'x', 256);
    for (size_t i = 0; i < 32; i++)
        countries[i] = (struct country){(country_code)COUNTRY_CODE('A' + i / 26, 'A' + i % 26), COUNTRY_WHERE};
    struct onlooker onlooker;
    onlooker_init(&onlooker);
    struct report report = report_make(id, 1), moved;
    report.countries = countries;
    report.country_count = 32;
    moved = report;
    moved.revision = 2;
    moved.occurred.end_ms += HOUR_MS;
    (void)hear(&onlooker, &report);
    (void)hear(&onlooker, &moved);
    assert_int_equal(onlooker.live->incident.country_count, 32);
    assert_int_equal(onlooker.live->incident.touched_countries[31], countries[31].code);
    assert_int_equal(onlooker.live->incident.id.size, 5 + 256);
    registry_free(onlooker.registry); /* with a replaced one that was never released */
}

static void what_is_evicted_is_forgotten_and_may_come_as_new(void **state)
{
    struct onlooker onlooker;
    onlooker_init(&onlooker);
    struct report report = report_make("a", 1);
    (void)hear(&onlooker, &report);
    registry_settle(onlooker.registry);
    int64_t start_ms;
    assert_true(registry_start(onlooker.registry, SPAN("desk:a"), &start_ms));
    assert_int_equal(start_ms, START_MS);
    registry_released(onlooker.registry, onlooker.live, true);
    onlooker.live = NULL;
    assert_int_equal(registry_count(onlooker.registry), 0);
    assert_false(registry_start(onlooker.registry, SPAN("desk:a"), &start_ms));
    assert_int_equal(hear(&onlooker, &report), VERDICT_APPLIED);
    assert_non_null(onlooker.live);
    registry_free(onlooker.registry);
}

static void a_replaced_record_released_as_evicted_leaves_its_successor(void **state)
{
    struct onlooker onlooker;
    onlooker_init(&onlooker);
    struct report report = report_make("a", 1), moved = report_make("a", 2);
    moved.place.lat = 52.0;
    (void)hear(&onlooker, &report);
    (void)hear(&onlooker, &moved);
    registry_released(onlooker.registry, onlooker.removed[0], true);
    onlooker.removed_count = 0;
    assert_int_equal(registry_count(onlooker.registry), 1);
    flush(&onlooker);
    registry_free(onlooker.registry);
}

static void those_taken_out_are_forgotten_behind_the_horizon_and_no_others(void **state)
{
    struct onlooker live, out;
    onlooker_init(&live);
    out = (struct onlooker){.registry = live.registry};
    struct report stays = report_make("stays", 1), explained = report_make("explained", 1);
    struct report unknown = report_retraction("unknown", 1);
    explained.status = REPORT_EXPLAINED;
    (void)hear(&live, &stays);
    (void)hear(&out, &explained);
    (void)hear(&out, &unknown); /* counts as begun when it was heard of */
    registry_settle(live.registry);
    registry_forget(live.registry, START_MS);
    assert_int_equal(registry_count(live.registry), 3);
    registry_forget(live.registry, START_MS + 1);
    assert_int_equal(registry_count(live.registry), 2);
    registry_forget(live.registry, HEARD_MS);
    assert_int_equal(registry_count(live.registry), 2);
    registry_forget(live.registry, HEARD_MS + 1);
    assert_int_equal(registry_count(live.registry), 1);
    registry_free(live.registry);
}

/* Ten thousand lives over slabs: every piece is used again, none twice at once. */
static void pieces_are_used_again_and_none_is_given_twice(void **state)
{
    struct registry *registry;
    assert_int_equal(registry_new(&registry), STATUS_OK);
    static struct record *records[5000];
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < 5000; i++) {
            char id[16];
            (void)snprintf(id, sizeof id, "%zu", i);
            struct report report = report_make(id, 1);
            struct incident_change change;
            assert_int_equal(registry_apply(registry, &report, HEARD_MS, &change), STATUS_OK);
            assert_non_null(change.inserted);
            records[i] = change.inserted;
        }
        registry_settle(registry);
        for (size_t i = 0; i < 5000; i++) {
            char id[16];
            (void)snprintf(id, sizeof id, "desk:%zu", i);
            assert_true(span_equal(records[i]->incident.id, span_of(id)));
        }
        for (size_t i = 0; i < 5000; i++)
            registry_released(registry, records[(i * 7 + (size_t)round) % 5000], true);
        assert_int_equal(registry_count(registry), 0);
    }
    registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_revision_stands_then_the_latest_report_then_the_greatest_digest_in_any_order),
        cmocka_unit_test(a_bare_retraction_stands_over_the_best_body_there_is_in_any_order),
        cmocka_unit_test(a_full_retraction_brings_its_own_body_in_any_order),
        cmocka_unit_test(what_is_taken_back_twice_and_restored_between_stands_as_its_last_word_in_any_order),
        cmocka_unit_test(a_retraction_of_what_was_never_seen_stands_and_takes_a_body_later),
        cmocka_unit_test(each_step_of_a_life_is_named_and_forgotten_after_a_flush),
        cmocka_unit_test(an_incident_added_and_corrected_between_two_flushes_was_added),
        cmocka_unit_test(a_touched_record_carries_the_digest_of_what_it_says_now),
        cmocka_unit_test(countries_are_counted_where_it_happened_and_touched_where_it_mattered),
        cmocka_unit_test(long_ids_and_many_countries_are_kept_whole),
        cmocka_unit_test(what_is_evicted_is_forgotten_and_may_come_as_new),
        cmocka_unit_test(a_replaced_record_released_as_evicted_leaves_its_successor),
        cmocka_unit_test(those_taken_out_are_forgotten_behind_the_horizon_and_no_others),
        cmocka_unit_test(pieces_are_used_again_and_none_is_given_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
