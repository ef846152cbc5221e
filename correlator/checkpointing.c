/* Checkpoints: what is in memory is captured when it is due, and written once every known sink has what was told until
 * then. */
#include "correlator/checkpointing.h"

#include "base/clock.h"
#include "base/log.h"
#include "correlator/correlator_inside.h"
#include "correlator/journal/octets.h"
#include "correlator/keeping_inside.h"
#include "correlator/keeping_rules.h"
#include "proto/limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_BYTES ((uint64_t)64 * 1024 * 1024)
#define CAUSE_MAX   65536u

/* --- what was told of episodes, as the publisher remembers it --- */

static enum status told_put(void *self, const struct publisher_told *told)
{
    struct text *bytes = self;
    octets_put_bytes(bytes, span_of(told->id));
    octets_put_bytes(bytes, told->rule);
    octets_put_number(bytes, told->revision);
    octets_put_number(bytes, (uint64_t)told->state);
    octets_put_number(bytes, (uint64_t)told->capped | (uint64_t)told->final << 1);
    octets_put_time(bytes, told->last_ms);
    octets_put_raw(bytes, told->digest, sizeof told->digest);
    octets_put_bytes(bytes, told->cause);
    octets_put_number(bytes, told->supersedes_count);
    for (size_t i = 0; i < told->supersedes_count; i++)
        octets_put_bytes(bytes, span_of(told->supersedes[i]));
    return bytes->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static void id_get(struct octets *octets, char id[EPISODE_ID_BYTES])
{
    struct span text = octets_bytes(octets, EPISODE_ID_BYTES - 1);
    memset(id, 0, EPISODE_ID_BYTES);
    memcpy(id, text.size > 0 ? text.data : "", text.size);
}

static bool told_get(struct octets *octets, struct arena *arena, struct publisher_told *told)
{
    *told = (struct publisher_told){0};
    id_get(octets, told->id);
    told->rule = octets_bytes(octets, LIMIT_NAME_BYTES);
    told->revision = (uint32_t)octets_number_to(octets, UINT32_MAX);
    told->state = (enum episode_state)octets_number_to(octets, EPISODE_STATE_COUNT - 1);
    uint64_t flags = octets_number_to(octets, 3);
    told->capped = (flags & 1) != 0;
    told->final = (flags & 2) != 0;
    told->last_ms = octets_time(octets);
    octets_raw(octets, told->digest, sizeof told->digest);
    told->cause = octets_bytes(octets, CAUSE_MAX);
    told->supersedes_count = octets_count(octets, 1);
    char(*supersedes)[EPISODE_ID_BYTES] = arena_take(arena, told->supersedes_count * EPISODE_ID_BYTES);
    for (size_t i = 0; supersedes != NULL && i < told->supersedes_count; i++)
        id_get(octets, supersedes[i]);
    told->supersedes = (const char(*)[EPISODE_ID_BYTES])supersedes;
    return supersedes != NULL && !octets->failed;
}

enum status told_visit(struct span bytes, publisher_visitor visitor, void *self)
{
    struct octets octets = {.rest = bytes};
    struct publisher_told told;
    struct arena arena;
    enum status status = STATUS_OK;
    arena_init(&arena, 1u << 20);
    while (status == STATUS_OK && octets.rest.size > 0) {
        arena_reset(&arena);
        status = told_get(&octets, &arena, &told) ? visitor(self, &told) : STATUS_INVALID;
    }
    arena_fini(&arena);
    return status;
}

/* --- capturing --- */

struct capture {
    struct arena arena;
    struct checkpoint checkpoint;
    struct rules_written rules;
    struct text told;
};

static bool sources_capture(const struct correlator *correlator, struct capture *capture)
{
    struct watermark_source source;
    size_t count = 0;
    while (watermark_look(correlator->promised, count, &source))
        count++;
    struct source_mark *marks = arena_take(&capture->arena, count * sizeof *marks);
    struct span *retired = arena_take(&capture->arena, count * sizeof *retired);
    if (marks == NULL || retired == NULL)
        return false;
    capture->checkpoint.sources = marks;
    capture->checkpoint.retired = retired;
    for (size_t i = 0; i < count && watermark_look(correlator->promised, i, &source); i++) {
        if (source.agent != NULL)
            marks[capture->checkpoint.source_count++] =
                (struct source_mark){span_of(source.name), source.promise_ms, source.state};
        if (source.is_retired)
            retired[capture->checkpoint.retired_count++] = span_of(source.name);
    }
    return true;
}

static bool lists_capture(const struct correlator *correlator, struct capture *capture)
{
    const struct keeping *keeping = &correlator->keeping;
    struct checkpoint *checkpoint = &capture->checkpoint;
    struct checkpoint_stream *streams = arena_take(&capture->arena, keeping->streams.count * sizeof *streams);
    struct span *sinks = arena_take(&capture->arena, keeping->sinks.count * sizeof *sinks);
    if (streams == NULL || sinks == NULL)
        return false;
    for (size_t i = 0; i < keeping->streams.count; i++) {
        const struct stream *stream = keeping->streams.items[i];
        streams[i] = (struct checkpoint_stream){span_of(stream->name), stream->epoch, stream->received};
    }
    for (size_t i = 0; i < keeping->sinks.count; i++)
        sinks[i] = span_of(keeping->sinks.items[i]);
    checkpoint->streams = streams;
    checkpoint->stream_count = keeping->streams.count;
    checkpoint->sinks = sinks;
    checkpoint->sink_count = keeping->sinks.count;
    return true;
}

static bool rules_capture(const struct correlator *correlator, struct capture *capture)
{
    struct journal_record record;
    struct checkpoint *checkpoint = &capture->checkpoint;
    if (rules_record(correlator->options.config, &capture->rules, &record) != STATUS_OK)
        return false;
    struct checkpoint_rule *rules = arena_take(&capture->arena, record.rule_count * sizeof *rules);
    if (rules == NULL)
        return false;
    for (size_t i = 0; i < record.rule_count; i++)
        rules[i] = (struct checkpoint_rule){record.rules[i].name, record.rules[i].hash};
    checkpoint->rules = rules;
    checkpoint->rule_count = record.rule_count;
    checkpoint->baseline = span_of(publisher_baseline_hash(correlator->publisher));
    checkpoint->same = record.same;
    return true;
}

/* All is flushed. */
static bool capture_all(const struct correlator *correlator, struct text *body)
{
    struct capture capture = {.checkpoint = {.journal = correlator->keeping.found.created_ms,
                                             .number = correlator->number,
                                             .watermark_ms = correlator->watermark_ms,
                                             .rules_number = correlator->keeping.rules_number,
                                             .swept_ms = correlator->swept_ms}};
    capture.checkpoint.refused = reopen_refused(correlator->reopen, &capture.checkpoint.refused_count);
    arena_init(&capture.arena, (size_t)64 << 20);
    bool right = sources_capture(correlator, &capture) && lists_capture(correlator, &capture) &&
                 rules_capture(correlator, &capture) &&
                 publisher_visit(correlator->publisher, told_put, &capture.told) == STATUS_OK;
    if (right) {
        capture.checkpoint.told = (struct span){capture.told.data, capture.told.size};
        text_clear(body);
        right = checkpoint_pack(&capture.checkpoint, body) == STATUS_OK;
    }
    text_fini(&capture.told);
    rules_written_fini(&capture.rules);
    arena_fini(&capture.arena);
    return right;
}

/* --- when --- */

static void write_done(uv_work_t *work, int cancelled)
{
    struct checkpointing *own = work->data;
    struct correlator *correlator = own->correlator;
    own->is_writing = false;
    if (cancelled == 0 && own->status != STATUS_OK)
        log_error("checkpoint.unwritten", "%s; a start goes on from the one before", own->reason);
    if (cancelled == 0 && own->status == STATUS_OK)
        own->number = own->writing_number;
    if (own->closed != NULL)
        own->closed(correlator);
    else
        keeping_retain(correlator, own->number, own->writing_needed_ms, clock_wall_ms());
}

static void write_it(uv_work_t *work)
{
    struct checkpointing *own = work->data;
    own->status = checkpoint_write(own->folder, own->writing_generation, (struct span){own->body.data, own->body.size},
                                   own->reason);
}

static bool capture(struct correlator *correlator)
{
    struct checkpointing *own = &correlator->keeping.checkpointing;
    own->captured_number = correlator->number;
    own->captured_published = correlator->outlet.published;
    own->captured_ms = clock_wall_ms();
    own->captured_bytes = journal_bytes(correlator->keeping.journal);
    own->captured_needed_ms = INT64_MIN;
    if (keeping_has_old(correlator, own->captured_ms) &&
        reopen_needs(correlator->reopen, correlator->watermark_ms, &own->captured_needed_ms) != STATUS_OK)
        return false;
    return capture_all(correlator, &own->body);
}

void checkpointing_tick(struct correlator *correlator, int64_t now_ms)
{
    struct checkpointing *own = &correlator->keeping.checkpointing;
    uint64_t bytes = journal_bytes(correlator->keeping.journal);
    bool is_due = now_ms - own->captured_ms >= correlator->options.config->checkpoint_ms || now_ms < own->captured_ms ||
                  bytes - own->captured_bytes >= EVERY_BYTES;
    if (own->is_captured || own->is_writing || !is_due || correlator->failed || keeping_is_planned(correlator) ||
        correlator->number == own->captured_number || correlator->number == 0)
        return;
    judgement_flush(correlator);
    keeping_tell(correlator);
    if (correlator->failed)
        return;
    own->is_captured = capture(correlator);
    checkpointing_moved(correlator);
}

void checkpointing_moved(struct correlator *correlator)
{
    struct checkpointing *own = &correlator->keeping.checkpointing;
    if (!own->is_captured || own->is_writing || own->closed != NULL ||
        !outlet_has_delivered(&correlator->outlet, own->captured_published))
        return;
    own->is_captured = false;
    own->is_writing = true;
    own->writing_generation = ++own->generation; /* a last one may be written meanwhile */
    own->writing_number = own->captured_number;
    own->writing_needed_ms = own->captured_needed_ms;
    own->correlator = correlator;
    own->work.data = own;
    if (uv_queue_work(correlator->tick.loop, &own->work, write_it, write_done) != 0)
        own->is_writing = false;
}

void checkpointing_last(struct correlator *correlator)
{
    struct checkpointing *own = &correlator->keeping.checkpointing;
    char reason[CHECKPOINT_REASON_BYTES] = "";
    struct text body = {0};
    if (correlator->keeping.journal == NULL || correlator->failed || keeping_is_planned(correlator) ||
        correlator->number == own->number || judgement_pending(correlator) > 0 ||
        !outlet_has_delivered(&correlator->outlet, correlator->outlet.published))
        return;
    /* One that is being written has a generation of its own. */
    if (capture_all(correlator, &body) &&
        checkpoint_write(own->folder, ++own->generation, (struct span){body.data, body.size}, reason) != STATUS_OK)
        log_error("checkpoint.unwritten", "%s; a start goes on from the one before", reason);
    text_fini(&body);
}

bool checkpointing_close(struct correlator *correlator, void (*closed)(void *self))
{
    struct checkpointing *own = &correlator->keeping.checkpointing;
    if (own->is_writing)
        own->closed = closed;
    return own->is_writing;
}
