#include "cli/explain/facts.h"

#include "base/time_text.h"
#include "cli/wording.h"

#include <math.h>
#include <stdio.h>

/* --- links --- */

struct link fact_link(const struct measure *measure, const struct engine_incident *a, const struct engine_incident *b)
{
    struct link link = {.chord2 = point_chord2(a->point, b->point), .strength = {UINT64_MAX, UINT64_MAX}};
    link.gap_ms = interval_gap(a->start_ms, measure_end(measure, a), b->start_ms, measure_end(measure, b));
    link.distance_km = chord2_to_km(link.chord2);
    link.within = link.chord2 <= measure->reach2 && link.gap_ms <= measure->window_ms;
    link.neighbours = link.within && measure_triggers(measure, a) && measure_triggers(measure, b) &&
                      !measure_coarse(measure, a) && !measure_coarse(measure, b);
    link.distance_share = sqrt((double)link.chord2 / (double)(measure->reach2 > 0 ? measure->reach2 : 1));
    link.time_share = (double)link.gap_ms / (double)measure->window_ms;
    link.clause = link.distance_share >= link.time_share ? LINK_DISTANCE : LINK_TIME;
    if (link.within) {
        uint128 strength = measure_strength(measure, link.chord2, link.gap_ms);
        link.clause = measure_distance_part(measure, link.chord2) == strength ? LINK_DISTANCE : LINK_TIME;
        link.strength[0] = (uint64_t)(strength >> 64);
        link.strength[1] = (uint64_t)strength;
    }
    return link;
}

/* --- coarse --- */

enum coarse_kind coarse_kind(const struct rule *rule, const struct engine_incident *incident)
{
    if (incident->end_ms - incident->start_ms > rule->window_ms)
        return COARSE_LENGTH;
    if (incident->radius_km > rule->max_radius_km)
        return COARSE_RADIUS;
    return incident->radius_km > rule->reach_km / 2.0 ? COARSE_REACH : COARSE_NOT;
}

const char *coarse_kind_name(enum coarse_kind kind)
{
    static const char *const names[] = {
        [COARSE_NOT] = "not_coarse",
        [COARSE_LENGTH] = "length",
        [COARSE_REACH] = "half_reach",
        [COARSE_RADIUS] = "max_radius_km",
    };
    return names[kind];
}

void coarse_words(const struct rule *rule, const struct engine_incident *incident, char ret_text[FACT_BYTES])
{
    char lasts[DURATION_TEXT_BYTES], window[DURATION_TEXT_BYTES];
    duration_words(incident->end_ms - incident->start_ms, lasts);
    duration_format(rule->window_ms, window);
    switch (coarse_kind(rule, incident)) {
    case COARSE_LENGTH:
        (void)snprintf(ret_text, FACT_BYTES, "it lasts %s, longer than the window of %s", lasts, window);
        return;
    case COARSE_RADIUS:
        (void)snprintf(ret_text, FACT_BYTES, "its place is %.6g km vague, vaguer than max_radius_km %.6g",
                       incident->radius_km, rule->max_radius_km);
        return;
    case COARSE_REACH:
        (void)snprintf(ret_text, FACT_BYTES, "its place is %.6g km vague, vaguer than half the reach of %.6g km",
                       incident->radius_km, rule->reach_km);
        return;
    case COARSE_NOT:
        (void)snprintf(ret_text, FACT_BYTES, "its place and time are exact enough");
        return;
    }
}

/* --- the core test --- */

bool fact_neighbours(const struct scene *scene, const struct scene_item *item, uint32_t *ret_neighbours)
{
    if (item == NULL || scene->graph == NULL || item->node == GRAPH_NONE || item->is_coarse)
        return false;
    *ret_neighbours = scene->graph->nodes[item->node].neighbours;
    return true;
}

void core_test_words(const struct scene *scene, const struct scene_item *item, char ret_text[FACT_BYTES])
{
    char count[WORDS_BYTES] = "neighbours not counted", needed[64] = "", history[96] = "";
    uint32_t neighbours;
    if (fact_neighbours(scene, item, &neighbours))
        words_count(neighbours, "neighbour", "neighbours", count);
    if (item->has_threshold && item->threshold == THRESHOLD_UNKNOWN)
        (void)snprintf(needed, sizeof needed, ", no number would do");
    else if (item->has_threshold)
        (void)snprintf(needed, sizeof needed, ", %u needed", item->threshold);
    if (item->has_history)
        (void)snprintf(history, sizeof history, " where the history has %u", item->history);
    (void)snprintf(ret_text, FACT_BYTES, "%.90s%s%s", count, needed, history);
}

void link_words(const struct link *link, char ret_text[FACT_BYTES])
{
    char distance[WORDS_BYTES], gap[DURATION_TEXT_BYTES];
    words_distance(link->distance_km, distance);
    duration_words(link->gap_ms, gap);
    (void)snprintf(ret_text, FACT_BYTES, "%s and %s", distance, link->gap_ms > 0 ? gap : "no time");
}

/* --- reports --- */

void corroboration_words(const struct incident *incident, char ret_text[FACT_BYTES])
{
    char publishers[WORDS_BYTES], reports[WORDS_BYTES];
    uint64_t count = incident->report_count + incident->reports_omitted;
    words_count(count, "report", "reports", reports);
    words_count(incident_publishers(incident), "publisher", "publishers", publishers);
    if (count == 1)
        (void)snprintf(ret_text, FACT_BYTES, "%s", reports);
    else
        (void)snprintf(ret_text, FACT_BYTES, "%.99s in %.99s", publishers, reports);
}

/* --- JSON --- */

void json_id(struct text *text, const char *key, struct span id)
{
    text_print(text, "\"%s\":", key);
    if (id.size > 0)
        text_json_string(text, id);
    else
        text_append(text, SPAN("null"));
}

void json_countries(struct text *text, const country_code *codes, size_t count)
{
    text_append(text, SPAN("["));
    for (size_t i = 0; i < count; i++) {
        char code[3];
        country_code_text(codes[i], code);
        text_print(text, "%s\"%s\"", i > 0 ? "," : "", code);
    }
    text_append(text, SPAN("]"));
}

static void json_known(struct text *text, const char *key, bool is_known, uint32_t value)
{
    if (is_known)
        text_print(text, "\"%s\":%u", key, value);
    else
        text_print(text, "\"%s\":null", key);
}

void json_counts(struct text *text, const struct scene *scene, const struct scene_item *item)
{
    uint32_t neighbours = 0;
    bool is_counted = fact_neighbours(scene, item, &neighbours);
    bool has_test = is_counted && item->has_threshold && item->threshold != THRESHOLD_UNKNOWN;
    json_known(text, "neighbours", is_counted, neighbours);
    text_append(text, SPAN(","));
    json_known(text, "threshold", has_test, has_test ? item->threshold : 0);
    text_append(text, SPAN(","));
    json_known(text, "history", is_counted && item->has_history, is_counted ? item->history : 0);
    text_print(text, ",\"coarse\":%s", item != NULL && item->is_coarse ? "true" : "false");
}

void json_link(struct text *text, const struct link *link)
{
    text_append(text, SPAN("\"distance_km\":"));
    text_json_number(text, link->distance_km);
    text_print(text, ",\"gap_ms\":%lld,\"distance_share\":", (long long)link->gap_ms);
    text_json_number(text, link->distance_share);
    text_append(text, SPAN(",\"time_share\":"));
    text_json_number(text, link->time_share);
    text_print(text, ",\"clause\":\"%s\"", link->clause == LINK_DISTANCE ? "distance" : "time");
}

void json_reports(struct text *text, const struct incident *incident)
{
    text_print(text, "\"publishers\":%llu,\"reports_omitted\":%llu,\"reports\":[",
               (unsigned long long)(incident != NULL ? incident_publishers(incident) : 0),
               (unsigned long long)(incident != NULL ? incident->reports_omitted : 0));
    for (size_t i = 0; incident != NULL && i < incident->report_count; i++) {
        const struct report *report = &incident->reports[i];
        text_append(text, i > 0 ? SPAN(",{") : SPAN("{"));
        json_id(text, "source", report->source);
        text_append(text, SPAN(","));
        json_id(text, "source_id", report->source_id);
        text_append(text, SPAN(","));
        json_id(text, "publisher", report_may_be_shown(report) ? report->publisher : SPAN(""));
        text_print(text, ",\"revision\":%u,\"status\":\"%s\"}", report->revision, report_status_name(report->status));
    }
    text_append(text, SPAN("]"));
}
