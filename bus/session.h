/* One conversation of two peers, from Hello to its end: frames in, frames out, time an argument. It knows no driver, no
 * socket, no loop; the same for dialler and listener, for sender and receiver.
 *
 *      dialler                      listener
 *      GREETING ── Hello ────────▶ GREETING ──▶ MET
 *      MET ◀───────── Welcome ────────── OPEN ◀── session_open
 *      OPEN ◀── session_open
 *      OPEN ═══ Batch, Heartbeat ═▶ ◀═ Credit, Ack, Heartbeat ═══ OPEN       (whichever of them sends the items)
 *       └──────────── Refusal, silence, a lost line ──▶ OVER
 *
 * In MET the peer is known and its owner decides: session_open binds what is remembered of the peer (a stream, or where
 * to read the outbox from), session_refuse ends it. */
#pragma once

#include "bus/bus.h"
#include "bus/marks.h"
#include "bus/outbox.h"
#include "bus/streams.h"
#include "proto/codec.h"

#include <stdbool.h>

/* Silent for so many heartbeats is down. */
#define SESSION_SILENT_HEARTBEATS 3u
/* The reason in a refusal that only says good-bye: the peer is not at fault. */
#define SESSION_GOODBYE "closed"
/* A frame's own bytes, beside its items; and an item's. */
#define FRAME_COST      64u
#define FRAME_ITEM_COST 8u

enum session_state { SESSION_GREETING, SESSION_MET, SESSION_OPEN, SESSION_OVER };

enum session_event {
    SESSION_QUIET, /* nothing its owner must know */
    SESSION_PEER,  /* the peer is known: state MET, answer with session_open_… or session_refuse */
    SESSION_ITEMS, /* fresh items lie in session->fresh */
    SESSION_ACKED, /* the cursor's acked has grown */
    SESSION_ENDED, /* state OVER: session->ending and reason say why */
};

enum session_ending {
    ENDING_NONE,
    ENDING_MALFORMED,   /* it sent what it must not: refused */
    ENDING_GAP,         /* positions are missing: refused */
    ENDING_BEHIND,      /* the peer has more than was sent: refused */
    ENDING_REFUSED,     /* refused by this side for another reason */
    ENDING_TURNED_AWAY, /* refused by the peer */
    ENDING_GOODBYE,     /* the peer closed */
    ENDING_SILENT,
};

/* What a sender remembers of each receiver, across sessions. */
struct cursor {
    char name[PEER_NAME_BYTES];
    uint64_t acked;
    uint64_t sent; /* greatest position ever sent */
};

/* Where a session counts, in items; borrowed. */
struct session_counts {
    uint64_t *sent, *resent;         /* a sender's */
    uint64_t *received, *duplicates; /* a receiver's */
};

struct session_options {
    const char *name; /* borrowed, like the outbox and the marks: they outlive the session */
    struct session_counts counts;
    enum bus_end end;
    enum link_role role;
    uint32_t heartbeat_ms;
    /* what this side admits, or sends at most */
    uint64_t item_bytes_max;
    uint64_t frame_bytes_max;
    uint32_t batch_items_max;
    /* of a sender */
    uint64_t epoch;
    struct outbox *outbox;
    const struct marks *marks;
    /* An item the peer does not admit goes as an empty one, and this is told. NULL: the session ends with the reason.
     */
    void (*passed)(void *self, uint64_t position, struct span item, uint64_t admitted_bytes);
    void *passed_self;
    const char *gap_advice; /* what can be done about a gap, for the reason; NULL: nothing */
    /* of a receiver */
    uint32_t window_items;
    uint32_t items_per_s;  /* credit comes no faster than this, but for two seconds' worth at once; 0: no brake */
    uint64_t resume_epoch; /* a dialler's, for its Hello */
    uint64_t resume_position;
};

struct session {
    struct session_options options; /* a sender's limits are lowered to those of the Welcome */
    enum session_state state;
    enum session_ending ending;
    char reason[REASON_BYTES];
    uint64_t heard_ms;
    uint64_t said_ms;
    uint32_t peer_heartbeat_ms; /* how often the peer says something */
    bool greeting_due, refusal_due, marks_due;

    char peer_name[PEER_NAME_BYTES]; /* from MET on */
    uint64_t peer_epoch;             /* of its stream, if it sends */
    uint64_t peer_resume_epoch;      /* where it says it stands, if it receives */
    uint64_t peer_resume_position;

    /* a sender's */
    struct cursor *cursor;
    uint64_t sent, credit;
    uint64_t begins;   /* first position, where the peer knows nothing yet; else 0 */
    uint64_t missed;   /* of ENDING_GAP: how many the peer lacks */
    uint64_t promised; /* from where on the marks held that were said last */

    /* a receiver's */
    struct stream *stream;
    uint64_t acked_said, credit_said;
    uint64_t allowance, allowed_ms; /* items that may still be credited now, and when it was reckoned */
    bool held;
    bool midway; /* the fresh items are the first of their stream, and not its beginning */
    uint64_t fresh_first;
    const struct span *fresh; /* after SESSION_ITEMS, borrowed from the frame */
    size_t fresh_count;
    struct marks waiting; /* for their items */
    struct marks newest;  /* came while waiting waited, so that marks come through however far behind the items are */
    bool waiting_set, newest_set;
};

/* Copies the options. */
void session_init(struct session *session, const struct session_options *options, uint64_t now_ms);
/* Lets go of the stream. */
void session_fini(struct session *session);

/* Borrows the frame; what session->fresh points at lives as long as it does. */
enum session_event session_receive(struct session *session, const struct frame *frame, uint64_t now_ms);
/* Bytes came that are no frame. */
enum session_event session_garbled(struct session *session, const char *reason, uint64_t now_ms);
/* After ITEMS or a heartbeat: marks whose items were all handed over, or NULL. Ask until NULL; good until the next
 * call. */
const struct marks *session_marks(struct session *session);

/* In MET, of a sender: goes on with the cursor, which must be of the peer and outlive the session, from where the peer
 * resumes. SESSION_ENDED where the outbox no longer has that place. */
enum session_event session_open_sender(struct session *session, struct cursor *cursor);
/* In MET, of a receiver: goes on with the stream, which must be of the peer's name and epoch and outlive the session.
 */
void session_open_receiver(struct session *session, struct stream *stream);
/* In any state but OVER: ends it and has it told to the peer. */
void session_refuse(struct session *session, enum session_ending ending, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The next frame to say, if there is one; to be sent before the next call, its spans are borrowed. items: room for
 * LIMIT_BATCH_ITEMS. */
bool session_say(struct session *session, uint64_t now_ms, struct span *items, struct frame *ret_frame);
/* Of what is due, only what nobody can say any more once this side has gone: acknowledgements and marks. */
bool session_say_last(struct session *session, uint64_t now_ms, struct frame *ret_frame);
/* Whether the peer has been silent too long; ends the session then. */
bool session_silent(struct session *session, uint64_t now_ms);
