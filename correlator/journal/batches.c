#include "correlator/journal/batches.h"

#include "correlator/journal/journal_reader.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_ARENA_BYTES (16u * 1024u * 1024u)

void batches_init(struct batches *batches, const char *folder)
{
    *batches = (struct batches){.folder = folder};
    arena_init(&batches->arena, RECORD_ARENA_BYTES);
}

void batches_fini(struct batches *batches)
{
    if (batches->tail_reader != NULL)
        wal_reader_close(batches->tail_reader);
    if (batches->reader != NULL)
        wal_reader_close(batches->reader);
    free(batches->tail);
    kept_fini(&batches->kept);
    arena_fini(&batches->arena);
}

/* --- the tail --- */

static enum status tail_add(struct batches *batches, const struct wal_record *record)
{
    if (batches->tail_count == batches->tail_room) {
        size_t room = batches->tail_room == 0 ? 256 : batches->tail_room * 2;
        struct tail_place *tail = realloc(batches->tail, room * sizeof *tail);
        if (tail == NULL)
            return STATUS_NO_MEMORY;
        batches->tail = tail;
        batches->tail_room = room;
    }
    batches->tail[batches->tail_count++] =
        (struct tail_place){record->lsn, record->lsn + record->count, record->segment, record->offset};
    return STATUS_OK;
}

/* Reads on until the record of the number was met. */
static enum status tail_reach(struct batches *batches, uint64_t first, uint64_t number, char reason[WAL_REASON_BYTES])
{
    struct wal_record record;
    enum status status = STATUS_OK;
    if (batches->tail_reader == NULL)
        status = journal_reader_open(batches->folder, first, &batches->tail_reader, reason);
    while (status == STATUS_OK && (batches->tail_count == 0 || batches->tail[batches->tail_count - 1].next <= number) &&
           (status = wal_reader_next(batches->tail_reader, &record, reason)) == STATUS_OK)
        if (record.type == journal_type(JOURNAL_BATCH))
            status = tail_add(batches, &record);
    return status == STATUS_END ? STATUS_NOT_FOUND : status;
}

static const struct tail_place *tail_find(const struct batches *batches, uint64_t number)
{
    size_t low = 0, high = batches->tail_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (batches->tail[middle].lsn <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &batches->tail[low - 1] : NULL;
}

void batches_indexed(struct batches *batches, uint64_t next)
{
    size_t gone = 0;
    while (gone < batches->tail_count && batches->tail[gone].lsn < next)
        gone++;
    if (gone > 0)
        memmove(batches->tail, batches->tail + gone, (batches->tail_count - gone) * sizeof *batches->tail);
    batches->tail_count -= gone;
}

/* --- finding --- */

/* Where the record begins that holds the number. */
static enum status place_find(struct batches *batches, const struct leaf *leaf, uint64_t number, uint64_t *ret_segment,
                              uint64_t *ret_offset, char reason[WAL_REASON_BYTES])
{
    if (leaf->facts.place_count > 0) {
        const struct leaf_place *place = leaf_place_of(leaf, number);
        *ret_segment = leaf->facts.first;
        *ret_offset = place != NULL ? place->offset : 0;
        return place != NULL ? STATUS_OK : STATUS_NOT_FOUND;
    }
    enum status status = tail_reach(batches, leaf->facts.first, number, reason);
    const struct tail_place *place = status == STATUS_OK ? tail_find(batches, number) : NULL;
    if (place == NULL)
        return status == STATUS_OK ? STATUS_NOT_FOUND : status;
    *ret_segment = place->segment;
    *ret_offset = place->offset;
    return STATUS_OK;
}

static enum status batch_read(struct batches *batches, const struct leaf *leaf, uint64_t number,
                              struct journal_record *ret_batch, char reason[WAL_REASON_BYTES])
{
    struct wal_record record;
    char why[REASON_BYTES];
    uint64_t segment = 0, offset = 0;
    enum status status = place_find(batches, leaf, number, &segment, &offset, reason);
    if (status == STATUS_OK && batches->reader == NULL)
        status = journal_reader_open(batches->folder, 0, &batches->reader, reason);
    if (status == STATUS_OK)
        status = wal_reader_at(batches->reader, segment, offset, &record, reason);
    if (status != STATUS_OK)
        return status;
    arena_reset(&batches->arena);
    status = journal_unpack(record.type, record.lsn, record.count, record.payload, &batches->arena, ret_batch, why);
    if (status == STATUS_OK &&
        (ret_batch->kind != JOURNAL_BATCH || number - ret_batch->number >= ret_batch->item_count))
        status = STATUS_NOT_FOUND;
    return status;
}

enum status batches_find(struct batches *batches, const struct leaf *leaf, uint64_t number, struct span *ret_report,
                         int64_t *ret_heard_ms, char ret_reason[WAL_REASON_BYTES])
{
    const struct kept_record *kept = kept_find(&batches->kept, number);
    struct journal_record batch;
    if (kept == NULL) {
        enum status status = leaf != NULL ? batch_read(batches, leaf, number, &batch, ret_reason) : STATUS_NOT_FOUND;
        if (status != STATUS_OK)
            return status;
        kept = kept_put(&batches->kept, &batch);
    }
    *ret_report = kept != NULL ? kept->items[number - kept->number] : batch.items[number - batch.number];
    *ret_heard_ms = kept != NULL ? kept->at_ms : batch.at_ms;
    return STATUS_OK;
}
