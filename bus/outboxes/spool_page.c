#include "bus/outboxes/spool_page.h"

#include "bus/outboxes/spool_promises.h"

enum status spool_page_init(struct spool_page *page, const struct wal_options *options, struct promises *promises)
{
    *page = (struct spool_page){.options = options, .promises = promises};
    enum status status = outbox_memory_open(SPOOL_PAGE_BYTES, &page->items);
    if (status == STATUS_OK)
        page->items->first = 1;
    return status;
}

void spool_page_fini(struct spool_page *page)
{
    spool_page_rest(page);
    if (page->items != NULL)
        page->items->driver->close(page->items, NULL, NULL);
}

void spool_page_rest(struct spool_page *page)
{
    if (page->reader != NULL)
        wal_reader_close(page->reader);
    *page = (struct spool_page){.options = page->options, .promises = page->promises, .items = page->items};
}

/* Goes to the next item, in its record. STATUS_END: it is not there yet. */
static enum status record_reach(struct spool_page *page, char reason[WAL_REASON_BYTES])
{
    struct wal_record found;
    struct spool_record record;
    enum status status = spool_record_next(page->reader, page->options->folder, &found, &record, reason);
    if (status != STATUS_OK)
        return status;
    if (found.lsn > page->next || found.lsn + found.count <= page->next)
        return spool_record_refuse(page->options->folder, found.lsn, reason);
    page->record = record;
    spool_promises_read(page->promises, record.notes, found.lsn + found.count - 1);
    page->item = page->record.items;
    for (page->index = 0; found.lsn + page->index < page->next; page->index++)
        page->item += spool_record_size(&page->record, page->index);
    return STATUS_OK;
}

static enum status reader_reach(struct spool_page *page, uint64_t position, char reason[WAL_REASON_BYTES])
{
    if (page->reader != NULL && page->next == position)
        return STATUS_OK;
    spool_page_rest(page);
    page->next = position;
    return wal_reader_open(page->options, position, &page->reader, reason);
}

static enum status item_take(struct spool_page *page)
{
    const struct span item = {page->item, spool_record_size(&page->record, page->index)};
    enum status status = page->items->driver->append(page->items, item);
    if (status != STATUS_OK)
        return status;
    page->item += item.size;
    page->index++;
    page->next++;
    return STATUS_OK;
}

enum status spool_page_turn(struct spool_page *page, uint64_t position, uint64_t until,
                            char ret_reason[WAL_REASON_BYTES])
{
    struct outbox *items = page->items;
    if (position >= items->first && position <= items->last)
        return STATUS_OK;
    enum status status = reader_reach(page, position, ret_reason);
    items->driver->trim(items, items->last);
    items->first = position;
    items->last = items->ready = position - 1;
    while (status == STATUS_OK && page->next <= until)
        status = page->index == page->record.count ? record_reach(page, ret_reason) : item_take(page);
    return status == STATUS_AGAIN || status == STATUS_END ? STATUS_OK : status;
}
