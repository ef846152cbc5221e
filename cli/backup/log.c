#include "cli/backup/log.h"

#include "base/wal/segment.h"
#include "correlator/journal/journal_reader.h"

enum status log_end(const char *folder, uint64_t first, uint64_t *ret_end, char ret_reason[WAL_REASON_BYTES])
{
    struct wal_reader *reader;
    struct wal_record record;
    uint64_t end = SEGMENT_HEAD_BYTES;
    enum status status = journal_reader_open(folder, first, &reader, ret_reason);
    if (status != STATUS_OK)
        return status;
    while ((status = wal_reader_next(reader, &record, ret_reason)) == STATUS_OK && record.segment == first)
        end = record.offset + frame_bytes(record.payload.size);
    wal_reader_close(reader);
    *ret_end = end;
    return status == STATUS_END ? STATUS_OK : status;
}

void log_segment_path(const char *folder, uint64_t first, char ret_path[PATH_MAX])
{
    segment_path(folder, first, ret_path);
}
