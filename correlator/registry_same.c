/* The register's second way: reports of several sources are put together as incidents.
 *
 *   entry ─▶ voice (reconcile/standing.h) ─▶ group ─▶ record ─▶ the engine        group: the reports of one incident
 *                                                        ▲
 *   entry of the group's best report ────────────────────┘                       the record bears that report's id
 *
 * A resolve: groups are brought up to date; a record whose group is no more, or has another best report, is an orphan,
 * until a group whose best report bears its id claims it. What is left of them leaves the engine; then each group that
 * says something else than was told is told, and enters the engine or is touched there. */
#include "correlator/registry_same.h"

#include "proto/codec.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)

void same_orphaned(void *self, struct record *record)
{
    struct registry *registry = self;
    record->group = NULL;
    if (record->is_orphan)
        return;
    record->is_orphan = true;
    record->next_orphan = registry->same->orphans;
    registry->same->orphans = record;
}

enum status same_new(struct registry *registry, const struct same_options *options, const struct allocator *allocator)
{
    struct same_way *same = calloc(1, sizeof *same);
    if (same == NULL)
        return STATUS_NO_MEMORY;
    registry->same = same;
    memory_init(&same->memory, allocator);
    arena_init(&same->arena, ARENA_BYTES);
    const struct reconcile_events events = {.orphaned = same_orphaned, .self = registry};
    reconcile_init(&same->reconcile, &same->memory, options, &events);
    return STATUS_OK;
}

static void packed_free(struct same_way *same, struct entry *entry)
{
    (void)memory_resize(&same->memory, entry->packed, entry->packed_size, 0);
    entry->packed = NULL;
    entry->packed_size = 0;
}

void same_told_out(struct registry *registry, struct entry *entry)
{
    if (!entry->is_out_listed)
        return;
    struct entry **link = &registry->same->out;
    while (*link != entry)
        link = &(*link)->next_out;
    *link = entry->next_out;
    entry->is_out_listed = false;
}

void same_entry_fini(struct registry *registry, struct entry *entry)
{
    struct same_way *same = registry->same;
    if (entry->voice != NULL)
        reconcile_drop(&same->reconcile, entry->voice);
    entry->voice = NULL;
    packed_free(same, entry);
    same_told_out(registry, entry);
}

void same_fini(struct registry *registry)
{
    struct same_way *same = registry->same;
    reconcile_fini(&same->reconcile);
    vector_free(&same->memory, &same->groups);
    vector_free(&same->memory, &same->sorted);
    vector_free(&same->memory, &same->publishers);
    text_fini(&same->bytes);
    arena_fini(&same->arena);
    memory_fini(&same->memory);
    free(same);
    registry->same = NULL;
}

/* --- taking in --- */

/* What the source says is kept whole: an incident is published with all its reports, whenever one of them changes. */
static enum status keep(struct same_way *same, struct entry *entry, const struct report *report)
{
    text_clear(&same->bytes);
    enum status status = report_pack(report, &same->bytes);
    if (status != STATUS_OK)
        return status;
    void *packed = memory_resize(&same->memory, NULL, 0, same->bytes.size);
    if (packed == NULL || same->bytes.failed) {
        (void)memory_resize(&same->memory, packed, same->bytes.size, 0);
        return STATUS_NO_MEMORY;
    }
    memcpy(packed, same->bytes.data, same->bytes.size);
    packed_free(same, entry);
    entry->packed = packed;
    entry->packed_size = same->bytes.size;
    return STATUS_OK;
}

static void tell_out(struct same_way *same, struct entry *entry)
{
    entry->was_out = true;
    if (entry->is_out_listed)
        return;
    entry->is_out_listed = true;
    entry->next_out = same->out;
    same->out = entry;
}

enum status same_apply(struct registry *registry, struct entry *entry, const struct report *report)
{
    struct same_way *same = registry->same;
    bool has_body = report_has_body(report);
    enum status status = has_body || !entry->has_body ? keep(same, entry, report) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (!report_takes_part(report->status)) {
        status = entry->voice != NULL ? reconcile_remove(&same->reconcile, entry->voice) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
        entry->voice = NULL;
        entry->told_serial = 0;
        tell_out(same, entry);
        return STATUS_OK;
    }
    if (entry->voice != NULL)
        return reconcile_change(&same->reconcile, &entry->voice, report, entry->standing.digest);
    return reconcile_add(&same->reconcile, report, (struct span){entry->id, entry->id_size}, entry,
                         entry->standing.digest, &entry->voice);
}

enum status same_body(struct registry *registry, struct entry *entry, const struct report *report)
{
    tell_out(registry->same, entry);
    return keep(registry->same, entry, report);
}

size_t same_pending(const struct registry *registry)
{
    const struct same_way *same = registry->same;
    bool any = same->out != NULL || same->orphans != NULL || same->reconcile.dirty != NULL;
    return same->reconcile.pending > 0 ? same->reconcile.pending : any;
}

bool same_start(const struct entry *entry, int64_t *ret_start_ms)
{
    const struct standing *voice = entry->voice;
    if (voice == NULL || (voice->group != NULL && voice->group->is_settled))
        return false;
    *ret_start_ms = voice->start_ms;
    return true;
}

/* --- leaving --- */

static void group_leave(struct registry *registry, struct group *group)
{
    for (struct standing *one = group->members, *next; one != NULL; one = next) {
        next = one->next;
        struct entry *entry = one->entry;
        entry->voice = NULL;
        reconcile_leave(&registry->same->reconcile, one);
        registry_entry_forget(registry, entry);
    }
}

void same_released(struct registry *registry, struct record *record, bool evicted)
{
    struct group *group = record->group;
    if (record->entry != NULL)
        record->entry->record = NULL;
    if (evicted && group != NULL && !reconcile_settle(&registry->same->reconcile, group))
        group_leave(registry, group);
}

/* --- reopening --- */

enum registry_presence same_presence(const struct entry *entry, struct record **ret_record)
{
    const struct standing *voice = entry->voice;
    if (voice == NULL)
        return REGISTRY_OUT;
    if (voice->group != NULL && voice->group->is_settled)
        return REGISTRY_SETTLED;
    if (ret_record != NULL)
        *ret_record = voice->group != NULL ? voice->group->record : NULL;
    return REGISTRY_LIVE;
}

enum status same_touches(struct registry *registry, const struct report *report, struct span id,
                         const struct entry *entry, int64_t *ret_start_ms)
{
    return reconcile_touches(&registry->same->reconcile, report_takes_part(report->status) ? report : NULL, id,
                             entry != NULL ? entry->voice : NULL, ret_start_ms);
}

void same_unsettle(struct registry *registry, struct entry *entry)
{
    const struct standing *voice = entry->voice;
    if (voice != NULL && voice->group != NULL && voice->group->is_settled)
        group_leave(registry, voice->group);
}

void same_departed(struct registry *registry, int64_t before_ms)
{
    reconcile_departed(&registry->same->reconcile, before_ms);
}

void same_forget(struct registry *registry)
{
    struct reconcile *reconcile = &registry->same->reconcile;
    for (struct group *group = reconcile->clean, *next; group != NULL; group = next) {
        next = group->next;
        if (group->is_settled && group_is_over(reconcile, group))
            group_leave(registry, group);
    }
}

void same_watermark(struct registry *registry, int64_t watermark_ms)
{
    registry->same->reconcile.watermark_ms = watermark_ms;
}

int64_t same_horizon(const struct registry *registry)
{
    return registry->same->reconcile.horizon_ms;
}

/* --- visiting --- */

static enum status visit_groups(struct same_way *same, const struct group *first, registry_visitor visitor, void *self)
{
    enum status status = STATUS_OK;
    for (const struct group *group = first; group != NULL && status == STATUS_OK; group = group->next) {
        size_t publishers;
        if (group->record == NULL)
            continue;
        status = same_members_sort(same, group, &publishers) ? visitor(self, &group->record->incident, publishers)
                                                             : STATUS_NO_MEMORY;
    }
    return status;
}

enum status same_visit(struct registry *registry, registry_visitor visitor, void *self)
{
    struct same_way *same = registry->same;
    enum status status = visit_groups(same, same->reconcile.clean, visitor, self);
    return status == STATUS_OK ? visit_groups(same, same->reconcile.dirty, visitor, self) : status;
}
