/* Plays a timeline into a link: at N times real time, one report after the other was acknowledged, so that each has its
 * own revision; or as fast as it goes. */
#pragma once

#include "bus/bus.h"
#include "cli/replay/timeline.h"

struct player;

struct player_options {
    const struct timeline *timeline; /* borrowed */
    double speed;                    /* 0: as fast as it goes */
    const char *url;
    uint64_t epoch;
};

struct player_events {
    void (*drained)(void *self); /* all played and acknowledged; once */
    void *self;
};

enum status player_open(uv_loop_t *loop, struct bus *bus, const struct player_options *options,
                        const struct player_events *events, struct player **ret_player,
                        char ret_reason[256]) MUST_CHECK;
void player_progress(const struct player *player, uint64_t *ret_done, uint64_t *ret_total);
void player_close(struct player *player, void (*closed)(void *self), void *self);
