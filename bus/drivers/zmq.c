/* The driver over ZeroMQ: DEALER dials, ROUTER listens.
 *
 *     port ── plug: one socket and its monitor, with a uv_poll on each
 *       ├── prepare   are there events, or lines that wait for room? then keep the loop from sleeping
 *       └── check     drain, within a budget
 *
 * ZMQ_FD is edge-triggered and its edge is eaten by any call on the socket, so uv_poll only wakes the loop: what is
 * pending is asked of ZMQ_EVENTS before each sleep. After a send the loop takes one more turn without sleeping, so that
 * this question comes after it. Back-pressure is not draining.
 *
 * ROUTER does not tell that a peer has gone: a send that finds no route does (MANDATORY), and silence. */
#include "bus/drivers/zmq_context.h"
#include "bus/drivers/zmq_inside.h"
#include "bus/drivers/zmq_url.h"

#include <errno.h>
#include <stdio.h>

#define DRAIN_BUDGET 512  /* messages a turn; unbounded draining starves timers */
#define LAST_WORD_MS 1000 /* a line that is dropped may still read what was said to it */

#define CONNECTIONS_MAX 2048u
#define SILENT_MAX      1024u
#define SILENT_MS       10000u

static void awake(uv_idle_t *idle)
{
    (void)idle;
}

void port_awake(struct port *port)
{
    if (!port->closing)
        (void)uv_idle_start(&port->idle, awake);
}

void port_handle_closed(struct port *port)
{
    if (--port->handles > 0)
        return;
    zap_close(port->seat);
    guard_fini(&port->guard);
    zmq_context_give();
    while (port->line_count > 0)
        line_remove(port, port->lines[0]);
    void (*closed)(void *) = port->closed;
    void *closed_self = port->closed_self;
    free(port->lines);
    free(port->url);
    free(port);
    if (closed != NULL)
        closed(closed_self);
}

static void handle_closed(uv_handle_t *handle)
{
    port_handle_closed(handle->data);
}

/* --- sending --- */

enum sent { SENT_TAKEN, SENT_FULL, SENT_NOWHERE };

/* Takes the message where it answers SENT_TAKEN. */
static enum sent line_put(struct port *port, const struct line *line, zmq_msg_t *message)
{
    int sent = 0;
    port_awake(port);
    do {
        if (line->routing_size > 0)
            sent = zmq_send(port->plug->socket, line->routing, line->routing_size, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        do
            sent = zmq_msg_send(message, port->plug->socket, ZMQ_DONTWAIT);
        while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return SENT_TAKEN;
    return errno == EAGAIN ? SENT_FULL : SENT_NOWHERE;
}

static enum status zmq_driver_send(struct port *port, uint64_t number, struct span frame)
{
    struct line *line = line_find(port, number);
    if (line == NULL)
        return STATUS_CLOSED;
    if (line->gone)
        return STATUS_AGAIN; /* lost with its line: `down` follows */
    zmq_msg_t message;
    if (line->blocked || zmq_msg_init_size(&message, frame.size) != 0)
        return STATUS_NO_MEMORY;
    if (frame.size > 0)
        memcpy(zmq_msg_data(&message), frame.data, frame.size);
    switch (line_put(port, line, &message)) {
    case SENT_TAKEN:
        return STATUS_OK;
    case SENT_FULL:
        (void)zmq_msg_init(&line->waiting);
        (void)zmq_msg_move(&line->waiting, &message);
        line->blocked = true;
        break;
    case SENT_NOWHERE:
        line->gone = true;
        break;
    }
    (void)zmq_msg_close(&message);
    return STATUS_AGAIN;
}

/* A full pipe that drains wakes the loop, but ROUTER does not say whose it was: each is tried, once a turn. */
static void lines_retry(struct port *port)
{
    for (size_t i = port->line_count; i-- > 0 && !port->closing && port->plug != NULL;) {
        if (i >= port->line_count) /* an event dropped some */
            continue;
        struct line *line = port->lines[i];
        enum sent sent = line->blocked && !line->gone ? line_put(port, line, &line->waiting) : SENT_FULL;
        if (sent == SENT_TAKEN) {
            line->blocked = false;
            port->events.writable(port->events.self, line->number);
        } else if (sent == SENT_NOWHERE || line->gone) {
            uint64_t number = line->number;
            line_remove(port, line);
            port->events.down(port->events.self, number, "the peer is gone");
        }
    }
}

/* --- receiving --- */

/* Reads the parts that are left of a message; answers how many. */
static int parts_skip(void *socket)
{
    int count = 0;
    int more = 1;
    size_t size = sizeof more;
    while (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) == 0 && more != 0) {
        zmq_msg_t part;
        (void)zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0)
            more = 0;
        (void)zmq_msg_close(&part);
        count++;
    }
    return count;
}

/* A listener's new line. What the monitor tells of its connection is older than the message: it is heard first. */
static struct line *line_begin(struct port *port, zmq_msg_t *routing, zmq_msg_t *message)
{
    struct line *line = line_add(port, zmq_msg_data(routing), zmq_msg_size(routing));
    if (line == NULL)
        return NULL;
    bool first = false;
    listen_events(port);
    line->connection = guard_speaks(&port->guard, zmq_msg_get(message, ZMQ_SRCFD), &first);
    uint64_t number = line->number;
    const char *user = port->options.keys != NULL ? zmq_msg_gets(message, "User-Id") : NULL;
    if (first && user != NULL)
        zap_heard(port->seat, user);
    port->events.up(port->events.self, number, user != NULL ? user : "");
    return port->closing ? NULL : line_find(port, number); /* it may have been dropped at once */
}

/* The line a message came on. NULL: it is thrown away. */
static struct line *line_of_message(struct port *port, zmq_msg_t *routing, zmq_msg_t *message)
{
    if (port->end == BUS_DIAL)
        return port->line_count > 0 ? port->lines[0] : NULL;
    struct line *line = line_find_routing(port, zmq_msg_data(routing), zmq_msg_size(routing));
    if (line != NULL)
        return line->gone ? NULL : line;
    return line_begin(port, routing, message);
}

bool port_receive(struct port *port, void *socket)
{
    zmq_msg_t routing;
    zmq_msg_t message;
    (void)zmq_msg_init(&routing);
    (void)zmq_msg_init(&message);
    bool received = port->end == BUS_DIAL || zmq_msg_recv(&routing, socket, ZMQ_DONTWAIT) >= 0;
    bool whole = received && (port->end == BUS_DIAL || zmq_msg_more(&routing));
    if (whole)
        received = zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) >= 0;
    if (received) {
        int extra = parts_skip(socket);
        struct line *line = line_of_message(port, &routing, &message);
        if (line != NULL && whole && extra == 0)
            port->events.frame(port->events.self, line->number,
                               (struct span){zmq_msg_data(&message), zmq_msg_size(&message)});
        else if (line != NULL)
            port->events.garbled(port->events.self, line->number);
    }
    (void)zmq_msg_close(&routing);
    (void)zmq_msg_close(&message);
    return received;
}

static bool has_input(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct port *port = prepare->data;
    lines_retry(port);
    if (port->closing)
        return;
    struct plug *plug = port->plug;
    bool gone = false;
    for (size_t i = 0; i < port->line_count; i++)
        gone = gone || port->lines[i]->gone;
    bool input =
        plug != NULL && has_input(plug->socket); /* asked even while held: it also lets what is queued move on */
    bool monitored = plug != NULL && has_input(plug->monitor);
    if (gone || monitored || (input && !port->held))
        port_awake(port);
    else
        (void)uv_idle_stop(&port->idle);
}

static void on_check(uv_check_t *check)
{
    struct port *port = check->data;
    struct plug *plug = port->plug;
    port->empty = false;
    for (int i = 0; i < DRAIN_BUDGET && plug != NULL && plug == port->plug && !port->held && !port->closing; i++)
        if (!port_receive(port, plug->socket)) {
            port->empty = true;
            break;
        }
    if (port->closing)
        return;
    if (port->end == BUS_DIAL)
        dial_events(port);
    else
        listen_events(port);
}

static void zmq_driver_hold(struct port *port, enum port_flow flow)
{
    port->held = flow == PORT_HELD;
    port_awake(port);
}

static void zmq_driver_drop(struct port *port, uint64_t number)
{
    struct line *line = line_find(port, number);
    if (line == NULL)
        return;
    uint64_t connection = line->connection;
    line_remove(port, line);
    if (port->end == BUS_DIAL)
        dial_again(port);
    else
        guard_cut(&port->guard, connection, uv_now(port->loop) + LAST_WORD_MS);
}

/* A listener begins anew, with another socket: its peers dial again. */
static void zmq_driver_rekey(struct port *port)
{
    if (port->end == BUS_DIAL || port->plug == NULL)
        return;
    port->plug->rebinds = true;
    plug_close(port->plug);
    guard_fini(&port->guard);
    while (port->line_count > 0 && !port->closing) {
        uint64_t number = port->lines[0]->number;
        line_remove(port, port->lines[0]);
        port->events.down(port->events.self, number, "this side takes another key");
    }
}

/* --- opening and closing --- */

static void zmq_driver_close(struct port *port, void (*closed)(void *self), void *self)
{
    port->closing = true;
    port->closed = closed;
    port->closed_self = self;
    if (port->plug != NULL)
        plug_close(port->plug);
    uv_close((uv_handle_t *)&port->prepare, handle_closed);
    uv_close((uv_handle_t *)&port->check, handle_closed);
    uv_close((uv_handle_t *)&port->idle, handle_closed);
    uv_close((uv_handle_t *)&port->timer, handle_closed);
}

static enum status zmq_driver_open(uv_loop_t *loop, const struct port_options *options,
                                   const struct port_events *events, struct port **ret_port, char ret_reason[256])
{
    struct port *port = calloc(1, sizeof *port);
    char *url = strdup(options->url);
    if (port == NULL || url == NULL || (port->context = zmq_context_take()) == NULL) {
        (void)snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        free(port);
        free(url);
        return STATUS_NO_MEMORY;
    }
    port->loop = loop;
    port->url = url;
    port->end = options->end;
    port->events = *events;
    port->options = *options;
    port->options.url = port->url;
    port->options.name = NULL;
    port->backoff.seed = backoff_seed(options->name);
    port->guard = (struct guard){
        .connections_max = options->connections_max > 0 ? options->connections_max : CONNECTIONS_MAX,
        .silent_max = options->silent_max > 0 ? options->silent_max : SILENT_MAX,
        .silent_ms = options->silent_ms > 0 ? options->silent_ms : SILENT_MS,
    };
    port->handles = 4;
    (void)uv_prepare_init(loop, &port->prepare); /* none of them can fail */
    (void)uv_check_init(loop, &port->check);
    (void)uv_idle_init(loop, &port->idle);
    (void)uv_timer_init(loop, &port->timer);
    port->prepare.data = port->check.data = port->idle.data = port->timer.data = port;
    if (port->end == BUS_DIAL) {
        dial_begin(port);
    } else {
        enum status status = listen_start(port, ret_reason);
        if (status != STATUS_OK) {
            zmq_driver_close(port, NULL, NULL);
            return status;
        }
    }
    (void)uv_prepare_start(&port->prepare, on_prepare);
    (void)uv_check_start(&port->check, on_check);
    *ret_port = port;
    return STATUS_OK;
}

static const char *const schemes[] = {"tcp://", "ipc://", NULL};

const struct bus_driver bus_zmq = {
    .name = "zmq",
    .schemes = schemes,
    .check = zmq_url_check,
    .open = zmq_driver_open,
    .send = zmq_driver_send,
    .hold = zmq_driver_hold,
    .drop = zmq_driver_drop,
    .rekey = zmq_driver_rekey,
    .close = zmq_driver_close,
};
