#include "cli/explain/account.h"

#include "cli/explain/facts.h"
#include "cli/explain/lookup.h"
#include "cli/explain/misses.h"
#include "cli/explain/removals.h"
#include "proto/limits.h"

#include <stdlib.h>

#define REACH_WINDOWS 4 /* how many windows around an episode may touch it, as a first guess */

bool account_counts(const struct account_member *member)
{
    return member->membership == MEMBERSHIP_CORE || member->membership == MEMBERSHIP_ATTACHED;
}

/* --- members --- */

static enum status match_members(struct account *account)
{
    const struct episode *episode = &account->episode->episode;
    account->member_count = episode->member_count;
    account->members = arena_zero(&account->arena, (episode->member_count + 1) * sizeof *account->members);
    if (account->members == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < episode->member_count; i++) {
        struct account_member *member = &account->members[i];
        member->membership = episode->members[i].membership;
        member->item = scene_find(&account->scene, episode->members[i].incident_id);
    }
    account->is_reproduced = scene_makes(&account->scene, episode);
    account->is_wide = false;
    return STATUS_OK;
}

static enum status open_scene(struct account *account, struct store *store, int64_t back_ms, int64_t ahead_ms)
{
    const struct episode *episode = &account->episode->episode;
    int64_t margin_ms = REACH_WINDOWS * account->rule.window_ms;
    int64_t since_ms = back_ms < 0 ? LIMIT_TIME_MS_MIN : episode->first_ms - back_ms - margin_ms;
    enum status status = scene_open(&account->scene, store, &account->rule, episode->rule_hash, since_ms,
                                    episode->last_ms + ahead_ms + margin_ms);
    return status == STATUS_OK ? match_members(account) : status;
}

/* The incidents around the episode, as few as make it and its neighbours anew. Without a member what it held apart, or
 * together, may reach as far as the caps allow; and caps reach back along a chain: if need be all of the past. Where
 * there are too many for that, at least those that count for k. */
static enum status gather(struct account *account, struct store *store)
{
    static const int64_t caps_back[] = {1, 4, 16, -1};
    const struct episode *episode = &account->episode->episode;
    int64_t cap_ms = account->rule.cap_duration_ms;
    for (size_t i = 0; i < sizeof caps_back / sizeof caps_back[0]; i++) {
        enum status status = open_scene(account, store, caps_back[i] * cap_ms, cap_ms);
        if (status != STATUS_OK)
            return status;
        if (account->scene.partition == NULL)
            return open_scene(account, store, 0, 0);
        account->is_wide = true;
        bool has_all = account->is_reproduced &&
                       scene_makes_all(&account->scene, episode->first_ms - cap_ms, episode->last_ms + cap_ms);
        if (has_all || episode->state == EPISODE_WITHDRAWN)
            return STATUS_OK;
    }
    return STATUS_OK;
}

/* --- links --- */

static bool is_core(const struct account_member *member)
{
    return member->membership == MEMBERSHIP_CORE && member->item != NULL && member->item->is_live;
}

/* Members are in order of start: what begins a window after another has ended is no neighbour, nor are those behind it.
 */
static bool is_behind(const struct account *account, size_t member, size_t other)
{
    return account->members[other].item->engine.start_ms - account->members[member].item->engine.end_ms >
           account->rule.window_ms;
}

static uint64_t count_link_tests(const struct account *account)
{
    uint64_t tests = 0;
    size_t end = 0;
    for (size_t i = 0; i < account->member_count; i++) {
        if (!is_core(&account->members[i]))
            continue;
        for (end = end > i ? end : i; end < account->member_count; end++) {
            if (is_core(&account->members[end]) && is_behind(account, i, end))
                break;
        }
        tests += end - i;
    }
    return tests;
}

bool account_links(const struct account *account, account_link_visitor visitor, void *self)
{
    if (count_link_tests(account) > LINK_TESTS_MAX)
        return false;
    for (size_t i = 0; i < account->member_count; i++) {
        for (size_t j = i + 1; is_core(&account->members[i]) && j < account->member_count; j++) {
            if (!is_core(&account->members[j]))
                continue;
            if (is_behind(account, i, j))
                break;
            struct link link =
                fact_link(&account->measure, &account->members[i].item->engine, &account->members[j].item->engine);
            if (link.neighbours && !visitor(self, i, j, &link))
                return true;
        }
    }
    return true;
}

/* --- attachments: the nearest core of the episode, as the engine measures it; of equal ones the earlier --- */

static void find_attachment(const struct account *account, struct account_member *member)
{
    const struct measure *measure = &account->measure;
    uint128 least = 0;
    const struct engine_incident *own = &member->item->engine;
    for (size_t i = 0; i < account->member_count; i++) {
        if (!is_core(&account->members[i]))
            continue;
        const struct engine_incident *core = &account->members[i].item->engine;
        int64_t gap_ms =
            interval_gap(own->start_ms, measure_end(measure, own), core->start_ms, measure_end(measure, core));
        int64_t chord2 = point_chord2(own->point, core->point);
        if (gap_ms > measure->window_ms || chord2 > measure->reach2)
            continue;
        uint128 cost = measure_attachment(measure, chord2, gap_ms);
        if (member->attached_to == NULL || cost < least) {
            member->attached_to = account->members[i].item;
            least = cost;
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

/* --- chance --- */

static enum status measure_chance(struct account *account)
{
    if (account->rule.baseline == NULL)
        return STATUS_OK;
    struct point *places = calloc(account->member_count + 1, sizeof *places);
    size_t count = 0;
    if (places == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        if (account_counts(member) && member->item != NULL && member->item->is_live)
            places[count++] = member->item->engine.point;
    }
    enum status status = STATUS_OK;
    if (count > 0)
        status = chance_measure(account->rule.baseline, &account->episode->episode, places, count, &account->chance);
    free(places);
    return status;
}

/* --- all of it --- */

static enum status find(struct account *account, struct store *store, const char *id, const struct baseline *baseline,
                        char reason[256])
{
    enum status status = lookup_episode(store, id, &account->found, &account->episode, reason);
    if (status != STATUS_OK)
        return status;
    const struct episode *episode = &account->episode->episode;
    status = lookup_rule(store, episode->rule, episode->rule_hash, &account->arena, &account->rule, reason);
    if (status == STATUS_OK)
        status = measure_init(&account->measure, &account->rule);
    if (status == STATUS_OK)
        status = chance_baseline(baseline, episode, &account->rule.baseline, reason);
    return status;
}

enum status account_open(struct account *account, struct store *store, const char *id, const struct baseline *baseline,
                         char ret_reason[256])
{
    *account = (struct account){0};
    arena_init(&account->arena, SIZE_MAX);
    account->found.arena = &account->arena;
    enum status status = find(account, store, id, baseline, ret_reason);
    if (status == STATUS_OK)
        status = gather(account, store);
    if (status == STATUS_OK) {
        find_attachments(account);
        misses_find(account);
        status = measure_chance(account);
    }
    if (status == STATUS_OK)
        status = removals_try(account);
    if (status != STATUS_OK)
        account_close(account);
    return status;
}

void account_close(struct account *account)
{
    scene_close(&account->scene);
    kept_list_fini(&account->found);
    arena_fini(&account->arena);
}
