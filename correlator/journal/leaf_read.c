#include "correlator/journal/journal_reader.h"
#include "correlator/journal/leaf.h"
#include "correlator/journal/record.h"
#include "proto/limits.h"
#include "proto/report.h"

#define RECORD_ARENA_BYTES (16u * 1024u * 1024u)
#define REPORT_ARENA_BYTES (1024u * 1024u)

/* Where a record and one report of it at a time are unpacked. */
struct desk {
    struct arena record, report;
};

struct leaf_stub leaf_stub_of(uint64_t number, const struct report *report)
{
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    struct leaf_stub stub = {.number = number, .start_ms = TIME_NONE, .end_ms = TIME_NONE};
    if (report == NULL)
        return stub;
    stub.id_hash = archive_id_hash((struct span){id, report_incident_id(report, id, sizeof id)});
    stub.category = (uint16_t)report->category;
    stub.role = (uint16_t)report->role;
    if (report->has_place && report->occurred.start_ms != TIME_NONE) {
        struct point point = point_from_degrees(report->place.lat, report->place.lon);
        stub.start_ms = report->occurred.start_ms;
        stub.end_ms = report->occurred.end_ms;
        stub.x = point.x;
        stub.y = point.y;
        stub.z = point.z;
    }
    return stub;
}

static enum status stub_add(struct leaf *leaf, struct desk *desk, uint64_t number, struct span packed)
{
    struct report report;
    char reason[REASON_BYTES];
    arena_reset(&desk->report);
    bool right = report_unpack(packed, &desk->report, &report, reason) == STATUS_OK;
    if (!right && desk->report.starved) /* nothing is the matter with it: it must not go missing from an index */
        return STATUS_NO_MEMORY;
    const struct leaf_stub stub = leaf_stub_of(number, right ? &report : NULL);
    return leaf_add_stub(leaf, &stub);
}

static enum status stubs_add(struct leaf *leaf, struct desk *desk, const struct wal_record *record)
{
    struct journal_record batch;
    char reason[REASON_BYTES];
    arena_reset(&desk->record);
    enum status status =
        journal_unpack(record->type, record->lsn, record->count, record->payload, &desk->record, &batch, reason);
    for (size_t i = 0; status == STATUS_OK && i < batch.item_count; i++)
        status = stub_add(leaf, desk, batch.number + i, batch.items[i]);
    return status;
}

/* Without a desk: where records begin alone. */
static enum status batch_add(struct leaf *leaf, struct desk *desk, const struct wal_record *record)
{
    const struct leaf_place place = {record->lsn, record->offset};
    if (record->type != journal_type(JOURNAL_BATCH))
        return STATUS_OK;
    enum status status = leaf_add_place(leaf, &place);
    return status == STATUS_OK && desk != NULL ? stubs_add(leaf, desk, record) : status;
}

static enum status segment_read(struct leaf *leaf, struct desk *desk, const char *folder, uint64_t next,
                                char ret_reason[WAL_REASON_BYTES])
{
    struct wal_reader *reader;
    struct wal_record record;
    if (leaf->facts.first >= next)
        return STATUS_OK;
    enum status status = journal_reader_open(folder, leaf->facts.first, &reader, ret_reason);
    if (status != STATUS_OK)
        return status;
    while ((status = wal_reader_next(reader, &record, ret_reason)) == STATUS_OK && record.lsn < next &&
           (status = batch_add(leaf, desk, &record)) == STATUS_OK)
        ;
    wal_reader_close(reader);
    return status == STATUS_END ? STATUS_OK : status;
}

enum status leaf_read(struct leaf *leaf, const char *folder, uint64_t next, char ret_reason[WAL_REASON_BYTES])
{
    struct desk desk;
    arena_init(&desk.record, RECORD_ARENA_BYTES);
    arena_init(&desk.report, REPORT_ARENA_BYTES);
    enum status status = segment_read(leaf, &desk, folder, next, ret_reason);
    arena_fini(&desk.record);
    arena_fini(&desk.report);
    return status;
}

enum status leaf_read_places(struct leaf *leaf, const char *folder, uint64_t next, char ret_reason[WAL_REASON_BYTES])
{
    return segment_read(leaf, NULL, folder, next, ret_reason);
}
