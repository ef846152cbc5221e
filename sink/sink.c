#include "sink/sink.h"

#include "base/clock.h"
#include "base/log.h"
#include "proto/limits.h"
#include "sink/alerts.h"
#include "sink/store_thread.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HELD_BYTES       (64u * 1024u * 1024u) /* of items that wait for the store */
#define HELD_BATCHES     64u
#define DECODE_BYTES_MIN (64u * 1024u * 1024u) /* an arena's limit; it takes what it needs */
#define DECODE_FACTOR    32u
#define REJECTED_SHOWN   10u

enum ending { SINK_RUNS, SINK_DRAINS, SINK_ENDS };

struct sink {
    uv_loop_t *loop;
    struct store *store;
    struct sink_events events;
    struct sink_stats stats;
    struct receiver *receiver;
    struct store_thread *thread;
    struct alerts *alerts; /* NULL: nobody is alerted */
    size_t waiting_bytes;
    size_t waiting; /* publications */
    bool is_connected, is_held, is_troubled, has_failed;
    enum sink_patience patience;
    enum ending ending;
    uv_timer_t turn; /* lets the last acknowledgement out before the receiver is closed */
    uint64_t grace_ms;
    void (*closed)(void *self);
    void *closed_self;
};

const struct sink_stats *sink_stats(const struct sink *sink)
{
    return &sink->stats;
}

const struct receiver *sink_receiver(const struct sink *sink)
{
    return sink->receiver;
}

const struct alerts *sink_alerts(const struct sink *sink)
{
    return sink->alerts;
}

void sink_rekey(struct sink *sink, const struct sink_config *config)
{
    if (sink->alerts != NULL)
        alerts_rekey(sink->alerts, config->alerts, config->alert_count);
}

struct sink_state sink_state(const struct sink *sink)
{
    return (struct sink_state){
        .waiting = sink->waiting, .is_connected = sink->is_connected, .is_troubled = sink->is_troubled};
}

/* --- in --- */

static void set_flow(struct sink *sink)
{
    size_t batches = store_thread_waiting(sink->thread);
    /* Held at the limits, let go at half of them. */
    size_t part = sink->is_held ? 2 : 1;
    bool holds = sink->ending != SINK_RUNS || sink->has_failed || sink->is_troubled ||
                 sink->waiting_bytes >= HELD_BYTES / part || batches >= HELD_BATCHES / part;
    if (holds == sink->is_held || sink->receiver == NULL)
        return;
    sink->is_held = holds;
    receiver_set_flow(sink->receiver, holds ? RECEIVER_HELD : RECEIVER_FLOWS);
}

/* For good: nothing more is taken. */
static void fail(struct sink *sink, const char *reason)
{
    if (sink->has_failed)
        return;
    sink->has_failed = true;
    set_flow(sink);
    sink->events.failed(sink->events.self, reason);
}

static void item_reject(struct sink *sink, const struct peer *peer, uint64_t position, const char *reason)
{
    sink->stats.rejected++;
    uint64_t count = sink->stats.rejected;
    if (count <= REJECTED_SHOWN || (count & (count - 1)) == 0) /* then each time their number has doubled */
        log_warn("sink.rejected", "item %" PRIu64 " of %s is refused: %s (%" PRIu64 " so far)", position, peer->name,
                 reason, count);
}

/* STATUS_NO_MEMORY: the machine has none. An item that asks for more than it may (the arena's limit) is refused. */
static enum status items_decode(struct sink *sink, const struct peer *peer, uint64_t first, const struct span *items,
                                size_t count, struct store_batch *batch)
{
    for (size_t i = 0; i < count; i++) {
        char reason[REASON_BYTES] = "more memory than an item may take";
        struct publication *publication = &batch->publications[batch->count];
        struct span item = arena_copy(&batch->arena, items[i]); /* what is unpacked may borrow from it */
        if (item.data != NULL && publication_unpack(item, &batch->arena, publication, reason) == STATUS_OK)
            batch->count++;
        else if (batch->arena.starved)
            return STATUS_NO_MEMORY;
        else
            item_reject(sink, peer, first + i, reason);
    }
    return STATUS_OK;
}

static struct store_batch *batch_decode(struct sink *sink, const struct peer *peer, uint64_t first,
                                        const struct span *items, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += items[i].size;
    struct store_batch *batch = store_batch_new(DECODE_BYTES_MIN + DECODE_FACTOR * bytes, count);
    struct span peer_name = batch != NULL ? arena_copy(&batch->arena, span_of(peer->name)) : (struct span){0};
    if (peer_name.data == NULL || items_decode(sink, peer, first, items, count, batch) != STATUS_OK) {
        store_batch_free(batch);
        return NULL;
    }
    batch->peer_name = (char *)(uintptr_t)peer_name.data;
    batch->epoch = peer->epoch;
    batch->last = first + count - 1;
    batch->bytes = bytes;
    return batch;
}

static void on_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct sink *sink = self;
    if (sink->has_failed) /* who acknowledges these acknowledges those, too, that it failed on */
        return;
    struct store_batch *batch = batch_decode(sink, peer, first, items, count);
    if (batch == NULL) {
        log_error("sink.failed", "out of memory: what came is not acknowledged, it is told again at the next start");
        fail(sink, "out of memory");
        return;
    }
    sink->stats.received += count;
    sink->waiting_bytes += batch->bytes;
    sink->waiting += batch->count;
    store_thread_apply(sink->thread, batch);
    set_flow(sink);
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
    struct sink *sink = self;
    sink->is_connected = state == PEER_UP;
    switch (state) {
    case PEER_UP:
        log_info("sink.up", "connected to %s", peer->name);
        break;
    case PEER_DOWN:
        log_info("sink.down", "disconnected from %s: %s", peer->name, peer->reason);
        break;
    case PEER_REFUSED:
        log_warn("sink.refused", "refused by %s: %s", peer->name[0] != '\0' ? peer->name : "the correlator",
                 peer->reason);
        break;
    }
}

/* --- out --- */

static void end_when_drained(struct sink *sink);

static void count_and_alert(struct sink *sink, const struct store_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        sink->stats.applied += batch->effects[i] == STORE_APPLIED;
        sink->stats.known += batch->effects[i] == STORE_KNOWN;
    }
    for (size_t i = 0; i < batch->note_count && sink->alerts != NULL; i++) {
        const struct publication *publication = &batch->publications[batch->notes[i].index];
        char bytes[SUBJECT_BYTES];
        if (publication->kind == PUBLICATION_EPISODE)
            alerts_note(sink->alerts, publication->episode.id, batch->notes[i].fingerprint,
                        publication->episode.last_ms);
        else /* a notice is news, since whenever it was silent */
            alerts_note(sink->alerts, subject_of_source(publication->notice.source, bytes), batch->notes[i].fingerprint,
                        clock_wall_ms());
    }
    if (sink->events.stored != NULL && batch->count > 0)
        sink->events.stored(sink->events.self, batch->publications, batch->effects, batch->count);
}

static void on_applied(void *self, struct store_batch *batch)
{
    struct sink *sink = self;
    sink->waiting_bytes -= batch->bytes;
    sink->waiting -= batch->count;
    if (batch->delivery == DELIVERED) {
        receiver_ack(sink->receiver, batch->peer_name, batch->epoch, batch->last);
        count_and_alert(sink, batch);
    }
    store_batch_free(batch);
    set_flow(sink);
    end_when_drained(sink);
}

static void on_read_done(void *self, const struct store_reading *reading)
{
    (void)self;
    const struct alert_story story = {
        .fingerprint = reading->fingerprint,
        .revision = reading->revision,
        .json = {reading->json.data, reading->json.size},
        .draft = reading->has_draft ? (struct span){reading->draft.data, reading->draft.size} : (struct span){0}};
    alerts_story(reading->ticket, reading->is_found ? &story : NULL);
}

static void on_written(void *self, void *ticket, enum delivery delivery)
{
    (void)self;
    alerts_written(ticket, delivery);
}

static void on_trouble(void *self, enum delivery delivery, const char *reason)
{
    struct sink *sink = self;
    switch (delivery) {
    case DELIVERED:
        log_info("sink.recovered", "the store takes incidents and episodes again");
        break;
    case RETRY_LATER:
        if (sink->patience == SINK_GIVES_UP) {
            store_thread_hurry(sink->thread);
            break;
        }
        log_warn("sink.waits", "%s; it is tried again until it works", reason);
        break;
    case REJECTED:
        log_error("sink.failed", "%s", reason);
        break;
    }
    sink->is_troubled = delivery != DELIVERED;
    set_flow(sink);
    if (delivery == REJECTED || (delivery == RETRY_LATER && sink->patience == SINK_GIVES_UP))
        fail(sink, reason);
}

static void on_alerts_read(void *self, struct span endpoint, struct span subject, struct alert_ticket *ticket)
{
    struct sink *sink = self;
    if (store_thread_read(sink->thread, endpoint, subject, ticket) != STATUS_OK)
        alerts_story(ticket, NULL); /* out of memory: asked again later */
}

static void on_alerts_write(void *self, const struct alert_write *write, struct alert_ticket *ticket)
{
    struct sink *sink = self;
    if (store_thread_write(sink->thread, write, ticket) != STATUS_OK && ticket != NULL)
        alerts_written(ticket, RETRY_LATER);
}

/* --- opening --- */

static enum status tell_known(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    return alerts_told(self, episode->id, fingerprint_of(episode), episode->last_ms);
}

static enum status load_row(void *self, const struct alert_row *row)
{
    return alerts_load(self, row);
}

static void say_let_go(void *self, struct span endpoint, size_t rows)
{
    (void)self;
    log_warn("alerts.removed", "alert %.*s is configured no more: what it was told and owed is forgotten, %zu rows",
             SPAN_ARG(endpoint), rows);
}

/* What the endpoints were told before this start. */
static enum status load_alerts(struct sink *sink, const struct sink_config *config)
{
    if (!store_keeps_alerts(sink->store))
        return sink->alerts != NULL ? store_episodes(sink->store, &(struct store_filter){0}, tell_known, sink->alerts)
                                    : STATUS_OK;
    struct alert_endpoint *endpoints = calloc(config->alert_count + 1, sizeof *endpoints);
    if (endpoints == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < config->alert_count; i++)
        endpoints[i] = (struct alert_endpoint){span_of(config->alerts[i].name), config->alerts[i].max_age_ms};
    enum status status =
        store_alerts_open(sink->store, endpoints, config->alert_count, clock_wall_ms(), say_let_go, NULL);
    free(endpoints);
    return status == STATUS_OK && sink->alerts != NULL
               ? store_alert_rows(sink->store, (struct span){0}, load_row, sink->alerts)
               : status;
}

static enum status open_alerts(struct sink *sink, const struct sink_config *config, char ret_reason[256])
{
    const struct alerts_options options = {.configs = config->alerts,
                                           .count = config->alert_count,
                                           .stats = &sink->stats,
                                           .read = on_alerts_read,
                                           .write = store_keeps_alerts(sink->store) ? on_alerts_write : NULL,
                                           .self = sink};
    enum status status =
        config->alert_count > 0 ? alerts_open(sink->loop, &options, &sink->alerts, ret_reason) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    status = load_alerts(sink, config);
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "the store cannot be read: %s", status_text(status));
    return status;
}

static enum status open_receiver(struct sink *sink, struct bus *bus, const struct sink_options *options,
                                 char ret_reason[256])
{
    struct stream_position link = store_link(options->store);
    const struct receiver_options receiver = {.url = options->url,
                                              .end = BUS_DIAL,
                                              .name = options->config->name,
                                              .resume_epoch = link.epoch,
                                              .resume_position = link.number,
                                              .item_bytes_max = LIMIT_EPISODE_BYTES,
                                              .frame_bytes_max = LIMIT_EPISODE_BYTES + LIMIT_BATCH_BYTES};
    const struct receiver_events events = {.batch = on_batch, .peer = on_peer, .self = sink};
    return receiver_open(bus, &receiver, &events, &sink->receiver, ret_reason);
}

static void on_turn_closed(uv_handle_t *handle)
{
    struct sink *sink = handle->data;
    void (*closed)(void *) = sink->closed;
    void *self = sink->closed_self;
    free(sink);
    if (closed != NULL)
        closed(self);
}

static void on_thread_closed(void *self)
{
    struct sink *sink = self;
    uv_close((uv_handle_t *)&sink->turn, on_turn_closed);
}

static void on_opened_alerts_closed(void *self)
{
    struct sink *sink = self;
    if (sink->thread != NULL)
        store_thread_close(sink->thread, on_thread_closed, sink);
    else
        on_thread_closed(sink);
}

enum status sink_open(uv_loop_t *loop, struct bus *bus, const struct sink_options *options,
                      const struct sink_events *events, struct sink **ret_sink, char ret_reason[256])
{
    snprintf(ret_reason, 256, "out of memory");
    struct sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL)
        return STATUS_NO_MEMORY;
    sink->loop = loop;
    sink->store = options->store;
    sink->events = *events;
    sink->patience = options->patience;
    (void)uv_timer_init(loop, &sink->turn);
    sink->turn.data = sink;
    enum status status = open_alerts(sink, options->config, ret_reason);
    if (status == STATUS_OK)
        status = open_receiver(sink, bus, options, ret_reason);
    if (status == STATUS_OK) {
        const struct store_thread_events thread_events = {.applied = on_applied,
                                                          .read_done = on_read_done,
                                                          .written = on_written,
                                                          .trouble = on_trouble,
                                                          .self = sink};
        status = store_thread_open(loop, options->store, &thread_events, &sink->thread);
    }
    if (status == STATUS_OK) {
        if (sink->alerts != NULL)
            alerts_start(sink->alerts);
        *ret_sink = sink;
        return status;
    }
    if (sink->receiver != NULL)
        receiver_close(sink->receiver, NULL, NULL);
    if (sink->alerts != NULL)
        alerts_close(sink->alerts, 0, on_opened_alerts_closed, sink);
    else
        on_opened_alerts_closed(sink);
    return status;
}

/* --- closing: drain the store, alert what is due, let the acknowledgement out, then the link, then the thread --- */

static void on_receiver_closed(void *self)
{
    struct sink *sink = self;
    sink->receiver = NULL;
    store_thread_close(sink->thread, on_thread_closed, sink);
}

static void on_turn(uv_timer_t *turn)
{
    struct sink *sink = turn->data;
    receiver_close(sink->receiver, on_receiver_closed, sink);
}

static void on_alerts_closed(void *self)
{
    struct sink *sink = self;
    sink->alerts = NULL;
    (void)uv_timer_start(&sink->turn, on_turn, 10, 0);
}

static void end_when_drained(struct sink *sink)
{
    if (sink->ending != SINK_DRAINS || store_thread_waiting(sink->thread) > 0)
        return;
    sink->ending = SINK_ENDS;
    if (sink->alerts != NULL)
        alerts_close(sink->alerts, sink->grace_ms, on_alerts_closed, sink);
    else
        on_alerts_closed(sink);
}

void sink_close(struct sink *sink, uint64_t grace_ms, void (*closed)(void *self), void *self)
{
    assert(sink->ending == SINK_RUNS);
    sink->ending = SINK_DRAINS;
    sink->grace_ms = grace_ms;
    sink->closed = closed;
    sink->closed_self = self;
    set_flow(sink);
    store_thread_hurry(sink->thread);
    end_when_drained(sink);
}
