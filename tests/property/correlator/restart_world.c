#include "tests/property/correlator/restart_world.h"

#include "proto/codec.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/reports.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void rules_make(struct world *world)
{
    static const char *const windows[] = {"6h", "1d", "3d"};
    static const char *const caps[] = {"", ", caps: {duration: 4d}", ", caps: {extent_km: 600}"};
    struct dice *dice = &world->dice;
    size_t used = (size_t)snprintf(world->yaml, sizeof world->yaml, "rules:\n");
    for (uint32_t i = 0, count = 1 + dice_below(dice, 2); i < count; i++)
        used += (size_t)snprintf(world->yaml + used, sizeof world->yaml - used,
                                 "  - {name: r%u, categories: [%s], reach_km: %u, window: %s, min_neighbours: %u, "
                                 "min_incidents: %u, min_countries: %u%s}\n",
                                 i, dice_below(dice, 2) == 0 ? "air.*" : "air.*, sea.*",
                                 100 + 300 * dice_below(dice, 4), DICE_PICK(dice, windows), 1 + dice_below(dice, 3),
                                 2 + dice_below(dice, 2), dice_below(dice, 3), DICE_PICK(dice, caps));
    if (dice_below(dice, 3) == 0)
        used +=
            (size_t)snprintf(world->yaml + used, sizeof world->yaml - used, "same: {within: 90m, reach_km: 12.5}\n");
    assert(used < sizeof world->yaml);
}

static struct report report_new(struct world *world, uint32_t id)
{
    static const struct country *const countries[] = {poland, estonia};
    static const char *const sources[] = {"a", "b", "c"};
    static const enum category categories[] = {CATEGORY_AIR_DRONE_INCURSION, CATEGORY_AIR_BALLOON, CATEGORY_AIR_CLOSURE,
                                               CATEGORY_SEA_CABLE};
    struct dice *dice = &world->dice;
    struct report report = report_make(world->known[id].id, 1);
    uint32_t place = dice_below(dice, 4);
    report.source = span_of(sources[id % 3]);
    report.category = DICE_PICK(dice, categories);
    report.role = category_role(report.category);
    report.occurred.start_ms = START_MS + (int64_t)dice_below(dice, 240) * HOUR_MS;
    report.occurred.end_ms = report.occurred.start_ms + (int64_t)dice_below(dice, 8) * HOUR_MS;
    report.place.lat = 50 + place * 2 + dice_below(dice, 20) / 100.0;
    report.place.lon = 20 + place + dice_below(dice, 20) / 100.0;
    report.countries = countries[place % 2];
    return report;
}

static void push_report(struct world *world, const struct report *report)
{
    text_clear(&world->bytes);
    assert_int_equal(report_pack(report, &world->bytes), STATUS_OK);
    struct step step = {.report = arena_copy(&world->arena, (struct span){world->bytes.data, world->bytes.size}),
                        .position = ++world->position};
    assert_non_null(step.report.data);
    world->steps[world->step_count++] = step;
}

/* The first of an id, a correction, a retraction; a revision that is not the next; the same again. */
static void say(struct world *world)
{
    struct dice *dice = &world->dice;
    uint32_t id = dice_below(dice, IDS_MAX);
    struct known *known = &world->known[id];
    uint32_t roll = dice_below(dice, 10);
    if (!known->any || roll < 4) {
        known->report = report_new(world, id);
    } else if (roll < 6) {
        bool bare = dice_below(dice, 2) == 0;
        struct span source = known->report.source;
        if (bare)
            known->report = report_retraction(known->id, 1);
        known->report.source = source;
        known->report.status =
            !known->report.has_place || dice_below(dice, 2) == 0 ? REPORT_RETRACTED : REPORT_EXPLAINED;
    } else if (roll < 8) {
        known->report.headline = dice_below(dice, 2) == 0 ? SPAN("three of them") : SPAN("one of them");
    }
    uint32_t next = known->any ? known->revision + 1 : 1;
    known->report.revision = dice_below(dice, 6) > 0 ? next : dice_below(dice, next + 1);
    if (known->report.revision > known->revision)
        known->revision = known->report.revision;
    known->any = true;
    push_report(world, &known->report);
}

static void promise(struct world *world, int64_t watermark_ms)
{
    world->steps[world->step_count++] = (struct step){.watermark_ms = watermark_ms, .position = world->position};
    if (watermark_ms > world->last_ms)
        world->last_ms = watermark_ms;
}

struct world *restart_world_make(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->seed = seed;
    world->dice.state = seed * 0x9e3779b97f4a7c15u;
    arena_init(&world->arena, 16u << 20);
    rules_make(world);
    for (uint32_t id = 0; id < IDS_MAX; id++)
        (void)snprintf(world->known[id].id, sizeof world->known[id].id, "%u", id);
    size_t count = 10 + dice_below(&world->dice, STEPS_MAX - 20);
    world->last_ms = START_MS;
    for (size_t i = 0; i < count; i++)
        if (dice_below(&world->dice, 8) > 0)
            say(world);
        else
            promise(world, START_MS + (int64_t)(i * 240 / count + dice_below(&world->dice, 48)) * HOUR_MS);
    promise(world, world->last_ms + (dice_below(&world->dice, 2) == 0 ? DAY_MS : 60 * DAY_MS));
    if (dice_below(&world->dice, 2) == 0)
        say(world);
    return world;
}

void restart_world_free(struct world *world)
{
    arena_fini(&world->arena);
    text_fini(&world->bytes);
    free(world);
}
