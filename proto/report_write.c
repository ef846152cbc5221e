/* Report → JSON: fields in the contract's order, what is absent is left out. */
#include "proto/json_write.h"

#include <math.h>

static void write_place(const struct place *place, struct text *text)
{
    json_key(text, "place");
    text_append(text, SPAN("{"));
    json_number_field(text, "lat", place->lat);
    json_number_field(text, "lon", place->lon);
    json_number_field(text, "radius_km", place->radius_km);
    if (place->name.size > 0)
        json_string_field(text, "name", place->name);
    text_append(text, SPAN("}"));
}

static void write_attributes(const struct report *report, struct text *text)
{
    json_key(text, "attributes");
    text_append(text, SPAN("{"));
    for (size_t i = 0; i < report->attribute_count; i++) {
        json_separate(text, i);
        text_json_string(text, report->attributes[i].key);
        text_append(text, SPAN(":"));
        text_json_string(text, report->attributes[i].value);
    }
    text_append(text, SPAN("}"));
}

static void write_given(const char *key, struct span value, struct text *text)
{
    if (value.size > 0)
        json_string_field(text, key, value);
}

void report_to_json(const struct report *report, struct text *text)
{
    text_append(text, SPAN("{"));
    json_string_field(text, "source", report->source);
    json_string_field(text, "source_id", report->source_id);
    json_integer_field(text, "revision", report->revision);
    json_string_field(text, "status", span_of(report_status_name(report->status)));
    if (report->occurred.start_ms != TIME_NONE) { /* else a bare retraction, whose category means nothing */
        json_string_field(text, "category", span_of(category_name(report->category)));
        json_string_field(text, "role", span_of(role_name(report->role)));
        json_occurred_field(text, &report->occurred);
    }
    if (report->reported_at_ms != TIME_NONE)
        json_time_field(text, "reported_at", report->reported_at_ms);
    if (report->has_place)
        write_place(&report->place, text);
    if (report->has_countries)
        json_countries_field(text, "countries", report);
    write_given("publisher", report->publisher, text);
    write_given("headline", report->headline, text);
    write_given("url", report->url, text);
    write_given("language", report->language, text);
    if (report->severity > 0)
        json_integer_field(text, "severity", report->severity);
    if (!isnan(report->confidence))
        json_number_field(text, "confidence", report->confidence);
    json_string_field(text, "licence", span_of(licence_name(report->licence)));
    if (report->attribute_count > 0)
        write_attributes(report, text);
    text_append(text, SPAN("}"));
}
