/* What happens in plays. */
#include "tests/support/play.h"

#include <assert.h>
#include <stdlib.h>

static void say_set(struct play *play, uint32_t id, uint32_t variant)
{
    play_push(play, &(struct step){.kind = STEP_SET, .id = id, .variant = variant});
}

static void say(struct play *play, enum step_kind kind, uint32_t id)
{
    play_push(play, &(struct step){.kind = kind, .id = id});
}

static void say_watermark(struct play *play, int64_t time_ms)
{
    play_push(play, &(struct step){.kind = STEP_WATERMARK, .time_ms = time_ms});
}

static void perhaps_rebase(struct play *play, struct dice *dice)
{
    if (play->rebases && dice_below(dice, 16) == 0)
        play_push(play, &(struct step){.kind = STEP_REBASE, .variant = dice_below(dice, WORLD_HISTORIES)});
}

void plot_stir(struct play *play, struct dice *dice, uint32_t rarely)
{
    const struct world *world = play->world;
    uint32_t removing = 2 + dice_below(dice, 8);
    for (uint32_t i = 0; i < world->incident_count * 2; i++) {
        uint32_t id = dice_below(dice, world->incident_count);
        if (dice_below(dice, removing) == 0)
            say(play, STEP_REMOVE, id);
        else
            say_set(play, id, dice_below(dice, world->variant_count));
        if (dice_below(dice, 10) == 0)
            say(play, STEP_TOUCH, id);
        perhaps_rebase(play, dice);
        if (dice_below(dice, rarely) == 0)
            say(play, STEP_FLUSH, 0);
    }
    say(play, STEP_FLUSH, 0);
    for (uint32_t i = 0; i < world->incident_count; i++)
        say_set(play, i, dice_below(dice, world->variant_count));
    say(play, STEP_FLUSH, 0);
}

/* ---- the tide ---- */

struct arrival {
    uint32_t id;
    int variant; /* −1: removed */
    int64_t when_ms;
    int64_t least_to_come_ms;
};

static int by_when(const void *a, const void *b)
{
    const struct arrival *one = a;
    const struct arrival *other = b;
    if (one->when_ms != other->when_ms)
        return one->when_ms < other->when_ms ? -1 : 1;
    return one->id < other->id ? -1 : one->id > other->id;
}

/* The least start of what an arrival and those after it take away or bring. */
static void least_to_come(const struct world *world, struct arrival *arrivals, uint32_t count)
{
    int *standing = calloc(world->incident_count, sizeof(*standing));
    assert(standing != NULL);
    for (uint32_t i = 0; i < world->incident_count; i++)
        standing[i] = -1;
    for (uint32_t i = 0; i < count; i++) {
        const int variants[] = {standing[arrivals[i].id], arrivals[i].variant};
        arrivals[i].least_to_come_ms = INT64_MAX;
        for (int j = 0; j < 2; j++) {
            if (variants[j] < 0)
                continue;
            int64_t start_ms = world_incident(world, arrivals[i].id, (uint32_t)variants[j])->start_ms;
            if (start_ms < arrivals[i].least_to_come_ms)
                arrivals[i].least_to_come_ms = start_ms;
        }
        standing[arrivals[i].id] = arrivals[i].variant;
    }
    free(standing);
    for (uint32_t i = count; i > 1; i--) {
        if (arrivals[i - 1].least_to_come_ms < arrivals[i - 2].least_to_come_ms)
            arrivals[i - 2].least_to_come_ms = arrivals[i - 1].least_to_come_ms;
    }
}

static uint32_t arrivals_make(const struct world *world, struct dice *dice, struct arrival *arrivals, uint32_t delays)
{
    int64_t window = world->rules[0].window_ms;
    uint32_t correcting = dice_below(dice, 3) ? 3 + dice_below(dice, 20) : UINT32_MAX;
    uint32_t delaying = 1 + dice_below(dice, 4);
    uint32_t count = 0;
    for (uint32_t id = 0; id < world->incident_count; id++) {
        int64_t when = world_incident(world, id, 0)->start_ms;
        for (uint32_t variant = 0; variant < world->variant_count; variant++) {
            if (variant > 0 && dice_below(dice, correcting) > 0)
                continue;
            bool removes = variant > 0 && variant + 1 == world->variant_count;
            /* A correction to long before would hold the watermark back, and nothing would ever leave. */
            if (!removes && world_incident(world, id, variant)->start_ms < when - 2 * window &&
                dice_below(dice, 50) > 0)
                continue;
            if (dice_below(dice, delaying) == 0)
                when += (int64_t)dice_below(dice, delays) * (window / 2 + 1);
            arrivals[count++] = (struct arrival){id, removes ? -1 : (int)variant, when, 0};
        }
    }
    qsort(arrivals, count, sizeof(*arrivals), by_when);
    least_to_come(world, arrivals, count);
    return count;
}

void plot_tide(struct play *play, struct dice *dice, uint32_t delays, uint32_t rarely, enum plot_word word)
{
    const struct world *world = play->world;
    struct arrival *arrivals = calloc((size_t)world->incident_count * world->variant_count, sizeof(*arrivals));
    assert(arrivals != NULL);
    uint32_t count = arrivals_make(world, dice, arrivals, delays);
    uint32_t telling = 1 + dice_below(dice, 4);
    play->ahead = word == PLOT_RUNS_AHEAD;
    for (uint32_t i = 0; i < count; i++) {
        if (dice_below(dice, telling) == 0) {
            uint32_t ahead = play->ahead ? dice_below(dice, count - i) : 0;
            say_watermark(play, arrivals[i + ahead].least_to_come_ms);
        }
        perhaps_rebase(play, dice);
        if (dice_below(dice, rarely) == 0)
            say(play, STEP_FLUSH, 0);
        if (arrivals[i].variant < 0)
            say(play, STEP_REMOVE, arrivals[i].id);
        else
            say_set(play, arrivals[i].id, (uint32_t)arrivals[i].variant);
    }
    say(play, STEP_FLUSH, 0);
    free(arrivals);
}

void plot_once(struct play *play, struct dice *dice)
{
    const struct world *world = play->world;
    uint32_t *order = calloc(world->incident_count, sizeof(*order));
    assert(order != NULL);
    for (uint32_t i = 0; i < world->incident_count; i++)
        order[i] = i;
    dice_shuffle(dice, order, world->incident_count);
    for (uint32_t i = 0; i < world->incident_count; i++)
        say_set(play, order[i], 0);
    say(play, STEP_FLUSH, 0);
    free(order);
}
