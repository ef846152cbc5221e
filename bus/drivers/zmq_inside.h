/* Inside the driver over ZeroMQ: its parts, and what its files do for each other.
 *
 *     zmq.c         the seam; what is sent and received
 *     zmq_dial.c    one connection after the other, each with a socket of its own
 *     zmq_listen.c  one socket, bound, and proven to keep strangers out where there are keys
 *     zmq_plug.c    a socket, its monitor, and how libuv watches them
 *     zmq_lines.c   number ↔ routing id
 *     zmq_guard.c   a listener's connections: who never speaks is cut off
 *     zmq_zap.c     who is let in: by key, and by how many of it there are
 *     zmq_brake.c   addresses that were refused too often */
#pragma once

#include "bus/driver.h"
#include "bus/drivers/zmq_guard.h"
#include "bus/drivers/zmq_zap.h"

#include <stdlib.h>
#include <zmq.h>

#define ROUTING_BYTES_MAX 255u

struct line {
    uint64_t number;
    unsigned char routing[ROUTING_BYTES_MAX]; /* a listener's; empty for a dialler */
    size_t routing_size;
    uint64_t connection; /* a listener's: the guard's */
    zmq_msg_t waiting;   /* the frame that found the pipe full */
    bool blocked;
    bool gone; /* no route: `down` is due */
};

struct plug {
    struct port *port;
    enum bus_end end;
    void *socket;
    void *monitor;
    uv_poll_t poll;
    uv_poll_t monitor_poll;
    int handles;
    bool rebinds; /* once it is gone its port listens anew */
};

struct port {
    uv_loop_t *loop;
    void *context;
    char *url;
    enum bus_end end;
    struct port_options options; /* url and keys are borrowed */
    struct port_events events;
    struct zap_seat *seat;  /* a listener's, with keys */
    struct guard guard;     /* a listener's */
    uint64_t server_number; /* a dialler's: which of the listener's keys is tried */
    unsigned failures;      /* a dialler's: handshakes, since the last that succeeded */
    struct plug *plug;      /* NULL: a dialler between two attempts */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_timer_t timer; /* a dialler's: the next attempt, or the end of this one's patience; a listener's: the guard's */
    struct backoff backoff;
    struct line **lines;
    size_t line_count;
    size_t line_room;
    struct line *recent;
    uint64_t last_number;
    bool held;
    bool empty;            /* all that came was read, at the last look */
    uint64_t all_heard_ms; /* a listener's with keys: when that was told to its seat */
    bool closing;
    int handles; /* of libuv, the plugs' too */
    void (*closed)(void *self);
    void *closed_self;
};

/* --- zmq.c --- */
/* The loop takes one more turn without sleeping. */
void port_awake(struct port *port);
/* One handle less; the last takes the port with it. */
void port_handle_closed(struct port *port);
/* Reads one message and tells of it; false: there is none. */
bool port_receive(struct port *port, void *socket);

/* --- zmq_lines.c --- */
struct line *line_find(struct port *port, uint64_t number);
struct line *line_find_routing(struct port *port, const void *routing, size_t size);
/* NULL: no memory. */
struct line *line_add(struct port *port, const void *routing, size_t size);
void line_remove(struct port *port, struct line *line);

/* --- zmq_plug.c --- */
/* The socket with all its options and its monitor, neither bound nor connected. NULL: errno says why. */
struct plug *plug_new(struct port *port);
/* Once it polls it is the port's, and is closed by plug_close only; until then, and where this fails, by plug_free. */
bool plug_start(struct port *port, struct plug *plug);
void plug_free(struct plug *plug);
void plug_close(struct plug *plug);
/* The next event of the monitor; false: there is none. */
struct plug_event {
    unsigned kind; /* ZMQ_EVENT_… */
    int value;
};
bool plug_event_next(struct plug *plug, struct plug_event *ret_event);

/* --- zmq_dial.c --- */
void dial_begin(struct port *port);
/* The line was dropped: another is made after a while. */
void dial_again(struct port *port);
void dial_events(struct port *port);

/* --- zmq_listen.c --- */
enum status listen_start(struct port *port, char ret_reason[256]) MUST_CHECK;
void listen_events(struct port *port);
/* With the keyring's own key as it is now. */
void listen_again(struct port *port);
