#include "tests/support/pipeline.h"

#include "proto/codec.h"
#include "proto/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH 1u

void pipeline_mistake(struct pipeline *pipeline, const char *format, ...)
{
    if (pipeline->mistakes++ > 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(pipeline->first_mistake, sizeof pipeline->first_mistake, format, arguments);
    va_end(arguments);
}

static void must(enum status status)
{
    assert(status == STATUS_OK);
    (void)status;
}

/* ---- the sink ---- */

struct pipeline_episode *pipeline_episode(const struct pipeline *pipeline, const char *id)
{
    for (size_t i = 0; i < pipeline->count; i++)
        if (strcmp(pipeline->episodes[i].id, id) == 0)
            return &pipeline->episodes[i];
    return NULL;
}

static void text_of(char *to, size_t room, struct span span)
{
    (void)snprintf(to, room, "%.*s", SPAN_ARG(span));
}

static struct pipeline_episode *episode_add(struct pipeline *pipeline, const char *id)
{
    if (pipeline->count == pipeline->room) {
        pipeline->room = pipeline->room == 0 ? 16 : 2 * pipeline->room;
        pipeline->episodes = realloc(pipeline->episodes, pipeline->room * sizeof *pipeline->episodes);
        assert(pipeline->episodes != NULL);
    }
    struct pipeline_episode *episode = &pipeline->episodes[pipeline->count++];
    *episode = (struct pipeline_episode){0};
    (void)snprintf(episode->id, sizeof episode->id, "%s", id);
    return episode;
}

static void keep(struct pipeline_episode *kept, const struct episode *episode)
{
    text_of(kept->rule, sizeof kept->rule, episode->rule);
    text_of(kept->continues, sizeof kept->continues, episode->continues);
    text_of(kept->cause, sizeof kept->cause, episode->cause);
    kept->revision = episode->revision;
    kept->number = episode->position.number;
    kept->state = episode->state;
    kept->final = episode->final;
    kept->capped = episode->capped;
    kept->country_count = episode->country_count < 64 ? episode->country_count : 64;
    if (kept->country_count > 0)
        memcpy(kept->countries, episode->countries, kept->country_count * sizeof *kept->countries);
    kept->first_ms = episode->first_ms;
    kept->last_ms = episode->last_ms;
    kept->extent_km = episode->extent_km;
    kept->observed = episode->observed;
    memcpy(kept->digest, episode->digest, sizeof kept->digest);
    kept->members = realloc(kept->members, (episode->member_count + 1) * sizeof *kept->members);
    assert(kept->members != NULL);
    kept->member_count = episode->member_count;
    for (size_t i = 0; i < episode->member_count; i++) {
        text_of(kept->members[i].id, sizeof kept->members[i].id, episode->members[i].incident_id);
        kept->members[i].membership = episode->members[i].membership;
    }
}

static void on_episode(struct pipeline *pipeline, const struct episode *episode)
{
    char id[EPISODE_ID_BYTES];
    text_of(id, sizeof id, episode->id);
    struct pipeline_episode *kept = pipeline_episode(pipeline, id);
    if (kept == NULL)
        kept = episode_add(pipeline, id);
    else if (episode->revision <= kept->revision)
        pipeline_mistake(pipeline, "%s: revision %u after %u", id, episode->revision, kept->revision);
    else if (episode->position.number < kept->number)
        pipeline_mistake(pipeline, "%s: position %" PRIu64 " after %" PRIu64, id, episode->position.number,
                         kept->number);
    else if (episode->final == kept->final && episode->supersedes_count == 0 &&
             memcmp(episode->digest, kept->digest, sizeof kept->digest) == 0)
        pipeline_mistake(pipeline, "%s: told again, and it is no news", id);
    keep(kept, episode);
}

static enum status on_publication(void *self, struct span item)
{
    struct pipeline *pipeline = self;
    struct publication publication;
    struct arena arena;
    char reason[REASON_BYTES];
    arena_init(&arena, (size_t)1 << 28);
    must(publication_unpack(item, &arena, &publication, reason));
    pipeline->published++;
    if (pipeline->is_silent)
        pipeline_mistake(pipeline, "something is published by a restart");
    if (publication.kind == PUBLICATION_EPISODE)
        on_episode(pipeline, &publication.episode);
    arena_fini(&arena);
    return STATUS_OK;
}

/* What is remembered is what the sink has: also of what was put back, and told to nobody. */
static enum status check_told(void *self, const struct publisher_told *told)
{
    struct pipeline *pipeline = self;
    const struct pipeline_episode *kept = pipeline_episode(pipeline, told->id);
    if (told->id[0] == '\0') /* what was forgotten */
        return STATUS_OK;
    if (kept == NULL)
        pipeline_mistake(pipeline, "%s is remembered as told, and was not", told->id);
    else if (kept->state != told->state || memcmp(kept->digest, told->digest, sizeof told->digest) != 0)
        pipeline_mistake(pipeline, "%s is remembered otherwise than it was told", told->id);
    return STATUS_OK;
}

/* ---- judgement ---- */

static enum status carry_out(void *self, const struct incident_change *change)
{
    struct pipeline *pipeline = self;
    if (change->touched != NULL)
        engine_touch(pipeline->engine, change->touched->handle);
    if (change->removed != NULL)
        engine_remove(pipeline->engine, change->removed->handle);
    if (change->inserted == NULL)
        return STATUS_OK;
    return engine_insert(pipeline->engine, &change->inserted->incident, &change->inserted->handle);
}

static void on_change(void *self, const struct engine_change *change)
{
    must(publisher_episode(((struct pipeline *)self)->publisher, change));
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    struct pipeline *pipeline = self;
    pipeline->evicted += evicted;
    registry_released(pipeline->registry, incident->user, evicted);
}

static enum status on_told(void *self, enum publication_kind kind, const struct incident *incident)
{
    return publisher_whole(((struct pipeline *)self)->publisher, kind, incident);
}

static void flush(void *self)
{
    struct pipeline *pipeline = self;
    const struct registry_events told = {.told = on_told, .changed = carry_out, .self = pipeline};
    const struct engine_events events = {.change = on_change, .released = on_released, .self = pipeline};
    if (registry_pending(pipeline->registry) + engine_pending(pipeline->engine) == 0)
        return;
    must(registry_resolve(pipeline->registry, &told));
    must(engine_flush(pipeline->engine, &events));
    registry_settle(pipeline->registry);
    must(publisher_visit(pipeline->publisher, check_told, pipeline));
}

static void at(void *self, uint64_t number)
{
    publisher_at(((struct pipeline *)self)->publisher, number);
}

static void apply(void *self, int64_t heard_ms, struct span packed)
{
    struct pipeline *pipeline = self;
    struct report report;
    struct incident_change change;
    char reason[REASON_BYTES];
    arena_reset(&pipeline->arena);
    must(report_unpack(packed, &pipeline->arena, &report, reason));
    must(registry_apply(pipeline->registry, &report, heard_ms, &change));
    pipeline->applied += change.verdict == VERDICT_APPLIED || change.verdict == VERDICT_BODY;
    pipeline->duplicate += change.verdict == VERDICT_DUPLICATE;
    pipeline->stale += change.verdict == VERDICT_STALE;
    if (pipeline->options.same.mode == SAME_OFF && change.verdict == VERDICT_APPLIED)
        must(carry_out(pipeline, &change));
}

static void refused(void *self, uint64_t number, struct span id)
{
    (void)number;
    (void)id;
    ((struct pipeline *)self)->too_late++;
}

static void step(void *self)
{
    ((struct pipeline *)self)->steps++;
}

/* ---- life ---- */

static void parts_open(struct pipeline *pipeline)
{
    const struct pipeline_options *options = &pipeline->options;
    const struct engine_limits limits = {.incidents_max = 1000000};
    const struct publisher_outlet outlet = {.publish = on_publication, .self = pipeline};
    must(engine_new(&allocator_heap, options->rules, options->rule_count, &limits, &pipeline->engine));
    must(registry_new_same(&options->same, &allocator_heap, &pipeline->registry));
    must(publisher_new(options->rules, options->rule_count, EPOCH, &outlet, &pipeline->publisher));
    const struct reopen_options reopening = {
        .archive = &pipeline->archive.archive,
        .engine = pipeline->engine,
        .registry = pipeline->registry,
        .publisher = pipeline->publisher,
        .rules = options->rules,
        .rule_count = options->rule_count,
        .same = &options->same,
        .incidents_max = options->incidents_max > 0 ? options->incidents_max : 1000000,
    };
    const struct reopen_events events = {.at = at,
                                         .flush = flush,
                                         .carry_out = carry_out,
                                         .apply = apply,
                                         .refused = refused,
                                         .step = step,
                                         .self = pipeline};
    must(reopen_new(&reopening, &events, &pipeline->reopen));
}

static void parts_close(struct pipeline *pipeline)
{
    pipeline->reopened += reopen_stats(pipeline->reopen)->reopened;
    reopen_free(pipeline->reopen);
    engine_free(pipeline->engine);
    publisher_free(pipeline->publisher);
    registry_free(pipeline->registry);
}

void pipeline_init(struct pipeline *pipeline, const struct pipeline_options *options)
{
    *pipeline = (struct pipeline){.options = *options, .watermark_ms = TIME_NONE};
    archive_memory_init(&pipeline->archive);
    arena_init(&pipeline->arena, (size_t)1 << 24);
    parts_open(pipeline);
}

void pipeline_fini(struct pipeline *pipeline)
{
    parts_close(pipeline);
    archive_memory_fini(&pipeline->archive);
    arena_fini(&pipeline->arena);
    for (size_t i = 0; i < pipeline->count; i++)
        free(pipeline->episodes[i].members);
    free(pipeline->episodes);
}

void pipeline_report(struct pipeline *pipeline, const struct report *report)
{
    struct text bytes = {0};
    enum reopen_verdict verdict;
    must(report_pack(report, &bytes));
    const struct span packed = {bytes.data, bytes.size};
    uint64_t number = archive_memory_add(&pipeline->archive, packed, 0);
    pipeline->received++;
    must(reopen_judge(pipeline->reopen, &(struct reopen_asked){.number = number, .packed = packed}, report, &verdict));
    pipeline->duplicate += verdict == REOPEN_DUPLICATE;
    pipeline->stale += verdict == REOPEN_STALE;
    if (verdict == REOPEN_NOT) {
        at(pipeline, number);
        apply(pipeline, 0, packed);
    }
    text_fini(&bytes);
}

void pipeline_settle(struct pipeline *pipeline)
{
    flush(pipeline);
    must(reopen_run(pipeline->reopen, pipeline->archive.count));
    if (pipeline->received != pipeline->applied + pipeline->duplicate + pipeline->stale + pipeline->too_late)
        pipeline_mistake(pipeline, "the ledger does not balance");
}

void pipeline_watermark(struct pipeline *pipeline, int64_t watermark_ms)
{
    if (watermark_ms <= pipeline->watermark_ms)
        return;
    pipeline->watermark_ms = watermark_ms;
    registry_watermark(pipeline->registry, watermark_ms);
    engine_watermark(pipeline->engine, watermark_ms);
    flush(pipeline);
    int64_t horizon_ms = engine_horizon(pipeline->engine);
    registry_forget(pipeline->registry, horizon_ms);
    publisher_forget(pipeline->publisher, horizon_ms);
}

static enum status load(void *self, const struct publisher_told *told)
{
    return publisher_load(self, told);
}

void pipeline_restart(struct pipeline *pipeline)
{
    pipeline_settle(pipeline);
    struct pipeline before = *pipeline;
    pipeline->restarts++;
    parts_open(pipeline);
    size_t count;
    must(publisher_visit(before.publisher, load, pipeline->publisher));
    const uint64_t *refused = reopen_refused(before.reopen, &count);
    must(reopen_refuse(pipeline->reopen, refused, count));
    parts_close(&before);
    pipeline->reopened = before.reopened;
    pipeline->is_silent = true;
    must(reopen_restore(pipeline->reopen, pipeline->watermark_ms, pipeline->archive.count, &count));
    pipeline->is_silent = false;
    must(publisher_visit(pipeline->publisher, check_told, pipeline));
}
