/* Why not, of an incident that matches the rule: exact, core, near a core, united by the caps, flagged, stored. */
#include "cli/explain/facts.h"
#include "cli/explain/inquiry.h"
#include "cli/wording.h"

#include <math.h>
#include <stdio.h>

static bool ask_exact(struct inquiry *inquiry)
{
    const struct rule *rule = &inquiry->scene->rule;
    const struct engine_incident *engine = &inquiry->item->engine;
    char words[FACT_BYTES];
    bool holds = !inquiry->item->is_coarse;
    coarse_words(rule, engine, words);
    text_append(&inquiry->numbers, SPAN(",\"radius_km\":"));
    text_json_number(&inquiry->numbers, engine->radius_km);
    text_append(&inquiry->numbers, SPAN(",\"radius_km_max\":"));
    text_json_number(&inquiry->numbers, fmin(rule->max_radius_km, rule->reach_km / 2));
    text_print(&inquiry->numbers, ",\"length_ms\":%lld,\"window_ms\":%lld,\"why\":\"%s\"",
               (long long)(engine->end_ms - engine->start_ms), (long long)rule->window_ms,
               coarse_kind_name(coarse_kind(rule, engine)));
    inquiry_say(inquiry, CONDITION_EXACT, CONDITION_TELLS, holds, "%s%s", words,
                holds ? "" : ": it counts for nobody, and can only be attached");
    return holds;
}

static bool ask_core(struct inquiry *inquiry)
{
    const struct scene_item *item = inquiry->item;
    char words[FACT_BYTES];
    uint32_t neighbours = 0;
    bool is_counted = fact_neighbours(inquiry->scene, item, &neighbours);
    bool is_known = is_counted && item->has_threshold && item->threshold != THRESHOLD_UNKNOWN;
    bool holds = is_known && neighbours >= item->threshold;
    core_test_words(inquiry->scene, item, words);
    text_append(&inquiry->numbers, SPAN(","));
    json_counts(&inquiry->numbers, inquiry->scene, item);
    if (is_known)
        text_print(&inquiry->numbers, ",\"short\":%u", holds ? 0 : item->threshold - neighbours);
    else
        text_append(&inquiry->numbers, SPAN(",\"short\":null"));
    inquiry_say(inquiry, CONDITION_CORE, CONDITION_TELLS, holds, "%s%s", words,
                is_known || item->is_coarse ? "" : "; how many are needed only the baseline says (--baseline FILE)");
    return holds;
}

/* --- near a core --- */

struct nearest_core {
    const struct scene_item *core; /* NULL: the rule has none around it */
    struct link link;
};

static double link_share(const struct link *link)
{
    return link->distance_share > link->time_share ? link->distance_share : link->time_share;
}

/* As stored: of the episode asked about, else of any within four windows. Items are in order of (start, id): of equal
 * ones the first. */
static struct nearest_core find_core(const struct inquiry *inquiry)
{
    struct nearest_core nearest = {0};
    for (size_t i = 0; i < inquiry->scene->item_count; i++) {
        const struct scene_item *item = &inquiry->scene->items[i];
        bool is_core = item != inquiry->item && item->is_live && item->episode != NULL &&
                       item->membership == MEMBERSHIP_CORE &&
                       (inquiry->target == NULL || item->episode == inquiry->target);
        if (!is_core)
            continue;
        struct link link = fact_link(&inquiry->measure, &inquiry->item->engine, &item->engine);
        if (inquiry->target == NULL && link.gap_ms > REACH_WINDOWS * inquiry->scene->rule.window_ms)
            continue;
        if (nearest.core == NULL || link_share(&link) < link_share(&nearest.link))
            nearest = (struct nearest_core){item, link};
    }
    return nearest;
}

/* The neighbour that would need fewest more to be a core: what is missing for this one to be attached to it. */
static const struct scene_item *find_bridge(const struct inquiry *inquiry)
{
    const struct scene *scene = inquiry->scene;
    const struct scene_item *best = NULL;
    if (inquiry->item->node == GRAPH_NONE || !graph_has_pairs(scene->graph))
        return NULL;
    const struct graph_node *node = &scene->graph->nodes[inquiry->item->node];
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < node->near_count; i++) {
        const struct scene_item *item = scene_item_of(scene, graph_near(scene->graph, inquiry->item->node)[i]);
        if (item->is_coarse || !item->has_threshold || item->threshold == THRESHOLD_UNKNOWN)
            continue;
        uint32_t short_of = item->threshold - scene->graph->nodes[item->node].neighbours;
        if (scene->graph->nodes[item->node].neighbours < item->threshold && short_of < least) {
            least = short_of;
            best = item;
        }
    }
    return best;
}

static void add_bridge(struct inquiry *inquiry, char *ret_words, size_t room)
{
    const struct scene_item *bridge = find_bridge(inquiry);
    ret_words[0] = '\0';
    text_append(&inquiry->numbers, SPAN(",\"bridge\":"));
    if (bridge == NULL) {
        text_append(&inquiry->numbers, SPAN("null"));
        return;
    }
    char test[FACT_BYTES];
    core_test_words(inquiry->scene, bridge, test);
    (void)snprintf(ret_words, room, "; its neighbour %.*s is no core: %s", SPAN_ARG(bridge->incident->id), test);
    text_append(&inquiry->numbers, SPAN("{"));
    json_id(&inquiry->numbers, "id", bridge->incident->id);
    text_append(&inquiry->numbers, SPAN(","));
    json_counts(&inquiry->numbers, inquiry->scene, bridge);
    text_append(&inquiry->numbers, SPAN("}"));
}

static void far_words(const struct inquiry *inquiry, const struct nearest_core *nearest, double short_km,
                      int64_t short_ms, char *ret_text, size_t room)
{
    char km[WORDS_BYTES], time[DURATION_TEXT_BYTES], window[DURATION_TEXT_BYTES];
    words_distance(short_km, km);
    duration_words(short_ms, time);
    duration_format(inquiry->scene->rule.window_ms, window);
    if (nearest->core == NULL)
        (void)snprintf(ret_text, room, "there is no core around it");
    else
        (void)snprintf(ret_text, room, "not within %.6g km and %s of it: %.40s%s%s too far",
                       inquiry->scene->rule.reach_km, window, short_km > 0 ? km : "",
                       short_km > 0 && short_ms > 0 ? " and " : "", short_ms > 0 ? time : "");
}

static bool ask_near(struct inquiry *inquiry, const struct nearest_core *nearest, enum condition_weight weight)
{
    const struct rule *rule = &inquiry->scene->rule;
    struct text *numbers = &inquiry->numbers;
    char far[160], apart[FACT_BYTES], bridge[FACT_BYTES + 400];
    double short_km = 0;
    int64_t short_ms = 0;
    if (nearest->core == NULL) {
        text_append(numbers, SPAN(",\"nearest\":null"));
        add_bridge(inquiry, bridge, sizeof bridge);
        inquiry_say(inquiry, CONDITION_NEAR, weight, false, "there is no core around it%s", bridge);
        return false;
    }
    if (nearest->link.distance_share > 1)
        short_km = fmax(nearest->link.distance_km - rule->reach_km, 0);
    if (nearest->link.gap_ms > rule->window_ms)
        short_ms = nearest->link.gap_ms - rule->window_ms;
    text_append(numbers, SPAN(","));
    json_id(numbers, "nearest", nearest->core->incident->id);
    text_append(numbers, SPAN(","));
    json_id(numbers, "nearest_episode", nearest->core->episode->id);
    text_append(numbers, SPAN(","));
    json_link(numbers, &nearest->link);
    text_append(numbers, SPAN(",\"reach_km\":"));
    text_json_number(numbers, rule->reach_km);
    text_print(numbers, ",\"window_ms\":%lld,\"short_km\":", (long long)rule->window_ms);
    text_json_number(numbers, short_km);
    text_print(numbers, ",\"short_ms\":%lld", (long long)short_ms);
    link_words(&nearest->link, apart);
    bool holds = nearest->link.within;
    bridge[0] = '\0';
    if (holds)
        text_append(numbers, SPAN(",\"bridge\":null"));
    else
        add_bridge(inquiry, bridge, sizeof bridge);
    far_words(inquiry, nearest, short_km, short_ms, far, sizeof far);
    inquiry_say(inquiry, CONDITION_NEAR, weight, holds, "%s from the nearest core%s, %.*s%s%s%s", apart,
                inquiry->target != NULL ? " of it" : "", SPAN_ARG(nearest->core->incident->id), holds ? "" : ", ",
                holds ? "" : far, bridge);
    return holds;
}

/* --- core of another episode: what the caps refused --- */

/* The refusal that parted the two; NULL: they are not neighbours, but connected through others. */
static const struct refusal *find_refusal(const struct partition *partition, uint32_t one, uint32_t other)
{
    for (size_t i = 0; i < partition->refusal_count; i++) {
        const struct refusal *refusal = &partition->refusals[i];
        uint32_t a = partition_key(partition, refusal->core), b = partition_key(partition, refusal->neighbour);
        if ((a == one && b == other) || (a == other && b == one))
            return refusal;
    }
    return NULL;
}

static void add_refusal(struct inquiry *inquiry, const struct refusal *refusal, int64_t duration_ms, double extent_km)
{
    const struct scene *scene = inquiry->scene;
    const struct rule *rule = &scene->rule;
    struct text *numbers = &inquiry->numbers;
    text_append(numbers, SPAN(","));
    json_id(numbers, "core", scene_item_of(scene, refusal->core)->incident->id);
    text_append(numbers, SPAN(","));
    json_id(numbers, "neighbour", scene_item_of(scene, refusal->neighbour)->incident->id);
    text_print(numbers, ",\"duration_ms\":%lld,\"cap_duration_ms\":%lld,\"extent_km\":", (long long)duration_ms,
               (long long)rule->cap_duration_ms);
    text_json_number(numbers, extent_km);
    text_append(numbers, SPAN(",\"cap_extent_km\":"));
    text_json_number(numbers, rule->cap_extent_km);
}

static void refusal_say(struct inquiry *inquiry, const struct refusal *refusal)
{
    const struct scene *scene = inquiry->scene;
    const struct rule *rule = &scene->rule;
    int64_t duration_ms = refusal->both.last_ms - refusal->both.first_ms;
    double extent_km = chord2_to_km(point_chord2(refusal->both.low, refusal->both.high));
    bool too_long = duration_ms > rule->cap_duration_ms;
    bool too_wide = point_chord2(refusal->both.low, refusal->both.high) > scene->graph->measure.cap_extent2;
    char length[160] = "", width[160] = "";
    if (too_long) {
        char lasts[DURATION_TEXT_BYTES], cap[DURATION_TEXT_BYTES], over[DURATION_TEXT_BYTES];
        duration_words(duration_ms, lasts);
        duration_format(rule->cap_duration_ms, cap);
        duration_words(duration_ms - rule->cap_duration_ms, over);
        (void)snprintf(length, sizeof length, "last %s, %s more than the cap of %s", lasts, over, cap);
    }
    if (too_wide) {
        char wide[WORDS_BYTES], over[WORDS_BYTES];
        words_distance(extent_km, wide);
        words_distance(extent_km - rule->cap_extent_km, over);
        (void)snprintf(width, sizeof width, "be %.40s wide, %.40s more than the cap of %.6g km", wide, over,
                       rule->cap_extent_km);
    }
    add_refusal(inquiry, refusal, duration_ms, extent_km);
    inquiry_say(inquiry, CONDITION_UNITED, CONDITION_DECIDES, false,
                "%.*s would have joined the two; together their cores would %s%s%s",
                SPAN_ARG(scene_item_of(scene, refusal->core)->incident->id), length,
                too_long && too_wide ? " and " : "", width);
}

static void ask_united(struct inquiry *inquiry)
{
    const struct scene *scene = inquiry->scene;
    const struct refusal *refusal = NULL;
    uint32_t one = GRAPH_NONE, other = GRAPH_NONE;
    if (scene->partition != NULL && inquiry->answer->is_reproduced) {
        one = partition_key(scene->partition, inquiry->item->node);
        for (size_t i = 0; i < scene->item_count && other == GRAPH_NONE; i++) {
            if (scene->items[i].episode == inquiry->target && scene->items[i].membership == MEMBERSHIP_CORE)
                other = partition_key(scene->partition, scene->items[i].node);
        }
        refusal = find_refusal(scene->partition, one, other);
    }
    if (refusal != NULL)
        refusal_say(inquiry, refusal);
    else
        inquiry_say(inquiry, CONDITION_UNITED, CONDITION_DECIDES, false,
                    "it is core of %.*s, which the caps part from it", SPAN_ARG(inquiry->item->episode->id));
}

/* --- attached to a nearer one --- */

static double link_sum(const struct link *link)
{
    return link->distance_share * link->distance_share + link->time_share * link->time_share;
}

/* Of the episode it is attached to: the core that drew it there. */
static struct nearest_core find_anchor(const struct inquiry *inquiry, const struct episode *episode)
{
    struct nearest_core nearest = {0};
    for (size_t i = 0; i < inquiry->scene->item_count; i++) {
        const struct scene_item *item = &inquiry->scene->items[i];
        if (item->episode != episode || item->membership != MEMBERSHIP_CORE || !item->is_live)
            continue;
        struct link link = fact_link(&inquiry->measure, &inquiry->item->engine, &item->engine);
        if (!link.within)
            continue;
        if (nearest.core == NULL || link_sum(&link) < link_sum(&nearest.link))
            nearest = (struct nearest_core){item, link};
    }
    return nearest;
}

static void add_anchor(struct inquiry *inquiry, const char *key, const struct nearest_core *anchor)
{
    struct text *numbers = &inquiry->numbers;
    text_print(numbers, ",\"%s\":{", key);
    json_id(numbers, "id", anchor->core->incident->id);
    text_append(numbers, SPAN(","));
    json_id(numbers, "episode", anchor->core->episode->id);
    text_append(numbers, SPAN(","));
    json_link(numbers, &anchor->link);
    text_append(numbers, SPAN(",\"sum\":"));
    text_json_number(numbers, link_sum(&anchor->link));
    text_append(numbers, SPAN("}"));
}

static void ask_nearest(struct inquiry *inquiry)
{
    struct nearest_core own = find_anchor(inquiry, inquiry->item->episode);
    struct nearest_core other = find_anchor(inquiry, inquiry->target);
    char apart[2][FACT_BYTES];
    if (own.core == NULL || other.core == NULL) {
        inquiry_say(inquiry, CONDITION_NEAREST, CONDITION_DECIDES, false, "it is attached to another");
        return;
    }
    add_anchor(inquiry, "attached_to", &own);
    add_anchor(inquiry, "instead_of", &other);
    link_words(&own.link, apart[0]);
    link_words(&other.link, apart[1]);
    inquiry_say(inquiry, CONDITION_NEAREST, CONDITION_DECIDES, false,
                "it is nearer to %.*s (%s: %.3g as squared shares of reach and window) than to %.*s (%s: %.3g)",
                SPAN_ARG(own.core->incident->id), apart[0], link_sum(&own.link), SPAN_ARG(other.core->incident->id),
                apart[1], link_sum(&other.link));
}

/* --- what the episode lacks --- */

static void ask_flagged(struct inquiry *inquiry, const struct episode *episode)
{
    const struct rule *rule = &inquiry->scene->rule;
    char countries[WORDS_BYTES], incidents[WORDS_BYTES];
    bool holds = episode->state == EPISODE_FLAGGED;
    words_count(episode->country_count, "country", "countries", countries);
    words_count(episode->observed, "incident", "incidents", incidents);
    text_print(&inquiry->numbers,
               ",\"countries\":%zu,\"countries_needed\":%u,\"incidents\":%llu,\"incidents_needed\":%u",
               episode->country_count, rule->min_countries, (unsigned long long)episode->observed, rule->min_incidents);
    inquiry_say(inquiry, CONDITION_FLAGGED, CONDITION_DECIDES, holds, "%s in %s, where %u in %u are needed: it is %s",
                incidents, countries, rule->min_incidents, rule->min_countries, episode_state_name(episode->state));
}

static void ask_stored(struct inquiry *inquiry)
{
    const struct scene *scene = inquiry->scene;
    /* Where the store has no episode nobody says whether there was a baseline. */
    bool may_have_baseline = scene->baseline == SCENE_UNCALIBRATED && scene->episode_count == 0;
    inquiry_say(inquiry, CONDITION_STORED, CONDITION_DECIDES, false,
                "of the incidents stored now it would be in an episode, but it was in none when the last word was "
                "published: it came too late, %s; a replay of the archive shows it",
                may_have_baseline
                    ? "the store is older than it, or a baseline asks for more neighbours (--baseline FILE)"
                    : "or the store is older than it");
}

static void ask_target(struct inquiry *inquiry, bool is_near)
{
    const struct episode *own = inquiry->item->episode;
    if (own == inquiry->target || !is_near)
        return;
    if (own == NULL)
        ask_stored(inquiry);
    else if (inquiry->item->membership == MEMBERSHIP_CORE)
        ask_united(inquiry);
    else
        ask_nearest(inquiry);
}

void inquiry_trigger(struct inquiry *inquiry)
{
    const struct episode *own = inquiry->item->episode;
    bool is_core = ask_exact(inquiry) && ask_core(inquiry);
    struct nearest_core nearest = find_core(inquiry);
    bool is_alone = inquiry->target == NULL && (is_core || own != NULL);
    enum condition_weight weight = is_alone ? CONDITION_TELLS : CONDITION_DECIDES;
    bool is_near = ask_near(inquiry, &nearest, weight);
    if (inquiry->target != NULL)
        ask_target(inquiry, is_near);
    else if (own != NULL)
        ask_flagged(inquiry, own);
    else if (is_core || is_near)
        ask_stored(inquiry);
}
