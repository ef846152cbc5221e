#include "cli/journal/unroll.h"

#include "correlator/journal/journal_reader.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define RECORD_ARENA_BYTES (64u * 1024u * 1024u)
#define REPORT_ARENA_BYTES (1024u * 1024u)

static enum status record_take(const struct wal_record *raw, struct arena *arena, const struct unroll_events *events,
                               struct unrolled *unrolled, char reason[WAL_REASON_BYTES])
{
    struct journal_record record;
    arena_reset(arena);
    enum status status = journal_unpack(raw->type, raw->lsn, raw->count, raw->payload, arena, &record, reason);
    if (status == STATUS_INVALID)
        return STATUS_CORRUPT;
    if (status != STATUS_OK)
        return status;
    if (unrolled->records++ == 0)
        unrolled->first = raw->lsn;
    unrolled->next = raw->lsn + raw->count;
    unrolled->reports += record.item_count;
    return events->record != NULL ? events->record(events->self, &record) : STATUS_OK;
}

enum status unroll(const char *folder, const struct unroll_events *events, struct unrolled *ret_unrolled,
                   char ret_reason[WAL_REASON_BYTES])
{
    struct wal_reader *reader;
    struct wal_record record;
    struct arena arena;
    *ret_unrolled = (struct unrolled){0};
    enum status status = journal_reader_open(folder, 0, &reader, ret_reason);
    if (status != STATUS_OK)
        return status;
    arena_init(&arena, RECORD_ARENA_BYTES);
    while ((status = wal_reader_next(reader, &record, ret_reason)) == STATUS_OK &&
           (status = record_take(&record, &arena, events, ret_unrolled, ret_reason)) == STATUS_OK)
        ;
    arena_fini(&arena);
    wal_reader_close(reader);
    return status == STATUS_END ? STATUS_OK : status;
}

/* --- reports --- */

struct writer {
    FILE *to;
    struct arena arena;
    struct text line;
    uint64_t unread;
};

static enum status batch_write(void *self, const struct journal_record *record)
{
    struct writer *writer = self;
    for (size_t i = 0; i < record->item_count; i++) {
        struct report report;
        char reason[REASON_BYTES];
        arena_reset(&writer->arena);
        if (report_unpack(record->items[i], &writer->arena, &report, reason) != STATUS_OK) {
            writer->unread++;
            continue;
        }
        text_clear(&writer->line);
        report_to_json(&report, &writer->line);
        text_append(&writer->line, SPAN("\n"));
        if (writer->line.failed)
            return STATUS_NO_MEMORY;
        if (fwrite(writer->line.data, 1, writer->line.size, writer->to) != writer->line.size)
            return STATUS_IO;
    }
    return STATUS_OK;
}

enum status unroll_reports(const char *folder, FILE *to, struct unrolled *ret_unrolled,
                           char ret_reason[WAL_REASON_BYTES])
{
    struct writer writer = {.to = to};
    const struct unroll_events events = {.record = batch_write, .self = &writer};
    arena_init(&writer.arena, REPORT_ARENA_BYTES);
    enum status status = unroll(folder, &events, ret_unrolled, ret_reason);
    ret_unrolled->unread = writer.unread;
    if (status == STATUS_OK && fflush(to) != 0)
        status = STATUS_IO;
    arena_fini(&writer.arena);
    text_fini(&writer.line);
    return status;
}

enum status unroll_to_file(const char *folder, FILE **ret_file, char ret_path[64], char ret_reason[WAL_REASON_BYTES])
{
    struct unrolled unrolled;
    FILE *file = tmpfile();
    if (file == NULL) {
        (void)snprintf(ret_reason, WAL_REASON_BYTES, "no temporary file for the reports of %.400s: %s", folder,
                       strerror(errno));
        return status_from_errno(errno);
    }
    enum status status = unroll_reports(folder, file, &unrolled, ret_reason);
    if (status != STATUS_OK) {
        (void)fclose(file);
        return status;
    }
    (void)snprintf(ret_path, 64, "/proc/self/fd/%d", fileno(file));
    *ret_file = file;
    return STATUS_OK;
}

bool unroll_is_journal(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode) && wal_segments(path, NULL, 0) > 0;
}
