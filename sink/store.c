#include "sink/store.h"

#include "proto/limits.h"
#include "sink/store_inside.h"
#include "sink/stores/stores.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLY_ARENA_BYTES (64u * 1024u * 1024u)

/* Adding a store: one row here. */
static const struct store_driver *const drivers[] = {&store_memory, &store_geopackage};

static const struct store_driver *driver_find(const char *url)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (drivers[i]->serves(url))
            return drivers[i];
    return NULL;
}

bool store_serves(const char *url)
{
    return driver_find(url) != NULL;
}

enum status store_open(const char *url, enum store_mode mode, struct store **ret_store, char ret_reason[256])
{
    const struct store_driver *driver = driver_find(url);
    if (driver == NULL) {
        snprintf(ret_reason, 256,
                 "%.160s is no store this program knows: expected a name ending in .gpkg, or memory:", url);
        return STATUS_INVALID;
    }
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        snprintf(ret_reason, 256, "out of memory");
        return STATUS_NO_MEMORY;
    }
    store->driver = driver;
    arena_init(&store->arena, APPLY_ARENA_BYTES);
    enum status status = store->driver->open(url, mode, &store->self, ret_reason);
    if (status != STATUS_OK) {
        free(store);
        return status;
    }
    *ret_store = store;
    return STATUS_OK;
}

enum status store_commit(struct store *store, char ret_reason[256])
{
    return store->driver->commit(store->self, ret_reason);
}

enum status store_backup(struct store *store, const char *to, char ret_reason[256])
{
    if (store->driver->backup != NULL)
        return store->driver->backup(store->self, to, ret_reason);
    snprintf(ret_reason, 256, "a store of this kind (%s) is not copied by this program", store->driver->name);
    return STATUS_UNSUPPORTED;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store->driver->close(store->self);
    arena_fini(&store->arena);
    text_fini(&store->one);
    text_fini(&store->other);
    free(store);
}

struct stream_position store_link(const struct store *store)
{
    return store->driver->link(store->self);
}

static int position_compare(struct stream_position a, struct stream_position b)
{
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch ? -1 : 1;
    return (a.number > b.number) - (a.number < b.number);
}

/* Each report is of one incident: what was known by the id of another of its reports is this incident, as of this
 * position. True of a position however late it is told: so it is done for what is stale, too. */
static enum status take_in_others(struct store *store, const struct incident *told)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < told->report_count && status == STATUS_OK; i++) {
        char bytes[LIMIT_INCIDENT_ID_BYTES + 1];
        struct span id = {bytes, report_incident_id(&told->reports[i], bytes, sizeof bytes)};
        struct stream_position position;
        if (span_equal(id, told->id))
            continue;
        status = store->driver->incident_position(store->self, id, &position);
        if (status == STATUS_OK && position_compare(position, told->position) <= 0)
            status = store->driver->incident_drop(store->self, id);
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
    }
    return status;
}

/* What is to be known of an incident that is told. Within one journal an older report can only follow a retraction to
 * say what was retracted: the content is taken, the retraction stands. So both orders of arrival leave the same. */
static enum status incident_merge(struct store *store, const struct publication *publication,
                                  const struct incident *known, struct incident *ret_incident)
{
    const struct incident *told = &publication->incident;
    if (publication->kind == PUBLICATION_RETRACTED)
        return incident_retract(known, told, &store->arena, ret_incident);
    *ret_incident = *told;
    if (known == NULL || known->position.epoch != told->position.epoch ||
        known->reports[0].status != REPORT_RETRACTED || told->reports[0].status == REPORT_RETRACTED ||
        told->reports[0].revision >= known->reports[0].revision)
        return STATUS_OK;
    enum status status = incident_retract(told, known, &store->arena, ret_incident);
    ret_incident->position = told->position;
    return status;
}

/* Are they the same, as a store keeps them? */
static enum status incident_compare(struct store *store, const struct incident *a, const struct incident *b,
                                    bool *ret_same)
{
    struct text *one = &store->one, *other = &store->other;
    text_clear(one);
    text_clear(other);
    enum status status = reports_pack(a, one);
    if (status == STATUS_OK)
        status = reports_pack(b, other);
    if (status == STATUS_OK)
        *ret_same = one->size == other->size && memcmp(one->data, other->data, one->size) == 0;
    return status;
}

static enum status apply_incident(struct store *store, const struct publication *publication, enum store_effect *effect)
{
    const struct incident *told = &publication->incident;
    assert(told->report_count > 0);
    struct incident known, merged;
    enum status status = store->driver->incident_get(store->self, told->id, &store->arena, &known);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    bool is_known = status == STATUS_OK, is_same = false;
    status = told->report_count > 1 ? take_in_others(store, told) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    *effect = STORE_KNOWN;
    if (is_known && position_compare(known.position, told->position) > 0)
        return STATUS_OK;
    status = incident_merge(store, publication, is_known ? &known : NULL, &merged);
    if (status == STATUS_OK && is_known)
        status = incident_compare(store, &known, &merged, &is_same);
    if (status != STATUS_OK || is_same)
        return status;
    *effect = STORE_APPLIED;
    return store->driver->incident_put(store->self, &merged);
}

static enum status apply_episode(struct store *store, const struct episode *told, enum store_effect *effect,
                                 uint32_t *revision)
{
    struct record_head head = {0};
    enum status status = store->driver->episode_head(store->self, told->id, &head);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    bool is_known = status == STATUS_OK;
    bool is_same = head.final == told->final && memcmp(head.digest, told->digest, sizeof head.digest) == 0;
    if (is_known && (is_same || position_compare(head.position, told->position) > 0)) {
        *effect = STORE_KNOWN;
        *revision = head.revision;
        return STATUS_OK;
    }
    struct episode episode = *told;
    if (is_known && episode.revision <= head.revision) /* it was told in other portions before, or by another journal */
        episode.revision = head.revision + 1;
    *effect = STORE_APPLIED;
    *revision = episode.revision;
    status = store->driver->episode_put(store->self, &episode);
    bool may_be_news = head.is_flagged || episode.state == EPISODE_FLAGGED;
    return status == STATUS_OK && may_be_news ? store_note_episode(store, &episode) : status;
}

/* How a source stands, as far as was told. */
struct standing {
    bool is_known;
    enum notice_kind kind;
    int64_t since_ms;
    struct stream_position position;
};

static enum status keep_standing(void *self, const struct notice *notice)
{
    *(struct standing *)self = (struct standing){true, notice->kind, notice->since_ms, notice->position};
    return STATUS_OK; /* the last one stays */
}

/* A correlator that was started anew does not know what it has told: it may find again, since another moment, what it
 * had found, and says of a source that is well that it is back. What changes nothing is known. */
static enum status apply_notice(struct store *store, const struct notice *told, enum store_effect *effect)
{
    struct standing last = {0};
    enum status status = store->driver->notices(store->self, told->source, keep_standing, &last);
    if (status != STATUS_OK)
        return status;
    int order = position_compare(last.position, told->position);
    bool is_later = order > 0 || (order == 0 && last.since_ms > told->since_ms);
    bool is_same = last.is_known ? last.kind == told->kind : told->kind == NOTICE_BACK;
    *effect = STORE_KNOWN;
    if (is_same || (last.is_known && is_later))
        return STATUS_OK;
    *effect = STORE_APPLIED;
    status = store->driver->notice_put(store->self, told);
    return status == STATUS_OK ? store_note_notice(store, told) : status;
}

static enum status apply_one(struct store *store, const struct publication *publication, enum store_effect *effect,
                             uint32_t *revision)
{
    *revision = 0;
    arena_reset(&store->arena);
    enum status status;
    switch (publication->kind) {
    case PUBLICATION_INCIDENT:
    case PUBLICATION_RETRACTED:
        return apply_incident(store, publication, effect);
    case PUBLICATION_EPISODE:
        return apply_episode(store, &publication->episode, effect, revision);
    case PUBLICATION_NOTICE:
        return apply_notice(store, &publication->notice, effect);
    case PUBLICATION_RULE: /* by its name and hash it takes effect once */
        status = store->driver->rule_put(store->self, &publication->rule);
        *effect = status == STATUS_EXISTS ? STORE_KNOWN : STORE_APPLIED;
        return status == STATUS_EXISTS ? STATUS_OK : status;
    }
    return STATUS_INVALID;
}

/* A passing trouble is worth another try; the rest is not. */
static enum delivery delivery_of(struct store *store, enum status status, char ret_reason[256])
{
    if (status == STATUS_OK)
        return DELIVERED;
    const char *said = store->driver->reason(store->self);
    snprintf(ret_reason, 256, "%s", said[0] != '\0' ? said : status_text(status));
    bool passing =
        status == STATUS_NO_SPACE || status == STATUS_BUSY || status == STATUS_NO_MEMORY || status == STATUS_AGAIN;
    return passing ? RETRY_LATER : REJECTED;
}

enum delivery store_apply(struct store *store, const struct store_piece *piece, enum store_effect *ret_effects,
                          uint32_t *ret_revisions, char ret_reason[256])
{
    enum status status = store->driver->begin(store->self);
    if (status != STATUS_OK)
        return delivery_of(store, status, ret_reason);
    store->now_ms = piece->now_ms;
    for (size_t i = 0; i < piece->count && status == STATUS_OK; i++)
        status = apply_one(store, &piece->publications[i], &ret_effects[i], &ret_revisions[i]);
    for (size_t i = 0; i < piece->write_count && status == STATUS_OK; i++)
        status = store->driver->alerts->put(store->self, &piece->writes[i]);
    if (status == STATUS_OK && piece->link.epoch != 0 && position_compare(store_link(store), piece->link) != 0)
        status = store->driver->link_put(store->self, piece->link);
    if (status == STATUS_OK)
        return delivery_of(store, store->driver->end(store->self, STORE_KEEP), ret_reason);
    enum delivery delivery = delivery_of(store, status, ret_reason);
    (void)store->driver->end(store->self, STORE_UNDO);
    return delivery;
}

enum status store_episodes(struct store *store, const struct store_filter *filter, store_episode_visitor visitor,
                           void *self)
{
    return store->driver->episodes(store->self, filter, visitor, self);
}

enum status store_incidents(struct store *store, const struct store_filter *filter, store_incident_visitor visitor,
                            void *self)
{
    return store->driver->incidents(store->self, filter, visitor, self);
}

enum status store_rules(struct store *store, store_rule_visitor visitor, void *self)
{
    return store->driver->rules(store->self, visitor, self);
}

enum status store_notices(struct store *store, struct span source, store_notice_visitor visitor, void *self)
{
    return store->driver->notices(store->self, source, visitor, self);
}
