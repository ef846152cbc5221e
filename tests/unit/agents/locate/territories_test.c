/* Places whose country is known, each a sentence. */
#include "agents/locate/territories.h"
#include "tests/unit/agents/locate/atlas_file.h"

#include <math.h>

#include <cmocka.h>

static struct territories *world;

static int world_open(void **state)
{
    char reason[TERRITORIES_REASON_BYTES] = "";
    if (territories_open(ATLAS_FILE, TERRITORIES_VIEW_DEFAULT, &world, reason) != STATUS_OK) {
        print_error("%s: %s\n", ATLAS_FILE, reason);
        return -1;
    }
    return 0;
}

static int world_close(void **state)
{
    territories_close(world);
    return 0;
}

/* "UA, RU claims": as the entries come, ordered by code. */
static void place_text(double lat, double lon, char *ret_text, size_t room)
{
    struct country countries[TERRITORIES_COUNTRIES_MAX];
    size_t count = territories_find(world, lat, lon, countries, TERRITORIES_COUNTRIES_MAX);
    assert_true(count <= TERRITORIES_COUNTRIES_MAX);
    ret_text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(ret_text);
        (void)snprintf(ret_text + used, room - used, "%s%c%c%s", i > 0 ? " " : "", countries[i].code >> 8,
                       countries[i].code & 0xff, countries[i].role == COUNTRY_WHERE ? "" : "?");
    }
}

struct known_place {
    const char *name;
    double lat, lon;
    const char *expected; /* "RU? UA": where UA, claimed by RU; "": none */
};

static void places_check(const struct known_place *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[64];
        place_text(places[i].lat, places[i].lon, text, sizeof text);
        if (strcmp(text, places[i].expected) != 0)
            fail_msg("%s (%.4f, %.4f): \"%s\", expected \"%s\"", places[i].name, places[i].lat, places[i].lon, text,
                     places[i].expected);
    }
}

#define CHECK(...)                                                                                                     \
    do {                                                                                                               \
        const struct known_place places[] = {__VA_ARGS__};                                                             \
        places_check(places, sizeof places / sizeof places[0]);                                                        \
    } while (0)

static void towns_are_in_their_country(void **state)
{
    CHECK({"Wyryki", 51.56, 23.36, "PL"}, {"Tallinn", 59.437, 24.754, "EE"}, {"Kaliningrad", 54.7, 20.5, "RU"},
          {"Canberra", -35.28, 149.13, "AU"}, {"Quito", -0.18, -78.47, "EC"}, {"Bonaire", 12.15, -68.27, "NL"},
          {"Donetsk", 48.0, 37.8, "UA"}, {"Ramallah", 31.9, 35.2, "PS"}, {"Haifa", 32.8, 35.0, "IL"});
}

static void territorial_sea_belongs_to_its_coast(void **state)
{
    CHECK({"Vaindloo", 59.8185, 26.3594, "EE"}, {"off Ronne", 55.10, 14.55, "DK"}, {"off Brest", 48.3, -5.0, "FR"},
          {"off Lisbon", 38.68, -9.6, "PT"});
}

static void exclusive_economic_zones_and_the_high_seas_are_nobodys(void **state)
{
    CHECK({"Nord Stream 2, Danish zone", 54.88, 15.41, ""}, {"Nord Stream 1, Swedish zone", 55.53, 15.7, ""},
          {"C-Lion1, Swedish zone", 56.0, 17.9, ""}, {"Petrobaltic platform, Polish zone", 55.4, 18.72167, ""},
          {"EstLink 2, between the seas of Finland and Estonia", 59.87, 25.9, ""}, {"mid-Atlantic", 30, -40, ""},
          {"Gulf of Guinea", 0, 0, ""}, {"North Sea", 56.5, 3.0, ""});
}

static void enclaves_are_themselves(void **state)
{
    CHECK({"Vatican", 41.9022, 12.4533, "VA"}, {"Rome around it", 41.91, 12.50, "IT"}, {"Maseru", -29.3, 27.5, "LS"},
          {"Bloemfontein", -29.1, 26.2, "ZA"}, {"San Marino", 43.94, 12.46, "SM"}, {"Buesingen", 47.697, 8.69, "DE"},
          {"Ceuta", 35.89, -5.32, "ES"});
}

static void the_antimeridian_is_no_edge(void **state)
{
    CHECK({"Taveuni, west of it", -16.8, -179.97, "FJ"}, {"Taveuni, east of it", -16.8, 179.95, "FJ"},
          {"on it, named +180", -16.8, 180.0, "FJ"}, {"on it, named -180", -16.8, -180.0, "FJ"},
          {"Anadyr", 64.73, 177.5, "RU"}, {"Provideniya", 64.4, -173.2, "RU"}, {"Chukotka, +180", 68.0, 180.0, "RU"},
          {"Chukotka, -180", 68.0, -180.0, "RU"}, {"Chukotka, a step west", 68.0, 179.999999, "RU"},
          {"the Pacific, +180", 20, 180, ""}, {"the Pacific, -180", 20, -180, ""});
}

static void the_north_pole_is_nobodys_and_the_south_pole_antarctica(void **state)
{
    CHECK({"north pole", 90, 0, ""}, {"north pole, another name", 90, 180, ""}, {"south pole", -90, 0, "AQ"},
          {"south pole, +180", -90, 180, "AQ"}, {"south pole, -180", -90, -180, "AQ"}, {"Vostok", -78.46, 106.84, "AQ"},
          {"88 degrees south", -88, -60, "AQ"}, {"below Web Mercator's edge", -85.2, 179.9999995, "AQ"});
}

static void contested_ground_is_the_views_and_claimed_by_the_others(void **state)
{
    CHECK({"Simferopol", 44.95, 34.1, "RU? UA"}, {"Sevastopol's sea", 44.55, 33.3, "RU? UA"},
          {"Laayoune", 27.15, -13.2, "EH MA?"}, {"Quneitra plateau", 33.0, 35.8, "IL? SY"},
          {"Kiryat Shmona is not Golan", 33.207, 35.57, "IL"}, {"Old City of Jerusalem", 31.777, 35.234, "IL? PS"},
          {"Knesset", 31.7767, 35.2053, "IL"}, {"Pristina", 42.66, 21.16, "RS? XK"}, {"Taipei", 25.03, 121.5, "CN? TW"},
          {"Stanley", -51.7, -57.85, "AR? FK"}, {"Gibraltar", 36.14, -5.35, "ES? GI"},
          {"Mamoudzou", -12.8, 45.15, "FR? KM"}, {"Glorieuses", -11.55, 47.3, "FR? MG"},
          {"Diego Garcia", -7.3, 72.4, "GB? MU"}, {"Abyei", 9.6, 28.4, "SD? SS"}, {"Noumea", -22.27, 166.45, "FR? NC"},
          {"Kyrenia", 35.33, 33.3, "CY"}, {"Sukhumi", 43.0, 41.0, "GE"}, {"Tiraspol", 46.84, 29.63, "MD"});
}

static void a_dependency_is_part_of_its_state_and_no_claim(void **state)
{
    CHECK({"Mariehamn", 60.1, 19.94, "FI"}, {"Longyearbyen", 78.2, 15.6, "NO"}, {"Cayenne", 4.93, -52.33, "FR"},
          {"San Juan", 18.45, -66.07, "US"}, {"Hong Kong", 22.3, 114.2, "CN"}, {"Kerguelen", -49.3, 69.5, "FR"},
          {"Tromelin", -15.89, 54.52, "FR"}, {"Akrotiri", 34.59, 32.98, "GB"}, {"Nicosia", 35.1, 33.35, "CY"});
}

static void what_is_no_place_has_no_country(void **state)
{
    CHECK({"NaN", NAN, 10, ""}, {"NaN", 10, NAN, ""}, {"beyond the pole", 90.0001, 0, ""},
          {"beyond the antimeridian", 68, 180.0001, ""}, {"infinite", -INFINITY, 0, ""});
}

static void room_bounds_what_is_written_not_what_is_answered(void **state)
{
    struct country countries[2] = {{0, COUNTRY_ORIGIN}, {0, COUNTRY_ORIGIN}};
    assert_int_equal(territories_find(world, 44.95, 34.1, countries, 1), 2);
    assert_int_equal(countries[0].code, COUNTRY_CODE('R', 'U'));
    assert_int_equal(countries[0].role, COUNTRY_CLAIMED_BY);
    assert_int_equal(countries[1].code, 0);
    assert_int_equal(territories_find(world, 44.95, 34.1, NULL, 0), 2);
}

static void an_unknown_view_is_refused_with_the_known_ones(void **state)
{
    char reason[TERRITORIES_REASON_BYTES] = "";
    struct territories *none = NULL;
    assert_int_equal(territories_open(ATLAS_FILE, "mars", &none, reason), STATUS_NOT_FOUND);
    assert_string_equal(reason, "no view 'mars' in it, it has: un");
    assert_null(none);
}

static void a_missing_file_or_a_folder_is_refused(void **state)
{
    char reason[TERRITORIES_REASON_BYTES] = "";
    struct territories *none = NULL;
    assert_int_equal(territories_open("deploy/territories/nowhere.vdt", "un", &none, reason), STATUS_NOT_FOUND);
    assert_string_equal(reason, "not found");
    assert_int_equal(territories_open("deploy/territories", "un", &none, reason), STATUS_UNSUPPORTED);
    assert_string_equal(reason, "not a plain file");
    assert_null(none);
}

static void the_default_path_is_the_environments_else_beside_the_program(void **state)
{
    char path[4096] = "";
    assert_int_equal(setenv(TERRITORIES_ENVIRONMENT, "/somewhere/else.vdt", 1), 0);
    assert_int_equal(territories_default_path(path, sizeof path), STATUS_OK);
    assert_string_equal(path, "/somewhere/else.vdt");
    assert_int_equal(territories_default_path(path, 5), STATUS_TOO_LARGE);
    assert_int_equal(unsetenv(TERRITORIES_ENVIRONMENT), 0);
    assert_int_equal(territories_default_path(path, sizeof path), STATUS_OK);
    struct territories *beside = NULL;
    assert_non_null(strstr(path, "/share/vedette/territories.vdt"));
    assert_int_equal(territories_open(path, "un", &beside, NULL), STATUS_OK); /* the build put it beside tests/ */
    territories_close(beside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(towns_are_in_their_country),
        cmocka_unit_test(territorial_sea_belongs_to_its_coast),
        cmocka_unit_test(exclusive_economic_zones_and_the_high_seas_are_nobodys),
        cmocka_unit_test(enclaves_are_themselves),
        cmocka_unit_test(the_antimeridian_is_no_edge),
        cmocka_unit_test(the_north_pole_is_nobodys_and_the_south_pole_antarctica),
        cmocka_unit_test(contested_ground_is_the_views_and_claimed_by_the_others),
        cmocka_unit_test(a_dependency_is_part_of_its_state_and_no_claim),
        cmocka_unit_test(what_is_no_place_has_no_country),
        cmocka_unit_test(room_bounds_what_is_written_not_what_is_answered),
        cmocka_unit_test(an_unknown_view_is_refused_with_the_known_ones),
        cmocka_unit_test(a_missing_file_or_a_folder_is_refused),
        cmocka_unit_test(the_default_path_is_the_environments_else_beside_the_program),
    };
    return cmocka_run_group_tests_name("territories", tests, world_open, world_close);
}
