/* What the register's second way tells.
 *
 *   groups that say something else ─▶ claim the records that bear their best report's id ─▶ orphans leave the engine
 *                                  ─▶ published whole ─▶ inserted, or touched where the engine sees no difference */
#include "correlator/reconcile/best.h"
#include "correlator/registry_same.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Of the reports in one publication; the rest is for what is around them. */
#define TOLD_BYTES_MAX (LIMIT_EPISODE_BYTES - 1024u * 1024u)

/* The report as kept, with what stands of it now: a bare retraction says only that it is taken back. */
static enum status unpack(struct same_way *same, const struct entry *entry, struct report *ret_report)
{
    char reason[REASON_BYTES];
    struct span packed = {entry->packed, entry->packed_size};
    enum status status = report_unpack(packed, &same->arena, ret_report, reason);
    if (status != STATUS_OK)
        return status;
    ret_report->status = entry->status;
    ret_report->revision = entry->standing.revision;
    if (entry->standing.reported_at_ms != TIME_NONE)
        ret_report->reported_at_ms = entry->standing.reported_at_ms;
    return STATUS_OK;
}

static int by_best(const void *a, const void *b)
{
    return best_order(*(struct standing *const *)a, *(struct standing *const *)b);
}

/* The members, the best first; and their distinct publishers. */
bool same_members_sort(struct same_way *same, const struct group *group, size_t *ret_publishers)
{
    same->sorted.count = same->publishers.count = 0;
    for (struct standing *one = group->members; one != NULL; one = one->next)
        if (!vector_push(&same->memory, &same->sorted, one) ||
            !vector_push(&same->memory, &same->publishers, one->publisher))
            return false;
    if (same->sorted.count > 1)
        qsort((void *)same->sorted.items, same->sorted.count, sizeof(struct standing *), by_best);
    *ret_publishers = publisher_keys_distinct(same->publishers.items, same->publishers.count);
    return true;
}

/* How many of them one publication can carry. */
static size_t members_carried(const struct same_way *same)
{
    size_t count = 0, bytes = 0;
    while (count < same->sorted.count && count < LIMIT_INCIDENT_REPORTS) {
        const struct entry *entry = same->sorted.items[count]->entry;
        bytes += entry->packed_size + 16;
        if (bytes > TOLD_BYTES_MAX)
            break;
        count++;
    }
    return count;
}

static enum status tell_group(struct same_way *same, const struct group *group, const struct registry_events *events)
{
    size_t publishers;
    if (!same_members_sort(same, group, &publishers))
        return STATUS_NO_MEMORY;
    arena_reset(&same->arena);
    size_t count = members_carried(same);
    struct report *reports = arena_take(&same->arena, count * sizeof *reports);
    if (reports == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        enum status status = unpack(same, same->sorted.items[i]->entry, &reports[i]);
        if (status != STATUS_OK)
            return status;
    }
    const struct incident incident = {.id = same->sorted.items[0]->id,
                                      .reports = reports,
                                      .report_count = count,
                                      .reports_omitted = group->size - count,
                                      .publishers = group->size > 1 ? publishers : 0};
    return events->told(events->self, PUBLICATION_INCIDENT, &incident);
}

/* One that takes no part: an incident of its own, for people to read. */
static enum status tell_out_of_it(struct same_way *same, const struct entry *entry,
                                  const struct registry_events *events)
{
    arena_reset(&same->arena);
    struct report report;
    enum status status = unpack(same, entry, &report);
    if (status != STATUS_OK)
        return status;
    const struct incident incident = {.id = {entry->id, entry->id_size}, .reports = &report, .report_count = 1};
    return events->told(events->self, entry->has_body ? PUBLICATION_INCIDENT : PUBLICATION_RETRACTED, &incident);
}

static enum status tell_outs(struct same_way *same, const struct registry_events *events)
{
    while (same->out != NULL) {
        struct entry *entry = same->out;
        if (entry->voice == NULL) { /* else it has been given back since */
            enum status status = tell_out_of_it(same, entry, events);
            if (status != STATUS_OK)
                return status;
        }
        same->out = entry->next_out;
        entry->is_out_listed = false;
    }
    return STATUS_OK;
}

/* --- resolving --- */

static struct entry *best_entry(struct group *group)
{
    return group_best(group)->entry;
}

static int by_start(const void *a, const void *b)
{
    return standing_order(group_best(*(struct group *const *)a), group_best(*(struct group *const *)b));
}

static bool dirty_collect(struct same_way *same)
{
    same->groups.count = 0;
    for (struct group *group = same->reconcile.dirty; group != NULL; group = group->next)
        if (!vector_push(&same->memory, &same->groups, group))
            return false;
    if (same->groups.count > 1)
        qsort((void *)same->groups.items, same->groups.count, sizeof(struct group *), by_start);
    return true;
}

/* A record goes with the id it bears. */
static void records_claim(struct registry *registry)
{
    struct same_way *same = registry->same;
    for (uint32_t i = 0; i < same->groups.count; i++) {
        struct group *group = same->groups.items[i];
        if (group->record != NULL && group->record->entry != best_entry(group)) {
            same_orphaned(registry, group->record);
            group->record = NULL;
        }
    }
    for (uint32_t i = 0; i < same->groups.count; i++) {
        struct group *group = same->groups.items[i];
        struct record *record = best_entry(group)->record;
        if (group->is_settled || record == NULL || record == group->record)
            continue;
        assert(record->is_orphan);
        record->is_orphan = false;
        record->group = group;
        group->record = record;
    }
    struct record **link = &same->orphans;
    while (*link != NULL) {
        if ((*link)->is_orphan)
            link = &(*link)->next_orphan;
        else
            *link = (*link)->next_orphan;
    }
}

static void record_leaves(struct registry *registry, struct record *record, enum incident_action action)
{
    registry_act(registry, record, action);
    record->entry->record = NULL;
    record->entry = NULL;
    record->group = NULL;
    record->replaced = true;
}

/* Why an incident of that id is no more. */
static enum incident_action parting_action(const struct entry *entry)
{
    return entry->voice != NULL                ? ACTION_MERGED
           : entry->status == REPORT_EXPLAINED ? ACTION_EXPLAINED
                                               : ACTION_RETRACTED;
}

static int by_id(const void *a, const void *b)
{
    return span_compare((*(struct record *const *)a)->incident.id, (*(struct record *const *)b)->incident.id);
}

/* Was the report last told in an incident that is an orphan now? */
static bool is_of_orphan(const struct same_way *same, const struct entry *entry)
{
    for (const struct record *record = same->orphans; record != NULL; record = record->next_orphan)
        if (record->serial == entry->told_serial)
            return true;
    return false;
}

/* Why there is an incident of that id now. */
static enum incident_action arrival_action(const struct same_way *same, const struct group *group)
{
    const struct entry *best = group->best->entry;
    if (best->told_serial != 0)
        return is_of_orphan(same, best) ? ACTION_RETOLD : ACTION_PARTED;
    for (const struct standing *one = group->members; one != NULL; one = one->next)
        if (((const struct entry *)one->entry)->told_serial != 0)
            return ACTION_RETOLD;
    return best->was_out ? ACTION_RESTORED : ACTION_ADDED;
}

static void group_digest(const struct group *group, unsigned char ret_digest[32])
{
    memcpy(ret_digest, group->digest, 32);
}

static void record_touch(struct registry *registry, struct record *record, const struct group *group)
{
    bool same_best = memcmp(record->best_digest, group->best->digest, 32) == 0;
    registry_act(registry, record,
                 same_best && group->size > record->report_count   ? ACTION_BACKED
                 : same_best && group->size < record->report_count ? ACTION_SHORTED
                                                                   : ACTION_CORRECTED);
    group_digest(group, record->digest);
    memcpy(record->best_digest, group->best->digest, 32);
    record->report_count = group->size;
}

static enum status record_make(struct registry *registry, struct group *group, struct record **ret_record)
{
    struct same_way *same = registry->same;
    struct entry *best = best_entry(group);
    struct report report;
    unsigned char digest[32];
    arena_reset(&same->arena);
    enum status status = unpack(same, best, &report);
    if (status != STATUS_OK)
        return status;
    group_digest(group, digest);
    struct record *record = registry_record_new(registry, &report, group->best->id, digest);
    if (record == NULL)
        return STATUS_NO_MEMORY;
    memcpy(record->best_digest, group->best->digest, 32);
    record->report_count = group->size;
    record->serial = ++same->serial;
    *ret_record = record;
    return STATUS_OK;
}

/* What the engine must do for a group that says something else than was told. */
static enum status group_change(struct registry *registry, struct group *group, struct incident_change *ret_change)
{
    struct record *old = group->record, *fresh;
    struct entry *best = best_entry(group);
    unsigned char digest[32];
    group_digest(group, digest);
    *ret_change = (struct incident_change){
        .verdict = VERDICT_APPLIED, .revision = best->standing.revision, .status = best->status};
    if (old != NULL && memcmp(old->digest, digest, sizeof digest) == 0 && old->report_count == group->size &&
        memcmp(old->best_digest, group->best->digest, sizeof digest) == 0)
        return STATUS_OK; /* the same reports: the engine and the episodes have nothing to learn */
    if (old != NULL && memcmp(old->best_digest, group->best->digest, sizeof digest) == 0) {
        record_touch(registry, old, group);
        ret_change->touched = old;
        return STATUS_OK;
    }
    enum status status = record_make(registry, group, &fresh);
    if (status != STATUS_OK)
        return status;
    if (old != NULL && records_look_same(&old->incident, &fresh->incident)) {
        registry_record_free(registry, fresh);
        record_touch(registry, old, group);
        ret_change->touched = old;
        return STATUS_OK;
    }
    enum incident_action action = old != NULL ? ACTION_CORRECTED : arrival_action(registry->same, group);
    if (old != NULL) {
        record_leaves(registry, old, ACTION_CORRECTED);
        ret_change->removed = old;
    }
    registry_act(registry, fresh, action);
    fresh->entry = best;
    fresh->group = group;
    best->record = group->record = fresh;
    ret_change->inserted = fresh;
    return STATUS_OK;
}

static void members_told(const struct group *group)
{
    for (const struct standing *one = group->members; one != NULL; one = one->next) {
        struct entry *entry = one->entry;
        entry->told_serial = group->record != NULL ? group->record->serial : 0;
        entry->was_out = false;
    }
}

static enum status orphans_leave(struct registry *registry, const struct registry_events *events)
{
    struct same_way *same = registry->same;
    size_t count = 0;
    for (const struct record *record = same->orphans; record != NULL; record = record->next_orphan)
        count++;
    struct record **records = memory_resize(&same->memory, NULL, 0, (count + 1) * sizeof(struct record *));
    if (records == NULL)
        return STATUS_NO_MEMORY;
    count = 0;
    for (struct record *record = same->orphans; record != NULL; record = record->next_orphan)
        records[count++] = record;
    qsort((void *)records, count, sizeof(struct record *), by_id);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        record_leaves(registry, records[i], parting_action(records[i]->entry));
        const struct incident_change change = {.verdict = VERDICT_APPLIED, .removed = records[i]};
        status = events->changed(events->self, &change);
    }
    (void)memory_resize(&same->memory, records, (count + 1) * sizeof(struct record *), 0);
    return status;
}

static enum status group_tell(struct registry *registry, struct group *group, const struct registry_events *events)
{
    struct incident_change change = {.verdict = VERDICT_APPLIED};
    enum status status = tell_group(registry->same, group, events);
    if (status == STATUS_OK && !group->is_settled)
        status = group_change(registry, group, &change);
    if (status == STATUS_OK && (change.removed != NULL || change.inserted != NULL || change.touched != NULL))
        status = events->changed(events->self, &change);
    members_told(group);
    group_clean(&registry->same->reconcile, group);
    return status;
}

enum status same_resolve(struct registry *registry, const struct registry_events *events)
{
    struct same_way *same = registry->same;
    enum status status = reconcile_resolve(&same->reconcile);
    if (status == STATUS_OK && !dirty_collect(same))
        status = STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    records_claim(registry);
    status = orphans_leave(registry, events);
    for (uint32_t i = 0; i < same->groups.count && status == STATUS_OK; i++)
        status = group_tell(registry, same->groups.items[i], events);
    same->orphans = NULL;
    return status == STATUS_OK ? tell_outs(same, events) : status;
}
