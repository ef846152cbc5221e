#include "bus/sender.h"

#include "bus/end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTBOX_BYTES_MAX  ((size_t)64 * 1024 * 1024)
#define HEARTBEAT_MS      5000u
#define FRAME_HEARD_BYTES (64u * 1024u) /* acknowledgements and their like */

struct sender {
    struct end end;
    struct sender_events events;
    struct sender_stats stats;
    struct outbox *outbox;
    struct marks marks;
    /* Of every receiver known, in any order; "" is nobody's. They do not move: sessions point at them. A dialler has
     * one, whatever its name. */
    struct cursor cursors[SENDER_RECEIVERS_MAX];
    uint64_t item_bytes_max; /* a dialler's: as the listener allows */
    size_t refused_bytes;    /* of the item that found no room; `room` is due */
    bool room_due;
    uint64_t passed;        /* greatest position passed over */
    uint64_t *passed_waits; /* those that still wait, ascending */
    size_t passed_count, passed_room;
    void (*closed)(void *self);
    void *closed_self;
};

/* --- cursors --- */

static struct cursor *cursor_find(struct sender *sender, const char *name)
{
    for (size_t i = 0; i < SENDER_RECEIVERS_MAX; i++)
        if (strcmp(sender->cursors[i].name, name) == 0)
            return &sender->cursors[i];
    return NULL;
}

/* The one of that name, or a free one: its name is written once it is admitted. NULL: all are others'. */
static struct cursor *cursor_get(struct sender *sender, const char *name)
{
    if (sender->end.options.session.end == BUS_DIAL)
        return &sender->cursors[0];
    struct cursor *cursor = cursor_find(sender, name);
    return cursor != NULL ? cursor : cursor_find(sender, "");
}

static void cursor_name(struct cursor *cursor, const char *name)
{
    (void)snprintf(cursor->name, sizeof cursor->name, "%s", name);
}

static void room_tell(struct sender *sender)
{
    const struct outbox *outbox = sender->outbox;
    if (sender->end.closing || !sender->room_due || !outbox->driver->room(outbox, sender->refused_bytes))
        return;
    sender->room_due = false;
    if (sender->events.room != NULL)
        sender->events.room(sender->events.self);
}

/* Those passed over up to position wait no more; answers how many. */
static uint64_t passed_settle(struct sender *sender, uint64_t position)
{
    size_t settled = 0;
    while (settled < sender->passed_count && sender->passed_waits[settled] <= position)
        settled++;
    if (settled > 0)
        memmove(sender->passed_waits, sender->passed_waits + settled,
                (sender->passed_count - settled) * sizeof *sender->passed_waits);
    sender->passed_count -= settled;
    return settled;
}

/* Lets go of what every known receiver has. */
static void acked_advance(struct sender *sender)
{
    struct outbox *outbox = sender->outbox;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < SENDER_RECEIVERS_MAX; i++)
        if (sender->cursors[i].name[0] != '\0' && sender->cursors[i].acked < least)
            least = sender->cursors[i].acked;
    if (least == UINT64_MAX || least < outbox->first) /* nobody is known, or somebody waits for the first */
        return;
    sender->stats.acked += least + 1 - outbox->first - passed_settle(sender, least);
    outbox->driver->trim(outbox, least);
    promises_trim(&outbox->promises, least);
    if (sender->events.acked != NULL)
        sender->events.acked(sender->events.self, least);
    room_tell(sender);
}

/* --- hooks --- */

static void on_prepare(void *self, struct session_options *options)
{
    options->epoch = ((struct sender *)self)->outbox->epoch;
}

/* The outbox waits for every name that was once admitted: one key shall not take them all. */
static bool key_has_names_left(struct sender *sender, struct link *link)
{
    const struct allowed_key *key = link_peer(&sender->end, link).key;
    uint32_t count = 0, limit = end_sessions_per_key(&sender->end);
    for (size_t i = 0; i < SENDER_RECEIVERS_MAX && key != NULL; i++)
        count += sender->cursors[i].name[0] != '\0' && keyring_owns(sender->end.keys, key, sender->cursors[i].name);
    if (count < limit)
        return true;
    session_refuse(&link->session, ENDING_REFUSED, "this key is known by %u names: no more are admitted", count);
    return false;
}

/* The next session is of a new stream, where that mends it. */
static void renew(struct sender *sender, const struct session *session)
{
    struct outbox *outbox = sender->outbox;
    bool behind = session->ending == ENDING_BEHIND, gap = session->ending == ENDING_GAP && outbox->lossy;
    if (sender->end.options.session.end != BUS_DIAL || (!behind && !gap))
        return;
    struct sender_renewed renewed = {.why = behind ? RENEWED_BEHIND : RENEWED_GAP,
                                     .resume = session->peer_resume_position,
                                     .first = outbox->first,
                                     .missed = gap ? session->missed : 0};
    renewed.outlives = outbox->driver->renew(outbox);
    sender->stats.renewed++;
    sender->stats.missed += renewed.missed;
    if (sender->events.renewed != NULL)
        sender->events.renewed(sender->events.self, &renewed);
}

static enum session_event on_admit(void *self, struct link *link)
{
    struct sender *sender = self;
    struct cursor *cursor = cursor_get(sender, link->session.peer_name);
    if (cursor != NULL && cursor->name[0] == '\0' && !key_has_names_left(sender, link))
        return SESSION_ENDED;
    if (cursor == NULL) {
        session_refuse(&link->session, ENDING_REFUSED, "%u receivers are known: no more are admitted",
                       SENDER_RECEIVERS_MAX);
        return SESSION_ENDED;
    }
    if (session_open_sender(&link->session, cursor) == SESSION_ENDED) {
        renew(sender, &link->session);
        return SESSION_ENDED;
    }
    cursor_name(cursor, link->session.peer_name);
    sender->item_bytes_max = link->session.options.item_bytes_max;
    acked_advance(sender);
    return SESSION_QUIET;
}

static void on_heard(void *self, struct link *link, enum session_event event)
{
    (void)link;
    if (event == SESSION_ACKED)
        acked_advance(self);
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
    struct sender *sender = self;
    if (sender->events.peer != NULL)
        sender->events.peer(sender->events.self, peer, state);
}

/* Without memory it counts as acknowledged once it is, and as passed over. */
static void passed_wait(struct sender *sender, uint64_t position)
{
    if (sender->passed_count == sender->passed_room) {
        size_t room = sender->passed_room > 0 ? sender->passed_room * 2 : 16;
        uint64_t *waits = realloc(sender->passed_waits, room * sizeof *waits);
        if (waits == NULL)
            return;
        sender->passed_waits = waits;
        sender->passed_room = room;
    }
    sender->passed_waits[sender->passed_count++] = position;
}

static void on_passed(void *self, uint64_t position, struct span item, uint64_t admitted_bytes)
{
    struct sender *sender = self;
    if (position <= sender->passed)
        return;
    sender->passed = position;
    sender->stats.passed++;
    passed_wait(sender, position);
    sender->events.passed(sender->events.self, item, admitted_bytes);
}

static void on_changed(void *self)
{
    struct sender *sender = self;
    end_wake(&sender->end);
    room_tell(sender);
}

static void on_failed(void *self, enum status status, const char *reason)
{
    struct sender *sender = self;
    if (sender->events.failed != NULL && !sender->end.closing)
        sender->events.failed(sender->events.self, status, reason);
}

static void sender_free(void *self)
{
    struct sender *sender = self;
    marks_fini(&sender->marks);
    free(sender->passed_waits);
    free(sender);
}

static void on_outbox_closed(void *self)
{
    struct sender *sender = self;
    void (*closed)(void *) = sender->closed;
    void *closed_self = sender->closed_self;
    sender_free(sender);
    if (closed != NULL)
        closed(closed_self);
}

static void on_closed(void *self)
{
    struct sender *sender = self;
    sender->outbox->driver->close(sender->outbox, on_outbox_closed, sender);
}

/* --- the callers' side --- */

static void options_of(struct sender *sender, const struct sender_options *options, struct end_options *ret_options)
{
    uint64_t item_bytes_max = options->outbox_item_max > 0 ? options->outbox_item_max : LIMIT_REPORT_BYTES;
    uint64_t alone = item_bytes_max + FRAME_COST + FRAME_ITEM_COST;
    sender->item_bytes_max = item_bytes_max;
    *ret_options = (struct end_options){
        .url = options->url,
        .session = {.name = options->name,
                    .counts = {.sent = &sender->stats.sent, .resent = &sender->stats.resent},
                    .end = options->end,
                    .role = LINK_SENDER,
                    .heartbeat_ms = options->heartbeat_ms > 0 ? options->heartbeat_ms : HEARTBEAT_MS,
                    .item_bytes_max = item_bytes_max,
                    .frame_bytes_max = alone > LIMIT_BATCH_BYTES ? alone : LIMIT_BATCH_BYTES,
                    .batch_items_max = LIMIT_BATCH_ITEMS,
                    .outbox = sender->outbox,
                    .passed = sender->events.passed != NULL ? on_passed : NULL,
                    .passed_self = sender,
                    .gap_advice = options->gap_advice,
                    .marks = &sender->marks},
        .frame_bytes_max = FRAME_HEARD_BYTES,
        .peers_max = SENDER_RECEIVERS_MAX,
        .role = KEY_SINK,
        .counts = {.sessions = &sender->stats.sessions,
                   .refusals = &sender->stats.refusals,
                   .malformed = &sender->stats.malformed,
                   .gaps = &sender->stats.gaps,
                   LISTENER_COUNTS(sender->stats)},
    };
}

/* Those known from before, which have nothing yet. */
static enum status cursors_declare(struct sender *sender, const struct sender_options *options, char ret_reason[256])
{
    if (options->receiver_count > (options->end == BUS_LISTEN ? SENDER_RECEIVERS_MAX : 0)) {
        (void)snprintf(ret_reason, 256, "%zu receivers known from before: expected at most %u, of a listener",
                       options->receiver_count, SENDER_RECEIVERS_MAX);
        return STATUS_INVALID;
    }
    for (size_t i = 0; i < options->receiver_count; i++) {
        const char *name = options->receivers[i];
        if (!name_is_valid(span_of(name)) || cursor_find(sender, name) != NULL) {
            (void)snprintf(ret_reason, 256, "receiver \"%.80s\": expected a name, once", name);
            return STATUS_INVALID;
        }
        cursor_name(&sender->cursors[i], name);
    }
    return STATUS_OK;
}

static enum status outbox_take(struct sender *sender, const struct sender_options *options, char ret_reason[256])
{
    enum status status = STATUS_OK;
    sender->outbox = options->outbox;
    if (sender->outbox == NULL && options->epoch == 0) {
        (void)snprintf(ret_reason, 256, "epoch 0: expected a greater one");
        return STATUS_INVALID;
    }
    if (sender->outbox == NULL) {
        status = outbox_memory_open(options->outbox_bytes_max > 0 ? options->outbox_bytes_max : OUTBOX_BYTES_MAX,
                                    &sender->outbox);
        (void)snprintf(ret_reason, 256, "%s", status_text(status));
        if (status == STATUS_OK)
            sender->outbox->epoch = options->epoch;
    }
    return status;
}

enum status sender_open(struct bus *bus, const struct sender_options *options, const struct sender_events *events,
                        struct sender **ret_sender, char ret_reason[256])
{
    struct sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL) {
        (void)snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    sender->events = *events;
    struct end_options end_options;
    struct end_hooks hooks = {on_prepare, on_admit, on_heard, on_peer, on_closed, sender};
    enum status status = outbox_take(sender, options, ret_reason);
    options_of(sender, options, &end_options);
    if (status == STATUS_OK)
        status = cursors_declare(sender, options, ret_reason);
    if (status == STATUS_OK)
        status = end_open(&sender->end, bus, &end_options, &hooks, ret_reason);
    if (status != STATUS_OK) {
        if (sender->outbox != NULL && options->outbox == NULL)
            sender->outbox->driver->close(sender->outbox, NULL, NULL);
        sender_free(sender);
        return status;
    }
    sender->outbox->events = (struct outbox_events){on_changed, on_failed, sender};
    *ret_sender = sender;
    return STATUS_OK;
}

enum status sender_submit(struct sender *sender, struct span item, uint64_t *ret_position)
{
    if (item.size > sender->item_bytes_max)
        return STATUS_TOO_LARGE;
    enum status status = sender->outbox->driver->append(sender->outbox, item);
    if (status == STATUS_AGAIN) {
        sender->room_due = true;
        sender->refused_bytes = item.size;
    }
    if (status != STATUS_OK)
        return status;
    sender->stats.submitted++;
    *ret_position = sender->outbox->last;
    end_wake(&sender->end);
    return STATUS_OK;
}

void sender_commit(struct sender *sender)
{
    if (sender->outbox->driver->commit == NULL)
        return;
    sender->outbox->driver->commit(sender->outbox);
    room_tell(sender);
}

enum status sender_marks(struct sender *sender, const struct source_mark *marks, size_t count)
{
    /* What no frame can carry is refused here, not when it should be sent. */
    struct text trial = {0};
    struct frame frame = {.kind = FRAME_HEARTBEAT, .heartbeat = {UINT64_MAX, marks, count}};
    struct outbox *outbox = sender->outbox;
    enum status status = frame_pack(&frame, &trial);
    if (status == STATUS_OK)
        status = marks_copy(&sender->marks, marks, count, outbox->last);
    if (status == STATUS_OK)
        status = promises_add(&outbox->promises, marks, count, outbox->last);
    if (status == STATUS_OK && outbox->driver->promise != NULL)
        outbox->driver->promise(outbox, (struct span){trial.data, trial.size});
    text_fini(&trial);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < sender->end.link_count; i++)
        sender->end.links[i]->session.marks_due = true;
    end_wake(&sender->end);
    return STATUS_OK;
}

enum status sender_forget(struct sender *sender, const char *name)
{
    struct cursor *cursor = name[0] != '\0' ? cursor_find(sender, name) : NULL;
    if (cursor == NULL || sender->end.options.session.end == BUS_DIAL)
        return STATUS_NOT_FOUND;
    *cursor = (struct cursor){0};
    end_refuse(&sender->end, name, "retired: what is sent no longer waits for this receiver");
    if (!sender->end.closing)
        acked_advance(sender);
    return STATUS_OK;
}

uint64_t sender_position(const struct sender *sender)
{
    return sender->outbox->last;
}

uint64_t sender_acked(const struct sender *sender)
{
    return sender->outbox->first - 1;
}

uint64_t sender_waiting(const struct sender *sender)
{
    return sender->outbox->last + 1 - sender->outbox->first - sender->passed_count;
}

const struct outbox *sender_outbox(const struct sender *sender)
{
    return sender->outbox;
}

size_t sender_peers(const struct sender *sender)
{
    return end_peers(&sender->end);
}

const struct sender_stats *sender_stats(const struct sender *sender)
{
    return &sender->stats;
}

void sender_close(struct sender *sender, void (*closed)(void *self), void *self)
{
    sender->closed = closed;
    sender->closed_self = self;
    end_close(&sender->end);
}
