/* A store in memory, for tests and for a replay that keeps nothing.
 *
 *     incidents: id ─▶ packed reports, position        packed, so that what is kept is bounded by what was said,
 *     episodes:  id ─▶ packed publication              and reading it back passes the same gate as the wire
 *     rules:     name\0hash ─▶ JSON
 *     notices:   kind, source ─▶ packed publication
 *
 * A put keeps the record it replaces until the end of the piece, so that an undo puts it back. Finding looks at
 * everything: O(n log n). */
#include "proto/codec.h"
#include "sink/stores/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define QUERY_ARENA_BYTES (1024u * 1024u * 1024u)

enum table { TABLE_INCIDENTS, TABLE_EPISODES, TABLE_RULES, TABLE_NOTICES, TABLE_COUNT };

struct record {
    size_t size;
    struct stream_position position; /* of an incident */
    struct record_head head;         /* of an episode */
    char bytes[];
};

struct entry {
    UT_hash_handle hh;
    struct record *record; /* NULL: what was put was undone */
    size_t key_size;
    char key[];
};

struct undo {
    struct entry *entry;
    struct record *before;
};

struct memory {
    struct entry *tables[TABLE_COUNT];
    struct undo *undos;
    size_t undo_count, undo_room;
    struct stream_position link, link_before;
    struct text bytes; /* scratch */
};

static bool memory_serves(const char *url)
{
    return strcmp(url, "memory:") == 0;
}

static enum status memory_open(const char *url, enum store_mode mode, void **ret_self, char ret_reason[256])
{
    (void)url;
    if (mode == STORE_READ) {
        snprintf(ret_reason, 256,
                 "a store in memory cannot be opened for reading: it does not outlive the program that made it");
        return STATUS_NOT_FOUND;
    }
    struct memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        snprintf(ret_reason, 256, "out of memory");
        return STATUS_NO_MEMORY;
    }
    *ret_self = memory;
    return STATUS_OK;
}

static enum status memory_commit(void *self, char ret_reason[256])
{
    (void)self;
    (void)ret_reason;
    return STATUS_OK;
}

static void memory_close(void *self)
{
    struct memory *memory = self;
    for (int table = 0; table < TABLE_COUNT; table++) {
        struct entry *entry, *next;
        HASH_ITER(hh, memory->tables[table], entry, next)
        {
            HASH_DEL(memory->tables[table], entry);
            free(entry->record);
            free(entry);
        }
    }
    free(memory->undos);
    text_fini(&memory->bytes);
    free(memory);
}

static enum status memory_begin(void *self)
{
    struct memory *memory = self;
    memory->undo_count = 0;
    memory->link_before = memory->link;
    return STATUS_OK;
}

static enum status memory_end(void *self, enum store_end end)
{
    struct memory *memory = self;
    while (memory->undo_count > 0) {
        struct undo *undo = &memory->undos[--memory->undo_count];
        if (end == STORE_UNDO) {
            free(undo->entry->record);
            undo->entry->record = undo->before;
        } else {
            free(undo->before);
        }
    }
    if (end == STORE_UNDO)
        memory->link = memory->link_before;
    return STATUS_OK;
}

static const char *memory_reason(void *self)
{
    (void)self;
    return "";
}

static struct entry *entry_find(struct memory *memory, enum table table, struct span key)
{
    struct entry *entry;
    HASH_FIND(hh, memory->tables[table], key.data, key.size, entry);
    return entry != NULL && entry->record != NULL ? entry : NULL;
}

static struct entry *entry_make(struct memory *memory, enum table table, struct span key)
{
    struct entry *entry;
    HASH_FIND(hh, memory->tables[table], key.data, key.size, entry);
    if (entry != NULL)
        return entry;
    entry = calloc(1, sizeof *entry + key.size + 1);
    if (entry == NULL)
        return NULL;
    entry->key_size = key.size;
    memcpy(entry->key, key.data, key.size);
    HASH_ADD_KEYPTR(hh, memory->tables[table], entry->key, entry->key_size, entry);
    return entry;
}

static bool undo_reserve(struct memory *memory)
{
    if (memory->undo_count < memory->undo_room)
        return true;
    size_t room = memory->undo_room > 0 ? 2 * memory->undo_room : 64;
    struct undo *undos = realloc(memory->undos, room * sizeof *undos);
    if (undos == NULL)
        return false;
    memory->undos = undos;
    memory->undo_room = room;
    return true;
}

/* Puts a copy of the scratch under the key and remembers what was there. */
static enum status entry_put(struct memory *memory, enum table table, struct span key, const struct record *head)
{
    if (memory->bytes.failed)
        return STATUS_NO_MEMORY;
    if (!undo_reserve(memory))
        return STATUS_NO_MEMORY;
    struct entry *entry = entry_make(memory, table, key);
    struct record *record = malloc(sizeof *record + memory->bytes.size);
    if (entry == NULL || record == NULL) {
        free(record);
        return STATUS_NO_MEMORY;
    }
    *record = *head;
    record->size = memory->bytes.size;
    if (record->size > 0)
        memcpy(record->bytes, memory->bytes.data, record->size);
    memory->undos[memory->undo_count++] = (struct undo){.entry = entry, .before = entry->record};
    entry->record = record;
    return STATUS_OK;
}

static enum status incident_read(const struct entry *entry, struct arena *arena, struct incident *ret_incident)
{
    struct incident incident = {.position = entry->record->position,
                                .id = arena_copy(arena, (struct span){entry->key, entry->key_size})};
    enum status status = reports_unpack((struct span){entry->record->bytes, entry->record->size}, arena, &incident);
    if (status == STATUS_OK)
        *ret_incident = incident;
    return status;
}

static enum status memory_incident_get(void *self, struct span id, struct arena *arena, struct incident *ret_incident)
{
    struct entry *entry = entry_find(self, TABLE_INCIDENTS, id);
    return entry != NULL ? incident_read(entry, arena, ret_incident) : STATUS_NOT_FOUND;
}

static enum status memory_incident_position(void *self, struct span id, struct stream_position *ret_position)
{
    struct entry *entry = entry_find(self, TABLE_INCIDENTS, id);
    if (entry == NULL)
        return STATUS_NOT_FOUND;
    *ret_position = entry->record->position;
    return STATUS_OK;
}

static enum status memory_incident_put(void *self, const struct incident *incident)
{
    struct memory *memory = self;
    text_clear(&memory->bytes);
    enum status status = reports_pack(incident, &memory->bytes);
    if (status != STATUS_OK)
        return status;
    return entry_put(memory, TABLE_INCIDENTS, incident->id, &(struct record){.position = incident->position});
}

static enum status memory_incident_drop(void *self, struct span id)
{
    struct memory *memory = self;
    struct entry *entry = entry_find(memory, TABLE_INCIDENTS, id);
    if (entry == NULL)
        return STATUS_NOT_FOUND;
    if (!undo_reserve(memory))
        return STATUS_NO_MEMORY;
    memory->undos[memory->undo_count++] = (struct undo){.entry = entry, .before = entry->record};
    entry->record = NULL;
    return STATUS_OK;
}

static enum status memory_episode_head(void *self, struct span id, struct record_head *ret_head)
{
    struct entry *entry = entry_find(self, TABLE_EPISODES, id);
    if (entry == NULL)
        return STATUS_NOT_FOUND;
    *ret_head = entry->record->head;
    return STATUS_OK;
}

static enum status memory_episode_put(void *self, const struct episode *episode)
{
    struct memory *memory = self;
    text_clear(&memory->bytes);
    enum status status =
        publication_pack(&(struct publication){.kind = PUBLICATION_EPISODE, .episode = *episode}, &memory->bytes);
    if (status != STATUS_OK)
        return status;
    struct record head = {.head = {.revision = episode->revision,
                                   .position = episode->position,
                                   .final = episode->final,
                                   .is_flagged = episode->state == EPISODE_FLAGGED}};
    memcpy(head.head.digest, episode->digest, sizeof head.head.digest);
    return entry_put(memory, TABLE_EPISODES, episode->id, &head);
}

static enum status memory_rule_put(void *self, const struct published_rule *rule)
{
    struct memory *memory = self;
    struct text key = {0};
    text_append(&key, rule->name);
    text_append(&key, (struct span){"\0", 1});
    text_append(&key, rule->hash);
    enum status status = STATUS_NO_MEMORY;
    if (!key.failed && entry_find(memory, TABLE_RULES, (struct span){key.data, key.size}) != NULL) {
        status = STATUS_EXISTS;
    } else if (!key.failed) {
        text_clear(&memory->bytes);
        text_append(&memory->bytes, rule->json);
        status = entry_put(memory, TABLE_RULES, (struct span){key.data, key.size}, &(struct record){0});
    }
    text_fini(&key);
    return status;
}

static enum status memory_notice_put(void *self, const struct notice *notice)
{
    struct memory *memory = self;
    struct text key = {0};
    text_print(&key, "%u %.*s", (unsigned)notice->kind, SPAN_ARG(notice->source));
    text_clear(&memory->bytes);
    enum status status =
        publication_pack(&(struct publication){.kind = PUBLICATION_NOTICE, .notice = *notice}, &memory->bytes);
    if (status == STATUS_OK)
        status = key.failed ? STATUS_NO_MEMORY
                            : entry_put(memory, TABLE_NOTICES, (struct span){key.data, key.size}, &(struct record){0});
    text_fini(&key);
    return status;
}

static struct stream_position memory_link(void *self)
{
    return ((struct memory *)self)->link;
}

static enum status memory_link_put(void *self, struct stream_position link)
{
    ((struct memory *)self)->link = link;
    return STATUS_OK;
}

/* --- finding --- */

struct found_episode {
    struct episode episode;
    const struct incident **incidents;
};

static int order_of(int64_t a_ms, struct span a, int64_t b_ms, struct span b)
{
    return a_ms != b_ms ? (a_ms < b_ms ? -1 : 1) : span_compare(a, b);
}

static int episode_order(const void *a, const void *b)
{
    const struct episode *x = &((const struct found_episode *)a)->episode,
                         *y = &((const struct found_episode *)b)->episode;
    return order_of(x->first_ms, x->id, y->first_ms, y->id);
}

static int incident_order(const void *a, const void *b)
{
    const struct incident *x = a, *y = b;
    return order_of(x->reports[0].occurred.start_ms, x->id, y->reports[0].occurred.start_ms, y->id);
}

static enum status episode_read(struct memory *memory, const struct entry *entry, struct arena *arena,
                                struct found_episode *ret_found)
{
    struct publication publication;
    char reason[REASON_BYTES];
    if (publication_unpack((struct span){entry->record->bytes, entry->record->size}, arena, &publication, reason) !=
            STATUS_OK ||
        publication.kind != PUBLICATION_EPISODE)
        return STATUS_CORRUPT;
    const struct episode *episode = &publication.episode;
    const struct incident **incidents = arena_zero(arena, (episode->member_count + 1) * sizeof(struct incident *));
    if (incidents == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < episode->member_count; i++) {
        struct entry *member = entry_find(memory, TABLE_INCIDENTS, episode->members[i].incident_id);
        if (member == NULL)
            continue;
        struct incident *incident = arena_zero(arena, sizeof *incident);
        enum status status = incident != NULL ? incident_read(member, arena, incident) : STATUS_NO_MEMORY;
        if (status != STATUS_OK)
            return status;
        incidents[i] = incident;
    }
    *ret_found = (struct found_episode){.episode = *episode, .incidents = incidents};
    return STATUS_OK;
}

/* All the filter admits, in order. */
static enum status episodes_find(struct memory *memory, const struct store_filter *filter, struct arena *arena,
                                 struct found_episode **ret_found, size_t *ret_count)
{
    size_t count = 0;
    struct found_episode *found = arena_take(arena, (HASH_COUNT(memory->tables[TABLE_EPISODES]) + 1u) * sizeof *found);
    if (found == NULL)
        return STATUS_NO_MEMORY;
    for (struct entry *entry = memory->tables[TABLE_EPISODES]; entry != NULL; entry = entry->hh.next) {
        if (entry->record == NULL)
            continue;
        enum status status = episode_read(memory, entry, arena, &found[count]);
        if (status != STATUS_OK)
            return status;
        count += filter_admits_episode(filter, &found[count].episode, found[count].incidents);
    }
    qsort(found, count, sizeof *found, episode_order);
    *ret_found = found;
    *ret_count = count;
    return STATUS_OK;
}

static enum status memory_episodes(void *self, const struct store_filter *filter, store_episode_visitor visitor,
                                   void *visitor_self)
{
    struct arena arena;
    arena_init(&arena, QUERY_ARENA_BYTES);
    struct found_episode *found = NULL;
    size_t count = 0;
    enum status status = episodes_find(self, filter, &arena, &found, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = visitor(visitor_self, &found[i].episode, found[i].incidents);
    arena_fini(&arena);
    return status;
}

/* incident id ─▶ the episodes it is in */
struct belonging {
    UT_hash_handle hh;
    struct span incident_id;
    struct span *ids;
    size_t count, room;
    bool in_rule;
};

static enum status belonging_add(struct belonging **belongings, struct arena *arena, struct span incident_id,
                                 const struct episode *episode, bool in_rule)
{
    struct belonging *belonging;
    HASH_FIND(hh, *belongings, incident_id.data, incident_id.size, belonging);
    if (belonging == NULL) {
        belonging = arena_zero(arena, sizeof *belonging);
        if (belonging == NULL)
            return STATUS_NO_MEMORY;
        belonging->incident_id = incident_id;
        HASH_ADD_KEYPTR(hh, *belongings, belonging->incident_id.data, belonging->incident_id.size, belonging);
    }
    if (belonging->count == belonging->room) {
        size_t room = belonging->room > 0 ? 2 * belonging->room : 2;
        struct span *ids = arena_take(arena, room * sizeof *ids);
        if (ids == NULL)
            return STATUS_NO_MEMORY;
        if (belonging->count > 0)
            memcpy(ids, belonging->ids, belonging->count * sizeof *ids);
        belonging->ids = ids;
        belonging->room = room;
    }
    belonging->ids[belonging->count++] = episode->id;
    belonging->in_rule |= in_rule;
    return STATUS_OK;
}

static enum status belongings_find(struct memory *memory, const struct store_filter *filter, struct arena *arena,
                                   struct belonging **belongings)
{
    struct found_episode *found;
    size_t count;
    enum status status = episodes_find(memory, &(struct store_filter){.with_candidates = true}, arena, &found, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const struct episode *episode = &found[i].episode;
        bool in_rule = span_equal(filter->rule, episode->rule);
        for (size_t m = 0; m < episode->member_count && status == STATUS_OK; m++)
            status = belonging_add(belongings, arena, episode->members[m].incident_id, episode, in_rule);
    }
    return status;
}

static int id_order(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static enum status incidents_find(struct memory *memory, const struct store_filter *filter, struct arena *arena,
                                  struct belonging *belongings, struct incident **ret_found, size_t *ret_count)
{
    size_t count = 0;
    struct incident *found = arena_take(arena, (HASH_COUNT(memory->tables[TABLE_INCIDENTS]) + 1u) * sizeof *found);
    if (found == NULL)
        return STATUS_NO_MEMORY;
    for (struct entry *entry = memory->tables[TABLE_INCIDENTS]; entry != NULL; entry = entry->hh.next) {
        if (entry->record == NULL)
            continue;
        enum status status = incident_read(entry, arena, &found[count]);
        if (status != STATUS_OK)
            return status;
        struct belonging *belonging;
        HASH_FIND(hh, belongings, entry->key, entry->key_size, belonging);
        count += filter_admits_incident(filter, &found[count], belonging != NULL && belonging->in_rule);
    }
    qsort(found, count, sizeof *found, incident_order);
    *ret_found = found;
    *ret_count = count;
    return STATUS_OK;
}

static enum status memory_incidents(void *self, const struct store_filter *filter, store_incident_visitor visitor,
                                    void *visitor_self)
{
    struct arena arena;
    arena_init(&arena, QUERY_ARENA_BYTES);
    struct belonging *belongings = NULL;
    struct incident *found = NULL;
    size_t count = 0;
    enum status status = belongings_find(self, filter, &arena, &belongings);
    if (status == STATUS_OK)
        status = incidents_find(self, filter, &arena, belongings, &found, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct belonging *belonging;
        HASH_FIND(hh, belongings, found[i].id.data, found[i].id.size, belonging);
        if (belonging != NULL)
            qsort(belonging->ids, belonging->count, sizeof *belonging->ids, id_order);
        status = visitor(visitor_self, &found[i], belonging != NULL ? belonging->ids : NULL,
                         belonging != NULL ? belonging->count : 0);
    }
    HASH_CLEAR(hh, belongings);
    arena_fini(&arena);
    return status;
}

static int rule_order(struct entry *a, struct entry *b)
{
    return span_compare((struct span){a->key, a->key_size}, (struct span){b->key, b->key_size});
}

static enum status memory_rules(void *self, store_rule_visitor visitor, void *visitor_self)
{
    struct memory *memory = self;
    HASH_SORT(memory->tables[TABLE_RULES], rule_order);
    enum status status = STATUS_OK;
    for (struct entry *entry = memory->tables[TABLE_RULES]; entry != NULL && status == STATUS_OK;
         entry = entry->hh.next) {
        if (entry->record == NULL)
            continue;
        size_t name = strlen(entry->key); /* a name holds no NUL */
        struct published_rule rule = {.name = {entry->key, name},
                                      .hash = {entry->key + name + 1, entry->key_size - name - 1},
                                      .json = {entry->record->bytes, entry->record->size}};
        status = visitor(visitor_self, &rule);
    }
    return status;
}

static int notice_order(const void *a, const void *b)
{
    const struct notice *x = a, *y = b;
    int order = span_compare(x->source, y->source);
    if (order != 0)
        return order;
    if (x->position.epoch != y->position.epoch)
        return x->position.epoch < y->position.epoch ? -1 : 1;
    if (x->position.number != y->position.number)
        return x->position.number < y->position.number ? -1 : 1;
    return (x->since_ms > y->since_ms) - (x->since_ms < y->since_ms);
}

static enum status notices_find(struct memory *memory, struct span source, struct arena *arena,
                                struct notice **ret_found, size_t *ret_count)
{
    size_t count = 0;
    struct notice *found = arena_take(arena, (HASH_COUNT(memory->tables[TABLE_NOTICES]) + 1u) * sizeof *found);
    if (found == NULL)
        return STATUS_NO_MEMORY;
    for (struct entry *entry = memory->tables[TABLE_NOTICES]; entry != NULL; entry = entry->hh.next) {
        struct publication publication;
        char reason[REASON_BYTES];
        if (entry->record == NULL)
            continue;
        if (publication_unpack((struct span){entry->record->bytes, entry->record->size}, arena, &publication, reason) !=
            STATUS_OK)
            return STATUS_CORRUPT;
        if (source.size == 0 || span_equal(source, publication.notice.source))
            found[count++] = publication.notice;
    }
    qsort(found, count, sizeof *found, notice_order);
    *ret_found = found;
    *ret_count = count;
    return STATUS_OK;
}

static enum status memory_notices(void *self, struct span source, store_notice_visitor visitor, void *visitor_self)
{
    struct arena arena;
    arena_init(&arena, QUERY_ARENA_BYTES);
    struct notice *found = NULL;
    size_t count = 0;
    enum status status = notices_find(self, source, &arena, &found, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = visitor(visitor_self, &found[i]);
    arena_fini(&arena);
    return status;
}

const struct store_driver store_memory = {
    .name = "memory",
    .serves = memory_serves,
    .open = memory_open,
    .commit = memory_commit,
    .close = memory_close,
    .begin = memory_begin,
    .end = memory_end,
    .reason = memory_reason,
    .incident_get = memory_incident_get,
    .incident_position = memory_incident_position,
    .incident_put = memory_incident_put,
    .incident_drop = memory_incident_drop,
    .episode_head = memory_episode_head,
    .episode_put = memory_episode_put,
    .rule_put = memory_rule_put,
    .notice_put = memory_notice_put,
    .link = memory_link,
    .link_put = memory_link_put,
    .episodes = memory_episodes,
    .incidents = memory_incidents,
    .rules = memory_rules,
    .notices = memory_notices,
};
