/* Judgement follows the journal: what is on disk is read back and applied, in order, in portions. A start is nothing
 * else: it begins further back. */
#include "base/log.h"
#include "correlator/correlator_inside.h"
#include "correlator/journal/journal_reader.h"
#include "correlator/keeping_inside.h"

#include <inttypes.h>
#include <stdio.h>

#define ITEMS_A_TURN 512u                      /* then the loop turns, so that the links are served */
#define WAITING_MAX  ((size_t)8 * 1024 * 1024) /* bytes the sinks have not taken: beyond, judgement waits for them */

/* --- applying --- */

/* What an earlier life journaled is over since it was found: another of that name has not been looked at yet. */
static void request_applied(const struct correlator *correlator, const struct journal_record *record)
{
    if (record->number >= correlator->keeping.found.next)
        keeping_request_over(correlator, record);
}

static void stream_note(struct correlator *correlator, const struct journal_record *record)
{
    struct stream *stream;
    uint64_t last = record->first + record->item_count - 1;
    enum status status = streams_get(&correlator->keeping.streams, record->name, record->epoch, &stream);
    if (status != STATUS_OK)
        flow_fail(correlator, status_text(status));
    else if (last > stream->received)
        stream->received = last;
}

static void apply_batch(struct correlator *correlator, const struct journal_record *record, const char *name)
{
    struct intake intake = {.agent = name, .number = record->number, .heard_ms = record->at_ms};
    intake_items(correlator, &intake, record->items, record->item_count);
    stream_note(correlator, record);
}

static void apply_source_retired(struct correlator *correlator, const struct journal_record *record, const char *name)
{
    log_info("source.retired", "nobody waits for source %s any more, until it speaks again", name);
    if (watermark_retire(correlator->promised, span_of(name)) != STATUS_OK)
        log_warn("source.many", "source %s cannot be retired: too many are known", name);
    judgement_watermark(correlator, record->at_ms);
    request_applied(correlator, record);
}

static void apply(struct correlator *correlator, const struct journal_record *record)
{
    char name[PEER_NAME_BYTES];
    keeping_name(record, name);
    bool moves =
        record->kind == JOURNAL_BATCH || record->kind == JOURNAL_MARKS || record->kind == JOURNAL_SOURCE_RETIRED;
    if (moves)
        intake_at(correlator, record->number);
    switch (record->kind) {
    case JOURNAL_BATCH:
        apply_batch(correlator, record, name);
        return;
    case JOURNAL_MARKS:
        intake_promises(correlator, name, record->marks, record->mark_count, record->at_ms);
        break;
    case JOURNAL_SOURCE_RETIRED:
        apply_source_retired(correlator, record, name);
        break;
    case JOURNAL_SINK_RETIRED: /* carried out when it was journaled, or found by a start */
        request_applied(correlator, record);
        break;
    case JOURNAL_SINK_SEEN:
    case JOURNAL_START:
    case JOURNAL_RULES:
    case JOURNAL_FLUSHES:
    case JOURNAL_KIND_COUNT:
        break;
    }
    if (moves && !correlator->failed && keeping_flushes(correlator, record->number, false))
        judgement_flush(correlator);
}

/* --- reading --- */

enum status keeping_read(struct correlator *correlator, struct wal_reader *reader, struct journal_record *ret_record,
                         char ret_reason[WAL_REASON_BYTES])
{
    struct keeping *keeping = &correlator->keeping;
    struct wal_record record;
    char reason[REASON_BYTES] = "";
    enum status status = wal_reader_next(reader, &record, ret_reason);
    if (status != STATUS_OK)
        return status;
    arena_reset(&keeping->arena);
    status = journal_unpack(record.type, record.lsn, record.count, record.payload, &keeping->arena, ret_record, reason);
    if (status != STATUS_OK)
        (void)snprintf(ret_reason, WAL_REASON_BYTES, "%.200s: %.250s", keeping->folder, reason);
    return status;
}

void keeping_name(const struct journal_record *record, char ret_name[PEER_NAME_BYTES])
{
    size_t size = record->name.size < PEER_NAME_BYTES - 1 ? record->name.size : PEER_NAME_BYTES - 1;
    memcpy(ret_name, size > 0 ? record->name.data : "", size);
    ret_name[size] = '\0';
}

/* --- following --- */

static bool is_caught_up(const struct keeping *keeping)
{
    return keeping->next > journal_synced(keeping->journal);
}

static bool may_step(const struct correlator *correlator)
{
    return !correlator->failed && !is_caught_up(&correlator->keeping) &&
           outlet_waiting(&correlator->outlet) <= WAITING_MAX;
}

static enum status next_apply(struct correlator *correlator, char ret_reason[WAL_REASON_BYTES])
{
    struct keeping *keeping = &correlator->keeping;
    struct journal_record record;
    enum status status = STATUS_OK;
    if (keeping->reader == NULL)
        status = journal_reader_open(keeping->folder, keeping->next, &keeping->reader, ret_reason);
    if (status == STATUS_OK)
        status = keeping_read(correlator, keeping->reader, &record, ret_reason);
    if (status == STATUS_END && keeping->next < keeping->found.next) { /* a repair let go of the last ones */
        keeping->next = keeping->found.next;
        return STATUS_OK;
    }
    if (status == STATUS_END)
        (void)snprintf(ret_reason, WAL_REASON_BYTES, "%.200s: record %" PRIu64 " was written, and cannot be read back",
                       keeping->folder, keeping->next);
    if (status != STATUS_OK)
        return status;
    apply(correlator, &record);
    keeping->next = record.number + record.count;
    keeping_plan_over(correlator);
    return STATUS_OK;
}

static void recovered_say(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    keeping->is_recovering = false;
    log_info("journal.recovered",
             "%s: applied again up to record %" PRIu64 ": %" PRIu64 " reports, %" PRIu64 " incidents in memory",
             keeping->folder, keeping->found.next - 1, correlator->stats.received,
             correlator_stats(correlator)->incidents);
}

static void step(uv_idle_t *idle)
{
    struct correlator *correlator = idle->data;
    struct keeping *keeping = &correlator->keeping;
    char reason[WAL_REASON_BYTES] = "";
    uint64_t begin = keeping->next;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && keeping->next - begin < ITEMS_A_TURN && may_step(correlator))
        status = next_apply(correlator, reason);
    if (status != STATUS_OK)
        flow_fail(correlator, reason);
    if (!may_step(correlator))
        (void)uv_idle_stop(idle);
    if (correlator->failed)
        return;
    if (keeping->is_recovering && keeping->next >= keeping->found.next)
        recovered_say(correlator);
    if (correlator->finishing && keeping_lag(correlator) == 0)
        judgement_flush(correlator);
    keeping_tell(correlator);
    flow_update(correlator);
    flow_check_done(correlator);
}

void keeping_follow(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    if (keeping->journal != NULL && keeping->has_begun && may_step(correlator))
        (void)uv_idle_start(&keeping->idle, step);
}
