#include "correlator/journal/journal.h"

#include "base/log.h"
#include "correlator/backlog.h"

#include <stdio.h>
#include <stdlib.h>

/* Before each payload that waits. */
struct slip {
    uint32_t count;
    uint8_t type;
};

struct journal {
    struct wal *wal;
    struct journal_events events;
    struct backlog waiting; /* not appended */
    struct text bytes;      /* of one: its slip, its payload */
    uint64_t next;          /* of the next put; the log's own once nothing waits */
    bool short_of_space;    /* said */
    bool failed;
    bool closing;
    void (*closed)(void *self);
    void *closed_self;
};

void journal_wal_options(const struct journal_options *options, struct wal_options *ret_options)
{
    *ret_options = (struct wal_options){.folder = options->folder,
                                        .kind = "journal",
                                        .version = JOURNAL_VERSION,
                                        .segment_bytes = options->segment_bytes,
                                        .pending_bytes = options->pending_bytes,
                                        .sync = options->sync,
                                        .files = options->files};
}

static void fail(struct journal *journal, const char *reason)
{
    if (journal->failed)
        return;
    journal->failed = true;
    if (!journal->closing)
        journal->events.failed(journal->events.self, reason);
}

/* --- in --- */

static void space_say(struct journal *journal, enum status status)
{
    bool is_short = status == STATUS_NO_SPACE || status == STATUS_FULL;
    if (is_short && !journal->short_of_space)
        log_warn("journal.no_space", "the journal cannot grow: %s; agents are held back until it can",
                 status_text(status));
    if (status == STATUS_OK && journal->short_of_space)
        log_info("journal.space", "the journal grows again");
    if (is_short || status == STATUS_OK)
        journal->short_of_space = is_short;
}

static enum status append(struct journal *journal, struct span entry)
{
    struct slip slip;
    memcpy(&slip, entry.data, sizeof slip);
    struct span payload = {entry.data + sizeof slip, entry.size - sizeof slip};
    uint64_t number;
    enum status status = wal_append(journal->wal, slip.type, slip.count, &payload, 1, &number);
    space_say(journal, status);
    return status;
}

/* AGAIN and its like: later. CLOSED: it has failed, and said so. */
static void go_on(struct journal *journal)
{
    struct span entry;
    bool was_behind = journal->waiting.bytes > 0;
    while (!journal->failed && backlog_first(&journal->waiting, &entry)) {
        enum status status = append(journal, entry);
        if (status == STATUS_NO_MEMORY || status == STATUS_TOO_LARGE)
            fail(journal, status_text(status));
        if (status != STATUS_OK)
            return;
        backlog_pop(&journal->waiting);
    }
    if (was_behind && !journal->failed && journal->events.room != NULL)
        journal->events.room(journal->events.self);
}

enum status journal_put(struct journal *journal, const struct journal_record *record, uint64_t *ret_number)
{
    const struct slip slip = {.type = journal_type(record->kind),
                              .count = record->kind == JOURNAL_BATCH ? (uint32_t)record->item_count : 1};
    text_clear(&journal->bytes);
    text_append(&journal->bytes, (struct span){(const char *)&slip, sizeof slip});
    enum status status = journal_pack(record, &journal->bytes);
    if (status != STATUS_OK)
        return status;
    struct span entry = {journal->bytes.data, journal->bytes.size};
    status = journal->waiting.bytes == 0 ? append(journal, entry) : STATUS_AGAIN;
    if (status != STATUS_OK && status != STATUS_NO_MEMORY)
        status = backlog_push(&journal->waiting, entry);
    if (status != STATUS_OK)
        return status;
    *ret_number = journal->next;
    journal->next += slip.count;
    return STATUS_OK;
}

/* --- out --- */

static void on_synced(void *self, uint64_t number)
{
    struct journal *journal = self;
    if (!journal->closing && !journal->failed)
        journal->events.synced(journal->events.self, number);
    if (!journal->closing)
        go_on(journal);
}

static void on_room(void *self)
{
    go_on(self);
}

static void on_failed(void *self, enum status status, const char *reason)
{
    (void)status;
    fail(self, reason);
}

/* --- life --- */

enum status journal_open(uv_loop_t *loop, const struct journal_options *options, const struct journal_events *events,
                         int64_t now_ms, struct journal **ret_journal, struct wal_found *ret_found,
                         char ret_reason[WAL_REASON_BYTES])
{
    struct wal_options wal_options;
    journal_wal_options(options, &wal_options);
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        (void)snprintf(ret_reason, WAL_REASON_BYTES, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    const struct wal_events wal_events = {.synced = on_synced, .room = on_room, .failed = on_failed, .self = journal};
    journal->events = *events;
    enum status status = wal_open(loop, &wal_options, &wal_events, now_ms, &journal->wal, ret_found, ret_reason);
    if (status != STATUS_OK) {
        free(journal);
        return status;
    }
    journal->next = wal_next(journal->wal);
    *ret_journal = journal;
    return STATUS_OK;
}

bool journal_is_behind(const struct journal *journal)
{
    return journal->waiting.bytes > 0;
}

uint64_t journal_synced(const struct journal *journal)
{
    return wal_synced(journal->wal);
}

uint64_t journal_next(const struct journal *journal)
{
    return journal->next;
}

uint64_t journal_bytes(const struct journal *journal)
{
    return wal_bytes(journal->wal);
}

void journal_trim(struct journal *journal, uint64_t number)
{
    wal_trim(journal->wal, number);
}

static void on_wal_closed(void *self)
{
    struct journal *journal = self;
    void (*closed)(void *) = journal->closed;
    void *closed_self = journal->closed_self;
    backlog_fini(&journal->waiting);
    text_fini(&journal->bytes);
    free(journal);
    if (closed != NULL)
        closed(closed_self);
}

void journal_close(struct journal *journal, void (*closed)(void *self), void *self)
{
    journal->closing = true;
    journal->closed = closed;
    journal->closed_self = self;
    wal_close(journal->wal, on_wal_closed, journal);
}
