#include "correlator/keeping.h"

#include "base/clock.h"
#include "base/log.h"
#include "bus/receiver.h"
#include "correlator/correlator_inside.h"
#include "correlator/keeping_inside.h"
#include "correlator/requests.h"
#include "proto/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MARKS_EVERY_MS 10000   /* promises that say nothing urgent are journaled so often */
#define MARKS_STEP_MS  60000LL /* a promise that moved so far is journaled at once */

bool keeping_is_on(const struct correlator *correlator)
{
    return correlator->keeping.journal != NULL;
}

bool keeping_recovers(const struct correlator *correlator)
{
    return correlator->keeping.reader != NULL;
}

bool keeping_is_behind(const struct correlator *correlator)
{
    const struct keeping *keeping = &correlator->keeping;
    return keeping->journal != NULL && (keeping->reader != NULL || journal_is_behind(keeping->journal));
}

bool keeping_is_settled(const struct correlator *correlator)
{
    const struct keeping *keeping = &correlator->keeping;
    return keeping->journal == NULL ||
           (keeping->reader == NULL && journal_is_settled(keeping->journal) && !keeping->is_telling &&
            keeping->told.count == 0 && correlator->outlet.released == correlator->outlet.published);
}

void keeping_put(struct correlator *correlator, const struct journal_record *record)
{
    enum status status = journal_put(correlator->keeping.journal, record);
    if (status != STATUS_OK)
        flow_fail(correlator, status_text(status));
}

/* --- in --- */

void keeping_batch(struct correlator *correlator, const struct peer *peer, uint64_t first, const struct span *items,
                   size_t count)
{
    keeping_put(correlator, &(struct journal_record){.kind = JOURNAL_BATCH,
                                                     .at_ms = clock_wall_ms(),
                                                     .name = span_of(peer->name),
                                                     .epoch = peer->epoch,
                                                     .first = first,
                                                     .items = items,
                                                     .item_count = count});
    flow_update(correlator);
}

/* What is heard and not journaled. */
static bool is_news(const struct correlator *correlator, const struct watermark_source *heard, bool *ret_urgent)
{
    struct watermark_source kept = {.promise_ms = TIME_NONE};
    if (heard->agent == NULL)
        return false;
    bool known = watermark_find(correlator->promised, span_of(heard->name), &kept) && kept.agent != NULL;
    bool differs = !known || kept.state != heard->state || kept.is_retired != heard->is_retired ||
                   kept.promise_ms != heard->promise_ms;
    *ret_urgent = !known || kept.state != heard->state || kept.is_retired != heard->is_retired ||
                  (heard->promise_ms != TIME_NONE &&
                   (kept.promise_ms == TIME_NONE || heard->promise_ms - kept.promise_ms >= MARKS_STEP_MS));
    return differs;
}

static bool is_first_of_agent(const struct correlator *correlator, size_t index, const char *agent)
{
    struct watermark_source before;
    bool urgent;
    for (size_t i = 0; i < index && watermark_look(correlator->watermark, i, &before); i++)
        if (is_news(correlator, &before, &urgent) && strcmp(before.agent, agent) == 0)
            return false;
    return true;
}

/* All that one agent has said and is not journaled. */
static void marks_put(struct correlator *correlator, const char *agent, int64_t now_ms)
{
    struct source_mark marks[256];
    struct watermark_source heard;
    size_t count = 0;
    bool urgent;
    for (size_t i = 0; watermark_look(correlator->watermark, i, &heard); i++) {
        if (!is_news(correlator, &heard, &urgent) || strcmp(heard.agent, agent) != 0)
            continue;
        marks[count++] = (struct source_mark){span_of(heard.name), heard.promise_ms, heard.state};
        if (count == sizeof marks / sizeof marks[0]) /* the rest another time */
            break;
    }
    keeping_put(
        correlator,
        &(struct journal_record){
            .kind = JOURNAL_MARKS, .at_ms = now_ms, .name = span_of(agent), .marks = marks, .mark_count = count});
}

void keeping_marks(struct correlator *correlator, int64_t now_ms)
{
    struct keeping *keeping = &correlator->keeping;
    struct watermark_source heard;
    bool is_due = now_ms - keeping->marked_ms >= MARKS_EVERY_MS || now_ms < keeping->marked_ms;
    bool urgent, news = false;
    for (size_t i = 0; watermark_look(correlator->watermark, i, &heard); i++)
        if (is_news(correlator, &heard, &urgent)) {
            news = true;
            is_due = is_due || urgent;
        }
    if (!news || !is_due || correlator->failed)
        return;
    keeping->marked_ms = now_ms;
    for (size_t i = 0; watermark_look(correlator->watermark, i, &heard) && !correlator->failed; i++)
        if (is_news(correlator, &heard, &urgent) && is_first_of_agent(correlator, i, heard.agent))
            marks_put(correlator, heard.agent, now_ms);
}

/* Where all sources have ended, or none was ever configured, the clock moves the watermark. */
static void clock_put(struct correlator *correlator, int64_t now_ms)
{
    int64_t watermark_ms = watermark_value(correlator->promised, now_ms);
    if (watermark_ms == TIME_NONE ||
        (correlator->watermark_ms != TIME_NONE && watermark_ms - correlator->watermark_ms < MARKS_STEP_MS))
        return;
    keeping_put(correlator, &(struct journal_record){.kind = JOURNAL_MARKS, .at_ms = now_ms});
}

static enum status put_name(struct correlator *correlator, enum journal_kind kind, const char *name)
{
    return journal_put(correlator->keeping.journal,
                       &(struct journal_record){.kind = kind, .at_ms = clock_wall_ms(), .name = span_of(name)});
}

/* Journaled twice is as once: it goes when it is carried out. */
static void on_request(void *self, enum request_kind kind, const char *name)
{
    struct correlator *correlator = self;
    enum status status =
        put_name(correlator, kind == REQUEST_SOURCE ? JOURNAL_SOURCE_RETIRED : JOURNAL_SINK_RETIRED, name);
    if (status != STATUS_OK)
        log_warn("request.failed", "%s cannot be retired: %s", name, status_text(status));
}

static void request_over(const struct correlator *correlator, enum request_kind kind, const char *name)
{
    if (correlator->keeping.requests[0] != '\0')
        request_done(correlator->keeping.requests, kind, name);
}

void keeping_tick(struct correlator *correlator, int64_t now_ms)
{
    if (correlator->failed || correlator->finishing || keeping_recovers(correlator) ||
        !journal_is_settled(correlator->keeping.journal))
        return;
    keeping_marks(correlator, now_ms);
    if (journal_is_settled(correlator->keeping.journal))
        clock_put(correlator, now_ms);
    if (correlator->keeping.requests[0] != '\0')
        requests_visit(correlator->keeping.requests, on_request, correlator);
    checkpointing_tick(correlator, now_ms);
    catalogue_tick(correlator->keeping.catalogue, correlator->number + 1);
}

void keeping_sink(struct correlator *correlator, const char *name)
{
    if (correlator->keeping.journal == NULL || names_have(&correlator->keeping.sinks, name))
        return;
    enum status status = put_name(correlator, JOURNAL_SINK_SEEN, name);
    if (status != STATUS_OK)
        flow_fail(correlator, status_text(status));
}

/* --- flushes --- */

void keeping_note(struct correlator *correlator, const struct report *report)
{
    struct catalogue *catalogue = correlator->keeping.catalogue;
    if (catalogue != NULL && catalogue_note(catalogue, correlator->number, report) != STATUS_OK)
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
}

uint64_t keeping_position(const struct correlator *correlator, uint64_t number)
{
    uint64_t rules_number = correlator->keeping.rules_number;
    return number > rules_number ? number : rules_number;
}

bool keeping_flushes(struct correlator *correlator, uint64_t number, bool is_due)
{
    struct keeping *keeping = &correlator->keeping;
    struct numbers *plan = &keeping->plan;
    if (keeping->journal == NULL || number > keeping->plan_until)
        return is_due;
    while (plan->at < plan->count && plan->items[plan->at] < number)
        plan->at++;
    return plan->at < plan->count && plan->items[plan->at] == number;
}

bool keeping_is_planned(const struct correlator *correlator)
{
    const struct keeping *keeping = &correlator->keeping;
    return keeping->reader != NULL && correlator->number <= keeping->plan_until;
}

void keeping_flushed(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    struct numbers *told = &keeping->told;
    if (keeping->journal == NULL || keeping_is_planned(correlator) || correlator->number == 0)
        return; /* what was put off until a start was over is asked now for the first time, whatever its number */
    /* a late report is applied with the number it has */
    if (correlator->number < keeping->told_until ||
        (told->count > 0 && told->items[told->count - 1] >= correlator->number))
        return;
    if (!numbers_add(told, correlator->number))
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
}

/* One record under way at a time: what is told meanwhile goes into the next. */
void keeping_tell(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    struct outlet *outlet = &correlator->outlet;
    if (keeping->journal == NULL || keeping->is_telling || correlator->failed)
        return;
    if (correlator->number <= keeping->plan_until && keeping->told.count == 0) {
        outlet_release(outlet, outlet->published); /* told in an earlier life too */
        return;
    }
    if (keeping->told.count == 0 && outlet->released == outlet->published)
        return;
    keeping->is_telling = true;
    keeping->told_until = correlator->number;
    keeping->release_at = outlet->published;
    keeping_put(correlator, &(struct journal_record){.kind = JOURNAL_FLUSHES,
                                                     .at_ms = clock_wall_ms(),
                                                     .until = correlator->number,
                                                     .flushes = keeping->told.items,
                                                     .flush_count = keeping->told.count});
    keeping->told.count = 0;
}

void keeping_retain(struct correlator *correlator, uint64_t number, int64_t now_ms)
{
    struct keeping *keeping = &correlator->keeping;
    int64_t since_ms = now_ms - correlator->options.config->retain_ms;
    uint64_t gone = keeping->journal != NULL ? catalogue_trim(keeping->catalogue, number, since_ms) : 0;
    if (gone == 0)
        return;
    log_info("journal.trim",
             "%s: records up to %" PRIu64 " are older than correlator.journal.retain: they are let go of",
             keeping->folder, gone);
    journal_trim(keeping->journal, gone);
}

/* --- what is on disk --- */

void keeping_recorded(void *self, const struct journal_record *record)
{
    struct correlator *correlator = self;
    struct keeping *keeping = &correlator->keeping;
    if (correlator->failed)
        return;
    if (record->kind == JOURNAL_FLUSHES) {
        keeping->is_telling = false;
        outlet_release(&correlator->outlet, keeping->release_at);
        return;
    }
    keeping_apply(correlator, record);
}

void keeping_settled(void *self)
{
    struct correlator *correlator = self;
    if (correlator->failed)
        return;
    if (correlator->finishing && !keeping_recovers(correlator))
        judgement_flush(correlator);
    keeping_tell(correlator);
    flow_update(correlator);
    flow_check_done(correlator);
}

void keeping_room(void *self)
{
    flow_update(self);
}

void keeping_failed(void *self, const char *reason)
{
    flow_fail(self, reason);
}

/* --- applying --- */

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
    if (!correlator->failed && !keeping_recovers(correlator))
        intake_acknowledge(correlator, &(struct peer){.name = name, .epoch = record->epoch},
                           record->first + record->item_count - 1);
}

static void apply_marks(struct correlator *correlator, const struct journal_record *record, const char *name)
{
    if (keeping_recovers(correlator) && record->mark_count > 0 &&
        watermark_mark(correlator->watermark, name, record->at_ms, record->marks, record->mark_count) != STATUS_OK)
        log_warn("source.many", "agent %s speaks of more sources than can be kept", name);
    intake_promises(correlator, name, record->marks, record->mark_count, record->at_ms);
}

static void apply_source_retired(struct correlator *correlator, const struct journal_record *record, const char *name)
{
    log_info("source.retired", "nobody waits for source %s any more, until it speaks again", name);
    if (watermark_retire(correlator->promised, span_of(name)) != STATUS_OK ||
        watermark_retire(correlator->watermark, span_of(name)) != STATUS_OK)
        log_warn("source.many", "source %s cannot be retired: too many are known", name);
    judgement_watermark(correlator, record->at_ms);
    request_over(correlator, REQUEST_SOURCE, name);
}

static void apply_sink_seen(struct correlator *correlator, const char *name)
{
    if (names_have(&correlator->keeping.sinks, name))
        return;
    if (!keeping_recovers(correlator))
        log_info("sink.new", "sink %s is known from now on: what is published waits for it", name);
    if (!names_add(&correlator->keeping.sinks, name))
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
}

static void apply_sink_retired(struct correlator *correlator, const char *name)
{
    names_remove(&correlator->keeping.sinks, name);
    log_info("sink.retired", "nothing waits for sink %s any more, until it comes again", name);
    if (outlet_forget(&correlator->outlet, name) != STATUS_OK && !keeping_recovers(correlator))
        log_warn("sink.retired", "no sink %s was known", name);
    request_over(correlator, REQUEST_SINK, name);
}

void keeping_apply(struct correlator *correlator, const struct journal_record *record)
{
    char name[LIMIT_NAME_BYTES + 1];
    size_t size = record->name.size < sizeof name - 1 ? record->name.size : sizeof name - 1;
    memcpy(name, size > 0 ? record->name.data : "", size);
    name[size] = '\0';
    bool moves =
        record->kind == JOURNAL_BATCH || record->kind == JOURNAL_MARKS || record->kind == JOURNAL_SOURCE_RETIRED;
    if (moves)
        intake_at(correlator, record->number);
    switch (record->kind) {
    case JOURNAL_BATCH:
        apply_batch(correlator, record, name);
        return;
    case JOURNAL_MARKS:
        apply_marks(correlator, record, name);
        break;
    case JOURNAL_SOURCE_RETIRED:
        apply_source_retired(correlator, record, name);
        break;
    case JOURNAL_SINK_SEEN:
        apply_sink_seen(correlator, name);
        break;
    case JOURNAL_SINK_RETIRED:
        apply_sink_retired(correlator, name);
        break;
    case JOURNAL_START:
    case JOURNAL_RULES:
    case JOURNAL_FLUSHES:
    case JOURNAL_KIND_COUNT:
        break;
    }
    if (moves && !correlator->failed && keeping_flushes(correlator, record->number, false))
        judgement_flush(correlator);
}
