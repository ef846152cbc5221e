/* Episodes and incidents → JSON, as the contract draws them; fields beyond the contract come last. */
#include "proto/json_write.h"
#include "proto/limits.h"

#include <math.h>

/* A report of a no-redistribute source shows where it is, and nothing of what it says. */
static bool may_show(const struct report *report)
{
    return report->licence != LICENCE_NO_REDISTRIBUTE;
}

static void write_codes(const country_code *codes, size_t count, struct text *text)
{
    json_key(text, "countries");
    text_append(text, SPAN("["));
    for (size_t i = 0; i < count; i++) {
        char code[3];
        country_code_text(codes[i], code);
        json_separate(text, i);
        text_json_string(text, span_of(code));
    }
    text_append(text, SPAN("]"));
}

static void write_ids(const char *key, const struct span *ids, size_t count, struct text *text)
{
    json_key(text, key);
    text_append(text, SPAN("["));
    for (size_t i = 0; i < count; i++) {
        json_separate(text, i);
        text_json_string(text, ids[i]);
    }
    text_append(text, SPAN("]"));
}

static void write_place(const struct report *best, struct text *text)
{
    json_key(text, "place");
    if (!best->has_place) {
        text_append(text, SPAN("null"));
        return;
    }
    text_append(text, SPAN("{"));
    json_number_field(text, "lat", best->place.lat);
    json_number_field(text, "lon", best->place.lon);
    json_nullable_field(text, "name", may_show(best) ? best->place.name : SPAN(""));
    json_number_field(text, "radius_km", best->place.radius_km);
    text_append(text, SPAN("}"));
}

/* The best headline that may be shown. */
static struct span headline_of(const struct incident *incident)
{
    for (size_t i = 0; i < incident->report_count; i++) {
        if (may_show(&incident->reports[i]) && incident->reports[i].headline.size > 0)
            return incident->reports[i].headline;
    }
    return SPAN("");
}

static void write_report(const struct report *report, struct text *text)
{
    text_append(text, SPAN("{"));
    json_string_field(text, "source", report->source);
    json_string_field(text, "source_id", report->source_id);
    if (may_show(report)) {
        json_nullable_field(text, "publisher", report->publisher);
        json_nullable_field(text, "url", report->url);
        json_integer_field(text, "revision", report->revision);
        json_string_field(text, "status", span_of(report_status_name(report->status)));
        json_time_field(text, "reported_at", report->reported_at_ms);
        json_string_field(text, "licence", span_of(licence_name(report->licence)));
    }
    text_append(text, SPAN("}"));
}

static void write_reports(const struct incident *incident, struct text *text)
{
    json_key(text, "reports");
    text_append(text, SPAN("["));
    for (size_t i = 0; i < incident->report_count; i++) {
        json_separate(text, i);
        write_report(&incident->reports[i], text);
    }
    text_append(text, SPAN("]"));
}

/* From "category" to the end of the incident's own fields. */
static void write_incident_fields(const struct incident *incident, struct text *text)
{
    const struct report *best = &incident->reports[0];
    bool is_bare = best->occurred.start_ms == TIME_NONE;
    country_code codes[LIMIT_COUNTRIES];
    json_nullable_field(text, "category", is_bare ? SPAN("") : span_of(category_name(best->category)));
    json_occurred_field(text, &best->occurred);
    write_place(best, text);
    write_codes(codes, report_counted_countries(best, codes, LIMIT_COUNTRIES), text);
    json_string_field(text, "status", span_of(report_status_name(best->status)));
    json_nullable_field(text, "headline", headline_of(incident));
    write_reports(incident, text);
    json_nullable_field(text, "role", is_bare ? SPAN("") : span_of(role_name(best->role)));
    json_integer_field(text, "publishers", incident_publishers(incident));
    if (incident->reports_omitted > 0)
        json_integer_field(text, "reports_omitted", incident->reports_omitted);
}

static void write_member(const struct episode_member *member, const struct incident *incident, struct text *text)
{
    text_append(text, SPAN("{"));
    json_string_field(text, "id", member->incident_id);
    json_string_field(text, "membership", span_of(membership_name(member->membership)));
    if (member->threshold > 0) {
        json_integer_field(text, "history", member->history);
        json_integer_field(text, "threshold", member->threshold);
    }
    if (incident != NULL && incident->report_count > 0)
        write_incident_fields(incident, text);
    text_append(text, SPAN("}"));
}

static void write_members(const struct episode *episode, const struct incident *const *incidents, struct text *text)
{
    json_key(text, "incidents");
    text_append(text, SPAN("["));
    for (size_t i = 0; i < episode->member_count; i++) {
        json_separate(text, i);
        write_member(&episode->members[i], incidents[i], text);
    }
    text_append(text, SPAN("]"));
}

void episode_to_json(const struct episode *episode, const struct incident *const *incidents, struct text *text)
{
    text_append(text, SPAN("{"));
    json_string_field(text, "id", episode->id);
    json_string_field(text, "title", episode->title);
    json_string_field(text, "rule", episode->rule);
    json_integer_field(text, "revision", episode->revision);
    json_string_field(text, "state", span_of(episode_state_name(episode->state)));
    json_bool_field(text, "final", episode->final);
    write_codes(episode->countries, episode->country_count, text);
    json_time_field(text, "first", episode->first_ms);
    json_time_field(text, "last", episode->last_ms);
    json_number_field(text, "extent_km", episode->extent_km);
    json_bool_field(text, "capped", episode->capped);
    json_nullable_field(text, "continues", episode->continues);
    json_bool_field(text, "calibrated", episode->calibrated);
    json_integer_field(text, "observed", episode->observed);
    json_number_field(text, "expected", episode->expected);
    json_number_field(text, "score", episode->score);
    json_number_field(text, "recurrence_days", episode->recurrence_days);
    json_string_field(text, "cause", episode->cause);
    json_string_field(text, "rule_hash", episode->rule_hash);
    if (episode->baseline_hash.size > 0) {
        json_string_field(text, "baseline_hash", episode->baseline_hash);
        json_bool_field(text, "recurrence_at_least", episode->recurrence_at_least);
    }
    write_ids("supersedes", episode->supersedes, episode->supersedes_count, text);
    json_nullable_field(text, "superseded_by", episode->superseded_by);
    write_members(episode, incidents, text);
    if (episode->members_omitted > 0)
        json_integer_field(text, "members_omitted", episode->members_omitted);
    text_append(text, SPAN("}"));
}

void incident_to_json(const struct incident *incident, const struct span *episode_ids, size_t episode_count,
                      struct text *text)
{
    text_append(text, SPAN("{"));
    json_string_field(text, "id", incident->id);
    write_incident_fields(incident, text);
    json_countries_field(text, "country_roles", &incident->reports[0]);
    write_ids("episodes", episode_ids, episode_count, text);
    text_append(text, SPAN("}"));
}

void notice_to_json(const struct notice *notice, struct text *text)
{
    text_append(text, SPAN("{"));
    json_string_field(text, "source", notice->source);
    json_string_field(text, "kind", span_of(notice_kind_name(notice->kind)));
    json_time_field(text, "since", notice->since_ms);
    json_nullable_field(text, "text", notice->text);
    text_append(text, SPAN("}"));
}
