#include "bus/outboxes/spool_recover.h"

#include "bus/outboxes/spool_record.h"

#include <stdlib.h>

typedef enum status record_visit(struct spool_past *past, uint64_t lsn, const struct spool_record *record);

/* From the record at lsn `from` up to `until`, not included. */
static enum status visit_records(const struct wal_options *options, uint64_t from, uint64_t until, record_visit *visit,
                                 struct spool_past *past, char reason[WAL_REASON_BYTES])
{
    struct wal_reader *reader;
    struct wal_record found = {0};
    enum status status = wal_reader_open(options, from, &reader, reason);
    if (status != STATUS_OK)
        return status;
    while (status == STATUS_OK && found.lsn + found.count < until) {
        struct spool_record record;
        status = spool_record_next(reader, options->folder, &found, &record, reason);
        if (status == STATUS_OK)
            status = visit(past, found.lsn, &record);
    }
    wal_reader_close(reader);
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status find_all(struct spool_past *past, uint64_t lsn, const struct spool_record *record)
{
    if (record->notes_all)
        past->all_lsn = lsn;
    return STATUS_OK;
}

static enum status apply_notes(struct spool_past *past, uint64_t lsn, const struct spool_record *record)
{
    (void)lsn;
    past->epoch = record->epoch;
    if (record->notes_all)
        spool_notes_fini(&past->notes);
    return spool_notes_apply(&past->notes, record->notes) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status spool_recover(const struct wal_options *options, uint64_t first, uint64_t last, struct spool_past *past,
                          char ret_reason[WAL_REASON_BYTES])
{
    enum status status = STATUS_OK;
    if (last < first)
        return STATUS_OK;
    size_t count = wal_segments(options->folder, NULL, 0);
    struct wal_segment *segments = calloc(count, sizeof *segments);
    if (segments == NULL)
        return STATUS_NO_MEMORY;
    count = wal_segments(options->folder, segments, count);
    while (count-- > 0 && past->all_lsn == 0 && status == STATUS_OK)
        if (segments[count].first >= first && segments[count].first <= last)
            status = visit_records(options, segments[count].first, segments[count].next, find_all, past, ret_reason);
    free(segments);
    if (status != STATUS_OK)
        return status;
    return visit_records(options, past->all_lsn > 0 ? past->all_lsn : first, last + 1, apply_notes, past, ret_reason);
}
