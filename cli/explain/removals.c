#include "cli/explain/removals.h"

#include <stdlib.h>

/* --- cores that hold parts together: Tarjan's cut vertices, O(cores²) link tests --- */

struct cuts {
    const struct account *account;
    size_t *cores; /* indices of members */
    size_t count;
    size_t *order; /* of the visit, from 1; 0: not visited */
    size_t *low;
    bool *is_cut;
    size_t visited;
};

static bool are_neighbours(const struct cuts *cuts, size_t a, size_t b)
{
    const struct account *account = cuts->account;
    struct link link;
    return link_between(&account->rule, &account->members[cuts->cores[a]].item->engine,
                        &account->members[cuts->cores[b]].item->engine, &link) == STATUS_OK &&
           link.neighbours;
}

/* Depth is at most REMOVALS_CUT_MAX. */
static void visit_core(struct cuts *cuts, size_t core, size_t parent)
{
    size_t children = 0;
    cuts->order[core] = cuts->low[core] = ++cuts->visited;
    for (size_t other = 0; other < cuts->count; other++) {
        if (other == core || other == parent || !are_neighbours(cuts, core, other))
            continue;
        if (cuts->order[other] != 0) {
            cuts->low[core] = cuts->order[other] < cuts->low[core] ? cuts->order[other] : cuts->low[core];
            continue;
        }
        children++;
        visit_core(cuts, other, core);
        cuts->low[core] = cuts->low[other] < cuts->low[core] ? cuts->low[other] : cuts->low[core];
        cuts->is_cut[core] |= parent != SIZE_MAX && cuts->low[other] >= cuts->order[core];
    }
    cuts->is_cut[core] |= parent == SIZE_MAX && children > 1;
}

static size_t list_cores(const struct account *account, size_t *ret_cores)
{
    size_t count = 0;
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        if (member->membership == MEMBERSHIP_CORE && member->item != NULL && member->item->is_live)
            ret_cores[count++] = i;
    }
    return count;
}

static enum status mark_cuts(const struct account *account, bool *is_candidate)
{
    size_t room = account->member_count + 1;
    struct cuts cuts = {.account = account,
                        .cores = calloc(room, sizeof *cuts.cores),
                        .order = calloc(room, sizeof *cuts.order),
                        .low = calloc(room, sizeof *cuts.low),
                        .is_cut = calloc(room, sizeof *cuts.is_cut)};
    enum status status = STATUS_NO_MEMORY;
    if (cuts.cores != NULL && cuts.order != NULL && cuts.low != NULL && cuts.is_cut != NULL) {
        status = STATUS_OK;
        cuts.count = list_cores(account, cuts.cores);
        for (size_t i = 0; i < cuts.count && cuts.count <= REMOVALS_CUT_MAX; i++) {
            if (cuts.order[i] == 0)
                visit_core(&cuts, i, SIZE_MAX);
        }
        for (size_t i = 0; i < cuts.count; i++)
            is_candidate[cuts.cores[i]] |= cuts.is_cut[i];
    }
    free(cuts.cores);
    free(cuts.order);
    free(cuts.low);
    free(cuts.is_cut);
    return status;
}

/* --- the only one of a country --- */

static bool has_country(const struct trial_item *item, country_code code)
{
    for (size_t i = 0; i < item->engine.country_count; i++) {
        if (item->engine.countries[i] == code)
            return true;
    }
    return false;
}

static void mark_lonely(const struct account *account, bool *is_candidate)
{
    const struct episode *episode = &account->episode->episode;
    for (size_t c = 0; c < episode->country_count; c++) {
        size_t count = 0, last = 0;
        for (size_t i = 0; i < account->member_count; i++) {
            const struct account_member *member = &account->members[i];
            if (account_counts(member) && member->item != NULL && has_country(member->item, episode->countries[c])) {
                count++;
                last = i;
            }
        }
        if (count == 1)
            is_candidate[last] = true;
    }
}

static enum status mark_candidates(const struct account *account, bool *is_candidate)
{
    bool all = account->removals_possible <= REMOVALS_ALL_MAX &&
               account->removals_possible * account->item_count <= REMOVALS_WORK_MAX;
    if (all) {
        for (size_t i = 0; i < account->member_count; i++)
            is_candidate[i] = true;
        return STATUS_OK;
    }
    mark_lonely(account, is_candidate);
    return mark_cuts(account, is_candidate);
}

static enum status try_all(struct account *account, const bool *is_candidate)
{
    /* Terminated: the episode's own id is a span. */
    struct span id = arena_copy(&account->arena, account->episode->episode.id);
    if (id.data == NULL)
        return STATUS_NO_MEMORY;
    size_t room = REMOVALS_WORK_MAX / (account->item_count + 1) + 1;
    for (size_t i = 0; i < account->member_count && account->removals_tried < room; i++) {
        struct account_member *member = &account->members[i];
        if (!is_candidate[i] || !account_counts(member))
            continue;
        enum status status = trial_without(account->trial, member->item, id.data, &member->rest);
        if (status != STATUS_OK)
            return status;
        member->removal = member->rest.is_flagged ? REMOVAL_KEEPS : REMOVAL_UNFLAGS;
        account->removals_tried++;
    }
    return STATUS_OK;
}

enum status removals_try(struct account *account)
{
    for (size_t i = 0; i < account->member_count; i++)
        account->removals_possible += account_counts(&account->members[i]);
    if (!account->is_reproduced || account->episode->episode.state != EPISODE_FLAGGED)
        return STATUS_OK;
    bool *is_candidate = calloc(account->member_count + 1, sizeof *is_candidate);
    if (is_candidate == NULL)
        return STATUS_NO_MEMORY;
    enum status status = mark_candidates(account, is_candidate);
    if (status == STATUS_OK)
        status = try_all(account, is_candidate);
    free(is_candidate);
    return status;
}
