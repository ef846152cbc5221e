/* Incidents and episodes as the correlator publishes them, as plain data. They own nothing (see report.h). */
#pragma once

#include "base/span.h"
#include "proto/report.h"

#include <stdbool.h>
#include <stdint.h>

#define STATE_LIST(X)                                                                                                  \
    X(CANDIDATE, "candidate") /* has a core, lacks countries or members */                                             \
    X(FLAGGED, "flagged")                                                                                              \
    X(WITHDRAWN, "withdrawn") /* was published, is no more */

enum episode_state {
#define X(name, text) EPISODE_##name,
    STATE_LIST(X)
#undef X
        EPISODE_STATE_COUNT
};

#define MEMBERSHIP_LIST(X)                                                                                             \
    X(CORE, "core") /* makes the episode */                                                                            \
    X(ATTACHED, "attached")                                                                                            \
    X(RESPONSE, "response")                                                                                            \
    X(CONSEQUENCE, "consequence")                                                                                      \
    X(CONTEXT, "context")

enum membership {
#define X(name, text) MEMBERSHIP_##name,
    MEMBERSHIP_LIST(X)
#undef X
        MEMBERSHIP_COUNT
};

/* A place in a numbered stream. Of a publication: what caused it, an item of the correlator's journal; a later epoch is
 * a later journal, and several publications may have one cause. Of a link: an item of it, a later epoch is a later
 * start of the sender. */
struct stream_position {
    uint64_t epoch;  /* milliseconds since 1970 at which the stream, or journal, began */
    uint64_t number; /* counts from 1 within the epoch */
};

/* An incident, as told by its reports. */
struct incident {
    struct span id; /* "source:source_id" of its best report */
    struct stream_position position;
    const struct report *reports; /* best first; at least one; no two of one (source, source_id) */
    size_t report_count;
    uint64_t reports_omitted; /* beyond what one publication carries; 0 as a rule */
    uint64_t publishers;      /* distinct ones (publisher.h) of all its reports: how often it is corroborated; 0: not
                                 said, incident_publishers counts */
};

struct episode_member {
    struct span incident_id;
    enum membership membership;
    uint32_t history;   /* h, where threshold is not 0 */
    uint32_t threshold; /* K: the neighbours a core needs there; 0: not judged by a baseline, or no core or attached */
};

#define EPISODE_ID_BYTES 40 /* room for an id and its NUL */

/* An episode at one revision. */
struct episode {
    struct span id;
    uint32_t revision; /* counts from 1; see struct stream_position for the order over restarts */
    struct stream_position position;
    struct span title; /* one readable line */
    struct span rule;
    struct span rule_hash; /* hexadecimal */
    enum episode_state state;
    bool final;
    bool capped;
    bool calibrated;
    const country_code *countries; /* ascending */
    size_t country_count;
    int64_t first_ms; /* of the members */
    int64_t last_ms;
    double extent_km;
    struct span continues;     /* id of an episode, or empty */
    uint64_t observed;         /* members: cores and attached */
    double expected;           /* NaN: not calibrated */
    double score;              /* NaN: not calibrated */
    double recurrence_days;    /* NaN: not calibrated */
    bool recurrence_at_least;  /* recurrence_days is a lower bound */
    struct span baseline_hash; /* hexadecimal, or empty: none */
    struct span cause;
    const struct span *supersedes; /* ids, ascending */
    size_t supersedes_count;
    struct span superseded_by;            /* id, or empty */
    const struct episode_member *members; /* ordered by (start, id) of the incident */
    size_t member_count;                  /* at most LIMIT_EPISODE_MEMBERS */
    uint64_t members_omitted;             /* beyond that limit; 0 as a rule */
    unsigned char digest[32]; /* of the content: all but revision, position, cause, supersedes, superseded_by, final */
};

/* A rule as published, so that who reads a store can explain an episode: the JSON is the correlator's own and opaque
 * here. */
struct published_rule {
    struct span name;
    struct span hash; /* hexadecimal */
    struct span json;
};

#define NOTICE_KIND_LIST(X)                                                                                            \
    X(SILENT, "silent") /* not heard of, or not reading on, for longer than it promised */                             \
    X(BACK, "back")     /* was silent, is no more */

enum notice_kind {
#define X(name, text) NOTICE_##name,
    NOTICE_KIND_LIST(X)
#undef X
        NOTICE_KIND_COUNT
};

/* What is to be known of a source, so that its silence does not look like calm. */
struct notice {
    struct span source;
    enum notice_kind kind;
    int64_t since_ms;                /* SILENT: last heard of, or last promise kept; BACK: heard of again. Wall clock */
    struct stream_position position; /* of what the journal held then */
    struct span text;                /* one readable line; may be empty */
};

/* One thing on the way from correlator to sink, in the order of the stream. */
enum publication_kind {
    PUBLICATION_INCIDENT,  /* a new or corrected incident: replaces what is known of that id, and of the ids of all its
                              reports: each report is of one incident, so what they were incidents of is this one now */
    PUBLICATION_RETRACTED, /* its only report is the retraction, which may say no more than its status: what was known
                              of that id stays known, with this status and revision; unknown ids are remembered bare */
    PUBLICATION_EPISODE,
    PUBLICATION_RULE,
    PUBLICATION_NOTICE,
};

struct publication {
    enum publication_kind kind;
    union {
        struct incident incident; /* of the first two */
        struct episode episode;
        struct published_rule rule;
        struct notice notice;
    };
};

const char *episode_state_name(enum episode_state value);
const char *membership_name(enum membership value);
const char *notice_kind_name(enum notice_kind value);
enum status notice_kind_find(struct span name, enum notice_kind *ret_value) MUST_CHECK;
enum status episode_state_find(struct span name, enum episode_state *ret_value) MUST_CHECK;
enum status membership_find(struct span name, enum membership *ret_value) MUST_CHECK;

/* Distinct publishers: as the correlator counted them, else of the reports that are here, O(n log n). */
uint64_t incident_publishers(const struct incident *incident);

/* Fills episode->digest's value from the content. */
void episode_digest(const struct episode *episode, unsigned char ret_digest[32]);
