#include "proto/json_write.h"

#include "base/time_text.h"

void json_separate(struct text *text, size_t index)
{
    if (index > 0)
        text_append(text, SPAN(","));
}

void json_key(struct text *text, const char *key)
{
    if (text->size > 0 && text->data[text->size - 1] != '{')
        text_append(text, SPAN(","));
    text_append(text, SPAN("\""));
    text_append(text, span_of(key));
    text_append(text, SPAN("\":"));
}

void json_string_field(struct text *text, const char *key, struct span value)
{
    json_key(text, key);
    text_json_string(text, value);
}

void json_nullable_field(struct text *text, const char *key, struct span value)
{
    json_key(text, key);
    if (value.size > 0)
        text_json_string(text, value);
    else
        text_append(text, SPAN("null"));
}

void json_integer_field(struct text *text, const char *key, uint64_t value)
{
    json_key(text, key);
    text_print(text, "%llu", (unsigned long long)value);
}

void json_number_field(struct text *text, const char *key, double value)
{
    json_key(text, key);
    text_json_number(text, value);
}

void json_bool_field(struct text *text, const char *key, bool value)
{
    json_key(text, key);
    text_append(text, value ? SPAN("true") : SPAN("false"));
}

void json_time_field(struct text *text, const char *key, int64_t time_ms)
{
    char written[TIME_TEXT_BYTES];
    json_key(text, key);
    if (time_ms == TIME_NONE) {
        text_append(text, SPAN("null"));
        return;
    }
    time_format(time_ms, written);
    text_json_string(text, span_of(written));
}

void json_occurred_field(struct text *text, const struct occurred *occurred)
{
    json_key(text, "occurred");
    if (occurred->start_ms == TIME_NONE) {
        text_append(text, SPAN("null"));
        return;
    }
    text_append(text, SPAN("{"));
    json_time_field(text, "start", occurred->start_ms);
    json_time_field(text, "end", occurred->end_ms);
    json_string_field(text, "precision", span_of(precision_name(occurred->precision)));
    json_string_field(text, "basis", span_of(basis_name(occurred->basis)));
    text_append(text, SPAN("}"));
}

void json_countries_field(struct text *text, const char *key, const struct report *report)
{
    json_key(text, key);
    text_append(text, SPAN("["));
    for (size_t i = 0; i < report->country_count; i++) {
        char code[3];
        country_code_text(report->countries[i].code, code);
        json_separate(text, i);
        text_append(text, SPAN("{"));
        json_string_field(text, "code", span_of(code));
        json_string_field(text, "role", span_of(country_role_name(report->countries[i].role)));
        text_append(text, SPAN("}"));
    }
    text_append(text, SPAN("]"));
}
