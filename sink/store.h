/* Stores: where incidents and episodes are kept and asked for. One seam, several drivers (store_driver.h).
 *
 * What a store keeps is the last word on every incident and episode, withdrawn ones too, the rules they were made by,
 * and the last notices of the sources. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "proto/episode.h"

#include <stdbool.h>

struct store;

enum store_mode {
    STORE_READ,    /* must exist; may be read while another program writes it */
    STORE_WRITE,   /* made if missing, upgraded if old; one writer at a time */
    STORE_REPLACE, /* made anew beside the old and put in its place by store_commit: nothing half-written is ever seen
                    */
};

/* Is there a driver for the url? */
bool store_serves(const char *url);

/* Chooses the driver by url: "….gpkg" a GeoPackage, "memory:" none; STATUS_INVALID for any other. STATUS_BUSY: another
 * program writes it; STATUS_UNSUPPORTED: not a store of ours, or of a later schema; STATUS_NOT_FOUND,
 * STATUS_PERMISSION, STATUS_NO_SPACE; the sentence in ret_reason. */
enum status store_open(const char *url, enum store_mode mode, struct store **ret_store,
                       char ret_reason[256]) MUST_CHECK;
/* STORE_REPLACE: puts the new store in its place, durably. Others: makes all durable. */
enum status store_commit(struct store *store, char ret_reason[256]) MUST_CHECK;
/* A copy as it is at one moment, in a file of its own, durable; also while another program writes. Of a store that was
 * opened for reading. STATUS_UNSUPPORTED: there is no copying it so. */
enum status store_backup(struct store *store, const char *to, char ret_reason[256]) MUST_CHECK;
/* Without a store_commit a STORE_REPLACE leaves the old store as it was. */
void store_close(struct store *store);

enum delivery { DELIVERED, RETRY_LATER, REJECTED };

/* What became of each publication of an apply. */
enum store_effect {
    STORE_APPLIED,
    STORE_KNOWN, /* what is there is later, or says the same: nothing changed */
};

struct alert_write;

/* What is stored at once. */
struct store_piece {
    const struct publication *publications;
    size_t count;
    struct stream_position link;      /* up to where the link's stream is safe with this; {0, 0}: not said */
    const struct alert_write *writes; /* what became of alerts (store_alerts.h) */
    size_t write_count;
    int64_t now_ms; /* wall clock */
};

/* Borrows the piece until it returns. DELIVERED means durable (STORE_WRITE) and in effect exactly once, record
 * by record: each publication carries the position that caused it, and an incident or episode that is stored with a
 * later one is left alone; so is one that is stored with the same content (and finality). So a correlator that was
 * started anew may tell again whatever it is not sure of, in other portions too, as long as it tells what it told
 * before its start at the positions at which it did. All or nothing. Where an episode changes, its revision becomes the
 * stored one
 * + 1 if it is not greater: (id, revision) never names two contents. ret_effects and ret_revisions (of episodes: as
 * stored) have room for count. What a flagged episode or a notice changes is noted for the endpoints of alerts, in the
 * same piece. RETRY_LATER: disk full, locked …, the reason says which. */
enum delivery store_apply(struct store *store, const struct store_piece *piece, enum store_effect *ret_effects,
                          uint32_t *ret_revisions, char ret_reason[256]);
/* Where the link resumes, as store_apply was told last; {0, 0} in a new store. */
struct stream_position store_link(const struct store *store);

/* What to look for. Zero means everything flagged. */
struct store_filter {
    bool with_candidates;
    bool with_withdrawn;
    struct span id; /* exactly that episode or incident; an id's unique beginning will do for an episode */
    struct span rule;
    country_code country;       /* 0: any */
    int64_t since_ms, until_ms; /* overlaps [since, until]; both 0: any */
    bool has_bbox;
    double west, south, east,
        north; /* degrees; west > east crosses the antimeridian. Of incidents: the place; of episodes: some member's */
};

/* Borrowed until the visitor returns; STATUS_OK goes on, anything else ends the visit and is answered. incidents[i]
 * belongs to members[i], NULL where the store does not know it. */
typedef enum status (*store_episode_visitor)(void *self, const struct episode *episode,
                                             const struct incident *const *incidents);
/* episode_ids: the episodes it is in that are not withdrawn, ascending. Retracted incidents have status retracted; one
 * of which nothing else is known has no place. */
typedef enum status (*store_incident_visitor)(void *self, const struct incident *incident,
                                              const struct span *episode_ids, size_t episode_count);
typedef enum status (*store_notice_visitor)(void *self, const struct notice *notice);
typedef enum status (*store_rule_visitor)(void *self, const struct published_rule *rule);

/* In order of (first, id); incidents of (start, id); rules of (name, hash). A consistent view even while another
 * program writes. */
enum status store_episodes(struct store *store, const struct store_filter *filter, store_episode_visitor visitor,
                           void *self) MUST_CHECK;
enum status store_incidents(struct store *store, const struct store_filter *filter, store_incident_visitor visitor,
                            void *self) MUST_CHECK;
enum status store_rules(struct store *store, store_rule_visitor visitor, void *self) MUST_CHECK;
/* The last notice of each source (all where it is empty) and kind, in order of (source, position, since): the last one
 * of a source says how it stands. */
enum status store_notices(struct store *store, struct span source, store_notice_visitor visitor, void *self) MUST_CHECK;
