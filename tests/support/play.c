#include "tests/support/play.h"

#include "tests/support/families.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct play *play_new(struct world *world)
{
    struct play *play = calloc(1, sizeof(*play));
    assert(play != NULL);
    play->world = world;
    return play;
}

void play_free(struct play *play)
{
    world_free(play->world);
    free(play->steps);
    free(play);
}

void play_push(struct play *play, const struct step *step)
{
    if (play->count == play->room) {
        play->room = play->room * 2 + 64;
        play->steps = realloc(play->steps, play->room * sizeof(*play->steps));
        assert(play->steps != NULL);
    }
    play->steps[play->count] = *step;
    play->steps[play->count].number = play->made++;
    play->count++;
}

/* ---- simpler ---- */

const char *play_simpler_name(enum play_simpler simpler)
{
    static const char *const names[] = {
#define X(name, text) text,
        PLAY_SIMPLER_LIST(X)
#undef X
    };
    return names[simpler];
}

/* The others go behind it, and are no longer looked at. */
static bool only_rule(struct world *world, uint32_t rule)
{
    if (rule >= world->rule_count || world->rule_count == 1)
        return false;
    struct rule first = world->rules[0];
    world->rules[0] = world->rules[rule];
    world->rules[rule] = first;
    for (uint32_t i = 0; i < WORLD_HISTORIES; i++) {
        struct oracle_history history = world->histories[0][i];
        world->histories[0][i] = world->histories[rule][i];
        world->histories[rule][i] = history;
    }
    world->rule_count = 1;
    return true;
}

static bool simplify_rule(const struct world *world, struct rule *rule, enum play_simpler simpler)
{
    struct rule was = *rule;
    switch (simpler) {
    case PLAY_NO_EXTENT:
        rule->cap_extent_km = INFINITY;
        return was.cap_extent_km < rule->cap_extent_km;
    case PLAY_NO_DURATION:
        rule->cap_duration_ms = INT64_MAX;
        return was.cap_duration_ms != INT64_MAX;
    case PLAY_NO_COUNTRIES:
        rule->only_count = rule->except_count = 0;
        rule->min_countries = 0;
        return was.only_count > 0 || was.except_count > 0 || was.min_countries > 0;
    case PLAY_ALL_CATEGORIES:
        rule->categories = UINT64_MAX;
        return was.categories != UINT64_MAX;
    case PLAY_ONE_INCIDENT:
        rule->min_incidents = 1;
        return was.min_incidents > 1;
    case PLAY_ONE_NEIGHBOUR:
        rule->min_neighbours = 1;
        return was.min_neighbours > 1 && !world->calibrated;
    case PLAY_ONLY_FIRST_RULE:
    case PLAY_ONLY_SECOND_RULE:
    case PLAY_ONLY_THIRD_RULE:
    case PLAY_ONLY_FOURTH_RULE:
    case PLAY_NO_BASELINE:
    case PLAY_SIMPLER_COUNT:
        break;
    }
    return false;
}

bool play_simplify(struct play *play, enum play_simpler simpler)
{
    struct world *world = play->world;
    bool changed = false;
    if (simpler <= PLAY_ONLY_FOURTH_RULE) {
        changed = only_rule(world, (uint32_t)simpler);
    } else if (simpler == PLAY_NO_BASELINE) {
        changed = world->calibrated;
        world->calibrated = false;
    } else {
        for (uint32_t i = 0; i < world->rule_count; i++)
            changed = simplify_rule(world, &world->rules[i], simpler) || changed;
    }
    play->simpler |= changed ? 1u << simpler : 0;
    return changed;
}

/* ---- lists of steps ---- */

bool play_keep(struct play *play, const char *list)
{
    bool *kept = calloc(play->made, sizeof(*kept));
    assert(kept != NULL);
    bool understood = true;
    for (const char *at = list; understood && *at != 0;) {
        char *after;
        unsigned long from = strtoul(at, &after, 10);
        unsigned long to = from;
        understood = after != at;
        if (*after == '-') {
            at = after + 1;
            to = strtoul(at, &after, 10);
            if (after == at)
                to = play->made;
        }
        for (unsigned long i = from; i <= to && i < play->made; i++)
            kept[i] = true;
        understood = understood && (*after == ',' || *after == 0);
        at = *after == ',' ? after + 1 : after;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < play->count; i++) {
        if (kept[play->steps[i].number])
            play->steps[count++] = play->steps[i];
    }
    if (understood)
        play->count = count;
    free(kept);
    return understood;
}

void play_print_steps(const struct play *play, FILE *to)
{
    for (uint32_t i = 0; i < play->count;) {
        uint32_t last = i;
        while (last + 1 < play->count && play->steps[last + 1].number == play->steps[last].number + 1)
            last++;
        (void)fprintf(to, "%s%u", i > 0 ? "," : "", play->steps[i].number);
        if (last > i)
            (void)fprintf(to, "-%u", play->steps[last].number);
        i = last + 1;
    }
}

/* ---- for people ---- */

static int64_t origin_of(const struct world *world)
{
    int64_t origin = INT64_MAX;
    for (uint32_t i = 0; i < world->incident_count * world->variant_count; i++) {
        if (world->incidents[i].start_ms < origin)
            origin = world->incidents[i].start_ms;
    }
    return origin;
}

static void print_codes(const country_code *codes, size_t count, const char *what, FILE *to)
{
    for (size_t i = 0; i < count; i++) {
        char text[3];
        country_code_text(codes[i], text);
        (void)fprintf(to, "%s%s", i == 0 ? what : "+", text);
    }
}

static void print_rule(const struct world *world, uint32_t index, FILE *to)
{
    const struct rule *rule = &world->rules[index];
    (void)fprintf(
        to,
        "  rule %.*s: reach %.17g km (τ² %" PRId64 "), window %" PRId64 " ms, min_neighbours %u, min_incidents "
        "%u, min_countries %u, categories %#" PRIx64 ", duration ≤ %" PRId64 " ms, extent ≤ %g km, coarse beyond "
        "%g km",
        SPAN_ARG(rule->name), rule->reach_km, chord2_from_km(rule->reach_km), rule->window_ms, rule->min_neighbours,
        rule->min_incidents, rule->min_countries, (uint64_t)rule->categories, rule->cap_duration_ms,
        rule->cap_extent_km, rule->max_radius_km);
    print_codes(rule->only_countries, rule->only_count, ", only ", to);
    print_codes(rule->except_countries, rule->except_count, ", except ", to);
    (void)fputc('\n', to);
    for (uint32_t i = 0; world->calibrated && i < WORLD_NO_HISTORY; i++) {
        const struct oracle_history *history = &world->histories[index][i];
        (void)fprintf(to, "    history %u: %zu incidents of %" PRId64 " ms in %" PRId64 " ms, alpha %g\n", i,
                      history->count, history->mean_length_ms, history->history_ms, rule->alpha);
    }
}

static void print_incident(const struct world *world, const struct engine_incident *incident, int64_t origin, FILE *to)
{
    static const char *const roles[] = {[ROLE_TRIGGER] = "",
                                        [ROLE_RESPONSE] = " response",
                                        [ROLE_CONSEQUENCE] = " consequence",
                                        [ROLE_CONTEXT] = " context"};
    (void)fprintf(to, "(%d, %d, %d) %+" PRId64 " … %+" PRId64 " ms category %d%s", incident->point.x, incident->point.y,
                  incident->point.z, incident->start_ms - origin, incident->end_ms - origin, (int)incident->category,
                  roles[incident->role]);
    if (incident->radius_km > 0.0)
        (void)fprintf(to, " radius %g km", incident->radius_km);
    if (incident->reported_at_ms != TIME_NONE)
        (void)fprintf(to, " reported %+" PRId64, incident->reported_at_ms - origin);
    print_codes(incident->countries, incident->country_count, " in ", to);
    print_codes(incident->touched_countries, incident->touched_country_count, " touches ", to);
    for (uint32_t i = 0; world->calibrated && i < world->rule_count; i++)
        (void)fprintf(to, " K%u=%u/%u", i, world_threshold(world, i, 0, incident),
                      world_threshold(world, i, 1, incident));
}

void play_print(const struct play *play, FILE *to)
{
    const struct world *world = play->world;
    int64_t origin = origin_of(world);
    (void)fprintf(to, "  family %s, seed %" PRIu64 ", times from %" PRId64 "\n", world->family->name, world->seed,
                  origin);
    for (uint32_t i = 0; i < world->rule_count; i++)
        print_rule(world, i, to);
    for (uint32_t i = 0; i < play->count; i++) {
        const struct step *step = &play->steps[i];
        (void)fprintf(to, "  %5u ", step->number);
        switch (step->kind) {
        case STEP_SET:
            (void)fprintf(to, "set %s variant %u: ", world->names[step->id], step->variant);
            print_incident(world, world_incident(world, step->id, step->variant), origin, to);
            break;
        case STEP_REMOVE:
            (void)fprintf(to, "remove %s", world->names[step->id]);
            break;
        case STEP_TOUCH:
            (void)fprintf(to, "touch %s", world->names[step->id]);
            break;
        case STEP_WATERMARK:
            if (step->time_ms == INT64_MAX)
                (void)fprintf(to, "watermark: the end");
            else
                (void)fprintf(to, "watermark %+" PRId64, step->time_ms - origin);
            break;
        case STEP_FLUSH:
            (void)fprintf(to, "flush");
            break;
        case STEP_REBASE:
            (void)fprintf(to, "rebase to history %u%s", step->variant,
                          step->variant == WORLD_NO_HISTORY ? " (none)" : "");
            break;
        }
        (void)fputc('\n', to);
    }
}
