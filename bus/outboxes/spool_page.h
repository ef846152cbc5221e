/* Inside the spool: items that are no longer in memory, read back from the log in order, a page at a time.
 *
 *     log ══ record │ record │ record ══      the page: items that follow each other, as an outbox in memory
 *                        └ next                */
#pragma once

#include "bus/outbox.h"
#include "bus/outboxes/spool_record.h"

#define SPOOL_PAGE_BYTES ((size_t)1024 * 1024)

struct spool_page {
    const struct wal_options *options; /* the log's; borrowed */
    struct promises *promises;         /* what was promised among what is read; borrowed */
    struct outbox *items;
    struct wal_reader *reader; /* NULL: nothing is being read */
    struct spool_record record;
    uint64_t next;  /* position of the next item taken from it */
    uint32_t index; /* of that item in the record */
    const char *item;
};

/* Holds nothing. STATUS_NO_MEMORY. */
enum status spool_page_init(struct spool_page *page, const struct wal_options *options,
                            struct promises *promises) MUST_CHECK;
void spool_page_fini(struct spool_page *page);
/* Makes items hold those from position on, up to `until` at most, unless it is among them: as far as the log and the
 * page's room go. What reading the log answers, with its sentence. */
enum status spool_page_turn(struct spool_page *page, uint64_t position, uint64_t until,
                            char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Nobody reads older items now: an open file keeps its room on the disk. */
void spool_page_rest(struct spool_page *page);
