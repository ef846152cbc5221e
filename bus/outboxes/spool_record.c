#include "bus/outboxes/spool_record.h"

#include <stdio.h>

void spool_put32(char *to, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (char)(number >> (8 * i));
}

void spool_put64(char *to, uint64_t number)
{
    spool_put32(to, (uint32_t)number);
    spool_put32(to + 4, (uint32_t)(number >> 32));
}

static uint32_t get32(const char *from)
{
    uint32_t number = 0;
    for (unsigned i = 4; i-- > 0;)
        number = number << 8 | (unsigned char)from[i];
    return number;
}

static uint64_t get64(const char *from)
{
    return get32(from) | (uint64_t)get32(from + 4) << 32;
}

uint32_t spool_record_size(const struct spool_record *record, uint32_t index)
{
    return get32(record->sizes + (size_t)index * 4);
}

bool spool_note_next(struct span *notes, struct span *ret_key, struct span *ret_value)
{
    if (notes->size < 8)
        return false;
    size_t key = get32(notes->data), value = get32(notes->data + 4), left = notes->size - 8;
    if (key > left || value > left - key)
        return false;
    *ret_key = (struct span){notes->data + 8, key};
    *ret_value = (struct span){notes->data + 8 + key, value};
    notes->data += 8 + key + value;
    notes->size = left - key - value;
    return true;
}

enum status spool_record_read(struct span bytes, uint32_t count, struct spool_record *ret_record)
{
    if (bytes.size < SPOOL_HEAD_BYTES || (bytes.size - SPOOL_HEAD_BYTES) / 4 < count)
        return STATUS_CORRUPT;
    uint32_t flags = get32(bytes.data + 8);
    size_t items = get32(bytes.data + 12), left = bytes.size - SPOOL_HEAD_BYTES - (size_t)count * 4;
    if ((flags & ~(uint32_t)SPOOL_NOTES_ALL) != 0 || items > left)
        return STATUS_CORRUPT;
    struct spool_record record = {.epoch = get64(bytes.data),
                                  .notes_all = (flags & SPOOL_NOTES_ALL) != 0,
                                  .count = count,
                                  .sizes = bytes.data + SPOOL_HEAD_BYTES,
                                  .items = bytes.data + SPOOL_HEAD_BYTES + (size_t)count * 4};
    record.notes = (struct span){record.items + items, left - items};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += spool_record_size(&record, i);
    struct span notes = record.notes, key, value;
    while (spool_note_next(&notes, &key, &value))
        ;
    if (sum != items || notes.size != 0)
        return STATUS_CORRUPT;
    *ret_record = record;
    return STATUS_OK;
}

enum status spool_record_refuse(const char *folder, uint64_t lsn, char ret_reason[WAL_REASON_BYTES])
{
    (void)snprintf(ret_reason, WAL_REASON_BYTES, "%s: record %llu is not one of a spool", folder,
                   (unsigned long long)lsn);
    return STATUS_CORRUPT;
}

enum status spool_record_next(struct wal_reader *reader, const char *folder, struct wal_record *ret_found,
                              struct spool_record *ret_record, char ret_reason[WAL_REASON_BYTES])
{
    enum status status = wal_reader_next(reader, ret_found, ret_reason);
    if (status != STATUS_OK)
        return status;
    if (ret_found->type != SPOOL_RECORD_TYPE ||
        spool_record_read(ret_found->payload, ret_found->count, ret_record) != STATUS_OK)
        return spool_record_refuse(folder, ret_found->lsn, ret_reason);
    return STATUS_OK;
}
