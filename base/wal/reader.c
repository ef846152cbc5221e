/* Reading, beside a writer or without one. Where a segment ends and another begins with the next number, it goes on
 * there; where none does, that is the end for now. */
#include "base/wal/folder.h"
#include "base/wal/reason.h"
#include "base/wal/segment.h"

#include <inttypes.h>
#include <stdlib.h>

struct wal_reader {
    struct wal_options options; /* its folder is ours */
    const struct wal_files *files;
    char *folder;
    struct segment segment;
    bool is_open;
    struct segment place; /* wal_reader_at's own */
    bool has_place;
};

static enum status say(struct wal_reader *reader, const char *what, enum status status,
                       char ret_reason[WAL_REASON_BYTES])
{
    reason_say(ret_reason, "%s: %s: %s", reader->folder, what, status_text(status));
    return status;
}

/* The greatest first that is not beyond lsn; the least where lsn is 0. */
static enum status first_find(struct wal_reader *reader, uint64_t lsn, uint64_t *ret_first,
                              char ret_reason[WAL_REASON_BYTES])
{
    struct folder_list list;
    enum status status = folder_list(reader->files, reader->folder, &list);
    uint64_t first = status == STATUS_OK && list.count > 0 ? list.firsts[0] : 0;
    for (size_t i = 0; status == STATUS_OK && i < list.count && list.firsts[i] <= lsn; i++)
        first = list.firsts[i];
    folder_list_free(&list);
    if (status != STATUS_OK)
        return say(reader, "cannot be listed", status, ret_reason);
    if (first == 0)
        return say(reader, "holds no log", STATUS_NOT_FOUND, ret_reason);
    if (lsn > 0 && lsn < first) {
        reason_say(ret_reason, "%s: record %" PRIu64 " is no longer kept, the first is %" PRIu64, reader->folder, lsn,
                   first);
        return STATUS_NOT_FOUND;
    }
    *ret_first = first;
    return STATUS_OK;
}

static enum status segment_enter(struct wal_reader *reader, uint64_t first, char ret_reason[WAL_REASON_BYTES])
{
    struct segment segment;
    enum status status = segment_open(&segment, reader->files, &reader->options, first, ret_reason);
    if (status != STATUS_OK)
        return status;
    if (reader->is_open) {
        segment.window = reader->segment.window; /* kept, so that going on allocates nothing */
        segment.window_room = reader->segment.window_room;
        reader->segment.window = NULL;
        segment_close(&reader->segment);
    }
    reader->segment = segment;
    reader->is_open = true;
    return STATUS_OK;
}

/* Where the good frames end: is it damage, or the end for now? A writer's bytes appear one page after the other, so
 * what is whole behind the place was written after it: if the place is still no good when asked again, it never will
 * be. */
static enum status end_judge(struct wal_reader *reader, struct wal_record *ret_record,
                             char ret_reason[WAL_REASON_BYTES])
{
    struct segment_tail tail;
    enum status status = segment_judge(&reader->segment, &tail);
    if (status != STATUS_OK && status != STATUS_CORRUPT)
        return say(reader, "cannot be read", status, ret_reason);
    if (status == STATUS_OK && tail.good == 0)
        return STATUS_END;
    enum status again = segment_refresh(&reader->segment);
    if (again == STATUS_OK)
        again = segment_next(&reader->segment, ret_record);
    if (again == STATUS_OK)
        return STATUS_OK;
    if (again != STATUS_END && again != STATUS_CORRUPT)
        return say(reader, "cannot be read", again, ret_reason);
    if (status == STATUS_OK && segment_tail_is_torn(&tail))
        return STATUS_END;
    if (status != STATUS_OK)
        tail = (struct segment_tail){.good = 0};
    segment_damage_say(&reader->segment, &tail, ret_reason);
    return STATUS_CORRUPT;
}

/* The least first beyond the segment that is read; 0: it is the last. STATUS_NOT_FOUND: it was trimmed, with others. */
static enum status following_find(struct wal_reader *reader, uint64_t *ret_first, char ret_reason[WAL_REASON_BYTES])
{
    uint64_t here = reader->segment.head.first;
    struct folder_list list;
    enum status status = folder_list(reader->files, reader->folder, &list);
    *ret_first = 0;
    for (size_t i = 0; status == STATUS_OK && *ret_first == 0 && i < list.count; i++)
        *ret_first = list.firsts[i] > here ? list.firsts[i] : 0;
    bool is_kept = list.count > 0 && list.firsts[0] <= here;
    folder_list_free(&list);
    if (status != STATUS_OK)
        return say(reader, "cannot be listed", status, ret_reason);
    return is_kept || *ret_first == reader->segment.lsn
               ? STATUS_OK
               : say(reader, "what follows is no longer kept", STATUS_NOT_FOUND, ret_reason);
}

static enum status gap_say(struct wal_reader *reader, uint64_t following, char ret_reason[WAL_REASON_BYTES])
{
    struct segment *segment = &reader->segment;
    reason_say(ret_reason,
               "%s is damaged at byte %" PRIu64 ", where record %" PRIu64
               " should begin; the next segment begins with record %" PRIu64,
               segment->path, segment->offset, segment->lsn, following);
    return STATUS_CORRUPT;
}

/* The segment has no more: goes on in the next, if there is one. */
static enum status segment_leave(struct wal_reader *reader, struct wal_record *ret_record,
                                 char ret_reason[WAL_REASON_BYTES])
{
    uint64_t following;
    enum status status = following_find(reader, &following, ret_reason);
    if (status != STATUS_OK)
        return status;
    if (following == 0)
        return end_judge(reader, ret_record, ret_reason);
    if (following != reader->segment.lsn) {
        /* It may have been written to and sealed since we looked. */
        status = segment_next(&reader->segment, ret_record);
        return status == STATUS_END || status == STATUS_CORRUPT ? gap_say(reader, following, ret_reason) : status;
    }
    if ((status = segment_enter(reader, following, ret_reason)) != STATUS_OK)
        return status;
    return wal_reader_next(reader, ret_record, ret_reason);
}

enum status wal_reader_next(struct wal_reader *reader, struct wal_record *ret_record, char ret_reason[WAL_REASON_BYTES])
{
    enum status status;
    do {
        status = segment_next(&reader->segment, ret_record);
        if (status == STATUS_END || status == STATUS_CORRUPT)
            status = segment_leave(reader, ret_record, ret_reason);
        else if (status != STATUS_OK)
            return say(reader, "cannot be read", status, ret_reason);
    } while (status == STATUS_OK && ret_record->type == FRAME_HOLE);
    return status;
}

/* To the record that holds lsn, unread. */
static enum status lsn_seek(struct wal_reader *reader, uint64_t lsn, char ret_reason[WAL_REASON_BYTES])
{
    struct wal_record record;
    while (reader->segment.lsn < lsn) {
        enum status status = wal_reader_next(reader, &record, ret_reason);
        if (status == STATUS_END) {
            reason_say(ret_reason, "%s: there is no record %" PRIu64 " yet, the next is %" PRIu64, reader->folder, lsn,
                       reader->segment.lsn);
            return STATUS_NOT_FOUND;
        }
        if (status != STATUS_OK)
            return status;
        if (record.lsn + record.count > lsn) {
            reader->segment.offset = record.offset;
            reader->segment.lsn = record.lsn;
            break;
        }
    }
    return STATUS_OK;
}

enum status wal_reader_open(const struct wal_options *options, uint64_t lsn, struct wal_reader **ret_reader,
                            char ret_reason[WAL_REASON_BYTES])
{
    uint64_t first = 0;
    struct wal_reader *reader = calloc(1, sizeof *reader);
    char *folder = strdup(options->folder);
    if (reader == NULL || folder == NULL) {
        free(reader);
        free(folder);
        reason_say(ret_reason, "%s: %s", options->folder, status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    reader->options = *options;
    reader->options.folder = reader->folder = folder;
    reader->files = options->files != NULL ? options->files : &wal_files_system;
    enum status status = first_find(reader, lsn, &first, ret_reason);
    if (status == STATUS_OK)
        status = segment_enter(reader, first, ret_reason);
    if (status == STATUS_OK)
        status = lsn_seek(reader, lsn, ret_reason);
    if (status != STATUS_OK) {
        wal_reader_close(reader);
        return status;
    }
    *ret_reader = reader;
    return STATUS_OK;
}

enum status wal_reader_at(struct wal_reader *reader, uint64_t segment, uint64_t offset, struct wal_record *ret_record,
                          char ret_reason[WAL_REASON_BYTES])
{
    struct segment *place = &reader->place;
    struct frame frame;
    const char *bytes;
    if (reader->has_place && place->head.first != segment) {
        segment_close(place);
        reader->has_place = false;
    }
    if (!reader->has_place) {
        enum status status = segment_open(place, reader->files, &reader->options, segment, ret_reason);
        if (status != STATUS_OK)
            return status;
        reader->has_place = true;
    }
    enum status status = segment_frame_at(place, offset, &frame, &bytes);
    if (status == STATUS_CORRUPT && (status = segment_refresh(place)) == STATUS_OK)
        status = segment_frame_at(place, offset, &frame, &bytes); /* written since it was read ahead */
    if (status != STATUS_OK) {
        reason_say(ret_reason, "%s is damaged at byte %" PRIu64 ", where a record should begin: %s", place->path,
                   offset, status_text(status));
        return status;
    }
    *ret_record = (struct wal_record){.lsn = frame.lsn,
                                      .count = frame.count,
                                      .type = frame.type,
                                      .version = place->head.version,
                                      .payload = {bytes + FRAME_HEAD_BYTES, frame.length},
                                      .segment = segment,
                                      .offset = offset};
    return STATUS_OK;
}

void wal_reader_close(struct wal_reader *reader)
{
    if (reader->is_open)
        segment_close(&reader->segment);
    if (reader->has_place)
        segment_close(&reader->place);
    free(reader->folder);
    free(reader);
}
