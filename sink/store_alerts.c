#include "sink/store_alerts.h"

#include "sink/store_inside.h"

#include <assert.h>
#include <stdio.h>

bool store_keeps_alerts(const struct store *store)
{
    return store->driver->alerts != NULL;
}

static enum status note(struct store *store, struct alert_row *row)
{
    row->noted_ms = store->now_ms;
    return store->driver->alerts->note(store->self, row);
}

static struct alert_row row_of_episode(const struct episode *episode)
{
    return (struct alert_row){.subject = episode->id,
                              .revision = episode->revision,
                              .now = fingerprint_of(episode),
                              .last_ms = episode->last_ms};
}

/* A notice is news of now, since whenever the source was silent. */
static struct alert_row row_of_notice(const struct notice *notice, int64_t now_ms, char bytes[SUBJECT_BYTES])
{
    return (struct alert_row){.subject = subject_of_source(notice->source, bytes),
                              .revision = (uint64_t)notice->since_ms,
                              .now = fingerprint_of_notice(notice),
                              .last_ms = now_ms};
}

enum status store_note_episode(struct store *store, const struct episode *episode)
{
    if (!store->has_endpoints)
        return STATUS_OK;
    struct alert_row row = row_of_episode(episode);
    return note(store, &row);
}

enum status store_note_notice(struct store *store, const struct notice *notice)
{
    if (!store->has_endpoints)
        return STATUS_OK;
    char bytes[SUBJECT_BYTES];
    struct alert_row row = row_of_notice(notice, store->now_ms, bytes);
    return note(store, &row);
}

/* --- opening --- */

struct opening {
    struct store *store;
    const struct alert_endpoint *endpoints;
    size_t count;
    int64_t now_ms;
    bool *is_known;       /* by endpoint */
    struct text let_go;   /* names of those that are no more, each behind a NUL */
    struct span endpoint; /* the new one that is told */
    struct notice *last;  /* of a source; the visits' */
};

static enum status look_at_endpoint(void *self, const struct alert_endpoint *endpoint)
{
    struct opening *opening = self;
    for (size_t i = 0; i < opening->count; i++)
        if (span_equal(opening->endpoints[i].name, endpoint->name)) {
            opening->is_known[i] = true;
            return STATUS_OK;
        }
    text_append(&opening->let_go, endpoint->name);
    text_append(&opening->let_go, (struct span){"", 1});
    return opening->let_go.failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status told_as_it_stands(struct opening *opening, struct alert_row *row)
{
    row->endpoint = opening->endpoint;
    row->noted_ms = opening->now_ms;
    row->told =
        (struct alert_told){.is_known = true, .fingerprint = row->now, .revision = row->revision, .sent_ms = TIME_NONE};
    return opening->store->driver->alerts->told(opening->store->self, row);
}

static enum status tell_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    struct alert_row row = row_of_episode(episode);
    return told_as_it_stands(self, &row);
}

/* The later of two notices of a source comes later, and takes the row. */
static enum status tell_notice(void *self, const struct notice *notice)
{
    struct opening *opening = self;
    char bytes[SUBJECT_BYTES];
    struct alert_row row = row_of_notice(notice, opening->now_ms, bytes);
    return told_as_it_stands(opening, &row);
}

static enum status endpoint_welcome(struct opening *opening, size_t at)
{
    struct store *store = opening->store;
    enum status status = store->driver->alerts->endpoint_put(store->self, &opening->endpoints[at]);
    opening->endpoint = opening->endpoints[at].name;
    if (status != STATUS_OK || opening->is_known[at])
        return status;
    status = store->driver->episodes(store->self, &(struct store_filter){0}, tell_episode, opening);
    return status == STATUS_OK ? store->driver->notices(store->self, (struct span){0}, tell_notice, opening) : status;
}

static enum status let_go_of_others(struct opening *opening, void (*let_go)(void *self, struct span name, size_t rows),
                                    void *self)
{
    struct store *store = opening->store;
    enum status status = STATUS_OK;
    for (size_t at = 0; at < opening->let_go.size && status == STATUS_OK;) {
        struct span name = span_of(opening->let_go.data + at);
        size_t rows = 0;
        status = store->driver->alerts->endpoint_drop(store->self, name, &rows);
        if (status == STATUS_OK)
            let_go(self, name, rows);
        at += name.size + 1;
    }
    return status;
}

#define ENDPOINTS_MAX 1024u

enum status store_alerts_open(struct store *store, const struct alert_endpoint *endpoints, size_t count, int64_t now_ms,
                              void (*let_go)(void *self, struct span endpoint, size_t rows), void *self)
{
    bool is_known[ENDPOINTS_MAX] = {0};
    struct opening opening = {
        .store = store, .endpoints = endpoints, .count = count, .now_ms = now_ms, .is_known = is_known};
    if (count > ENDPOINTS_MAX)
        return STATUS_TOO_LARGE;
    assert(store_keeps_alerts(store));
    enum status status = store->driver->begin(store->self);
    if (status != STATUS_OK)
        return status;
    status = store->driver->alerts->endpoints(store->self, look_at_endpoint, &opening);
    if (status == STATUS_OK)
        status = let_go_of_others(&opening, let_go, self);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = endpoint_welcome(&opening, i);
    text_fini(&opening.let_go);
    enum status ended = store->driver->end(store->self, status == STATUS_OK ? STORE_KEEP : STORE_UNDO);
    store->has_endpoints = count > 0;
    return status == STATUS_OK ? ended : status;
}

/* --- asking --- */

enum status store_alert_rows(struct store *store, struct span endpoint, alert_row_visitor visitor, void *self)
{
    return store->driver->alerts->rows(store->self, endpoint, visitor, self);
}

enum status store_alert_draft(struct store *store, struct span endpoint, struct span subject, struct text *json)
{
    return store->driver->alerts->draft(store->self, endpoint, subject, json);
}

enum status store_alert_endpoints(struct store *store, alert_endpoint_visitor visitor, void *self)
{
    return store->driver->alerts->endpoints(store->self, visitor, self);
}

enum status store_alert_write(struct store *store, const struct alert_write *write, char ret_reason[256])
{
    enum status status = store->driver->begin(store->self);
    if (status == STATUS_OK) {
        status = store->driver->alerts->put(store->self, write);
        enum status ended = store->driver->end(store->self, status == STATUS_OK ? STORE_KEEP : STORE_UNDO);
        status = status == STATUS_OK ? ended : status;
    }
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "%s", store->driver->reason(store->self));
    return status;
}
