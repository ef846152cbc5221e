/* A socket of the port's: everything about it is set before it binds or connects. */
#include "bus/drivers/zmq_context.h"
#include "bus/drivers/zmq_curve.h"
#include "bus/drivers/zmq_inside.h"

#include <stdio.h>

#define HWM_FRAMES        32 /* frames, not bytes: a frame is a batch */
#define HWM_KEYED         8  /* of who comes with a key from anywhere: what lies in memory while nobody reads */
#define CURVE_BYTES       64 /* what encryption adds to a frame, at most: 33 */
#define BACKLOG           1024
#define LINGER_MS         1000    /* for the last word; −1 would hang the exit */
#define NEVER_MS          3600000 /* a dialler closes what was lost at once, and is not stopped for an hour */
#define HANDSHAKE_MS      3000
#define CONNECT_MS        5000
#define UNBIND_MS         1000 /* at most; a millisecond as a rule */
#define HEARTBEAT_IVL_MS  5000
#define HEARTBEAT_WAIT_MS 15000
#define HEARTBEAT_TTL_MS  30000

bool plug_event_next(struct plug *plug, struct plug_event *ret_event)
{
    /* Two parts: u16 event and u32 value, then the address. */
    unsigned char head[6];
    char address[256];
    uint16_t kind;
    int32_t value;
    int size = zmq_recv(plug->monitor, head, sizeof head, ZMQ_DONTWAIT);
    if (size < 0)
        return false;
    (void)zmq_recv(plug->monitor, address, sizeof address, ZMQ_DONTWAIT);
    memcpy(&kind, head, sizeof kind);
    memcpy(&value, head + sizeof kind, sizeof value);
    *ret_event = (struct plug_event){size == (int)sizeof head ? kind : 0, value};
    return true;
}

/* ZeroMQ closes in a thread of its own: waits until the address is free, so that whoever hears of the end can listen
 * there again. */
static void plug_unbind(struct plug *plug)
{
    unsigned char head[6];
    char address[256];
    size_t size = sizeof address;
    uint64_t end = uv_hrtime() + UNBIND_MS * 1000000ull;
    uint16_t event = 0;
    const int patience_ms = UNBIND_MS;
    if (zmq_getsockopt(plug->socket, ZMQ_LAST_ENDPOINT, address, &size) != 0 || size <= 1 ||
        zmq_setsockopt(plug->monitor, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms) != 0 ||
        zmq_unbind(plug->socket, address) != 0)
        return;
    while (event != ZMQ_EVENT_CLOSED && uv_hrtime() < end) {
        if (zmq_recv(plug->monitor, head, sizeof head, 0) != (int)sizeof head)
            return;
        memcpy(&event, head, sizeof event);
        (void)zmq_recv(plug->monitor, address, sizeof address, 0);
    }
}

void plug_free(struct plug *plug)
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
    if (--plug->handles == 0) {
        bool rebinds = plug->rebinds && !port->closing;
        plug_free(plug);
        if (rebinds)
            listen_again(port);
    }
    port_handle_closed(port);
}

void plug_close(struct plug *plug)
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

/* Some of it (HWM) must not change later. */
static bool socket_set(void *socket, const struct port *port)
{
    const struct {
        int option;
        int value;
    } rows[] = {
        {ZMQ_LINGER, LINGER_MS},
        {ZMQ_SNDHWM, HWM_FRAMES},
        {ZMQ_RCVHWM, port->end == BUS_LISTEN && port->options.keys != NULL ? HWM_KEYED : HWM_FRAMES},
        /* −1 would say the same, but for ipc and some addresses of tcp it ends the pipe with the connection: what came
           last and was not read yet would be gone. */
        {ZMQ_RECONNECT_IVL, NEVER_MS},
        {ZMQ_RECONNECT_IVL_MAX, 0},
        {ZMQ_CONNECT_TIMEOUT, CONNECT_MS},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_HEARTBEAT_IVL, HEARTBEAT_IVL_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_WAIT_MS},
        {ZMQ_HEARTBEAT_TTL, HEARTBEAT_TTL_MS},
        {ZMQ_IPV6, 1},
        {ZMQ_BACKLOG, BACKLOG}, /* who is honest waits behind those who are not */
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        failed |= set_int(socket, rows[i].option, rows[i].value);
    int64_t frame_bytes_max = (int64_t)port->options.frame_bytes_max + (port->options.keys != NULL ? CURVE_BYTES : 0);
    failed |= zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof frame_bytes_max);
    if (port->end == BUS_LISTEN)
        failed |= set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
    return failed == 0;
}

static bool keys_set(void *socket, const struct port *port)
{
    const struct keyring *keys = port->options.keys;
    if (keys == NULL)
        return true;
    if (port->end == BUS_LISTEN)
        return curve_listen(socket, keyring_own(keys), port->seat);
    return curve_dial(socket, keyring_own(keys), keyring_server(keys, port->server_number));
}

static bool monitor_attach(struct plug *plug)
{
    char url[64];
    (void)snprintf(url, sizeof url, "inproc://vedette-monitor-%llu", (unsigned long long)zmq_context_number());
    int wanted = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED |
                 ZMQ_EVENT_CLOSED;
    if (plug->end == BUS_LISTEN)
        wanted = ZMQ_EVENT_CLOSED | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED;
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

struct plug *plug_new(struct port *port)
{
    struct plug *plug = calloc(1, sizeof *plug);
    if (plug == NULL)
        return NULL;
    plug->port = port;
    plug->end = port->end;
    plug->socket = zmq_socket(port->context, port->end == BUS_LISTEN ? ZMQ_ROUTER : ZMQ_DEALER);
    if (plug->socket == NULL || !socket_set(plug->socket, port) || !keys_set(plug->socket, port) ||
        !monitor_attach(plug)) {
        plug_free(plug);
        return NULL;
    }
    return plug;
}

bool plug_start(struct port *port, struct plug *plug)
{
    if (!poll_start(port, plug, &plug->poll, plug->socket)) {
        if (plug->handles > 0)
            uv_close((uv_handle_t *)&plug->poll, plug_handle_closed);
        else
            plug_free(plug);
        return false;
    }
    port->plug = plug;
    if (!poll_start(port, plug, &plug->monitor_poll, plug->monitor))
        return false;
    port_awake(port);
    return true;
}
