/* Laws the engine keeps whatever the world. The twelve invariants of method §9, and who watches them:
 *
 *    1 any permutation of arrivals gives the same        any_order_of_arrivals_tells_the_same
 *    2 any batching                                      any_batching_tells_the_same
 *    3 insert + retract = never seen                     what_was_retracted_was_never_there
 *    4 incremental = batch oracle                        engine_oracle.c, all of it
 *    5 monotone                                          more_never_uncores_and_never_parts
 *    6 no cap binds: connected components                uncapped_episodes_are_components
 *    7 finality                                          nothing_changes_behind_the_bound
 *    8 same id and revision twice = once                 what_is_said_twice_is_said_once
 *    9 shifted times, renamed ids                        shifted_and_renamed_changes_only_names
 *   10 same bytes at -O0, -O3, under sanitizers          engine_digest.c
 *   11 an attached one depends on its neighbours only    an_attached_one_depends_on_its_neighbours_only
 *   12 exact ties in every generator                     generators.c
 *
 * Each on a thousand worlds with a baseline and a thousand without. */
#include "tests/property/correlator/engine_run.h"
#include "tests/property/correlator/laws.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void *need(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    assert(memory != NULL);
    return memory;
}

static void run_judge(struct verdict *verdict, struct run *run)
{
    if (run->chronicle.mistakes > 0)
        verdict_mistake(verdict, "%s", run->chronicle.first_mistake);
    verdict->evicted += run->chronicle.evicted;
    verdict->skipped += run->skipped;
    run_stop(run);
}

static void expect_same(struct verdict *verdict, const struct run *one, const struct run *other, const char *what)
{
    if (!chronicle_same(&one->chronicle, &other->chronicle))
        verdict_mistake(verdict, "%s", what);
    verdict->seen += one->chronicle.count;
}

/* ---- plots ---- */

static void plot_stirred(struct play *play, struct dice *dice)
{
    plot_stir(play, dice, 1 + dice_below(dice, 12));
}

static void plot_in_time(struct play *play, struct dice *dice)
{
    plot_tide(play, dice, 4, 1 + dice_below(dice, 4), PLOT_KEEPS_WORD);
}

static void plot_uncapped(struct play *play, struct dice *dice)
{
    for (uint32_t i = 0; i < play->world->rule_count; i++) {
        play->world->rules[i].cap_duration_ms = INT64_MAX;
        play->world->rules[i].cap_extent_km = INFINITY;
    }
    plot_once(play, dice);
}

/* ---- invariants 1, 2, 3, 8 ---- */

static void any_order(const struct play *play, struct verdict *verdict)
{
    struct dice dice = {play->world->seed * 41 + 3};
    struct run run, other;
    run_start(&run, play);
    run_play(&run, RUN_UNCOMPARED);
    run_start(&other, play);
    uint32_t *order = need(play->count, sizeof(*order));
    for (uint32_t i = 0; i < play->count; i++)
        order[i] = i;
    dice_shuffle(&dice, order, play->count);
    uint32_t rarely = 1 + dice_below(&dice, 9);
    for (uint32_t i = 0; i < play->count; i++) {
        run_step(&other, &play->steps[order[i]]);
        if (dice_below(&dice, rarely) == 0)
            run_flush(&other);
    }
    run_flush(&other);
    expect_same(verdict, &run, &other, "two orders, two results");
    free(order);
    run_judge(verdict, &run);
    run_judge(verdict, &other);
}

static void any_batching(const struct play *play, struct verdict *verdict)
{
    struct run as_told, each, at_end;
    run_start(&as_told, play);
    run_start(&each, play);
    run_start(&at_end, play);
    for (uint32_t i = 0; i < play->count; i++) {
        run_step(&as_told, &play->steps[i]);
        run_step(&each, &play->steps[i]);
        run_flush(&each);
        if (play->steps[i].kind != STEP_FLUSH)
            run_step(&at_end, &play->steps[i]);
    }
    run_flush(&as_told);
    run_flush(&at_end);
    expect_same(verdict, &as_told, &each, "flushed after every step it is something else");
    expect_same(verdict, &as_told, &at_end, "flushed at the end only it is something else");
    run_judge(verdict, &as_told);
    run_judge(verdict, &each);
    run_judge(verdict, &at_end);
}

/* Ids with an odd number come and go. */
static void retracted(const struct play *play, struct verdict *verdict)
{
    struct dice dice = {play->world->seed * 43 + 5};
    struct run run, never;
    run_start(&run, play);
    run_start(&never, play);
    for (uint32_t i = 0; i < play->count; i++) {
        if (play->steps[i].id % 2 == 0)
            run_step(&never, &play->steps[i]);
        run_step(&run, &play->steps[i]);
        if (dice_below(&dice, 8) == 0)
            run_flush(&run);
    }
    for (uint32_t i = 1; i < play->world->incident_count; i += 2) {
        run_remove(&run, i);
        if (dice_below(&dice, 8) == 0)
            run_flush(&run);
    }
    run_flush(&run);
    run_flush(&never);
    expect_same(verdict, &run, &never, "what was inserted and removed left a trace");
    size_t changes = run.chronicle.changes;
    run_flush(&run);
    if (run.chronicle.changes != changes)
        verdict_mistake(verdict, "told, where nothing had changed");
    run_judge(verdict, &run);
    run_judge(verdict, &never);
}

static void said_twice(const struct play *play, struct verdict *verdict)
{
    struct dice dice = {play->world->seed * 59 + 1};
    struct run once, twice;
    run_start(&once, play);
    run_start(&twice, play);
    for (uint32_t i = 0; i < play->count; i++) {
        run_step(&once, &play->steps[i]);
        run_step(&twice, &play->steps[i]);
        if (play->steps[i].kind != STEP_SET || dice_below(&dice, 2) == 0)
            continue;
        if (dice_below(&dice, 3) == 0)
            run_flush(&twice);
        run_step(&twice, &play->steps[i]);
    }
    run_flush(&once);
    run_flush(&twice);
    expect_same(verdict, &once, &twice, "said twice it is something else");
    run_judge(verdict, &once);
    run_judge(verdict, &twice);
}

/* ---- invariants 5, 6 ---- */

/* By id: the entry that holds it as a core. */
static void cores_find(const struct run *run, size_t rule, const struct chronicle_entry **ret_entries)
{
    const struct world *world = run->world;
    for (uint32_t id = 0; id < world->incident_count; id++)
        ret_entries[id] = NULL;
    for (size_t i = 0; i < run->chronicle.count; i++) {
        const struct chronicle_entry *entry = &run->chronicle.entries[i];
        for (size_t j = 0; entry->rule == rule && entry->state != EPISODE_WITHDRAWN && j < entry->member_count; j++) {
            for (uint32_t id = 0; entry->members[j].membership == MEMBERSHIP_CORE && id < world->incident_count; id++) {
                if (span_equal(world_incident(world, id, 0)->id, entry->members[j].id))
                    ret_entries[id] = entry;
            }
        }
    }
}

static void monotone(const struct play *play, struct verdict *verdict)
{
    const struct world *world = play->world;
    uint32_t count = world->incident_count;
    struct run run;
    run_start(&run, play);
    const struct chronicle_entry **entries = need(count, sizeof(struct chronicle_entry *));
    bool *core = need((size_t)world->rule_count * count, sizeof(*core));
    bool *together = need((size_t)world->rule_count * count * count, sizeof(*together));
    for (uint32_t i = 0; i < play->count; i++) {
        run_step(&run, &play->steps[i]);
        run_flush(&run);
        for (uint32_t rule = 0; rule < world->rule_count; rule++) {
            cores_find(&run, rule, entries);
            for (uint32_t a = 0; a < count; a++) {
                bool *was = &core[rule * count + a];
                if (*was && entries[a] == NULL)
                    verdict_mistake(verdict, "%s was a core, and more made it none", world->names[a]);
                *was = entries[a] != NULL;
                for (uint32_t b = 0; *was && b < a; b++) {
                    bool *were = &together[(rule * count + a) * count + b];
                    if (*were && entries[a] != entries[b])
                        verdict_mistake(verdict, "%s and %s were together, and more parted them", world->names[a],
                                        world->names[b]);
                    *were = entries[a] == entries[b];
                    verdict->seen += *were;
                }
            }
        }
    }
    free(entries);
    free(core);
    free(together);
    run_judge(verdict, &run);
}

static uint32_t root_of(const uint32_t *parents, uint32_t at)
{
    while (parents[at] != at)
        at = parents[at];
    return at;
}

/* Neighbouring cores are in one episode, or both of theirs are capped; where no episode of a component is, it is one
 * episode; and no episode holds cores of two components. */
static void components_check(const struct run *run, uint32_t rule, struct verdict *verdict)
{
    const struct world *world = run->world;
    uint32_t count = world->incident_count;
    const struct chronicle_entry **entries = need(count, sizeof(struct chronicle_entry *));
    uint32_t *parents = need(count, sizeof(*parents));
    cores_find(run, rule, entries);
    for (uint32_t a = 0; a < count; a++) {
        parents[a] = a;
        for (uint32_t b = 0; entries[a] != NULL && b < a; b++) {
            if (entries[b] == NULL || run->standing[a] < 0 || run->standing[b] < 0 ||
                !oracle_neighbours(&world->rules[rule], world_incident(world, a, (uint32_t)run->standing[a]),
                                   world_incident(world, b, (uint32_t)run->standing[b])))
                continue;
            parents[root_of(parents, a)] = root_of(parents, b);
            if (entries[a] != entries[b] && !(entries[a]->capped && entries[b]->capped))
                verdict_mistake(verdict, "%s and %s are apart, and nothing is capped", world->names[a],
                                world->names[b]);
        }
    }
    for (uint32_t a = 0; a < count; a++) {
        bool capped_apart = false;
        for (uint32_t b = 0; entries[a] != NULL && b < count; b++) {
            bool connected = entries[b] != NULL && root_of(parents, a) == root_of(parents, b);
            capped_apart = capped_apart || (connected && entries[a] != entries[b]);
            if (entries[b] == entries[a] && !connected)
                verdict_mistake(verdict, "%s and %s are together, and no way leads from one to the other",
                                world->names[a], world->names[b]);
        }
        if (entries[a] != NULL && entries[a]->capped && !capped_apart)
            verdict_mistake(verdict, "%s is capped, and has nobody beside it", entries[a]->id);
        verdict->seen += entries[a] != NULL;
        verdict->capped += capped_apart;
    }
    free(entries);
    free(parents);
}

static void components(const struct play *play, struct verdict *verdict)
{
    struct run run;
    run_start(&run, play);
    for (uint32_t i = 0; i < play->count; i++) {
        run_step(&run, &play->steps[i]);
        for (uint32_t rule = 0; play->steps[i].kind == STEP_FLUSH && rule < play->world->rule_count; rule++)
            components_check(&run, rule, verdict);
    }
    run_judge(verdict, &run);
}

/* ---- invariant 7 ---- */

struct frozen {
    uint64_t cores;   /* digest of cores and capped, once they can no longer change; 0: they can */
    uint64_t members; /* the same of attached ones too */
};

static uint64_t entry_digest(const struct chronicle_entry *entry, bool with_attached)
{
    uint64_t digest = 0xcbf29ce484222325u + entry->capped + (entry->state == EPISODE_WITHDRAWN ? 2u : 0u);
    for (size_t i = 0; i < entry->member_count; i++) {
        enum membership membership = entry->members[i].membership;
        if (membership != MEMBERSHIP_CORE && !(with_attached && membership == MEMBERSHIP_ATTACHED))
            continue;
        for (size_t j = 0; j < entry->members[i].id.size; j++)
            digest = (digest ^ (unsigned char)entry->members[i].id.data[j]) * 0x100000001b3u;
        digest = (digest ^ (uint64_t)membership) * 0x100000001b3u;
    }
    return digest | 1;
}

static void frozen_check(const struct run *run, struct frozen *frozen, struct verdict *verdict)
{
    for (size_t i = 0; i < run->chronicle.count; i++) {
        const struct chronicle_entry *entry = &run->chronicle.entries[i];
        int64_t window = run->world->rules[entry->rule].window_ms;
        uint64_t cores = entry_digest(entry, false);
        uint64_t members = entry_digest(entry, true);
        if (frozen[i].cores != 0 && frozen[i].cores != cores)
            verdict_mistake(verdict, "%s: its cores changed behind W − 3 windows", entry->id);
        if (frozen[i].members != 0 && frozen[i].members != members)
            verdict_mistake(verdict, "%s: its members changed behind W − 5 windows", entry->id);
        if (entry->state == EPISODE_WITHDRAWN || run->watermark_ms < -(1LL << 60))
            continue;
        if (entry->cores_end_ms < run->watermark_ms - 3 * window) {
            frozen[i].cores = cores;
            verdict->seen++;
        }
        if (entry->cores_end_ms < run->watermark_ms - 5 * window)
            frozen[i].members = members;
    }
}

static void behind_the_bound(const struct play *play, struct verdict *verdict)
{
    struct run run;
    run_start(&run, play);
    struct frozen *frozen = NULL;
    size_t known = 0;
    for (uint32_t i = 0; i < play->count; i++) {
        run_step(&run, &play->steps[i]);
        if (play->steps[i].kind != STEP_FLUSH)
            continue;
        if (known < run.chronicle.count) {
            frozen = realloc(frozen, run.chronicle.count * sizeof(*frozen));
            assert(frozen != NULL);
            while (known < run.chronicle.count)
                frozen[known++] = (struct frozen){0, 0};
        }
        frozen_check(&run, frozen, verdict);
    }
    free(frozen);
    run_judge(verdict, &run);
}

/* ---- invariant 9 ---- */

static bool is_renamed(const struct chronicle_entry *one, const struct chronicle_entry *other, int64_t by_ms)
{
    bool same = one->rule == other->rule && one->first_ms - by_ms == other->first_ms &&
                one->last_ms - by_ms == other->last_ms && one->state == other->state && one->capped == other->capped &&
                one->member_count == other->member_count && (one->continues[0] == 0) == (other->continues[0] == 0);
    for (size_t i = 0; same && i < one->member_count; i++)
        same = one->members[i].membership == other->members[i].membership &&
               other->members[i].id.size == one->members[i].id.size + 2 &&
               memcmp(other->members[i].id.data + 2, one->members[i].id.data, one->members[i].id.size) == 0;
    return same;
}

/* The incidents of the world are changed and put back: names in the same order, times all so much earlier. */
static void world_shift(const struct world *world, int64_t by_ms, char (*names)[32])
{
    for (uint32_t i = 0; i < world->incident_count * world->variant_count; i++) {
        struct engine_incident *incident = &world->incidents[i];
        incident->start_ms -= by_ms;
        incident->end_ms -= by_ms;
        incident->reported_at_ms -= incident->reported_at_ms == TIME_NONE ? 0 : by_ms;
        uint32_t id = i / world->variant_count;
        (void)snprintf(names[id], sizeof(names[id]), "zz%s", world->names[id]);
        incident->id = span_of(by_ms == 0 ? world->names[id] : names[id]);
    }
}

static void shifted(const struct play *play, struct verdict *verdict)
{
    const struct world *world = play->world;
    struct dice dice = {world->seed};
    int64_t by_ms = (int64_t)(dice_roll(&dice) >> 22) + 1; /* up to a century and a third, into the time before 1970 */
    struct run run, moved;
    run_start(&run, play);
    run_play(&run, RUN_UNCOMPARED);
    char(*names)[32] = need(world->incident_count, sizeof(*names));
    world_shift(world, by_ms, names);
    run_start(&moved, play);
    run_play(&moved, RUN_UNCOMPARED);
    size_t standing = 0, found = 0, standing_moved = 0;
    for (size_t i = 0; i < run.chronicle.count; i++) {
        bool there = false;
        for (size_t j = 0; !there && j < moved.chronicle.count; j++)
            there = is_renamed(&run.chronicle.entries[i], &moved.chronicle.entries[j], by_ms);
        standing += run.chronicle.entries[i].state != EPISODE_WITHDRAWN;
        found += run.chronicle.entries[i].state != EPISODE_WITHDRAWN && there;
    }
    for (size_t i = 0; i < moved.chronicle.count; i++)
        standing_moved += moved.chronicle.entries[i].state != EPISODE_WITHDRAWN;
    if (found != standing || standing_moved != standing)
        verdict_mistake(verdict, "%zu of %zu episodes are there under other names", found, standing);
    verdict->seen += found;
    run_judge(verdict, &moved);
    world_shift(world, -by_ms, names);
    world_shift(world, 0, names);
    free(names);
    run_judge(verdict, &run);
}

/* ---- invariant 11 ---- */

/* By distance, then start, then id. */
struct choice {
    uint64_t distance[2];
    const struct engine_incident *core;
};

static bool is_nearer(const struct choice *one, const struct choice *other)
{
    for (int i = 0; i < 2; i++) {
        if (one->distance[i] != other->distance[i])
            return one->distance[i] < other->distance[i];
    }
    if (one->core->start_ms != other->core->start_ms)
        return one->core->start_ms < other->core->start_ms;
    return span_compare(one->core->id, other->core->id) < 0;
}

/* The core it is attached to, from those told: an id, or UINT32_MAX. */
static uint32_t anchor_of(const struct run *run, uint32_t rule, uint32_t id, const struct chronicle_entry **cores)
{
    const struct world *world = run->world;
    uint32_t best = UINT32_MAX;
    struct choice nearest = {0};
    for (uint32_t i = 0; i < world->incident_count; i++) {
        struct choice choice = {.core = world_incident(world, i, 0)};
        if (i == id || cores[i] == NULL ||
            !oracle_attachment(&world->rules[rule], world_incident(world, id, 0), choice.core, choice.distance))
            continue;
        if (best == UINT32_MAX || is_nearer(&choice, &nearest)) {
            best = i;
            nearest = choice;
        }
    }
    return best;
}

static bool is_attached_in(const struct chronicle_entry *entry, struct span id)
{
    for (size_t i = 0; entry != NULL && i < entry->member_count; i++) {
        if (entry->members[i].membership == MEMBERSHIP_ATTACHED && span_equal(entry->members[i].id, id))
            return true;
    }
    return false;
}

/* Leaves only what is within two steps of it, so that who is near it has all its neighbours. */
static void leave_the_near(struct run *run, uint32_t rule, uint32_t id)
{
    const struct world *world = run->world;
    const struct rule *of = &world->rules[rule];
    uint64_t distance[2];
    for (uint32_t i = 0; i < world->incident_count; i++) {
        bool near = i == id;
        for (uint32_t j = 0; !near && j < world->incident_count; j++)
            near = oracle_attachment(of, world_incident(world, id, 0), world_incident(world, j, 0), distance) &&
                   oracle_attachment(of, world_incident(world, j, 0), world_incident(world, i, 0), distance);
        if (!near)
            run_remove(run, i);
    }
}

static void attached(const struct play *play, struct verdict *verdict)
{
    const struct world *world = play->world;
    struct dice dice = {world->seed * 61 + 5};
    struct run run;
    run_start(&run, play);
    run_play(&run, RUN_UNCOMPARED);
    uint32_t rule = dice_below(&dice, world->rule_count);
    const struct chronicle_entry **cores = need(world->incident_count, sizeof(struct chronicle_entry *));
    uint32_t *candidates = need(world->incident_count, sizeof(*candidates));
    uint32_t candidate_count = 0;
    cores_find(&run, rule, cores);
    for (uint32_t id = 0; id < world->incident_count; id++) {
        if (run.standing[id] < 0 || cores[id] != NULL || world_incident(world, id, 0)->role != ROLE_TRIGGER)
            continue;
        uint32_t anchor = anchor_of(&run, rule, id, cores);
        if (anchor == UINT32_MAX)
            continue;
        candidates[candidate_count++] = id;
        if (!is_attached_in(cores[anchor], world_incident(world, id, 0)->id))
            verdict_mistake(verdict, "%s is not attached to %s", world->names[id], world->names[anchor]);
    }
    if (candidate_count > 0) {
        uint32_t id = candidates[dice_below(&dice, candidate_count)];
        uint32_t before = anchor_of(&run, rule, id, cores);
        leave_the_near(&run, rule, id);
        run_flush(&run);
        cores_find(&run, rule, cores);
        uint32_t after = anchor_of(&run, rule, id, cores);
        if (before != after || !is_attached_in(cores[after], world_incident(world, id, 0)->id))
            verdict_mistake(verdict, "%s was attached to %s, and without others is not", world->names[id],
                            world->names[before]);
        verdict->seen++;
    }
    free(cores);
    free(candidates);
    run_judge(verdict, &run);
}

/* ---- the laws ---- */

static bool seen_enough(const struct verdict *all)
{
    return all->seen >= all->worlds;
}

static bool some_seen(const struct verdict *all)
{
    return all->seen >= all->worlds / 4;
}

static bool seen_both(const struct verdict *all)
{
    return seen_enough(all) && all->capped > all->worlds;
}

static const struct law laws[] = {
    {"any_order_of_arrivals_tells_the_same", 120, 1, NULL, plot_once, any_order, seen_enough},
    {"any_batching_tells_the_same", 60, 3, NULL, plot_stirred, any_batching, seen_enough},
    {"what_was_retracted_was_never_there", 80, 1, NULL, plot_once, retracted, seen_enough},
    {"what_is_said_twice_is_said_once", 60, 3, NULL, plot_stirred, said_twice, seen_enough},
    {"more_never_uncores_and_never_parts", 40, 1, NULL, plot_uncapped, monotone, seen_enough},
    {"uncapped_episodes_are_components", 60, 2, NULL, plot_stirred, components, seen_both},
    {"nothing_changes_behind_the_bound", 150, 3, NULL, plot_in_time, behind_the_bound, seen_enough},
    {"shifted_and_renamed_changes_only_names", 60, 2, NULL, plot_stirred, shifted, seen_enough},
    {"an_attached_one_depends_on_its_neighbours_only", 60, 1, NULL, plot_once, attached, some_seen},
};

int main(int argc, char **argv)
{
    return laws_main(argc, argv, laws, sizeof(laws) / sizeof(laws[0]));
}
