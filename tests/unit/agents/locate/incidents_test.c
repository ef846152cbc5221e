/* Lists of real incidents with their countries stripped: what is located agrees with what the lists say.
 *
 * The lists lie in $VEDETTE_SHARED_DATA/incidents, by default ../shared/data; without them the test skips, loudly. */
#include "agents/locate/territories.h"
#include "tests/unit/agents/locate/atlas_file.h"

#include <csv.h>

#include <cmocka.h>

#define AGREEMENT_PERCENT 97
#define COLUMNS           7
#define TEXT_BYTES        64

enum column { COLUMN_ID, COLUMN_TYPE, COLUMN_COUNTRY, COLUMN_AFFECTED, COLUMN_PLACE, COLUMN_LAT, COLUMN_LON };

/* Listed as at sea outside territorial waters, located in Estonia's: the only ones allowed. */
static const char *const excepted[] = {
    "T016", /* C-Lion1, south-east of Porkkalanniemi: 41 m inside the outline, which is simplified to 1 km */
    "T007", /* Balticconnector: not the outline's doing, the list's coordinates (± 15 km) lie 10 km inside it */
};

struct tally {
    const struct territories *world;
    const char *file;
    char fields[COLUMNS][TEXT_BYTES];
    size_t column;
    size_t line;
    size_t with_country, agreeing;
    size_t at_sea, at_sea_located, at_sea_unexpected;
};

static void field_take(void *data, size_t size, void *context)
{
    struct tally *tally = context;
    if (tally->column < COLUMNS) {
        size_t kept = size < TEXT_BYTES - 1 ? size : TEXT_BYTES - 1;
        if (kept > 0)
            memcpy(tally->fields[tally->column], data, kept);
        tally->fields[tally->column][kept] = '\0';
    }
    tally->column++;
}

static bool is_excepted(const char *id)
{
    for (size_t i = 0; i < sizeof excepted / sizeof excepted[0]; i++)
        if (strcmp(excepted[i], id) == 0)
            return true;
    return false;
}

/* "PL"; "" where there is none. */
static void where_text(const struct tally *tally, char ret_text[3])
{
    struct country countries[TERRITORIES_COUNTRIES_MAX];
    double lat = strtod(tally->fields[COLUMN_LAT], NULL);
    double lon = strtod(tally->fields[COLUMN_LON], NULL);
    size_t count = territories_find(tally->world, lat, lon, countries, TERRITORIES_COUNTRIES_MAX);
    ret_text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        if (countries[i].role == COUNTRY_WHERE) {
            ret_text[0] = (char)(countries[i].code >> 8);
            ret_text[1] = (char)(countries[i].code & 0xff);
            ret_text[2] = '\0';
        }
}

static void row_take(int end, void *context)
{
    struct tally *tally = context;
    size_t columns = tally->column;
    tally->column = 0;
    tally->line++;
    if (tally->line == 1) {
        assert_string_equal(tally->fields[COLUMN_COUNTRY], "country");
        assert_string_equal(tally->fields[COLUMN_LAT], "lat");
        assert_string_equal(tally->fields[COLUMN_LON], "lon");
        return;
    }
    if (columns < COLUMNS || strcmp(tally->fields[COLUMN_TYPE], "article4_consultation") == 0)
        return; /* a consultation sits at NATO's seat */
    const char *expected = tally->fields[COLUMN_COUNTRY];
    char located[3];
    where_text(tally, located);
    bool agrees = strcmp(located, expected) == 0;
    if (!agrees)
        print_message("%s: %s at %s: located \"%s\", the list says \"%s\"\n", tally->file, tally->fields[COLUMN_ID],
                      tally->fields[COLUMN_PLACE], located, expected);
    if (expected[0] != '\0') {
        tally->with_country++;
        tally->agreeing += agrees;
    } else {
        tally->at_sea++;
        tally->at_sea_located += !agrees;
        tally->at_sea_unexpected += !agrees && !is_excepted(tally->fields[COLUMN_ID]);
    }
}

static bool list_read(const char *folder, const char *name, struct tally *tally)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/incidents/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("SKIPPED: there is no %s (VEDETTE_SHARED_DATA names the folder of test data)\n", path);
        return false;
    }
    struct csv_parser parser;
    assert_int_equal(csv_init(&parser, CSV_STRICT), 0);
    tally->file = name;
    tally->line = 0;
    tally->column = 0;
    char buffer[4096];
    size_t size;
    while ((size = fread(buffer, 1, sizeof buffer, file)) > 0)
        assert_int_equal(csv_parse(&parser, buffer, size, field_take, row_take, tally), size);
    assert_int_equal(csv_fini(&parser, field_take, row_take, tally), 0);
    csv_free(&parser);
    (void)fclose(file);
    return true;
}

static void located_countries_agree_with_the_lists_and_none_is_given_at_sea(void **state)
{
    const char *folder = getenv("VEDETTE_SHARED_DATA");
    if (folder == NULL || folder[0] == '\0')
        folder = "../shared/data";
    char reason[TERRITORIES_REASON_BYTES] = "";
    struct territories *world = NULL;
    if (territories_open(ATLAS_FILE, TERRITORIES_VIEW_DEFAULT, &world, reason) != STATUS_OK)
        fail_msg("%s: %s", ATLAS_FILE, reason);
    struct tally tally = {.world = world};
    bool complete = list_read(folder, "europe-2003-2025.csv", &tally);
    complete = list_read(folder, "sightings-2025.csv", &tally) && complete;
    territories_close(world);
    if (!complete)
        skip();
    print_message("%zu of %zu located as listed, %zu of %zu at sea given a country\n", tally.agreeing,
                  tally.with_country, tally.at_sea_located, tally.at_sea);
    assert_true(tally.with_country >= 70 && tally.at_sea >= 10);
    assert_true(tally.agreeing * 100 >= tally.with_country * AGREEMENT_PERCENT);
    assert_int_equal(tally.at_sea_unexpected, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(located_countries_agree_with_the_lists_and_none_is_given_at_sea),
    };
    return cmocka_run_group_tests_name("territories: incidents", tests, NULL, NULL);
}
