/* Bytes → reports, by hand: protobuf-c takes five times as long. What it would read is read, and to the same (tests/
 * property/proto, tests/fuzz), but that a part given twice is put together field by field, as protobuf says. First the
 * fields as they come, which takes no memory; then what they mean. */
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/report_numbers.h"
#include "proto/report_wire.h"
#include "proto/unpack.h"
#include "proto/wire.h"

#include <math.h>

struct country_field {
    struct span code;
    int role;
};

/* What a report says as it is on the wire; the rest stands in the report already. */
struct report_fields {
    struct report report;
    bool has_occurred, has_end, has_reported_at, has_confidence;
    int64_t start_ms, end_ms;
    int precision, basis, status, role, licence;
    struct span category;
    size_t country_count, attribute_count; /* all there were; those beyond the limits are not kept */
};

struct report_lists {
    struct country_field countries[LIMIT_COUNTRIES];
    struct attribute attributes[LIMIT_ATTRIBUTES];
};

/* An enum's number, or any that is cut to 32 bits. */
static bool take_int(const struct wire_field *field, int *ret_value)
{
    uint64_t value;
    if (!wire_number(field, &value))
        return false;
    *ret_value = (int)(uint32_t)value;
    return true;
}

static bool take_unsigned(const struct wire_field *field, uint32_t *ret_value)
{
    uint64_t value;
    if (!wire_number(field, &value))
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

static bool take_time(const struct wire_field *field, int64_t *ret_ms)
{
    uint64_t value;
    if (!wire_number(field, &value))
        return false;
    *ret_ms = (int64_t)value;
    return true;
}

static bool take_bool(const struct wire_field *field, bool *ret_value)
{
    uint64_t value;
    if (!wire_number(field, &value))
        return false;
    *ret_value = value != 0;
    return true;
}

static bool take_occurred(const struct wire_field *part, struct report_fields *to)
{
    struct span bytes;
    bool is_right = wire_text(part, &bytes), malformed = false;
    to->has_occurred = true;
    for (struct wire_field field; is_right && wire_next(&bytes, &field, &malformed);)
        switch (field.number) {
        case OCCURRED_START_MS:
            is_right = take_time(&field, &to->start_ms);
            break;
        case OCCURRED_END_MS:
            is_right = to->has_end = take_time(&field, &to->end_ms);
            break;
        case OCCURRED_PRECISION:
            is_right = take_int(&field, &to->precision);
            break;
        case OCCURRED_BASIS:
            is_right = take_int(&field, &to->basis);
            break;
        default: /* a later version's */
            break;
        }
    return is_right && !malformed;
}

static bool take_place(const struct wire_field *part, struct report *to)
{
    struct span bytes;
    bool is_right = wire_text(part, &bytes), malformed = false;
    to->has_place = true;
    for (struct wire_field field; is_right && wire_next(&bytes, &field, &malformed);)
        switch (field.number) {
        case PLACE_LAT:
            is_right = wire_real(&field, &to->place.lat);
            break;
        case PLACE_LON:
            is_right = wire_real(&field, &to->place.lon);
            break;
        case PLACE_RADIUS_KM:
            is_right = wire_real(&field, &to->place.radius_km);
            break;
        case PLACE_NAME:
            is_right = wire_text(&field, &to->place.name);
            break;
        default:
            break;
        }
    return is_right && !malformed;
}

static bool take_country(const struct wire_field *part, size_t *count, struct country_field *countries)
{
    struct country_field country = {0};
    struct span bytes;
    bool is_right = wire_text(part, &bytes), malformed = false;
    for (struct wire_field field; is_right && wire_next(&bytes, &field, &malformed);)
        if (field.number == COUNTRY_CODE_TEXT)
            is_right = wire_text(&field, &country.code);
        else if (field.number == COUNTRY_ROLE)
            is_right = take_int(&field, &country.role);
    if (*count < LIMIT_COUNTRIES)
        countries[*count] = country;
    ++*count;
    return is_right && !malformed;
}

static bool take_attribute(const struct wire_field *part, size_t *count, struct attribute *attributes)
{
    struct attribute attribute = {0};
    struct span bytes;
    bool is_right = wire_text(part, &bytes), malformed = false;
    for (struct wire_field field; is_right && wire_next(&bytes, &field, &malformed);)
        if (field.number == ATTRIBUTE_KEY)
            is_right = wire_text(&field, &attribute.key);
        else if (field.number == ATTRIBUTE_VALUE)
            is_right = wire_text(&field, &attribute.value);
    if (*count < LIMIT_ATTRIBUTES)
        attributes[*count] = attribute;
    ++*count;
    return is_right && !malformed;
}

static bool take_field(const struct wire_field *field, struct report_fields *to, struct report_lists *lists)
{
    struct report *report = &to->report;
    switch (field->number) {
    case REPORT_SOURCE:
        return wire_text(field, &report->source);
    case REPORT_SOURCE_ID:
        return wire_text(field, &report->source_id);
    case REPORT_REVISION:
        return take_unsigned(field, &report->revision);
    case REPORT_STATUS:
        return take_int(field, &to->status);
    case REPORT_CATEGORY:
        return wire_text(field, &to->category);
    case REPORT_ROLE:
        return take_int(field, &to->role);
    case REPORT_OCCURRED:
        return take_occurred(field, to);
    case REPORT_REPORTED_AT_MS:
        return to->has_reported_at = take_time(field, &report->reported_at_ms);
    case REPORT_PLACE:
        return take_place(field, report);
    case REPORT_COUNTRIES:
        return take_country(field, &to->country_count, lists->countries);
    case REPORT_COUNTRIES_KNOWN:
        return take_bool(field, &report->has_countries);
    case REPORT_PUBLISHER:
        return wire_text(field, &report->publisher);
    case REPORT_HEADLINE:
        return wire_text(field, &report->headline);
    case REPORT_URL:
        return wire_text(field, &report->url);
    case REPORT_LANGUAGE:
        return wire_text(field, &report->language);
    case REPORT_SEVERITY:
        return take_unsigned(field, &report->severity);
    case REPORT_CONFIDENCE:
        return to->has_confidence = wire_real(field, &report->confidence);
    case REPORT_LICENCE:
        return take_int(field, &to->licence);
    case REPORT_ATTRIBUTES:
        return take_attribute(field, &to->attribute_count, lists->attributes);
    default: /* a later version's */
        return true;
    }
}

static enum status read_occurred(const struct report_fields *fields, struct occurred *ret_occurred,
                                 char reason[REASON_BYTES])
{
    *ret_occurred = (struct occurred){.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    if (!fields->has_occurred)
        return STATUS_OK;
    unsigned precision;
    unsigned basis = BASIS_REPORTED;
    enum status status = unpack_enum("occurred.precision", wire_precision, PRECISION_COUNT, fields->precision,
                                     PRECISION_SECOND, reason, &precision);
    if (status == STATUS_OK)
        status = unpack_enum("occurred.basis", wire_basis, BASIS_COUNT, fields->basis, BASIS_REPORTED, reason, &basis);
    if (status != STATUS_OK)
        return status;
    ret_occurred->start_ms = fields->start_ms;
    ret_occurred->end_ms = fields->has_end ? fields->end_ms : fields->start_ms;
    ret_occurred->precision = (enum precision)precision;
    ret_occurred->basis = (enum basis)basis;
    /* TIME_NONE says "not given" inside; on the wire it is a time out of range. */
    if (ret_occurred->start_ms == TIME_NONE)
        return refuse(reason, "occurred.start: %lld ms is outside the years 0001 to 9999", (long long)fields->start_ms);
    return STATUS_OK;
}

static enum status read_countries(const struct report_fields *fields, const struct report_lists *lists,
                                  struct arena *arena, struct report *report, char reason[REASON_BYTES])
{
    size_t count = fields->country_count;
    report->has_countries = report->has_countries || count > 0;
    if (count > LIMIT_COUNTRIES)
        return refuse(reason, "countries: %zu entries, expected at most %u", count, LIMIT_COUNTRIES);
    if (count == 0)
        return STATUS_OK;
    struct country *countries = arena_take(arena, count * sizeof *countries);
    if (countries == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct span code = lists->countries[i].code;
        if (country_code_parse(code, &countries[i].code) != STATUS_OK)
            return refuse(reason, "countries: \"%s\" is no country code, expected two capital letters",
                          shown(code).text);
        unsigned role;
        enum status status = unpack_enum("countries: role", wire_country_role, COUNTRY_ROLE_COUNT,
                                         lists->countries[i].role, COUNTRY_WHERE, reason, &role);
        if (status != STATUS_OK)
            return status;
        countries[i].role = (enum country_role)role;
    }
    report->countries = countries;
    report->country_count = count;
    return STATUS_OK;
}

static enum status read_attributes(const struct report_fields *fields, const struct report_lists *lists,
                                   struct arena *arena, struct report *report, char reason[REASON_BYTES])
{
    size_t count = fields->attribute_count;
    if (count > LIMIT_ATTRIBUTES)
        return refuse(reason, "attributes: %zu entries, expected at most %u", count, LIMIT_ATTRIBUTES);
    if (count == 0)
        return STATUS_OK;
    struct attribute *attributes = arena_take(arena, count * sizeof *attributes);
    if (attributes == NULL)
        return STATUS_NO_MEMORY;
    memcpy(attributes, lists->attributes, count * sizeof *attributes);
    report->attributes = attributes;
    report->attribute_count = count;
    return STATUS_OK;
}

/* A retraction without a category says only that the incident is taken back: whatever time it gives is not used. */
static enum status read_category(struct span name, struct report *report, char reason[REASON_BYTES])
{
    if (name.size == 0 && report->status == REPORT_RETRACTED) {
        report->occurred = (struct occurred){.start_ms = TIME_NONE, .end_ms = TIME_NONE};
        return STATUS_OK;
    }
    if (name.size == 0)
        return refuse(reason, "category is missing");
    if (category_find(name, &report->category) != STATUS_OK)
        return refuse(reason, "category: \"%s\" is unknown, the nearest is \"%s\"", shown(name).text,
                      category_nearest(name));
    return STATUS_OK;
}

static enum status read_enums(const struct report_fields *fields, struct report *report, char reason[REASON_BYTES])
{
    unsigned value;
    enum status status =
        unpack_enum("status", wire_status, REPORT_STATUS_COUNT, fields->status, REPORT_REPORTED, reason, &value);
    if (status != STATUS_OK)
        return status;
    report->status = (enum report_status)value;
    status = unpack_enum("licence", wire_licence, LICENCE_COUNT, fields->licence, LICENCE_ATTRIBUTION, reason, &value);
    if (status != STATUS_OK)
        return status;
    report->licence = (enum licence)value;
    status = read_category(fields->category, report, reason);
    if (status != STATUS_OK)
        return status;
    status =
        unpack_enum("role", wire_role, ROLE_COUNT, fields->role, (int)category_role(report->category), reason, &value);
    if (status == STATUS_OK)
        report->role = (enum role)value;
    return status;
}

static enum status read_measures(const struct report_fields *fields, const struct report *report,
                                 char reason[REASON_BYTES])
{
    if (fields->has_reported_at && report->reported_at_ms == TIME_NONE)
        return refuse(reason, "reported_at: %lld ms is outside the years 0001 to 9999",
                      (long long)report->reported_at_ms);
    if (fields->has_confidence && isnan(report->confidence))
        return refuse(reason, "confidence: not a number, expected 0 to 1");
    return STATUS_OK;
}

enum status report_read(struct span bytes, struct arena *arena, struct report *ret_report, char reason[REASON_BYTES])
{
    struct report_fields fields = {.report = {.reported_at_ms = TIME_NONE, .confidence = (double)NAN}};
    struct report_lists lists; /* as far as the counts in fields go */
    struct report *report = &fields.report;
    struct span rest = bytes;
    bool malformed = false;
    for (struct wire_field field; wire_next(&rest, &field, &malformed);)
        if (!take_field(&field, &fields, &lists)) {
            malformed = true;
            break;
        }
    if (malformed)
        return refuse(reason, "not a vedette.v1.Report: %zu bytes are malformed or truncated", bytes.size);
    enum status status = read_occurred(&fields, &report->occurred, reason);
    if (status == STATUS_OK)
        status = read_enums(&fields, report, reason);
    if (status == STATUS_OK)
        status = read_measures(&fields, report, reason);
    if (status == STATUS_OK)
        status = read_countries(&fields, &lists, arena, report, reason);
    if (status == STATUS_OK)
        status = read_attributes(&fields, &lists, arena, report, reason);
    if (status == STATUS_OK)
        status = report_validate(report, reason);
    if (status == STATUS_NO_MEMORY)
        (void)refuse(reason, "no memory to read a report");
    if (status == STATUS_OK)
        *ret_report = *report;
    return status;
}

enum status report_unpack(struct span bytes, struct arena *arena, struct report *ret_report,
                          char ret_reason[REASON_BYTES])
{
    if (bytes.size > LIMIT_REPORT_BYTES)
        return refuse(ret_reason, "report: %zu bytes, expected at most %u", bytes.size, LIMIT_REPORT_BYTES);
    struct span own = arena_copy(arena, bytes);
    if (own.data == NULL) {
        (void)refuse(ret_reason, "no memory to read a report of %zu bytes", bytes.size);
        return STATUS_NO_MEMORY;
    }
    return report_read(own, arena, ret_report, ret_reason);
}
