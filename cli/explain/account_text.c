/* An account for people: members numbered, links between the numbers, prose that fits a terminal. */
#include "base/utf8.h"
#include "cli/explain/account_print.h"
#include "cli/explain/chance.h"
#include "cli/explain/facts.h"
#include "cli/explain/page.h"
#include "cli/table.h"
#include "cli/wording.h"
#include "proto/limits.h"

#include <math.h>

#define CELL_BYTES  512
#define INDENT      11
#define MEMBER      6
#define LINKS_SHOWN 500u /* in text; --json has more */

struct printer {
    const struct account *account;
    struct zone *zone;
    FILE *stream;
    struct table *table;
    size_t links;       /* found */
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
    char window[DURATION_TEXT_BYTES], duration[DURATION_TEXT_BYTES], extent[64] = "";
    char neighbours[WORDS_BYTES], incidents[WORDS_BYTES], countries[WORDS_BYTES];
    words_count(rule->min_neighbours, "neighbour makes", "neighbours make", neighbours);
    words_count(rule->min_incidents, "incident", "incidents", incidents);
    words_count(rule->min_countries, "country", "countries", countries);
    duration_format(rule->window_ms, window);
    duration_format(rule->cap_duration_ms, duration);
    if (isfinite(rule->cap_extent_km))
        (void)snprintf(extent, sizeof extent, ", %.6g km", rule->cap_extent_km);
    bool is_floor = printer->account->episode->episode.calibrated;
    page_print(printer->stream, "rule", INDENT,
               "%.*s: reach %.6g km, window %s; %s%s a core; flagged from %s in %s on; caps %s%s", SPAN_ARG(rule->name),
               rule->reach_km, window, is_floor ? "at least " : "", neighbours, incidents, countries, duration, extent);
}

static void print_episode(const struct printer *printer)
{
    const struct episode *episode = &printer->account->episode->episode;
    FILE *stream = printer->stream;
    char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES], countries[CELL_BYTES], extent[WORDS_BYTES];
    zone_format_short(printer->zone, episode->first_ms, ZONE_MINUTE, first);
    zone_format_short(printer->zone, episode->last_ms, ZONE_MINUTE, last);
    words_countries(episode->countries, episode->country_count, ", ", countries, sizeof countries);
    words_distance(episode->extent_km, extent);
    fprintf(stream, "%.*s\n\n", SPAN_ARG(episode->title));
    page_print(stream, "episode", INDENT, "%.*s, %s%s, revision %u", SPAN_ARG(episode->id),
               episode_state_name(episode->state), episode->final ? ", final" : "", episode->revision);
    page_print(stream, "when", INDENT, "%s to %s", first, last);
    page_print(stream, "where", INDENT, "%s, %s across", countries, extent);
    print_rule(printer);
    chance_print(episode, &printer->account->chance, stream, INDENT);
    if (episode->capped)
        page_print(stream, "capped", INDENT, "a core has a neighbouring core in another episode: the caps part them");
    if (episode->continues.size > 0)
        page_print(stream, "continues", INDENT, "%.*s", SPAN_ARG(episode->continues));
    if (episode->superseded_by.size > 0)
        page_print(stream, "taken over", INDENT, "by %.*s", SPAN_ARG(episode->superseded_by));
    page_print(stream, "cause", INDENT, "%.*s", SPAN_ARG(episode->cause));
}

/* --- members --- */

void account_removal_words(const struct account *account, const struct account_member *member, char ret_text[128])
{
    char count[WORDS_BYTES];
    const struct removal_rest *rest = &member->rest;
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

size_t account_member_number(const struct account *account, const struct scene_item *item)
{
    for (size_t i = 0; item != NULL && i < account->member_count; i++) {
        if (account->members[i].item == item)
            return i + 1;
    }
    return 0;
}

static void print_standing(const struct printer *printer, const struct account_member *member)
{
    const struct account *account = printer->account;
    const struct scene_item *item = member->item;
    char words[FACT_BYTES], attached[64] = "core";
    if (member->membership == MEMBERSHIP_ATTACHED) {
        size_t number = account_member_number(account, member->attached_to);
        (void)snprintf(attached, sizeof attached, number > 0 ? "attached to #%zu" : "attached", number);
    }
    if (item->is_coarse) {
        coarse_words(&account->rule, &item->engine, words);
        page_print(printer->stream, "", MEMBER, "%s: %s, so it counts for nobody", attached, words);
    } else if (item->node != GRAPH_NONE) {
        core_test_words(&account->scene, item, words);
        page_print(printer->stream, "", MEMBER, "%s%s: %s", attached,
                   member->membership == MEMBERSHIP_ATTACHED ? ", no core itself" : "", words);
    } else {
        page_print(printer->stream, "", MEMBER, "%s, but as it is stored now it does not trigger", attached);
    }
}

static void print_without(const struct printer *printer, const struct account_member *member)
{
    char words[128], countries[WORDS_BYTES], incidents[WORDS_BYTES];
    if (member->removal == REMOVAL_UNFLAGS) {
        account_removal_words(printer->account, member, words);
        page_print(printer->stream, "", MEMBER, "without it: not flagged, %s", words);
    } else if (member->removal == REMOVAL_KEEPS) {
        words_count(member->rest.countries, "country", "countries", countries);
        words_count(member->rest.observed, "incident", "incidents", incidents);
        page_print(printer->stream, "", MEMBER, "without it: still flagged, %s in %s", incidents, countries);
    }
}

static void print_reports(const struct printer *printer, const struct incident *incident)
{
    for (size_t i = 0; incident->report_count > 1 && i < incident->report_count; i++) {
        const struct report *report = &incident->reports[i];
        char id[CELL_BYTES], publisher[CELL_BYTES] = "";
        (void)utf8_printable(report->source_id, id, sizeof id);
        if (report_may_be_shown(report) && report->publisher.size > 0)
            (void)utf8_printable(report->publisher, publisher, sizeof publisher);
        page_print(printer->stream, "", MEMBER, "report %.*s:%s%s%s, %s", SPAN_ARG(report->source), id,
                   publisher[0] != '\0' ? " by " : "", publisher, report_status_name(report->status));
    }
}

static void print_member(const struct printer *printer, size_t index)
{
    const struct account_member *member = &printer->account->members[index];
    char number[32], id[CELL_BYTES], when[WORDS_BYTES], place[WORDS_BYTES], countries[CELL_BYTES], reports[FACT_BYTES];
    (void)snprintf(number, sizeof number, "#%zu", index + 1);
    (void)utf8_printable(printer->account->episode->episode.members[index].incident_id, id, sizeof id);
    if (member->item == NULL) {
        page_print(printer->stream, number, MEMBER, "%s, %s: not in the store", id,
                   membership_name(member->membership));
        return;
    }
    const struct incident *incident = member->item->incident;
    const struct report *best = &incident->reports[0];
    words_interval(printer->zone, &best->occurred, when);
    words_place(best, place);
    words_incident_countries(incident, countries, sizeof countries);
    corroboration_words(incident, reports);
    page_print(printer->stream, number, MEMBER, "%s, %s%s%s", when, countries, countries[0] != '\0' ? ", " : "", place);
    page_print(printer->stream, "", MEMBER, "%s, %s, %s; %s", id, category_name(best->category),
               report_status_name(best->status), reports);
    print_reports(printer, incident);
    print_standing(printer, member);
    print_without(printer, member);
}

static void print_members(struct printer *printer)
{
    const struct account *account = printer->account;
    const struct episode *episode = &account->episode->episode;
    fprintf(printer->stream, "\nMembers\n");
    for (size_t i = 0; i < account->member_count; i++) {
        if (account_counts(&account->members[i]))
            print_member(printer, i);
    }
    if (episode->members_omitted > 0)
        page_print(printer->stream, "", 0, "and %llu more than an episode carries",
                   (unsigned long long)episode->members_omitted);
    if (account->scene.graph == NULL)
        page_write(printer->stream, "", 0,
                   "Too many incidents are around it: neighbours were not counted, and no removal was tried.");
    else if (account->scene.partition == NULL || !account->is_wide)
        page_write(printer->stream, "", 0, "Too many incidents are near each other: no removal was tried.");
    else if (!account->is_reproduced && episode->state != EPISODE_WITHDRAWN)
        page_write(printer->stream, "", 0,
                   "Of the incidents stored now the rule would not make quite this episode, so no removal was tried.");
    else if (episode->state == EPISODE_FLAGGED && account->removals_tried < account->removals_possible)
        page_print(
            printer->stream, "", 0,
            "Left out once each: %zu of %zu members. The others are neither the only one of a country, nor hold two "
            "parts together, nor are needed by a core, or there was no time for them.",
            account->removals_tried, account->removals_possible);
}

/* --- links --- */

static void add_link(struct printer *printer, size_t a, size_t b, const char *kind, const struct link *link)
{
    const struct rule *rule = &printer->account->rule;
    char pair[64], distance[WORDS_BYTES], gap[DURATION_TEXT_BYTES], parts[2][32], why[96];
    if (printer->links++ >= LINKS_SHOWN)
        return;
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

static bool visit_link(void *self, size_t member, size_t other, const struct link *link)
{
    struct printer *printer = self;
    add_link(printer, member + 1, other + 1, "core", link);
    return printer->links < LINKS_MAX;
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
    /* Attachments first: they are few, links between cores may be more than are shown. */
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        if (member->attached_to == NULL)
            continue;
        struct link link = fact_link(&account->measure, &member->item->engine, &member->attached_to->engine);
        add_link(printer, i + 1, account_member_number(account, member->attached_to), "attached", &link);
    }
    bool sought = account_links(account, visit_link, printer);
    close_table(printer);
    if (!sought)
        page_write(printer->stream, "", 0, "Links between cores were not looked for: there are too many cores.");
    else if (printer->links > LINKS_SHOWN)
        page_print(printer->stream, "", 0, "and %s%zu more: --json has them",
                   printer->links >= LINKS_MAX ? "at least " : "", printer->links - LINKS_SHOWN);
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

static void print_companion(const struct printer *printer, size_t index)
{
    const struct account_member *member = &printer->account->members[index];
    const struct episode *episode = &printer->account->episode->episode;
    char when[WORDS_BYTES], shared[CELL_BYTES], id[CELL_BYTES];
    country_code codes[LIMIT_COUNTRIES];
    (void)utf8_printable(episode->members[index].incident_id, id, sizeof id);
    if (member->item == NULL) {
        page_print(printer->stream, "-", MEMBER, "%s, %s: not in the store", id, membership_name(member->membership));
        return;
    }
    const struct report *best = &member->item->incident->reports[0];
    size_t count = account_shared_countries(printer->account, member, codes, LIMIT_COUNTRIES);
    words_countries(codes, count, ", ", shared, sizeof shared);
    words_interval(printer->zone, &best->occurred, when);
    const char *time = best->occurred.start_ms > episode->last_ms ? "within a window after the last incident"
                                                                  : "within the span of the incidents";
    page_print(printer->stream, "-", MEMBER, "%s, %s: %s %s; shares %s, %s", when, category_one(best->category),
               membership_name(member->membership), id, shared, time);
}

static void print_company(const struct printer *printer)
{
    const struct account *account = printer->account;
    bool has_company = false;
    for (size_t i = 0; i < account->member_count; i++) {
        if (account_counts(&account->members[i]))
            continue;
        if (!has_company)
            fprintf(printer->stream, "\nShown beside them; they change nothing\n");
        has_company = true;
        print_companion(printer, i);
    }
}

enum status account_print_text(const struct account *account, struct zone *zone, FILE *stream)
{
    struct printer printer = {.account = account, .zone = zone, .stream = stream};
    print_episode(&printer);
    print_members(&printer);
    print_links(&printer);
    print_company(&printer);
    misses_print(account, zone, stream);
    return printer.status;
}
