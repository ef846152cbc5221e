/* The account of an episode: all that `vedette explain` says, found in the store alone.
 *
 *   store ─▶ the episode, its rule, the scene around it ─▶ members with k and K, removals, near misses
 *
 * Where the rule does not make the stored episode of the stored incidents (a report that came too late, another
 * version), the account says so. */
#pragma once

#include "cli/explain/chance.h"
#include "cli/explain/scene.h"
#include "correlator/engine/link.h"

#define NEAR_MISSES_MAX 5u
#define NEAR_SHARE_MAX  2.0         /* of reach and window: what is farther is no near miss */
#define NEAR_TESTS_MAX  200000000u  /* pairs of incident and core: where there are more, misses are not looked for */
#define LINKS_MAX       100000u     /* that are written; more are counted */
#define LINK_TESTS_MAX  2000000000u /* pairs of cores */

enum removal {
    REMOVAL_NOT_TRIED, /* a response or context, or beyond the bound */
    REMOVAL_KEEPS,     /* the episode stays flagged without it */
    REMOVAL_UNFLAGS,
};

/* What is left of an episode's cores without one member: the best part of them. */
struct removal_rest {
    bool has_core; /* false: nothing is left, the rest of it means nothing */
    bool is_flagged;
    size_t countries;
    size_t observed;
};

struct account_member {
    struct scene_item *item; /* NULL: the store does not know the incident */
    enum membership membership;
    enum removal removal;
    struct removal_rest rest;       /* of a removal that was tried */
    struct scene_item *attached_to; /* of an attached one: the core it belongs to */
};

/* Why an incident near the episode is no member of it. */
enum miss_kind {
    MISS_FAR,         /* from every core: too far, too late or too early, or both */
    MISS_ELSEWHERE,   /* near enough, but core of another episode (the caps), or attached to a nearer core */
    MISS_CATEGORY,    /* near enough, but the rule does not ask for its category … */
    MISS_COUNTRY,     /* … or leaves out where it happened */
    MISS_UNEXPLAINED, /* near enough: the stored episode is not what the rule makes of the stored incidents */
};

struct near_miss {
    struct scene_item *item;
    enum miss_kind kind;
    struct scene_item *core; /* the nearest of the episode */
    struct link link;
    double short_km;  /* how much nearer it would have to be; 0: near enough */
    int64_t short_ms; /* how much sooner or later */
    struct scene_item
        *member; /* attached, precise and its neighbour: were that a core, the incident were in; or NULL */
};

/* The nearest few, nearest first (ties: start, id). */
struct miss_list {
    struct near_miss items[NEAR_MISSES_MAX];
    size_t count;
};

struct account {
    struct arena arena;
    struct kept_list found; /* the episodes that answer to the id */
    const struct kept_episode *episode;
    struct rule rule;
    struct measure measure; /* of the rule */
    struct scene scene;
    struct chance chance;
    struct account_member *members; /* as the episode's */
    size_t member_count;
    size_t removals_tried, removals_possible;
    bool is_reproduced;           /* the rule makes the same of the stored incidents */
    bool is_wide;                 /* the scene has all that may change when one is left out */
    struct miss_list near_misses; /* of what triggers under the rule */
    struct miss_list excluded;    /* of what the rule excludes, and would be in otherwise */
    bool misses_sought;
};

/* id: an episode's, or its unique beginning. baseline: the file the episode was judged by, borrowed for the account's
 * life, or NULL: then what the store holds must do. STATUS_NOT_FOUND: no such episode, or several; STATUS_INVALID:
 * another baseline; the sentence in ret_reason. */
enum status account_open(struct account *account, struct store *store, const char *id, const struct baseline *baseline,
                         char ret_reason[256]) MUST_CHECK;
void account_close(struct account *account);

/* Visits every link between two cores of the episode, in the order of members, until the visitor answers false.
 * O(cores²) within windows; false where that is too many, and nothing was visited. */
typedef bool (*account_link_visitor)(void *self, size_t member, size_t other, const struct link *link);
bool account_links(const struct account *account, account_link_visitor visitor, void *self);

/* Is it core of the episode, or attached? */
bool account_counts(const struct account_member *member);
