/* Reports → bytes, and a look at a packed one. By hand, for each report passes here more than once: what is written is
 * protobuf-c's byte for byte (tests/property/proto). */
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/report_numbers.h"
#include "proto/report_wire.h"
#include "proto/wire.h"

#include <assert.h>
#include <math.h>

/* Tags, sizes and numbers: of all that is there once, of a country with its code, of an attribute without its texts. */
#define ROOM_ONCE      256u
#define ROOM_COUNTRY   16u
#define ROOM_ATTRIBUTE 24u

size_t report_room(const struct report *report)
{
    size_t room = ROOM_ONCE + report->source.size + report->source_id.size + report->place.name.size +
                  report->publisher.size + report->headline.size + report->url.size + report->language.size +
                  report->country_count * ROOM_COUNTRY;
    for (size_t i = 0; i < report->attribute_count; i++)
        room += ROOM_ATTRIBUTE + report->attributes[i].key.size + report->attributes[i].value.size;
    return room;
}

static char *lead_attributes(char *at, const struct report *report)
{
    for (size_t i = report->attribute_count; i-- > 0;) {
        const char *end = at;
        at = wire_lead_text(at, ATTRIBUTE_VALUE, report->attributes[i].value);
        at = wire_lead_text(at, ATTRIBUTE_KEY, report->attributes[i].key);
        at = wire_lead_part(at, end, REPORT_ATTRIBUTES);
    }
    return at;
}

static char *lead_countries(char *at, const struct report *report)
{
    at = wire_lead_number(at, REPORT_COUNTRIES_KNOWN, report->has_countries);
    for (size_t i = report->country_count; i-- > 0;) {
        const char *end = at;
        char code[3];
        country_code_text(report->countries[i].code, code);
        at = wire_lead_number(at, COUNTRY_ROLE, (uint64_t)wire_country_role[report->countries[i].role]);
        at = wire_lead_text(at, COUNTRY_CODE_TEXT, (struct span){code, 2});
        at = wire_lead_part(at, end, REPORT_COUNTRIES);
    }
    return at;
}

static char *lead_place(char *at, const struct place *place)
{
    const char *end = at;
    at = wire_lead_text(at, PLACE_NAME, place->name);
    at = wire_lead_real(at, PLACE_RADIUS_KM, place->radius_km);
    at = wire_lead_real(at, PLACE_LON, place->lon);
    at = wire_lead_real(at, PLACE_LAT, place->lat);
    return wire_lead_part(at, end, REPORT_PLACE);
}

static char *lead_occurred(char *at, const struct occurred *occurred)
{
    const char *end = at;
    at = wire_lead_number(at, OCCURRED_BASIS, (uint64_t)wire_basis[occurred->basis]);
    at = wire_lead_number(at, OCCURRED_PRECISION, (uint64_t)wire_precision[occurred->precision]);
    if (occurred->end_ms != occurred->start_ms)
        at = wire_lead_given(at, OCCURRED_END_MS, (uint64_t)occurred->end_ms);
    at = wire_lead_number(at, OCCURRED_START_MS, (uint64_t)occurred->start_ms);
    return wire_lead_part(at, end, REPORT_OCCURRED);
}

/* What it is about: publisher and all after it is about the telling. */
static char *lead_incident(char *at, const struct report *report)
{
    bool is_bare = report->status == REPORT_RETRACTED && report->occurred.start_ms == TIME_NONE;
    at = lead_countries(at, report);
    if (report->has_place)
        at = lead_place(at, &report->place);
    if (report->reported_at_ms != TIME_NONE)
        at = wire_lead_given(at, REPORT_REPORTED_AT_MS, (uint64_t)report->reported_at_ms);
    if (report->occurred.start_ms != TIME_NONE)
        at = lead_occurred(at, &report->occurred);
    if (!is_bare) {
        at = wire_lead_number(at, REPORT_ROLE, (uint64_t)wire_role[report->role]);
        at = wire_lead_text(at, REPORT_CATEGORY, span_of(category_name(report->category)));
    }
    at = wire_lead_number(at, REPORT_STATUS, (uint64_t)wire_status[report->status]);
    at = wire_lead_number(at, REPORT_REVISION, report->revision);
    at = wire_lead_text(at, REPORT_SOURCE_ID, report->source_id);
    return wire_lead_text(at, REPORT_SOURCE, report->source);
}

char *report_lead(char *at, const struct report *report)
{
    at = lead_attributes(at, report);
    at = wire_lead_number(at, REPORT_LICENCE, (uint64_t)wire_licence[report->licence]);
    if (!isnan(report->confidence))
        at = wire_lead_given_real(at, REPORT_CONFIDENCE, report->confidence);
    at = wire_lead_number(at, REPORT_SEVERITY, report->severity);
    at = wire_lead_text(at, REPORT_LANGUAGE, report->language);
    at = wire_lead_text(at, REPORT_URL, report->url);
    at = wire_lead_text(at, REPORT_HEADLINE, report->headline);
    at = wire_lead_text(at, REPORT_PUBLISHER, report->publisher);
    return lead_incident(at, report);
}

bool report_is_packable(const struct report *report)
{
    return report->country_count <= LIMIT_COUNTRIES && report->attribute_count <= LIMIT_ATTRIBUTES;
}

enum status report_pack(const struct report *report, struct text *bytes)
{
    if (!report_is_packable(report))
        return STATUS_TOO_LARGE;
    size_t room = report_room(report);
    char *first = text_extend(bytes, room);
    if (first == NULL)
        return STATUS_NO_MEMORY;
    const char *at = report_lead(first + room, report);
    assert(at >= first);
    size_t size = (size_t)(first + room - at);
    bool fits = size <= LIMIT_REPORT_BYTES;
    memmove(first, at, size);
    text_cut(bytes, room - (fits ? size : 0));
    return fits ? STATUS_OK : STATUS_TOO_LARGE;
}

bool report_source(struct span bytes, struct span *ret_source)
{
    struct wire_field field;
    bool malformed = false;
    *ret_source = (struct span){0};
    while (wire_next(&bytes, &field, &malformed))
        if (field.number == REPORT_SOURCE) {
            malformed = malformed || field.type != WIRE_BYTES;
            *ret_source = field.type == WIRE_BYTES ? field.bytes : (struct span){0};
        }
    if (malformed)
        *ret_source = (struct span){0};
    return ret_source->size > 0;
}
