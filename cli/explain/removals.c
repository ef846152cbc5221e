#include "cli/explain/removals.h"

#include <stdlib.h>

/* What a removal may touch: the cores connected with the episode's, and whatever is near them. */
struct touched {
    const struct account *account;
    struct partition *partition;
    uint32_t key;    /* of the episode's part */
    uint32_t *cores; /* of its component, ascending */
    size_t core_count;
    uint32_t *others; /* not cores, near one of them, ascending */
    size_t other_count;
    uint64_t work;  /* near pairs that one removal looks at */
    bool *was_core; /* of the episode: by node */
    struct standing *standings;
};

/* A node and the part it is in with one left out. */
struct standing {
    uint32_t key, node;
};

static bool is_near_component(const struct partition *partition, uint32_t node, uint32_t component)
{
    const uint32_t *near = graph_near(partition->graph, node);
    for (uint32_t i = 0; i < partition->graph->nodes[node].near_count; i++) {
        if (partition->is_core[near[i]] && partition->component[near[i]] == component)
            return true;
    }
    return false;
}

static enum status touched_open(struct touched *touched, const struct account *account)
{
    const struct graph *graph = account->scene.graph;
    struct partition *partition = account->scene.partition;
    size_t room = (size_t)graph->count + 1;
    *touched = (struct touched){.account = account,
                                .partition = partition,
                                .key = GRAPH_NONE,
                                .cores = calloc(room, sizeof *touched->cores),
                                .others = calloc(room, sizeof *touched->others),
                                .was_core = calloc(room, sizeof *touched->was_core),
                                .standings = calloc(room, sizeof *touched->standings)};
    if (touched->cores == NULL || touched->others == NULL || touched->was_core == NULL || touched->standings == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < account->member_count && touched->key == GRAPH_NONE; i++) {
        if (account_counts(&account->members[i]))
            touched->key = partition_key(partition, account->members[i].item->node);
    }
    uint32_t component = partition->component[touched->key];
    for (uint32_t i = 0; i < graph->count; i++) {
        if (partition->is_core[i]) {
            if (partition->component[i] != component)
                continue;
            touched->cores[touched->core_count++] = i;
            touched->was_core[i] = partition_key(partition, i) == touched->key;
            touched->work += graph->nodes[i].near_count;
            continue;
        }
        if (!is_near_component(partition, i, component))
            continue;
        /* It may be attached elsewhere now, and here with one left out. */
        touched->others[touched->other_count++] = i;
        touched->work += graph->nodes[i].near_count;
    }
    return STATUS_OK;
}

static void touched_close(struct touched *touched)
{
    free(touched->cores);
    free(touched->others);
    free(touched->was_core);
    free(touched->standings);
}

/* --- what is left --- */

static int compare_standings(const void *a, const void *b)
{
    const struct standing *one = a, *other = b;
    if (one->key != other->key)
        return one->key < other->key ? -1 : 1;
    return (one->node > other->node) - (one->node < other->node);
}

/* Everybody's part, cores and attached, as things are now. */
static size_t list_standings(const struct touched *touched)
{
    const struct partition *partition = touched->partition;
    size_t count = 0;
    for (size_t i = 0; i < touched->core_count + touched->other_count; i++) {
        uint32_t node = i < touched->core_count ? touched->cores[i] : touched->others[i - touched->core_count];
        if (partition->is_out[node])
            continue;
        uint32_t core = partition->is_core[node] ? node : partition_nearest_core(partition, node);
        if (core != GRAPH_NONE)
            touched->standings[count++] = (struct standing){partition_key(partition, core), node};
    }
    qsort(touched->standings, count, sizeof *touched->standings, compare_standings);
    return count;
}

static int compare_codes(const void *a, const void *b)
{
    const country_code *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static enum status count_countries(const struct graph *graph, const struct standing *standings, size_t count,
                                   size_t *ret_countries)
{
    size_t total = 0, distinct = 0;
    for (size_t i = 0; i < count; i++)
        total += graph->nodes[standings[i].node].incident->country_count;
    country_code *codes = calloc(total + 1, sizeof *codes);
    if (codes == NULL)
        return STATUS_NO_MEMORY;
    total = 0;
    for (size_t i = 0; i < count; i++) {
        const struct engine_incident *incident = graph->nodes[standings[i].node].incident;
        for (size_t c = 0; c < incident->country_count; c++)
            codes[total++] = incident->countries[c];
    }
    qsort(codes, total, sizeof *codes, compare_codes);
    for (size_t i = 0; i < total; i++)
        distinct += i == 0 || codes[i] != codes[i - 1];
    free(codes);
    *ret_countries = distinct;
    return STATUS_OK;
}

/* The best part that holds, as a core, somebody who was core of the episode: flagged, else with the most members. */
static enum status best_rest(const struct touched *touched, struct removal_rest *ret_rest)
{
    const struct partition *partition = touched->partition;
    const struct rule *rule = &touched->account->rule;
    size_t count = list_standings(touched), end;
    struct removal_rest best = {0};
    for (size_t begin = 0; begin < count; begin = end) {
        struct removal_rest part = {0};
        for (end = begin; end < count && touched->standings[end].key == touched->standings[begin].key; end++) {
            uint32_t node = touched->standings[end].node;
            part.has_core |= touched->was_core[node] && partition->is_core[node];
        }
        if (!part.has_core)
            continue;
        part.observed = end - begin;
        enum status status =
            count_countries(partition->graph, touched->standings + begin, end - begin, &part.countries);
        if (status != STATUS_OK)
            return status;
        part.is_flagged = part.countries >= rule->min_countries && part.observed >= rule->min_incidents;
        bool better = part.is_flagged != best.is_flagged ? part.is_flagged : part.observed > best.observed;
        if (!best.has_core || better)
            best = part;
    }
    *ret_rest = best;
    return STATUS_OK;
}

static enum status try_one(const struct touched *touched, struct account_member *member)
{
    partition_leave_out(touched->partition, member->item->node, touched->cores, touched->core_count);
    enum status status = best_rest(touched, &member->rest);
    partition_let_in(touched->partition, member->item->node, touched->cores, touched->core_count);
    member->removal = member->rest.is_flagged ? REMOVAL_KEEPS : REMOVAL_UNFLAGS;
    return status;
}

/* --- who can matter: cores that hold parts together (Tarjan's cut vertices) --- */

struct cuts {
    const struct touched *touched;
    uint32_t *order; /* of the visit, from 1; 0: not visited; by node */
    uint32_t *low;
    bool *is_candidate; /* by node */
    uint32_t visited;
};

/* Depth is at most REMOVALS_CUT_MAX. */
static void visit_core(struct cuts *cuts, uint32_t core, uint32_t parent)
{
    const struct graph *graph = cuts->touched->partition->graph;
    const uint32_t *near = graph_near(graph, core);
    size_t children = 0;
    cuts->order[core] = cuts->low[core] = ++cuts->visited;
    for (uint32_t i = 0; i < graph->nodes[core].near_count; i++) {
        uint32_t other = near[i];
        if (other == parent || !cuts->touched->was_core[other])
            continue;
        if (cuts->order[other] != 0) {
            cuts->low[core] = cuts->order[other] < cuts->low[core] ? cuts->order[other] : cuts->low[core];
            continue;
        }
        children++;
        visit_core(cuts, other, core);
        cuts->low[core] = cuts->low[other] < cuts->low[core] ? cuts->low[other] : cuts->low[core];
        cuts->is_candidate[core] |= parent != GRAPH_NONE && cuts->low[other] >= cuts->order[core];
    }
    cuts->is_candidate[core] |= parent == GRAPH_NONE && children > 1;
}

static enum status mark_cuts(const struct touched *touched, bool *is_candidate)
{
    size_t room = (size_t)touched->partition->graph->count + 1;
    struct cuts cuts = {.touched = touched,
                        .order = calloc(room, sizeof *cuts.order),
                        .low = calloc(room, sizeof *cuts.low),
                        .is_candidate = is_candidate};
    enum status status = cuts.order != NULL && cuts.low != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && touched->core_count <= REMOVALS_CUT_MAX && i < touched->core_count; i++) {
        if (touched->was_core[touched->cores[i]] && cuts.order[touched->cores[i]] == 0)
            visit_core(&cuts, touched->cores[i], GRAPH_NONE);
    }
    free(cuts.order);
    free(cuts.low);
    return status;
}

/* --- who can matter: whom a core needs to be one --- */

static void mark_needed(const struct touched *touched, bool *is_candidate)
{
    const struct partition *partition = touched->partition;
    for (size_t i = 0; i < touched->core_count; i++) {
        uint32_t core = touched->cores[i];
        const uint32_t *near = graph_near(partition->graph, core);
        if (!touched->was_core[core] || partition->neighbours[core] > partition->thresholds[core])
            continue;
        for (uint32_t n = 0; n < partition->graph->nodes[core].near_count; n++)
            is_candidate[near[n]] |= graph_are_neighbours(partition->graph, core, near[n]);
    }
}

/* --- who can matter: the only one of a country --- */

static bool has_country(const struct scene_item *item, country_code code)
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
        size_t count = 0;
        uint32_t last = 0;
        for (size_t i = 0; i < account->member_count; i++) {
            const struct account_member *member = &account->members[i];
            if (account_counts(member) && has_country(member->item, episode->countries[c])) {
                count++;
                last = member->item->node;
            }
        }
        if (count == 1)
            is_candidate[last] = true;
    }
}

static enum status mark_candidates(const struct touched *touched, bool *is_candidate)
{
    const struct account *account = touched->account;
    if (account->removals_possible <= REMOVALS_ALL_MAX &&
        account->removals_possible * touched->work <= REMOVALS_WORK_MAX) {
        memset(is_candidate, true, touched->partition->graph->count);
        return STATUS_OK;
    }
    mark_lonely(account, is_candidate);
    mark_needed(touched, is_candidate);
    return mark_cuts(touched, is_candidate);
}

static enum status try_all(const struct touched *touched, const bool *is_candidate, struct account *account)
{
    uint64_t room = REMOVALS_WORK_MAX / (touched->work + 1) + 1;
    for (size_t i = 0; i < account->member_count && account->removals_tried < room; i++) {
        struct account_member *member = &account->members[i];
        if (!account_counts(member) || !is_candidate[member->item->node])
            continue;
        enum status status = try_one(touched, member);
        if (status != STATUS_OK)
            return status;
        account->removals_tried++;
    }
    return STATUS_OK;
}

enum status removals_try(struct account *account)
{
    for (size_t i = 0; i < account->member_count; i++)
        account->removals_possible += account_counts(&account->members[i]);
    if (!account->is_reproduced || !account->is_wide || account->episode->episode.state != EPISODE_FLAGGED)
        return STATUS_OK;
    struct touched touched;
    bool *is_candidate = calloc((size_t)account->scene.graph->count + 1, sizeof *is_candidate);
    enum status status = touched_open(&touched, account);
    if (status == STATUS_OK && is_candidate == NULL)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = mark_candidates(&touched, is_candidate);
    if (status == STATUS_OK)
        status = try_all(&touched, is_candidate, account);
    touched_close(&touched);
    free(is_candidate);
    return status;
}
