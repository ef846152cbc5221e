#include "bus/session.h"

#include "proto/limits.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define HEARTBEAT_MS_MIN 10u
#define HEARTBEAT_MS_MAX 3600000u

void session_init(struct session *session, const struct session_options *options, uint64_t now_ms)
{
    *session = (struct session){
        .options = *options,
        .heard_ms = now_ms,
        .said_ms = now_ms,
        .allowed_ms = now_ms,
        .peer_heartbeat_ms = options->heartbeat_ms,
        .greeting_due = options->end == BUS_DIAL,
    };
}

void session_fini(struct session *session)
{
    if (session->stream != NULL)
        session->stream->sessions--;
    session->stream = NULL;
    marks_fini(&session->waiting);
    marks_fini(&session->newest);
}

/* --- endings --- */

void session_refuse(struct session *session, enum session_ending ending, const char *format, ...)
{
    assert(session->state != SESSION_OVER);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(session->reason, sizeof session->reason, format, arguments);
    va_end(arguments);
    session->state = SESSION_OVER;
    session->ending = ending;
    session->refusal_due = true;
}

#define OFFENCE(session, ending, ...) (session_refuse(session, ending, __VA_ARGS__), SESSION_ENDED)

enum session_event session_garbled(struct session *session, const char *reason, uint64_t now_ms)
{
    session->heard_ms = now_ms;
    if (session->state == SESSION_OVER)
        return SESSION_QUIET;
    return OFFENCE(session, ENDING_MALFORMED, "%s", reason);
}

bool session_silent(struct session *session, uint64_t now_ms)
{
    uint64_t limit_ms = (uint64_t)session->peer_heartbeat_ms * SESSION_SILENT_HEARTBEATS;
    if (session->state == SESSION_OVER || now_ms < session->heard_ms || now_ms - session->heard_ms < limit_ms)
        return false;
    session->state = SESSION_OVER;
    session->ending = ENDING_SILENT;
    (void)snprintf(session->reason, sizeof session->reason, "silent for %llu ms",
                   (unsigned long long)(now_ms - session->heard_ms));
    return true;
}

/* --- greeting --- */

/* What Hello and Welcome have in common. */
static enum session_event meet(struct session *session, uint32_t version, struct span name, uint64_t epoch)
{
    if (version != LINK_VERSION)
        return OFFENCE(session, ENDING_REFUSED, "version %u of the link: expected %u", version, LINK_VERSION);
    if (!name_is_valid(name))
        return OFFENCE(session, ENDING_REFUSED,
                       "the name: expected 1 to 64 of letters, digits, \".\", \"_\" and \"-\"");
    if (session->options.role == LINK_RECEIVER && epoch == 0)
        return OFFENCE(session, ENDING_REFUSED, "epoch 0: expected a sender's epoch to be greater");
    memcpy(session->peer_name, name.data, name.size);
    session->peer_name[name.size] = '\0';
    session->peer_epoch = session->options.role == LINK_RECEIVER ? epoch : 0;
    session->state = SESSION_MET;
    return SESSION_PEER;
}

static enum session_event hear_hello(struct session *session, const struct frame *frame)
{
    const struct frame_hello *hello = &frame->hello;
    if (hello->role == session->options.role)
        return OFFENCE(session, ENDING_REFUSED, "two %s: expected the dialler to be the %s here",
                       hello->role == LINK_SENDER ? "senders" : "receivers",
                       hello->role == LINK_SENDER ? "receiver" : "sender");
    session->peer_resume_epoch = hello->resume_epoch;
    session->peer_resume_position = hello->resume_position;
    return meet(session, hello->version, hello->name, hello->epoch);
}

static enum session_event hear_welcome(struct session *session, const struct frame *frame)
{
    const struct frame_welcome *welcome = &frame->welcome;
    struct session_options *options = &session->options;
    if (session->greeting_due)
        return OFFENCE(session, ENDING_MALFORMED, "a Welcome before Hello");
    if (welcome->heartbeat_ms < HEARTBEAT_MS_MIN || welcome->heartbeat_ms > HEARTBEAT_MS_MAX)
        return OFFENCE(session, ENDING_REFUSED, "heartbeat of %u ms: expected %u to %u", welcome->heartbeat_ms,
                       HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX);
    if (welcome->item_bytes_max == 0 || welcome->batch_items_max == 0 ||
        welcome->frame_bytes_max <= FRAME_COST + FRAME_ITEM_COST)
        return OFFENCE(session, ENDING_REFUSED, "limits of 0: expected a Welcome that admits something");
    if (options->role == LINK_RECEIVER && welcome->item_bytes_max > options->item_bytes_max)
        return OFFENCE(session, ENDING_REFUSED, "items of up to %llu bytes are announced, %llu are admitted here",
                       (unsigned long long)welcome->item_bytes_max, (unsigned long long)options->item_bytes_max);
    if (options->role == LINK_SENDER) {
        session->peer_resume_epoch = options->epoch;
        session->peer_resume_position = welcome->resume_position;
        uint64_t item_bytes_max = welcome->frame_bytes_max - FRAME_COST - FRAME_ITEM_COST;
        if (item_bytes_max > welcome->item_bytes_max)
            item_bytes_max = welcome->item_bytes_max;
        if (item_bytes_max < options->item_bytes_max)
            options->item_bytes_max = item_bytes_max;
        if (welcome->frame_bytes_max < options->frame_bytes_max)
            options->frame_bytes_max = welcome->frame_bytes_max;
        if (welcome->batch_items_max < options->batch_items_max)
            options->batch_items_max = welcome->batch_items_max;
    }
    session->peer_heartbeat_ms = welcome->heartbeat_ms;
    if (welcome->heartbeat_ms < options->heartbeat_ms)
        options->heartbeat_ms = welcome->heartbeat_ms;
    return meet(session, welcome->version, welcome->name, welcome->epoch);
}

static void opened(struct session *session)
{
    session->state = SESSION_OPEN;
    session->greeting_due = session->options.end == BUS_LISTEN;
}

/* What the receiver lacks of what is no longer kept. */
static uint64_t missed(const struct outbox *outbox, uint64_t resume)
{
    uint64_t has = resume > 0 || outbox->begins == 0 ? resume : outbox->begins - 1;
    bool is_new = resume == 0 && outbox->begins == 0;
    return is_new || has + 1 >= outbox->first ? 0 : outbox->first - 1 - has;
}

enum session_event session_open_sender(struct session *session, struct cursor *cursor)
{
    assert(session->state == SESSION_MET && session->options.role == LINK_SENDER);
    const struct outbox *outbox = session->options.outbox;
    bool same = session->peer_resume_epoch == session->options.epoch;
    uint64_t resume = same ? session->peer_resume_position : 0;
    if (resume > outbox->sent) /* an older outbox was put in the place of a newer one */
        return OFFENCE(session, ENDING_BEHIND, "resumes after %llu: only %llu were sent in this epoch",
                       (unsigned long long)resume, (unsigned long long)outbox->sent);
    session->missed = missed(outbox, resume);
    if (session->missed > 0) {
        const char *advice = session->options.gap_advice;
        return OFFENCE(session, ENDING_GAP, "resumes after %llu: what is before %llu is no longer kept%s%s",
                       (unsigned long long)resume, (unsigned long long)outbox->first, advice != NULL ? "; " : "",
                       advice != NULL ? advice : "");
    }
    session->begins = resume == 0 ? outbox->first : 0;
    session->sent = resume == 0 ? outbox->first - 1 : resume;
    session->cursor = cursor;
    cursor->acked = session->sent;
    session->marks_due = session->options.marks->count > 0;
    opened(session);
    return SESSION_QUIET;
}

void session_open_receiver(struct session *session, struct stream *stream)
{
    assert(session->state == SESSION_MET && session->options.role == LINK_RECEIVER);
    session->stream = stream;
    stream->sessions++;
    session->acked_said = stream->acked; /* Hello or Welcome says it */
    opened(session);
}

/* --- items and what answers them --- */

/* Who knows nothing of a stream cannot know where it begins now: a credit below the first item counts from there. Both
 * sides reckon so. */
static uint64_t credit_from(uint64_t first, uint64_t until)
{
    if (until == 0 || until >= first)
        return until;
    return until > UINT64_MAX - (first - 1) ? UINT64_MAX : first - 1 + until;
}

static enum session_event hear_batch(struct session *session, const struct frame *frame)
{
    const struct frame_batch *batch = &frame->batch;
    struct stream *stream = session->stream;
    if (batch->first == 0 || batch->count == 0 || batch->count > session->options.batch_items_max ||
        batch->first > UINT64_MAX - batch->count)
        return OFFENCE(session, ENDING_MALFORMED, "a batch of %zu items from %llu: expected 1 to %u, from 1 on",
                       batch->count, (unsigned long long)batch->first, session->options.batch_items_max);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].size > session->options.item_bytes_max)
            return OFFENCE(session, ENDING_MALFORMED, "item %llu is of %zu bytes: at most %llu are admitted",
                           (unsigned long long)(batch->first + i), batch->items[i].size,
                           (unsigned long long)session->options.item_bytes_max);
    uint64_t last = batch->first + batch->count - 1;
    uint64_t credit = stream->begun ? session->credit_said : credit_from(batch->first, session->credit_said);
    if (last > credit) /* before anything is believed of a new stream: nobody skips positions by overdrawing */
        return OFFENCE(session, ENDING_MALFORMED, "item %llu: credit was given up to %llu", (unsigned long long)last,
                       (unsigned long long)credit);
    if (!stream->begun) { /* what was before, somebody else acknowledged: the sender keeps everything that nobody did */
        stream->begun = true;
        session->midway = batch->first > 1;
        stream->received = stream->acked = session->acked_said = batch->first - 1;
        session->credit_said = credit;
    }
    if (batch->first > stream->received + 1)
        return OFFENCE(session, ENDING_GAP, "a gap: item %llu came where %llu was expected",
                       (unsigned long long)batch->first, (unsigned long long)(stream->received + 1));
    *session->options.counts.received += batch->count;
    uint64_t known = stream->received + 1 - batch->first;
    size_t skipped = known < batch->count ? (size_t)known : batch->count;
    *session->options.counts.duplicates += skipped;
    session->fresh = batch->items + skipped;
    session->fresh_count = batch->count - skipped;
    session->fresh_first = batch->first + skipped;
    stream->received += session->fresh_count;
    return session->fresh_count > 0 ? SESSION_ITEMS : SESSION_QUIET;
}

static enum session_event hear_ack(struct session *session, const struct frame *frame)
{
    uint64_t position = frame->ack.position;
    if (position > session->sent)
        return OFFENCE(session, ENDING_MALFORMED, "an ack of %llu: only %llu were sent", (unsigned long long)position,
                       (unsigned long long)session->sent);
    if (position <= session->cursor->acked)
        return SESSION_QUIET;
    session->cursor->acked = position;
    return SESSION_ACKED;
}

static enum session_event hear_credit(struct session *session, const struct frame *frame)
{
    uint64_t until = credit_from(session->begins, frame->credit.until);
    if (until > session->credit)
        session->credit = until;
    return SESSION_QUIET;
}

/* Those that come now hold earlier. */
static void waiting_put_back(struct session *session)
{
    if (!session->newest_set) {
        struct marks spare = session->newest;
        session->newest = session->waiting;
        session->waiting = spare;
        session->newest_set = true;
    }
    session->waiting_set = false;
}

static enum session_event hear_heartbeat(struct session *session, const struct frame *frame)
{
    const struct frame_heartbeat *heartbeat = &frame->heartbeat;
    if (heartbeat->count == 0)
        return SESSION_QUIET;
    if (session->options.role == LINK_SENDER)
        return OFFENCE(session, ENDING_MALFORMED, "marks from a receiver");
    if (session->waiting_set && heartbeat->position < session->waiting.position)
        waiting_put_back(session);
    bool *set = session->waiting_set ? &session->newest_set : &session->waiting_set;
    struct marks *marks = session->waiting_set ? &session->newest : &session->waiting;
    if (marks_copy(marks, heartbeat->marks, heartbeat->count, heartbeat->position) == STATUS_OK)
        *set = true; /* without memory they are skipped: the next heartbeat brings them again */
    return SESSION_QUIET;
}

const struct marks *session_marks(struct session *session)
{
    if (!session->waiting_set) {
        if (!session->newest_set)
            return NULL;
        struct marks spare = session->waiting;
        session->waiting = session->newest;
        session->newest = spare;
        session->newest_set = false;
        session->waiting_set = true;
    }
    if (session->stream == NULL || session->waiting.position > session->stream->received)
        return NULL;
    session->waiting_set = false;
    return &session->waiting;
}

/* --- what may come when --- */

#define FROM(role) (1u << (role))
#define TO(end)    (1u << (end))
#define ANYONE     (FROM(LINK_SENDER) | FROM(LINK_RECEIVER))
#define EITHER     (TO(BUS_DIAL) | TO(BUS_LISTEN))

static const struct rule_of_frame {
    enum session_state state;
    unsigned from;
    unsigned to;
    enum session_event (*hear)(struct session *session, const struct frame *frame);
    const char *name;
} rules_of_frames[] = {
    [FRAME_HELLO] = {SESSION_GREETING, ANYONE, TO(BUS_LISTEN), hear_hello, "Hello"},
    [FRAME_WELCOME] = {SESSION_GREETING, ANYONE, TO(BUS_DIAL), hear_welcome, "Welcome"},
    [FRAME_BATCH] = {SESSION_OPEN, FROM(LINK_SENDER), EITHER, hear_batch, "Batch"},
    [FRAME_ACK] = {SESSION_OPEN, FROM(LINK_RECEIVER), EITHER, hear_ack, "Ack"},
    [FRAME_CREDIT] = {SESSION_OPEN, FROM(LINK_RECEIVER), EITHER, hear_credit, "Credit"},
    [FRAME_HEARTBEAT] = {SESSION_OPEN, ANYONE, EITHER, hear_heartbeat, "Heartbeat"},
};

static enum session_event hear_refusal(struct session *session, const struct frame_refusal *refusal)
{
    struct span reason = refusal->reason;
    bool goodbye = span_equal(reason, SPAN(SESSION_GOODBYE));
    session->state = SESSION_OVER;
    session->ending = goodbye ? ENDING_GOODBYE : ENDING_TURNED_AWAY;
    (void)snprintf(session->reason, sizeof session->reason, "%.*s",
                   (int)(reason.size < sizeof session->reason ? reason.size : sizeof session->reason - 1),
                   reason.size > 0 ? reason.data : "");
    return SESSION_ENDED;
}

enum session_event session_receive(struct session *session, const struct frame *frame, uint64_t now_ms)
{
    session->heard_ms = now_ms;
    if (session->state == SESSION_OVER)
        return SESSION_QUIET;
    assert(session->state != SESSION_MET);
    if (frame->kind == FRAME_REFUSAL)
        return hear_refusal(session, &frame->refusal);
    const struct rule_of_frame *rule = &rules_of_frames[frame->kind];
    if (rule->state != session->state || (rule->to & TO(session->options.end)) == 0)
        return OFFENCE(session, ENDING_MALFORMED, "a %s %s", rule->name,
                       session->state == SESSION_OPEN ? "in the midst of a session" : "before the greeting");
    enum link_role peer = session->options.role == LINK_SENDER ? LINK_RECEIVER : LINK_SENDER;
    if ((rule->from & FROM(peer)) == 0)
        return OFFENCE(session, ENDING_MALFORMED, "a %s from a %s", rule->name,
                       peer == LINK_SENDER ? "sender" : "receiver");
    return rule->hear(session, frame);
}

/* --- saying --- */

static bool say_refusal(struct session *session, struct frame *ret_frame)
{
    if (!session->refusal_due)
        return false;
    session->refusal_due = false;
    *ret_frame = (struct frame){.kind = FRAME_REFUSAL, .refusal = {.reason = span_of(session->reason)}};
    return true;
}

static bool say_greeting(struct session *session, struct frame *ret_frame)
{
    const struct session_options *options = &session->options;
    if (!session->greeting_due)
        return false;
    session->greeting_due = false;
    uint64_t epoch = options->role == LINK_SENDER ? options->epoch : 0;
    if (options->end == BUS_DIAL) {
        *ret_frame = (struct frame){.kind = FRAME_HELLO,
                                    .hello = {.version = LINK_VERSION,
                                              .name = span_of(options->name),
                                              .epoch = epoch,
                                              .role = options->role,
                                              .resume_epoch = options->resume_epoch,
                                              .resume_position = options->resume_position}};
        return true;
    }
    *ret_frame = (struct frame){.kind = FRAME_WELCOME,
                                .welcome = {.version = LINK_VERSION,
                                            .name = span_of(options->name),
                                            .epoch = epoch,
                                            .resume_position = session->stream != NULL ? session->acked_said : 0,
                                            .item_bytes_max = options->item_bytes_max,
                                            .frame_bytes_max = options->frame_bytes_max,
                                            .batch_items_max = options->batch_items_max,
                                            .heartbeat_ms = options->heartbeat_ms}};
    return true;
}

static bool say_ack(struct session *session, struct frame *ret_frame)
{
    const struct stream *stream = session->stream;
    if (stream == NULL || stream->acked <= session->acked_said)
        return false;
    session->acked_said = stream->acked;
    *ret_frame = (struct frame){.kind = FRAME_ACK, .ack = {.position = stream->acked}};
    return true;
}

/* Grows with time, by the rate. Begins at nothing: who comes again and again gains nothing by it. */
static uint64_t allowance(struct session *session, uint64_t now_ms)
{
    uint64_t rate = session->options.items_per_s;
    uint64_t earned = (now_ms - session->allowed_ms) * rate / 1000;
    if (earned == 0)
        return session->allowance;
    session->allowed_ms = now_ms;
    session->allowance += earned;
    session->allowance = session->allowance < 2 * rate ? session->allowance : 2 * rate;
    return session->allowance;
}

/* Grants in steps of a quarter of the window, so that not every ack is followed by a credit. */
static bool say_credit(struct session *session, uint64_t now_ms, struct frame *ret_frame)
{
    const struct stream *stream = session->stream;
    if (stream == NULL || session->held)
        return false;
    uint64_t window = session->options.window_items, rate = session->options.items_per_s;
    uint64_t until = stream->acked > UINT64_MAX - window ? UINT64_MAX : stream->acked + window;
    uint64_t step = window / 4 > 0 ? window / 4 : 1;
    uint64_t base = session->credit_said > stream->acked ? session->credit_said : stream->acked;
    if (rate > 0) {
        uint64_t more = allowance(session, now_ms);
        until = until > base && until - base > more ? base + more : until;
        step = rate / 8 < step ? rate / 8 : step;
        step = step > 0 ? step : 1;
    }
    if (until <= session->credit_said || until - session->credit_said < step)
        return false;
    session->allowance -= rate > 0 && until > base ? until - base : 0;
    session->credit_said = until;
    *ret_frame = (struct frame){.kind = FRAME_CREDIT, .credit = {.until = until}};
    return true;
}

/* Of a sender: the last that hold for what was sent. Where none is known any more, the newest: they wait there for
 * their items. */
static const struct marks *marks_to_say(const struct session *session)
{
    const struct marks *past = promises_find(&session->options.outbox->promises, session->sent);
    return past != NULL ? past : session->options.marks;
}

/* Something was sent that later ones hold for. */
static void marks_follow(struct session *session)
{
    const struct marks *past = promises_find(&session->options.outbox->promises, session->sent);
    session->marks_due = session->marks_due || (past != NULL && past->position > session->promised);
}

static bool say_heartbeat(struct session *session, uint64_t now_ms, struct frame *ret_frame)
{
    if (!session->marks_due && now_ms - session->said_ms < session->options.heartbeat_ms)
        return false;
    session->marks_due = false;
    *ret_frame = (struct frame){.kind = FRAME_HEARTBEAT};
    const struct marks *marks = session->options.role == LINK_SENDER ? marks_to_say(session) : NULL;
    if (marks != NULL && marks->count > 0) {
        ret_frame->heartbeat = (struct frame_heartbeat){marks->position, marks->items, marks->count};
        session->promised = marks->position <= session->sent ? marks->position : session->promised;
    }
    return true;
}

/* Whether the items may go as they are, or with empty ones in the place of those that are not admitted. */
static bool items_admitted(struct session *session, struct span *items, size_t count)
{
    const struct session_options *options = &session->options;
    for (size_t i = 0; i < count; i++) {
        uint64_t position = session->sent + 1 + i;
        if (items[i].size <= options->item_bytes_max)
            continue;
        if (options->passed == NULL) {
            session_refuse(session, ENDING_REFUSED, "item %llu is of %zu bytes: the peer admits at most %llu",
                           (unsigned long long)position, items[i].size, (unsigned long long)options->item_bytes_max);
            return false;
        }
        options->passed(options->passed_self, position, items[i], options->item_bytes_max);
        items[i] = (struct span){0};
    }
    return true;
}

static void count_sent(struct session *session, size_t count)
{
    *session->options.counts.sent += count;
    if (session->sent < session->cursor->sent) {
        uint64_t again = session->cursor->sent - session->sent;
        *session->options.counts.resent += again < count ? again : count;
    }
    session->sent += count;
    if (session->sent > session->cursor->sent)
        session->cursor->sent = session->sent;
    struct outbox *outbox = session->options.outbox;
    if (session->sent <= outbox->sent)
        return;
    if (outbox->driver->leaves != NULL)
        outbox->driver->leaves(outbox);
    outbox->sent = session->sent;
}

static bool say_batch(struct session *session, struct span *items, struct frame *ret_frame)
{
    const struct session_options *options = &session->options;
    if (options->role != LINK_SENDER)
        return false;
    struct outbox *outbox = options->outbox;
    uint64_t until = outbox->ready < session->credit ? outbox->ready : session->credit;
    if (until <= session->sent)
        return false;
    if (session->sent + 1 < outbox->first) {
        session_refuse(session, ENDING_REFUSED, "what comes after %llu was dropped here: a new epoch begins",
                       (unsigned long long)session->sent);
        return say_refusal(session, ret_frame);
    }
    uint64_t wanted = until - session->sent;
    size_t count_max = wanted < options->batch_items_max ? (size_t)wanted : options->batch_items_max;
    count_max = count_max < LIMIT_BATCH_ITEMS ? count_max : LIMIT_BATCH_ITEMS;
    size_t bytes_max =
        (size_t)(options->frame_bytes_max < LIMIT_BATCH_BYTES ? options->frame_bytes_max : LIMIT_BATCH_BYTES);
    uint64_t first = session->sent + 1;
    size_t count = outbox->driver->read(outbox, first, count_max, bytes_max - FRAME_COST, FRAME_ITEM_COST, items);
    if (!items_admitted(session, items, count))
        return say_refusal(session, ret_frame);
    if (count == 0) /* the outbox could not read: tried again at the next turn */
        return false;
    *ret_frame = (struct frame){.kind = FRAME_BATCH, .batch = {.first = first, .items = items, .count = count}};
    count_sent(session, count);
    marks_follow(session);
    return true;
}

bool session_say_last(struct session *session, uint64_t now_ms, struct frame *ret_frame)
{
    return session->state == SESSION_OPEN &&
           (say_ack(session, ret_frame) || (session->marks_due && say_heartbeat(session, now_ms, ret_frame)));
}

bool session_say(struct session *session, uint64_t now_ms, struct span *items, struct frame *ret_frame)
{
    bool said = say_refusal(session, ret_frame) || (session->state != SESSION_OVER && say_greeting(session, ret_frame));
    if (!said && session->state == SESSION_OPEN)
        said = say_ack(session, ret_frame) || say_credit(session, now_ms, ret_frame) ||
               say_heartbeat(session, now_ms, ret_frame) || say_batch(session, items, ret_frame);
    if (said)
        session->said_ms = now_ms;
    return said;
}
