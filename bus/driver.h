/* The implementers' seam of the bus: a driver moves whole frames between this process and its peers, and knows nothing
 * of what is in them.
 *
 *     port   one url opened by one side, dialling or listening
 *     line   one connection of a port with one peer; a number, never used twice by a port
 *
 * A dialling port has at most one line at a time and makes it anew for ever, with back-off; a listening one has many. A
 * driver promises order within a line and nothing else: frames under way are lost with their line, and what a line was
 * sent never comes out of a later one. Everything runs on the loop's thread; nothing here blocks, but that a listener
 * which closes may take up to a second to let go of its address. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "bus/bus.h"
#include "bus/keys/keyring.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct port; /* the driver's own */

/* What a listener counts of its connections; borrowed, each may be NULL. */
struct port_counts {
    uint64_t *connections;   /* accepted */
    uint64_t *strangers;     /* gone without a word: no key, a wrong one, or nothing to say */
    uint64_t *cut;           /* cut off: silent for too long, too many, or refused and still there */
    uint64_t *accept_failed; /* no descriptors left, as a rule */
    uint64_t *braked;        /* cut off before they shook hands: their address was refused too often of late */
    uint64_t *crowded;       /* refused: of keys that had as many as they may */
};

struct port_options {
    const char *url;  /* one that check found right; copied */
    const char *name; /* of this side, for the jitter of its back-off; borrowed until open returns */
    enum bus_end end;
    size_t frame_bytes_max; /* a peer that sends a greater frame loses its line */
    /* NULL: no keys. Else, borrowed: a listener lets in whom its list holds in that role, a dialler shows its own. */
    struct keyring *keys;
    enum key_role role;
    /* of a listener; 0: the driver's own */
    uint32_t connections_max, silent_max, silent_ms;
    uint32_t refusals_per_s; /* with keys: of one address; beyond it is braked */
    uint32_t newcomers_max;  /* with keys: of one key, that have not been heard yet */
    struct port_counts counts;
};

/* Told from the loop, never from within a call of the driver. Each of them may call send, drop, hold and close. */
struct port_events {
    /* A new line. A listener may first hear of it together with its first frame. user: the key it came with, where
     * the port has keys and listens; else "". Borrowed until it returns. */
    void (*up)(void *self, uint64_t line, const char *user);
    /* Borrows the bytes until it returns. They may be anything: strangers send them. */
    void (*frame)(void *self, uint64_t line, struct span bytes);
    /* Something came that is no frame (of several parts, say); it was thrown away. */
    void (*garbled)(void *self, uint64_t line);
    /* send answered STATUS_AGAIN; now it takes more. */
    void (*writable)(void *self, uint64_t line);
    /* The line is gone, and so is what was under way on it; what had come was handed over before, unless the port is
     * held. A driver that cannot see it tells nothing: silence is the session's business. */
    void (*down)(void *self, uint64_t line, const char *reason);
    /* No line came to be, and none will until something changes: keys that do not fit, an address that was taken, a key
     * with too many lines. Tried again, and told again, for ever. */
    void (*refused)(void *self, const char *reason);
    void *self;
};

enum port_flow { PORT_FLOWS, PORT_HELD };

struct bus_driver {
    const char *name;
    const char *const *schemes; /* "tcp://" …, NULL-terminated */
    /* Whether the url, which begins with one of the schemes, can be opened: its form only, nothing is touched.
     * STATUS_INVALID with a sentence. */
    enum status (*check)(const char *url, enum bus_reach reach, char ret_reason[256]);
    /* Borrows the loop, copies options and events. A listener has bound when it answers; otherwise STATUS_BUSY,
     * STATUS_PERMISSION, STATUS_INVALID … with a sentence; with keys it has seen that strangers are refused. A dialler
     * begins to dial when the loop runs. */
    enum status (*open)(uv_loop_t *loop, const struct port_options *options, const struct port_events *events,
                        struct port **ret_port, char ret_reason[256]);
    /* Copies the frame. STATUS_OK: taken, more may follow. STATUS_AGAIN: taken, but nothing more is until `writable`,
     * or `down` where the line is gone; queues are bounded, and so a peer that does not read comes to this.
     * STATUS_NO_MEMORY: not taken. STATUS_CLOSED: no line of this port. */
    enum status (*send)(struct port *port, uint64_t line, struct span frame);
    /* While held no frame is handed over, and the peers' frames back up to them. Sending goes on. */
    void (*hold)(struct port *port, enum port_flow flow);
    /* Ends a line; nothing more is told of it here. What was sent just before still goes out if the peer reads. A
     * dialler dials again after its back-off. No line: nothing happens. */
    void (*drop)(struct port *port, uint64_t line);
    /* The keyring's own key has changed: a listener tells all lines down and listens anew with it; a dialler shows it
     * the next time. NULL: a driver without keys, whose peers are this process. */
    void (*rekey)(struct port *port);
    /* Ends all lines as drop does; no event is told any more. `closed` comes from the loop when nothing of the port is
     * left; may be NULL. */
    void (*close)(struct port *port, void (*closed)(void *self), void *self);
};

extern const struct bus_driver bus_inproc;
extern const struct bus_driver bus_zmq;

/* The driver that carries the url, which it has checked. STATUS_INVALID with a sentence. */
enum status bus_driver_find(const char *url, enum bus_reach reach, const struct bus_driver **ret_driver,
                            char ret_reason[256]) MUST_CHECK;

/* How long a dialler waits before it tries again: doubling from 50 ms to 5 s, from the start again once a line has
 * lasted a second; up to half of it is taken off again, by the dialler's name and the number of the attempt, so that
 * those who lost the same listener do not come back all at once. Nobody needs to guess it: no random numbers are. */
#define BACKOFF_MS_MIN    50u
#define BACKOFF_MS_MAX    5000u
#define BACKOFF_LASTED_MS 1000u

struct backoff {
    uint64_t delay_ms; /* before anything is taken off */
    uint64_t up_ms;    /* when the line came up; 0: it did not */
    uint64_t seed;     /* backoff_seed() of the dialler's name */
    uint64_t attempts;
};

static inline uint64_t backoff_seed(const char *name)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; name != NULL && *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

static inline uint64_t backoff_next(struct backoff *backoff, uint64_t now_ms)
{
    if (backoff->delay_ms == 0 || (backoff->up_ms != 0 && now_ms - backoff->up_ms >= BACKOFF_LASTED_MS))
        backoff->delay_ms = BACKOFF_MS_MIN;
    else
        backoff->delay_ms = backoff->delay_ms * 2 < BACKOFF_MS_MAX ? backoff->delay_ms * 2 : BACKOFF_MS_MAX;
    backoff->up_ms = 0;
    uint64_t mixed = (backoff->seed + ++backoff->attempts) * 0x9e3779b97f4a7c15u;
    return backoff->delay_ms - (mixed >> 32) % (backoff->delay_ms / 2 + 1);
}
