#include "cli/replay/supply.h"

#include "cli/replay/player.h"

#include <stdlib.h>

struct supply {
    struct agent *agent; /* one of the two */
    struct player *player;
    void (*closed)(void *self);
    void *closed_self;
};

enum status supply_open(uv_loop_t *loop, struct bus *bus, const struct supply_options *options,
                        const struct supply_events *events, struct supply **ret_supply, char ret_reason[256])
{
    struct supply *supply = calloc(1, sizeof *supply);
    if (supply == NULL)
        return STATUS_NO_MEMORY;
    enum status status;
    if (options->agent != NULL) {
        const struct agent_options agent = {
            .config = options->agent, .url = options->url, .epoch = options->epoch, .refusals = stderr};
        const struct agent_events agent_events = {.drained = events->drained, .self = events->self};
        status = agent_open(loop, bus, &agent, &agent_events, &supply->agent, ret_reason);
    } else {
        const struct player_options player = {
            .timeline = options->timeline, .speed = options->speed, .url = options->url, .epoch = options->epoch};
        const struct player_events player_events = {.drained = events->drained, .self = events->self};
        status = player_open(loop, bus, &player, &player_events, &supply->player, ret_reason);
    }
    if (status != STATUS_OK) {
        free(supply);
        return status;
    }
    *ret_supply = supply;
    return STATUS_OK;
}

void supply_progress(const struct supply *supply, uint64_t *ret_done, uint64_t *ret_total)
{
    if (supply->agent != NULL)
        agent_progress(supply->agent, ret_done, ret_total);
    else
        player_progress(supply->player, ret_done, ret_total);
}

struct agent_stats supply_stats(const struct supply *supply)
{
    if (supply->agent != NULL)
        return *agent_stats(supply->agent);
    uint64_t played, total;
    player_progress(supply->player, &played, &total);
    return (struct agent_stats){.submitted = played};
}

static void on_closed(void *self)
{
    struct supply *supply = self;
    void (*closed)(void *) = supply->closed;
    void *closed_self = supply->closed_self;
    free(supply);
    closed(closed_self);
}

void supply_close(struct supply *supply, void (*closed)(void *self), void *self)
{
    supply->closed = closed;
    supply->closed_self = self;
    if (supply->agent != NULL)
        agent_close(supply->agent, on_closed, supply);
    else
        player_close(supply->player, on_closed, supply);
}
