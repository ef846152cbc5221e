#include "correlator/reopen/reopen_inside.h"
#include "proto/limits.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

enum status reopen_new(const struct reopen_options *options, const struct reopen_events *events,
                       struct reopen **ret_reopen)
{
    struct reopen *reopen = calloc(1, sizeof *reopen);
    if (reopen == NULL)
        return STATUS_NO_MEMORY;
    reopen->options = *options;
    reopen->events = *events;
    memory_init(&reopen->memory, &allocator_heap);
    versions_init(&reopen->versions, &reopen->memory);
    arena_init(&reopen->arena, ARENA_BYTES);
    *ret_reopen = reopen;
    return STATUS_OK;
}

void reopen_free(struct reopen *reopen)
{
    if (reopen == NULL)
        return;
    for (uint32_t i = 0; i < reopen->taken.count; i++) {
        free((void *)reopen->taken.items[i].packed.data);
        free((void *)reopen->taken.items[i].id.data);
    }
    vector_free(&reopen->memory, &reopen->taken);
    vector_free(&reopen->memory, &reopen->seeds);
    vector_free(&reopen->memory, &reopen->withheld);
    vector_free(&reopen->memory, &reopen->records);
    vector_free(&reopen->memory, &reopen->handles);
    versions_fini(&reopen->versions);
    arena_fini(&reopen->arena);
    memory_fini(&reopen->memory);
    free(reopen);
}

size_t reopen_waiting(const struct reopen *reopen)
{
    return reopen->taken.count;
}

const struct reopen_stats *reopen_stats(const struct reopen *reopen)
{
    return &reopen->stats;
}

int64_t reopen_window_max(const struct reopen *reopen)
{
    int64_t window_ms = 1;
    for (size_t i = 0; i < reopen->options.rule_count; i++)
        if (reopen->options.rules[i].window_ms > window_ms)
            window_ms = reopen->options.rules[i].window_ms;
    return window_ms;
}

/* ---- judging ---- */

static bool takes_part(const struct report *report)
{
    return report->status != REPORT_EXPLAINED && report->status != REPORT_RETRACTED;
}

static bool has_body(const struct report *report)
{
    return report->has_place && report->occurred.start_ms != TIME_NONE;
}

static struct span copy_of(struct span bytes)
{
    char *copy = malloc(bytes.size > 0 ? bytes.size : 1);
    if (copy != NULL && bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return (struct span){copy, bytes.size};
}

static enum status take(struct reopen *reopen, const struct reopen_asked *asked, struct span id)
{
    struct taken taken = {
        .number = asked->number, .heard_ms = asked->heard_ms, .packed = copy_of(asked->packed), .id = copy_of(id)};
    if (taken.packed.data != NULL && taken.id.data != NULL &&
        vector_reserve(&reopen->memory, &reopen->withheld, (size_t)reopen->withheld.count + 1) &&
        vector_push(&reopen->memory, &reopen->taken, taken)) {
        vector_put(&reopen->withheld, asked->number);
        return STATUS_OK;
    }
    free((void *)taken.packed.data);
    free((void *)taken.id.data);
    return STATUS_NO_MEMORY;
}

static int64_t horizon_of(const struct reopen *reopen)
{
    int64_t engine_ms = engine_horizon(reopen->options.engine),
            registry_ms = registry_horizon(reopen->options.registry);
    return engine_ms > registry_ms ? engine_ms : registry_ms;
}

/* Against what stands in the archive. The better body of what is taken back is told, and so is taken. */
static enum reopen_verdict verdict_of(const struct versions *versions, const struct report *report)
{
    const struct report *standing = &versions->items.items[0].report;
    int order = report_order(report, standing);
    if (order >= 0)
        return order > 0 ? REOPEN_TAKEN : REOPEN_DUPLICATE;
    if (!has_body(report) || has_body(standing) || standing->status != REPORT_RETRACTED)
        return REOPEN_STALE;
    for (uint32_t i = 1; i < versions->items.count; i++) {
        const struct report *other = &versions->items.items[i].report;
        if (has_body(other) && report_order(report, other) <= 0)
            return REOPEN_STALE;
    }
    return REOPEN_TAKEN;
}

/* What was applied of an id that takes no part is put back into the register, which had forgotten it, or never knew of
 * it in this life: it judges what comes by that. What stands comes first. */
static enum status remember(struct reopen *reopen)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < reopen->versions.items.count && status == STATUS_OK; i++) {
        const struct version *version = &reopen->versions.items.items[i];
        status = registry_remember(reopen->options.registry, &version->report, version->heard_ms);
    }
    return status;
}

/* Of an id of which the register knows nothing. */
static enum status judge_unknown(struct reopen *reopen, const struct reopen_asked *asked, const struct report *report,
                                 struct span id, bool is_in_memory, enum reopen_verdict *ret_verdict)
{
    enum status status =
        versions_read(&reopen->versions, reopen->options.archive, archive_id_hash(id), id, asked->number - 1,
                      (struct versions_pending){reopen->withheld.items, reopen->withheld.count});
    if (status != STATUS_OK)
        return status;
    if (reopen->versions.items.count == 0 || asked->known == REOPEN_WAS_TAKEN) {
        *ret_verdict = is_in_memory ? REOPEN_NOT : REOPEN_TAKEN;
        return STATUS_OK;
    }
    *ret_verdict = verdict_of(&reopen->versions, report);
    if (*ret_verdict != REOPEN_TAKEN || !is_in_memory || takes_part(&reopen->versions.items.items[0].report))
        return STATUS_OK;
    *ret_verdict = REOPEN_NOT;
    return remember(reopen);
}

/* What it touches is in memory: so it is if it was once, for whatever was in memory then is so again after a start. */
static bool is_in_memory(const struct reopen *reopen, const struct reopen_asked *asked, int64_t touched_ms)
{
    return asked->known == REOPEN_UNDECIDED ? touched_ms >= horizon_of(reopen)
                                            : asked->known == REOPEN_WAS_NOT && touched_ms != INT64_MIN;
}

/* Whoever is not in memory has never been heard of, and all that was is there. (What no rule wants leaves without a
 * trace in the engine's horizon.) */
static bool is_all_in_memory(const struct reopen *reopen)
{
    return horizon_of(reopen) == INT64_MIN && !registry_has_forgotten(reopen->options.registry) && !reopen->is_restored;
}

enum status reopen_judge(struct reopen *reopen, const struct reopen_asked *asked, const struct report *report,
                         enum reopen_verdict *ret_verdict)
{
    *ret_verdict = REOPEN_NOT;
    int64_t touched_ms;
    if (asked->known != REOPEN_WAS_TAKEN && reopen->taken.count == 0 && is_all_in_memory(reopen))
        return STATUS_OK;
    char id_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    struct span id = {id_bytes, report_incident_id(report, id_bytes, sizeof id_bytes)};
    struct registry *registry = reopen->options.registry;
    bool is_known = registry_presence(registry, id, NULL) != REGISTRY_UNKNOWN;
    enum status status = registry_touches(registry, report, id, &touched_ms);
    if (status != STATUS_OK)
        return status;
    bool in_memory = is_in_memory(reopen, asked, touched_ms);
    if (!is_known)
        status = judge_unknown(reopen, asked, report, id, in_memory, ret_verdict);
    else if (!in_memory &&
             (asked->known == REOPEN_WAS_TAKEN || registry_verdict(registry, report, id) == VERDICT_APPLIED))
        *ret_verdict = REOPEN_TAKEN;
    if (status != STATUS_OK || *ret_verdict != REOPEN_TAKEN)
        return status;
    return take(reopen, asked, id);
}
