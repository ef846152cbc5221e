/* Reports ⇄ bytes. The tables tie each row of an X-list to its number on the wire: a row without a number does not
 * compile. */
#include "proto/codec.h"
#include "proto/report_message.h"
#include "proto/unpack.h"
#include "proto/wire.h"

#include <math.h>

#define X(name, text) [REPORT_##name] = VEDETTE__V1__REPORT_STATUS__REPORT_STATUS_##name,
static const int wire_status[] = {REPORT_STATUS_LIST(X)};
#undef X
#define X(name, text) [ROLE_##name] = VEDETTE__V1__ROLE__ROLE_##name,
static const int wire_role[] = {ROLE_LIST(X)};
#undef X
#define X(name, text) [PRECISION_##name] = VEDETTE__V1__PRECISION__PRECISION_##name,
static const int wire_precision[] = {PRECISION_LIST(X)};
#undef X
#define X(name, text) [BASIS_##name] = VEDETTE__V1__BASIS__BASIS_##name,
static const int wire_basis[] = {BASIS_LIST(X)};
#undef X
#define X(name, text) [COUNTRY_##name] = VEDETTE__V1__COUNTRY_ROLE__COUNTRY_ROLE_##name,
static const int wire_country_role[] = {COUNTRY_ROLE_LIST(X)};
#undef X
#define X(name, text) [LICENCE_##name] = VEDETTE__V1__LICENCE__LICENCE_##name,
static const int wire_licence[] = {LICENCE_LIST(X)};
#undef X

static void fill_occurred(struct report_message *to, const struct occurred *occurred)
{
    if (occurred->start_ms == TIME_NONE)
        return;
    vedette__v1__occurred__init(&to->occurred);
    to->occurred.start_ms = occurred->start_ms;
    if (occurred->end_ms != occurred->start_ms) {
        to->occurred.opt_end_ms_case = VEDETTE__V1__OCCURRED__OPT_END_MS_END_MS;
        to->occurred.end_ms = occurred->end_ms;
    }
    to->occurred.precision = (Vedette__V1__Precision)wire_precision[occurred->precision];
    to->occurred.basis = (Vedette__V1__Basis)wire_basis[occurred->basis];
    to->message.occurred = &to->occurred;
}

static void fill_place(struct report_message *to, const struct place *place)
{
    vedette__v1__place__init(&to->place);
    to->place.lat = place->lat;
    to->place.lon = place->lon;
    to->place.radius_km = place->radius_km;
    to->place.name = bytes_of_span(place->name);
    to->message.place = &to->place;
}

static void fill_lists(struct report_message *to, const struct report *report)
{
    for (size_t i = 0; i < report->country_count; i++) {
        vedette__v1__country__init(&to->countries[i]);
        country_code_text(report->countries[i].code, to->codes[i]);
        to->countries[i].code = bytes_of_span((struct span){to->codes[i], 2});
        to->countries[i].role = (Vedette__V1__CountryRole)wire_country_role[report->countries[i].role];
        to->country_pointers[i] = &to->countries[i];
    }
    to->message.n_countries = report->country_count;
    to->message.countries = to->country_pointers;
    to->message.countries_known = report->has_countries;
    for (size_t i = 0; i < report->attribute_count; i++) {
        vedette__v1__attribute__init(&to->attributes[i]);
        to->attributes[i].key = bytes_of_span(report->attributes[i].key);
        to->attributes[i].value = bytes_of_span(report->attributes[i].value);
        to->attribute_pointers[i] = &to->attributes[i];
    }
    to->message.n_attributes = report->attribute_count;
    to->message.attributes = to->attribute_pointers;
}

static bool is_bare(const struct report *report)
{
    return report->status == REPORT_RETRACTED && report->occurred.start_ms == TIME_NONE;
}

enum status report_message_fill(struct report_message *to, const struct report *report)
{
    if (report->country_count > LIMIT_COUNTRIES || report->attribute_count > LIMIT_ATTRIBUTES)
        return STATUS_TOO_LARGE;
    Vedette__V1__Report *message = &to->message;
    vedette__v1__report__init(message);
    message->source = bytes_of_span(report->source);
    message->source_id = bytes_of_span(report->source_id);
    message->revision = report->revision;
    message->status = (Vedette__V1__ReportStatus)wire_status[report->status];
    if (!is_bare(report)) {
        message->category = bytes_of_span(span_of(category_name(report->category)));
        message->role = (Vedette__V1__Role)wire_role[report->role];
    }
    fill_occurred(to, &report->occurred);
    if (report->reported_at_ms != TIME_NONE) {
        message->opt_reported_at_ms_case = VEDETTE__V1__REPORT__OPT_REPORTED_AT_MS_REPORTED_AT_MS;
        message->reported_at_ms = report->reported_at_ms;
    }
    if (report->has_place)
        fill_place(to, &report->place);
    fill_lists(to, report);
    message->publisher = bytes_of_span(report->publisher);
    message->headline = bytes_of_span(report->headline);
    message->url = bytes_of_span(report->url);
    message->language = bytes_of_span(report->language);
    message->severity = report->severity;
    if (!isnan(report->confidence)) {
        message->opt_confidence_case = VEDETTE__V1__REPORT__OPT_CONFIDENCE_CONFIDENCE;
        message->confidence = report->confidence;
    }
    message->licence = (Vedette__V1__Licence)wire_licence[report->licence];
    return STATUS_OK;
}

enum status report_pack(const struct report *report, struct text *bytes)
{
    struct report_message filled;
    enum status status = report_message_fill(&filled, report);
    if (status != STATUS_OK)
        return status;
    size_t size = vedette__v1__report__get_packed_size(&filled.message);
    if (size > LIMIT_REPORT_BYTES)
        return STATUS_TOO_LARGE;
    char *room = text_extend(bytes, size);
    if (room == NULL)
        return STATUS_NO_MEMORY;
    (void)vedette__v1__report__pack(&filled.message, (uint8_t *)room);
    return STATUS_OK;
}

static enum status read_occurred(const Vedette__V1__Occurred *message, struct occurred *ret_occurred,
                                 char reason[REASON_BYTES])
{
    *ret_occurred = (struct occurred){.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    if (message == NULL)
        return STATUS_OK;
    unsigned precision;
    unsigned basis = BASIS_REPORTED;
    enum status status = unpack_enum("occurred.precision", wire_precision, PRECISION_COUNT, (int)message->precision,
                                     PRECISION_SECOND, reason, &precision);
    if (status == STATUS_OK)
        status =
            unpack_enum("occurred.basis", wire_basis, BASIS_COUNT, (int)message->basis, BASIS_REPORTED, reason, &basis);
    if (status != STATUS_OK)
        return status;
    ret_occurred->start_ms = message->start_ms;
    ret_occurred->end_ms =
        message->opt_end_ms_case == VEDETTE__V1__OCCURRED__OPT_END_MS_END_MS ? message->end_ms : message->start_ms;
    ret_occurred->precision = (enum precision)precision;
    ret_occurred->basis = (enum basis)basis;
    /* TIME_NONE says "not given" inside; on the wire it is a time out of range. */
    if (ret_occurred->start_ms == TIME_NONE)
        return refuse(reason, "occurred.start: %lld ms is outside the years 0001 to 9999",
                      (long long)message->start_ms);
    return STATUS_OK;
}

static enum status read_countries(const Vedette__V1__Report *message, struct arena *arena, struct report *report,
                                  char reason[REASON_BYTES])
{
    report->has_countries = message->countries_known || message->n_countries > 0;
    if (message->n_countries > LIMIT_COUNTRIES)
        return refuse(reason, "countries: %zu entries, expected at most %u", message->n_countries, LIMIT_COUNTRIES);
    if (message->n_countries == 0)
        return STATUS_OK;
    struct country *countries = arena_take(arena, message->n_countries * sizeof *countries);
    if (countries == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < message->n_countries; i++) {
        struct span code = span_of_bytes(message->countries[i]->code);
        if (country_code_parse(code, &countries[i].code) != STATUS_OK)
            return refuse(reason, "countries: \"%s\" is no country code, expected two capital letters",
                          shown(code).text);
        unsigned role;
        enum status status = unpack_enum("countries: role", wire_country_role, COUNTRY_ROLE_COUNT,
                                         (int)message->countries[i]->role, COUNTRY_WHERE, reason, &role);
        if (status != STATUS_OK)
            return status;
        countries[i].role = (enum country_role)role;
    }
    report->countries = countries;
    report->country_count = message->n_countries;
    return STATUS_OK;
}

static enum status read_attributes(const Vedette__V1__Report *message, struct arena *arena, struct report *report,
                                   char reason[REASON_BYTES])
{
    if (message->n_attributes > LIMIT_ATTRIBUTES)
        return refuse(reason, "attributes: %zu entries, expected at most %u", message->n_attributes, LIMIT_ATTRIBUTES);
    if (message->n_attributes == 0)
        return STATUS_OK;
    struct attribute *attributes = arena_take(arena, message->n_attributes * sizeof *attributes);
    if (attributes == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < message->n_attributes; i++) {
        attributes[i].key = span_of_bytes(message->attributes[i]->key);
        attributes[i].value = span_of_bytes(message->attributes[i]->value);
    }
    report->attributes = attributes;
    report->attribute_count = message->n_attributes;
    return STATUS_OK;
}

/* A retraction without a category says only that the incident is taken back: whatever time it gives is not used. */
static enum status read_category(const Vedette__V1__Report *message, struct report *report, char reason[REASON_BYTES])
{
    struct span name = span_of_bytes(message->category);
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

static enum status read_enums(const Vedette__V1__Report *message, struct report *report, char reason[REASON_BYTES])
{
    unsigned value;
    enum status status =
        unpack_enum("status", wire_status, REPORT_STATUS_COUNT, (int)message->status, REPORT_REPORTED, reason, &value);
    if (status != STATUS_OK)
        return status;
    report->status = (enum report_status)value;
    status =
        unpack_enum("licence", wire_licence, LICENCE_COUNT, (int)message->licence, LICENCE_ATTRIBUTION, reason, &value);
    if (status != STATUS_OK)
        return status;
    report->licence = (enum licence)value;
    status = read_category(message, report, reason);
    if (status != STATUS_OK)
        return status;
    status = unpack_enum("role", wire_role, ROLE_COUNT, (int)message->role, (int)category_role(report->category),
                         reason, &value);
    if (status == STATUS_OK)
        report->role = (enum role)value;
    return status;
}

static enum status read_measures(const Vedette__V1__Report *message, struct report *report, char reason[REASON_BYTES])
{
    if (message->opt_reported_at_ms_case == VEDETTE__V1__REPORT__OPT_REPORTED_AT_MS_REPORTED_AT_MS) {
        report->reported_at_ms = message->reported_at_ms;
        if (report->reported_at_ms == TIME_NONE)
            return refuse(reason, "reported_at: %lld ms is outside the years 0001 to 9999",
                          (long long)message->reported_at_ms);
    }
    if (message->opt_confidence_case == VEDETTE__V1__REPORT__OPT_CONFIDENCE_CONFIDENCE) {
        if (isnan(message->confidence))
            return refuse(reason, "confidence: not a number, expected 0 to 1");
        report->confidence = message->confidence;
    }
    report->severity = message->severity;
    if (message->place != NULL) {
        report->has_place = true;
        report->place = (struct place){.lat = message->place->lat,
                                       .lon = message->place->lon,
                                       .radius_km = message->place->radius_km,
                                       .name = span_of_bytes(message->place->name)};
    }
    return STATUS_OK;
}

enum status report_message_read(const Vedette__V1__Report *message, struct arena *arena, struct report *ret_report,
                                char reason[REASON_BYTES])
{
    struct report report = {
        .source = span_of_bytes(message->source),
        .source_id = span_of_bytes(message->source_id),
        .revision = message->revision,
        .reported_at_ms = TIME_NONE,
        .publisher = span_of_bytes(message->publisher),
        .headline = span_of_bytes(message->headline),
        .url = span_of_bytes(message->url),
        .language = span_of_bytes(message->language),
        .confidence = (double)NAN,
    };
    enum status status = read_occurred(message->occurred, &report.occurred, reason);
    if (status == STATUS_OK)
        status = read_enums(message, &report, reason);
    if (status == STATUS_OK)
        status = read_measures(message, &report, reason);
    if (status == STATUS_OK)
        status = read_countries(message, arena, &report, reason);
    if (status == STATUS_OK)
        status = read_attributes(message, arena, &report, reason);
    if (status == STATUS_OK)
        status = report_validate(&report, reason);
    if (status == STATUS_NO_MEMORY)
        (void)refuse(reason, "no memory to read a report");
    if (status == STATUS_OK)
        *ret_report = report;
    return status;
}

enum status report_unpack(struct span bytes, struct arena *arena, struct report *ret_report,
                          char ret_reason[REASON_BYTES])
{
    if (bytes.size > LIMIT_REPORT_BYTES)
        return refuse(ret_reason, "report: %zu bytes, expected at most %u", bytes.size, LIMIT_REPORT_BYTES);
    enum status status = STATUS_INVALID;
    const Vedette__V1__Report *message =
        unpack_message(&vedette__v1__report__descriptor, bytes, arena, "vedette.v1.Report", ret_reason, &status);
    return message != NULL ? report_message_read(message, arena, ret_report, ret_reason) : status;
}

#define SOURCE_FIELD 1u

bool report_source(struct span bytes, struct span *ret_source)
{
    struct wire_field field;
    bool malformed = false;
    *ret_source = (struct span){0};
    while (wire_next(&bytes, &field, &malformed))
        if (field.number == SOURCE_FIELD) {
            malformed = malformed || field.type != WIRE_BYTES;
            *ret_source = field.type == WIRE_BYTES ? field.bytes : (struct span){0};
        }
    if (malformed)
        *ret_source = (struct span){0};
    return ret_source->size > 0;
}
