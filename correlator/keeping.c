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

uint64_t keeping_lag(const struct correlator *correlator)
{
    const struct keeping *keeping = &correlator->keeping;
    return keeping->journal != NULL ? journal_next(keeping->journal) - keeping->next : 0;
}

bool keeping_is_behind(const struct correlator *correlator)
{
    return keeping_is_on(correlator) && journal_is_behind(correlator->keeping.journal);
}

bool keeping_is_settled(const struct correlator *correlator)
{
    const struct keeping *keeping = &correlator->keeping;
    return keeping->journal == NULL ||
           (keeping_lag(correlator) == 0 && !keeping->is_telling && keeping->told.count == 0 &&
            correlator->outlet.released == correlator->outlet.published);
}

uint64_t keeping_put(struct correlator *correlator, const struct journal_record *record)
{
    uint64_t number = 0;
    enum status status = journal_put(correlator->keeping.journal, record, &number);
    if (status != STATUS_OK)
        flow_fail(correlator, status_text(status));
    return number;
}

/* --- in --- */

void keeping_batch(struct correlator *correlator, const struct peer *peer, uint64_t first, const struct span *items,
                   size_t count)
{
    const struct journal_record record = {.kind = JOURNAL_BATCH,
                                          .at_ms = clock_wall_ms(),
                                          .name = span_of(peer->name),
                                          .epoch = peer->epoch,
                                          .first = first,
                                          .items = items,
                                          .item_count = count};
    uint64_t number = keeping_put(correlator, &record);
    if (!correlator->failed && acks_await(&correlator->acks, number + count - 1, peer, first + count - 1) != STATUS_OK)
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
    flow_update(correlator);
}

/* What is heard and not journaled. */
static bool is_news(const struct correlator *correlator, const struct watermark_source *heard, bool *ret_urgent)
{
    struct watermark_source kept = {.promise_ms = TIME_NONE};
    if (heard->agent == NULL)
        return false;
    bool known = watermark_find(correlator->journaled, span_of(heard->name), &kept) && kept.agent != NULL;
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
    if (watermark_mark(correlator->journaled, agent, now_ms, marks, count) != STATUS_OK)
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
    (void)keeping_put(
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
    if (keeping_lag(correlator) > 0 || watermark_ms == TIME_NONE ||
        (correlator->watermark_ms != TIME_NONE && watermark_ms - correlator->watermark_ms < MARKS_STEP_MS))
        return;
    (void)keeping_put(correlator, &(struct journal_record){.kind = JOURNAL_MARKS, .at_ms = now_ms});
}

static uint64_t put_name(struct correlator *correlator, enum journal_kind kind, const char *name)
{
    return keeping_put(correlator,
                       &(struct journal_record){.kind = kind, .at_ms = clock_wall_ms(), .name = span_of(name)});
}

/* Whom status and silence speak of; whom the watermark waits for is judgement's. */
static void source_retire(struct correlator *correlator, const char *name)
{
    if (watermark_retire(correlator->watermark, span_of(name)) != STATUS_OK ||
        watermark_retire(correlator->journaled, span_of(name)) != STATUS_OK)
        log_warn("source.many", "source %s cannot be retired: too many are known", name);
}

/* At once, not where it stands in the journal: judgement may be waiting for this very sink. */
static void sink_retire(struct correlator *correlator, const char *name)
{
    names_remove(&correlator->keeping.sinks, name);
    log_info("sink.retired", "nothing waits for sink %s any more, until it comes again", name);
    if (outlet_forget(&correlator->outlet, name) != STATUS_OK)
        log_warn("sink.retired", "no sink %s was known", name);
}

/* Journaled twice is as once: it goes when it is applied, or found in the journal by a start. */
static void on_request(void *self, enum request_kind kind, const char *name)
{
    struct correlator *correlator = self;
    bool is_source = kind == REQUEST_SOURCE;
    correlator->keeping.requested =
        put_name(correlator, is_source ? JOURNAL_SOURCE_RETIRED : JOURNAL_SINK_RETIRED, name);
    if (correlator->failed)
        return;
    if (is_source)
        source_retire(correlator, name);
    else
        sink_retire(correlator, name);
}

void keeping_request_over(const struct correlator *correlator, const struct journal_record *record)
{
    char name[PEER_NAME_BYTES];
    keeping_name(record, name);
    if (correlator->keeping.requests[0] != '\0')
        request_done(correlator->keeping.requests,
                     record->kind == JOURNAL_SOURCE_RETIRED ? REQUEST_SOURCE : REQUEST_SINK, name);
}

void keeping_tick(struct correlator *correlator, int64_t now_ms)
{
    struct keeping *keeping = &correlator->keeping;
    if (correlator->failed || correlator->finishing)
        return;
    keeping_marks(correlator, now_ms);
    clock_put(correlator, now_ms);
    if (keeping->requests[0] != '\0' && keeping->next > keeping->requested)
        requests_visit(keeping->requests, on_request, correlator);
    checkpointing_tick(correlator, now_ms);
    catalogue_tick(keeping->catalogue, keeping->next);
}

void keeping_sink(struct correlator *correlator, const char *name)
{
    struct names *sinks = &correlator->keeping.sinks;
    if (!keeping_is_on(correlator) || names_have(sinks, name))
        return;
    log_info("sink.new", "sink %s is known from now on: what is published waits for it", name);
    if (!names_add(sinks, name))
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
    (void)put_name(correlator, JOURNAL_SINK_SEEN, name);
}

void keeping_note(struct correlator *correlator, const struct report *report)
{
    struct catalogue *catalogue = correlator->keeping.catalogue;
    if (catalogue != NULL && catalogue_note(catalogue, correlator->number, report) != STATUS_OK)
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
}

/* Of the journal, beyond retain_size. */
static uint64_t excess_bytes(const struct correlator *correlator)
{
    uint64_t bytes = journal_bytes(correlator->keeping.journal), most = correlator->options.config->retain_bytes;
    return most > 0 && bytes > most ? bytes - most : 0;
}

bool keeping_has_old(const struct correlator *correlator, int64_t now_ms)
{
    return excess_bytes(correlator) > 0 ||
           catalogue_is_older(correlator->keeping.catalogue, now_ms - correlator->options.config->retain_ms);
}

void keeping_retain(struct correlator *correlator, uint64_t number, int64_t needed_ms, int64_t now_ms)
{
    struct keeping *keeping = &correlator->keeping;
    if (keeping->journal == NULL)
        return;
    const struct catalogue_past past = {.number = number,
                                        .needed_ms = needed_ms,
                                        .since_ms = now_ms - correlator->options.config->retain_ms,
                                        .excess_bytes = excess_bytes(correlator)};
    uint64_t gone = catalogue_trim(keeping->catalogue, &past);
    if (gone == 0)
        return;
    log_info("journal.trim",
             "%s: records up to %" PRIu64
             " are older than correlator.journal.retain, or beyond its retain_size: they are "
             "let go of",
             keeping->folder, gone);
    journal_trim(keeping->journal, gone);
}

/* --- what is on disk --- */

void keeping_synced(void *self, uint64_t number)
{
    struct correlator *correlator = self;
    if (correlator->failed)
        return;
    if (acks_synced(&correlator->acks, number, correlator->receiver, correlator->puts_off) != STATUS_OK) {
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
        return;
    }
    keeping_told(correlator, number);
    keeping_follow(correlator);
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
