#include "cli/explain/whynot.h"

#include "cli/explain/facts.h"
#include "cli/explain/inquiry.h"
#include "cli/wording.h"
#include "proto/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *condition_name(enum condition_kind kind)
{
    static const char *const names[] = {
#define X(name, text, question) [CONDITION_##name] = text,
        CONDITION_LIST(X)
#undef X
    };
    return names[kind];
}

const char *condition_question(enum condition_kind kind)
{
    static const char *const questions[] = {
#define X(name, text, question) [CONDITION_##name] = question,
        CONDITION_LIST(X)
#undef X
    };
    return questions[kind];
}

void inquiry_say(struct inquiry *inquiry, enum condition_kind kind, enum condition_weight weight, bool holds,
                 const char *format, ...)
{
    struct whynot_rule *answer = inquiry->answer;
    char words[768];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    struct condition condition = {.kind = kind, .weight = weight, .holds = holds};
    condition.words = arena_copy(inquiry->arena, span_of(words));
    condition.numbers = arena_copy(
        inquiry->arena, (struct span){inquiry->numbers.size > 0 ? inquiry->numbers.data : "", inquiry->numbers.size});
    inquiry->failed |= condition.words.data == NULL || condition.numbers.data == NULL || inquiry->numbers.failed;
    text_clear(&inquiry->numbers);
    if (answer->condition_count < CONDITION_COUNT)
        answer->conditions[answer->condition_count++] = condition;
}

/* --- does it match the rule? --- */

static bool ask_live(struct inquiry *inquiry)
{
    const struct report *best = &inquiry->item->incident->reports[0];
    text_print(&inquiry->numbers, ",\"status\":\"%s\"", report_status_name(best->status));
    if (best->status == REPORT_RETRACTED)
        inquiry_say(inquiry, CONDITION_LIVE, CONDITION_DECIDES, false, "its source took it back (retracted)");
    else if (best->status == REPORT_EXPLAINED)
        inquiry_say(inquiry, CONDITION_LIVE, CONDITION_DECIDES, false,
                    "it happened, but was not what it seemed (explained)");
    else if (!inquiry->item->is_live)
        inquiry_say(inquiry, CONDITION_LIVE, CONDITION_DECIDES, false, "it has no place or no time");
    else
        inquiry_say(inquiry, CONDITION_LIVE, CONDITION_DECIDES, true, "it is %s", report_status_name(best->status));
    return inquiry->item->is_live;
}

static bool ask_role(struct inquiry *inquiry)
{
    enum role role = inquiry->item->engine.role;
    text_print(&inquiry->numbers, ",\"role\":\"%s\"", role_name(role));
    bool holds = role == ROLE_TRIGGER;
    if (holds)
        inquiry_say(inquiry, CONDITION_ROLE, CONDITION_DECIDES, true, "its role is trigger");
    else
        inquiry_say(inquiry, CONDITION_ROLE, CONDITION_TELLS, false,
                    "its role is %s: it is shown beside flagged episodes, and makes none", role_name(role));
    return holds;
}

static bool ask_category(struct inquiry *inquiry)
{
    enum category category = inquiry->item->engine.category;
    bool holds = (inquiry->scene->rule.categories >> category & 1) != 0;
    text_print(&inquiry->numbers, ",\"category\":\"%s\"", category_name(category));
    inquiry_say(inquiry, CONDITION_CATEGORY, CONDITION_DECIDES, holds,
                holds ? "the rule asks for %s" : "the rule does not ask for %s", category_name(category));
    return holds;
}

static bool ask_country(struct inquiry *inquiry)
{
    const struct rule *rule = &inquiry->scene->rule;
    const struct engine_incident *engine = &inquiry->item->engine;
    char own[WORDS_BYTES], only[WORDS_BYTES], except[WORDS_BYTES];
    struct measure measure;
    words_countries(engine->countries, engine->country_count, ", ", own, sizeof own);
    words_countries(rule->only_countries, rule->only_count, ", ", only, sizeof only);
    words_countries(rule->except_countries, rule->except_count, ", ", except, sizeof except);
    text_append(&inquiry->numbers, SPAN(",\"countries\":"));
    json_countries(&inquiry->numbers, engine->countries, engine->country_count);
    struct engine_incident asked = *engine;
    /* Of any category: that is another question. */
    struct rule of_all = *rule;
    of_all.categories = ~(category_set)0;
    bool holds = measure_init(&measure, &of_all) == STATUS_OK && measure_triggers(&measure, &asked);
    const char *place = engine->country_count > 0 ? own : "no country";
    if (!holds && rule->only_count > 0 &&
        !countries_share(engine->countries, engine->country_count, rule->only_countries, rule->only_count))
        inquiry_say(inquiry, CONDITION_COUNTRY, CONDITION_DECIDES, false,
                    "it happened in %s, and the rule is for %s only", place, only);
    else if (!holds)
        inquiry_say(inquiry, CONDITION_COUNTRY, CONDITION_DECIDES, false,
                    "it happened in %s alone, which the rule leaves out (%s)", place, except);
    else
        inquiry_say(inquiry, CONDITION_COUNTRY, CONDITION_DECIDES, true, "it happened in %s", place);
    return holds;
}

static void ask(struct inquiry *inquiry)
{
    if (inquiry->target != NULL && inquiry->target->state == EPISODE_WITHDRAWN) {
        const struct episode *gone = inquiry->target;
        inquiry_say(inquiry, CONDITION_PUBLISHED, CONDITION_DECIDES, false, "the episode was withdrawn%s%.*s",
                    gone->superseded_by.size > 0 ? ", its members are in " : "",
                    gone->superseded_by.size > 0 ? (int)gone->superseded_by.size : 0,
                    gone->superseded_by.size > 0 ? gone->superseded_by.data : "");
        return;
    }
    if (!ask_live(inquiry))
        return;
    if (!ask_role(inquiry)) {
        inquiry_company(inquiry);
        return;
    }
    bool matches = ask_category(inquiry);
    matches &= ask_country(inquiry);
    if (matches)
        inquiry_trigger(inquiry);
}

/* --- the scene around it --- */

static enum status gather(const struct whynot *whynot, struct store *store, struct whynot_rule *answer,
                          struct scene *scene)
{
    static const int64_t caps_back[] = {0, 1, 4, 16, -1};
    const struct occurred *occurred = &whynot->found.incident->reports[0].occurred;
    const struct rule *rule = &answer->rule;
    int64_t from_ms = occurred->start_ms - 2 * rule->window_ms, to_ms = occurred->end_ms + 2 * rule->window_ms;
    if (whynot->target != NULL) {
        const struct episode *target = &whynot->target->episode;
        from_ms = target->first_ms < from_ms ? target->first_ms : from_ms;
        to_ms = target->last_ms > to_ms ? target->last_ms : to_ms;
    }
    /* An episode that begins around it may last as long as the cap allows. */
    int64_t until_ms = to_ms + REACH_WINDOWS * rule->window_ms + rule->cap_duration_ms;
    for (size_t i = 0; i < sizeof caps_back / sizeof caps_back[0]; i++) {
        int64_t back_ms = REACH_WINDOWS * rule->window_ms + caps_back[i] * rule->cap_duration_ms;
        int64_t since_ms = caps_back[i] < 0 ? LIMIT_TIME_MS_MIN : from_ms - back_ms;
        enum status status = scene_open(scene, store, rule, answer->hash, since_ms, until_ms);
        if (status != STATUS_OK)
            return status;
        answer->is_reproduced = scene_makes_all(scene, from_ms, to_ms);
        if (answer->is_reproduced || scene->partition == NULL)
            return STATUS_OK;
    }
    return STATUS_OK;
}

static const struct episode *find_target(const struct whynot *whynot, const struct scene *scene)
{
    if (whynot->target == NULL)
        return NULL;
    for (size_t i = 0; i < scene->episode_count; i++) {
        if (span_equal(scene->episodes[i]->id, whynot->target->episode.id))
            return scene->episodes[i];
    }
    return &whynot->target->episode;
}

/* The episode that it is in; of several, as a response may be, the one asked about, else the first. */
static void find_episode(const struct inquiry *inquiry, struct whynot_rule *answer)
{
    const struct scene *scene = inquiry->scene;
    for (size_t i = 0; i < scene->episode_count; i++) {
        const struct episode *episode = scene->episodes[i];
        for (size_t m = 0; m < episode->member_count; m++) {
            bool is_target = inquiry->target == episode;
            if (!span_equal(episode->members[m].incident_id, inquiry->item->incident->id) ||
                (answer->episode.size > 0 && !is_target))
                continue;
            answer->episode = arena_copy(inquiry->arena, episode->id);
            answer->membership = episode->members[m].membership;
            answer->is_flagged = episode->state == EPISODE_FLAGGED;
            answer->is_in = inquiry->target == NULL ? answer->is_flagged : is_target;
        }
    }
}

/* What has no place or time is in no scene. */
static enum status ask_bare(const struct whynot *whynot, struct whynot_rule *answer)
{
    struct scene_item item = {.incident = whynot->found.incident, .node = GRAPH_NONE};
    struct inquiry inquiry = {.arena = (struct arena *)&whynot->arena, .item = &item, .answer = answer};
    (void)ask_live(&inquiry);
    text_fini(&inquiry.numbers);
    return inquiry.failed ? STATUS_NO_MEMORY : STATUS_OK;
}

/* The baseline given must be one that judged an episode around the incident, where any did. */
static enum status check_baseline(const struct whynot *whynot, const struct scene *scene, char reason[256])
{
    const struct baseline_rule *rule;
    enum status answer = STATUS_OK;
    for (size_t i = 0; scene->rule.baseline != NULL && i < scene->episode_count; i++) {
        if (!scene->episodes[i]->calibrated)
            continue;
        enum status status = chance_baseline(whynot->baseline, scene->episodes[i], &rule, reason);
        if (status == STATUS_OK)
            return STATUS_OK;
        answer = status;
    }
    return answer;
}

static enum status ask_rule(struct whynot *whynot, struct store *store, struct whynot_rule *answer, char reason[256])
{
    const struct report *best = &whynot->found.incident->reports[0];
    if (best->occurred.start_ms == TIME_NONE)
        return ask_bare(whynot, answer);
    struct scene scene = {0};
    enum status status = gather(whynot, store, answer, &scene);
    if (status == STATUS_OK)
        status = check_baseline(whynot, &scene, reason);
    struct inquiry inquiry = {.arena = &whynot->arena, .scene = &scene, .answer = answer};
    if (status == STATUS_OK)
        status = measure_init(&inquiry.measure, &answer->rule);
    if (status == STATUS_OK)
        inquiry.item = scene_find(&scene, whynot->found.incident->id);
    if (status == STATUS_OK && inquiry.item == NULL)
        status = STATUS_AGAIN; /* it was there a moment ago: another program writes the store */
    if (status == STATUS_OK) {
        inquiry.target = find_target(whynot, &scene);
        find_episode(&inquiry, answer);
        ask(&inquiry);
        status = inquiry.failed ? STATUS_NO_MEMORY : STATUS_OK;
    }
    text_fini(&inquiry.numbers);
    scene_close(&scene);
    return status;
}

/* --- all of it --- */

static enum status choose_rules(struct whynot *whynot, struct store *store, char reason[256])
{
    struct lookup_rule *rules;
    size_t count;
    if (whynot->target != NULL) {
        const struct episode *target = &whynot->target->episode;
        whynot->rules = arena_zero(&whynot->arena, sizeof *whynot->rules);
        if (whynot->rules == NULL)
            return STATUS_NO_MEMORY;
        whynot->rule_count = 1;
        whynot->rules->hash = target->rule_hash;
        return lookup_rule(store, target->rule, target->rule_hash, &whynot->arena, &whynot->rules->rule, reason);
    }
    enum status status = lookup_rules(store, &whynot->arena, &rules, &count);
    if (status != STATUS_OK)
        return status;
    whynot->rules = arena_zero(&whynot->arena, (count + 1) * sizeof *whynot->rules);
    if (whynot->rules == NULL)
        return STATUS_NO_MEMORY;
    whynot->rule_count = count;
    for (size_t i = 0; i < count; i++)
        whynot->rules[i] = (struct whynot_rule){.rule = rules[i].rule, .hash = rules[i].hash};
    return STATUS_OK;
}

static enum status choose_baselines(struct whynot *whynot, const struct baseline *baseline, char reason[256])
{
    whynot->baseline = baseline;
    if (baseline != NULL && whynot->target != NULL)
        return chance_baseline(baseline, &whynot->target->episode, &whynot->rules->rule.baseline, reason);
    for (size_t i = 0; baseline != NULL && i < whynot->rule_count; i++)
        whynot->rules[i].rule.baseline = baseline_rule_find(baseline, whynot->rules[i].rule.name);
    return STATUS_OK;
}

enum status whynot_open(struct whynot *whynot, struct store *store, const char *incident, const char *episode,
                        const struct baseline *baseline, char ret_reason[256])
{
    *whynot = (struct whynot){0};
    arena_init(&whynot->arena, SIZE_MAX);
    whynot->found_episodes.arena = &whynot->arena;
    enum status status = lookup_incident(store, incident, &whynot->arena, &whynot->found, ret_reason);
    if (status == STATUS_OK && episode != NULL)
        status = lookup_episode(store, episode, &whynot->found_episodes, &whynot->target, ret_reason);
    if (status == STATUS_OK)
        status = choose_rules(whynot, store, ret_reason);
    if (status == STATUS_OK)
        status = choose_baselines(whynot, baseline, ret_reason);
    for (size_t i = 0; status == STATUS_OK && i < whynot->rule_count; i++)
        status = ask_rule(whynot, store, &whynot->rules[i], ret_reason);
    if (status != STATUS_OK)
        whynot_close(whynot);
    return status;
}

void whynot_close(struct whynot *whynot)
{
    kept_list_fini(&whynot->found_episodes);
    arena_fini(&whynot->arena);
}

const struct condition *whynot_decides(const struct whynot_rule *rule)
{
    for (size_t i = 0; !rule->is_in && i < rule->condition_count; i++) {
        if (!rule->conditions[i].holds && rule->conditions[i].weight == CONDITION_DECIDES)
            return &rule->conditions[i];
    }
    return NULL;
}

void whynot_verdict(const struct whynot *whynot, const struct whynot_rule *rule, char ret_text[768])
{
    const struct condition *decides = whynot_decides(rule);
    char in[160] = "in no episode";
    if (rule->episode.size > 0)
        (void)snprintf(in, sizeof in, "%s%s %.64s", whynot->target != NULL && !rule->is_in ? "not in it, but " : "",
                       rule->membership == MEMBERSHIP_CORE       ? "core of"
                       : rule->membership == MEMBERSHIP_ATTACHED ? "attached to"
                                                                 : "shown beside",
                       rule->episode.data);
    if (decides != NULL)
        (void)snprintf(ret_text, 768, "%s: %.*s", in, SPAN_ARG(decides->words));
    else
        (void)snprintf(ret_text, 768, "%s", in);
}
