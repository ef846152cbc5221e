#include "cli/query.h"

#include "proto/limits.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_MS 86400000LL

enum {
    KEY_STORE = 's',
    KEY_ALL = 'a',
    KEY_HISTORY = 0x100,
    KEY_RULE,
    KEY_COUNTRY,
    KEY_SINCE,
    KEY_UNTIL,
    KEY_BBOX,
    KEY_TZ,
    KEY_JSON,
    KEY_GEOJSON,
    KEY_CSV
};

static const struct argp_option options[] = {
    {"store", KEY_STORE, "STORE", 0, "The store to read", 1},
    {"all", KEY_ALL, NULL, 0, "Candidates too", 2},
    {"history", KEY_HISTORY, NULL, 0, "Withdrawn and retracted ones too", 2},
    {"rule", KEY_RULE, "NAME", 0, "Only of this rule", 2},
    {"country", KEY_COUNTRY, "CC", 0, "Only those of this country (two letters)", 2},
    {"since", KEY_SINCE, "TIME", 0, "Only what reaches beyond this date or time", 2},
    {"until", KEY_UNTIL, "TIME", 0, "Only what began by this date or time", 2},
    {"bbox", KEY_BBOX, "W,S,E,N", 0, "Only within this box, in degrees", 2},
    {"tz", KEY_TZ, "ZONE", 0, "Dates and times are of this zone (default: local)", 2},
    {"json", KEY_JSON, NULL, 0, "JSON Lines", 3},
    {"geojson", KEY_GEOJSON, NULL, 0, "A GeoJSON FeatureCollection", 3},
    {"csv", KEY_CSV, NULL, 0, "CSV (RFC 4180)", 3},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void choose_output(struct query_words *words, const struct output_driver *output, struct argp_state *state)
{
    if (words->output != NULL && words->output != output)
        argp_error(state, "only one of --json, --geojson and --csv at a time");
    words->output = output;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct query_words *words = state->input;
    switch (key) {
    case KEY_STORE:
        words->store = value;
        return 0;
    case KEY_ALL:
        words->all = true;
        return 0;
    case KEY_HISTORY:
        words->history = true;
        return 0;
    case KEY_RULE:
        words->rule = value;
        return 0;
    case KEY_COUNTRY:
        words->country = value;
        return 0;
    case KEY_SINCE:
        words->since = value;
        return 0;
    case KEY_UNTIL:
        words->until = value;
        return 0;
    case KEY_BBOX:
        words->bbox = value;
        return 0;
    case KEY_TZ:
        words->tz = value;
        return 0;
    case KEY_JSON:
        choose_output(words, &output_json, state);
        return 0;
    case KEY_GEOJSON:
        choose_output(words, &output_geojson, state);
        return 0;
    case KEY_CSV:
        choose_output(words, &output_csv, state);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" is not understood here", value);
        return EINVAL;
    case ARGP_KEY_END:
        if (words->store == NULL)
            argp_error(state, "--store is missing: which store?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp query_argp = {options, parse_option, NULL, NULL, NULL, NULL, NULL};

/* "2025-09-10" and nothing else. */
static bool parse_date(const char *text, struct civil *ret_date)
{
    int used = 0;
    struct civil date = {0};
    for (size_t i = 0; i < 10; i++) {
        bool is_dash = i == 4 || i == 7;
        if (is_dash ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    }
    if (sscanf(text, "%4d-%2d-%2d%n", &date.year, &date.month, &date.day, &used) != 3 || text[used] != '\0')
        return false;
    *ret_date = date;
    return true;
}

static enum status day_edge(struct zone *zone, struct civil date, enum time_edge edge, int64_t *ret_ms)
{
    int64_t day_ms;
    if (time_from_civil(&date, &day_ms) != STATUS_OK)
        return STATUS_INVALID;
    if (edge == TIME_FROM)
        return zone_to_utc(zone, &date, ret_ms);
    struct civil next;
    time_to_civil(day_ms + DAY_MS, &next);
    int64_t next_ms;
    enum status status = zone_to_utc(zone, &next, &next_ms);
    if (status == STATUS_OK)
        *ret_ms = next_ms - 1;
    return status;
}

enum status query_time_parse(struct zone *zone, const char *text, enum time_edge edge, int64_t *ret_ms)
{
    struct civil date;
    if (parse_date(text, &date))
        return day_edge(zone, date, edge, ret_ms);
    return time_parse(span_of(text), ret_ms);
}

enum status query_bbox_parse(const char *text, struct store_filter *filter)
{
    double sides[4];
    const char *rest = text;
    for (size_t i = 0; i < 4; i++) {
        char *end;
        errno = 0;
        sides[i] = strtod(rest, &end);
        if (end == rest || errno != 0 || !isfinite(sides[i]) || *end != (i < 3 ? ',' : '\0'))
            return STATUS_INVALID;
        rest = end + 1;
    }
    bool longitudes = fabs(sides[0]) <= 180 && fabs(sides[2]) <= 180;
    if (!longitudes || sides[1] < -90 || sides[3] > 90 || sides[1] > sides[3])
        return STATUS_INVALID;
    filter->has_bbox = true;
    filter->west = sides[0];
    filter->south = sides[1];
    filter->east = sides[2];
    filter->north = sides[3];
    return STATUS_OK;
}

static enum status read_country(struct query *query, const struct query_words *words, char reason[256])
{
    if (words->country == NULL)
        return STATUS_OK;
    char code[3] = {0};
    if (strlen(words->country) == 2) {
        code[0] = (char)toupper((unsigned char)words->country[0]);
        code[1] = (char)toupper((unsigned char)words->country[1]);
    }
    enum status status = country_code_parse(span_of(code), &query->filter.country);
    if (status != STATUS_OK)
        (void)snprintf(reason, 256, "--country %.40s: two letters are expected, as in EE", words->country);
    return status;
}

static enum status read_times(struct query *query, const struct query_words *words, char reason[256])
{
    int64_t since_ms = LIMIT_TIME_MS_MIN, until_ms = LIMIT_TIME_MS_MAX;
    if (words->since != NULL && query_time_parse(query->zone, words->since, TIME_FROM, &since_ms) != STATUS_OK) {
        (void)snprintf(reason, 256, "--since %.40s: a date or an RFC 3339 time is expected, as in 2025-09-10",
                       words->since);
        return STATUS_INVALID;
    }
    if (words->until != NULL && query_time_parse(query->zone, words->until, TIME_TO, &until_ms) != STATUS_OK) {
        (void)snprintf(reason, 256, "--until %.40s: a date or an RFC 3339 time is expected, as in 2025-09-10",
                       words->until);
        return STATUS_INVALID;
    }
    if (since_ms > until_ms) {
        (void)snprintf(reason, 256, "--since %.40s is after --until %.40s", words->since, words->until);
        return STATUS_INVALID;
    }
    if (words->since != NULL || words->until != NULL) {
        query->filter.since_ms = since_ms;
        query->filter.until_ms = until_ms;
    }
    return STATUS_OK;
}

static enum status read_words(struct query *query, const struct query_words *words, char reason[256])
{
    query->filter.with_candidates = words->all || words->history;
    query->filter.with_withdrawn = words->history;
    query->filter.rule = span_of(words->rule);
    enum status status = read_country(query, words, reason);
    if (status == STATUS_OK)
        status = read_times(query, words, reason);
    if (status == STATUS_OK && words->bbox != NULL) {
        status = query_bbox_parse(words->bbox, &query->filter);
        if (status != STATUS_OK)
            (void)snprintf(reason, 256,
                           "--bbox %.80s: west,south,east,north in degrees are expected, as in 20,50,30,60",
                           words->bbox);
    }
    return status;
}

enum status query_open(struct query *query, const struct query_words *words, char ret_reason[256])
{
    struct query made = {.store = words->store, .output = words->output != NULL ? words->output : &output_table};
    enum status status = zone_open(words->tz, &made.zone);
    if (status != STATUS_OK) {
        (void)snprintf(ret_reason, 256, "--tz %.80s: there is no such time zone; expected one like Europe/Warsaw",
                       words->tz != NULL ? words->tz : "local");
        return STATUS_INVALID;
    }
    status = read_words(&made, words, ret_reason);
    if (status != STATUS_OK) {
        zone_close(made.zone);
        return status;
    }
    *query = made;
    return STATUS_OK;
}

void query_close(struct query *query)
{
    zone_close(query->zone);
    query->zone = NULL;
}
