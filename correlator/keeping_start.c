/* A start: what the journal has beyond the checkpoint is looked through, and the agents go on; then it is applied as
 * what comes in is (keeping_follow.c).
 *
 *     look through   flushes and sinks come later than what they speak of; where streams and promises stand
 *     restore        memory as it was at the checkpoint
 */
#include "base/clock.h"
#include "base/log.h"
#include "bus/receiver.h"
#include "correlator/correlator_inside.h"
#include "correlator/journal/journal_reader.h"
#include "correlator/keeping_inside.h"
#include "correlator/keeping_rules.h"
#include "proto/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (64u * 1024u * 1024u) /* of one record */

/* --- looking through --- */

static bool name_note(struct names *names, const struct journal_record *record)
{
    char name[PEER_NAME_BYTES];
    keeping_name(record, name);
    if (record->kind == JOURNAL_SINK_SEEN)
        return names_add(names, name);
    names_remove(names, name);
    return true;
}

static bool rules_note(struct keeping *keeping, const struct journal_record *record)
{
    keeping->rules_number = record->number;
    text_clear(&keeping->rules);
    return keeping_rules_pack(record, &keeping->rules) == STATUS_OK;
}

static bool flushes_note(struct keeping *keeping, const struct journal_record *record)
{
    bool room = true;
    for (size_t i = 0; i < record->flush_count && room; i++)
        room = numbers_add(&keeping->plan, record->flushes[i]);
    if (record->until > keeping->plan_until)
        keeping->plan_until = record->until;
    return room && verdicts_read(&keeping->verdicts, record);
}

static bool stream_note(struct streams *streams, struct span name, uint64_t epoch, uint64_t position)
{
    struct stream *stream;
    if (streams_get(streams, name, epoch, &stream) != STATUS_OK)
        return false;
    if (position > stream->received)
        stream->received = position;
    return true;
}

/* What was heard of sources, and is journaled. */
static bool marks_note(struct correlator *correlator, const struct journal_record *record)
{
    struct watermark *const both[] = {correlator->watermark, correlator->journaled};
    char agent[PEER_NAME_BYTES];
    bool room = true;
    keeping_name(record, agent);
    for (size_t i = 0; i < 2 && record->kind == JOURNAL_MARKS; i++)
        if (watermark_mark(both[i], agent, record->at_ms, record->marks, record->mark_count) != STATUS_OK)
            log_warn("source.many", "agent %s speaks of more sources than can be kept", agent);
    for (size_t i = 0; i < 2 && record->kind == JOURNAL_SOURCE_RETIRED; i++)
        room = room && watermark_retire(both[i], record->name) == STATUS_OK;
    return room;
}

static bool note(struct correlator *correlator, const struct journal_record *record)
{
    struct keeping *keeping = &correlator->keeping;
    if (record->kind == JOURNAL_SOURCE_RETIRED || record->kind == JOURNAL_SINK_RETIRED)
        keeping_request_over(correlator, record);
    switch (record->kind) {
    case JOURNAL_SINK_SEEN:
    case JOURNAL_SINK_RETIRED:
        return name_note(&keeping->sinks, record);
    case JOURNAL_RULES:
        return rules_note(keeping, record);
    case JOURNAL_FLUSHES:
        return flushes_note(keeping, record);
    case JOURNAL_BATCH:
        return stream_note(&keeping->heard, record->name, record->epoch, record->first + record->item_count - 1);
    case JOURNAL_MARKS:
    case JOURNAL_SOURCE_RETIRED:
        return marks_note(correlator, record);
    case JOURNAL_START:
    case JOURNAL_KIND_COUNT:
        break;
    }
    return true;
}

/* The newest one of this journal that what is kept of it goes on from. */
static void checkpoint_find(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    struct checkpointing *own = &keeping->checkpointing;
    struct checkpoint *checkpoint = &keeping->checkpoint;
    own->folder = keeping->folder;
    own->captured_ms = clock_wall_ms();
    own->captured_bytes = keeping->found.bytes;
    bool found = checkpoint_read(keeping->folder, &keeping->checkpoint_body, &own->generation) == STATUS_OK &&
                 checkpoint_unpack((struct span){keeping->checkpoint_body.data, keeping->checkpoint_body.size},
                                   &keeping->checkpoint_arena, checkpoint) == STATUS_OK;
    bool is_wanted = correlator->options.start != CORRELATOR_TELLS_AGAIN;
    bool fits = found && is_wanted && checkpoint->journal == keeping->found.created_ms &&
                checkpoint->number < keeping->found.next && checkpoint->number + 1 >= keeping->found.first;
    if (found && is_wanted && !fits)
        log_warn("checkpoint.stray", "the checkpoint in %s is not of what the journal holds: it is left out",
                 keeping->folder);
    if (!fits)
        text_clear(&keeping->checkpoint_body);
    if (!fits && keeping->found.first > 1)
        log_warn("journal.begins",
                 "%s begins with record %" PRIu64 ", and there is no checkpoint: what was before is "
                 "unknown",
                 keeping->folder, keeping->found.first);
    keeping->begin = keeping->next = fits ? checkpoint->number + 1 : keeping->found.first;
    own->number = own->captured_number = fits ? checkpoint->number : 0;
}

static bool promises_restore(struct correlator *correlator)
{
    const struct checkpoint *checkpoint = &correlator->keeping.checkpoint;
    struct watermark *const all[] = {correlator->watermark, correlator->journaled, correlator->promised};
    bool room = true;
    for (size_t k = 0; k < sizeof all / sizeof all[0] && room; k++) {
        room = watermark_mark(all[k], "", TIME_NONE, checkpoint->sources, checkpoint->source_count) == STATUS_OK;
        for (size_t i = 0; i < checkpoint->retired_count && room; i++)
            room = watermark_retire(all[k], checkpoint->retired[i]) == STATUS_OK;
    }
    return room;
}

/* Sinks, streams and promises as the checkpoint has them, if there is one. */
static enum status lists_restore(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    const struct checkpoint *checkpoint = &keeping->checkpoint;
    if (keeping->checkpoint_body.size == 0)
        return STATUS_OK;
    bool room = promises_restore(correlator);
    for (size_t i = 0; i < checkpoint->sink_count && room; i++)
        room = name_note(&keeping->sinks,
                         &(struct journal_record){.kind = JOURNAL_SINK_SEEN, .name = checkpoint->sinks[i]});
    for (size_t i = 0; i < checkpoint->stream_count && room; i++) {
        const struct checkpoint_stream *stream = &checkpoint->streams[i];
        room = stream_note(&keeping->streams, stream->name, stream->epoch, stream->received) &&
               stream_note(&keeping->heard, stream->name, stream->epoch, stream->received);
    }
    return room ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status look_through(struct correlator *correlator, char ret_reason[WAL_REASON_BYTES])
{
    struct keeping *keeping = &correlator->keeping;
    struct wal_reader *reader;
    struct journal_record record;
    if (keeping->begin >= keeping->found.next)
        return STATUS_OK;
    enum status status = journal_reader_open(keeping->folder, keeping->begin, &reader, ret_reason);
    if (status != STATUS_OK)
        return status;
    while ((status = keeping_read(correlator, reader, &record, ret_reason)) == STATUS_OK)
        if (!note(correlator, &record)) {
            (void)snprintf(ret_reason, WAL_REASON_BYTES, "%s", status_text(STATUS_NO_MEMORY));
            status = STATUS_NO_MEMORY;
            break;
        }
    wal_reader_close(reader);
    keeping->is_planned = keeping->plan_until >= keeping->begin;
    keeping->is_recovering = true;
    return status == STATUS_END ? STATUS_OK : status;
}

/* --- opening --- */

static const struct journal_events events = {.synced = keeping_synced, .room = keeping_room, .failed = keeping_failed};

enum status keeping_open(struct correlator *correlator, uv_loop_t *loop, char ret_reason[256])
{
    struct keeping *keeping = &correlator->keeping;
    const struct correlator_options *options = &correlator->options;
    struct journal_events own = events;
    char reason[WAL_REASON_BYTES] = "";
    if (options->journal_folder == NULL)
        return STATUS_OK;
    own.self = correlator;
    arena_init(&keeping->arena, ARENA_BYTES);
    arena_init(&keeping->checkpoint_arena, ARENA_BYTES);
    (void)snprintf(keeping->folder, sizeof keeping->folder, "%s", options->journal_folder);
    if (options->requests_folder != NULL)
        (void)snprintf(keeping->requests, sizeof keeping->requests, "%s", options->requests_folder);
    const struct journal_options journal = {.folder = keeping->folder, .sync = options->journal_sync};
    enum status status =
        journal_open(loop, &journal, &own, clock_wall_ms(), &keeping->journal, &keeping->found, reason);
    if (status == STATUS_OK) {
        checkpoint_find(correlator);
        status = lists_restore(correlator);
        if (status == STATUS_OK)
            status = look_through(correlator, reason);
        if (status == STATUS_OK)
            status = keeping_rules_check(correlator, reason);
        if (status == STATUS_OK)
            status = catalogue_open(loop, keeping->folder, keeping->found.next, &keeping->catalogue, reason);
        if (status == STATUS_OK)
            correlator->options.archive = catalogue_archive(keeping->catalogue);
        else
            journal_close(keeping->journal, NULL, NULL);
    }
    if (status != STATUS_OK) {
        keeping->journal = NULL;
        if (status == STATUS_CORRUPT)
            log_error("journal.damaged", "%s", reason);
        (void)snprintf(ret_reason, 256, "%.255s",
                       status == STATUS_CORRUPT ? "the journal is damaged in the middle, and nothing was changed: "
                                                  "vedette journal --repair says what can be done about it"
                                                : reason);
    }
    return status;
}

/* Other rules than the journal's last: they are journaled, and all that is told by them is later than what was told
 * before. */
static void rules_put(struct correlator *correlator, struct journal_record *now)
{
    struct keeping *keeping = &correlator->keeping;
    struct text was = keeping->rules;
    uint64_t was_number = keeping->rules_number;
    keeping->rules = (struct text){0};
    now->number = journal_next(keeping->journal);
    if (!rules_note(keeping, now)) {
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
    } else if (span_equal((struct span){was.data, was.size}, (struct span){keeping->rules.data, keeping->rules.size})) {
        keeping->rules_number = was_number;
    } else {
        if (keeping->found.next > 1)
            log_warn("rules.changed",
                     "rules, baseline or same are others than before: what they make of the reports is told anew");
        now->at_ms = clock_wall_ms();
        (void)keeping_put(correlator, now);
    }
    text_fini(&was);
}

/* --- memory as it was --- */

static enum status load(void *self, const struct publisher_told *told)
{
    return publisher_load(self, told);
}

static enum status withdraw(void *self, const struct publisher_told *told)
{
    return told->id[0] != '\0' ? publisher_withdraw(self, told) : STATUS_OK;
}

static enum status touch(void *self, const struct engine_incident *incident, uint64_t publishers)
{
    const struct record *record = incident->user;
    (void)publishers;
    engine_touch(self, record->handle);
    return STATUS_OK;
}

/* What is in memory is judged by other rules than it was: all of it is told anew, and what is no more is taken back. */
static enum status tell_anew(struct correlator *correlator, struct span told)
{
    struct publisher *publisher = correlator->publisher;
    publisher_drop(publisher);
    publisher_at(publisher, keeping_position(correlator, correlator->number));
    publisher_occasion(publisher, "rule changed: rules, baseline or same are others since the restart");
    publisher_mode(publisher, PUBLISHER_REOPENS);
    enum status status = registry_visit(correlator->registry, touch, correlator->engine);
    if (status == STATUS_OK)
        judgement_flush(correlator);
    publisher_mode(publisher, PUBLISHER_TELLS);
    if (status == STATUS_OK)
        status = told_visit(told, withdraw, publisher);
    publisher_occasion_over(publisher);
    return status;
}

static void memory_restore(struct correlator *correlator, bool changed)
{
    const struct checkpoint *checkpoint = &correlator->keeping.checkpoint;
    size_t count = 0;
    correlator->number = checkpoint->number;
    correlator->watermark_ms = checkpoint->watermark_ms;
    correlator->swept_ms = checkpoint->swept_ms;
    enum status status = reopen_refuse(correlator->reopen, checkpoint->refused, checkpoint->refused_count);
    if (status == STATUS_OK)
        status = told_visit(checkpoint->told, load, correlator->publisher);
    if (status == STATUS_OK && changed)
        publisher_drop(correlator->publisher);
    if (status == STATUS_OK)
        status = reopen_restore(correlator->reopen, checkpoint->watermark_ms, checkpoint->number, &count);
    if (status == STATUS_OK && changed)
        status = tell_anew(correlator, checkpoint->told);
    if (status != STATUS_OK)
        flow_fail(correlator, status == STATUS_FULL ? "what was in memory is more than correlator.incidents_max"
                                                    : status_text(status));
    log_info("checkpoint.restored", "memory is as it was at record %" PRIu64 ": %zu incidents%s", checkpoint->number,
             count, changed ? ", judged by other rules" : "");
}

void keeping_restore(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    struct journal_record now;
    struct rules_written written = {0};
    if (keeping->journal == NULL)
        return;
    bool has_checkpoint = keeping->checkpoint_body.size > 0;
    enum status status = rules_record(correlator->options.config, &written, &now);
    if (status != STATUS_OK)
        flow_fail(correlator, status_text(status));
    /* Others may have been in between, and told what these do not say. */
    bool are_checkpoints = status == STATUS_OK && has_checkpoint && keeping->rules_number == 0 &&
                           keeping_rules_are(&keeping->checkpoint, &now);
    if (are_checkpoints)
        keeping->rules_number = keeping->checkpoint.rules_number;
    else if (status == STATUS_OK)
        rules_put(correlator, &now);
    rules_written_fini(&written);
    /* other rules may have told something since it was written */
    bool changed = !are_checkpoints || keeping->rules_number > keeping->checkpoint.number;
    if (changed)
        keeping->checkpointing.number = keeping->checkpointing.captured_number = 0; /* one by these is wanted soon */
    if (has_checkpoint && !correlator->failed)
        memory_restore(correlator, changed);
    arena_reset(&keeping->checkpoint_arena);
    text_fini(&keeping->checkpoint_body);
    keeping->checkpoint_body = (struct text){0};
}

/* The agents' streams go on where they stood. */
static void streams_begin(struct correlator *correlator)
{
    struct streams *heard = &correlator->keeping.heard;
    for (size_t i = 0; i < heard->count; i++)
        if (receiver_restore(correlator->receiver, heard->items[i]->name, heard->items[i]->epoch,
                             heard->items[i]->received) != STATUS_OK)
            flow_fail(correlator, "what was received cannot be restored");
    streams_fini(heard);
    *heard = (struct streams){0};
}

void keeping_begin(struct correlator *correlator, uv_loop_t *loop)
{
    struct keeping *keeping = &correlator->keeping;
    if (keeping->journal == NULL)
        return;
    (void)uv_idle_init(loop, &keeping->idle); /* cannot fail */
    keeping->idle.data = correlator;
    keeping->has_begun = true;
    streams_begin(correlator);
    watermark_remembered(correlator->watermark);
    outlet_release(&correlator->outlet, correlator->outlet.published); /* the rules */
    (void)keeping_put(correlator, &(struct journal_record){.kind = JOURNAL_START,
                                                           .at_ms = clock_wall_ms(),
                                                           .name = span_of(correlator->options.version)});
    log_info("journal.open", "%s: records %" PRIu64 " to %" PRIu64 ", %" PRIu64 " bytes; %" PRIu64 " are applied again",
             keeping->folder, keeping->found.first, keeping->found.next - 1, keeping->found.bytes,
             keeping->found.next - keeping->begin);
    keeping_follow(correlator);
    flow_update(correlator);
}

/* --- closing --- */

void keeping_fini(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    if (keeping->reader != NULL)
        wal_reader_close(keeping->reader);
    streams_fini(&keeping->streams);
    streams_fini(&keeping->heard);
    free(keeping->sinks.items);
    free(keeping->told.items);
    free(keeping->plan.items);
    verdicts_fini(&keeping->verdicts);
    text_fini(&keeping->rules);
    text_fini(&keeping->checkpoint_body);
    text_fini(&keeping->checkpointing.body);
    arena_fini(&keeping->arena);
    arena_fini(&keeping->checkpoint_arena);
    if (keeping->catalogue != NULL)
        catalogue_close(keeping->catalogue, NULL, NULL);
}

void keeping_drop(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    if (keeping->journal != NULL)
        journal_close(keeping->journal, NULL, NULL);
    keeping->journal = NULL;
}

static void idle_closed(uv_handle_t *handle)
{
    struct correlator *correlator = handle->data;
    correlator->keeping.closed(correlator);
}

int keeping_close(struct correlator *correlator, void (*closed)(void *self))
{
    struct keeping *keeping = &correlator->keeping;
    if (keeping->journal == NULL)
        return 0;
    keeping->closed = closed;
    uv_close((uv_handle_t *)&keeping->idle, idle_closed);
    journal_close(keeping->journal, closed, correlator);
    keeping->journal = NULL;
    return 2 + checkpointing_close(correlator, closed);
}
