/* Incidents as drivers keep them: the merge of retractions, and reports as bytes. */
#include "proto/codec.h"
#include "sink/store_driver.h"

#include <string.h>

static bool same_identity(const struct report *a, const struct report *b)
{
    return span_equal(a->source, b->source) && span_equal(a->source_id, b->source_id);
}

/* The report as it was, taken back. What it never said and the retraction does is taken from there. */
static struct report report_retracted(const struct report *known, const struct report *retraction)
{
    struct report report = *known;
    report.status = REPORT_RETRACTED;
    report.revision = retraction->revision;
    if (retraction->reported_at_ms != TIME_NONE)
        report.reported_at_ms = retraction->reported_at_ms;
    if (!report.has_place && retraction->has_place) {
        report.has_place = true;
        report.place = retraction->place;
    }
    if (report.occurred.start_ms == TIME_NONE && retraction->occurred.start_ms != TIME_NONE)
        report.occurred = retraction->occurred;
    return report;
}

/* Of several reports the one is taken back that the retraction is of, and goes behind the others: those still stand.
 * (The incident was final when that came, else the correlator would have told it anew without it.) */
enum status incident_retract(const struct incident *known, const struct incident *retraction, struct arena *arena,
                             struct incident *ret_incident)
{
    const struct incident *content = known != NULL ? known : retraction;
    const struct report *taken = &retraction->reports[0];
    size_t count = content->report_count, stands = 0;
    struct report *reports = arena_take(arena, count * sizeof *reports);
    if (reports == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        if (count > 1 && !same_identity(&content->reports[i], taken))
            reports[stands++] = content->reports[i];
    size_t at = stands;
    for (size_t i = 0; i < count && at < count; i++)
        if (count == 1 || same_identity(&content->reports[i], taken))
            reports[at++] = report_retracted(&content->reports[i], taken);
    *ret_incident = *content;
    ret_incident->position = retraction->position;
    ret_incident->reports = reports;
    return STATUS_OK;
}

static void length_write(unsigned char at[4], size_t length)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (unsigned char)(length >> (8 * i) & 0xff);
}

static size_t length_read(const unsigned char at[4])
{
    return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

/* In place of a report's length: what follows are two numbers of 64 bits, little-endian, publishers and reports
 * omitted. Where there are neither (an incident of one report) nothing is written. */
#define LENGTH_OF_NUMBERS 0xffffffffu
#define NUMBERS_BYTES     16u

static void number_write(unsigned char at[8], uint64_t number)
{
    for (unsigned i = 0; i < 8; i++)
        at[i] = (unsigned char)(number >> (8 * i) & 0xff);
}

static uint64_t number_read(const unsigned char at[8])
{
    uint64_t number = 0;
    for (unsigned i = 0; i < 8; i++)
        number |= (uint64_t)at[i] << (8 * i);
    return number;
}

/* A store is handed on as a file: of what must not be redistributed it keeps what correlation and identity need. */
static struct report report_kept(const struct report *report)
{
    struct report kept = *report;
    if (report->licence == LICENCE_NO_REDISTRIBUTE) {
        kept.publisher = kept.headline = kept.url = kept.language = kept.place.name = (struct span){NULL, 0};
        kept.attribute_count = 0;
    }
    return kept;
}

enum status reports_pack(const struct incident *incident, struct text *bytes)
{
    for (size_t i = 0; i < incident->report_count; i++) {
        size_t head = bytes->size;
        text_append(bytes, (struct span){"\0\0\0\0", 4});
        struct report kept = report_kept(&incident->reports[i]);
        enum status status = report_pack(&kept, bytes);
        if (status != STATUS_OK)
            return status;
        if (bytes->failed)
            return STATUS_NO_MEMORY;
        length_write((unsigned char *)bytes->data + head, bytes->size - head - 4);
    }
    if (incident->publishers > 0 || incident->reports_omitted > 0) {
        unsigned char numbers[4 + NUMBERS_BYTES];
        length_write(numbers, LENGTH_OF_NUMBERS);
        number_write(numbers + 4, incident->publishers);
        number_write(numbers + 12, incident->reports_omitted);
        text_append(bytes, (struct span){(const char *)numbers, sizeof numbers});
    }
    return bytes->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

/* Takes the numbers off the end of the front, if they are next. */
static bool numbers_next(struct span *bytes, struct incident *incident)
{
    const unsigned char *at = (const unsigned char *)bytes->data;
    if (bytes->size != 4 + NUMBERS_BYTES || length_read(at) != LENGTH_OF_NUMBERS)
        return false;
    incident->publishers = number_read(at + 4);
    incident->reports_omitted = number_read(at + 12);
    *bytes = (struct span){0};
    return true;
}

/* Answers the report at the front and moves the front behind it; {NULL, 0} at the end or where it is cut. */
static struct span report_next(struct span *bytes)
{
    if (bytes->size < 4)
        return (struct span){0};
    size_t length = length_read((const unsigned char *)bytes->data);
    if (length > bytes->size - 4)
        return (struct span){0};
    struct span report = {bytes->data + 4, length};
    *bytes = (struct span){report.data + length, bytes->size - 4 - length};
    return report;
}

enum status reports_unpack(struct span bytes, struct arena *arena, struct incident *ret_incident)
{
    size_t count = 0;
    struct incident numbers = {0};
    for (struct span rest = bytes; rest.size > 0 && !numbers_next(&rest, &numbers); count++)
        if (report_next(&rest).data == NULL)
            return STATUS_CORRUPT;
    if (count == 0)
        return STATUS_CORRUPT;
    struct report *reports = arena_take(arena, count * sizeof *reports);
    if (reports == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        char reason[REASON_BYTES];
        enum status status = report_unpack(report_next(&bytes), arena, &reports[i], reason);
        if (status != STATUS_OK)
            return status == STATUS_NO_MEMORY ? status : STATUS_CORRUPT;
    }
    ret_incident->reports = reports;
    ret_incident->report_count = count;
    ret_incident->publishers = numbers.publishers;
    ret_incident->reports_omitted = numbers.reports_omitted;
    return STATUS_OK;
}

size_t incident_countries(const struct incident *incident, country_code *ret_codes, size_t room)
{
    return incident->report_count > 0 ? report_counted_countries(&incident->reports[0], ret_codes, room) : 0;
}
