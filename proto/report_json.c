/* Reports ⇄ JSON Lines, to the letter of the contract. What a line may hold is the tables below. */
#include "base/time_text.h"
#include "base/utf8.h"
#include "proto/json_read.h"
#include "proto/limits.h"

#include <math.h>
#include <stdio.h>

/* A report in the making: what was given cannot always be told from its value. */
struct draft {
    struct report report;
    bool has_category;
    bool has_role;
    bool has_end;
    bool has_revision;
    struct country *countries;
    struct attribute *attributes; /* room for LIMIT_ATTRIBUTES; from the field of that name, then from unknown fields */
};

/* --- enums --- */

/* X-list names joined for "expected …". */
#define JOIN(name, text) " " text

#define READ_ENUM(kind, LIST)                                                                                          \
    static enum status read_##kind(struct json_reader *reader, const char *path, const json_t *value, void *target)    \
    {                                                                                                                  \
        struct span name = {json_string_value(value), json_string_length(value)};                                      \
        if (!json_is_string(value) || kind##_find(name, target) != STATUS_OK)                                          \
            return refuse(reader->reason, "%s: %s, expected one of:%s", path, json_shown(value).text, "" LIST(JOIN));  \
        return STATUS_OK;                                                                                              \
    }
READ_ENUM(report_status, REPORT_STATUS_LIST)
READ_ENUM(precision, PRECISION_LIST)
READ_ENUM(basis, BASIS_LIST)
READ_ENUM(country_role, COUNTRY_ROLE_LIST)
READ_ENUM(licence, LICENCE_LIST)
READ_ENUM(role, ROLE_LIST)

static enum status read_given_role(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    struct draft *draft = target;
    draft->has_role = true;
    return read_role(reader, path, value, &draft->report.role);
}

static enum status read_category(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    struct draft *draft = target;
    if (!json_is_string(value))
        return refuse(reader->reason, "%s: %s, expected a string", path, json_shown(value).text);
    struct span name = {json_string_value(value), json_string_length(value)};
    if (category_find(name, &draft->report.category) != STATUS_OK)
        return refuse(reader->reason, "%s: %s is unknown, the nearest is \"%s\"", path, json_shown(value).text,
                      category_nearest(name));
    draft->has_category = true;
    return STATUS_OK;
}

/* --- objects and lists --- */

static enum status read_revision(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    struct draft *draft = target;
    draft->has_revision = true;
    return json_read_uint32(reader, path, value, &draft->report.revision);
}

static enum status read_severity(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    double number = json_is_number(value) ? json_number_value(value) : 0;
    if (!(number >= 1 && number <= LIMIT_SEVERITY && trunc(number) == number))
        return refuse(reader->reason, "%s: %s, expected a whole number of 1 to %u", path, json_shown(value).text,
                      LIMIT_SEVERITY);
    *(uint32_t *)target = (uint32_t)number;
    return STATUS_OK;
}

static enum status read_end(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    struct draft *draft = target;
    draft->has_end = true;
    return json_read_time(reader, path, value, &draft->report.occurred.end_ms);
}

static enum status read_occurred(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    static const struct json_row rows[] = {
        {"start", "occurred.start", json_read_time, offsetof(struct draft, report.occurred.start_ms)},
        {"end", "occurred.end", read_end, 0},
        {"precision", "occurred.precision", read_precision, offsetof(struct draft, report.occurred.precision)},
        {"basis", "occurred.basis", read_basis, offsetof(struct draft, report.occurred.basis)},
        {NULL, NULL, NULL, 0},
    };
    return json_read_object(reader, path, value, rows, target, NULL);
}

static enum status read_place(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    static const struct json_row rows[] = {
        {"lat", "place.lat", json_read_double, offsetof(struct place, lat)},
        {"lon", "place.lon", json_read_double, offsetof(struct place, lon)},
        {"radius_km", "place.radius_km", json_read_double, offsetof(struct place, radius_km)},
        {"name", "place.name", json_read_text, offsetof(struct place, name)},
        {NULL, NULL, NULL, 0},
    };
    struct draft *draft = target;
    struct place place = {.lat = (double)NAN, .lon = (double)NAN};
    enum status status = json_read_object(reader, path, value, rows, &place, NULL);
    if (status != STATUS_OK)
        return status;
    if (isnan(place.lat) || isnan(place.lon))
        return refuse(reader->reason, "%s is missing", isnan(place.lat) ? "place.lat" : "place.lon");
    draft->report.place = place;
    draft->report.has_place = true;
    return STATUS_OK;
}

static enum status read_code(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    struct span text = {json_string_value(value), json_string_length(value)};
    if (!json_is_string(value) || country_code_parse(text, target) != STATUS_OK)
        return refuse(reader->reason, "%s: %s is no country code, expected two capital letters", path,
                      json_shown(value).text);
    return STATUS_OK;
}

static enum status read_country(struct json_reader *reader, const json_t *value, struct country *ret_country)
{
    static const struct json_row rows[] = {
        {"code", "countries: code", read_code, offsetof(struct country, code)},
        {"role", "countries: role", read_country_role, offsetof(struct country, role)},
        {NULL, NULL, NULL, 0},
    };
    *ret_country = (struct country){.role = COUNTRY_WHERE};
    enum status status = json_read_object(reader, "countries: entry", value, rows, ret_country, NULL);
    if (status == STATUS_OK && ret_country->code == 0)
        return refuse(reader->reason, "countries: an entry has no code");
    return status;
}

static enum status read_countries(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    struct draft *draft = target;
    if (!json_is_array(value))
        return refuse(reader->reason, "%s: %s, expected a list", path, json_shown(value).text);
    size_t count = json_array_size(value);
    if (count > LIMIT_COUNTRIES)
        return refuse(reader->reason, "%s: %zu entries, expected at most %u", path, count, LIMIT_COUNTRIES);
    struct country *countries = arena_take(reader->arena, count * sizeof *countries);
    if (countries == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        enum status status = read_country(reader, json_array_get(value, i), &countries[i]);
        if (status != STATUS_OK)
            return status;
    }
    draft->report.has_countries = true;
    draft->report.countries = countries;
    draft->report.country_count = count;
    return STATUS_OK;
}

/* --- attributes --- */

#define EXACT_MAX 9007199254740992.0 /* 2^53: the whole numbers a double tells apart */

/* A scalar as the text of an attribute; data NULL: no memory. */
static struct span scalar_text(struct arena *arena, const json_t *value)
{
    if (json_is_string(value))
        return arena_copy(arena, (struct span){json_string_value(value), json_string_length(value)});
    struct text number = {0};
    if (json_is_integer(value))
        text_print(&number, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        text_json_number(&number, json_real_value(value));
    else
        text_append(&number, span_of(json_kind(value)));
    struct span copy = {NULL, 0};
    if (!number.failed)
        copy = arena_copy(arena, (struct span){number.data, number.size});
    text_fini(&number);
    return copy;
}

static enum status add_attribute(struct json_reader *reader, struct draft *draft, const char *key, const json_t *value)
{
    struct attribute attribute = {arena_copy(reader->arena, span_of(key)), scalar_text(reader->arena, value)};
    if (attribute.key.data == NULL || attribute.value.data == NULL)
        return STATUS_NO_MEMORY;
    draft->attributes[draft->report.attribute_count++] = attribute;
    return STATUS_OK;
}

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static enum status read_attribute(struct json_reader *reader, const char *key, const json_t *value, void *target)
{
    struct draft *draft = target;
    if (!is_scalar(value))
        return refuse(reader->reason, "attributes: \"%s\" is %s, expected a string", shown(span_of(key)).text,
                      json_kind(value));
    if (draft->report.attribute_count >= LIMIT_ATTRIBUTES)
        return refuse(reader->reason, "attributes: more than %u entries", LIMIT_ATTRIBUTES);
    return add_attribute(reader, draft, key, value);
}

static enum status read_attributes(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    static const struct json_row rows[] = {{NULL, NULL, NULL, 0}};
    return json_read_object(reader, path, value, rows, target, read_attribute);
}

static bool has_attribute(const struct draft *draft, struct span key)
{
    for (size_t i = 0; i < draft->report.attribute_count; i++) {
        if (span_equal(draft->attributes[i].key, key))
            return true;
    }
    return false;
}

/* Unknown fields are never an error: what cannot be an attribute is left out. */
static enum status keep_unknown(struct json_reader *reader, struct draft *draft, const char *key, const json_t *value)
{
    struct span name = span_of(key);
    if (!is_scalar(value) || name.size == 0 || name.size > LIMIT_ATTRIBUTE_KEY || !utf8_is_plain(name) ||
        draft->report.attribute_count >= LIMIT_ATTRIBUTES || has_attribute(draft, name))
        return STATUS_OK;
    if (json_is_real(value) && fabs(json_real_value(value)) > EXACT_MAX)
        return STATUS_OK; /* its last digits may be gone */
    if (json_is_string(value)) {
        struct span text = {json_string_value(value), json_string_length(value)};
        if (text.size > LIMIT_ATTRIBUTE_VALUE || !utf8_is_text(text))
            return STATUS_OK;
    }
    return add_attribute(reader, draft, key, value);
}

/* --- the report --- */

#define OF_REPORT(field) offsetof(struct draft, report.field)
static const struct json_row report_rows[] = {
    {"source", "source", json_read_text, OF_REPORT(source)},
    {"source_id", "source_id", json_read_text, OF_REPORT(source_id)},
    {"revision", "revision", read_revision, 0},
    {"status", "status", read_report_status, OF_REPORT(status)},
    {"category", "category", read_category, 0},
    {"role", "role", read_given_role, 0},
    {"occurred", "occurred", read_occurred, 0},
    {"reported_at", "reported_at", json_read_time, OF_REPORT(reported_at_ms)},
    {"place", "place", read_place, 0},
    {"countries", "countries", read_countries, 0},
    {"publisher", "publisher", json_read_text, OF_REPORT(publisher)},
    {"headline", "headline", json_read_text, OF_REPORT(headline)},
    {"url", "url", json_read_text, OF_REPORT(url)},
    {"language", "language", json_read_text, OF_REPORT(language)},
    {"severity", "severity", read_severity, OF_REPORT(severity)},
    {"confidence", "confidence", json_read_double, OF_REPORT(confidence)},
    {"licence", "licence", read_licence, OF_REPORT(licence)},
    {"attributes", "attributes", read_attributes, 0},
    {NULL, NULL, NULL, 0},
};

/* After the known fields, so that `attributes` has the first word whatever the order in the line. */
static enum status keep_unknown_fields(struct json_reader *reader, struct draft *draft, json_t *object)
{
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        const struct json_row *row = report_rows;
        while (row->key != NULL && strcmp(row->key, key) != 0)
            row++;
        if (row->key != NULL || json_is_null(json_object_iter_value(at)))
            continue;
        enum status status = keep_unknown(reader, draft, key, json_object_iter_value(at));
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status apply_defaults(struct draft *draft, char *reason)
{
    struct report *report = &draft->report;
    struct occurred *occurred = &report->occurred;
    if (report->status == REPORT_RETRACTED) {
        if (!draft->has_revision)
            return refuse(reason, "revision is missing: a retraction says which it is");
        if (!draft->has_category || occurred->start_ms == TIME_NONE)
            *occurred = (struct occurred){.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    } else if (!draft->has_category) {
        return refuse(reason, "category is missing");
    }
    if (!draft->has_end)
        occurred->end_ms = occurred->start_ms;
    if (!draft->has_role)
        report->role = category_role(report->category);
    return STATUS_OK;
}

static enum status read_report(struct json_reader *reader, json_t *object, struct report *ret_report)
{
    struct draft draft = {
        .report = {.status = REPORT_REPORTED,
                   .occurred = {.start_ms = TIME_NONE, .end_ms = TIME_NONE},
                   .reported_at_ms = TIME_NONE,
                   .confidence = (double)NAN},
        .attributes = arena_take(reader->arena, LIMIT_ATTRIBUTES * sizeof(struct attribute)),
    };
    if (draft.attributes == NULL)
        return STATUS_NO_MEMORY;
    enum status status = json_read_object(reader, "line", object, report_rows, &draft, NULL);
    if (status == STATUS_OK)
        status = keep_unknown_fields(reader, &draft, object);
    if (status == STATUS_OK)
        status = apply_defaults(&draft, reader->reason);
    if (status != STATUS_OK)
        return status;
    draft.report.attributes = draft.attributes;
    status = report_validate(&draft.report, reader->reason);
    if (status == STATUS_OK)
        *ret_report = draft.report;
    return status;
}

/* NUL may stand in a string that is ignored; where it matters report_validate refuses it. */
static json_t *json_parse(struct span line, size_t flags, json_error_t *ret_error)
{
    return json_loadb(line.size > 0 ? line.data : "", line.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | flags,
                      ret_error);
}

enum status report_from_json(struct span line, struct arena *arena, struct report *ret_report,
                             char ret_reason[REASON_BYTES])
{
    if (line.size > LIMIT_LINE_BYTES)
        return refuse(ret_reason, "line: %zu bytes, expected at most %u", line.size, LIMIT_LINE_BYTES);
    json_error_t error;
    json_t *object = json_parse(line, 0, &error);
    if (object == NULL && json_error_code(&error) == json_error_numeric_overflow)
        object =
            json_parse(line, JSON_DECODE_INT_AS_REAL, &error); /* a great number in a field nobody knows is no error */
    if (object == NULL)
        return refuse(ret_reason, "not JSON: %s (column %d)", shown(span_of(error.text)).text, error.column);
    struct json_reader reader = {arena, ret_reason};
    enum status status = read_report(&reader, object, ret_report);
    json_decref(object);
    if (status == STATUS_NO_MEMORY)
        (void)refuse(ret_reason, "no memory to read a line of %zu bytes", line.size);
    return status;
}
