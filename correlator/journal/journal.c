#include "correlator/journal/journal.h"

#include "base/log.h"
#include "correlator/backlog.h"
#include "proto/limits.h"

#include <stdio.h>
#include <stdlib.h>

/* A batch of 1,024 empty items takes less; a record is no more than WAL_RECORD_MAX. */
#define ARENA_BYTES (4u * 1024u * 1024u)

/* Before each payload in the queues. */
struct slip {
    uint64_t lsn;
    uint32_t count;
    uint8_t type;
};

struct journal {
    struct wal *wal;
    struct journal_events events;
    struct backlog unsynced; /* appended, not on disk */
    struct backlog waiting;  /* not appended */
    struct text bytes;       /* of one: its slip, its payload */
    struct arena arena;      /* of one that is told */
    bool telling;            /* what is told is borrowed from `unsynced`: nothing is added to it meanwhile */
    bool short_of_space;     /* said */
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

static struct slip slip_of(struct span entry)
{
    struct slip slip;
    memcpy(&slip, entry.data, sizeof slip);
    return slip;
}

static struct span payload_of(struct span entry)
{
    return (struct span){entry.data + sizeof(struct slip), entry.size - sizeof(struct slip)};
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

/* The entry's slip is filled in when it has a number. */
static enum status append(struct journal *journal, struct span entry)
{
    struct slip slip = slip_of(entry);
    struct span payload = payload_of(entry);
    enum status status = wal_append(journal->wal, slip.type, slip.count, &payload, 1, &slip.lsn);
    space_say(journal, status);
    if (status != STATUS_OK)
        return status;
    memcpy((char *)(uintptr_t)entry.data, &slip, sizeof slip);
    return backlog_push(&journal->unsynced, entry);
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

enum status journal_put(struct journal *journal, const struct journal_record *record)
{
    const struct slip slip = {.type = journal_type(record->kind),
                              .count = record->kind == JOURNAL_BATCH ? (uint32_t)record->item_count : 1};
    text_clear(&journal->bytes);
    text_append(&journal->bytes, (struct span){(const char *)&slip, sizeof slip});
    enum status status = journal_pack(record, &journal->bytes);
    if (status != STATUS_OK)
        return status;
    struct span entry = {journal->bytes.data, journal->bytes.size};
    if (!journal->telling && journal->waiting.bytes == 0) {
        status = append(journal, entry);
        if (status == STATUS_OK || status == STATUS_NO_MEMORY)
            return status;
    }
    return backlog_push(&journal->waiting, entry);
}

/* --- out --- */

static bool tell(struct journal *journal, struct span entry)
{
    struct slip slip = slip_of(entry);
    struct journal_record record;
    char reason[REASON_BYTES] = "";
    arena_reset(&journal->arena);
    enum status status =
        journal_unpack(slip.type, slip.lsn, slip.count, payload_of(entry), &journal->arena, &record, reason);
    if (status != STATUS_OK) { /* what was packed here */
        fail(journal, reason);
        return false;
    }
    journal->events.record(journal->events.self, &record);
    return !journal->failed;
}

static void on_synced(void *self, uint64_t lsn)
{
    struct journal *journal = self;
    struct span entry;
    if (journal->closing)
        return;
    journal->telling = true;
    while (!journal->failed && backlog_first(&journal->unsynced, &entry)) {
        struct slip slip = slip_of(entry);
        if (slip.lsn + slip.count - 1 > lsn || !tell(journal, entry))
            break;
        backlog_pop(&journal->unsynced);
    }
    if (!journal->failed && journal->events.settled != NULL)
        journal->events.settled(journal->events.self);
    journal->telling = false;
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
    arena_init(&journal->arena, ARENA_BYTES);
    enum status status = wal_open(loop, &wal_options, &wal_events, now_ms, &journal->wal, ret_found, ret_reason);
    if (status != STATUS_OK) {
        free(journal);
        return status;
    }
    *ret_journal = journal;
    return STATUS_OK;
}

bool journal_is_behind(const struct journal *journal)
{
    return journal->waiting.bytes > 0;
}

bool journal_is_settled(const struct journal *journal)
{
    return journal->waiting.bytes == 0 && journal->unsynced.bytes == 0;
}

uint64_t journal_next(const struct journal *journal)
{
    return wal_next(journal->wal);
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
    backlog_fini(&journal->unsynced);
    backlog_fini(&journal->waiting);
    text_fini(&journal->bytes);
    arena_fini(&journal->arena);
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
