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

static bool seed_push(struct reopen *reopen, const struct report *report)
{
    if (!takes_part(report) || !has_body(report))
        return true;
    const struct archive_stub seed = {
        .start_ms = report->occurred.start_ms,
        .end_ms = report->occurred.end_ms,
        .point = point_from_degrees(report->place.lat, report->place.lon),
        .category = report->category,
        .role = report->role,
    };
    return vector_push(&reopen->memory, &reopen->seeds, seed);
}

static struct span copy_of(struct span bytes)
{
    char *copy = malloc(bytes.size > 0 ? bytes.size : 1);
    if (copy != NULL && bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return (struct span){copy, bytes.size};
}

/* With what it changes: its own place and time, and those of all versions before it, which were read. */
static enum status take(struct reopen *reopen, const struct taken *like, const struct report *report,
                        struct span packed, struct span id)
{
    struct taken taken = *like;
    taken.packed = copy_of(packed);
    taken.id = copy_of(id);
    taken.seed_first = reopen->seeds.count;
    bool room = taken.packed.data != NULL && taken.id.data != NULL && seed_push(reopen, report);
    for (uint32_t i = 0; room && i < reopen->versions.items.count; i++)
        room = seed_push(reopen, &reopen->versions.items.items[i].report);
    taken.seed_count = reopen->seeds.count - taken.seed_first;
    if (room && vector_push(&reopen->memory, &reopen->taken, taken))
        return STATUS_OK;
    free((void *)taken.packed.data);
    free((void *)taken.id.data);
    return STATUS_NO_MEMORY;
}

static enum status withhold(struct reopen *reopen, uint64_t number)
{
    return vector_push(&reopen->memory, &reopen->withheld, number) ? STATUS_OK : STATUS_NO_MEMORY;
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

/* Of those versions that have been applied. */
static bool is_applied(const struct reopen *reopen, const struct version *version)
{
    return !pending_has((struct versions_pending){reopen->withheld.items, reopen->withheld.count}, version->number);
}

static const struct version *standing_applied(const struct reopen *reopen)
{
    const struct version *standing = NULL;
    for (uint32_t i = 0; i < reopen->versions.items.count; i++) {
        const struct version *version = &reopen->versions.items.items[i];
        if (is_applied(reopen, version) && (standing == NULL || report_order(&version->report, &standing->report) > 0))
            standing = version;
    }
    return standing;
}

/* What was applied of an id that takes no part is put back into the register, which had forgotten it, or never knew of
 * it in this life: it judges what comes by that. */
static enum status remember(struct reopen *reopen, const struct version *standing)
{
    struct registry *registry = reopen->options.registry;
    enum status status = registry_remember(registry, &standing->report, standing->heard_ms);
    for (uint32_t i = 0; i < reopen->versions.items.count && status == STATUS_OK; i++) {
        const struct version *version = &reopen->versions.items.items[i];
        if (version != standing && is_applied(reopen, version))
            status = registry_remember(registry, &version->report, version->heard_ms);
    }
    return status;
}

/* Of an id of which the register knows nothing, and the archive something. */
static enum status judge_unknown(struct reopen *reopen, const struct reopen_asked *asked, const struct report *report,
                                 bool is_in_memory, enum reopen_verdict *ret_verdict)
{
    *ret_verdict = REOPEN_TAKEN;
    if (asked->known == REOPEN_WAS_TAKEN)
        return STATUS_OK;
    *ret_verdict = verdict_of(&reopen->versions, report);
    if (*ret_verdict != REOPEN_TAKEN) /* perhaps only for the sake of one that waits */
        return reopen->taken.count == 0 ? STATUS_OK : withhold(reopen, asked->number);
    const struct version *standing = standing_applied(reopen);
    if (!is_in_memory || standing == NULL || takes_part(&standing->report))
        return STATUS_OK;
    *ret_verdict = REOPEN_NOT;
    return remember(reopen, standing);
}

/* What it touches is in memory: so it is if it was once, for whatever was in memory then is so again after a start. */
static bool is_in_memory(const struct reopen *reopen, const struct reopen_asked *asked, int64_t touched_ms)
{
    return asked->known == REOPEN_UNDECIDED ? touched_ms >= horizon_of(reopen)
                                            : asked->known == REOPEN_WAS_NOT && touched_ms != INT64_MIN;
}

enum status reopen_judge(struct reopen *reopen, const struct reopen_asked *asked, const struct report *report,
                         enum reopen_verdict *ret_verdict)
{
    *ret_verdict = REOPEN_NOT;
    int64_t touched_ms;
    if (asked->known == REOPEN_UNDECIDED && horizon_of(reopen) == INT64_MIN && reopen->taken.count == 0 &&
        !reopen->is_restored)
        return STATUS_OK;
    char id_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    struct span id = {id_bytes, report_incident_id(report, id_bytes, sizeof id_bytes)};
    const struct reopen_options *options = &reopen->options;
    bool is_known = registry_presence(options->registry, id, NULL) != REGISTRY_UNKNOWN;
    enum status status = registry_touches(options->registry, report, id, &touched_ms);
    if (status != STATUS_OK)
        return status;
    bool in_memory = is_in_memory(reopen, asked, touched_ms);
    if (is_known && (in_memory || (asked->known != REOPEN_WAS_TAKEN &&
                                   registry_verdict(options->registry, report, id) != VERDICT_APPLIED)))
        return STATUS_OK;

    struct taken taken = {.number = asked->number, .heard_ms = asked->heard_ms, .id_hash = archive_id_hash(id)};
    status = versions_read(&reopen->versions, options->archive, taken.id_hash, id, asked->number - 1,
                           (struct versions_pending){reopen->withheld.items, reopen->refused});
    if (status != STATUS_OK)
        return status;
    if (!is_known && reopen->versions.items.count == 0 && in_memory)
        return STATUS_OK; /* never heard of */
    if (!is_known && reopen->versions.items.count > 0) {
        status = judge_unknown(reopen, asked, report, in_memory, ret_verdict);
        if (status != STATUS_OK || *ret_verdict != REOPEN_TAKEN)
            return status;
    }
    if (is_known)
        taken.id_hash = 0;
    *ret_verdict = REOPEN_TAKEN;
    status = withhold(reopen, asked->number);
    return status == STATUS_OK ? take(reopen, &taken, report, asked->packed, id) : status;
}
