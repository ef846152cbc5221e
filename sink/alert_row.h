/* What is kept of alerts: for each endpoint and subject how the subject stands, what the endpoint was told of it, and
 * the message that is under way. Plain data between pacer, alerts and store.
 *
 *     subject: an episode's id, or "source/NAME"
 *
 *     noted (with the revision, in one piece) ─▶ draft (before its first attempt) ─▶ told
 *                                                   └─▶ failed … tried again, the same ─▶ refused: kept, not tried */
#pragma once

#include "base/span.h"
#include "proto/episode.h"

#include <stdbool.h>
#include <stdint.h>

/* X(enum name, text): the type of the CloudEvent. */
#define ALERT_KIND_LIST(X)                                                                                             \
    X(FLAGGED, "vedette.episode.flagged")                                                                              \
    X(UPDATED, "vedette.episode.updated")                                                                              \
    X(WITHDRAWN, "vedette.episode.withdrawn") /* flagged no more: withdrawn, or a candidate again */                   \
    X(SILENT, "vedette.source.silent")                                                                                 \
    X(BACK, "vedette.source.back")

enum alert_kind {
#define X(name, text) ALERT_##name,
    ALERT_KIND_LIST(X)
#undef X
        ALERT_KIND_COUNT
};
const char *alert_kind_name(enum alert_kind kind);
/* STATUS_NOT_FOUND: no kind of that name. */
enum status alert_kind_find(struct span name, enum alert_kind *ret_kind) MUST_CHECK;

/* What makes a change material. A silent source counts as flagged. */
struct fingerprint {
    bool is_flagged;
    unsigned char bytes[16];
};
/* State, countries and members: cores and attached, in any order. */
struct fingerprint fingerprint_of(const struct episode *episode);
/* Kind and since. */
struct fingerprint fingerprint_of_notice(const struct notice *notice);
bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b);

#define SUBJECT_OF_SOURCE "source/" /* and its name */
#define SUBJECT_BYTES     (sizeof SUBJECT_OF_SOURCE + 256u)
/* The source's name; {NULL, 0}: it is an episode. */
struct span subject_source(struct span subject);
/* Writes "source/NAME" there; answers it. A name is at most LIMIT_NAME_BYTES long. */
struct span subject_of_source(struct span name, char bytes[SUBJECT_BYTES]);

/* What an endpoint was told last. */
struct alert_told {
    bool is_known; /* false: nothing that is known */
    struct fingerprint fingerprint;
    uint64_t revision;
    uint32_t repeat; /* how often the same was told again */
    int64_t sent_ms; /* TIME_NONE: never sent; it stood so when the endpoint was new */
};

/* A message that was begun: the same at every attempt. */
struct alert_draft {
    enum alert_kind kind;
    struct fingerprint fingerprint;
    uint64_t revision; /* of an episode; of a notice: its since_ms */
    uint32_t repeat;
    int64_t time_ms; /* of the first attempt */
};

struct alert_row {
    struct span endpoint, subject;
    uint64_t revision; /* the subject's, as stored */
    struct fingerprint now;
    int64_t last_ms;  /* the end of its last incident: how old it is */
    int64_t noted_ms; /* since when it stands so */
    struct alert_told told;
    bool has_draft;
    struct alert_draft draft;
    uint32_t attempts;  /* at the draft, that failed */
    int64_t due_ms;     /* of the next */
    bool is_refused;    /* for good: the draft counts as told, and is not tried again */
    struct span detail; /* what the endpoint answered last */
};

/* Is there something the endpoint should hear of? Whoever was sent a message, and may have it, hears what follows. */
bool alert_row_is_news(const struct alert_row *row);

struct alert_endpoint {
    struct span name;
    int64_t max_age_ms; /* what is older when it is noted is not told */
};

/* What is written of a row; of the row what the event says, besides endpoint and subject. */
enum row_event {
    ROW_BEGUN,   /* draft, and its JSON: before the first attempt */
    ROW_FAILED,  /* attempts, due_ms, detail */
    ROW_TOLD,    /* told; the draft is over */
    ROW_REFUSED, /* told, detail; the draft is kept */
    ROW_AGAIN,   /* due_ms: what was begun is tried again, refused or not. An operator's */
    ROW_DROPPED, /* as it stands counts as told; the draft is over. An operator's */
};
struct alert_write {
    enum row_event event;
    struct alert_row row;
    struct span json;
};
