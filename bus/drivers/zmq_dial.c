/* A dialler makes its socket anew for each connection and ZeroMQ never reconnects one (RECONNECT_IVL): so nothing
 * that was queued for one session comes out into the next, a failed handshake is treated like any other, and the
 * back-off is ours. The outbox sends again what was lost with the socket. Where several keys of the listener are known
 * each attempt that comes to a handshake and fails is followed by the next key. */
#include "bus/drivers/zmq_inside.h"

#include <errno.h>
#include <stdio.h>

#define ATTEMPT_MS       8000 /* to connect and shake hands */
#define PATIENT_ATTEMPTS 3    /* without keys: whoever is about to stop may look so */

static void on_redial(uv_timer_t *timer);

static void redial_later(struct port *port)
{
    uint64_t delay_ms = backoff_next(&port->backoff, uv_now(port->loop));
    (void)uv_timer_start(&port->timer, on_redial, delay_ms, 0);
}

/* The connection is over, or never came to be. */
static void dial_over(struct port *port, const char *reason)
{
    const int none = 0;
    (void)zmq_setsockopt(port->plug->socket, ZMQ_LINGER, &none, sizeof none); /* nobody hears a last word */
    plug_close(port->plug);
    redial_later(port);
    if (port->line_count == 0)
        return;
    uint64_t number = port->lines[0]->number;
    line_remove(port, port->lines[0]);
    port->events.down(port->events.self, number, reason);
}

/* Somebody is there and does not shake hands. That is told once every key was tried, and once more: who is about to
 * stop may do the same. */
static void handshake_failed(struct port *port)
{
    char public[KEY_TEXT_BYTES],
        reason[256] = "the handshake failed: the other side wants keys, and none are given here";
    const struct keyring *keys = port->options.keys;
    size_t attempts = PATIENT_ATTEMPTS;
    port->server_number++;
    port->failures++;
    if (keys != NULL) {
        attempts = keyring_server_count(keys) + 1;
        key_print(&keyring_own(keys)->public, public);
        (void)snprintf(reason, sizeof reason,
                       "the handshake failed: the other side does not know this key (public key %s: vedette keys allow "
                       "lets it in), or "
                       "its own is not the one given here",
                       public);
    }
    dial_over(port, "the handshake failed");
    if (port->failures >= attempts && !port->closing)
        port->events.refused(port->events.self, reason);
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
        (void)uv_timer_start(&port->timer, on_redial, ATTEMPT_MS, 0);
}

void dial_begin(struct port *port)
{
    (void)uv_timer_start(&port->timer, on_redial, 0, 0);
}

void dial_again(struct port *port)
{
    if (port->plug == NULL)
        return;
    plug_close(port->plug);
    redial_later(port);
}

/* --- what the monitor tells --- */

/* Hands over what came before the connection was lost: it may have come after the last look. It ends: nothing more
 * comes. */
static void rest_drain(struct port *port, const struct plug *plug)
{
    while (plug == port->plug && !port->held && !port->closing && port_receive(port, plug->socket))
        ;
}

static void connected(struct port *port)
{
    struct line *line = line_add(port, "", 0);
    if (line == NULL) {
        dial_over(port, status_text(STATUS_NO_MEMORY));
        return;
    }
    (void)uv_timer_stop(&port->timer);
    port->failures = 0;
    port->backoff.up_ms = uv_now(port->loop);
    port->events.up(port->events.self, line->number, "");
}

static void event_take(struct port *port, const struct plug *plug, unsigned kind)
{
    if (kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        connected(port);
        return;
    }
    if (port->line_count == 0 && kind != ZMQ_EVENT_CLOSED) {
        handshake_failed(port);
        return;
    }
    rest_drain(port, plug);
    if (plug == port->plug && !port->closing)
        dial_over(port, kind == ZMQ_EVENT_DISCONNECTED ? "the connection was lost" : "the connection failed");
}

void dial_events(struct port *port)
{
    struct plug *plug = port->plug;
    struct plug_event event;
    while (plug != NULL && plug == port->plug && !port->closing && plug_event_next(plug, &event))
        event_take(port, plug, event.kind);
}
