/* Bytes on the wire ⇄ plain structs. Protobuf's generated structs are seen nowhere else.
 *
 * Decoding is what strangers' bytes pass first: sizes are checked before protobuf-c sees them, unpacking draws from an
 * arena with a limit, and report_validate checks what protobuf-c lets through (UTF-8, NUL, ranges, enums, NaN). */
#pragma once

#include "base/arena.h"
#include "base/span.h"
#include "base/status.h"
#include "proto/episode.h"
#include "proto/json.h"
#include "proto/report.h"

/* Packs into the text (appended as bytes). STATUS_TOO_LARGE: over LIMIT_REPORT_BYTES, nothing appended. */
enum status report_pack(const struct report *report, struct text *bytes) MUST_CHECK;
/* The report borrows from the arena, not from the bytes. STATUS_INVALID with the reason; STATUS_NO_MEMORY: the arena's
 * limit. */
enum status report_unpack(struct span bytes, struct arena *arena, struct report *ret_report,
                          char ret_reason[REASON_BYTES]) MUST_CHECK;

/* The source a packed report names, borrowed from the bytes, without reading the rest of it: the one report_unpack
 * would find (where a field comes twice the last counts). false: none, and an empty span; or no report, which
 * report_unpack refuses. */
bool report_source(struct span bytes, struct span *ret_source);

/* Publications: what goes from correlator to sink. STATUS_TOO_LARGE: over LIMIT_EPISODE_BYTES, LIMIT_EPISODE_MEMBERS or
 * LIMIT_EPISODE_TEXT, nothing appended. */
enum status publication_pack(const struct publication *publication, struct text *bytes) MUST_CHECK;
enum status publication_unpack(struct span bytes, struct arena *arena, struct publication *ret_publication,
                               char ret_reason[REASON_BYTES]) MUST_CHECK;

/* --- the link's frames (proto/README.md describes their use) --- */

enum frame_kind { FRAME_HELLO, FRAME_WELCOME, FRAME_BATCH, FRAME_ACK, FRAME_CREDIT, FRAME_HEARTBEAT, FRAME_REFUSAL };

#define LINK_VERSION 1u

enum link_role { LINK_SENDER, LINK_RECEIVER }; /* of items */

struct frame_hello { /* the dialler's first word */
    uint32_t version;
    struct span name;      /* of the dialler: agent or sink; [A-Za-z0-9._-]{1,64} */
    uint64_t epoch;        /* of the dialler's stream if it is the sender, else 0: positions count from 1 within it */
    enum link_role role;   /* what the dialler is */
    uint64_t resume_epoch; /* if the dialler is the receiver: epoch and last position it has safely; else 0 */
    uint64_t resume_position;
};

struct frame_welcome { /* the listener's answer */
    uint32_t version;
    struct span name;
    uint64_t epoch; /* of the listener's stream if it is the sender, else 0 */
    /* If the listener is the receiver: last position of (name, epoch) it has safely; else 0. */
    uint64_t resume_position;
    uint64_t item_bytes_max; /* a larger item must not be sent */
    uint64_t frame_bytes_max;
    uint32_t batch_items_max;
    uint32_t heartbeat_ms; /* how often to say something */
};

struct frame_batch { /* items first … first + count − 1 */
    uint64_t first;
    const struct span *items;
    size_t count;
};

struct frame_ack {
    uint64_t position; /* all up to it are safe; cumulative */
};

struct frame_credit {
    uint64_t until; /* the sender may send up to this position; never goes back */
};

/* X(enum name, text) of a source, as its agent sees it. ENDED: read to its end, nothing more will come from it. */
#define SOURCE_STATE_LIST(X) X(LIVE, "live") X(IDLE, "idle") X(BLOCKED, "blocked") X(DEAD, "dead") X(ENDED, "ended")
enum source_state {
#define X(name, text) SOURCE_##name,
    SOURCE_STATE_LIST(X)
#undef X
        SOURCE_STATE_COUNT
};
const char *source_state_name(enum source_state value);

struct source_mark {
    struct span source;   /* the configured source's name */
    int64_t watermark_ms; /* read up to T, less its lateness; TIME_NONE: promises nothing yet */
    enum source_state state;
};

struct frame_heartbeat {
    uint64_t position; /* the marks hold once all items up to it have been received */
    const struct source_mark *marks;
    size_t count;
};

struct frame_refusal {
    struct span reason; /* a sentence; the session is over */
};

struct frame {
    enum frame_kind kind;
    union {
        struct frame_hello hello;
        struct frame_welcome welcome;
        struct frame_batch batch;
        struct frame_ack ack;
        struct frame_credit credit;
        struct frame_heartbeat heartbeat;
        struct frame_refusal refusal;
    };
};

/* STATUS_TOO_LARGE: over a limit of limits.h, nothing appended. */
enum status frame_pack(const struct frame *frame, struct text *bytes) MUST_CHECK;
/* Borrows items from `bytes` or the arena. limit: the greatest frame admitted, in bytes. */
enum status frame_unpack(struct span bytes, size_t limit, struct arena *arena, struct frame *ret_frame,
                         char ret_reason[REASON_BYTES]) MUST_CHECK;
