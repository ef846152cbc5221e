/* The account of an episode: all that `vedette explain` says, found in the store alone.
 *
 *   store ─▶ the episode, its rule, the incidents around it ─▶ trial before the engine ─▶ members, removals, near
 * misses
 *
 * The incidents are those of the store as it is now; where the engine does not make the stored episode of them (a
 * report that came too late, another version), the account says so. */
#pragma once

#include "base/arena.h"
#include "cli/explain/trial.h"
#include "cli/keep.h"
#include "correlator/engine/link.h"
#include "sink/store.h"

#define NEAR_MISSES_MAX 5u

enum removal {
    REMOVAL_NOT_TRIED, /* a response or context, or beyond the bound */
    REMOVAL_KEEPS,     /* the episode stays flagged without it */
    REMOVAL_UNFLAGS,
};

struct account_member {
    struct trial_item *item; /* NULL: the store does not know the incident */
    enum membership membership;
    enum removal removal;
    struct trial_rest rest;         /* of a removal that was tried */
    struct trial_item *attached_to; /* of an attached one: the core it belongs to */
};

struct near_miss {
    struct trial_item *item;
    struct trial_item *core; /* the nearest of the episode */
    struct link link;
    double short_km;  /* how much nearer it would have to be; 0: near enough */
    int64_t short_ms; /* how much sooner or later */
};

struct account {
    struct arena arena;
    struct kept_list found; /* the episodes that answer to the id */
    const struct kept_episode *episode;
    struct rule rule;
    struct trial_item *items;
    struct trial_item *by_id; /* hash of the items */
    size_t item_count;
    size_t item_room;
    struct trial *trial;
    struct account_member *members; /* as the episode's */
    size_t member_count;
    size_t removals_tried, removals_possible;
    bool is_reproduced; /* the engine makes the same members of the stored incidents */
    struct near_miss near_misses[NEAR_MISSES_MAX];
    size_t near_miss_count;
};

/* id: an episode's, or its unique beginning. STATUS_NOT_FOUND: none, or several; the sentence in ret_reason. */
enum status account_open(struct account *account, struct store *store, const char *id, char ret_reason[256]) MUST_CHECK;
void account_close(struct account *account);

/* Visits every link between two cores of the episode, in the order of members. O(cores²) within windows. */
typedef void (*account_link_visitor)(void *self, size_t member, size_t other, const struct link *link);
void account_links(const struct account *account, account_link_visitor visitor, void *self);

/* Is it core of the episode, or attached? */
bool account_counts(const struct account_member *member);
