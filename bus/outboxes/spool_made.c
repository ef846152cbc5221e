#include "bus/outboxes/spool_made.h"

#include "bus/outboxes/spool_record.h"

#define BYTES_MAX ((size_t)4 * 1024 * 1024)
#define NOTES_MAX ((size_t)64 * 1024) /* beyond, and beyond all notes, these are written instead */

void spool_made_fini(struct spool_made *made)
{
    text_fini(&made->sizes);
    text_fini(&made->items);
    text_fini(&made->notes);
}

void spool_made_clear(struct spool_made *made)
{
    text_clear(&made->sizes);
    text_clear(&made->items);
    text_clear(&made->notes);
    made->count = 0;
    made->notes_all = false;
}

bool spool_made_add(struct spool_made *made, struct span item)
{
    char size[4];
    size_t sizes_before = made->sizes.size, items_before = made->items.size;
    spool_put32(size, (uint32_t)item.size);
    text_append(&made->sizes, (struct span){size, 4});
    text_append(&made->items, item);
    if (!made->sizes.failed && !made->items.failed) {
        made->count++;
        return true;
    }
    made->sizes.size = sizes_before;
    made->items.size = items_before;
    made->sizes.failed = made->items.failed = false;
    return false;
}

bool spool_made_has_room(const struct spool_made *made, size_t size)
{
    return made->count == 0 || (made->items.size + size <= BYTES_MAX && made->count < WAL_COUNT_MAX);
}

void spool_made_note(struct spool_made *made, struct spool_notes *notes, struct span key, struct span value)
{
    struct text *own = &made->notes;
    size_t before = own->size;
    if (made->notes_all) {
        (void)spool_notes_set(notes, key, value);
        return;
    }
    spool_note_write(own, key, value);
    if (own->failed || !spool_notes_set(notes, key, value)) {
        own->size = before;
        own->failed = false;
        return;
    }
    /* Where what is read is rejected, sources move on while the record is held. */
    made->notes_all = own->size > NOTES_MAX + notes->bytes && notes->bytes <= SPOOL_NOTES_BYTES_MAX;
    if (made->notes_all)
        text_clear(own);
}

enum status spool_made_append(const struct spool_made *made, struct wal *wal, uint64_t epoch, const struct text *all,
                              uint64_t *ret_lsn, size_t *ret_bytes)
{
    const struct text *notes = all != NULL ? all : &made->notes;
    char head[SPOOL_HEAD_BYTES];
    if (notes->failed)
        return STATUS_NO_MEMORY;
    spool_put64(head, epoch);
    spool_put32(head + 8, all != NULL ? SPOOL_NOTES_ALL : 0);
    spool_put32(head + 12, (uint32_t)made->items.size);
    const struct span parts[] = {{head, sizeof head},
                                 {made->sizes.data, made->sizes.size},
                                 {made->items.data, made->items.size},
                                 {notes->data, notes->size}};
    *ret_bytes = made->sizes.size + made->items.size + notes->size;
    return wal_append(wal, SPOOL_RECORD_TYPE, made->count, parts, 4, ret_lsn);
}
