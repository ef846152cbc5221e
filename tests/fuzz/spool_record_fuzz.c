/* Any bytes as a record of a spool: refused, or items and notes that lie within it and add up to it. */
#include "bus/outboxes/spool_notes.h"
#include "bus/outboxes/spool_record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct span bytes = {(const char *)data + 2, size - 2};
    struct spool_record record;
    struct spool_notes notes = {0};
    uint32_t count = data[0] | (uint32_t)data[1] << 8;
    if (spool_record_read(bytes, count, &record) != STATUS_OK)
        return 0;
    const char *item = record.items;
    for (uint32_t i = 0; i < count; i++)
        item += spool_record_size(&record, i);
    fuzz_check(item == record.notes.data);
    fuzz_check(item + record.notes.size == bytes.data + bytes.size);
    fuzz_check(spool_notes_apply(&notes, record.notes));
    fuzz_check(notes.bytes <= record.notes.size);
    struct text again = {0};
    spool_notes_write(&notes, &again);
    fuzz_check(again.size == notes.bytes);
    text_fini(&again);
    spool_notes_fini(&notes);
    return 0;
}
