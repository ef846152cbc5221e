#include "tests/property/correlator/engine_run.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

uint64_t run_worlds = 1000;
uint64_t run_first_seed = 1;

void run_arguments(int argc, char **argv)
{
    const char *asked = getenv("VEDETTE_WORLDS");
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--worlds") == 0)
            asked = argv[i + 1];
    }
    if (asked != NULL)
        run_worlds = strtoull(asked, NULL, 10);
    if (getenv("VEDETTE_SEED") != NULL) {
        run_first_seed = strtoull(getenv("VEDETTE_SEED"), NULL, 10);
        run_worlds = 1;
    }
}

static const struct engine_limits limits = {.incidents_max = 1000000};

static void on_evicted(void *self, const struct engine_incident *original)
{
    struct run *run = self;
    run->gone[(original - run->world->incidents) / run->world->variant_count] = true;
}

void run_start(struct run *run, const struct world *world, const struct allocator *allocator, uint64_t seed)
{
    *run = (struct run){.world = world};
    run->handle = calloc(world->incident_count, sizeof(*run->handle));
    run->standing = calloc(world->incident_count, sizeof(*run->standing));
    run->set = calloc(world->incident_count, sizeof(*run->set));
    run->gone = calloc(world->incident_count, sizeof(*run->gone));
    for (uint32_t i = 0; i < world->incident_count; i++)
        run->standing[i] = -1;
    chronicle_init(&run->chronicle, seed);
    run->chronicle.on_evicted = on_evicted;
    run->chronicle.on_evicted_self = run;
    assert_int_equal(engine_new(allocator, world->rules, world->rule_count, &limits, &run->engine), STATUS_OK);
}

void run_stop(struct run *run)
{
    engine_free(run->engine);
    chronicle_fini(&run->chronicle);
    free(run->handle);
    free(run->standing);
    free(run->set);
    free(run->gone);
}

void run_remove(struct run *run, uint32_t id)
{
    if (run->standing[id] < 0)
        return;
    if (!run->gone[id])
        engine_remove(run->engine, run->handle[id]);
    run->gone[id] = false;
    run->standing[id] = -1;
}

/* variant −1: removes. */
void run_set(struct run *run, uint32_t id, int variant)
{
    run_remove(run, id);
    if (variant < 0)
        return;
    assert_int_equal(engine_insert(run->engine, world_incident(run->world, id, (uint32_t)variant), &run->handle[id]),
                     STATUS_OK);
    run->standing[id] = variant;
}

void run_flush(struct run *run)
{
    assert_int_equal(chronicle_flush(&run->chronicle, run->engine), STATUS_OK);
    if (engine_pending(run->engine) != 0) {
        (void)fprintf(stderr, "seed %" PRIu64 ": pending after a flush\n", run->chronicle.seed);
        run->chronicle.mistakes++;
    }
}

void run_compare(struct run *run)
{
    size_t count = 0;
    for (uint32_t i = 0; i < run->world->incident_count; i++) {
        if (run->standing[i] >= 0)
            run->set[count++] = world_incident(run->world, i, (uint32_t)run->standing[i]);
    }
    for (size_t rule = 0; rule < run->world->rule_count; rule++) {
        struct oracle_result result = oracle_run(&run->world->rules[rule], run->set, count);
        chronicle_compare(&run->chronicle, rule, &result);
        oracle_free(&result);
    }
}

void run_expect_right(const struct run *run)
{
    if (run->chronicle.mistakes > 0)
        fail_msg("seed %" PRIu64 ": %zu mistakes", run->chronicle.seed, run->chronicle.mistakes);
}

struct world *world_of(uint64_t seed, uint32_t most)
{
    struct dice dice = {seed};
    return world_new(
        &(struct world_options){.seed = seed, .incident_count = 2 + dice_below(&dice, most - 2), .variant_count = 3});
}
