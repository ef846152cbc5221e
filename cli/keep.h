/* Copies of what a visitor is lent, so that it outlives the visit. Everything goes into one arena. */
#pragma once

#include "base/arena.h"
#include "proto/episode.h"

struct kept_episode {
    struct episode episode;
    const struct incident **incidents; /* one a member; NULL: not known to the store */
};

/* Deep copies; NULL when the arena is full. */
const struct incident *keep_incident(struct arena *arena, const struct incident *incident);
/* incidents may be NULL: then all are unknown. */
struct kept_episode *keep_episode(struct arena *arena, const struct episode *episode,
                                  const struct incident *const *incidents);

/* A growing list of kept episodes, in the order they came. Starts as {.arena = …}. */
struct kept_list {
    struct arena *arena; /* borrowed */
    struct kept_episode **episodes;
    size_t count;
    size_t room;
};
/* A store_episode_visitor whose self is a struct kept_list. */
enum status kept_list_visit(void *self, const struct episode *episode, const struct incident *const *incidents);
void kept_list_fini(struct kept_list *list);
