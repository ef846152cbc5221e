#include "bus/drivers/zmq_curve.h"
#include "bus/drivers/zmq_inside.h"
#include "bus/drivers/zmq_url.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#define SWEEP_MS          250
#define GONE_MS           3500 /* from being cut off, at the next sweep, to being gone: a handshake's time at most */
#define REFUSALS_PER_S    32u
#define NEWCOMERS_MAX     32u
#define PATIENCE_MS       5000 /* with the proof that strangers stay out, at the start */
#define PATIENCE_AGAIN_MS 1000 /* later the loop waits for it, and it is tried again */
#define AGAIN_MS          1000 /* between attempts to listen anew */

static uint32_t newcomers_max(const struct port *port)
{
    return port->options.newcomers_max > 0 ? port->options.newcomers_max : NEWCOMERS_MAX;
}

static void count(uint64_t *counter, size_t more)
{
    if (counter != NULL)
        *counter += more;
}

/* Connections that were let in and not heard are forgotten once all that came was read, and they are gone: because
 * nobody is there who was not heard, or because they would have been cut off by now. */
static void newcomers_sweep(struct port *port)
{
    uint64_t now_ms = uv_now(port->loop);
    char user[KEY_TEXT_BYTES], reason[256];
    bool gone = port->guard.silent == 0 || now_ms - port->all_heard_ms >= port->guard.silent_ms + GONE_MS;
    if (port->empty && gone) {
        zap_all_heard(port->seat);
        port->all_heard_ms = now_ms;
    }
    uint64_t crowded = zap_crowded(port->seat, user);
    if (crowded == 0)
        return;
    count(port->options.counts.crowded, (size_t)crowded);
    (void)snprintf(reason, sizeof reason,
                   "the key %s has %u connections that were not heard yet: no more of it are let in", user,
                   newcomers_max(port));
    port->events.refused(port->events.self, reason);
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
    if (port->seat != NULL)
        newcomers_sweep(port);
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
static enum status plug_bind(struct port *port, struct plug *plug, int patience_ms, char ret_reason[256])
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
    return curve_strangers_stay_out(port->context, endpoint, &keyring_own(port->options.keys)->public, patience_ms,
                                    ret_reason);
}

enum status listen_start(struct port *port, char ret_reason[256])
{
    struct keyring *keys = port->options.keys;
    int patience_ms = port->seat == NULL ? PATIENCE_MS : PATIENCE_AGAIN_MS;
    uint32_t refusals_per_s = port->options.refusals_per_s;
    const struct zap_options zap_options = {.keyring = keys,
                                            .role = port->options.role,
                                            .refusals_per_s = refusals_per_s > 0 ? refusals_per_s : REFUSALS_PER_S,
                                            .newcomers_max = newcomers_max(port)};
    enum status status = zmq_url_is_free(port->url, ret_reason);
    if (status == STATUS_OK && keys != NULL && port->seat == NULL)
        status = zap_open(port->context, &zap_options, &port->seat, ret_reason);
    if (status != STATUS_OK)
        return status;
    struct plug *plug = plug_new(port);
    if (plug == NULL) {
        (void)snprintf(ret_reason, 256, "no socket: %s", zmq_strerror(errno));
        return STATUS_IO;
    }
    status = plug_bind(port, plug, patience_ms, ret_reason);
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

/* Cut off before it shakes hands, which the guard need not know. */
static bool is_braked(const struct port *port, int fd)
{
    struct address address;
    return port->seat != NULL && address_of_peer(fd, &address) && zap_brakes(port->seat, &address) &&
           shutdown(fd, SHUT_RDWR) == 0;
}

void listen_events(struct port *port)
{
    struct plug_event event;
    const struct port_counts *counts = &port->options.counts;
    while (port->plug != NULL && plug_event_next(port->plug, &event)) {
        if (event.kind == ZMQ_EVENT_ACCEPTED) {
            count(counts->connections, 1);
            if (is_braked(port, event.value))
                count(counts->braked, 1);
            else
                count(counts->cut, guard_accepted(&port->guard, event.value, uv_now(port->loop)));
        } else if (event.kind == ZMQ_EVENT_DISCONNECTED) {
            count(counts->strangers, guard_gone(&port->guard, event.value));
        } else if (event.kind == ZMQ_EVENT_ACCEPT_FAILED) {
            count(counts->accept_failed, 1);
        }
    }
}
