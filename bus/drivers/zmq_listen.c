#include "bus/drivers/zmq_curve.h"
#include "bus/drivers/zmq_inside.h"
#include "bus/drivers/zmq_url.h"

#include <errno.h>
#include <stdio.h>

#define SWEEP_MS 250
#define AGAIN_MS 1000 /* between attempts to listen anew */

static void count(uint64_t *counter, size_t more)
{
    if (counter != NULL)
        *counter += more;
}

static void on_sweep(uv_timer_t *timer)
{
    struct port *port = timer->data;
    if (port->plug == NULL) {
        listen_again(port);
        return;
    }
    listen_events(port);
    count(port->options.counts.cut, guard_sweep(&port->guard, uv_now(port->loop)));
}

static enum status bind_failed(const char *url, char ret_reason[256])
{
    int error = errno;
    (void)snprintf(ret_reason, 256, "%.150s: %s", url,
                   error == EADDRINUSE ? "in use by another program" : zmq_strerror(error));
    if (error == EADDRINUSE)
        return STATUS_BUSY;
    return error == ENODEV || error == EADDRNOTAVAIL ? STATUS_INVALID : status_from_errno(error);
}

/* Bound, and with keys proven to keep strangers out. */
static enum status plug_bind(struct port *port, struct plug *plug, char ret_reason[256])
{
    char endpoint[256];
    size_t size = sizeof endpoint;
    if (zmq_bind(plug->socket, port->url) != 0)
        return bind_failed(port->url, ret_reason);
    if (port->options.keys == NULL)
        return STATUS_OK;
    if (zmq_getsockopt(plug->socket, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
        return bind_failed(port->url, ret_reason);
    port->guard.forgiven += CURVE_STRANGERS;
    return curve_strangers_stay_out(port->context, endpoint, &keyring_own(port->options.keys)->public, ret_reason);
}

enum status listen_start(struct port *port, char ret_reason[256])
{
    struct keyring *keys = port->options.keys;
    enum status status = zmq_url_is_free(port->url, ret_reason);
    if (status == STATUS_OK && keys != NULL && port->seat == NULL)
        status = zap_open(port->context, keys, port->options.role, &port->seat, ret_reason);
    if (status != STATUS_OK)
        return status;
    struct plug *plug = plug_new(port);
    if (plug == NULL) {
        (void)snprintf(ret_reason, 256, "no socket: %s", zmq_strerror(errno));
        return STATUS_IO;
    }
    status = plug_bind(port, plug, ret_reason);
    if (status != STATUS_OK) {
        plug_free(plug);
        return status;
    }
    if (!plug_start(port, plug)) {
        (void)snprintf(ret_reason, 256, "%.150s: the loop cannot watch it", port->url);
        return STATUS_IO;
    }
    (void)uv_timer_start(&port->timer, on_sweep, SWEEP_MS, SWEEP_MS);
    return STATUS_OK;
}

void listen_again(struct port *port)
{
    char reason[256] = "";
    if (port->plug != NULL || listen_start(port, reason) == STATUS_OK)
        return;
    (void)uv_timer_start(&port->timer, on_sweep, AGAIN_MS, AGAIN_MS);
    port->events.refused(port->events.self, reason);
}

void listen_events(struct port *port)
{
    struct plug_event event;
    const struct port_counts *counts = &port->options.counts;
    while (port->plug != NULL && plug_event_next(port->plug, &event)) {
        if (event.kind == ZMQ_EVENT_ACCEPTED) {
            count(counts->connections, 1);
            count(counts->cut, guard_accepted(&port->guard, event.value, uv_now(port->loop)));
        } else if (event.kind == ZMQ_EVENT_DISCONNECTED) {
            count(counts->strangers, guard_gone(&port->guard, event.value));
        } else if (event.kind == ZMQ_EVENT_ACCEPT_FAILED) {
            count(counts->accept_failed, 1);
        }
    }
}
