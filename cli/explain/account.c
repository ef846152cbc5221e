#include "cli/explain/account.h"

#include "cli/explain/removals.h"
#include "cli/nearness.h"
#include "correlator/rule_config.h"
#include "proto/limits.h"

#include <stdio.h>
#include <stdlib.h>

#define NEAR_SHARE_MAX 2.0 /* of the limits: what is farther is no near miss */
#define REACH_WINDOWS  4   /* how many windows around an episode may touch it, as a first guess */

bool account_counts(const struct account_member *member)
{
    return member->membership == MEMBERSHIP_CORE || member->membership == MEMBERSHIP_ATTACHED;
}

/* --- from the store --- */

static enum status find_episode(struct account *account, struct store *store, const char *id, char reason[256])
{
    const struct store_filter filter = {.with_candidates = true, .with_withdrawn = true, .id = span_of(id)};
    account->found.arena = &account->arena;
    enum status status = store_episodes(store, &filter, kept_list_visit, &account->found);
    if (status != STATUS_OK)
        return status;
    /* An id that is another's beginning is still an id. */
    for (size_t i = 0; i < account->found.count; i++) {
        if (span_equal(account->found.episodes[i]->episode.id, span_of(id)))
            account->episode = account->found.episodes[i];
    }
    if (account->episode == NULL && account->found.count == 1)
        account->episode = account->found.episodes[0];
    if (account->episode != NULL)
        return STATUS_OK;
    if (account->found.count == 0)
        (void)snprintf(reason, 256, "there is no episode whose id begins with \"%.100s\"", id);
    else
        (void)snprintf(reason, 256, "%zu episodes begin with \"%.60s\": %.*s, %.*s%s", account->found.count, id,
                       SPAN_ARG(account->found.episodes[0]->episode.id),
                       SPAN_ARG(account->found.episodes[1]->episode.id), account->found.count > 2 ? " …" : "");
    return STATUS_NOT_FOUND;
}

struct rule_search {
    struct account *account;
    bool found;
};

static enum status visit_rule(void *self, const struct published_rule *published)
{
    struct rule_search *search = self;
    const struct episode *episode = &search->account->episode->episode;
    if (search->found || !span_equal(published->name, episode->rule) ||
        !span_equal(published->hash, episode->rule_hash))
        return STATUS_OK;
    struct span json = arena_copy(&search->account->arena, published->json);
    if (json.data == NULL)
        return STATUS_NO_MEMORY;
    enum status status = rule_from_json(json, &search->account->arena, &search->account->rule);
    search->found = status == STATUS_OK;
    return status == STATUS_NO_MEMORY ? status : STATUS_OK;
}

static enum status find_rule(struct account *account, struct store *store, char reason[256])
{
    struct rule_search search = {.account = account};
    enum status status = store_rules(store, visit_rule, &search);
    if (status == STATUS_OK && !search.found) {
        (void)snprintf(reason, 256, "the store does not hold the rule \"%.*s\" (%.*s) the episode was made by",
                       SPAN_ARG(account->episode->episode.rule), SPAN_ARG(account->episode->episode.rule_hash));
        status = STATUS_NOT_FOUND;
    }
    return status;
}

static enum status visit_incident(void *self, const struct incident *incident, const struct span *episode_ids,
                                  size_t episode_count)
{
    (void)episode_ids, (void)episode_count;
    struct account *account = self;
    if (account->item_count == account->item_room) {
        size_t room = account->item_room > 0 ? account->item_room * 2 : 256;
        struct trial_item *items = realloc(account->items, room * sizeof *items);
        if (items == NULL)
            return STATUS_NO_MEMORY;
        account->items = items;
        account->item_room = room;
    }
    struct trial_item item = {.incident = keep_incident(&account->arena, incident)};
    if (item.incident == NULL)
        return STATUS_NO_MEMORY;
    item.is_live = incident_is_live(item.incident);
    if (item.is_live && !engine_incident_from(item.incident, &account->arena, &item.engine))
        return STATUS_NO_MEMORY;
    account->items[account->item_count++] = item;
    return STATUS_OK;
}

/* The incidents of a time, or all, before the engine. */
static enum status try_incidents(struct account *account, struct store *store, int64_t since_ms, int64_t until_ms)
{
    struct store_filter filter = {
        .with_candidates = true, .with_withdrawn = true, .since_ms = since_ms, .until_ms = until_ms};
    trial_free(account->trial);
    account->trial = NULL;
    HASH_CLEAR(hh, account->by_id);
    account->item_count = 0;
    enum status status = store_incidents(store, &filter, visit_incident, account);
    if (status == STATUS_OK)
        status = trial_new(&account->rule, account->items, account->item_count, &account->trial);
    /* Only now: the items no longer move. */
    for (size_t i = 0; status == STATUS_OK && i < account->item_count; i++) {
        struct trial_item *item = &account->items[i];
        HASH_ADD_KEYPTR(hh, account->by_id, item->incident->id.data, item->incident->id.size, item);
    }
    return status;
}

/* --- members --- */

static struct trial_item *find_item(const struct account *account, struct span id)
{
    struct trial_item *item = NULL;
    HASH_FIND(hh, account->by_id, id.data, id.size, item);
    return item;
}

static bool is_as_stored(const struct account *account, const struct account_member *member)
{
    const struct episode *episode = &account->episode->episode;
    return member->item != NULL && span_equal(span_of(member->item->episode), episode->id) &&
           member->item->membership == member->membership;
}

static size_t count_in_episode(const struct account *account)
{
    size_t count = 0;
    for (size_t i = 0; i < account->item_count; i++)
        count += span_equal(span_of(account->items[i].episode), account->episode->episode.id);
    return count;
}

static enum status match_members(struct account *account)
{
    const struct episode *episode = &account->episode->episode;
    size_t counted = 0;
    account->member_count = episode->member_count;
    account->members = arena_zero(&account->arena, (episode->member_count + 1) * sizeof *account->members);
    if (account->members == NULL)
        return STATUS_NO_MEMORY;
    account->is_reproduced = episode->state != EPISODE_WITHDRAWN && episode->members_omitted == 0;
    for (size_t i = 0; i < episode->member_count; i++) {
        struct account_member *member = &account->members[i];
        member->membership = episode->members[i].membership;
        member->item = find_item(account, episode->members[i].incident_id);
        if (!account_counts(member))
            continue;
        counted++;
        if (member->item != NULL)
            member->item->is_member = true;
        account->is_reproduced &= is_as_stored(account, member);
    }
    account->is_reproduced &= counted == count_in_episode(account);
    return STATUS_OK;
}

/* The incidents around the episode, as few as make it anew. Caps reach back along a chain: if need be all of the past.
 */
static enum status gather(struct account *account, struct store *store)
{
    static const int64_t caps_back[] = {0, 1, 4, 16};
    const struct episode *episode = &account->episode->episode;
    const struct rule *rule = &account->rule;
    int64_t after_ms = episode->last_ms + REACH_WINDOWS * rule->window_ms;
    for (size_t i = 0; i < sizeof caps_back / sizeof caps_back[0]; i++) {
        int64_t back_ms = REACH_WINDOWS * rule->window_ms + caps_back[i] * rule->cap_duration_ms;
        enum status status = try_incidents(account, store, episode->first_ms - back_ms, after_ms);
        if (status == STATUS_OK)
            status = match_members(account);
        if (status != STATUS_OK || account->is_reproduced || episode->state == EPISODE_WITHDRAWN)
            return status;
    }
    enum status status = try_incidents(account, store, LIMIT_TIME_MS_MIN, after_ms);
    return status == STATUS_OK ? match_members(account) : status;
}

/* --- links --- */

static bool is_core(const struct account_member *member)
{
    return member->membership == MEMBERSHIP_CORE && member->item != NULL && member->item->is_live;
}

void account_links(const struct account *account, account_link_visitor visitor, void *self)
{
    for (size_t i = 0; i < account->member_count; i++) {
        for (size_t j = i + 1; is_core(&account->members[i]) && j < account->member_count; j++) {
            struct link link;
            if (!is_core(&account->members[j]))
                continue;
            const struct engine_incident *a = &account->members[i].item->engine, *b = &account->members[j].item->engine;
            /* Members are in order of start: what begins a window after this one ended is no neighbour, nor are those
             * behind it. */
            if (b->start_ms - a->end_ms > account->rule.window_ms)
                break;
            if (link_between(&account->rule, a, b, &link) == STATUS_OK && link.neighbours)
                visitor(self, i, j, &link);
        }
    }
}

/* The core it is attached to: distance and time together least. Equal ones: the earlier member. */
static void find_attachment(struct account *account, struct account_member *member)
{
    double nearest = 0;
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *core = &account->members[i];
        struct link link;
        if (!is_core(core) ||
            link_between(&account->rule, &member->item->engine, &core->item->engine, &link) != STATUS_OK ||
            !link.within)
            continue;
        double sum = link.distance_share * link.distance_share + link.time_share * link.time_share;
        if (member->attached_to == NULL || sum < nearest) {
            member->attached_to = core->item;
            nearest = sum;
        }
    }
}

static void find_attachments(struct account *account)
{
    for (size_t i = 0; i < account->member_count; i++) {
        struct account_member *member = &account->members[i];
        if (member->membership == MEMBERSHIP_ATTACHED && member->item != NULL && member->item->is_live)
            find_attachment(account, member);
    }
}

/* --- near misses --- */

static double link_share(const struct link *link)
{
    return link->distance_share > link->time_share ? link->distance_share : link->time_share;
}

/* How far it is from the nearest core of the episode. */
static bool measure_miss(const struct account *account, struct trial_item *item, struct near_miss *ret_miss)
{
    struct near_miss miss = {.item = item};
    for (size_t i = 0; i < account->member_count; i++) {
        struct link link;
        if (!is_core(&account->members[i]) ||
            link_between(&account->rule, &item->engine, &account->members[i].item->engine, &link) != STATUS_OK)
            continue;
        if (miss.core == NULL || link_share(&link) < link_share(&miss.link)) {
            miss.core = account->members[i].item;
            miss.link = link;
        }
    }
    if (miss.core == NULL)
        return false;
    double short_km = miss.link.distance_km - account->rule.reach_km;
    int64_t short_ms = miss.link.gap_ms - account->rule.window_ms;
    miss.short_km = miss.link.distance_share > 1 && short_km > 0 ? short_km : 0;
    miss.short_ms = short_ms > 0 ? short_ms : 0;
    *ret_miss = miss;
    return true;
}

/* Keeps the nearest few, in order. */
static void add_miss(struct account *account, const struct near_miss *miss)
{
    size_t at = account->near_miss_count;
    while (at > 0 && link_share(&miss->link) < link_share(&account->near_misses[at - 1].link))
        at--;
    if (at == NEAR_MISSES_MAX)
        return;
    if (account->near_miss_count < NEAR_MISSES_MAX)
        account->near_miss_count++;
    for (size_t i = account->near_miss_count - 1; i > at; i--)
        account->near_misses[i] = account->near_misses[i - 1];
    account->near_misses[at] = *miss;
}

static void find_near_misses(struct account *account)
{
    const struct episode *episode = &account->episode->episode;
    int64_t margin_ms = (int64_t)NEAR_SHARE_MAX * account->rule.window_ms;
    for (size_t i = 0; i < account->item_count; i++) {
        struct trial_item *item = &account->items[i];
        struct near_miss miss;
        bool is_candidate = item->is_live && item->is_triggering && !item->is_member &&
                            item->engine.start_ms <= episode->last_ms + margin_ms &&
                            item->engine.end_ms >= episode->first_ms - margin_ms;
        if (is_candidate && measure_miss(account, item, &miss) && link_share(&miss.link) <= NEAR_SHARE_MAX)
            add_miss(account, &miss);
    }
}

enum status account_open(struct account *account, struct store *store, const char *id, char ret_reason[256])
{
    *account = (struct account){0};
    arena_init(&account->arena, SIZE_MAX);
    enum status status = find_episode(account, store, id, ret_reason);
    if (status == STATUS_OK)
        status = find_rule(account, store, ret_reason);
    if (status == STATUS_OK)
        status = gather(account, store);
    if (status == STATUS_OK) {
        find_attachments(account);
        find_near_misses(account);
        status = removals_try(account);
    }
    if (status != STATUS_OK)
        account_close(account);
    return status;
}

void account_close(struct account *account)
{
    trial_free(account->trial);
    account->trial = NULL;
    HASH_CLEAR(hh, account->by_id);
    free(account->items);
    account->items = NULL;
    kept_list_fini(&account->found);
    arena_fini(&account->arena);
}
