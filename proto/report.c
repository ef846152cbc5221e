#include "proto/report.h"

#include "proto/digest.h"
#include "proto/json.h"

#include <stdio.h>

size_t report_incident_id(const struct report *report, char *ret_id, size_t room)
{
    size_t size = report->source.size + 1 + report->source_id.size;
    if (room > size) {
        memcpy(ret_id, report->source.data, report->source.size);
        ret_id[report->source.size] = ':';
        memcpy(ret_id + report->source.size + 1, report->source_id.data, report->source_id.size);
        ret_id[size] = '\0';
    } else if (room > 0) {
        (void)snprintf(ret_id, room, "%.*s:%.*s", SPAN_ARG(report->source), SPAN_ARG(report->source_id));
    }
    return size;
}

static void digest_occurred(struct digest *digest, const struct occurred *occurred)
{
    digest_integer(digest, (uint64_t)occurred->start_ms);
    digest_integer(digest, (uint64_t)occurred->end_ms);
    digest_text(digest, span_of(precision_name(occurred->precision)));
    digest_text(digest, span_of(basis_name(occurred->basis)));
}

static void digest_place(struct digest *digest, const struct report *report)
{
    digest_integer(digest, report->has_place);
    if (!report->has_place)
        return;
    digest_real(digest, report->place.lat);
    digest_real(digest, report->place.lon);
    digest_real(digest, report->place.radius_km);
    digest_text(digest, report->place.name);
}

static void digest_countries(struct digest *digest, const struct report *report)
{
    digest_integer(digest, report->has_countries);
    digest_integer(digest, report->country_count);
    for (size_t i = 0; i < report->country_count; i++) {
        char code[3];
        country_code_text(report->countries[i].code, code);
        digest_text(digest, span_of(code));
        digest_text(digest, span_of(country_role_name(report->countries[i].role)));
    }
}

void report_digest(const struct report *report, unsigned char ret_digest[32])
{
    struct digest digest;
    digest_start(&digest);
    digest_text(&digest, SPAN("vedette.v1.Report"));
    digest_text(&digest, report->source);
    digest_text(&digest, report->source_id);
    digest_text(&digest, span_of(report_status_name(report->status)));
    digest_text(&digest, span_of(category_name(report->category)));
    digest_text(&digest, span_of(role_name(report->role)));
    digest_occurred(&digest, &report->occurred);
    digest_integer(&digest, (uint64_t)report->reported_at_ms);
    digest_place(&digest, report);
    digest_countries(&digest, report);
    digest_text(&digest, report->publisher);
    digest_text(&digest, report->headline);
    digest_text(&digest, report->url);
    digest_text(&digest, report->language);
    digest_integer(&digest, report->severity);
    digest_real(&digest, report->confidence);
    digest_text(&digest, span_of(licence_name(report->licence)));
    digest_integer(&digest, report->attribute_count);
    for (size_t i = 0; i < report->attribute_count; i++) {
        digest_text(&digest, report->attributes[i].key);
        digest_text(&digest, report->attributes[i].value);
    }
    digest_finish(&digest, ret_digest);
}

int report_order(const struct report *a, const struct report *b)
{
    if (a->revision != b->revision)
        return a->revision < b->revision ? -1 : 1;
    if (a->reported_at_ms != b->reported_at_ms) /* TIME_NONE is the least */
        return a->reported_at_ms < b->reported_at_ms ? -1 : 1;
    unsigned char digest_a[32];
    unsigned char digest_b[32];
    report_digest(a, digest_a);
    report_digest(b, digest_b);
    int order = memcmp(digest_a, digest_b, sizeof digest_a);
    return (order > 0) - (order < 0);
}

/* Adds the codes of either role; they come in order, so a repeat is beside its like. */
static size_t codes_of(const struct report *report, enum country_role one, enum country_role other,
                       country_code *ret_codes, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < report->country_count; i++) {
        const struct country *country = &report->countries[i];
        bool fits = country->role == one || country->role == other;
        if (fits && (count == 0 || ret_codes[count - 1] != country->code) && count < room)
            ret_codes[count++] = country->code;
    }
    return count;
}

size_t report_counted_countries(const struct report *report, country_code *ret_codes, size_t room)
{
    size_t count = codes_of(report, COUNTRY_WHERE, COUNTRY_WHERE, ret_codes, room);
    return count > 0 ? count : codes_of(report, COUNTRY_AFFECTED, COUNTRY_AFFECTED, ret_codes, room);
}

size_t report_touched_countries(const struct report *report, country_code *ret_codes, size_t room)
{
    return codes_of(report, COUNTRY_WHERE, COUNTRY_AFFECTED, ret_codes, room);
}
