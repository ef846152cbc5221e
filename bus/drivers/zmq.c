/* The driver over ZeroMQ: DEALER dials, ROUTER listens.
 *
 *     port ── plug: one socket (a dialler's also its monitor) with a uv_poll on each
 *       ├── prepare   are there events, or lines that wait for room? then keep the loop from sleeping
 *       └── check     drain, within a budget
 *
 * ZMQ_FD is edge-triggered and its edge is eaten by any call on the socket, so uv_poll only wakes the loop: what is
 * pending is asked of ZMQ_EVENTS before each sleep. After a send the loop takes one more turn without sleeping, so that
 * this question comes after it. Back-pressure is not draining.
 *
 * A dialler makes its socket anew for each connection and ZeroMQ never reconnects one (RECONNECT_IVL −1): so nothing
 * that was queued for one session comes out into the next, a failed handshake is treated like any other, and the
 * back-off is ours. The outbox sends again what was lost with the socket.
 *
 * ROUTER does not tell that a peer has gone: a send that finds no route does (MANDATORY), and silence. */
#include "bus/driver.h"
#include "bus/drivers/zmq_context.h"
#include "bus/drivers/zmq_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#define DRAIN_BUDGET      512 /* messages a turn; unbounded draining starves timers */
#define HWM_FRAMES        32  /* frames, not bytes: a frame is a batch */
#define LINGER_MS         100 /* for the last word; −1 would hang the exit */
#define HANDSHAKE_MS      3000
#define CONNECT_MS        5000
#define UNBIND_MS         1000 /* at most; a millisecond as a rule */
#define HEARTBEAT_IVL_MS  5000
#define HEARTBEAT_WAIT_MS 15000
#define HEARTBEAT_TTL_MS  30000
#define ROUTING_BYTES_MAX 255u

struct line {
    uint64_t number;
    unsigned char routing[ROUTING_BYTES_MAX]; /* a listener's; empty for a dialler */
    size_t routing_size;
    zmq_msg_t waiting; /* the frame that found the pipe full */
    bool blocked;
    bool gone; /* no route: `down` is due */
};

struct plug {
    struct port *port;
    enum bus_end end;
    void *socket;
    void *monitor; /* tells a dialler of its connection, and a listener that it listens no more */
    uv_poll_t poll;
    uv_poll_t monitor_poll;
    int handles;
};

struct port {
    uv_loop_t *loop;
    void *context;
    char *url;
    enum bus_end end;
    struct port_events events;
    size_t frame_bytes_max;
    struct plug *plug; /* NULL: a dialler between two attempts */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_timer_t redial; /* the next attempt, or the end of the present one's patience */
    struct backoff backoff;
    struct line **lines;
    size_t line_count;
    size_t line_room;
    struct line *recent;
    uint64_t last_number;
    bool held;
    bool closing;
    int handles; /* of libuv, the plugs' too */
    void (*closed)(void *self);
    void *closed_self;
};

/* --- lines --- */

static struct line *line_find(struct port *port, uint64_t number)
{
    if (port->recent != NULL && port->recent->number == number)
        return port->recent;
    for (size_t i = 0; i < port->line_count; i++)
        if (port->lines[i]->number == number) {
            port->recent = port->lines[i];
            return port->recent;
        }
    return NULL;
}

static bool line_is(const struct line *line, const void *routing, size_t size)
{
    return line->routing_size == size && (size == 0 || memcmp(line->routing, routing, size) == 0);
}

static struct line *line_find_routing(struct port *port, const void *routing, size_t size)
{
    if (port->recent != NULL && line_is(port->recent, routing, size))
        return port->recent;
    for (size_t i = 0; i < port->line_count; i++)
        if (line_is(port->lines[i], routing, size)) {
            port->recent = port->lines[i];
            return port->recent;
        }
    return NULL;
}

static struct line *line_add(struct port *port, const void *routing, size_t size)
{
    if (port->line_count == port->line_room) {
        size_t room = port->line_room == 0 ? 4 : port->line_room * 2;
        struct line **lines = realloc(port->lines, room * sizeof(struct line *));
        if (lines == NULL)
            return NULL;
        port->lines = lines;
        port->line_room = room;
    }
    struct line *line = calloc(1, sizeof *line);
    if (line == NULL || size > ROUTING_BYTES_MAX) {
        free(line);
        return NULL;
    }
    line->number = ++port->last_number;
    line->routing_size = size;
    if (size > 0)
        memcpy(line->routing, routing, size);
    port->lines[port->line_count++] = line;
    return line;
}

static void line_remove(struct port *port, struct line *line)
{
    for (size_t i = 0; i < port->line_count; i++)
        if (port->lines[i] == line) {
            port->lines[i] = port->lines[--port->line_count];
            break;
        }
    port->recent = NULL;
    if (line->blocked)
        (void)zmq_msg_close(&line->waiting);
    free(line);
}

/* --- plugs --- */

static void awake(uv_idle_t *idle)
{
    (void)idle;
}

static void port_awake(struct port *port)
{
    if (!port->closing)
        (void)uv_idle_start(&port->idle, awake);
}

static void port_handle_closed(struct port *port)
{
    if (--port->handles > 0)
        return;
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

/* ZeroMQ closes in a thread of its own: waits until the address is free, so that whoever hears of the end can listen
 * there again. */
static void plug_unbind(struct plug *plug)
{
    unsigned char event[6];
    char address[256];
    size_t size = sizeof address;
    int patience_ms = UNBIND_MS;
    if (zmq_getsockopt(plug->socket, ZMQ_LAST_ENDPOINT, address, &size) != 0 || size <= 1 ||
        zmq_setsockopt(plug->monitor, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms) != 0 ||
        zmq_unbind(plug->socket, address) != 0)
        return;
    (void)zmq_recv(plug->monitor, event, sizeof event, 0);
}

static void plug_free(struct plug *plug)
{
    if (plug->monitor != NULL) {
        if (plug->end == BUS_LISTEN)
            plug_unbind(plug);
        (void)zmq_socket_monitor(plug->socket, NULL, 0);
        (void)zmq_close(plug->monitor);
    }
    if (plug->socket != NULL)
        (void)zmq_close(plug->socket);
    free(plug);
}

/* The socket is closed after libuv has let go of its descriptor. */
static void plug_handle_closed(uv_handle_t *handle)
{
    struct plug *plug = handle->data;
    struct port *port = plug->port;
    if (--plug->handles == 0)
        plug_free(plug);
    port_handle_closed(port);
}

static void plug_close(struct plug *plug)
{
    plug->port->plug = NULL;
    uv_close((uv_handle_t *)&plug->poll, plug_handle_closed);
    if (plug->handles > 1)
        uv_close((uv_handle_t *)&plug->monitor_poll, plug_handle_closed);
}

static int set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

/* Everything about a socket is set before it binds or connects: some of it (HWM) must not change later. Keys, once
 * there are any, are set here too, and a listener's are answered for before it binds. */
static bool socket_set(void *socket, const struct port *port)
{
    const struct {
        int option;
        int value;
    } rows[] = {
        {ZMQ_LINGER, LINGER_MS},
        {ZMQ_SNDHWM, HWM_FRAMES},
        {ZMQ_RCVHWM, HWM_FRAMES},
        {ZMQ_RECONNECT_IVL, -1},
        {ZMQ_RECONNECT_IVL_MAX, 0},
        {ZMQ_CONNECT_TIMEOUT, CONNECT_MS},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_HEARTBEAT_IVL, HEARTBEAT_IVL_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_WAIT_MS},
        {ZMQ_HEARTBEAT_TTL, HEARTBEAT_TTL_MS},
        {ZMQ_IPV6, 1},
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        failed |= set_int(socket, rows[i].option, rows[i].value);
    int64_t frame_bytes_max = (int64_t)port->frame_bytes_max;
    failed |= zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof frame_bytes_max);
    if (port->end == BUS_LISTEN)
        failed |= set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
    return failed == 0;
}

static bool monitor_attach(struct plug *plug)
{
    char url[64];
    (void)snprintf(url, sizeof url, "inproc://vedette-monitor-%llu", (unsigned long long)zmq_context_number());
    int wanted = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED |
                 ZMQ_EVENT_CLOSED;
    if (plug->end == BUS_LISTEN)
        wanted = ZMQ_EVENT_CLOSED;
    if (zmq_socket_monitor(plug->socket, url, wanted) != 0)
        return false;
    plug->monitor = zmq_socket(plug->port->context, ZMQ_PAIR);
    return plug->monitor != NULL && set_int(plug->monitor, ZMQ_LINGER, 0) == 0 && zmq_connect(plug->monitor, url) == 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll; /* it only wakes the loop */
    (void)status;
    (void)events;
}

static bool poll_start(struct port *port, struct plug *plug, uv_poll_t *poll, void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) != 0 || uv_poll_init(port->loop, poll, fd) != 0)
        return false;
    poll->data = plug;
    plug->handles++;
    port->handles++;
    return uv_poll_start(poll, UV_READABLE, on_poll) == 0;
}

static struct plug *plug_new(struct port *port)
{
    struct plug *plug = calloc(1, sizeof *plug);
    if (plug == NULL)
        return NULL;
    plug->port = port;
    plug->end = port->end;
    plug->socket = zmq_socket(port->context, port->end == BUS_LISTEN ? ZMQ_ROUTER : ZMQ_DEALER);
    if (plug->socket == NULL || !socket_set(plug->socket, port) || !monitor_attach(plug)) {
        plug_free(plug);
        return NULL;
    }
    return plug;
}

/* Once it polls it is the port's, and is closed by plug_close only. */
static bool plug_start(struct port *port, struct plug *plug)
{
    if (!poll_start(port, plug, &plug->poll, plug->socket)) {
        if (plug->handles > 0)
            uv_close((uv_handle_t *)&plug->poll, plug_handle_closed);
        else
            plug_free(plug);
        return false;
    }
    port->plug = plug;
    if (port->end == BUS_DIAL && !poll_start(port, plug, &plug->monitor_poll, plug->monitor))
        return false;
    port_awake(port);
    return true;
}

/* --- dialling --- */

static void on_redial(uv_timer_t *timer);

static void redial_later(struct port *port)
{
    uint64_t delay_ms = backoff_next(&port->backoff, uv_now(port->loop));
    (void)uv_timer_start(&port->redial, on_redial, delay_ms, 0);
}

/* The connection is over, or never came to be. */
static void dial_over(struct port *port, const char *reason)
{
    plug_close(port->plug);
    redial_later(port);
    if (port->line_count == 0)
        return;
    uint64_t number = port->lines[0]->number;
    line_remove(port, port->lines[0]);
    port->events.down(port->events.self, number, reason);
}

static void on_redial(uv_timer_t *timer)
{
    struct port *port = timer->data;
    if (port->plug != NULL) { /* neither connected nor refused */
        dial_over(port, "no answer");
        return;
    }
    struct plug *plug = plug_new(port);
    if (plug == NULL || !plug_start(port, plug)) {
        if (port->plug != NULL)
            plug_close(port->plug);
        redial_later(port);
        return;
    }
    if (zmq_connect(plug->socket, port->url) != 0)
        dial_over(port, zmq_strerror(errno));
    else
        (void)uv_timer_start(&port->redial, on_redial, CONNECT_MS + HANDSHAKE_MS, 0);
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

/* The line a message came on. NULL: it is thrown away. */
static struct line *line_of_message(struct port *port, zmq_msg_t *routing)
{
    struct line *line = NULL;
    if (port->end == BUS_DIAL)
        return port->line_count > 0 ? port->lines[0] : NULL;
    line = line_find_routing(port, zmq_msg_data(routing), zmq_msg_size(routing));
    if (line != NULL)
        return line->gone ? NULL : line;
    line = line_add(port, zmq_msg_data(routing), zmq_msg_size(routing));
    if (line == NULL)
        return NULL;
    uint64_t number = line->number;
    port->events.up(port->events.self, number);
    return port->closing ? NULL : line_find(port, number); /* it may have been dropped at once */
}

static bool message_receive(struct port *port, void *socket)
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
        struct line *line = line_of_message(port, &routing);
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

/* --- what the monitor tells a dialler --- */

/* Hands over what came before the connection was lost: it may have come after the last look. It ends: nothing more
 * comes. */
static void rest_drain(struct port *port, const struct plug *plug)
{
    while (plug == port->plug && !port->held && !port->closing && message_receive(port, plug->socket))
        ;
}

static void monitor_heard(struct port *port, const struct plug *plug, unsigned event)
{
    if (event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        rest_drain(port, plug);
        if (plug == port->plug && !port->closing)
            dial_over(port, event == ZMQ_EVENT_DISCONNECTED ? "the connection was lost" : "the connection failed");
        return;
    }
    struct line *line = line_add(port, "", 0);
    if (line == NULL) {
        dial_over(port, status_text(STATUS_NO_MEMORY));
        return;
    }
    (void)uv_timer_stop(&port->redial);
    port->backoff.up_ms = uv_now(port->loop);
    port->events.up(port->events.self, line->number);
}

/* An event is two parts: u16 event and u32 value, then the address. */
static void monitor_drain(struct port *port)
{
    struct plug *plug = port->plug;
    while (plug != NULL && plug == port->plug && !port->closing) {
        unsigned char head[6];
        char address[256];
        int size = zmq_recv(plug->monitor, head, sizeof head, ZMQ_DONTWAIT);
        if (size < 0)
            return;
        (void)zmq_recv(plug->monitor, address, sizeof address, ZMQ_DONTWAIT);
        uint16_t event;
        memcpy(&event, head, sizeof event);
        if (size == (int)sizeof head)
            monitor_heard(port, plug, event);
    }
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
    bool monitored = plug != NULL && port->end == BUS_DIAL && has_input(plug->monitor);
    if (gone || monitored || (input && !port->held))
        port_awake(port);
    else
        (void)uv_idle_stop(&port->idle);
}

static void on_check(uv_check_t *check)
{
    struct port *port = check->data;
    struct plug *plug = port->plug;
    for (int i = 0; i < DRAIN_BUDGET && plug != NULL && plug == port->plug && !port->held && !port->closing; i++)
        if (!message_receive(port, plug->socket))
            break;
    if (port->end == BUS_DIAL && !port->closing)
        monitor_drain(port);
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
    line_remove(port, line);
    if (port->end == BUS_LISTEN || port->plug == NULL)
        return;
    plug_close(port->plug);
    redial_later(port);
}

/* --- opening and closing --- */

static enum status bind_failed(const char *url, char ret_reason[256])
{
    int error = errno;
    (void)snprintf(ret_reason, 256, "%.150s: %s", url,
                   error == EADDRINUSE ? "in use by another program" : zmq_strerror(error));
    if (error == EADDRINUSE)
        return STATUS_BUSY;
    return error == ENODEV || error == EADDRNOTAVAIL ? STATUS_INVALID : status_from_errno(error);
}

static enum status listen_start(struct port *port, char ret_reason[256])
{
    enum status status = zmq_url_is_free(port->url, ret_reason);
    if (status != STATUS_OK)
        return status;
    struct plug *plug = plug_new(port);
    if (plug == NULL) {
        (void)snprintf(ret_reason, 256, "no socket: %s", zmq_strerror(errno));
        return STATUS_IO;
    }
    if (zmq_bind(plug->socket, port->url) != 0) {
        status = bind_failed(port->url, ret_reason);
        plug_free(plug);
        return status;
    }
    if (plug_start(port, plug))
        return STATUS_OK;
    (void)snprintf(ret_reason, 256, "%.150s: the loop cannot watch it", port->url);
    return STATUS_IO;
}

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
    uv_close((uv_handle_t *)&port->redial, handle_closed);
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
    port->frame_bytes_max = options->frame_bytes_max;
    port->handles = 4;
    (void)uv_prepare_init(loop, &port->prepare); /* none of them can fail */
    (void)uv_check_init(loop, &port->check);
    (void)uv_idle_init(loop, &port->idle);
    (void)uv_timer_init(loop, &port->redial);
    port->prepare.data = port->check.data = port->idle.data = port->redial.data = port;
    if (port->end == BUS_DIAL) {
        (void)uv_timer_start(&port->redial, on_redial, 0, 0);
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
    .close = zmq_driver_close,
};
