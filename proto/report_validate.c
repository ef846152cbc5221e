/* What a report must be, wherever it came from. Lists are put in order by insertion: they are short, and mostly in
 * order. */
#include "base/time_text.h"
#include "proto/check.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/report.h"

#include <math.h>

/* A table over text fields: which, how long at most, and whether they may hold line feeds. */
static const struct {
    const char *field;
    size_t offset;
    size_t size_max;
    enum status (*check)(const char *field, struct span text, size_t size_max, char reason[REASON_BYTES]);
} texts[] = {
    {"source_id", offsetof(struct report, source_id), LIMIT_SOURCE_ID_BYTES, check_plain},
    {"place.name", offsetof(struct report, place.name), LIMIT_NAME_BYTES, check_plain},
    {"publisher", offsetof(struct report, publisher), LIMIT_NAME_BYTES, check_plain},
    {"headline", offsetof(struct report, headline), LIMIT_HEADLINE_BYTES, check_text},
    {"url", offsetof(struct report, url), LIMIT_URL_BYTES, check_plain},
    {"language", offsetof(struct report, language), LIMIT_LANGUAGE_BYTES, check_plain},
};

static enum status check_texts(const struct report *report, char reason[REASON_BYTES])
{
    if (report->source.size == 0)
        return refuse(reason, "source is missing");
    if (!name_is_valid(report->source))
        return refuse(reason, "source: \"%s\", expected 1 to %u of A-Z a-z 0-9 . _ -", shown(report->source).text,
                      LIMIT_SOURCE_BYTES);
    if (report->source_id.size == 0)
        return refuse(reason, "source_id is missing");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct span *text = (const void *)((const char *)report + texts[i].offset);
        if (text->size == 0)
            continue;
        enum status status = texts[i].check(texts[i].field, *text, texts[i].size_max, reason);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status check_enums(const struct report *report, char reason[REASON_BYTES])
{
    const struct {
        const char *field;
        unsigned value;
        unsigned count;
    } enums[] = {
        {"status", report->status, REPORT_STATUS_COUNT},
        {"category", report->category, CATEGORY_COUNT},
        {"role", report->role, ROLE_COUNT},
        {"occurred.precision", report->occurred.precision, PRECISION_COUNT},
        {"occurred.basis", report->occurred.basis, BASIS_COUNT},
        {"licence", report->licence, LICENCE_COUNT},
    };
    for (size_t i = 0; i < sizeof enums / sizeof enums[0]; i++) {
        if (enums[i].value >= enums[i].count)
            return refuse(reason, "%s: value %u is unknown", enums[i].field, enums[i].value);
    }
    return STATUS_OK;
}

/* A retraction that does not say when tells nothing of the incident but that it is taken back. */
static bool retraction_is_bare(const struct report *report)
{
    return report->status == REPORT_RETRACTED && report->occurred.start_ms == TIME_NONE;
}

static enum status check_occurred(struct report *report, char reason[REASON_BYTES])
{
    struct occurred *occurred = &report->occurred;
    if (retraction_is_bare(report)) {
        *occurred = (struct occurred){.start_ms = TIME_NONE, .end_ms = TIME_NONE};
        report->category = (enum category)0;
        report->role = category_role(report->category);
        return STATUS_OK;
    }
    if (occurred->start_ms == TIME_NONE)
        return refuse(reason, "occurred.start is missing");
    enum status status = check_time("occurred.start", occurred->start_ms, reason);
    if (status == STATUS_OK)
        status = check_time("occurred.end", occurred->end_ms, reason);
    if (status == STATUS_OK && occurred->end_ms < occurred->start_ms) {
        char start[TIME_TEXT_BYTES];
        char end[TIME_TEXT_BYTES];
        time_format(occurred->start_ms, start);
        time_format(occurred->end_ms, end);
        return refuse(reason, "occurred.end: %s is before occurred.start, %s", end, start);
    }
    return status;
}

static enum status check_place(struct report *report, char reason[REASON_BYTES])
{
    struct place *place = &report->place;
    if (!report->has_place) {
        if (report->status != REPORT_RETRACTED)
            return refuse(reason, "place is missing");
        *place = (struct place){0};
        return STATUS_OK;
    }
    enum status status = check_number("place.lat", place->lat, -90, 90, reason);
    if (status == STATUS_OK)
        status = check_number("place.lon", place->lon, -180, 180, reason);
    if (status == STATUS_OK)
        status = check_number("place.radius_km", place->radius_km, 0, LIMIT_RADIUS_KM, reason);
    place->lat += 0.0; /* −0 becomes 0: one place, one digest */
    place->lon += 0.0;
    place->radius_km += 0.0;
    return status;
}

static enum status check_countries(struct report *report, char reason[REASON_BYTES])
{
    if (report->country_count > LIMIT_COUNTRIES)
        return refuse(reason, "countries: %zu entries, expected at most %u", report->country_count, LIMIT_COUNTRIES);
    struct country *countries = (struct country *)report->countries; /* the caller's word: writable */
    size_t count = 0;
    for (size_t i = 0; i < report->country_count; i++) {
        struct country country = countries[i];
        char code[3];
        country_code parsed;
        country_code_text(country.code, code);
        if (country_code_parse((struct span){code, 2}, &parsed) != STATUS_OK)
            return refuse(reason, "countries: code 0x%04x, expected two capital letters", country.code);
        if ((unsigned)country.role >= COUNTRY_ROLE_COUNT)
            return refuse(reason, "countries: role %u of %s is unknown", (unsigned)country.role, code);
        size_t at = count;
        while (at > 0 && (countries[at - 1].code > country.code ||
                          (countries[at - 1].code == country.code && countries[at - 1].role > country.role)))
            at--;
        if (at > 0 && countries[at - 1].code == country.code && countries[at - 1].role == country.role)
            continue;
        memmove(&countries[at + 1], &countries[at], (count - at) * sizeof *countries);
        countries[at] = country;
        count++;
    }
    report->country_count = count;
    report->has_countries = report->has_countries || count > 0;
    return STATUS_OK;
}

static enum status check_attribute(const struct attribute *attribute, char reason[REASON_BYTES])
{
    if (attribute->key.size == 0)
        return refuse(reason, "attributes: a key is empty");
    enum status status = check_plain("attributes: key", attribute->key, LIMIT_ATTRIBUTE_KEY, reason);
    if (status == STATUS_OK && attribute->value.size > 0)
        status = check_text("attributes: value", attribute->value, LIMIT_ATTRIBUTE_VALUE, reason);
    return status;
}

static enum status check_attributes(struct report *report, char reason[REASON_BYTES])
{
    if (report->attribute_count > LIMIT_ATTRIBUTES)
        return refuse(reason, "attributes: %zu entries, expected at most %u", report->attribute_count,
                      LIMIT_ATTRIBUTES);
    struct attribute *attributes = (struct attribute *)report->attributes; /* the caller's word: writable */
    size_t count = 0;
    for (size_t i = 0; i < report->attribute_count; i++) {
        struct attribute attribute = attributes[i];
        enum status status = check_attribute(&attribute, reason);
        if (status != STATUS_OK)
            return status;
        size_t at = count;
        while (at > 0 && span_compare(attributes[at - 1].key, attribute.key) > 0)
            at--;
        if (at > 0 && span_equal(attributes[at - 1].key, attribute.key)) {
            if (!span_equal(attributes[at - 1].value, attribute.value))
                return refuse(reason, "attributes: \"%s\" is given twice", shown(attribute.key).text);
            continue;
        }
        memmove(&attributes[at + 1], &attributes[at], (count - at) * sizeof *attributes);
        attributes[at] = attribute;
        count++;
    }
    report->attribute_count = count;
    return STATUS_OK;
}

static enum status check_measures(struct report *report, char reason[REASON_BYTES])
{
    if (report->severity > LIMIT_SEVERITY)
        return refuse(reason, "severity: %u is out of range, expected 1 to %u", report->severity, LIMIT_SEVERITY);
    if (report->reported_at_ms != TIME_NONE) {
        enum status status = check_time("reported_at", report->reported_at_ms, reason);
        if (status != STATUS_OK)
            return status;
    }
    if (isnan(report->confidence))
        return STATUS_OK;
    report->confidence += 0.0;
    return check_number("confidence", report->confidence, 0, 1, reason);
}

enum status report_validate(struct report *report, char ret_reason[REASON_BYTES])
{
    static enum status (*const checks[])(struct report * report, char reason[REASON_BYTES]) = {
        check_occurred, check_place, check_countries, check_measures, check_attributes};
    enum status status = check_texts(report, ret_reason);
    if (status == STATUS_OK)
        status = check_enums(report, ret_reason);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && status == STATUS_OK; i++)
        status = checks[i](report, ret_reason);
    return status;
}
