#include "cli/replay/player.h"

#include "bus/sender.h"

#include <stdlib.h>

#define BURST       1024 /* reports submitted before the loop gets its turn */
#define PLAYER_NAME "replay"

struct player {
    struct player_options options;
    struct player_events events;
    uv_loop_t *loop;
    uv_timer_t timer;
    struct sender *sender;
    size_t next;
    uint64_t began_ms; /* of the loop's clock */
    bool drained;
    int open; /* what is not closed yet */
    void (*closed)(void *self);
    void *closed_self;
};

static void on_timer(uv_timer_t *timer);

static void wake_in(struct player *player, uint64_t wait_ms)
{
    (void)uv_timer_start(&player->timer, on_timer, wait_ms, 0);
}

/* Milliseconds until the next report is due. */
static uint64_t next_wait_ms(const struct player *player)
{
    if (player->options.speed <= 0)
        return 0;
    const struct timeline_entry *entries = player->options.timeline->entries;
    /* Those that say no time come first, at once. */
    size_t first = 0;
    while (first < player->next && entries[first].told_ms == TIME_NONE)
        first++;
    if (entries[player->next].told_ms == TIME_NONE)
        return 0;
    double story_ms = (double)(entries[player->next].told_ms - entries[first].told_ms);
    double due_ms = story_ms / player->options.speed;
    double now_ms = (double)(uv_now(player->loop) - player->began_ms);
    return due_ms > now_ms ? (uint64_t)(due_ms - now_ms) + 1 : 0;
}

static void check_drained(struct player *player)
{
    bool all_played = player->next == player->options.timeline->count;
    if (!all_played || player->drained || sender_acked(player->sender) != sender_position(player->sender))
        return;
    player->drained = true;
    player->events.drained(player->events.self);
}

static void end_marks(struct player *player)
{
    const struct source_mark mark = {.source = span_of(PLAYER_NAME), .watermark_ms = TIME_NONE, .state = SOURCE_ENDED};
    if (sender_marks(player->sender, &mark, 1) != STATUS_OK)
        wake_in(player, 100);
}

/* True: one more may follow at once. */
static bool play_one(struct player *player)
{
    const struct timeline *timeline = player->options.timeline;
    bool paced = player->options.speed > 0;
    if (paced && sender_acked(player->sender) != sender_position(player->sender))
        return false; /* the acknowledgement wakes us */
    uint64_t wait_ms = next_wait_ms(player);
    if (wait_ms > 0) {
        wake_in(player, wait_ms);
        return false;
    }
    uint64_t position;
    if (sender_submit(player->sender, timeline->entries[player->next].bytes, &position) != STATUS_OK)
        return false; /* full: `room` wakes us. Too large it cannot be: it came over a link. */
    if (++player->next == timeline->count)
        end_marks(player);
    return !paced;
}

static void play(struct player *player)
{
    size_t burst = 0;
    while (player->next < player->options.timeline->count && play_one(player)) {
        if (++burst == BURST) {
            wake_in(player, 0);
            break;
        }
    }
    check_drained(player);
}

static void on_timer(uv_timer_t *timer)
{
    struct player *player = timer->data;
    if (player->closed == NULL)
        play(player);
}

static void on_acked(void *self, uint64_t position)
{
    (void)position;
    struct player *player = self;
    /* From the loop, not from within the sender. */
    if (player->closed == NULL)
        wake_in(player, 0);
}

static void on_room(void *self)
{
    on_acked(self, 0);
}

enum status player_open(uv_loop_t *loop, struct bus *bus, const struct player_options *options,
                        const struct player_events *events, struct player **ret_player, char ret_reason[256])
{
    struct player *player = calloc(1, sizeof *player);
    if (player == NULL)
        return STATUS_NO_MEMORY;
    player->options = *options;
    player->events = *events;
    player->loop = loop;
    const struct sender_options sender = {
        .url = options->url, .end = BUS_DIAL, .name = PLAYER_NAME, .epoch = options->epoch};
    const struct sender_events sender_events = {.room = on_room, .acked = on_acked, .self = player};
    enum status status = sender_open(bus, &sender, &sender_events, &player->sender, ret_reason);
    if (status != STATUS_OK) {
        free(player);
        return status;
    }
    (void)uv_timer_init(loop, &player->timer);
    player->timer.data = player;
    player->began_ms = uv_now(loop);
    wake_in(player, 0);
    *ret_player = player;
    return STATUS_OK;
}

void player_progress(const struct player *player, uint64_t *ret_done, uint64_t *ret_total)
{
    *ret_done = player->next;
    *ret_total = player->options.timeline->count;
}

static void one_closed(struct player *player)
{
    if (--player->open > 0)
        return;
    void (*closed)(void *) = player->closed;
    void *closed_self = player->closed_self;
    free(player);
    closed(closed_self);
}

static void on_sender_closed(void *self)
{
    one_closed(self);
}

static void on_timer_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

void player_close(struct player *player, void (*closed)(void *self), void *self)
{
    player->closed = closed;
    player->closed_self = self;
    player->open = 2;
    uv_close((uv_handle_t *)&player->timer, on_timer_closed);
    sender_close(player->sender, on_sender_closed, player);
}
