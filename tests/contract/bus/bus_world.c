#include "bus_world.h"

#include "proto/limits.h"

#include <string.h>

const struct bus_contract *contract;

int world_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    assert_int_equal(uv_loop_init(&world->loop), 0);
    assert_int_equal(bus_open(&world->loop, &world->bus), STATUS_OK);
    contract->url(world->url);
    *state = world;
    return 0;
}

int world_teardown(void **state)
{
    struct world *world = *state;
    if (world->open > 0) { /* its peers lay on the test's stack: nothing may turn the loop any more */
        print_error("the test was left with %d peers open\n", world->open);
        return -1;
    }
    bus_close(world->bus);
    assert_int_equal(uv_run(&world->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&world->loop), 0); /* every handle was closed */
    free(world);
    return 0;
}

static void on_timer(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

void world_rest(struct world *world, uint64_t ms)
{
    bool rang = false;
    bool closed = false;
    uv_timer_t timer;
    (void)uv_timer_init(&world->loop, &timer);
    timer.data = &rang;
    (void)uv_timer_start(&timer, on_timer, ms, 0);
    while (!rang)
        (void)uv_run(&world->loop, UV_RUN_ONCE);
    timer.data = &closed;
    uv_close((uv_handle_t *)&timer, on_timer_closed);
    while (!closed)
        (void)uv_run(&world->loop, UV_RUN_NOWAIT);
}

void world_failed(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "%s:%d: never came true: %s\n", file, line, condition);
    fail_msg("%s:%d: never came true: %s", file, line, condition);
}

void world_turn(struct world *world)
{
    world_rest(world, 1);
}

size_t item_size(uint64_t position)
{
    return 12 + (size_t)(position * 2654435761u % 240);
}

static struct span item_of(uint64_t position, char room[256])
{
    size_t size = item_size(position);
    memset(room, (int)('a' + position % 26), size);
    memcpy(room, &position, sizeof position);
    return (struct span){room, size};
}

/* --- takers --- */

static void taker_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct taker *taker = self;
    if (taker->epoch != peer->epoch || strcmp(taker->name, peer->name) != 0) {
        taker->epoch = peer->epoch;
        taker->first = first;
        (void)snprintf(taker->name, sizeof taker->name, "%s", peer->name);
    } else {
        assert_int_equal(first, taker->last + 1); /* in order, none missing, none twice */
    }
    for (size_t i = 0; i < count; i++) {
        char room[256];
        struct span expected = item_of(first + i, room);
        taker->empty += items[i].size == 0;
        if (items[i].size > 0 && items[i].size <= 256)
            assert_true(span_equal(items[i], expected));
    }
    taker->last = first + count - 1;
    taker->count += count;
    taker->counts_of[peer->name[strlen(peer->name) - 1] % 8] += count;
    taker->batches++;
    taker->batch_most = count > taker->batch_most ? count : taker->batch_most;
    if (taker->acking == ACKS_AT_ONCE || (taker->acking == ACKS_EVERY_SEVENTH && taker->batches % 7 == 0))
        receiver_ack(taker->receiver, peer->name, peer->epoch, taker->last);
    if (taker->close_at != 0 && taker->last >= taker->close_at)
        taker_close(taker);
}

static void taker_midway(void *self, const struct peer *peer, uint64_t first)
{
    struct taker *taker = self;
    assert_non_null(peer->name);
    taker->midway++;
    taker->midway_first = first;
}

static void taker_marks(void *self, const struct peer *peer, const struct source_mark *marks, size_t count)
{
    struct taker *taker = self;
    assert_true(count > 0);
    assert_true(span_equal(marks[0].source, SPAN("desk")));
    assert_non_null(peer->name);
    taker->marks++;
    taker->marks_seen_at = taker->last;
    taker->watermark_ms = marks[0].watermark_ms;
}

static void taker_peer(void *self, const struct peer *peer, enum peer_state state)
{
    struct taker *taker = self;
    taker->ups += state == PEER_UP;
    taker->downs += state == PEER_DOWN;
    taker->refusals += state == PEER_REFUSED;
    if (state != PEER_UP)
        (void)snprintf(taker->reason, sizeof taker->reason, "%s", peer->reason);
}

static void taker_closed(void *self)
{
    struct taker *taker = self;
    taker->closed++;
    taker->world->open--;
}

void taker_open(struct taker *taker, struct world *world, const struct receiver_options *options)
{
    struct receiver_options with = *options;
    with.url = with.url != NULL ? with.url : world->url;
    with.name = with.name != NULL ? with.name : "taker";
    with.heartbeat_ms = with.heartbeat_ms > 0 ? with.heartbeat_ms : HEARTBEAT_MS;
    struct receiver_events events = {taker_batch, taker_midway, taker_marks, taker_peer, taker};
    char reason[256] = "";
    taker->world = world;
    taker->closed = 0;
    enum status status = receiver_open(world->bus, &with, &events, &taker->receiver, reason);
    if (status != STATUS_OK)
        fail_msg("receiver_open: %s", reason);
    world->open++;
}

void taker_close(struct taker *taker)
{
    if (taker->receiver != NULL)
        receiver_close(taker->receiver, taker_closed, taker);
    taker->receiver = NULL;
}

/* --- givers --- */

static void giver_room(void *self)
{
    struct giver *giver = self;
    giver->rooms++;
}

static void giver_acked(void *self, uint64_t position)
{
    struct giver *giver = self;
    assert_true(position > giver->acked);
    giver->acked = position;
    if (giver->close_when_acked)
        giver_close(giver);
}

static void giver_peer(void *self, const struct peer *peer, enum peer_state state)
{
    struct giver *giver = self;
    giver->ups += state == PEER_UP;
    giver->downs += state == PEER_DOWN;
    giver->refusals += state == PEER_REFUSED;
    giver->replaced += strcmp(peer->reason, "replaced by a later session of the same name") == 0;
    if (state != PEER_UP)
        (void)snprintf(giver->reason, sizeof giver->reason, "%s", peer->reason);
    if (giver->close_when_up && state == PEER_UP)
        giver_close(giver);
}

static void giver_passed(void *self, struct span item, uint64_t admitted_bytes)
{
    struct giver *giver = self;
    assert_true(item.size > admitted_bytes);
    giver->passed++;
}

void giver_open(struct giver *giver, struct world *world, const struct sender_options *options)
{
    struct sender_options with = *options;
    with.url = with.url != NULL ? with.url : world->url;
    with.name = with.name != NULL ? with.name : "giver";
    with.epoch = with.epoch > 0 ? with.epoch : 1;
    with.heartbeat_ms = with.heartbeat_ms > 0 ? with.heartbeat_ms : HEARTBEAT_MS;
    struct sender_events events = {.room = giver_room,
                                   .acked = giver_acked,
                                   .peer = giver_peer,
                                   .passed = giver->passes_over ? giver_passed : NULL,
                                   .self = giver};
    char reason[256] = "";
    giver->world = world;
    giver->closed = 0;
    enum status status = sender_open(world->bus, &with, &events, &giver->sender, reason);
    if (status != STATUS_OK)
        fail_msg("sender_open: %s", reason);
    world->open++;
}

uint64_t giver_give(struct giver *giver, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        char room[256];
        uint64_t position = 0;
        struct span item = item_of(sender_position(giver->sender) + 1, room);
        enum status status = sender_submit(giver->sender, item, &position);
        if (status == STATUS_AGAIN) {
            sender_commit(giver->sender);
            return i;
        }
        assert_int_equal(status, STATUS_OK);
        assert_int_equal(position, sender_position(giver->sender));
    }
    sender_commit(giver->sender);
    return count;
}

void giver_give_all(struct giver *giver, uint64_t count)
{
    while (count > 0) {
        uint64_t given = giver_give(giver, count < 1000 ? count : 1000);
        count -= given;
        (void)uv_run(&giver->world->loop, UV_RUN_NOWAIT);
    }
}

static void giver_closed(void *self)
{
    struct giver *giver = self;
    giver->closed++;
    giver->world->open--;
}

void giver_close(struct giver *giver)
{
    if (giver->sender != NULL)
        sender_close(giver->sender, giver_closed, giver);
    giver->sender = NULL;
}

/* --- raw peers --- */

static void raw_up(void *self, uint64_t line, const char *user)
{
    struct raw *raw = self;
    (void)user;
    raw->line = line;
    raw->full = false;
    raw->ups++;
    if (raw->says_hello)
        raw_say(raw, &raw->hello);
}

static void raw_frame(void *self, uint64_t line, struct span bytes)
{
    struct raw *raw = self;
    struct arena arena;
    struct frame frame;
    char reason[REASON_BYTES];
    raw->line = line;
    raw->frames++;
    arena_init(&arena, 16u << 20);
    assert_int_equal(frame_unpack(bytes, LIMIT_EPISODE_BYTES, &arena, &frame, reason), STATUS_OK);
    raw->refusals += frame.kind == FRAME_REFUSAL;
    raw->welcomes += frame.kind == FRAME_WELCOME;
    raw->batches += frame.kind == FRAME_BATCH;
    if (frame.kind == FRAME_REFUSAL)
        (void)snprintf(raw->reason, sizeof raw->reason, "%.*s", SPAN_ARG(frame.refusal.reason));
    if (frame.kind == FRAME_CREDIT)
        raw->credit = frame.credit.until;
    if (frame.kind == FRAME_BATCH)
        raw->item_count += frame.batch.count;
    if (frame.kind == FRAME_WELCOME)
        raw->resume_position = frame.welcome.resume_position;
    arena_fini(&arena);
}

static void raw_garbled(void *self, uint64_t line)
{
    (void)self;
    (void)line;
    fail_msg("the bus says frames only");
}

static void raw_writable(void *self, uint64_t line)
{
    (void)line;
    ((struct raw *)self)->full = false;
}

static void raw_down(void *self, uint64_t line, const char *reason)
{
    struct raw *raw = self;
    (void)reason;
    if (raw->line == line)
        raw->line = 0;
    raw->downs++;
}

static void raw_refused(void *self, const char *reason)
{
    (void)reason;
    ((struct raw *)self)->turned_away++;
}

void raw_open(struct raw *raw, struct world *world, enum bus_end end)
{
    char reason[256] = "";
    raw->world = world;
    const struct port_options options = {
        .url = world->url, .end = end, .frame_bytes_max = 64u << 20, .keys = raw->keys};
    struct port_events events = {raw_up, raw_frame, raw_garbled, raw_writable, raw_down, raw_refused, raw};
    assert_int_equal(bus_driver_find(world->url, BUS_THIS_HOST, &raw->driver, reason), STATUS_OK);
    assert_int_equal(raw->driver->open(&world->loop, &options, &events, &raw->port, reason), STATUS_OK);
    world->open++;
}

void raw_say_bytes(struct raw *raw, struct span bytes)
{
    enum status status = raw->driver->send(raw->port, raw->line, bytes);
    assert_true(status == STATUS_OK || status == STATUS_AGAIN);
    raw->full = status == STATUS_AGAIN;
}

void raw_say(struct raw *raw, const struct frame *frame)
{
    struct text text = {0};
    assert_int_equal(frame_pack(frame, &text), STATUS_OK);
    raw_say_bytes(raw, (struct span){text.data, text.size});
    text_fini(&text);
}

static void raw_closed(void *self)
{
    struct raw *raw = self;
    raw->closed++;
    raw->world->open--;
}

void raw_close(struct raw *raw)
{
    raw->driver->close(raw->port, raw_closed, raw);
    world_until(raw->world, raw->closed);
}

struct frame hello_of(const char *name, enum link_role role, uint64_t epoch)
{
    return (struct frame){.kind = FRAME_HELLO,
                          .hello = {.version = LINK_VERSION, .name = span_of(name), .epoch = epoch, .role = role}};
}
