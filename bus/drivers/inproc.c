/* The driver within one process and loop: for replay and for tests.
 *
 *     port ── side ══ side ── port          a line is two sides, each with a ring of frames that wait to be handed over
 *
 * Frames are copied into the far side's ring and handed over from its port's idle callback, so never from within send.
 * A ring is bounded; its slots keep their memory, so a steady state allocates nothing. A name belongs to a loop. */
#include "bus/driver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SCHEME          "inproc://"
#define NAME_BYTES      128u
#define RING_FRAMES     32u
#define SLOT_BYTES_KEPT (256u * 1024u)
#define TURN_FRAMES     256u /* handed over by a port in one turn of the loop, so that timers run */

struct slot {
    char *data;
    size_t size;
    size_t room;
};

struct side {
    uint64_t line;
    struct port *port;
    struct side *far; /* NULL: gone */
    struct slot ring[RING_FRAMES];
    size_t head;
    size_t count;
    bool up_told;
    bool far_waits;    /* the far side was told that the ring is full */
    bool writable_due; /* the far ring has room again */
    bool dropped;      /* to be swept */
};

struct port {
    uv_loop_t *loop;
    char name[NAME_BYTES];
    enum bus_end end;
    struct port_events events;
    size_t frame_bytes_max;
    uv_idle_t idle;
    uv_timer_t redial;
    struct backoff backoff;
    struct side **sides;
    size_t side_count;
    size_t side_room;
    uint64_t last_line;
    bool held;
    bool closing;
    int handles;
    void (*closed)(void *self);
    void *closed_self;
    struct port *next_listener;
};

/* Loops may run in several threads; a port is only ever touched by its own. */
static pthread_mutex_t listeners_lock = PTHREAD_MUTEX_INITIALIZER;
static struct port *listeners;

static struct port *listener_find(const uv_loop_t *loop, const char *name)
{
    (void)pthread_mutex_lock(&listeners_lock);
    struct port *port = listeners;
    while (port != NULL && (port->loop != loop || strcmp(port->name, name) != 0))
        port = port->next_listener;
    (void)pthread_mutex_unlock(&listeners_lock);
    return port;
}

static void listener_add(struct port *port)
{
    (void)pthread_mutex_lock(&listeners_lock);
    port->next_listener = listeners;
    listeners = port;
    (void)pthread_mutex_unlock(&listeners_lock);
}

static void listener_remove(struct port *port)
{
    (void)pthread_mutex_lock(&listeners_lock);
    for (struct port **each = &listeners; *each != NULL; each = &(*each)->next_listener)
        if (*each == port) {
            *each = port->next_listener;
            break;
        }
    (void)pthread_mutex_unlock(&listeners_lock);
}

/* --- sides --- */

static void on_idle(uv_idle_t *idle);

static void port_wake(struct port *port)
{
    if (!port->closing)
        (void)uv_idle_start(&port->idle, on_idle);
}

static struct side *side_add(struct port *port)
{
    if (port->side_count == port->side_room) {
        size_t room = port->side_room == 0 ? 4 : port->side_room * 2;
        struct side **sides = realloc(port->sides, room * sizeof(struct side *));
        if (sides == NULL)
            return NULL;
        port->sides = sides;
        port->side_room = room;
    }
    struct side *side = calloc(1, sizeof *side);
    if (side == NULL)
        return NULL;
    side->port = port;
    side->line = ++port->last_line;
    port->sides[port->side_count++] = side;
    return side;
}

static void side_free(struct side *side)
{
    for (size_t i = 0; i < RING_FRAMES; i++)
        free(side->ring[i].data);
    free(side);
}

static void sides_sweep(struct port *port)
{
    size_t kept = 0;
    for (size_t i = 0; i < port->side_count; i++) {
        if (port->sides[i]->dropped)
            side_free(port->sides[i]);
        else
            port->sides[kept++] = port->sides[i];
    }
    port->side_count = kept;
}

static struct side *side_find(struct port *port, uint64_t line)
{
    for (size_t i = 0; i < port->side_count; i++)
        if (port->sides[i]->line == line && !port->sides[i]->dropped)
            return port->sides[i];
    return NULL;
}

/* The far side sees it once it has heard what waits in its ring. */
static void side_drop(struct side *side)
{
    if (side->far != NULL) {
        side->far->far = NULL;
        port_wake(side->far->port);
        side->far = NULL;
    }
    side->dropped = true;
}

/* --- dialling --- */

static void on_redial(uv_timer_t *timer);

static void redial_later(struct port *port)
{
    if (port->end == BUS_DIAL && !port->closing)
        (void)uv_timer_start(&port->redial, on_redial, backoff_next(&port->backoff, uv_now(port->loop)), 0);
}

static void on_redial(uv_timer_t *timer)
{
    struct port *port = timer->data;
    struct port *listener = listener_find(port->loop, port->name);
    struct side *here = listener != NULL ? side_add(port) : NULL;
    struct side *there = here != NULL ? side_add(listener) : NULL;
    if (there == NULL) {
        if (here != NULL) {
            here->dropped = true;
            port_wake(port);
        }
        redial_later(port);
        return;
    }
    here->far = there;
    there->far = here;
    port->backoff.up_ms = uv_now(port->loop);
    port_wake(port);
    port_wake(listener);
}

/* --- handing over --- */

static void slot_let_go(struct slot *slot)
{
    if (slot->room <= SLOT_BYTES_KEPT)
        return;
    free(slot->data);
    *slot = (struct slot){0};
}

static void side_pop(struct port *port, struct side *side)
{
    struct slot *slot = &side->ring[side->head];
    port->events.frame(port->events.self, side->line, (struct span){slot->data, slot->size});
    slot_let_go(slot);
    side->head = (side->head + 1) % RING_FRAMES;
    side->count--;
    if (side->far_waits && side->far != NULL) {
        side->far_waits = false;
        side->far->writable_due = true;
        port_wake(side->far->port);
    }
}

/* Everything due at one side; answers how many frames it handed over. */
static size_t side_serve(struct port *port, struct side *side, size_t budget)
{
    size_t count = 0;
    if (!side->up_told) {
        side->up_told = true;
        port->events.up(port->events.self, side->line, "");
    }
    if (side->writable_due && !side->dropped && !port->closing) {
        side->writable_due = false;
        port->events.writable(port->events.self, side->line);
    }
    for (; count < budget && side->count > 0 && !port->held && !side->dropped && !port->closing; count++)
        side_pop(port, side);
    if (side->far == NULL && side->count == 0 && !side->dropped && !port->closing) {
        side->dropped = true;
        redial_later(port);
        port->events.down(port->events.self, side->line, "the other side closed the line");
    }
    return count;
}

static bool side_is_due(const struct port *port, const struct side *side)
{
    return !side->up_told || side->writable_due || (side->count > 0 && !port->held) ||
           (side->far == NULL && side->count == 0);
}

static void on_idle(uv_idle_t *idle)
{
    struct port *port = idle->data;
    size_t budget = TURN_FRAMES;
    for (size_t i = 0; i < port->side_count && !port->closing; i++)
        if (!port->sides[i]->dropped)
            budget -= side_serve(port, port->sides[i], budget / (port->side_count - i) + (budget > 0));
    if (port->closing)
        return;
    sides_sweep(port);
    for (size_t i = 0; i < port->side_count; i++)
        if (side_is_due(port, port->sides[i]))
            return;
    (void)uv_idle_stop(&port->idle);
}

/* --- the driver's own --- */

static enum status inproc_check(const char *url, enum bus_reach reach, char ret_reason[256])
{
    (void)reach;
    size_t size = strlen(url + strlen(SCHEME));
    if (size > 0 && size < NAME_BYTES)
        return STATUS_OK;
    (void)snprintf(ret_reason, 256, "\"%.100s\": expected a name of 1 to %u bytes after " SCHEME, url, NAME_BYTES - 1);
    return STATUS_INVALID;
}

static enum status inproc_open(uv_loop_t *loop, const struct port_options *options, const struct port_events *events,
                               struct port **ret_port, char ret_reason[256])
{
    const char *name = options->url + strlen(SCHEME);
    if (options->end == BUS_LISTEN && listener_find(loop, name) != NULL) {
        (void)snprintf(ret_reason, 256, "%.150s is listened on already", options->url);
        return STATUS_BUSY;
    }
    struct port *port = calloc(1, sizeof *port);
    if (port == NULL) {
        (void)snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    port->loop = loop;
    port->end = options->end;
    port->events = *events;
    port->frame_bytes_max = options->frame_bytes_max;
    port->backoff.seed = backoff_seed(options->name);
    (void)snprintf(port->name, sizeof port->name, "%s", name);
    (void)uv_idle_init(loop, &port->idle);
    (void)uv_timer_init(loop, &port->redial);
    port->idle.data = port->redial.data = port;
    port->handles = 2;
    if (port->end == BUS_LISTEN)
        listener_add(port);
    else
        (void)uv_timer_start(&port->redial, on_redial, 0, 0);
    *ret_port = port;
    return STATUS_OK;
}

static enum status inproc_send(struct port *port, uint64_t line, struct span frame)
{
    struct side *side = side_find(port, line);
    if (side == NULL)
        return STATUS_CLOSED;
    struct side *far = side->far;
    if (far == NULL)
        return STATUS_AGAIN;                       /* lost with its line: `down` follows */
    if (frame.size > far->port->frame_bytes_max) { /* as a socket would: the peer cuts the line */
        side->far->far = NULL;
        side->far = NULL;
        port_wake(port);
        port_wake(far->port);
        return STATUS_AGAIN;
    }
    if (far->count == RING_FRAMES)
        return STATUS_NO_MEMORY; /* told STATUS_AGAIN, and did not wait */
    struct slot *slot = &far->ring[(far->head + far->count) % RING_FRAMES];
    if (frame.size > slot->room) {
        char *data = realloc(slot->data, frame.size);
        if (data == NULL)
            return STATUS_NO_MEMORY;
        slot->data = data;
        slot->room = frame.size;
    }
    if (frame.size > 0)
        memcpy(slot->data, frame.data, frame.size);
    slot->size = frame.size;
    far->count++;
    port_wake(far->port);
    far->far_waits = far->count == RING_FRAMES;
    return far->far_waits ? STATUS_AGAIN : STATUS_OK;
}

static void inproc_hold(struct port *port, enum port_flow flow)
{
    port->held = flow == PORT_HELD;
    port_wake(port);
}

static void inproc_drop(struct port *port, uint64_t line)
{
    struct side *side = side_find(port, line);
    if (side == NULL)
        return;
    side_drop(side);
    port_wake(port); /* to sweep it */
    redial_later(port);
}

static void handle_closed(uv_handle_t *handle)
{
    struct port *port = handle->data;
    if (--port->handles > 0)
        return;
    for (size_t i = 0; i < port->side_count; i++)
        side_free(port->sides[i]);
    free(port->sides);
    void (*closed)(void *) = port->closed;
    void *closed_self = port->closed_self;
    free(port);
    if (closed != NULL)
        closed(closed_self);
}

static void inproc_close(struct port *port, void (*closed)(void *self), void *self)
{
    port->closing = true;
    port->closed = closed;
    port->closed_self = self;
    if (port->end == BUS_LISTEN)
        listener_remove(port);
    for (size_t i = 0; i < port->side_count; i++)
        side_drop(port->sides[i]);
    uv_close((uv_handle_t *)&port->idle, handle_closed);
    uv_close((uv_handle_t *)&port->redial, handle_closed);
}

static const char *const schemes[] = {SCHEME, NULL};

const struct bus_driver bus_inproc = {
    .name = "inproc",
    .schemes = schemes,
    .check = inproc_check,
    .open = inproc_open,
    .send = inproc_send,
    .hold = inproc_hold,
    .drop = inproc_drop,
    .close = inproc_close,
};
