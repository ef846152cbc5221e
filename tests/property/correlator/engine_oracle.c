/* The engine against the oracle, flush by flush: what was told last is what the method says of all that stands, however
 * it came about (method §9, invariant 4; and by the way 2, 7, 8 and 12: ties are in every family). */
#include "tests/property/correlator/engine_run.h"
#include "tests/property/correlator/laws.h"

#include <string.h>

static void verdict_take(struct verdict *verdict, const struct run *run)
{
    verdict->compared += run->compared;
    verdict->capped += run->capped;
    verdict->above += run->above;
    verdict->evicted += run->chronicle.evicted;
    verdict->skipped += run->skipped;
    verdict->seen += run->kept;
    if (run->chronicle.mistakes > 0)
        verdict_mistake(verdict, "%s", run->chronicle.first_mistake);
}

static void every_flush(const struct play *play, struct verdict *verdict)
{
    struct run run;
    run_start(&run, play);
    run_play(&run, RUN_COMPARED);
    verdict_take(verdict, &run);
    run_end(&run);
    run_compare(&run);
    if (run.chronicle.mistakes > 0)
        verdict_mistake(verdict, "at the end: %s", run.chronicle.first_mistake);
    run_stop(&run);
}

/* The same steps, flushed as told and all at once; the oracle too, where it can keep up. */
static void incremental_is_at_once(const struct play *play, struct verdict *verdict)
{
    struct run run, once;
    run_start(&run, play);
    run_play(&run, RUN_UNCOMPARED);
    run_start(&once, play);
    for (uint32_t i = 0; i < play->world->incident_count; i++) {
        if (run.standing[i] >= 0)
            run_set(&once, i, (uint32_t)run.standing[i]);
    }
    run_flush(&once);
    if (!chronicle_same(&run.chronicle, &once.chronicle))
        verdict_mistake(verdict, "step by step is not what it is at once");
    if (play->world->incident_count <= 150) {
        run_compare(&run);
        run_compare(&once);
    }
    verdict_take(verdict, &run);
    verdict_take(verdict, &once);
    run_stop(&run);
    run_stop(&once);
}

static void plot_every_step(struct play *play, struct dice *dice)
{
    play->rebases = play->world->calibrated && dice_below(dice, 2);
    plot_stir(play, dice, 1);
}

static void plot_stirred(struct play *play, struct dice *dice)
{
    play->rebases = play->world->calibrated && dice_below(dice, 2);
    plot_stir(play, dice, 6 + dice_below(dice, 12));
}

static void plot_in_time(struct play *play, struct dice *dice)
{
    plot_tide(play, dice, 4, 1 + dice_below(dice, 6), PLOT_KEEPS_WORD);
}

static void plot_late(struct play *play, struct dice *dice)
{
    plot_tide(play, dice, 16, 1 + dice_below(dice, 6), PLOT_RUNS_AHEAD);
}

/* Under one rule: what has left the memory of one of several is known to nobody else. */
static void plot_rebased(struct play *play, struct dice *dice)
{
    play->world->rule_count = 1;
    play->rebases = play->world->calibrated;
    plot_tide(play, dice, 6, 1 + dice_below(dice, 4), dice_below(dice, 2) ? PLOT_KEEPS_WORD : PLOT_RUNS_AHEAD);
}

static bool compared_enough(const struct verdict *all)
{
    return all->compared > all->worlds && all->capped > all->worlds && all->above > all->worlds;
}

static bool evicted_enough(const struct verdict *all)
{
    return compared_enough(all) && all->evicted > all->worlds;
}

static bool left_enough(const struct verdict *all)
{
    return all->compared > all->worlds && all->evicted > 20 * all->worlds;
}

static bool compared_or_left(const struct verdict *all)
{
    return all->compared > 5 * all->worlds;
}

static bool late_enough(const struct verdict *all)
{
    return evicted_enough(all) && all->skipped > 0;
}

static const struct law laws[] = {
    {"every_step_of_a_small_world_is_the_oracles", 40, 3, NULL, plot_every_step, every_flush, compared_enough},
    {"a_stirred_world_is_the_oracles", 90, 3, NULL, plot_stirred, every_flush, compared_enough},
    {"a_growing_world_is_the_oracles", 150, 3, NULL, plot_in_time, every_flush, evicted_enough},
    {"late_ones_behind_the_horizon_are_exactly_right", 110, 3, NULL, plot_late, every_flush, late_enough},
    {"another_baseline_judges_all_that_is_in_memory", 90, 3, NULL, plot_rebased, every_flush, evicted_enough},
    {"chains_that_touch_and_leave_are_the_oracles", 150, 2, "chains", plot_in_time, every_flush, evicted_enough},
    {"pulses_with_stragglers_are_the_oracles", 120, 2, "pulses", plot_late, every_flush, evicted_enough},
    {"crowds_are_the_oracles", 60, 2, "crowd", plot_stirred, every_flush, compared_enough},
    {"seas_are_the_oracles", 120, 2, "sea", plot_in_time, every_flush, compared_or_left},
    {"seas_stirred_are_the_oracles", 120, 2, "sea", plot_stirred, every_flush, compared_or_left},
    {"hundreds_out_of_order_are_what_they_are_at_once", 500, 1, "region", plot_in_time, incremental_is_at_once,
     left_enough},
};

int main(int argc, char **argv)
{
    return laws_main(argc, argv, laws, sizeof(laws) / sizeof(laws[0]));
}
