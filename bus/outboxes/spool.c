/* The spool: what is being put together, the log, and two windows on it for the one who sends.
 *
 *     append ─▶ made (items, notes) ─commit─▶ log ═══════════════════════ segments
 *          └──▶ recent: the latest items, in memory        page: older ones, read back in order
 *
 * `made` is held where the log takes nothing for now: then nothing is appended until it is in the log. */
#include "bus/outboxes/spool.h"

#include "base/wal/wal_files.h"
#include "bus/outboxes/spool_epoch.h"
#include "bus/outboxes/spool_made.h"
#include "bus/outboxes/spool_page.h"
#include "bus/outboxes/spool_promises.h"
#include "bus/outboxes/spool_recover.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define RECENT_BYTES   ((size_t)8 * 1024 * 1024)
#define ITEM_BYTES_MAX (SPOOL_PAGE_BYTES / 2)
#define SEGMENT_MIN    ((size_t)64 * 1024)
#define SEGMENT_MAX    ((size_t)16 * 1024 * 1024)
#define SEGMENTS       16u /* of a full spool, at least */

struct spool {
    struct outbox outbox;
    struct wal *wal;
    struct wal_options options;
    uint64_t created, opened_ms; /* the log's identity; of this life */
    enum spool_policy policy;
    struct spool_made made;
    bool held;
    bool is_unsent; /* the file says so */
    struct outbox *recent;
    struct spool_page page;
    struct spool_notes notes;
    struct text all;    /* notes, written down */
    uint64_t all_lsn;   /* of the last record with all notes; 0: none */
    uint64_t since_all; /* bytes written since */
    enum status failed;
    bool closing;
    void (*closed)(void *self);
    void *closed_self;
};

static struct spool *spool_of(const struct outbox *outbox)
{
    return (struct spool *)outbox;
}

/* --- telling --- */

static void tell_changed(struct spool *spool)
{
    if (spool->outbox.events.changed != NULL)
        spool->outbox.events.changed(spool->outbox.events.self);
}

static void fail(struct spool *spool, enum status status, const char *reason)
{
    if (spool->failed != STATUS_OK)
        return;
    spool->failed = status;
    if (spool->outbox.events.failed != NULL)
        spool->outbox.events.failed(spool->outbox.events.self, status, reason);
}

/* --- writing --- */

/* All notes are written again once as much was written since as they and a quarter of a segment are long. */
static bool notes_due(const struct spool *spool)
{
    if (spool->notes.bytes > SPOOL_NOTES_BYTES_MAX)
        return false;
    return spool->all_lsn == 0 || spool->since_all > spool->options.segment_bytes / 4 + 4 * spool->notes.bytes;
}

static enum status write_made(struct spool *spool)
{
    struct spool_made *made = &spool->made;
    bool all = made->notes_all || notes_due(spool);
    uint64_t lsn;
    size_t bytes;
    if (all) {
        text_clear(&spool->all);
        spool_notes_write(&spool->notes, &spool->all);
    }
    enum status status =
        spool_made_append(made, spool->wal, spool->outbox.epoch, all ? &spool->all : NULL, &lsn, &bytes);
    if (status != STATUS_OK)
        return status;
    assert(lsn + made->count - 1 == spool->outbox.last);
    spool->since_all += bytes;
    if (all) {
        spool->all_lsn = lsn;
        spool->since_all = 0;
    }
    return STATUS_OK;
}

static void log_trim(struct spool *spool)
{
    uint64_t upto = spool->outbox.first - 1;
    if (spool->all_lsn == 0)
        return;
    wal_trim(spool->wal, upto < spool->all_lsn ? upto : spool->all_lsn - 1);
}

/* Makes room by its policy: the oldest segment that is still waited for. */
static void drop_oldest(struct spool *spool)
{
    struct outbox *outbox = &spool->outbox;
    struct wal_segment segments[SEGMENTS * 4];
    size_t count = wal_segments(spool->options.folder, segments, SEGMENTS * 4);
    count = count < SEGMENTS * 4 ? count : SEGMENTS * 4;
    for (size_t i = 0; i < count; i++) {
        uint64_t last = segments[i].next - 1;
        if (last < outbox->first)
            continue;
        if (!segments[i].sealed || last >= spool->all_lsn || last > outbox->ready)
            return;
        outbox->dropped += last + 1 - outbox->first;
        outbox->first = last + 1;
        spool->recent->driver->trim(spool->recent, last);
        log_trim(spool);
        return;
    }
}

/* Puts what was made into the log; where that takes nothing now it is held. */
static void flush(struct spool *spool)
{
    struct outbox *outbox = &spool->outbox;
    enum status status = spool->failed == STATUS_OK ? write_made(spool) : STATUS_CLOSED;
    bool full = status == STATUS_FULL || status == STATUS_NO_SPACE;
    spool->held = status != STATUS_OK;
    if (status == STATUS_OK) {
        spool_made_clear(&spool->made);
        outbox->full = false;
        outbox->bytes = (size_t)wal_bytes(spool->wal);
    } else if (full) {
        outbox->full = true;
        if (spool->policy == SPOOL_DROP_OLDEST)
            drop_oldest(spool);
    } else if (status != STATUS_AGAIN && status != STATUS_CLOSED && status != STATUS_NO_MEMORY) {
        fail(spool, status, "the spool cannot write what it made");
    }
}

static void spool_commit(struct outbox *outbox)
{
    struct spool *spool = spool_of(outbox);
    if (spool->made.count > 0 && !spool->held)
        flush(spool);
}

/* Without memory for it, it is read back from the disk. */
static void recent_add(struct spool *spool, struct span item)
{
    struct outbox *recent = spool->recent;
    enum status status;
    while ((status = recent->driver->append(recent, item)) == STATUS_AGAIN)
        recent->driver->trim(recent, recent->first + 255);
    if (status == STATUS_OK)
        return;
    recent->driver->trim(recent, recent->last);
    recent->first = spool->outbox.last + 2;
    recent->last = recent->ready = spool->outbox.last + 1;
}

static enum status spool_append(struct outbox *outbox, struct span item)
{
    struct spool *spool = spool_of(outbox);
    if (spool->failed != STATUS_OK)
        return STATUS_CLOSED;
    if (item.size > ITEM_BYTES_MAX)
        return STATUS_TOO_LARGE;
    if (spool->held && outbox->full && spool->policy == SPOOL_REJECT) {
        outbox->dropped++;
        return STATUS_FULL;
    }
    if (spool->held || !spool_made_has_room(&spool->made, item.size))
        return STATUS_AGAIN;
    if (!spool_made_add(&spool->made, item))
        return STATUS_NO_MEMORY;
    recent_add(spool, item);
    outbox->last++;
    return STATUS_OK;
}

static bool spool_room(const struct outbox *outbox, size_t size)
{
    const struct spool *spool = spool_of(outbox);
    if (spool->failed != STATUS_OK)
        return false;
    if (spool->held) /* what is dropped needs no room */
        return outbox->full && spool->policy == SPOOL_REJECT;
    return spool_made_has_room(&spool->made, size);
}

/* --- what the log tells --- */

static void retry(struct spool *spool)
{
    if (spool->held && spool->failed == STATUS_OK && !spool->closing)
        flush(spool);
}

static void on_synced(void *self, uint64_t lsn)
{
    struct spool *spool = self;
    spool->outbox.ready = lsn;
    retry(spool);
    tell_changed(spool);
}

static void on_room(void *self)
{
    struct spool *spool = self;
    retry(spool);
    tell_changed(spool);
}

static void on_failed(void *self, enum status status, const char *reason)
{
    fail(self, status, reason);
}

/* --- reading --- */

static size_t spool_read(struct outbox *outbox, uint64_t position, size_t count_max, size_t bytes_max, size_t item_cost,
                         struct span *ret_items)
{
    struct spool *spool = spool_of(outbox);
    char reason[WAL_REASON_BYTES] = "";
    if (position >= spool->recent->first) {
        spool_page_rest(&spool->page);
        return spool->recent->driver->read(spool->recent, position, count_max, bytes_max, item_cost, ret_items);
    }
    enum status status = spool_page_turn(&spool->page, position, outbox->ready, reason);
    if (status != STATUS_OK && status != STATUS_NO_MEMORY)
        fail(spool, status, reason);
    struct outbox *items = spool->page.items;
    return items->driver->read(items, position, count_max, bytes_max, item_cost, ret_items);
}

static void spool_promise(struct outbox *outbox, struct span packed)
{
    spool_note_set(outbox, SPOOL_PROMISE_KEY, packed);
}

static void spool_trim(struct outbox *outbox, uint64_t position)
{
    struct spool *spool = spool_of(outbox);
    position = position < outbox->last ? position : outbox->last;
    if (position < outbox->first)
        return;
    outbox->first = position + 1;
    spool->recent->driver->trim(spool->recent, position);
    if (spool->failed == STATUS_OK)
        log_trim(spool);
    outbox->bytes = (size_t)wal_bytes(spool->wal);
}

static const struct wal_files *files_of(const struct spool *spool)
{
    return spool->options.files != NULL ? spool->options.files : &wal_files_system;
}

/* One that never was, even where this spool is a copy of one that has gone on. */
static enum status spool_renew(struct outbox *outbox)
{
    struct spool *spool = spool_of(outbox);
    outbox->epoch = outbox->epoch < spool->opened_ms ? spool->opened_ms : outbox->epoch + 1;
    outbox->begins = outbox->first;
    return spool_epoch_write(files_of(spool), spool->options.folder,
                             &(struct spool_epoch){spool->created, outbox->epoch, outbox->begins});
}

/* From now on more of it has left than was known at the start. */
static void spool_leaves(struct outbox *outbox)
{
    struct spool *spool = spool_of(outbox);
    if (spool->is_unsent)
        spool_unsent_remove(files_of(spool), spool->options.folder);
    spool->is_unsent = false;
}

/* What lives before took and never sent has not left: a spool that was put back from an earlier time is found out by
 * that, however often it was started before it was heard. Where it cannot be written, all of it may have left. */
static void sent_restore(struct spool *spool)
{
    struct outbox *outbox = &spool->outbox;
    uint64_t position;
    if (spool_unsent_read(files_of(spool), spool->options.folder, spool->created, &position) == STATUS_OK &&
        position <= outbox->last) {
        outbox->sent = position;
        spool->is_unsent = true;
        return;
    }
    spool->is_unsent =
        spool_unsent_write(files_of(spool), spool->options.folder, spool->created, outbox->last) == STATUS_OK;
}

/* The epoch as its file says, or the last record, or the log. */
static void epoch_restore(struct spool *spool)
{
    struct outbox *outbox = &spool->outbox;
    struct spool_epoch found;
    bool is_said = spool_epoch_read(files_of(spool), spool->options.folder, &found) == STATUS_OK &&
                   found.created == spool->created && found.epoch >= outbox->epoch;
    if (is_said)
        outbox->epoch = found.epoch;
    if (is_said)
        outbox->begins = found.begins;
    else if (outbox->epoch == spool->created || outbox->lossy)
        outbox->begins = 1;
}

/* --- notes --- */

struct span spool_note(const struct outbox *outbox, struct span key)
{
    return spool_notes_get(&spool_of(outbox)->notes, key);
}

void spool_note_set(struct outbox *outbox, struct span key, struct span value)
{
    struct spool *spool = spool_of(outbox);
    spool_made_note(&spool->made, &spool->notes, key, value);
}

void spool_notes_each(const struct outbox *outbox, void (*visit)(void *visitor, struct span key), void *visitor)
{
    spool_notes_visit(&spool_of(outbox)->notes, visit, visitor);
}

/* --- opening and closing --- */

static void spool_free(struct spool *spool)
{
    spool_page_fini(&spool->page);
    if (spool->recent != NULL)
        spool->recent->driver->close(spool->recent, NULL, NULL);
    spool_notes_fini(&spool->notes);
    promises_fini(&spool->outbox.promises);
    text_fini(&spool->all);
    spool_made_fini(&spool->made);
    free((char *)spool->options.folder);
    free(spool);
}

static void on_closed(void *self)
{
    struct spool *spool = self;
    void (*closed)(void *) = spool->closed;
    void *closed_self = spool->closed_self;
    spool_free(spool);
    if (closed != NULL)
        closed(closed_self);
}

static void spool_close(struct outbox *outbox, void (*closed)(void *self), void *self)
{
    struct spool *spool = spool_of(outbox);
    outbox->events = (struct outbox_events){0};
    spool->closing = true; /* what is held is read again at the next start */
    spool->closed = closed;
    spool->closed_self = self;
    wal_close(spool->wal, on_closed, spool);
}

static const struct outbox_driver outbox_spool = {
    .name = "spool",
    .append = spool_append,
    .commit = spool_commit,
    .room = spool_room,
    .read = spool_read,
    .trim = spool_trim,
    .promise = spool_promise,
    .leaves = spool_leaves,
    .renew = spool_renew,
    .close = spool_close,
};

static size_t segment_bytes(uint64_t bytes_max)
{
    uint64_t bytes = bytes_max / SEGMENTS;
    return (size_t)(bytes < SEGMENT_MIN ? SEGMENT_MIN : bytes > SEGMENT_MAX ? SEGMENT_MAX : bytes);
}

/* Everything but the log. */
static enum status spool_new(const struct spool_options *options, struct spool **ret_spool)
{
    uint64_t bytes_max = options->bytes_max > 0 ? options->bytes_max : SPOOL_BYTES_MAX;
    struct spool *spool = calloc(1, sizeof *spool);
    if (spool == NULL)
        return STATUS_NO_MEMORY;
    spool->policy = options->full;
    spool->options = (struct wal_options){.folder = strdup(options->folder),
                                          .kind = "spool",
                                          .version = SPOOL_VERSION,
                                          .segment_bytes = segment_bytes(bytes_max),
                                          .bytes_max = bytes_max,
                                          .sync = options->sync,
                                          .files = options->files};
    enum status status = spool->options.folder != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = outbox_memory_open(options->recent_bytes > 0 ? options->recent_bytes : RECENT_BYTES, &spool->recent);
    if (status == STATUS_OK)
        status = spool_page_init(&spool->page, &spool->options, &spool->outbox.promises);
    if (status != STATUS_OK) {
        spool_free(spool);
        return status;
    }
    spool->outbox = (struct outbox){.driver = &outbox_spool,
                                    .bytes_max = (size_t)bytes_max,
                                    .lossy = options->full == SPOOL_DROP_OLDEST || options->gap == SPOOL_ACCEPTS_GAP};
    *ret_spool = spool;
    return STATUS_OK;
}

enum status spool_open(uv_loop_t *loop, const struct spool_options *options, int64_t now_ms, struct outbox **ret_outbox,
                       char ret_reason[WAL_REASON_BYTES])
{
    struct spool *spool;
    struct wal_found found;
    enum status status = spool_new(options, &spool);
    if (status != STATUS_OK) {
        (void)snprintf(ret_reason, WAL_REASON_BYTES, "%s", status_text(status));
        return status;
    }
    const struct wal_events events = {on_synced, on_room, on_failed, spool};
    status = wal_open(loop, &spool->options, &events, now_ms, &spool->wal, &found, ret_reason);
    if (status != STATUS_OK) {
        spool_free(spool);
        return status;
    }
    struct outbox *outbox = &spool->outbox;
    outbox->epoch = found.created_ms;
    outbox->first = found.first;
    outbox->sent = outbox->ready = outbox->last = found.next - 1;
    outbox->bytes = (size_t)found.bytes;
    spool->created = found.created_ms;
    spool->opened_ms = now_ms > 0 ? (uint64_t)now_ms : 0;
    spool->recent->first = found.next;
    spool->recent->last = spool->recent->ready = found.next - 1;
    struct spool_past past = {.epoch = outbox->epoch};
    status = spool_recover(&spool->options, outbox->first, outbox->last, &past, ret_reason);
    outbox->epoch = past.epoch;
    spool->all_lsn = past.all_lsn;
    spool->notes = past.notes;
    if (status == STATUS_NO_MEMORY)
        (void)snprintf(ret_reason, WAL_REASON_BYTES, "%s", status_text(status));
    if (status != STATUS_OK) {
        spool_close(outbox, NULL, NULL);
        return status;
    }
    epoch_restore(spool);
    sent_restore(spool);
    *ret_outbox = outbox;
    return STATUS_OK;
}
