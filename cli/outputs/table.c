/* A table with readable titles. */
#include "cli/table.h"

#include "base/utf8.h"
#include "cli/output.h"
#include "cli/wording.h"
#include "proto/json.h"

#include <stdlib.h>

/* Countries and counts are in the title. */
static const struct table_column episode_columns[] = {
    {"FIRST", COLUMN_TEXT}, {"LAST", COLUMN_TEXT},   {"RULE", COLUMN_TEXT},    {"STATE", COLUMN_TEXT},
    {"KM", COLUMN_NUMBER},  {"TITLE", COLUMN_LINES}, {"EPISODE", COLUMN_TEXT},
};
static const struct table_column incident_columns[] = {
    {"WHEN", COLUMN_TEXT},  {"CATEGORY", COLUMN_TEXT},     {"STATUS", COLUMN_TEXT},   {"COUNTRIES", COLUMN_LONG},
    {"PLACE", COLUMN_LONG}, {"PUBLISHERS", COLUMN_NUMBER}, {"INCIDENT", COLUMN_LONG}, {"EPISODES", COLUMN_LONG},
};
#define COUNT(array) (sizeof array / sizeof array[0])
#define CELL_BYTES   512

#define TITLE_WIDTH_MIN 24
#define OTHER_COLUMNS   14 /* of blanks between columns, the extent, and a longer rule's name */

struct table_output {
    struct table *table;
    struct zone *zone;
};

static enum status table_output_open(FILE *stream, struct zone *zone, enum output_subject subject, void **ret_self)
{
    struct table_output *output = calloc(1, sizeof *output);
    if (output == NULL)
        return STATUS_NO_MEMORY;
    output->zone = zone;
    bool episodes = subject == OUTPUT_EPISODES;
    enum status status = table_open(stream, episodes ? episode_columns : incident_columns,
                                    episodes ? COUNT(episode_columns) : COUNT(incident_columns), &output->table);
    if (status != STATUS_OK) {
        free(output);
        return status;
    }
    *ret_self = output;
    return STATUS_OK;
}

/* Breaks lines at blanks, so that the whole title is read on a narrow terminal. */
static void break_lines(char *text, size_t width)
{
    size_t begin = 0, blank = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == ' ')
            blank = i;
        if (i - begin >= width && blank > begin) {
            text[blank] = '\n';
            begin = blank + 1;
        }
    }
}

static enum status table_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    struct table_output *output = self;
    char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES], rule[CELL_BYTES];
    char extent[32], title[CELL_BYTES], id[CELL_BYTES];
    zone_format_short(output->zone, episode->first_ms, ZONE_MINUTE, first);
    zone_format_short(output->zone, episode->last_ms, ZONE_MINUTE, last);
    (void)utf8_printable(episode->rule, rule, sizeof rule);
    (void)snprintf(extent, sizeof extent, "%.0f", episode->extent_km);
    (void)utf8_printable(episode->title, title, sizeof title);
    (void)utf8_printable(episode->id, id, sizeof id);
    const char *state = episode_state_name(episode->state);
    size_t width = table_width(output->table);
    size_t others = strlen(first) + strlen(last) + strlen(rule) + strlen(state) + strlen(id) + OTHER_COLUMNS;
    if (width > 0)
        break_lines(title, width > others + TITLE_WIDTH_MIN ? width - others : TITLE_WIDTH_MIN);
    return table_add(output->table, (const char *[]){first, last, rule, state, extent, title, id});
}

static void join_ids(const struct span *ids, size_t count, char *ret_text, size_t room)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < count && used + ids[i].size + 2 < room; i++)
        used += (size_t)snprintf(ret_text + used, room - used, "%s%.*s", i > 0 ? " " : "", SPAN_ARG(ids[i]));
}

static enum status table_incident(void *self, const struct incident *incident, const struct span *episode_ids,
                                  size_t episode_count)
{
    struct table_output *output = self;
    const struct report *best = &incident->reports[0];
    char publishers[24];
    (void)snprintf(publishers, sizeof publishers, "%llu", (unsigned long long)incident_publishers(incident));
    char when[WORDS_BYTES], countries[CELL_BYTES], place[WORDS_BYTES], id[CELL_BYTES], episodes[CELL_BYTES * 8];
    words_interval(output->zone, &best->occurred, when);
    words_incident_countries(incident, countries, sizeof countries);
    words_place(best, place);
    (void)utf8_printable(incident->id, id, sizeof id);
    join_ids(episode_ids, episode_count, episodes, sizeof episodes);
    const char *category = best->occurred.start_ms == TIME_NONE ? "" : category_name(best->category);
    return table_add(output->table, (const char *[]){when, category, report_status_name(best->status), countries, place,
                                                     publishers, id, episodes});
}

static enum status table_output_close(void *self)
{
    struct table_output *output = self;
    enum status status = table_close(output->table);
    free(output);
    return status;
}

const struct output_driver output_table = {.name = "table",
                                           .open = table_output_open,
                                           .episode = table_episode,
                                           .incident = table_incident,
                                           .close = table_output_close};
