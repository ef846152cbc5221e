/* A trial of incidents before the pure engine: what does the rule make of them, and what if one had not happened?
 *
 *   items ─▶ engine ─▶ which episode each is in
 *   one out ─▶ flush ─▶ is the episode still flagged?  ─▶ in again
 *
 * Incremental: leaving one out costs its neighbourhood, not the whole. */
#pragma once

#include "correlator/engine/engine.h"

#include <uthash.h>

struct trial_item {
    const struct incident *incident; /* borrowed */
    struct engine_incident engine;   /* .user is the item itself */
    uint32_t handle;
    bool is_live;       /* takes part in correlation */
    bool is_triggering; /* under the rule */
    bool is_coarse;
    char episode[EPISODE_ID_BYTES]; /* that it is core of or attached to; "" none */
    enum membership membership;     /* there */
    bool is_member;                 /* of the episode that is explained, core or attached; the caller's */
    UT_hash_handle hh;              /* by id; the caller's */
};

struct trial;

/* Borrows rule and items for its life, fills the items' episode and membership. STATUS_INVALID: the rule. */
enum status trial_new(const struct rule *rule, struct trial_item *items, size_t count,
                      struct trial **ret_trial) MUST_CHECK;
void trial_free(struct trial *trial);

/* What is left of an episode's cores without one item: the best part of them. */
struct trial_rest {
    bool has_core; /* false: nothing is left, the rest of it means nothing */
    bool is_flagged;
    size_t countries;
    uint64_t observed;
};

enum status trial_without(struct trial *trial, struct trial_item *item, const char *episode,
                          struct trial_rest *ret_rest) MUST_CHECK;
