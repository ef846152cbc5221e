#include "sink/store.h"

#include "proto/limits.h"
#include "sink/store_driver.h"
#include "sink/stores/stores.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLY_ARENA_BYTES (64u * 1024u * 1024u)

/* Adding a store: one row here. */
static const struct store_driver *const drivers[] = {&store_memory, &store_geopackage};

struct store {
    const struct store_driver *driver;
    void *self;
    struct arena arena; /* of one publication */
};

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

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store->driver->close(store->self);
    arena_fini(&store->arena);
    free(store);
}

struct stream_position store_position(const struct store *store)
{
    return store->driver->position(store->self);
}

static int position_compare(struct stream_position a, struct stream_position b)
{
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch ? -1 : 1;
    return (a.number > b.number) - (a.number < b.number);
}

/* Each report is of one incident: what was known by the id of another of its reports is this incident now. */
static enum status take_in_others(struct store *store, const struct incident *told)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < told->report_count && status == STATUS_OK; i++) {
        char bytes[LIMIT_INCIDENT_ID_BYTES + 1];
        struct span id = {bytes, report_incident_id(&told->reports[i], bytes, sizeof bytes)};
        if (span_equal(id, told->id))
            continue;
        status = store->driver->incident_drop(store->self, id);
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
    }
    return status;
}

static enum status apply_incident(struct store *store, const struct publication *publication)
{
    const struct incident *told = &publication->incident;
    assert(told->report_count > 0);
    struct incident known, merged;
    enum status status = store->driver->incident_get(store->self, told->id, &store->arena, &known);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    bool is_known = status == STATUS_OK;
    status = told->report_count > 1 ? take_in_others(store, told) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (publication->kind == PUBLICATION_RETRACTED) {
        status = incident_retract(is_known ? &known : NULL, told, &store->arena, &merged);
        return status == STATUS_OK ? store->driver->incident_put(store->self, &merged) : status;
    }
    /* Within one life of the correlator an older report can only follow a retraction to say what was retracted: the
     * content is taken, the retraction stands. So both orders of arrival leave the same incident. */
    if (is_known && known.position.epoch == told->position.epoch && known.reports[0].status == REPORT_RETRACTED &&
        told->reports[0].status != REPORT_RETRACTED && told->reports[0].revision < known.reports[0].revision) {
        status = incident_retract(told, &known, &store->arena, &merged);
        if (status != STATUS_OK)
            return status;
        merged.position = told->position;
        return store->driver->incident_put(store->self, &merged);
    }
    return store->driver->incident_put(store->self, told);
}

static enum status apply_episode(struct store *store, const struct episode *told, enum store_effect *effect,
                                 uint32_t *revision)
{
    struct record_head head;
    enum status status = store->driver->episode_head(store->self, told->id, &head);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    struct episode episode = *told;
    if (status == STATUS_OK) {
        if (head.final == told->final && memcmp(head.digest, told->digest, sizeof head.digest) == 0) {
            *effect = STORE_KNOWN;
            *revision = head.revision;
            return STATUS_OK;
        }
        if (episode.revision <= head.revision) /* the correlator was started anew and counts from 1 again */
            episode.revision = head.revision + 1;
    }
    *revision = episode.revision;
    return store->driver->episode_put(store->self, &episode);
}

static const struct stream_position *publication_position(const struct publication *publication)
{
    switch (publication->kind) {
    case PUBLICATION_INCIDENT:
    case PUBLICATION_RETRACTED:
        return &publication->incident.position;
    case PUBLICATION_EPISODE:
        return &publication->episode.position;
    case PUBLICATION_RULE: /* carries none: by its hash it takes effect once anyway */
        return NULL;
    }
    return NULL;
}

/* What is at or before the position: nothing changes, but the revision under which an episode stands is told. */
static enum status pass_known(struct store *store, const struct publication *publication, enum store_effect *effect,
                              uint32_t *revision)
{
    *effect = STORE_KNOWN;
    if (publication->kind != PUBLICATION_EPISODE)
        return STATUS_OK;
    struct record_head head;
    enum status status = store->driver->episode_head(store->self, publication->episode.id, &head);
    *revision = status == STATUS_OK ? head.revision : publication->episode.revision;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status apply_one(struct store *store, const struct publication *publication, struct stream_position *at,
                             enum store_effect *effect, uint32_t *revision)
{
    *effect = STORE_APPLIED;
    *revision = 0;
    const struct stream_position *position = publication_position(publication);
    if (position != NULL) {
        if (position_compare(*position, *at) <= 0)
            return pass_known(store, publication, effect, revision);
        *at = *position;
    }
    arena_reset(&store->arena);
    enum status status;
    switch (publication->kind) {
    case PUBLICATION_INCIDENT:
    case PUBLICATION_RETRACTED:
        return apply_incident(store, publication);
    case PUBLICATION_EPISODE:
        return apply_episode(store, &publication->episode, effect, revision);
    case PUBLICATION_RULE:
        status = store->driver->rule_put(store->self, &publication->rule);
        if (status != STATUS_EXISTS)
            return status;
        *effect = STORE_KNOWN;
        return STATUS_OK;
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

enum delivery store_apply(struct store *store, const struct publication *publications, size_t count,
                          enum store_effect *ret_effects, uint32_t *ret_revisions, char ret_reason[256])
{
    enum status status = store->driver->begin(store->self);
    if (status != STATUS_OK)
        return delivery_of(store, status, ret_reason);
    struct stream_position at = store_position(store);
    const struct stream_position before = at;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = apply_one(store, &publications[i], &at, &ret_effects[i], &ret_revisions[i]);
    if (status == STATUS_OK && position_compare(before, at) != 0)
        status = store->driver->position_put(store->self, at);
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
