/* Putting back what has left, and what follows.
 *
 *   taken ─▶ closure ─┬─ too great: by halves; one alone is refused
 *                     └─ held: recalled (told to nobody) ─▶ the late ones applied ─▶ told ─▶ let go */
#include "correlator/reopen/reopen_inside.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED_MAX 65536u /* numbers kept of those; the eldest are forgotten */

/* ---- one report read back ---- */

static bool takes_part(const struct report *report)
{
    return report->status != REPORT_EXPLAINED && report->status != REPORT_RETRACTED;
}

static enum status register_it(struct reopen *reopen, const struct report *report, int64_t heard_ms)
{
    struct incident_change change;
    enum status status = registry_apply(reopen->options.registry, report, heard_ms, &change);
    if (status == STATUS_OK && change.verdict == VERDICT_APPLIED)
        status = reopen->events.carry_out(reopen->events.self, &change);
    return status;
}

/* In memory: its record is to be renewed. Else it is put back. */
static enum status on_report(void *self, uint64_t number, struct span packed, int64_t heard_ms)
{
    struct reopen *reopen = self;
    struct report report;
    char reason[REASON_BYTES], id_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    (void)number;
    if (reopen->events.step != NULL)
        reopen->events.step(reopen->events.self);
    arena_reset(&reopen->arena);
    enum status status = report_unpack(packed, &reopen->arena, &report, reason);
    if (status != STATUS_OK || !takes_part(&report))
        return status;
    struct span id = {id_bytes, report_incident_id(&report, id_bytes, sizeof id_bytes)};
    struct record *record = NULL;
    enum registry_presence presence = registry_presence(reopen->options.registry, id, &record);
    if (presence == REGISTRY_LIVE) {
        bool room = record == NULL || vector_push(&reopen->memory, &reopen->records, record);
        return room ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (presence == REGISTRY_SETTLED)
        registry_unsettle(reopen->options.registry, id);
    reopen->stats.recalled++;
    return register_it(reopen, &report, heard_ms);
}

static int by_handle(const void *a, const void *b)
{
    const struct record *x = *(struct record *const *)a, *y = *(struct record *const *)b;
    return (x->handle > y->handle) - (x->handle < y->handle);
}

/* Several reports may be of one record. One that was put back just now is new anyhow. */
static enum status records_renew(struct reopen *reopen)
{
    uint32_t count = 0;
    reopen->handles.count = 0;
    if (reopen->records.count > 1)
        qsort((void *)reopen->records.items, reopen->records.count, sizeof(struct record *), by_handle);
    for (uint32_t i = 0; i < reopen->records.count; i++)
        if (i == 0 || reopen->records.items[i] != reopen->records.items[count - 1])
            reopen->records.items[count++] = reopen->records.items[i];
    reopen->records.count = count;
    for (uint32_t i = 0; i < count; i++)
        if (!vector_push(&reopen->memory, &reopen->handles, reopen->records.items[i]->handle))
            return STATUS_NO_MEMORY;
    enum status status = engine_renew(reopen->options.engine, reopen->handles.items, count);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++)
        reopen->records.items[i]->handle = reopen->handles.items[i];
    reopen->stats.renewed += count;
    return status;
}

static enum status recall(struct reopen *reopen, const struct closure *closure)
{
    struct archive *archive = reopen->options.archive;
    reopen->records.count = 0;
    if (closure->numbers.count > reopen->stats.closure_max)
        reopen->stats.closure_max = closure->numbers.count;
    enum status status = STATUS_OK;
    if (closure->numbers.count > 0)
        status = archive->driver->read(archive, closure->numbers.items, closure->numbers.count, on_report, reopen);
    return status == STATUS_OK ? records_renew(reopen) : status;
}

/* ---- the late ones ---- */

static void done(struct reopen *reopen, uint64_t last, bool refused)
{
    if (reopen->events.done != NULL)
        reopen->events.done(reopen->events.self, last, refused);
}

/* Those before number `first` that wait are applied now, or refused. */
static void withheld_drop(struct reopen *reopen, uint64_t first)
{
    uint32_t kept = reopen->refused;
    for (uint32_t i = reopen->refused; i < reopen->withheld.count; i++)
        if (reopen->withheld.items[i] >= first)
            reopen->withheld.items[kept++] = reopen->withheld.items[i];
    reopen->withheld.count = kept;
}

/* It is the first of those that wait. */
static void refuse(struct reopen *reopen, const struct taken *taken)
{
    uint64_t *numbers = reopen->withheld.items;
    assert(numbers[reopen->refused] == taken->number);
    if (reopen->refused == REFUSED_MAX)
        memmove(numbers, numbers + 1, --reopen->withheld.count * sizeof *numbers);
    else
        reopen->refused++;
    reopen->stats.refused++;
    done(reopen, taken->number, true);
    reopen->events.refused(reopen->events.self, taken->number, taken->id);
}

/* What is known of an id of which nothing is in memory, and was not read back just now: the register must know it to
 * judge what comes. What stands comes first, so that nothing else enters the engine. */
static enum status versions_restore(struct reopen *reopen, const struct taken *taken, uint64_t until,
                                    struct versions_pending pending)
{
    struct versions *versions = &reopen->versions;
    if (registry_presence(reopen->options.registry, taken->id, NULL) != REGISTRY_UNKNOWN)
        return STATUS_OK;
    enum status status =
        versions_read(versions, reopen->options.archive, archive_id_hash(taken->id), taken->id, until, pending);
    for (uint32_t i = 0; i < versions->items.count && status == STATUS_OK; i++)
        status = register_it(reopen, &versions->items.items[i].report, versions->items.items[i].heard_ms);
    return status;
}

static void let_go(struct reopen *reopen)
{
    publisher_mode(reopen->options.publisher, PUBLISHER_TELLS);
    engine_hold(reopen->options.engine, false);
    reopen->events.flush(reopen->events.self);
}

static enum status reopen_chunk(struct reopen *reopen, uint32_t first, uint32_t end, uint64_t until,
                                struct versions_pending pending, const struct closure *closure)
{
    const struct reopen_options *options = &reopen->options;
    engine_hold(options->engine, true);
    publisher_mode(options->publisher, PUBLISHER_RECALLS);
    enum status status = recall(reopen, closure);
    for (uint32_t i = first; i < end && status == STATUS_OK; i++)
        status = versions_restore(reopen, &reopen->taken.items[i], until, pending);
    if (status != STATUS_OK)
        return status;
    reopen->events.flush(reopen->events.self);
    publisher_mode(options->publisher, PUBLISHER_REOPENS);
    publisher_occasion(options->publisher, "reopened by a late report");
    for (uint32_t i = first; i < end; i++) {
        const struct taken *taken = &reopen->taken.items[i];
        reopen->events.apply(reopen->events.self, taken->heard_ms, taken->packed);
    }
    reopen->events.flush(reopen->events.self);
    publisher_occasion_over(options->publisher);
    let_go(reopen);
    reopen->stats.reopened += end - first;
    done(reopen, reopen->taken.items[end - 1].number, false);
    return STATUS_OK;
}

/* Those from first to end, together if what they touch is not more than `incidents_max`. */
static enum status run_some(struct reopen *reopen, uint32_t first, uint32_t end, uint64_t until, size_t incidents_max)
{
    const struct reopen_options *options = &reopen->options;
    struct closure closure;
    struct closure_options how = {.archive = options->archive,
                                  .rules = options->rules,
                                  .rule_count = options->rule_count,
                                  .same = options->same,
                                  .until = until,
                                  .pending = {reopen->withheld.items, reopen->withheld.count},
                                  .incidents_max = incidents_max,
                                  .live_since_ms = reopen->live_since_ms,
                                  .step = reopen->events.step,
                                  .step_self = reopen->events.self};
    const struct taken *some = &reopen->taken.items[first], *last = &reopen->taken.items[end - 1];
    const struct closure_seeds seeds = {.items = reopen->seeds.items + some->seed_first,
                                        .count = last->seed_first + last->seed_count - some->seed_first,
                                        .since_ms = INT64_MAX};
    enum status status = closure_find(&how, &reopen->memory, &seeds, &closure);
    if (status == STATUS_OK) {
        status = reopen_chunk(reopen, first, end, until, how.pending, &closure);
        closure_fini(&closure);
    } else if (status == STATUS_FULL && end - first == 1) {
        refuse(reopen, some);
        status = STATUS_OK;
    }
    if (status == STATUS_OK)
        withheld_drop(reopen, last->number + 1);
    if (status != STATUS_FULL)
        return status;
    uint32_t middle = first + (end - first) / 2;
    status = run_some(reopen, first, middle, until, incidents_max);
    return status == STATUS_OK ? run_some(reopen, middle, end, until, incidents_max) : status;
}

/* As it was done before, as far as that is known: between two parts something was told. */
static enum status run_all(struct reopen *reopen, uint64_t until)
{
    enum status status = STATUS_OK;
    for (uint32_t first = 0, end; first < reopen->taken.count && status == STATUS_OK; first = end) {
        const struct taken *taken = &reopen->taken.items[first];
        bool refused = false;
        uint64_t last =
            reopen->events.known != NULL ? reopen->events.known(reopen->events.self, taken->number, &refused) : 0;
        for (end = first; end < reopen->taken.count && reopen->taken.items[end].number <= last;)
            end++;
        if (refused && end > first) {
            end = first + 1;
            refuse(reopen, taken);
            withheld_drop(reopen, taken->number + 1);
        } else {
            size_t most = end > first ? SIZE_MAX : reopen->options.incidents_max;
            end = end > first ? end : reopen->taken.count;
            status = run_some(reopen, first, end, until, most);
        }
    }
    return status;
}

static enum status on_live(void *self, const struct engine_incident *incident, uint64_t publishers)
{
    int64_t *live_since_ms = self;
    (void)publishers;
    if (incident->end_ms < *live_since_ms)
        *live_since_ms = incident->end_ms;
    return STATUS_OK;
}

/* What is in memory ends then or later; so does what is put there now, and may stay. */
static enum status live_since_find(struct reopen *reopen)
{
    const struct reopen_options *options = &reopen->options;
    int64_t watermark_ms = engine_watermark_of(options->engine), span_ms = 4 * reopen_window_max(reopen);
    reopen->live_since_ms = watermark_ms < INT64_MIN + span_ms ? INT64_MIN : watermark_ms - span_ms;
    return registry_visit(options->registry, on_live, &reopen->live_since_ms);
}

enum status reopen_run(struct reopen *reopen, uint64_t until)
{
    if (reopen->taken.count == 0)
        return STATUS_OK;
    reopen->stats.runs++;
    reopen->events.at(reopen->events.self, until);
    reopen->events.flush(reopen->events.self); /* what came before is told for what it was */
    enum status status = live_since_find(reopen);
    if (status == STATUS_OK)
        status = reopen_seeds(reopen, until);
    if (status == STATUS_OK)
        status = run_all(reopen, until);
    for (uint32_t i = 0; i < reopen->taken.count; i++) {
        free((void *)reopen->taken.items[i].packed.data);
        free((void *)reopen->taken.items[i].id.data);
    }
    reopen->taken.count = reopen->seeds.count = 0;
    reopen->withheld.count = reopen->refused;
    return status;
}

/* ---- a start ---- */

const uint64_t *reopen_refused(const struct reopen *reopen, size_t *ret_count)
{
    *ret_count = reopen->refused;
    return reopen->withheld.items;
}

enum status reopen_refuse(struct reopen *reopen, const uint64_t *numbers, size_t count)
{
    assert(reopen->withheld.count == 0);
    size_t forgotten = count > REFUSED_MAX ? count - REFUSED_MAX : 0;
    for (size_t i = forgotten; i < count; i++)
        if (!vector_push(&reopen->memory, &reopen->withheld, numbers[i]))
            return STATUS_NO_MEMORY;
    reopen->refused = reopen->withheld.count;
    return STATUS_OK;
}

/* Nothing before it can touch what comes after the watermark, or may still leave: episodes leave at five windows, the
 * rest before. What is older is there where it is of their chains. */
static int64_t memory_begins(const struct reopen *reopen, int64_t watermark_ms, int64_t *ret_horizon_ms)
{
    int64_t window_ms = reopen_window_max(reopen), span_ms = 5 * window_ms;
    const struct same_options *same = reopen->options.same;
    if (same->mode == SAME_ON && same->within_ms > span_ms)
        span_ms = same->within_ms;
    *ret_horizon_ms = watermark_ms - span_ms - 1 + window_ms;
    return watermark_ms - span_ms - 1;
}

static enum status on_needed(void *self, const struct engine_incident *incident, uint64_t publishers)
{
    int64_t *needed_ms = self;
    (void)publishers;
    if (incident->start_ms < *needed_ms)
        *needed_ms = incident->start_ms;
    return STATUS_OK;
}

enum status reopen_needs(const struct reopen *reopen, int64_t watermark_ms, int64_t *ret_needed_ms)
{
    int64_t horizon_ms, needed_ms = INT64_MIN;
    enum status status = STATUS_OK;
    if (watermark_ms != TIME_NONE) {
        needed_ms = memory_begins(reopen, watermark_ms, &horizon_ms);
        status = registry_visit(reopen->options.registry, on_needed, &needed_ms);
        needed_ms -= 2 * reopen_window_max(reopen);
    }
    if (status == STATUS_OK)
        *ret_needed_ms = needed_ms;
    return status;
}

enum status reopen_restore(struct reopen *reopen, int64_t watermark_ms, uint64_t until, size_t *ret_count)
{
    const struct reopen_options *options = &reopen->options;
    struct closure_options how = {.archive = options->archive,
                                  .rules = options->rules,
                                  .rule_count = options->rule_count,
                                  .same = options->same,
                                  .until = until,
                                  .pending = {reopen->withheld.items, reopen->withheld.count},
                                  .incidents_max = SIZE_MAX, /* it was in memory: the engine says what is too much */
                                  .step = reopen->events.step,
                                  .step_self = reopen->events.self};
    bool has_watermark = watermark_ms != TIME_NONE;
    int64_t horizon_ms = INT64_MIN;
    int64_t since_ms = has_watermark ? memory_begins(reopen, watermark_ms, &horizon_ms) : LIMIT_TIME_MS_MIN;
    struct closure closure;
    how.live_since_ms = since_ms;
    enum status status = closure_find(&how, &reopen->memory, &(struct closure_seeds){.since_ms = since_ms}, &closure);
    if (status != STATUS_OK)
        return status;
    *ret_count = closure.numbers.count;
    reopen->is_restored = true;
    reopen->events.at(reopen->events.self, until);
    engine_hold(options->engine, true);
    publisher_mode(options->publisher, PUBLISHER_RECALLS);
    if (has_watermark) {
        engine_departed(options->engine, since_ms, horizon_ms);
        registry_departed(options->registry, since_ms);
        registry_watermark(options->registry, watermark_ms);
        engine_watermark(options->engine, watermark_ms);
    }
    status = recall(reopen, &closure);
    closure_fini(&closure);
    if (status != STATUS_OK)
        return status;
    reopen->events.flush(reopen->events.self);
    let_go(reopen);
    return STATUS_OK;
}
