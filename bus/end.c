#include "bus/end.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Lines beyond peers_max that may be between their first frame and their greeting, or muted. */
#define LINKS_SPARE         16u
#define SESSIONS_PER_KEY    16u
#define CONNECTIONS_PER_KEY 32u
#define RATE_TICK_MS        250u /* how often credit is granted at least, where it is a matter of time */
#define REVOKED             "this key is not allowed, or no longer"

static uint64_t end_now(const struct end *end)
{
    return uv_now(bus_loop(end->bus));
}

static struct link *link_find(struct end *end, uint64_t line)
{
    if (end->recent != NULL && end->recent->line == line && !end->recent->gone)
        return end->recent;
    for (size_t i = 0; i < end->link_count; i++)
        if (end->links[i]->line == line && !end->links[i]->gone) {
            end->recent = end->links[i];
            return end->recent;
        }
    return NULL;
}

static void link_free(struct link *link)
{
    session_fini(&link->session);
    free(link);
}

static void links_sweep(struct end *end)
{
    size_t kept = 0;
    for (size_t i = 0; i < end->link_count; i++) {
        if (end->links[i]->gone)
            link_free(end->links[i]);
        else
            end->links[kept++] = end->links[i];
    }
    end->link_count = kept;
    end->recent = NULL;
}

static void link_gone(struct end *end, struct link *link)
{
    link->gone = true;
    if (end->recent == link)
        end->recent = NULL;
    end_wake(end);
}

static void link_begin(struct end *end, struct link *link)
{
    struct session_options options = end->options.session;
    end->hooks.prepare(end->hooks.self, &options);
    session_init(&link->session, &options, end_now(end));
    link->session.held = end->held;
    link->up = link->ended = false;
}

/* --- the beginning and the end of a session, told --- */

size_t end_peers(const struct end *end)
{
    size_t count = 0;
    for (size_t i = 0; i < end->link_count; i++)
        count += !end->links[i]->gone && end->links[i]->session.state == SESSION_OPEN;
    return count;
}

/* As the allow-list has it now; NULL: it is not on it in this end's role, or there are no keys. */
static const struct allowed_key *link_key(const struct end *end, struct link *link)
{
    if (end->keys == NULL || link->user[0] == '\0' || link->key_generation == keyring_generation(end->keys))
        return link->key;
    const struct allowed_key *key = keyring_find(end->keys, link->user);
    link->key = key != NULL && key->role == end->options.role ? key : NULL;
    link->key_generation = keyring_generation(end->keys);
    return link->key;
}

static bool end_has_list(const struct end *end)
{
    return end->keys != NULL && end->options.session.end == BUS_LISTEN;
}

struct peer link_peer(const struct end *end, struct link *link)
{
    const struct session *session = &link->session;
    return (struct peer){session->peer_name, session->peer_epoch, session->reason, link_key(end, link)};
}

static void peer_tell(struct end *end, struct link *link, enum peer_state state)
{
    struct peer peer = link_peer(end, link);
    end->hooks.peer(end->hooks.self, &peer, state);
}

/* Once for each session that is over. */
static void link_ended(struct end *end, struct link *link)
{
    if (link->ended)
        return;
    link->ended = true;
    link->mute_until_ms = end_now(end) + end->options.session.heartbeat_ms;
    enum session_ending ending = link->session.ending;
    bool refused = ending == ENDING_MALFORMED || ending == ENDING_GAP || ending == ENDING_BEHIND ||
                   ending == ENDING_REFUSED || ending == ENDING_TURNED_AWAY;
    *end->options.counts.refusals += refused;
    *end->options.counts.malformed += ending == ENDING_MALFORMED;
    *end->options.counts.gaps += ending == ENDING_GAP;
    end_wake(end);
    if (refused)
        peer_tell(end, link, PEER_REFUSED);
    else if (link->up)
        peer_tell(end, link, PEER_DOWN);
}

/* Ends the open sessions of that name, but for one. */
static void links_refuse(struct end *end, const struct link *except, const char *name, const char *reason)
{
    for (size_t i = 0; i < end->link_count && !end->closing; i++) {
        struct link *link = end->links[i];
        if (link == except || link->gone || link->session.state != SESSION_OPEN ||
            strcmp(link->session.peer_name, name) != 0)
            continue;
        session_refuse(&link->session, ENDING_REFUSED, "%s", reason);
        link_ended(end, link);
    }
}

void end_refuse(struct end *end, const char *name, const char *reason)
{
    links_refuse(end, NULL, name, reason);
}

/* Its key is on the list still, and may go by the name: nobody takes another's stream. */
static bool link_identify(struct end *end, struct link *link)
{
    struct session *session = &link->session;
    const struct allowed_key *key = link_key(end, link);
    if (!end_has_list(end) || (key != NULL && keyring_owns(end->keys, key, session->peer_name)))
        return true;
    if (key == NULL)
        session_refuse(session, ENDING_REFUSED, REVOKED);
    else
        session_refuse(session, ENDING_REFUSED, "the name %s is not of this key, which is allowed as %s",
                       session->peer_name, key->name);
    return false;
}

uint32_t end_sessions_per_key(const struct end *end)
{
    uint32_t limit = bus_limits(end->bus)->sessions_per_key;
    return limit > 0 ? limit : SESSIONS_PER_KEY;
}

static uint32_t end_connections_per_key(const struct end *end)
{
    uint32_t limit = bus_limits(end->bus)->connections_per_key, sessions = end_sessions_per_key(end);
    limit = limit > 0 ? limit : CONNECTIONS_PER_KEY;
    return limit > sessions ? limit : sessions;
}

/* Has the key as many connections as it may? */
static bool user_crowds(const struct end *end, const char *user)
{
    uint32_t count = 0;
    for (size_t i = 0; i < end->link_count && end_has_list(end); i++)
        count += !end->links[i]->gone && strcmp(end->links[i]->user, user) == 0;
    return count >= end_connections_per_key(end);
}

/* Sessions of the key that the newcomer does not take the place of. */
static bool link_has_room(struct end *end, struct link *link)
{
    uint32_t limit = end_sessions_per_key(end), count = 0;
    for (size_t i = 0; i < end->link_count; i++) {
        const struct link *each = end->links[i];
        count += !each->gone && each->session.state == SESSION_OPEN && strcmp(each->user, link->user) == 0 &&
                 strcmp(each->session.peer_name, link->session.peer_name) != 0;
    }
    if (!end_has_list(end) || count < limit)
        return true;
    session_refuse(&link->session, ENDING_REFUSED, "this key has %u sessions: no more are admitted", limit);
    return false;
}

static void link_admit(struct end *end, struct link *link)
{
    if (!link_identify(end, link) || !link_has_room(end, link))
        return;
    if (end->options.session.end == BUS_LISTEN)
        links_refuse(end, link, link->session.peer_name, "replaced by a later session of the same name");
    if (end->closing)
        return;
    if (end_peers(end) >= end->options.peers_max) {
        session_refuse(&link->session, ENDING_REFUSED, "%u peers are connected: no more are admitted",
                       end->options.peers_max);
        return;
    }
    if (end->hooks.admit(end->hooks.self, link) == SESSION_ENDED || end->closing)
        return;
    link->up = true;
    ++*end->options.counts.sessions;
    peer_tell(end, link, PEER_UP);
}

static void link_heard(struct end *end, struct link *link, enum session_event event)
{
    if (event == SESSION_PEER)
        link_admit(end, link);
    else if (link->session.state == SESSION_OPEN)
        end->hooks.heard(end->hooks.self, link, event);
    if (end->closing)
        return;
    if (link->session.state == SESSION_OVER)
        link_ended(end, link);
    if (!end->closing)
        end_wake(end);
}

/* --- what the port tells --- */

/* More lines than links: the one muted longest makes room, if there is one. */
static bool link_make_room(struct end *end)
{
    struct link *oldest = NULL;
    size_t count = 0;
    for (size_t i = 0; i < end->link_count; i++) {
        struct link *link = end->links[i];
        count += !link->gone;
        if (!link->gone && link->ended && (oldest == NULL || link->mute_until_ms < oldest->mute_until_ms))
            oldest = link;
    }
    if (count < (size_t)end->options.peers_max + LINKS_SPARE)
        return true;
    if (oldest == NULL)
        return false;
    end->driver->drop(end->port, oldest->line);
    link_gone(end, oldest);
    return true;
}

static struct link *link_add(struct end *end, uint64_t line, const char *user)
{
    if (!link_make_room(end))
        return NULL;
    if (end->link_count == end->link_room) {
        size_t room = end->link_room == 0 ? 8 : end->link_room * 2;
        struct link **links = realloc(end->links, room * sizeof(struct link *));
        if (links == NULL)
            return NULL;
        end->links = links;
        end->link_room = room;
    }
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return NULL;
    link->line = line;
    (void)snprintf(link->user, sizeof link->user, "%s", user);
    link_begin(end, link);
    end->links[end->link_count++] = link;
    return link;
}

static enum status frame_send(struct end *end, uint64_t line, const struct frame *frame)
{
    text_clear(&end->text);
    enum status status = frame_pack(frame, &end->text);
    if (status == STATUS_OK && end->text.failed)
        status = STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    return end->driver->send(end->port, line, (struct span){end->text.data, end->text.size});
}

/* Told once, until something else is the matter or a line comes up. */
static void on_refused(void *self, const char *reason)
{
    struct end *end = self;
    const struct peer peer = {.name = end->door, .reason = end->refused};
    if (strcmp(end->refused, reason) == 0)
        return;
    (void)snprintf(end->refused, sizeof end->refused, "%s", reason);
    end->hooks.peer(end->hooks.self, &peer, PEER_REFUSED);
}

static void line_turn_away(struct end *end, uint64_t line, const char *reason)
{
    struct frame frame = {.kind = FRAME_REFUSAL, .refusal = {.reason = span_of(reason)}};
    (void)!frame_send(end, line, &frame);
    end->driver->drop(end->port, line);
    ++*end->options.counts.refusals;
}

/* Told of a key once, until a line comes up or something else is the matter. */
static void line_crowds(struct end *end, uint64_t line, const char *user)
{
    char reason[256];
    const struct allowed_key *key = keyring_find(end->keys, user);
    (void)snprintf(reason, sizeof reason, "the key of %.64s has %u connections: no more are admitted",
                   key != NULL ? key->name : "nobody", end_connections_per_key(end));
    line_turn_away(end, line, reason);
    ++*end->options.counts.port.crowded;
    on_refused(end, reason);
}

static void on_up(void *self, uint64_t line, const char *user)
{
    struct end *end = self;
    if (user_crowds(end, user)) {
        line_crowds(end, line, user);
        return;
    }
    end->refused[0] = '\0';
    if (link_add(end, line, user) == NULL)
        line_turn_away(end, line, "too many peers");
    else
        end_wake(end);
}

/* A frame of a key that is not on the list any more: nothing of it is believed. */
static void link_revoked(struct end *end, struct link *link)
{
    ++*end->options.counts.revoked;
    if (link->session.state != SESSION_OVER)
        session_refuse(&link->session, ENDING_REFUSED, REVOKED);
    link_ended(end, link);
}

static void on_frame(void *self, uint64_t line, struct span bytes)
{
    struct end *end = self;
    struct link *link = link_find(end, line);
    if (link == NULL)
        return;
    struct frame frame;
    char reason[REASON_BYTES] = "not a frame";
    if (end_has_list(end) && link_key(end, link) == NULL) {
        link_revoked(end, link);
        return;
    }
    arena_reset(&end->arena);
    enum status status = frame_unpack(bytes, end->options.frame_bytes_max, &end->arena, &frame, reason);
    if (link->ended) { /* muted: what was under way when it ended is no news; a new Hello is */
        if (status != STATUS_OK || frame.kind != FRAME_HELLO || link->session.refusal_due ||
            end->options.session.end == BUS_DIAL)
            return;
        session_fini(&link->session);
        link_begin(end, link);
    }
    enum session_event event = status == STATUS_OK ? session_receive(&link->session, &frame, end_now(end))
                                                   : session_garbled(&link->session, reason, end_now(end));
    link_heard(end, link, event);
}

static void on_garbled(void *self, uint64_t line)
{
    struct end *end = self;
    struct link *link = link_find(end, line);
    if (link != NULL && !link->ended)
        link_heard(end, link,
                   session_garbled(&link->session, "a message of several parts: expected one frame", end_now(end)));
}

static void on_writable(void *self, uint64_t line)
{
    struct end *end = self;
    struct link *link = link_find(end, line);
    if (link == NULL)
        return;
    link->blocked = false;
    end_wake(end);
}

static void on_down(void *self, uint64_t line, const char *reason)
{
    struct end *end = self;
    struct link *link = link_find(end, line);
    if (link == NULL)
        return;
    link_gone(end, link);
    if (link->up && !link->ended) {
        link->ended = true;
        (void)snprintf(link->session.reason, sizeof link->session.reason, "%.200s", reason);
        link->session.state = SESSION_OVER;
        peer_tell(end, link, PEER_DOWN);
    }
}

/* --- keys that change --- */

/* Whoever is no longer on the list goes at once. */
static void links_identify(struct end *end)
{
    for (size_t i = 0; i < end->link_count && !end->closing; i++) {
        struct link *link = end->links[i];
        if (link->gone || link->ended || link->session.state != SESSION_OPEN || link_identify(end, link))
            continue;
        link_ended(end, link);
    }
}

static void end_look_at_keys(struct end *end)
{
    struct keyring *keys = end->keys;
    if (keys == NULL || end->closing)
        return;
    keyring_refresh(keys, KEYRING_IN_TIME, end_now(end));
    if (end->keys_own_generation != keyring_own_generation(keys)) {
        end->keys_own_generation = keyring_own_generation(keys);
        end->driver->rekey(end->port);
    }
    if (end->keys_generation == keyring_generation(keys) || end->closing)
        return;
    end->keys_generation = keyring_generation(keys);
    if (end_has_list(end))
        links_identify(end);
}

/* --- saying --- */

static void link_say(struct end *end, struct link *link)
{
    struct frame frame;
    while (!link->blocked && session_say(&link->session, end_now(end), end->items, &frame)) {
        enum status status = frame_send(end, link->line, &frame);
        if (status == STATUS_OK)
            continue;
        link->blocked = true;
        if (status != STATUS_AGAIN) {
            end->driver->drop(end->port, link->line);
            on_down(end, link->line, status_text(status));
            return;
        }
    }
}

static void end_turn(void *self)
{
    struct end *end = self;
    for (size_t i = 0; i < end->link_count && !end->closing; i++) {
        struct link *link = end->links[i];
        if (!link->gone)
            link_say(end, link);
        if (end->closing || link->gone || link->session.state != SESSION_OVER)
            continue;
        link_ended(end, link);
        if (!end->closing && end->options.session.end == BUS_DIAL && !link->session.refusal_due) {
            end->driver->drop(end->port, link->line); /* and dials again */
            link->gone = true;
        }
    }
    if (!end->closing)
        links_sweep(end);
}

void end_wake(struct end *end)
{
    if (!end->closing)
        turn_schedule(end->bus, &end->turn);
}

static void end_tick(uv_timer_t *timer)
{
    struct end *end = timer->data;
    uint64_t now_ms = end_now(end);
    /* Who did not listen, held or because the loop was busy elsewhere, cannot say that the other was silent. */
    bool deaf = end->held || now_ms - end->ticked_ms > 2 * uv_timer_get_repeat(timer);
    end->ticked_ms = now_ms;
    end_look_at_keys(end);
    for (size_t i = 0; i < end->link_count && !end->closing; i++) {
        struct link *link = end->links[i];
        if (link->gone)
            continue;
        if (deaf)
            link->session.heard_ms = now_ms;
        if (session_silent(&link->session, now_ms)) {
            link_ended(end, link);
        } else if (link->ended && now_ms >= link->mute_until_ms) {
            end->driver->drop(end->port, link->line);
            link->gone = true;
        }
    }
    end_wake(end);
}

void end_hold(struct end *end, enum port_flow flow)
{
    end->held = flow == PORT_HELD;
    end->driver->hold(end->port, flow);
    for (size_t i = 0; i < end->link_count; i++) {
        end->links[i]->session.held = end->held;
        end->links[i]->session.heard_ms = end_now(end);
    }
    end_wake(end);
}

/* --- opening and closing --- */

/* What the keyring must hold for this side. */
static enum status keys_begin(struct end *end, char ret_reason[256])
{
    const struct keyring *keys = end->keys;
    if (keys == NULL)
        return STATUS_OK;
    bool listens = end->options.session.end == BUS_LISTEN;
    if (listens ? !keyring_has_list(keys) : keyring_server(keys, 0) == NULL) {
        (void)snprintf(ret_reason, 256, "%.100s: %s", end->options.url,
                       listens ? "no list says who may connect (bus.keys.allow)"
                               : "the listener's public key is not given (bus.keys.server)");
        return STATUS_INVALID;
    }
    end->keys_generation = keyring_generation(keys);
    end->keys_own_generation = keyring_own_generation(keys);
    return STATUS_OK;
}

enum status end_open(struct end *end, struct bus *bus, const struct end_options *options, const struct end_hooks *hooks,
                     char ret_reason[256])
{
    const char *name = options->session.name;
    if (name == NULL || !name_is_valid(span_of(name))) {
        (void)snprintf(ret_reason, 256, "name \"%.80s\": expected 1 to 64 of letters, digits, \".\", \"_\" and \"-\"",
                       name != NULL ? name : "");
        return STATUS_INVALID;
    }
    enum bus_reach reach = bus_keyring(bus) != NULL ? BUS_ANYWHERE : BUS_THIS_HOST;
    enum status status = bus_driver_find(options->url, reach, &end->driver, ret_reason);
    if (status != STATUS_OK)
        return status;
    end->bus = bus;
    end->options = *options;
    end->keys = end->driver->rekey != NULL ? bus_keyring(bus) : NULL;
    status = keys_begin(end, ret_reason);
    if (status != STATUS_OK)
        return status;
    end->hooks = *hooks;
    (void)snprintf(end->name, sizeof end->name, "%s", name);
    (void)snprintf(end->door, sizeof end->door, "%s", options->url);
    end->options.session.name = end->name;
    end->turn = (struct turn){.run = end_turn, .self = end};
    arena_init(&end->arena, 4 * options->frame_bytes_max + LIMIT_BATCH_BYTES);
    const struct port_options port_options = {.url = options->url,
                                              .name = end->name,
                                              .end = options->session.end,
                                              .frame_bytes_max = options->frame_bytes_max,
                                              .keys = end->keys,
                                              .role = options->role,
                                              .connections_max = bus_limits(bus)->connections,
                                              .silent_max = bus_limits(bus)->silent_connections,
                                              .silent_ms = bus_limits(bus)->silent_ms,
                                              .refusals_per_s = bus_limits(bus)->refusals_per_s,
                                              .newcomers_max = end_connections_per_key(end),
                                              .counts = options->counts.port};
    const struct port_events events = {on_up, on_frame, on_garbled, on_writable, on_down, on_refused, end};
    status = end->driver->open(bus_loop(bus), &port_options, &events, &end->port, ret_reason);
    if (status != STATUS_OK)
        return status;
    uint64_t tick_ms = options->session.heartbeat_ms / 4;
    if (options->session.items_per_s > 0 && tick_ms > RATE_TICK_MS)
        tick_ms = RATE_TICK_MS;
    tick_ms = tick_ms > 0 ? tick_ms : 1;
    (void)uv_timer_init(bus_loop(bus), &end->timer);
    (void)uv_timer_start(&end->timer, end_tick, tick_ms, tick_ms);
    end->timer.data = end;
    end->ticked_ms = end_now(end);
    return STATUS_OK;
}

static void part_closed(struct end *end)
{
    if (--end->closing_parts > 0)
        return;
    for (size_t i = 0; i < end->link_count; i++)
        link_free(end->links[i]);
    free(end->links);
    arena_fini(&end->arena);
    text_fini(&end->text);
    end->hooks.closed(end->hooks.self);
}

static void port_closed(void *self)
{
    part_closed(self);
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

/* What was promised just before the end, then the end. */
static void link_say_goodbye(struct end *end, struct link *link)
{
    struct frame frame;
    while (!link->blocked && session_say_last(&link->session, end_now(end), &frame))
        link->blocked = frame_send(end, link->line, &frame) != STATUS_OK;
    frame = (struct frame){.kind = FRAME_REFUSAL, .refusal = {.reason = SPAN(SESSION_GOODBYE)}};
    if (!link->blocked)
        (void)!frame_send(end, link->line, &frame);
}

void end_close(struct end *end)
{
    assert(!end->closing);
    end->closing = true;
    end->closing_parts = 2;
    turn_cancel(end->bus, &end->turn);
    for (size_t i = 0; i < end->link_count; i++)
        if (!end->links[i]->gone && end->links[i]->session.state == SESSION_OPEN)
            link_say_goodbye(end, end->links[i]);
    end->driver->close(end->port, port_closed, end);
    uv_close((uv_handle_t *)&end->timer, timer_closed);
}
