#include "tests/unit/proto/unit.h"

static struct arena arena;

static void an_incident_id_is_source_and_source_id(void **state)
{
    struct report report = example_report(&arena);
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    assert_int_equal(report_incident_id(&report, id, sizeof id), strlen("rcb-pl:2025-0911"));
    assert_string_equal(id, "rcb-pl:2025-0911");
    char few[8];
    assert_int_equal(report_incident_id(&report, few, sizeof few), strlen("rcb-pl:2025-0911"));
    assert_string_equal(few, "rcb-pl:");
}

static void the_digest_sees_every_field_but_the_revision(void **state)
{
    struct report report = example_report(&arena);
    unsigned char digest[32];
    report_digest(&report, digest);
    static const struct country countries[] = {{COUNTRY_CODE('P', 'L'), COUNTRY_AFFECTED}};
    static const struct attribute attributes[] = {{{"count", 5}, {"20", 2}}};
#define CHANGED(field, new_value)                                                                                      \
    do {                                                                                                               \
        struct report changed = report;                                                                                \
        changed.field = (new_value);                                                                                   \
        unsigned char other[32];                                                                                       \
        report_digest(&changed, other);                                                                                \
        if (memcmp(digest, other, 32) == 0)                                                                            \
            fail_msg("the digest does not see %s", #field);                                                            \
    } while (0)
    CHANGED(source, SPAN("other"));
    CHANGED(source_id, SPAN("other"));
    CHANGED(status, REPORT_DISPUTED);
    CHANGED(category, CATEGORY_AIR_BALLOON);
    CHANGED(role, ROLE_CONTEXT);
    CHANGED(occurred.start_ms, report.occurred.start_ms + 1);
    CHANGED(occurred.end_ms, report.occurred.end_ms + 1);
    CHANGED(occurred.precision, PRECISION_DAY);
    CHANGED(occurred.basis, BASIS_INFERRED);
    CHANGED(reported_at_ms, TIME_NONE);
    CHANGED(has_place, false);
    CHANGED(place.lat, 51.57);
    CHANGED(place.lon, 23.37);
    CHANGED(place.radius_km, 6);
    CHANGED(place.name, SPAN("Chełm"));
    CHANGED(country_count, 0);
    CHANGED(countries, countries);
    CHANGED(publisher, SPAN("ap"));
    CHANGED(headline, SPAN(""));
    CHANGED(url, SPAN(""));
    CHANGED(language, SPAN("en"));
    CHANGED(severity, 0);
    CHANGED(confidence, (double)NAN);
    CHANGED(licence, LICENCE_OPEN);
    CHANGED(attribute_count, 0);
    CHANGED(attributes, attributes);
    struct report revised = report;
    revised.revision = 9;
    unsigned char other[32];
    report_digest(&revised, other);
    assert_memory_equal(digest, other, 32);
}

/* The canonical form is part of the language: who changes it changes which of two equal revisions stands. */
static void the_digest_of_the_example_is_known(void **state)
{
    static const unsigned char expected[32] = {0x2a, 0xc2, 0xd0, 0xb2, 0xd5, 0x8f, 0x88, 0x83, 0xa8, 0xa8, 0x1e,
                                               0x73, 0x30, 0x7a, 0x2b, 0xbc, 0xa8, 0xd9, 0x67, 0x50, 0x84, 0xef,
                                               0xb9, 0x7b, 0xa7, 0xcb, 0xd7, 0xef, 0x5c, 0x6f, 0x80, 0x89};
    struct report report = example_report(&arena);
    unsigned char digest[32];
    report_digest(&report, digest);
    assert_memory_equal(digest, expected, 32);
}

static void text_cannot_move_from_field_to_field_unseen(void **state)
{
    struct report a = example_report(&arena);
    struct report b = a;
    a.publisher = SPAN("ab");
    a.headline = SPAN("c");
    b.publisher = SPAN("a");
    b.headline = SPAN("bc");
    assert_int_not_equal(report_order(&a, &b), 0);
}

static void revision_then_time_then_digest_decide(void **state)
{
    struct report a = example_report(&arena);
    struct report b = a;
    assert_int_equal(report_order(&a, &b), 0);
    b.revision = 2;
    b.reported_at_ms = TIME_NONE;
    assert_true(report_order(&a, &b) < 0);
    assert_true(report_order(&b, &a) > 0);
    b.revision = a.revision;
    assert_true(report_order(&a, &b) > 0); /* no time is the earliest */
    b.reported_at_ms = a.reported_at_ms + 1;
    assert_true(report_order(&a, &b) < 0);
    b.reported_at_ms = a.reported_at_ms;
    b.severity = 5;
    assert_int_equal(report_order(&a, &b), -report_order(&b, &a));
    assert_int_not_equal(report_order(&a, &b), 0);
}

static void names_are_of_letters_digits_and_three_signs(void **state)
{
    assert_true(name_is_valid(SPAN("A-z_0.9")));
    assert_false(name_is_valid(SPAN("")));
    assert_false(name_is_valid(SPAN("a b")));
    assert_false(name_is_valid(SPAN("a\0b")));
    char name[66];
    memset(name, 'a', sizeof name);
    assert_true(name_is_valid((struct span){name, 64}));
    assert_false(name_is_valid((struct span){name, 65}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_of_letters_digits_and_three_signs),
        cmocka_unit_test(an_incident_id_is_source_and_source_id),
        cmocka_unit_test(the_digest_sees_every_field_but_the_revision),
        cmocka_unit_test(the_digest_of_the_example_is_known),
        cmocka_unit_test(text_cannot_move_from_field_to_field_unseen),
        cmocka_unit_test(revision_then_time_then_digest_decide),
    };
    arena_init(&arena, 1 << 20);
    int failed = cmocka_run_group_tests_name("report", tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
