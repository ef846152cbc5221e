/* The register's second way: reports of several sources are put together as incidents.
 *
 *   entry ─▶ voice (reconcile/standing.h) ─▶ group ─▶ record ─▶ the engine        group: the reports of one incident
 *                                                        ▲
 *   entry of the group's best report ────────────────────┘                       the record bears that report's id
 *
 * A resolve: groups are brought up to date; a record whose group is no more, or has another best report, is an orphan,
 * until a group whose best report bears its id claims it. What is left of them leaves the engine; then each group that
 * says something else than was told is told, and enters the engine or is touched there. */
#include "correlator/reconcile/best.h"
#include "correlator/reconcile/reconcile.h"
#include "correlator/registry_inside.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
/* Of the reports in one publication; the rest is for what is around them. */
#define TOLD_BYTES_MAX (LIMIT_EPISODE_BYTES - 1024u * 1024u)

struct same_way {
    struct memory memory;
    struct reconcile reconcile;
    struct text bytes;      /* scratch of packing */
    struct arena arena;     /* of one publication */
    struct record *orphans; /* since the last resolve */
    struct entry *out;      /* to be told out of correlation */
    VECTOR(struct group *) groups;
    standing_vector sorted;
    VECTOR(struct publisher_key) publishers;
    uint64_t serial;
};

static void on_orphaned(void *self, struct record *record)
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
    const struct reconcile_events events = {.orphaned = on_orphaned, .self = registry};
    reconcile_init(&same->reconcile, &same->memory, options, &events);
    return STATUS_OK;
}

static void packed_free(struct same_way *same, struct entry *entry)
{
    (void)memory_resize(&same->memory, entry->packed, entry->packed_size, 0);
    entry->packed = NULL;
    entry->packed_size = 0;
}

void same_entry_fini(struct registry *registry, struct entry *entry)
{
    struct same_way *same = registry->same;
    if (entry->voice != NULL)
        reconcile_drop(&same->reconcile, entry->voice);
    entry->voice = NULL;
    packed_free(same, entry);
    if (!entry->is_out_listed)
        return;
    struct entry **link = &same->out;
    while (*link != entry)
        link = &(*link)->next_out;
    *link = entry->next_out;
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
    bool has_body = report->has_place && report->occurred.start_ms != TIME_NONE;
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

/* --- telling --- */

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
static bool members_sort(struct same_way *same, const struct group *group, size_t *ret_publishers)
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
    if (!members_sort(same, group, &publishers))
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
            on_orphaned(registry, group->record);
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

/* --- incidents without an engine --- */

struct visit {
    struct registry *registry;
};

static enum status visit_told(void *self, enum publication_kind kind, const struct incident *incident)
{
    return STATUS_OK;
}

static enum status visit_changed(void *self, const struct incident_change *change)
{
    struct visit *visit = self;
    if (change->removed != NULL)
        registry_released(visit->registry, change->removed, false);
    return STATUS_OK;
}

enum status same_visit(struct registry *registry, registry_visitor visitor, void *self)
{
    struct same_way *same = registry->same;
    struct visit visit = {registry};
    const struct registry_events events = {visit_told, visit_changed, &visit};
    enum status status = same_resolve(registry, &events);
    registry_settle(registry);
    for (struct group *group = same->reconcile.clean; group != NULL && status == STATUS_OK; group = group->next) {
        size_t publishers;
        if (group->record == NULL)
            continue;
        status = members_sort(same, group, &publishers) ? visitor(self, &group->record->incident, publishers)
                                                        : STATUS_NO_MEMORY;
    }
    return status;
}
