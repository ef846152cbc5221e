/* The implementers' side of store.h: what a kind of store must be able to do.
 *
 *     store_apply ─▶ store.c: exactly once, revisions, retractions ─▶ driver: get and put, all or nothing
 *     store_episodes … ─────────────────────────────────────────────▶ driver: find, in order
 *
 * What decides is in store.c, once, so that all stores decide alike; a driver keeps and finds. tests/contract/sink
 * holds a driver to these words. Calls of one store come from one thread at a time. */
#pragma once

#include "base/arena.h"
#include "proto/json.h"
#include "sink/store_alerts.h"

struct record_head { /* what must be known of a stored episode to decide what becomes of the next revision */
    uint32_t revision;
    struct stream_position position;
    bool final;
    bool is_flagged;
    unsigned char digest[32];
};

enum store_end { STORE_KEEP, STORE_UNDO };

/* Rows of alerts, as store_alerts.h says. All but the visits and the draft come within a piece. */
struct store_alerts_driver {
    /* Makes the endpoint known, or its max_age_ms another. */
    enum status (*endpoint_put)(void *self, const struct alert_endpoint *endpoint);
    /* With all its rows. */
    enum status (*endpoint_drop)(void *self, struct span name, size_t *ret_rows);
    enum status (*endpoints)(void *self, alert_endpoint_visitor visitor, void *visitor_self);
    /* For every endpoint: revision, now, last_ms; and noted_ms, if it stands otherwise than before. Makes a row only of
     * what is flagged and not older than the endpoint's max_age_ms. */
    enum status (*note)(void *self, const struct alert_row *row);
    /* A row with what note fills, and told; in place of one that is there. */
    enum status (*told)(void *self, const struct alert_row *row);
    /* STATUS_NOT_FOUND: an operator's, and there is no such row, or nothing begun. Of what is told and not flagged the
     * row is let go of. */
    enum status (*put)(void *self, const struct alert_write *write);
    enum status (*rows)(void *self, struct span endpoint, alert_row_visitor visitor, void *visitor_self);
    enum status (*draft)(void *self, struct span endpoint, struct span subject, struct text *json);
};

struct store_driver {
    const char *name;
    /* Is this url one of mine? */
    bool (*serves)(const char *url);
    /* Statuses and sentences as store_open says. */
    enum status (*open)(const char *url, enum store_mode mode, void **ret_self, char ret_reason[256]);
    enum status (*commit)(void *self, char ret_reason[256]);
    /* Undoes what is open, frees self. A STORE_REPLACE that was not committed leaves no trace. */
    void (*close)(void *self);

    /* Between begin and end the puts are one piece: end(STORE_KEEP) makes all of them durable, or fails and keeps none;
     * so does end(STORE_UNDO), which cannot fail. A query in between sees them. */
    enum status (*begin)(void *self);
    enum status (*end)(void *self, enum store_end end);
    /* The sentence that belongs to the last failure; borrowed until the next call. */
    const char *(*reason)(void *self);

    /* Copies into the arena. STATUS_NOT_FOUND where there is none. */
    enum status (*incident_get)(void *self, struct span id, struct arena *arena, struct incident *ret_incident);
    /* STATUS_NOT_FOUND where there is none. */
    enum status (*incident_position)(void *self, struct span id, struct stream_position *ret_position);
    /* Borrows until it returns; replaces what is there under that id. */
    enum status (*incident_put)(void *self, const struct incident *incident);
    /* STATUS_NOT_FOUND where there is none. */
    enum status (*incident_drop)(void *self, struct span id);
    enum status (*episode_head)(void *self, struct span id, struct record_head *ret_head);
    enum status (*episode_put)(void *self, const struct episode *episode);
    /* STATUS_EXISTS where the same name and hash are known: nothing changed. */
    enum status (*rule_put)(void *self, const struct published_rule *rule);
    /* Replaces what is there of that source and kind. */
    enum status (*notice_put)(void *self, const struct notice *notice);
    struct stream_position (*link)(void *self);
    enum status (*link_put)(void *self, struct stream_position link);

    /* As store_episodes and its sisters. A visitor may ask the same store again. */
    enum status (*episodes)(void *self, const struct store_filter *filter, store_episode_visitor visitor,
                            void *visitor_self);
    enum status (*incidents)(void *self, const struct store_filter *filter, store_incident_visitor visitor,
                             void *visitor_self);
    enum status (*rules)(void *self, store_rule_visitor visitor, void *visitor_self);
    /* May be asked between begin and end, too. */
    enum status (*notices)(void *self, struct span source, store_notice_visitor visitor, void *visitor_self);

    /* A copy as it is at one moment, durable, at once or not at all. NULL: there is none. */
    enum status (*backup)(void *self, const char *to, char ret_reason[256]);
    const struct store_alerts_driver *alerts; /* NULL: it keeps none */
};

/* --- shared by drivers --- */

/* What a retraction leaves of an incident: the content of `known` with the retraction's status and revision. known
 * NULL: the bare retraction. The result borrows from both and from the arena. STATUS_NO_MEMORY. */
enum status incident_retract(const struct incident *known, const struct incident *retraction, struct arena *arena,
                             struct incident *ret_incident) MUST_CHECK;

/* The reports of an incident as bytes: packed reports, each behind its length (32 bits, little-endian); behind them the
 * numbers of publishers and of reports omitted, if any. Appends. */
enum status reports_pack(const struct incident *incident, struct text *bytes) MUST_CHECK;
/* Fills all but id and position. STATUS_CORRUPT where the bytes are not what reports_pack wrote. */
enum status reports_unpack(struct span bytes, struct arena *arena, struct incident *ret_incident) MUST_CHECK;

/* The countries an incident counts for and a filter asks of: those of its best report. Answers how many. */
size_t incident_countries(const struct incident *incident, country_code *ret_codes, size_t room);

/* Does a filter admit them? incidents as in store_episode_visitor. */
bool filter_admits_episode(const struct store_filter *filter, const struct episode *episode,
                           const struct incident *const *incidents);
/* in_rule: it is in an episode, not withdrawn, of the filter's rule; asked only where the filter names one. */
bool filter_admits_incident(const struct store_filter *filter, const struct incident *incident, bool in_rule);
/* Is it one of those that make the episode (method §4: core or attached)? */
static inline bool membership_is_member(enum membership membership)
{
    return membership == MEMBERSHIP_CORE || membership == MEMBERSHIP_ATTACHED;
}
