/* Invariant 10: the same bytes from every compiler, at every level of optimisation, under every sanitizer. A digest of
 * all the engine tells, in the order it tells it, over plays of every family; built as the rest is, and at -O0 and -O3.
 *
 *   engine_digest            the digest must be the recorded one
 *   engine_digest --record   prints it, for the line below
 *
 * It changes with the families, the method or the ids: then the new one is written here, and the reason into the
 * commit. Kilometres come from libm, whose last digits differ: they are digested to the metre. */
#include "tests/support/families.h"
#include "tests/support/play.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECORDED 0x36b1626b1b8239e8u
#define WORLDS   1100u

struct digester {
    uint64_t digest; /* FNV-1a */
    uint64_t changes;
};

static void digest_bytes(struct digester *digester, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        digester->digest = (digester->digest ^ bytes[i]) * 0x100000001b3u;
}

static void digest_text(struct digester *digester, const char *text)
{
    digest_bytes(digester, text, strlen(text) + 1);
}

static void digest_number(struct digester *digester, int64_t number)
{
    unsigned char bytes[8]; /* the least first, on any machine */
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)number >> 8 * i);
    digest_bytes(digester, bytes, sizeof(bytes));
}

static void digest_members(struct digester *digester, const struct engine_member *members, size_t count)
{
    digest_number(digester, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        digest_bytes(digester, members[i].incident->id.data, members[i].incident->id.size);
        digest_number(digester, members[i].membership);
    }
}

static void on_change(void *self, const struct engine_change *change)
{
    struct digester *digester = self;
    digester->changes++;
    digest_number(digester, (int64_t)change->rule);
    digest_text(digester, change->id);
    digest_number(digester, change->state);
    digest_number(digester, change->is_new | change->final << 1 | change->capped << 2);
    digest_text(digester, change->continues);
    digest_text(digester, change->superseded_by);
    for (size_t i = 0; i < change->country_count; i++)
        digest_number(digester, change->countries[i]);
    digest_number(digester, change->first_ms);
    digest_number(digester, change->last_ms);
    digest_number(digester, (int64_t)(change->extent_km * 1000.0 + 0.5));
    digest_number(digester, (int64_t)change->observed);
    digest_members(digester, change->members, change->member_count);
    digest_members(digester, change->added, change->added_count);
    digest_members(digester, change->removed, change->removed_count);
    digest_members(digester, change->touched, change->touched_count);
    for (size_t i = 0; i < change->supersedes_count; i++)
        digest_text(digester, change->supersedes[i]);
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)self;
    (void)incident;
    (void)evicted;
}

static void must(enum status status)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "engine_digest: %s\n", status_text(status));
    exit(1);
}

static void digest_play(struct digester *digester, const struct play *play)
{
    const struct world *world = play->world;
    struct world_baseline baselines[WORLD_HISTORIES][WORLD_RULES_MAX];
    const struct baseline_rule *given[WORLD_HISTORIES][WORLD_RULES_MAX];
    struct rule rules[WORLD_RULES_MAX];
    for (uint32_t i = 0; i < world->rule_count; i++) {
        for (uint32_t j = 0; j < WORLD_HISTORIES; j++) {
            baselines[j][i] = world_baseline_new(world, i, j);
            given[j][i] = baselines[j][i].rule;
        }
        rules[i] = world->rules[i];
        rules[i].baseline = given[0][i];
    }
    const struct engine_limits limits = {.incidents_max = 100000};
    const struct engine_events events = {on_change, on_released, digester};
    struct engine *engine;
    must(engine_new(&allocator_heap, rules, world->rule_count, &limits, &engine));
    uint32_t *handles = calloc(world->incident_count, sizeof(*handles));
    bool *standing = calloc(world->incident_count, sizeof(*standing));
    assert(handles != NULL && standing != NULL);
    for (uint32_t i = 0; i < play->count; i++) {
        const struct step *step = &play->steps[i];
        if ((step->kind == STEP_SET || step->kind == STEP_REMOVE) && standing[step->id])
            engine_remove(engine, handles[step->id]);
        if (step->kind == STEP_SET)
            must(engine_insert(engine, world_incident(world, step->id, step->variant), &handles[step->id]));
        if (step->kind == STEP_SET || step->kind == STEP_REMOVE)
            standing[step->id] = step->kind == STEP_SET;
        if (step->kind == STEP_TOUCH && standing[step->id])
            engine_touch(engine, handles[step->id]);
        if (step->kind == STEP_WATERMARK)
            engine_watermark(engine, step->time_ms);
        if (step->kind == STEP_FLUSH)
            must(engine_flush(engine, &events));
        size_t kept;
        if (step->kind == STEP_REBASE)
            must(engine_rebase(engine, given[step->variant], &kept));
    }
    engine_watermark(engine, INT64_MAX);
    must(engine_flush(engine, &events));
    engine_free(engine);
    free(handles);
    free(standing);
    for (uint32_t i = 0; i < world->rule_count; i++) {
        for (uint32_t j = 0; j < WORLD_HISTORIES; j++)
            world_baseline_free(&baselines[j][i]);
    }
}

int main(int argc, char **argv)
{
    struct digester digester = {.digest = 0xcbf29ce484222325u};
    for (uint64_t seed = 2; seed < 2 + WORLDS; seed++) {
        struct play *play = play_new(world_new(&(struct world_options){.seed = seed,
                                                                       .family = &families[seed / 2 % family_count],
                                                                       .incidents_most = 70,
                                                                       .variant_count = 3,
                                                                       .calibrated = seed % 2 == 0}));
        struct dice dice = {seed * 67 + 9};
        play->rebases = play->world->calibrated && seed / 2 / family_count % 2 == 0; /* while nothing leaves */
        if (seed / 2 / family_count % 2 == 0)
            plot_stir(play, &dice, 6);
        else
            plot_tide(play, &dice, 4, 4, PLOT_KEEPS_WORD);
        digest_play(&digester, play);
        play_free(play);
    }
    printf("%u worlds, %" PRIu64 " changes, digest 0x%016" PRIx64 "\n", WORLDS, digester.changes, digester.digest);
    if (argc > 1 && strcmp(argv[1], "--record") == 0)
        return 0;
    if (digester.digest != RECORDED) {
        (void)fprintf(stderr, "engine_digest: the digest is not the recorded 0x%016" PRIx64 "\n", (uint64_t)RECORDED);
        return 1;
    }
    return 0;
}
