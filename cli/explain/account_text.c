/* An account for people: tables with members numbered, links between the numbers. */
#include "base/utf8.h"
#include "cli/explain/account_print.h"
#include "cli/table.h"
#include "cli/wording.h"
#include "proto/limits.h"

#include <math.h>

#define CELL_BYTES 512

struct printer {
    const struct account *account;
    struct zone *zone;
    FILE *stream;
    struct table *table;
    enum status status; /* the first failure; then nothing more is written */
};

static void add_row(struct printer *printer, const char *const *cells)
{
    if (printer->status == STATUS_OK)
        printer->status = table_add(printer->table, cells);
}

static void open_table(struct printer *printer, const struct table_column *columns, size_t count)
{
    if (printer->status == STATUS_OK)
        printer->status = table_open(printer->stream, columns, count, &printer->table);
}

static void close_table(struct printer *printer)
{
    if (printer->table == NULL)
        return;
    enum status status = table_close(printer->table);
    printer->table = NULL;
    if (printer->status == STATUS_OK)
        printer->status = status;
}

/* --- the episode and its rule --- */

static void print_rule(const struct printer *printer)
{
    const struct rule *rule = &printer->account->rule;
    char window[DURATION_TEXT_BYTES], duration[DURATION_TEXT_BYTES];
    char neighbours[WORDS_BYTES], incidents[WORDS_BYTES], countries[WORDS_BYTES];
    words_count(rule->min_neighbours, "neighbour makes", "neighbours make", neighbours);
    words_count(rule->min_incidents, "incident", "incidents", incidents);
    words_count(rule->min_countries, "country", "countries", countries);
    duration_format(rule->window_ms, window);
    duration_format(rule->cap_duration_ms, duration);
    fprintf(printer->stream, "rule       %.*s: reach %.6g km, window %s; %s a core; flagged from %s in %s on; caps %s",
            SPAN_ARG(rule->name), rule->reach_km, window, neighbours, incidents, countries, duration);
    if (isfinite(rule->cap_extent_km))
        fprintf(printer->stream, ", %.6g km", rule->cap_extent_km);
    fputc('\n', printer->stream);
}

static void print_episode(const struct printer *printer)
{
    const struct episode *episode = &printer->account->episode->episode;
    char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES], countries[CELL_BYTES], extent[WORDS_BYTES];
    zone_format_short(printer->zone, episode->first_ms, ZONE_MINUTE, first);
    zone_format_short(printer->zone, episode->last_ms, ZONE_MINUTE, last);
    words_countries(episode->countries, episode->country_count, ", ", countries, sizeof countries);
    words_distance(episode->extent_km, extent);
    fprintf(printer->stream, "%.*s\n\n", SPAN_ARG(episode->title));
    fprintf(printer->stream, "episode    %.*s, %s%s, revision %u\n", SPAN_ARG(episode->id),
            episode_state_name(episode->state), episode->final ? ", final" : "", episode->revision);
    fprintf(printer->stream, "when       %s to %s\n", first, last);
    fprintf(printer->stream, "where      %s, %s across\n", countries, extent);
    print_rule(printer);
    fprintf(printer->stream, "chance     %s\n",
            episode->calibrated ? "calibrated" : "not calibrated: no baseline says how many incidents are normal here");
    if (episode->capped)
        fprintf(printer->stream, "capped     a core has a neighbouring core in another episode: the caps part them\n");
    if (episode->continues.size > 0)
        fprintf(printer->stream, "continues  %.*s\n", SPAN_ARG(episode->continues));
    if (episode->superseded_by.size > 0)
        fprintf(printer->stream, "taken over by %.*s\n", SPAN_ARG(episode->superseded_by));
    fprintf(printer->stream, "cause      %.*s\n", SPAN_ARG(episode->cause));
}

/* --- members --- */

void account_removal_words(const struct account *account, const struct account_member *member, char ret_text[128])
{
    char count[WORDS_BYTES];
    const struct trial_rest *rest = &member->rest;
    if (!rest->has_core) {
        (void)snprintf(ret_text, 128, "no core is left");
    } else if (rest->countries < account->rule.min_countries) {
        words_count(rest->countries, "country is left", "countries are left", count);
        (void)snprintf(ret_text, 128, "%.60s, %u needed", count, account->rule.min_countries);
    } else {
        words_count(rest->observed, "incident is left", "incidents are left", count);
        (void)snprintf(ret_text, 128, "%.60s, %u needed", count, account->rule.min_incidents);
    }
}

static void add_member(struct printer *printer, size_t index, const struct account_member *member)
{
    const struct episode_member *stored = &printer->account->episode->episode.members[index];
    char number[32], id[CELL_BYTES], when[WORDS_BYTES] = "?", place[WORDS_BYTES] = "?", countries[CELL_BYTES] = "";
    char without[160] = "";
    (void)snprintf(number, sizeof number, "%zu", index + 1);
    (void)utf8_printable(stored->incident_id, id, sizeof id);
    const char *category = "", *status = "not in the store";
    if (member->item != NULL) {
        const struct report *best = &member->item->incident->reports[0];
        words_interval(printer->zone, &best->occurred, when);
        words_place(best, place);
        words_incident_countries(member->item->incident, countries, sizeof countries);
        category = category_name(best->category);
        status = report_status_name(best->status);
    }
    if (member->removal == REMOVAL_KEEPS)
        (void)snprintf(without, sizeof without, "still flagged");
    if (member->removal == REMOVAL_UNFLAGS) {
        char words[128];
        account_removal_words(printer->account, member, words);
        (void)snprintf(without, sizeof without, "not flagged: %s", words);
    }
    add_row(printer, (const char *[]){number, when, countries, place, category, status,
                                      membership_name(member->membership), without, id});
}

static void print_members(struct printer *printer)
{
    static const struct table_column columns[] = {
        {"#", COLUMN_NUMBER},   {"WHEN", COLUMN_TEXT},       {"IN", COLUMN_TEXT},
        {"PLACE", COLUMN_LONG}, {"CATEGORY", COLUMN_TEXT},   {"STATUS", COLUMN_TEXT},
        {"AS", COLUMN_TEXT},    {"WITHOUT IT", COLUMN_TEXT}, {"INCIDENT", COLUMN_LONG},
    };
    const struct account *account = printer->account;
    fprintf(printer->stream, "\nMembers\n");
    open_table(printer, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < account->member_count; i++) {
        if (account_counts(&account->members[i]))
            add_member(printer, i, &account->members[i]);
    }
    close_table(printer);
    if (account->episode->episode.members_omitted > 0)
        fprintf(printer->stream, "and %llu more than an episode carries\n",
                (unsigned long long)account->episode->episode.members_omitted);
    if (!account->is_reproduced && account->episode->episode.state != EPISODE_WITHDRAWN)
        fprintf(printer->stream,
                "Of the incidents stored now the rule would not make quite this episode, so no removal was tried.\n");
    else if (account->removals_tried > 0 && account->removals_tried < account->removals_possible)
        fprintf(printer->stream,
                "Left out once each: %zu of %zu members, those that are the only one of a country or hold two parts "
                "together.\n",
                account->removals_tried, account->removals_possible);
}

/* --- links --- */

static size_t member_number(const struct account *account, const struct trial_item *item)
{
    for (size_t i = 0; i < account->member_count; i++) {
        if (account->members[i].item == item)
            return i + 1;
    }
    return 0;
}

static void add_link(struct printer *printer, size_t a, size_t b, const char *kind, const struct link *link)
{
    const struct rule *rule = &printer->account->rule;
    char pair[64], distance[WORDS_BYTES], gap[DURATION_TEXT_BYTES], parts[2][32], why[96];
    (void)snprintf(pair, sizeof pair, "%zu - %zu", a, b);
    words_distance(link->distance_km, distance);
    duration_words(link->gap_ms, gap);
    (void)snprintf(parts[0], sizeof parts[0], "%.0f %% of %.6g km", 100 * link->distance_share, rule->reach_km);
    char window[DURATION_TEXT_BYTES];
    duration_format(rule->window_ms, window);
    (void)snprintf(parts[1], sizeof parts[1], "%.0f %% of %.16s", 100 * link->time_share, window);
    (void)snprintf(why, sizeof why, "%s", link->clause == LINK_DISTANCE ? "distance" : "time");
    add_row(printer, (const char *[]){pair, kind, distance, parts[0], link->gap_ms > 0 ? gap : "none", parts[1], why});
}

static void visit_link(void *self, size_t member, size_t other, const struct link *link)
{
    add_link(self, member + 1, other + 1, "core", link);
}

static void print_links(struct printer *printer)
{
    static const struct table_column columns[] = {
        {"LINK", COLUMN_TEXT},  {"AS", COLUMN_TEXT}, {"APART", COLUMN_NUMBER},      {"", COLUMN_TEXT},
        {"GAP", COLUMN_NUMBER}, {"", COLUMN_TEXT},   {"GREATER PART", COLUMN_TEXT},
    };
    const struct account *account = printer->account;
    fprintf(printer->stream, "\nLinks\n");
    open_table(printer, columns, sizeof columns / sizeof columns[0]);
    account_links(account, visit_link, printer);
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        struct link link;
        if (member->attached_to != NULL &&
            link_between(&account->rule, &member->item->engine, &member->attached_to->engine, &link) == STATUS_OK)
            add_link(printer, i + 1, member_number(account, member->attached_to), "attached", &link);
    }
    close_table(printer);
}

/* --- what came of it, and what came with it --- */

/* Has anybody the code among the countries that a membership shares: the episode's own, or for context those touched by
 * a member? */
static bool is_shared(const struct account *account, enum membership membership, country_code code)
{
    const struct episode *episode = &account->episode->episode;
    for (size_t i = 0; i < episode->country_count; i++) {
        if (episode->countries[i] == code)
            return true;
    }
    for (size_t i = 0; membership == MEMBERSHIP_CONTEXT && i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        if (!account_counts(member) || member->item == NULL)
            continue;
        for (size_t c = 0; c < member->item->engine.touched_country_count; c++) {
            if (member->item->engine.touched_countries[c] == code)
                return true;
        }
    }
    return false;
}

size_t account_shared_countries(const struct account *account, const struct account_member *member,
                                country_code *ret_codes, size_t room)
{
    const struct engine_incident *engine = &member->item->engine;
    bool is_context = member->membership == MEMBERSHIP_CONTEXT;
    const country_code *codes = is_context ? engine->touched_countries : engine->countries;
    size_t code_count = is_context ? engine->touched_country_count : engine->country_count;
    size_t count = 0;
    for (size_t i = 0; i < code_count && count < room; i++) {
        if (is_shared(account, member->membership, codes[i]))
            ret_codes[count++] = codes[i];
    }
    return count;
}

static void add_company(struct printer *printer, size_t index, const struct account_member *member)
{
    const struct episode *episode = &printer->account->episode->episode;
    char when[WORDS_BYTES] = "?", what[CELL_BYTES] = "", shared[CELL_BYTES] = "", why[2 * CELL_BYTES] = "",
         id[CELL_BYTES];
    (void)utf8_printable(episode->members[index].incident_id, id, sizeof id);
    if (member->item != NULL) {
        const struct report *best = &member->item->incident->reports[0];
        country_code codes[LIMIT_COUNTRIES];
        size_t count = account_shared_countries(printer->account, member, codes, LIMIT_COUNTRIES);
        words_countries(codes, count, ", ", shared, sizeof shared);
        words_interval(printer->zone, &best->occurred, when);
        (void)snprintf(what, sizeof what, "%s", category_one(best->category));
        const char *time = best->occurred.start_ms > episode->last_ms ? "within a window after the last incident"
                                                                      : "within the span of the incidents";
        (void)snprintf(why, sizeof why, "shares %s, %s", shared, time);
    }
    add_row(printer, (const char *[]){when, what, membership_name(member->membership), why, id});
}

static void print_company(struct printer *printer)
{
    static const struct table_column columns[] = {
        {"WHEN", COLUMN_TEXT}, {"WHAT", COLUMN_TEXT},     {"AS", COLUMN_TEXT},
        {"WHY", COLUMN_LONG},  {"INCIDENT", COLUMN_LONG},
    };
    const struct account *account = printer->account;
    bool has_company = false;
    for (size_t i = 0; i < account->member_count; i++)
        has_company |= !account_counts(&account->members[i]);
    if (!has_company)
        return;
    fprintf(printer->stream, "\nShown beside them; they change nothing\n");
    open_table(printer, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < account->member_count; i++) {
        if (!account_counts(&account->members[i]))
            add_company(printer, i, &account->members[i]);
    }
    close_table(printer);
}

/* --- near misses --- */

static void miss_words(const struct near_miss *miss, char *ret_text, size_t room)
{
    char km[WORDS_BYTES], time[DURATION_TEXT_BYTES];
    words_distance(miss->short_km, km);
    duration_words(miss->short_ms, time);
    if (miss->short_km > 0 && miss->short_ms > 0)
        (void)snprintf(ret_text, room, "%.40s and %s too far", km, time);
    else if (miss->short_km > 0)
        (void)snprintf(ret_text, room, "%.40s too far", km);
    else if (miss->short_ms > 0)
        (void)snprintf(ret_text, room, "%s too far", time);
    else if (miss->item->episode[0] != '\0')
        (void)snprintf(ret_text, room, "near enough, but nearer to the other, or parted by the caps");
    else
        (void)snprintf(ret_text, room, "near enough");
}

static void print_near_misses(struct printer *printer)
{
    static const struct table_column columns[] = {
        {"WHEN", COLUMN_TEXT},      {"IN", COLUMN_TEXT},       {"PLACE", COLUMN_LONG}, {"MISSES", COLUMN_TEXT},
        {"NEAREST", COLUMN_NUMBER}, {"INCIDENT", COLUMN_LONG}, {"IS IN", COLUMN_TEXT},
    };
    const struct account *account = printer->account;
    if (account->near_miss_count == 0)
        return;
    fprintf(printer->stream, "\nNear misses: incidents of the rule that are no members\n");
    open_table(printer, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < account->near_miss_count; i++) {
        const struct near_miss *miss = &account->near_misses[i];
        char when[WORDS_BYTES], countries[CELL_BYTES], place[WORDS_BYTES], words[160], nearest[32], id[CELL_BYTES];
        words_interval(printer->zone, &miss->item->incident->reports[0].occurred, when);
        words_incident_countries(miss->item->incident, countries, sizeof countries);
        words_place(&miss->item->incident->reports[0], place);
        miss_words(miss, words, sizeof words);
        (void)snprintf(nearest, sizeof nearest, "%zu", member_number(account, miss->core));
        (void)utf8_printable(miss->item->incident->id, id, sizeof id);
        add_row(printer, (const char *[]){when, countries, place, words, nearest, id,
                                          miss->item->episode[0] != '\0' ? miss->item->episode : "no episode"});
    }
    close_table(printer);
}

enum status account_print_text(const struct account *account, struct zone *zone, FILE *stream)
{
    struct printer printer = {.account = account, .zone = zone, .stream = stream};
    print_episode(&printer);
    print_members(&printer);
    print_links(&printer);
    print_company(&printer);
    print_near_misses(&printer);
    return printer.status;
}
