#include "cli/replay/feed.h"

#include "cli/replay/player.h"

#include <stdlib.h>

struct feed {
    struct agent *agent; /* one of the two */
    struct player *player;
    void (*closed)(void *self);
    void *closed_self;
};

enum status feed_open(uv_loop_t *loop, struct bus *bus, const struct feed_options *options,
                      const struct feed_events *events, struct feed **ret_feed, char ret_reason[256])
{
    struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL)
        return STATUS_NO_MEMORY;
    enum status status;
    if (options->agent != NULL) {
        const struct agent_options agent = {
            .config = options->agent, .url = options->url, .epoch = options->epoch, .refusals = stderr};
        const struct agent_events agent_events = {.drained = events->drained, .self = events->self};
        status = agent_open(loop, bus, &agent, &agent_events, &feed->agent, ret_reason);
    } else {
        const struct player_options player = {
            .timeline = options->timeline, .speed = options->speed, .url = options->url, .epoch = options->epoch};
        const struct player_events player_events = {.drained = events->drained, .self = events->self};
        status = player_open(loop, bus, &player, &player_events, &feed->player, ret_reason);
    }
    if (status != STATUS_OK) {
        free(feed);
        return status;
    }
    *ret_feed = feed;
    return STATUS_OK;
}

void feed_progress(const struct feed *feed, uint64_t *ret_done, uint64_t *ret_total)
{
    if (feed->agent != NULL)
        agent_progress(feed->agent, ret_done, ret_total);
    else
        player_progress(feed->player, ret_done, ret_total);
}

struct agent_stats feed_stats(const struct feed *feed)
{
    if (feed->agent != NULL)
        return *agent_stats(feed->agent);
    uint64_t played, total;
    player_progress(feed->player, &played, &total);
    return (struct agent_stats){.submitted = played};
}

static void on_closed(void *self)
{
    struct feed *feed = self;
    void (*closed)(void *) = feed->closed;
    void *closed_self = feed->closed_self;
    free(feed);
    closed(closed_self);
}

void feed_close(struct feed *feed, void (*closed)(void *self), void *self)
{
    feed->closed = closed;
    feed->closed_self = self;
    if (feed->agent != NULL)
        agent_close(feed->agent, on_closed, feed);
    else
        player_close(feed->player, on_closed, feed);
}
