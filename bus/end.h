/* One end of the bus: a port of a driver, a session on each of its lines, and the loop's timer that drives them. Sender
 * and receiver are made of one each.
 *
 *      frames in ──▶ unpack ──▶ session ──▶ hooks (sender.c, receiver.c) ──▶ the caller's events
 *      frames out ◀── pack ◀── session        once a turn of the loop, until the line takes no more
 *
 * Any hook may lead to end_close: whoever calls one looks at `closing` before going on. */
#pragma once

#include "bus/driver.h"
#include "bus/session.h"
#include "bus/turn.h"
#include "proto/limits.h"

struct link {
    uint64_t line;
    char user[KEY_TEXT_BYTES];     /* a listener's with keys: the key it came with; else "" */
    const struct allowed_key *key; /* of that, as the list had it in this generation of the keyring; NULL: not on it */
    uint64_t key_generation;
    struct session session;
    bool up;      /* PEER_UP was told */
    bool ended;   /* the session's end was told */
    bool blocked; /* the line takes nothing until it is writable */
    bool gone;    /* to be swept */
    uint64_t mute_until_ms;
};

struct end_hooks {
    /* A line came up: sets in the options what this session is to begin with. */
    void (*prepare)(void *self, struct session_options *options);
    /* The peer is known (MET): opens the session, or refuses. */
    enum session_event (*admit)(void *self, struct link *link);
    /* After each frame heard by an open session. */
    void (*heard)(void *self, struct link *link, enum session_event event);
    void (*peer)(void *self, const struct peer *peer, enum peer_state state);
    void (*closed)(void *self); /* the last word: nothing of the end is left but its memory */
    void *self;
};

/* Where it counts; borrowed. */
struct end_counts {
    uint64_t *sessions, *refusals, *malformed, *gaps, *revoked;
    struct port_counts port;
};

struct end_options {
    const char *url;
    struct session_options session;
    size_t frame_bytes_max; /* of frames heard */
    uint32_t peers_max;
    enum key_role role; /* where it listens, and there are keys: of who dials */
    struct end_counts counts;
};

/* Embedded in its owner, starts as zero. */
struct end {
    struct bus *bus;
    struct end_options options;
    struct end_hooks hooks;
    char name[PEER_NAME_BYTES];
    const struct bus_driver *driver;
    struct keyring *keys; /* the bus's; NULL: none, or a driver without */
    struct port *port;
    uv_timer_t timer;
    uint64_t ticked_ms;
    struct turn turn;
    struct link **links;
    size_t link_count;
    size_t link_room;
    struct link *recent;
    uint64_t keys_generation, keys_own_generation; /* as the links were last looked at */
    char door[128];                                /* the url */
    char refused[256];                             /* what was told last of no line coming to be */
    struct arena arena;                            /* of the frame being heard */
    struct text text;                              /* of the frame being said */
    struct span items[LIMIT_BATCH_ITEMS];
    bool held;
    bool closing;
    int closing_parts;
};

/* Copies options and hooks. STATUS_INVALID and so on with a sentence, nothing is left behind then. */
enum status end_open(struct end *end, struct bus *bus, const struct end_options *options, const struct end_hooks *hooks,
                     char ret_reason[256]) MUST_CHECK;
/* Something may be there to say: said at the end of this turn of the loop. */
void end_wake(struct end *end);
void end_hold(struct end *end, enum port_flow flow);
/* Ends the open session of the peer of that name, if there is one, and has it told the reason. */
void end_refuse(struct end *end, const char *name, const char *reason);
/* Its strings are the session's. */
struct peer link_peer(const struct end *end, struct link *link);
/* How many sessions one key may have; by how many names it may be known goes by it. */
uint32_t end_sessions_per_key(const struct end *end);
/* Sessions open now. */
size_t end_peers(const struct end *end);
/* Says the acknowledgements and marks that are due, then good-bye, and drops everything; hooks->closed follows from the
 * loop. */
void end_close(struct end *end);
