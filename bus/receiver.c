#include "bus/receiver.h"

#include "bus/end.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_ITEMS 16384u
#define HEARTBEAT_MS 5000u
#define PEERS_MAX    256u
/* Of one key, agents that are there or were. */
#define NAMES_PER_SESSION 16u /* for each session it may have */
#define NAMES_MAX         1024u

struct receiver {
    struct end end;
    struct receiver_events events;
    struct receiver_stats stats;
    struct streams streams;
    uint64_t resume_epoch; /* a dialler's */
    uint64_t resume_position;
    char last_name[PEER_NAME_BYTES]; /* a dialler's: the stream of its last session */
    uint64_t last_epoch;
    void (*closed)(void *self);
    void *closed_self;
};

/* --- hooks --- */

static void on_prepare(void *self, struct session_options *options)
{
    struct receiver *receiver = self;
    if (options->end == BUS_LISTEN)
        return;
    const struct stream *stream = NULL;
    if (receiver->last_epoch != 0)
        stream = streams_find(&receiver->streams, span_of(receiver->last_name), receiver->last_epoch);
    options->resume_epoch = stream != NULL ? stream->epoch : receiver->resume_epoch;
    options->resume_position = stream != NULL ? stream->acked : receiver->resume_position;
}

/* Is it a name that is not known, of a key that is known by as many as it may be? What is remembered of streams has an
 * end: one key shall not push out the others. */
static bool is_a_name_too_many(struct receiver *receiver, struct link *link, uint32_t *ret_limit)
{
    const struct allowed_key *key = link_peer(&receiver->end, link).key;
    const struct streams *streams = &receiver->streams;
    const char *names[NAMES_MAX];
    uint32_t count = 0, limit = end_sessions_per_key(&receiver->end);
    limit = *ret_limit = limit < NAMES_MAX / NAMES_PER_SESSION ? limit * NAMES_PER_SESSION : NAMES_MAX;
    for (size_t i = 0; i < streams->count && key != NULL; i++) {
        const char *name = streams->items[i]->name;
        uint32_t seen = 0;
        if (strcmp(name, link->session.peer_name) == 0)
            return false;
        if (count == limit || !keyring_owns(receiver->end.keys, key, name))
            continue;
        while (seen < count && strcmp(names[seen], name) != 0)
            seen++;
        names[seen] = name;
        count = seen == count ? count + 1 : count;
    }
    return count == limit && key != NULL;
}

static enum session_event on_admit(void *self, struct link *link)
{
    struct receiver *receiver = self;
    struct session *session = &link->session;
    struct span name = span_of(session->peer_name);
    bool known = streams_find(&receiver->streams, name, session->peer_epoch) != NULL;
    struct stream *stream = NULL;
    uint32_t limit;
    if (!known && is_a_name_too_many(receiver, link, &limit)) {
        session_refuse(session, ENDING_REFUSED, "this key is known by %u names: no more are admitted", limit);
        return SESSION_ENDED;
    }
    enum status status = streams_get(&receiver->streams, name, session->peer_epoch, &stream);
    if (status != STATUS_OK) {
        session_refuse(session, ENDING_REFUSED, "no stream can be added: %s", status_text(status));
        return SESSION_ENDED;
    }
    bool resumed = session->options.end == BUS_DIAL && session->peer_epoch == receiver->resume_epoch;
    if (!known && resumed && receiver->resume_position > 0) {
        stream->begun = true;
        stream->received = stream->acked = receiver->resume_position;
    }
    memcpy(receiver->last_name, session->peer_name, sizeof receiver->last_name);
    receiver->last_epoch = session->peer_epoch;
    session_open_receiver(session, stream);
    return SESSION_QUIET;
}

static void on_heard(void *self, struct link *link, enum session_event event)
{
    struct receiver *receiver = self;
    struct session *session = &link->session;
    struct peer peer = link_peer(&receiver->end, link);
    if (event == SESSION_ITEMS && session->midway) {
        receiver->stats.midway++;
        if (receiver->events.midway != NULL)
            receiver->events.midway(receiver->events.self, &peer, session->fresh_first);
    }
    session->midway = false;
    if (event == SESSION_ITEMS)
        receiver->events.batch(receiver->events.self, &peer, session->fresh_first, session->fresh,
                               session->fresh_count);
    const struct marks *marks = NULL;
    while (!receiver->end.closing && (marks = session_marks(session)) != NULL)
        if (receiver->events.marks != NULL)
            receiver->events.marks(receiver->events.self, &peer, marks->items, marks->count);
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
    struct receiver *receiver = self;
    if (receiver->events.peer != NULL)
        receiver->events.peer(receiver->events.self, peer, state);
}

static void on_closed(void *self)
{
    struct receiver *receiver = self;
    void (*closed)(void *) = receiver->closed;
    void *closed_self = receiver->closed_self;
    streams_fini(&receiver->streams);
    free(receiver);
    if (closed != NULL)
        closed(closed_self);
}

/* --- the callers' side --- */

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value > 0 ? value : fallback;
}

static void options_of(struct receiver *receiver, const struct bus *bus, const struct receiver_options *options,
                       struct end_options *ret_options)
{
    static const struct bus_limits none = {0};
    const struct bus_limits *limits = options->end == BUS_LISTEN ? bus_limits(bus) : &none;
    uint64_t item_bytes_max = or_default(options->item_bytes_max, or_default(limits->item_bytes, LIMIT_REPORT_BYTES));
    uint64_t frame_bytes_max = or_default(options->frame_bytes_max, or_default(limits->frame_bytes, LIMIT_BATCH_BYTES));
    uint64_t alone = item_bytes_max + FRAME_COST + FRAME_ITEM_COST; /* the greatest item must fit */
    frame_bytes_max = alone > frame_bytes_max ? alone : frame_bytes_max;
    *ret_options = (struct end_options){
        .url = options->url,
        .session = {.name = options->name,
                    .counts = {.received = &receiver->stats.received, .duplicates = &receiver->stats.duplicates},
                    .end = options->end,
                    .role = LINK_RECEIVER,
                    .heartbeat_ms = or_default(options->heartbeat_ms, HEARTBEAT_MS),
                    .item_bytes_max = item_bytes_max,
                    .frame_bytes_max = frame_bytes_max,
                    .batch_items_max = or_default(limits->batch_items, LIMIT_BATCH_ITEMS),
                    .items_per_s = limits->items_per_s,
                    .window_items = or_default(options->window_items, WINDOW_ITEMS)},
        /* frames other than batches have a limit of their own */
        .frame_bytes_max = frame_bytes_max > LIMIT_CONTROL_BYTES ? frame_bytes_max : LIMIT_CONTROL_BYTES,
        .peers_max = or_default(options->peers_max, or_default(limits->sessions, PEERS_MAX)),
        .role = KEY_AGENT,
        .counts = {.sessions = &receiver->stats.sessions,
                   .refusals = &receiver->stats.refusals,
                   .malformed = &receiver->stats.malformed,
                   .gaps = &receiver->stats.gaps,
                   LISTENER_COUNTS(receiver->stats)},
    };
}

enum status receiver_open(struct bus *bus, const struct receiver_options *options, const struct receiver_events *events,
                          struct receiver **ret_receiver, char ret_reason[256])
{
    assert(events->batch != NULL);
    struct receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL) {
        (void)snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    receiver->events = *events;
    receiver->resume_epoch = options->resume_epoch;
    receiver->resume_position = options->resume_position;
    struct end_options end_options;
    options_of(receiver, bus, options, &end_options);
    struct end_hooks hooks = {on_prepare, on_admit, on_heard, on_peer, on_closed, receiver};
    enum status status = end_open(&receiver->end, bus, &end_options, &hooks, ret_reason);
    if (status != STATUS_OK) {
        free(receiver);
        return status;
    }
    *ret_receiver = receiver;
    return STATUS_OK;
}

void receiver_ack(struct receiver *receiver, const char *peer_name, uint64_t epoch, uint64_t position)
{
    struct stream *stream = streams_find(&receiver->streams, span_of(peer_name), epoch);
    if (stream == NULL) /* forgotten: its items come again */
        return;
    assert(position <= stream->received);
    if (position <= stream->acked)
        return;
    stream->acked = position;
    end_wake(&receiver->end);
}

enum status receiver_restore(struct receiver *receiver, const char *peer_name, uint64_t epoch, uint64_t position)
{
    struct stream *stream;
    enum status status = streams_get(&receiver->streams, span_of(peer_name), epoch, &stream);
    if (status != STATUS_OK)
        return status;
    assert(stream->sessions == 0 && stream->received <= position);
    stream->begun = true;
    stream->received = stream->acked = position;
    return STATUS_OK;
}

void receiver_set_flow(struct receiver *receiver, enum receiver_flow flow)
{
    end_hold(&receiver->end, flow == RECEIVER_HELD ? PORT_HELD : PORT_FLOWS);
}

const struct receiver_stats *receiver_stats(const struct receiver *receiver)
{
    return &receiver->stats;
}

void receiver_close(struct receiver *receiver, void (*closed)(void *self), void *self)
{
    receiver->closed = closed;
    receiver->closed_self = self;
    end_close(&receiver->end);
}
