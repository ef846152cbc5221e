#include "proto/publisher.h"

#include "proto/episode.h"
#include "tests/unit/proto/unit.h"

static struct report said_by(const char *publisher, const char *source)
{
    return (struct report){.source = span_of(source), .publisher = span_of(publisher)};
}

static bool is_one(struct report a, struct report b)
{
    struct publisher_key x = publisher_key_of(&a), y = publisher_key_of(&b);
    return memcmp(&x, &y, sizeof x) == 0;
}

static void case_and_white_space_make_no_other_publisher(void **state)
{
    assert_true(is_one(said_by("Reuters", "a"), said_by("  REUTERS ", "b")));
    assert_true(is_one(said_by("The  Guardian", "a"), said_by("the guardian", "b")));
    assert_true(is_one(said_by("УКРІНФОРМ", "a"), said_by("Укрінформ", "b")));
    assert_true(is_one(said_by("LSM ĀĒŽ", "a"), said_by("lsm āēž", "b")));
    assert_false(is_one(said_by("Reuters", "a"), said_by("PAP", "a")));
    assert_false(is_one(said_by("The Guardian", "a"), said_by("TheGuardian", "a")));
}

static void who_names_no_publisher_is_the_source(void **state)
{
    assert_true(is_one(said_by("", "pap"), said_by("", "PAP")));
    assert_true(is_one(said_by("  ", "pap"), said_by("PAP", "desk")));
    assert_false(is_one(said_by("", "a"), said_by("", "b")));
}

static void publishers_are_counted_once(void **state)
{
    struct report reports[40];
    for (size_t i = 0; i < 40; i++)
        reports[i] = said_by(i % 2 == 0 ? "Reuters" : " reuters", "outlet");
    struct incident incident = {.reports = reports, .report_count = 40};
    assert_int_equal(incident_publishers(&incident), 1);
    reports[7] = said_by("PAP", "outlet");
    reports[9] = said_by("", "wire");
    assert_int_equal(incident_publishers(&incident), 3);
    incident.publishers = 12; /* who counted knew more reports */
    assert_int_equal(incident_publishers(&incident), 12);
    assert_int_equal(incident_publishers(&(struct incident){.reports = reports, .report_count = 1}), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_and_white_space_make_no_other_publisher),
        cmocka_unit_test(who_names_no_publisher_is_the_source),
        cmocka_unit_test(publishers_are_counted_once),
    };
    return cmocka_run_group_tests_name("publisher", tests, NULL, NULL);
}
