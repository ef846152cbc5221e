#include "correlator/registry_inside.h"
#include "proto/json.h"
#include "proto/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The first slab is small; where many are kept a slab is one huge page, as far as the system has them: a page of 4 KiB
 * costs more to get than the pieces in it to fill. */
static struct slab *slab_new(const struct slab *before)
{
    size_t size = before == NULL ? SLAB_FIRST_BYTES : SLAB_BYTES;
    struct slab *slab = aligned_alloc(size, size);
    if (slab == NULL)
        return NULL;
    if (size == SLAB_BYTES)
        (void)madvise(slab, size, MADV_HUGEPAGE);
    slab->size = size;
    return slab;
}

/* One nobody had before. */
static void *piece_cut(struct pool *pool)
{
    struct slab *slab = pool->slabs;
    if (slab == NULL || slab->size - pool->used < pool->piece_size) {
        slab = slab_new(pool->slabs);
        if (slab == NULL)
            return NULL;
        slab->next = pool->slabs;
        pool->slabs = slab;
        pool->used = offsetof(struct slab, bytes);
    }
    void *piece = (unsigned char *)slab + pool->used;
    pool->used += pool->piece_size;
    return piece;
}

static void *pool_take(struct pool *pool)
{
    void *piece = pool->free;
    if (piece != NULL)
        memcpy(&pool->free, piece, sizeof pool->free);
    else
        piece = piece_cut(pool);
    return piece != NULL ? memset(piece, 0, pool->piece_size) : NULL;
}

static void pool_give(struct pool *pool, void *piece)
{
    memcpy(piece, &pool->free, sizeof pool->free);
    pool->free = piece;
}

static void pool_fini(struct pool *pool)
{
    while (pool->slabs != NULL) {
        struct slab *next = pool->slabs->next;
        free(pool->slabs);
        pool->slabs = next;
    }
}

enum status registry_new(struct registry **ret_registry)
{
    struct registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL)
        return STATUS_NO_MEMORY;
    registry->entry_pool.piece_size = (sizeof(struct entry) + 15) / 16 * 16;
    registry->record_pool.piece_size = (sizeof(struct piece) + 15) / 16 * 16;
    *ret_registry = registry;
    return STATUS_OK;
}

static struct piece *piece_of(struct record *record)
{
    return (struct piece *)record; /* its first member */
}

void registry_record_free(struct registry *registry, struct record *record)
{
    free(piece_of(record)->more);
    pool_give(&registry->record_pool, record);
}

static void entry_free(struct registry *registry, struct entry *entry)
{
    if (entry->id != entry->inline_id)
        free(entry->id);
    pool_give(&registry->entry_pool, entry);
}

void registry_free(struct registry *registry)
{
    if (registry == NULL)
        return;
    struct entry *entry;
    for (size_t at = 0; (entry = entries_next(&registry->entries, &at)) != NULL; at++) {
        if (registry->same != NULL)
            same_entry_fini(registry, entry);
        if (entry->record != NULL)
            free(piece_of(entry->record)->more);
        if (entry->id != entry->inline_id)
            free(entry->id);
    }
    for (struct record *record = registry->acted; record != NULL; record = record->next_acted)
        if (record->replaced)
            free(piece_of(record)->more);
    if (registry->same != NULL)
        same_fini(registry);
    entries_fini(&registry->entries);
    pool_fini(&registry->entry_pool);
    pool_fini(&registry->record_pool);
    free(registry);
}

void registry_entry_forget(struct registry *registry, struct entry *entry)
{
    registry->has_forgotten = true;
    registry->out_count -= entry->record == NULL;
    entries_remove(&registry->entries, entry);
    if (registry->same != NULL)
        same_entry_fini(registry, entry);
    entry_free(registry, entry);
}

static int rank_order(const struct rank *a, const struct rank *b)
{
    if (a->revision != b->revision)
        return a->revision < b->revision ? -1 : 1;
    if (a->reported_at_ms != b->reported_at_ms)
        return a->reported_at_ms < b->reported_at_ms ? -1 : 1;
    return memcmp(a->digest, b->digest, sizeof a->digest);
}

struct entry *registry_entry(const struct registry *registry, struct span id)
{
    return entries_find(&registry->entries, id);
}

void registry_expect(const struct registry *registry, const struct report *report)
{
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    entries_expect(&registry->entries, (struct span){id, report_incident_id(report, id, sizeof id)});
}

static struct entry *entry_add(struct registry *registry, struct span id)
{
    struct entry *entry = pool_take(&registry->entry_pool);
    if (entry == NULL)
        return NULL;
    entry->id = id.size <= sizeof entry->inline_id ? entry->inline_id : malloc(id.size);
    if (entry->id != NULL) {
        memcpy(entry->id, id.data, id.size);
        entry->id_size = id.size;
        if (entries_add(&registry->entries, entry) == STATUS_OK) {
            registry->out_count++;
            return entry;
        }
    }
    entry_free(registry, entry);
    return NULL;
}

struct record *registry_record_new(struct registry *registry, const struct report *report, struct span id,
                                   const unsigned char digest[32])
{
    country_code counted[LIMIT_COUNTRIES], touched[LIMIT_COUNTRIES];
    size_t counted_count = report_counted_countries(report, counted, LIMIT_COUNTRIES);
    size_t touched_count = report_touched_countries(report, touched, LIMIT_COUNTRIES);
    size_t codes_size = (counted_count + touched_count) * sizeof *counted;

    struct piece *piece = pool_take(&registry->record_pool);
    if (piece == NULL)
        return NULL;
    unsigned char *bytes = piece->inline_bytes;
    if (codes_size + id.size > sizeof piece->inline_bytes) {
        bytes = piece->more = malloc(codes_size + id.size);
        if (bytes == NULL) {
            registry_record_free(registry, &piece->record);
            return NULL;
        }
    }
    memcpy(bytes, counted, counted_count * sizeof *counted);
    memcpy(bytes + counted_count * sizeof *counted, touched, touched_count * sizeof *touched);
    memcpy(bytes + codes_size, id.data, id.size);

    struct record *record = &piece->record;
    memcpy(record->digest, digest, sizeof record->digest);
    record->incident = (struct engine_incident){
        .id = {(char *)bytes + codes_size, id.size},
        .point = point_from_degrees(report->place.lat, report->place.lon),
        .radius_km = report->place.radius_km,
        .start_ms = report->occurred.start_ms,
        .end_ms = report->occurred.end_ms,
        .reported_at_ms = report->reported_at_ms,
        .category = report->category,
        .role = report->role,
        .countries = (country_code *)(void *)bytes,
        .country_count = counted_count,
        .touched_countries = (country_code *)(void *)bytes + counted_count,
        .touched_country_count = touched_count,
        .user = record,
    };
    return record;
}

bool records_look_same(const struct engine_incident *a, const struct engine_incident *b)
{
    return a->point.x == b->point.x && a->point.y == b->point.y && a->point.z == b->point.z &&
           memcmp(&a->radius_km, &b->radius_km, sizeof a->radius_km) == 0 && a->start_ms == b->start_ms &&
           a->end_ms == b->end_ms && a->reported_at_ms == b->reported_at_ms && a->category == b->category &&
           a->role == b->role && a->country_count == b->country_count &&
           a->touched_country_count == b->touched_country_count &&
           memcmp(a->countries, b->countries, a->country_count * sizeof *a->countries) == 0 &&
           memcmp(a->touched_countries, b->touched_countries,
                  a->touched_country_count * sizeof *a->touched_countries) == 0;
}

void registry_act(struct registry *registry, struct record *record, enum incident_action action)
{
    if (record->action == ACTION_NONE) {
        record->next_acted = registry->acted;
        registry->acted = record;
    }
    if (record->action != ACTION_ADDED || action != ACTION_CORRECTED)
        record->action = action;
}

static void entry_set_body(struct entry *entry, const struct rank *rank, int64_t start_ms)
{
    entry->body = *rank;
    entry->has_body = true;
    entry->start_ms = start_ms;
}

static struct rank rank_of(const struct report *report)
{
    struct rank rank = {.revision = report->revision, .reported_at_ms = report->reported_at_ms};
    report_digest(report, rank.digest);
    return rank;
}

/* Of a report that does not come to stand. */
static enum incident_verdict verdict_of(const struct entry *entry, const struct rank *rank, bool has_body)
{
    int order = rank_order(rank, &entry->standing);
    if (order >= 0)
        return order > 0 ? VERDICT_APPLIED : VERDICT_DUPLICATE;
    bool better_body = has_body && (!entry->has_body || rank_order(rank, &entry->body) > 0) &&
                       entry->status == REPORT_RETRACTED && rank_order(&entry->standing, &entry->body) != 0;
    return better_body ? VERDICT_BODY : VERDICT_STALE;
}

enum status registry_apply(struct registry *registry, const struct report *report, int64_t now_ms,
                           struct incident_change *ret_change)
{
    char id_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    struct span id = {id_bytes, report_incident_id(report, id_bytes, sizeof id_bytes)};
    const struct rank rank = rank_of(report);
    bool has_body = report_has_body(report);

    struct entry *entry = registry_entry(registry, id);
    bool is_new = entry == NULL;
    if (is_new) {
        entry = entry_add(registry, id);
        if (entry == NULL)
            return STATUS_NO_MEMORY;
        entry->start_ms = now_ms;
    } else {
        enum incident_verdict verdict = verdict_of(entry, &rank, has_body);
        if (verdict != VERDICT_APPLIED) {
            *ret_change = (struct incident_change){
                .verdict = verdict, .revision = entry->standing.revision, .status = entry->status};
            if (verdict == VERDICT_BODY)
                entry_set_body(entry, &rank, report->occurred.start_ms);
            return verdict == VERDICT_BODY && registry->same != NULL ? same_body(registry, entry, report) : STATUS_OK;
        }
    }

    *ret_change =
        (struct incident_change){.verdict = VERDICT_APPLIED, .revision = rank.revision, .status = report->status};
    if (registry->same != NULL) {
        entry->standing = rank;
        entry->status = report->status;
        if (has_body)
            entry_set_body(entry, &rank, report->occurred.start_ms);
        return same_apply(registry, entry, report);
    }

    struct record *old = entry->record, *fresh = NULL;
    if (report_takes_part(report->status)) {
        fresh = registry_record_new(registry, report, id, rank.digest);
        if (fresh == NULL) {
            if (is_new)
                registry_entry_forget(registry, entry);
            return STATUS_NO_MEMORY;
        }
    }
    bool was_out = !is_new && old == NULL;
    entry->standing = rank;
    entry->status = report->status;
    if (has_body)
        entry_set_body(entry, &rank, report->occurred.start_ms);

    if (old != NULL && fresh != NULL && records_look_same(&old->incident, &fresh->incident)) {
        memcpy(old->digest, fresh->digest, sizeof old->digest);
        registry_record_free(registry, fresh);
        registry_act(registry, old, ACTION_CORRECTED);
        ret_change->touched = old;
        return STATUS_OK;
    }
    if (old != NULL) {
        registry_act(registry, old,
                     fresh != NULL                        ? ACTION_CORRECTED
                     : report->status == REPORT_EXPLAINED ? ACTION_EXPLAINED
                                                          : ACTION_RETRACTED);
        old->replaced = true;
        old->entry = NULL;
        entry->record = NULL;
        registry->out_count++;
        ret_change->removed = old;
    }
    if (fresh != NULL) {
        registry_act(registry, fresh, old != NULL ? ACTION_CORRECTED : was_out ? ACTION_RESTORED : ACTION_ADDED);
        fresh->entry = entry;
        entry->record = fresh;
        registry->out_count--;
        ret_change->inserted = fresh;
    }
    return STATUS_OK;
}

bool registry_start(const struct registry *registry, struct span id, int64_t *ret_start_ms)
{
    const struct entry *entry = registry_entry(registry, id);
    if (entry == NULL)
        return false;
    if (registry->same != NULL)
        return same_start(entry, ret_start_ms);
    if (entry->record == NULL)
        return false;
    *ret_start_ms = entry->record->incident.start_ms;
    return true;
}

enum registry_presence registry_presence(const struct registry *registry, struct span id, struct record **ret_record)
{
    const struct entry *entry = registry_entry(registry, id);
    if (entry == NULL)
        return REGISTRY_UNKNOWN;
    if (registry->same != NULL)
        return same_presence(entry, ret_record);
    if (ret_record != NULL)
        *ret_record = entry->record;
    return entry->record != NULL ? REGISTRY_LIVE : REGISTRY_OUT;
}

bool registry_has_forgotten(const struct registry *registry)
{
    return registry->has_forgotten;
}

enum incident_verdict registry_verdict(const struct registry *registry, const struct report *report, struct span id)
{
    const struct rank rank = rank_of(report);
    return verdict_of(registry_entry(registry, id), &rank, report_has_body(report));
}

enum status registry_touches(struct registry *registry, const struct report *report, struct span id,
                             int64_t *ret_start_ms)
{
    const struct entry *entry = registry_entry(registry, id);
    if (registry->same != NULL)
        return same_touches(registry, report, id, entry, ret_start_ms);
    int64_t start_ms = report_takes_part(report->status) ? report->occurred.start_ms : INT64_MAX;
    if (entry != NULL && entry->record != NULL && entry->record->incident.start_ms < start_ms)
        start_ms = entry->record->incident.start_ms;
    *ret_start_ms = start_ms;
    return STATUS_OK;
}

enum status registry_remember(struct registry *registry, const struct report *report, int64_t heard_ms)
{
    char id_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    struct span id = {id_bytes, report_incident_id(report, id_bytes, sizeof id_bytes)};
    struct incident_change change;
    enum status status = registry_apply(registry, report, heard_ms, &change);
    if (status != STATUS_OK)
        return status;
    assert(change.inserted == NULL && change.removed == NULL);
    if (registry->same != NULL)
        same_told_out(registry, registry_entry(registry, id));
    return STATUS_OK;
}

void registry_unsettle(struct registry *registry, struct span id)
{
    struct entry *entry = registry_entry(registry, id);
    if (registry->same != NULL && entry != NULL)
        same_unsettle(registry, entry);
}

void registry_departed(struct registry *registry, int64_t before_ms)
{
    if (registry->same != NULL)
        same_departed(registry, before_ms);
}

void registry_released(struct registry *registry, struct record *record, bool evicted)
{
    if (registry->same != NULL)
        same_released(registry, record, evicted);
    else if (evicted && record->entry != NULL)
        registry_entry_forget(registry, record->entry);
    if (record->action != ACTION_NONE) { /* take it off the list of the acted */
        struct record **link = &registry->acted;
        while (*link != NULL && *link != record)
            link = &(*link)->next_acted;
        assert(*link == record);
        *link = record->next_acted;
    }
    registry_record_free(registry, record);
}

void registry_settle(struct registry *registry)
{
    while (registry->acted != NULL) {
        struct record *record = registry->acted;
        registry->acted = record->next_acted;
        record->next_acted = NULL;
        record->action = ACTION_NONE;
    }
}

void registry_forget(struct registry *registry, int64_t horizon_ms)
{
    if (registry->same != NULL)
        same_forget(registry);
    else if (registry->out_count == 0)
        return;
    struct entry *entry;
    entries_fit(&registry->entries);
    for (size_t at = 0; (entry = entries_next(&registry->entries, &at)) != NULL;) {
        if (entry->record == NULL && entry->voice == NULL && entry->start_ms < horizon_ms)
            registry_entry_forget(registry, entry);
        else
            at++;
    }
}

size_t registry_count(const struct registry *registry)
{
    return registry->entries.count;
}

enum status registry_visit(struct registry *registry, registry_visitor visitor, void *self)
{
    if (registry->same != NULL)
        return same_visit(registry, visitor, self);
    enum status status = STATUS_OK;
    const struct entry *entry;
    for (size_t at = 0; status == STATUS_OK && (entry = entries_next(&registry->entries, &at)) != NULL; at++)
        if (entry->record != NULL)
            status = visitor(self, &entry->record->incident, 1);
    return status;
}

/* --- the second way, where there is one --- */

enum status registry_resolve(struct registry *registry, const struct registry_events *events)
{
    return registry->same != NULL ? same_resolve(registry, events) : STATUS_OK;
}

size_t registry_pending(const struct registry *registry)
{
    return registry->same != NULL ? same_pending(registry) : 0;
}

void registry_watermark(struct registry *registry, int64_t watermark_ms)
{
    if (registry->same != NULL)
        same_watermark(registry, watermark_ms);
}

int64_t registry_horizon(const struct registry *registry)
{
    return registry->same != NULL ? same_horizon(registry) : INT64_MIN;
}

enum status registry_new_same(const struct same_options *options, const struct allocator *allocator,
                              struct registry **ret_registry)
{
    struct registry *registry;
    enum status status = registry_new(&registry);
    if (status == STATUS_OK && options->mode == SAME_ON &&
        (status = same_new(registry, options, allocator)) != STATUS_OK)
        registry_free(registry);
    if (status == STATUS_OK)
        *ret_registry = registry;
    return status;
}
