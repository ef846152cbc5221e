/* Why not, of a response, consequence or context: they are shown beside flagged episodes that share a country with them
 * and that they overlap. */
#include "cli/explain/facts.h"
#include "cli/explain/inquiry.h"
#include "cli/wording.h"
#include "proto/limits.h"

#include <stdlib.h>

/* What an episode has of what it takes. */
struct company_test {
    bool shares, overlaps, is_told_after;
    country_code codes[LIMIT_COUNTRIES];
    size_t code_count;
};

static bool has_code(const country_code *codes, size_t count, country_code code)
{
    for (size_t i = 0; i < count; i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

/* A context shares what the episode's members touch, others what the episode counts. */
static bool episode_has(const struct inquiry *inquiry, const struct episode *episode, country_code code)
{
    if (inquiry->item->engine.role != ROLE_CONTEXT)
        return has_code(episode->countries, episode->country_count, code);
    for (size_t i = 0; i < episode->member_count; i++) {
        const struct episode_member *member = &episode->members[i];
        const struct scene_item *item = scene_find(inquiry->scene, member->incident_id);
        if (item != NULL && (member->membership == MEMBERSHIP_CORE || member->membership == MEMBERSHIP_ATTACHED) &&
            has_code(item->engine.touched_countries, item->engine.touched_country_count, code))
            return true;
    }
    return false;
}

static struct company_test test_episode(const struct inquiry *inquiry, const struct episode *episode)
{
    const struct engine_incident *engine = &inquiry->item->engine;
    bool is_context = engine->role == ROLE_CONTEXT;
    const country_code *codes = is_context ? engine->touched_countries : engine->countries;
    size_t count = is_context ? engine->touched_country_count : engine->country_count;
    int64_t until_ms = episode->last_ms + (is_context ? 0 : inquiry->scene->rule.window_ms);
    struct company_test test = {
        .overlaps = engine->start_ms <= until_ms && engine->end_ms >= episode->first_ms,
        .is_told_after =
            is_context || engine->reported_at_ms == TIME_NONE || engine->reported_at_ms >= episode->first_ms,
    };
    for (size_t i = 0; i < count && test.code_count < LIMIT_COUNTRIES; i++) {
        if (episode_has(inquiry, episode, codes[i]))
            test.codes[test.code_count++] = codes[i];
    }
    test.shares = test.code_count > 0;
    return test;
}

/* --- one episode --- */

static void ask_shared(struct inquiry *inquiry, const struct episode *episode, const struct company_test *test)
{
    char shared[WORDS_BYTES], theirs[WORDS_BYTES];
    words_countries(test->codes, test->code_count, ", ", shared, sizeof shared);
    words_countries(episode->countries, episode->country_count, ", ", theirs, sizeof theirs);
    text_append(&inquiry->numbers, SPAN(",\"shares\":"));
    json_countries(&inquiry->numbers, test->codes, test->code_count);
    inquiry_say(inquiry, CONDITION_SHARED, CONDITION_DECIDES, test->shares,
                test->shares ? "it shares %s with it" : "it shares none of %s", test->shares ? shared : theirs);
}

static void ask_time(struct inquiry *inquiry, const struct episode *episode, const struct company_test *test)
{
    const struct engine_incident *engine = &inquiry->item->engine;
    int64_t window_ms = engine->role == ROLE_CONTEXT ? 0 : inquiry->scene->rule.window_ms;
    int64_t early_ms = episode->first_ms - engine->end_ms, late_ms = engine->start_ms - episode->last_ms - window_ms;
    char by[DURATION_TEXT_BYTES];
    early_ms = early_ms > 0 ? early_ms : 0;
    late_ms = late_ms > 0 ? late_ms : 0;
    duration_words(early_ms > 0 ? early_ms : late_ms, by);
    text_print(&inquiry->numbers, ",\"early_ms\":%lld,\"late_ms\":%lld,\"window_ms\":%lld", (long long)early_ms,
               (long long)late_ms, (long long)window_ms);
    if (test->overlaps)
        inquiry_say(inquiry, CONDITION_TIME, CONDITION_DECIDES, true, "it is within its span%s",
                    window_ms > 0 ? ", lengthened by a window" : "");
    else
        inquiry_say(inquiry, CONDITION_TIME, CONDITION_DECIDES, false,
                    early_ms > 0 ? "it ended %s before the first incident"
                                 : "it began %s later than the last incident allows",
                    by);
}

static void ask_reported(struct inquiry *inquiry, const struct episode *episode, const struct company_test *test)
{
    int64_t before_ms = test->is_told_after ? 0 : episode->first_ms - inquiry->item->engine.reported_at_ms;
    char by[DURATION_TEXT_BYTES];
    duration_words(before_ms, by);
    text_print(&inquiry->numbers, ",\"before_ms\":%lld", (long long)before_ms);
    if (test->is_told_after)
        inquiry_say(inquiry, CONDITION_REPORTED, CONDITION_DECIDES, true, "it was not told before the span began");
    else
        inquiry_say(inquiry, CONDITION_REPORTED, CONDITION_DECIDES, false,
                    "it was told %s before the first incident: it answers something else", by);
}

static void ask_flagged(struct inquiry *inquiry, const struct episode *episode)
{
    bool holds = episode->state == EPISODE_FLAGGED;
    text_print(&inquiry->numbers, ",\"state\":\"%s\"", episode_state_name(episode->state));
    inquiry_say(inquiry, CONDITION_FLAGGED, CONDITION_DECIDES, holds, "the episode is %s",
                episode_state_name(episode->state));
}

static void ask_one(struct inquiry *inquiry, const struct episode *episode)
{
    struct company_test test = test_episode(inquiry, episode);
    ask_shared(inquiry, episode, &test);
    ask_time(inquiry, episode, &test);
    ask_reported(inquiry, episode, &test);
    ask_flagged(inquiry, episode);
}

/* --- any: the flagged episodes around it, counted by what they lack --- */

static void ask_any(struct inquiry *inquiry)
{
    const struct scene *scene = inquiry->scene;
    size_t flagged = 0, sharing = 0, overlapping = 0, told = 0;
    for (size_t i = 0; i < scene->episode_count; i++) {
        if (scene->episodes[i]->state != EPISODE_FLAGGED)
            continue;
        struct company_test test = test_episode(inquiry, scene->episodes[i]);
        flagged++;
        overlapping += test.overlaps;
        sharing += test.overlaps && test.shares;
        told += test.overlaps && test.shares && test.is_told_after;
    }
    char episodes[WORDS_BYTES];
    text_print(&inquiry->numbers, ",\"flagged\":%zu,\"overlapping\":%zu", flagged, overlapping);
    words_count(overlapping, "flagged episode overlaps", "flagged episodes overlap", episodes);
    inquiry_say(inquiry, CONDITION_TIME, CONDITION_DECIDES, overlapping > 0, "%s it%s",
                overlapping > 0 ? episodes : "no flagged episode overlaps",
                inquiry->item->engine.role == ROLE_CONTEXT ? "" : ", with a window at the end");
    if (overlapping == 0)
        return;
    text_print(&inquiry->numbers, ",\"sharing\":%zu", sharing);
    inquiry_say(inquiry, CONDITION_SHARED, CONDITION_DECIDES, sharing > 0, "%zu of them %s a country with it", sharing,
                sharing == 1 ? "shares" : "share");
    if (sharing == 0)
        return;
    text_print(&inquiry->numbers, ",\"told_after\":%zu", told);
    inquiry_say(inquiry, CONDITION_REPORTED, CONDITION_DECIDES, told > 0, "%zu of these had begun when it was told",
                told);
}

void inquiry_company(struct inquiry *inquiry)
{
    if (inquiry->target != NULL)
        ask_one(inquiry, inquiry->target);
    else
        ask_any(inquiry);
}
