#include "tests/unit/proto/unit.h"

static void every_category_is_found_by_its_name(void **state)
{
    for (unsigned i = 0; i < CATEGORY_COUNT; i++) {
        enum category found;
        assert_int_equal(category_find(span_of(category_name((enum category)i)), &found), STATUS_OK);
        assert_int_equal(found, i);
        assert_true(strlen(category_one(found)) > 0 && strlen(category_many(found)) > 0);
    }
    enum category found;
    assert_int_equal(category_find(SPAN("air.drone"), &found), STATUS_NOT_FOUND);
    assert_int_equal(category_find(SPAN(""), &found), STATUS_NOT_FOUND);
}

static void default_roles_are_those_of_the_contract(void **state)
{
    assert_int_equal(category_role(CATEGORY_DIP_ARTICLE4), ROLE_RESPONSE);
    assert_int_equal(category_role(CATEGORY_LAND_BORDER_CLOSURE), ROLE_RESPONSE);
    assert_int_equal(category_role(CATEGORY_LAND_BORDER_CROSSING), ROLE_TRIGGER);
    assert_int_equal(category_role(CATEGORY_AIR_CLOSURE), ROLE_RESPONSE);
    assert_int_equal(category_role(CATEGORY_MIL_STRIKE), ROLE_TRIGGER);
    assert_int_equal(category_role(CATEGORY_MIL_EXERCISE), ROLE_CONTEXT);
    assert_int_equal(category_role(CATEGORY_NAT_HAZARD), ROLE_CONTEXT);
    assert_int_equal(category_role(CATEGORY_LAW_ARREST), ROLE_RESPONSE);
    assert_int_equal(category_role(CATEGORY_CIV_PUBLIC_WARNING), ROLE_CONSEQUENCE);
}

static void a_star_matches_strictly_below(void **state)
{
    category_set set;
    assert_int_equal(category_match(SPAN("air.drone.*"), &set), STATUS_OK);
    assert_true(set ==
                ((category_set)1 << CATEGORY_AIR_DRONE_INCURSION | (category_set)1 << CATEGORY_AIR_DRONE_SIGHTING));
    assert_int_equal(category_match(SPAN("em.*"), &set), STATUS_OK);
    assert_true(set == (category_set)1 << CATEGORY_EM_GNSS);
    assert_int_equal(category_match(SPAN("sea.cable"), &set), STATUS_OK);
    assert_true(set == (category_set)1 << CATEGORY_SEA_CABLE);
}

static void a_star_elsewhere_matches_nothing(void **state)
{
    static const char *const patterns[] = {"*",   ".*", "air.*.incursion", "sea.cable.*", "air.dr*", "air.",
                                           "air", "a.*"};
    category_set set = 42;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        assert_int_equal(category_match(span_of(patterns[i]), &set), STATUS_NOT_FOUND);
    assert_int_equal(set, 42);
}

static void a_misspelt_category_has_a_nearest(void **state)
{
    assert_string_equal(category_nearest(SPAN("air.drone.incurison")), "air.drone.incursion");
    assert_string_equal(category_nearest(SPAN("sea.cabel")), "sea.cable");
    assert_non_null(category_nearest(SPAN("")));
}

static void names_lead_back_to_their_values(void **state)
{
#define CHECK(kind, COUNT)                                                                                             \
    for (unsigned i = 0; i < (COUNT); i++) {                                                                           \
        enum kind found;                                                                                               \
        assert_int_equal(kind##_find(span_of(kind##_name((enum kind)i)), &found), STATUS_OK);                          \
        assert_int_equal(found, i);                                                                                    \
        assert_int_equal(kind##_find(SPAN("nonsense"), &found), STATUS_NOT_FOUND);                                     \
    }
    CHECK(role, ROLE_COUNT)
    CHECK(report_status, REPORT_STATUS_COUNT)
    CHECK(precision, PRECISION_COUNT)
    CHECK(basis, BASIS_COUNT)
    CHECK(country_role, COUNTRY_ROLE_COUNT)
    CHECK(licence, LICENCE_COUNT)
    CHECK(episode_state, EPISODE_STATE_COUNT)
    CHECK(membership, MEMBERSHIP_COUNT)
    assert_string_equal(source_state_name(SOURCE_ENDED), "ended");
}

static void a_family_is_what_the_first_two_labels_name(void **state)
{
    assert_int_equal(category_family(CATEGORY_AIR_DRONE_SIGHTING), category_family(CATEGORY_AIR_DRONE_INCURSION));
    assert_int_equal(category_family(CATEGORY_LAND_BORDER_CLOSURE), category_family(CATEGORY_LAND_BORDER_CROSSING));
    for (unsigned i = 0; i < CATEGORY_COUNT; i++) /* nothing else is one yet */
        for (unsigned k = 0; k < i; k++) {
            bool same = category_family((enum category)i) == category_family((enum category)k);
            bool drones = k == CATEGORY_AIR_DRONE_INCURSION && i == CATEGORY_AIR_DRONE_SIGHTING;
            bool border = k == CATEGORY_LAND_BORDER_CROSSING && i == CATEGORY_LAND_BORDER_CLOSURE;
            assert_int_equal(same, drones || border);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_category_is_found_by_its_name),
        cmocka_unit_test(default_roles_are_those_of_the_contract),
        cmocka_unit_test(a_star_matches_strictly_below),
        cmocka_unit_test(a_star_elsewhere_matches_nothing),
        cmocka_unit_test(a_misspelt_category_has_a_nearest),
        cmocka_unit_test(names_lead_back_to_their_values),
        cmocka_unit_test(a_family_is_what_the_first_two_labels_name),
    };
    return cmocka_run_group_tests_name("taxonomy", tests, NULL, NULL);
}
