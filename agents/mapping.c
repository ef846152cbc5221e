/* Applies a mapping: a header to its columns, a row to a report. */
#include "agents/mapping.h"

#include "agents/mapping_plan.h"
#include "base/time_text.h"
#include "base/utf8.h"
#include "proto/limits.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char mapping_delimiter(const struct mapping *mapping)
{
    return mapping->delimiter;
}

/* --- the header --- */

static enum status bind_column(struct mapping_binding *binding, size_t column, const struct span *header,
                               char ret_reason[REASON_BYTES])
{
    struct span name = binding->mapping->columns.names[column];
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < binding->width; i++) {
        if (!span_equal(header[i], name))
            continue;
        if (found != SIZE_MAX) {
            snprintf(ret_reason, REASON_BYTES, "the header names the column \"%.*s\" twice", SPAN_ARG(name));
            return STATUS_INVALID;
        }
        found = i;
    }
    if (found == SIZE_MAX) {
        char shown[100];
        utf8_printable(binding->width > 0 ? header[0] : (struct span){0}, shown, sizeof(shown));
        snprintf(ret_reason, REASON_BYTES,
                 "the header has no column \"%.*s\", which the mapping names (it has %zu, the first is \"%s\")",
                 (int)(name.size < 60 ? name.size : 60), name.data, binding->width, shown);
        return STATUS_INVALID;
    }
    binding->cell_of_column[column] = found;
    return STATUS_OK;
}

enum status mapping_bind(const struct mapping *mapping, const struct span *header, size_t count,
                         struct mapping_binding **ret_binding, char ret_reason[REASON_BYTES])
{
    struct mapping_binding *binding = malloc(sizeof(*binding) + mapping->columns.count * sizeof(size_t));
    if (binding == NULL) {
        snprintf(ret_reason, REASON_BYTES, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    binding->mapping = mapping;
    binding->width = count;
    for (size_t i = 0; i < mapping->columns.count; i++) {
        enum status status = bind_column(binding, i, header, ret_reason);
        if (status != STATUS_OK) {
            free(binding);
            return status;
        }
    }
    *ret_binding = binding;
    return STATUS_OK;
}

void mapping_unbind(struct mapping_binding *binding)
{
    free(binding);
}

/* --- one row --- */

struct filler {
    struct mapping *mapping;
    struct row_view row;
    struct span text[FIELD_COUNT]; /* empty: not given */
    struct zone *zone;             /* of local times; NULL until asked for */
    struct report *report;
    char *reason;
};

static enum status refuse(struct filler *filler, enum field field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum status refuse(struct filler *filler, enum field field, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int used = snprintf(filler->reason, REASON_BYTES, "%s: ", field_rows[field].path);
    (void)vsnprintf(filler->reason + used, REASON_BYTES - (size_t)used, format, arguments);
    va_end(arguments);
    return STATUS_INVALID;
}

/* For a reason written by somebody else: puts before it which field it is about. */
static enum status blame(struct filler *filler, const char *path, enum status status)
{
    char reason[REASON_BYTES];
    snprintf(reason, sizeof(reason), "%s", filler->reason);
    snprintf(filler->reason, REASON_BYTES, "%s: %.*s", path, REASON_BYTES - 80, reason);
    return status;
}

struct shown_text {
    char text[80];
};

static struct shown_text shown(struct span text)
{
    struct shown_text shown;
    utf8_printable(text, shown.text, sizeof(shown.text));
    return shown;
}

static bool conditions_hold(const struct conditions *conditions, const struct row_view *row)
{
    for (size_t i = 0; i < conditions->count; i++) {
        const struct condition *condition = &conditions->items[i];
        struct span cell = row->cells[row->cell_of_column[condition->column]];
        bool matched = false;
        for (size_t k = 0; k < condition->count && !matched; k++)
            matched = pattern_matches(condition->patterns[k], cell);
        if (!matched)
            return false;
    }
    return true;
}

static enum status fill_texts(struct filler *filler)
{
    const struct mapping *mapping = filler->mapping;
    const struct value *fields[FIELD_COUNT];
    memcpy(fields, mapping->fields, sizeof(fields));
    for (size_t i = 0; i < mapping->case_count; i++)
        if (conditions_hold(&mapping->cases[i].when, &filler->row))
            for (int k = 0; k < FIELD_COUNT; k++)
                if (mapping->cases[i].fields[k] != NULL)
                    fields[k] = mapping->cases[i].fields[k];
    for (int k = 0; k < FIELD_COUNT; k++) {
        if (fields[k] == NULL)
            continue;
        enum status status = value_text(fields[k], &filler->row, &filler->text[k], filler->reason);
        if (status != STATUS_OK)
            return blame(filler, field_rows[k].path, status);
    }
    return STATUS_OK;
}

/* --- words and numbers --- */

static enum status fill_words(struct filler *filler)
{
    struct report *report = filler->report;
    const struct span *text = filler->text;
    if (text[FIELD_STATUS].size > 0 && report_status_find(text[FIELD_STATUS], &report->status) != STATUS_OK)
        return refuse(filler, FIELD_STATUS, "\"%s\" is no status", shown(text[FIELD_STATUS]).text);
    if (text[FIELD_CATEGORY].size == 0 || category_find(text[FIELD_CATEGORY], &report->category) != STATUS_OK)
        return refuse(filler, FIELD_CATEGORY, "\"%s\" is no category (did you mean %s?)",
                      shown(text[FIELD_CATEGORY]).text, category_nearest(text[FIELD_CATEGORY]));
    report->role = category_role(report->category);
    if (text[FIELD_ROLE].size > 0 && role_find(text[FIELD_ROLE], &report->role) != STATUS_OK)
        return refuse(filler, FIELD_ROLE, "\"%s\" is no role", shown(text[FIELD_ROLE]).text);
    if (text[FIELD_LICENCE].size > 0 && licence_find(text[FIELD_LICENCE], &report->licence) != STATUS_OK)
        return refuse(filler, FIELD_LICENCE, "\"%s\" is no licence", shown(text[FIELD_LICENCE]).text);
    if (text[FIELD_BASIS].size > 0 && basis_find(text[FIELD_BASIS], &report->occurred.basis) != STATUS_OK)
        return refuse(filler, FIELD_BASIS, "\"%s\" is no basis", shown(text[FIELD_BASIS]).text);
    return STATUS_OK;
}

/* Decimal, with a point. */
static bool parse_number(struct span text, double *ret_number)
{
    char digits[64];
    char *end = NULL;
    if (text.size == 0 || text.size >= sizeof(digits))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (strchr("+-.0123456789eE", text.data[i]) == NULL || text.data[i] == '\0')
            return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    double number = strtod(digits, &end);
    if (end != digits + text.size || !isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

static enum status fill_number(struct filler *filler, enum field field, double *ret_number)
{
    if (filler->text[field].size == 0 || parse_number(filler->text[field], ret_number))
        return STATUS_OK;
    return refuse(filler, field, "\"%s\" is no number (expected digits, with a point)",
                  shown(filler->text[field]).text);
}

static enum status fill_whole(struct filler *filler, enum field field, uint32_t *ret_number)
{
    struct span text = filler->text[field];
    uint64_t number = 0;
    bool good = text.size <= 10;
    for (size_t i = 0; i < text.size && good; i++) {
        good = text.data[i] >= '0' && text.data[i] <= '9';
        number = number * 10 + (uint64_t)(unsigned char)(text.data[i] - '0');
    }
    if (!good || number > LIMIT_REVISION)
        return refuse(filler, field, "\"%s\" is no whole number up to %u", shown(text).text, LIMIT_REVISION);
    if (text.size > 0)
        *ret_number = (uint32_t)number;
    return STATUS_OK;
}

static enum status fill_numbers(struct filler *filler)
{
    struct report *report = filler->report;
    enum status status = fill_whole(filler, FIELD_REVISION, &report->revision);
    if (status == STATUS_OK)
        status = fill_whole(filler, FIELD_SEVERITY, &report->severity);
    if (status == STATUS_OK)
        status = fill_number(filler, FIELD_CONFIDENCE, &report->confidence);
    if (status == STATUS_OK && filler->text[FIELD_LAT].size == 0)
        status = refuse(filler, FIELD_LAT, "is empty, expected degrees north");
    if (status == STATUS_OK && filler->text[FIELD_LON].size == 0)
        status = refuse(filler, FIELD_LON, "is empty, expected degrees east");
    if (status == STATUS_OK)
        status = fill_number(filler, FIELD_LAT, &report->place.lat);
    if (status == STATUS_OK)
        status = fill_number(filler, FIELD_LON, &report->place.lon);
    if (status == STATUS_OK)
        status = fill_number(filler, FIELD_RADIUS_KM, &report->place.radius_km);
    report->has_place = true;
    return status;
}

/* --- texts --- */

/* Cuts what is longer, between two characters, with an ellipsis. */
static struct span cut(struct filler *filler, struct span text, size_t size_max)
{
    if (text.size <= size_max)
        return text;
    size_t size = size_max - strlen("…");
    while (size > 0 && ((unsigned char)text.data[size] & 0xC0) == 0x80)
        size--;
    struct span whole = arena_print(filler->row.arena, "%.*s…", (int)size, text.data);
    return whole.data != NULL ? whole : (struct span){text.data, size};
}

static void fill_strings(struct filler *filler, const char *source)
{
    struct report *report = filler->report;
    const struct span *text = filler->text;
    report->source = text[FIELD_SOURCE].size > 0 ? text[FIELD_SOURCE] : span_of(source);
    report->source_id = text[FIELD_SOURCE_ID];
    report->publisher = cut(filler, text[FIELD_PUBLISHER], LIMIT_NAME_BYTES);
    report->headline = cut(filler, text[FIELD_HEADLINE], LIMIT_HEADLINE_BYTES);
    report->place.name = cut(filler, text[FIELD_PLACE_NAME], LIMIT_NAME_BYTES);
    report->url = text[FIELD_URL];
    report->language = text[FIELD_LANGUAGE];
}

/* --- times --- */

static enum status find_zone(struct filler *filler)
{
    struct span name = filler->text[FIELD_ZONE];
    bool mapped = filler->mapping->fields[FIELD_ZONE] != NULL;
    if (filler->zone != NULL)
        return STATUS_OK;
    if (zone_cache_find(filler->mapping->zones, mapped ? name : SPAN("UTC"), &filler->zone) == STATUS_OK)
        return STATUS_OK;
    return refuse(filler, FIELD_ZONE, "\"%s\" is no time zone (expected one such as Europe/Warsaw)", shown(name).text);
}

static enum status read_local(struct filler *filler, enum field field, enum time_word word, struct local_time *ret_time)
{
    enum status status = find_zone(filler);
    if (status != STATUS_OK)
        return status;
    status =
        local_time_read(filler->text[field], word, &filler->mapping->parts, filler->zone, ret_time, filler->reason);
    return status == STATUS_OK ? status : blame(filler, field_rows[field].path, status);
}

static enum status read_absolute(struct filler *filler, enum field field, int64_t *ret_ms)
{
    if (time_parse(filler->text[field], ret_ms) == STATUS_OK)
        return STATUS_OK;
    return refuse(filler, field, "\"%s\" is no time with an offset (expected one such as 2022-03-10T22:00Z)",
                  shown(filler->text[field]).text);
}

static enum status fill_absolute(struct filler *filler, struct occurred *occurred)
{
    enum status status = read_absolute(filler, FIELD_START, &occurred->start_ms);
    occurred->end_ms = occurred->start_ms;
    if (status == STATUS_OK && filler->text[FIELD_END].size > 0)
        status = read_absolute(filler, FIELD_END, &occurred->end_ms);
    return status;
}

static enum status fill_local(struct filler *filler, enum time_word word, struct occurred *occurred)
{
    struct local_time time = {0}, last = {0};
    enum status status = read_local(filler, FIELD_LOCAL, word, &time);
    last = time;
    if (status == STATUS_OK && filler->text[FIELD_LOCAL_END].size > 0)
        status = read_local(filler, FIELD_LOCAL_END, word, &last);
    if (status != STATUS_OK)
        return status;
    occurred->start_ms = time.start_ms;
    occurred->end_ms = last.end_ms;
    occurred->precision = time.precision;
    return STATUS_OK;
}

static enum status fill_occurred(struct filler *filler)
{
    struct occurred *occurred = &filler->report->occurred;
    const struct span *text = filler->text;
    enum time_word word = TIME_WORD_AUTO;
    if (text[FIELD_READ].size > 0 && time_word_find(text[FIELD_READ], &word) != STATUS_OK)
        return refuse(filler, FIELD_READ, "\"%s\", expected one of %s", shown(text[FIELD_READ]).text,
                      time_word_names());
    enum status status;
    if (text[FIELD_START].size > 0) {
        occurred->precision = word == TIME_WORD_AUTO ? PRECISION_SECOND : time_word_precision(word);
        status = fill_absolute(filler, occurred);
    } else if (text[FIELD_LOCAL].size > 0) {
        status = fill_local(filler, word, occurred);
    } else {
        status = refuse(filler, filler->mapping->fields[FIELD_START] != NULL ? FIELD_START : FIELD_LOCAL,
                        "no time is given");
    }
    if (status == STATUS_OK && text[FIELD_PRECISION].size > 0 &&
        precision_find(text[FIELD_PRECISION], &occurred->precision) != STATUS_OK)
        status = refuse(filler, FIELD_PRECISION, "\"%s\" is no precision", shown(text[FIELD_PRECISION]).text);
    return status;
}

/* Seconds since 1970, a time with an offset, or a local time (of which the start counts). */
static enum status fill_reported_at(struct filler *filler)
{
    struct span text = filler->text[FIELD_REPORTED_AT];
    int64_t *at = &filler->report->reported_at_ms;
    double seconds;
    if (text.size == 0 || time_parse(text, at) == STATUS_OK)
        return STATUS_OK;
    if (text.size >= 9 && text.size <= 11 && memchr(text.data, '-', text.size) == NULL &&
        parse_number(text, &seconds)) {
        *at = (int64_t)(seconds * 1000);
        return STATUS_OK;
    }
    struct local_time time;
    enum status status = read_local(filler, FIELD_REPORTED_AT, TIME_WORD_AUTO, &time);
    if (status == STATUS_OK)
        *at = time.start_ms;
    return status;
}

/* --- countries and attributes --- */

static bool find_country(const struct mapping *mapping, struct span text, country_code *ret_code)
{
    if (country_code_parse(text, ret_code) == STATUS_OK)
        return true;
    for (size_t i = 0; i < mapping->name_count; i++) {
        const struct country_entry *entry = &mapping->names[i];
        if (strlen(entry->name) == text.size && strncasecmp(entry->name, text.data, text.size) == 0) {
            *ret_code = entry->code;
            return true;
        }
    }
    return false;
}

/* A country named before keeps the role it was first given. */
static enum status add_country(struct filler *filler, struct country *countries, struct span text,
                               enum country_role role)
{
    struct report *report = filler->report;
    country_code code;
    if (!find_country(filler->mapping, text, &code)) {
        snprintf(filler->reason, REASON_BYTES,
                 "countries: \"%s\" is no country (expected two capital letters, or its English name)",
                 shown(text).text);
        return STATUS_INVALID;
    }
    for (size_t i = 0; i < report->country_count; i++)
        if (countries[i].code == code)
            return STATUS_OK;
    if (report->country_count == LIMIT_COUNTRIES) {
        snprintf(filler->reason, REASON_BYTES, "countries: more than %u", LIMIT_COUNTRIES);
        return STATUS_INVALID;
    }
    countries[report->country_count++] = (struct country){code, role};
    return STATUS_OK;
}

static struct span next_part(struct span *rest, struct span split)
{
    struct span part = *rest;
    const char *found = split.size > 0 ? memmem(rest->data, rest->size, split.data, split.size) : NULL;
    if (found != NULL) {
        part.size = (size_t)(found - rest->data);
        *rest = (struct span){found + split.size, rest->size - part.size - split.size};
    } else {
        *rest = (struct span){0};
    }
    while (part.size > 0 && part.data[0] == ' ')
        part = (struct span){part.data + 1, part.size - 1};
    while (part.size > 0 && part.data[part.size - 1] == ' ')
        part.size--;
    return part;
}

static enum status fill_countries(struct filler *filler)
{
    const struct mapping *mapping = filler->mapping;
    struct report *report = filler->report;
    struct country *countries = arena_zero(filler->row.arena, LIMIT_COUNTRIES * sizeof(*countries));
    if (countries == NULL)
        return STATUS_NO_MEMORY;
    report->has_countries = mapping->has_countries;
    report->countries = countries;
    for (size_t i = 0; i < mapping->country_count; i++) {
        struct span rest = {0};
        enum status status = value_text(&mapping->countries[i].value, &filler->row, &rest, filler->reason);
        if (status != STATUS_OK)
            return blame(filler, "countries", status);
        while (status == STATUS_OK && rest.size > 0) {
            struct span part = next_part(&rest, mapping->countries[i].split);
            if (part.size > 0)
                status = add_country(filler, countries, part, mapping->countries[i].role);
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status fill_attributes(struct filler *filler)
{
    const struct mapping *mapping = filler->mapping;
    struct report *report = filler->report;
    struct attribute *attributes = arena_zero(filler->row.arena, mapping->attribute_count * sizeof(*attributes));
    if (attributes == NULL)
        return STATUS_NO_MEMORY;
    report->attributes = attributes;
    for (size_t i = 0; i < mapping->attribute_count; i++) {
        struct span text = {0};
        enum status status = value_text(&mapping->attributes[i].value, &filler->row, &text, filler->reason);
        if (status != STATUS_OK)
            return blame(filler, "attributes", status);
        if (text.size > 0)
            attributes[report->attribute_count++] =
                (struct attribute){mapping->attributes[i].key, cut(filler, text, LIMIT_ATTRIBUTE_VALUE)};
    }
    return STATUS_OK;
}

/* --- the whole --- */

static enum status fill(struct filler *filler, const char *source)
{
    static enum status (*const steps[])(struct filler *) = {fill_words,       fill_numbers,   fill_occurred,
                                                            fill_reported_at, fill_countries, fill_attributes};
    enum status status = fill_texts(filler);
    if (status == STATUS_OK)
        fill_strings(filler, source);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && status == STATUS_OK; i++)
        status = steps[i](filler);
    if (status == STATUS_NO_MEMORY)
        snprintf(filler->reason, REASON_BYTES, "%s", status_text(status));
    return status == STATUS_OK ? report_validate(filler->report, filler->reason) : status;
}

enum mapping_answer mapping_row(struct mapping *mapping, const struct mapping_binding *binding,
                                const struct span *cells, size_t count, const char *source, struct arena *arena,
                                struct report *ret_report, char ret_reason[REASON_BYTES])
{
    if (count != binding->width) {
        snprintf(ret_reason, REASON_BYTES, "the row has %zu cells, the header %zu", count, binding->width);
        return MAPPING_REFUSED;
    }
    struct report report = {.reported_at_ms = TIME_NONE,
                            .confidence = NAN,
                            .occurred = {.start_ms = TIME_NONE, .end_ms = TIME_NONE, .basis = BASIS_REPORTED}};
    struct filler filler = {.mapping = mapping,
                            .row = {.cells = cells, .cell_of_column = binding->cell_of_column, .arena = arena},
                            .report = &report,
                            .reason = ret_reason};
    for (size_t i = 0; i < mapping->skip_count; i++)
        if (conditions_hold(&mapping->skips[i], &filler.row))
            return MAPPING_SKIPPED;
    if (fill(&filler, source) != STATUS_OK)
        return MAPPING_REFUSED;
    *ret_report = report;
    return MAPPING_REPORT;
}
