#include "correlator/baseline/surprise.h"

#include "correlator/baseline/history.h"
#include "correlator/engine/engine.h"

#include <math.h>
#include <stdlib.h>

/* The cubes of a footprint, each once.
 *
 *   slots: ── open addressing, at most half full; grows from the stack to the heap ──
 *
 * Members of one episode share few cubes, so this stays small however many they are. */
#define CUBES_ON_STACK 64u

struct cube {
    struct baseline_cell at;
    bool used;
};

struct footprint {
    struct cube *cubes;
    size_t room; /* a power of two */
    size_t count;
    uint64_t history;
    struct cube on_stack[CUBES_ON_STACK];
};

static void footprint_init(struct footprint *footprint)
{
    *footprint = (struct footprint){.room = CUBES_ON_STACK};
    footprint->cubes = footprint->on_stack;
}

static void footprint_fini(struct footprint *footprint)
{
    if (footprint->cubes != footprint->on_stack)
        free(footprint->cubes);
}

/* The slot that holds the cube, or the free one it belongs in. */
static struct cube *footprint_slot(struct cube *cubes, size_t room, struct baseline_cell at)
{
    uint64_t hash = (uint32_t)at.x * UINT64_C(0x9e3779b97f4a7c15) ^ (uint32_t)at.y * UINT64_C(0xc2b2ae3d27d4eb4f) ^
                    (uint32_t)at.z * UINT64_C(0x165667b19e3779f9);
    for (size_t i = (size_t)(hash >> 32);; i++) {
        struct cube *cube = &cubes[i & (room - 1)];
        if (!cube->used || (cube->at.x == at.x && cube->at.y == at.y && cube->at.z == at.z))
            return cube;
    }
}

static enum status footprint_grow(struct footprint *footprint)
{
    size_t room = footprint->room * 2;
    struct cube *cubes = calloc(room, sizeof *cubes);
    if (cubes == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < footprint->room; i++) {
        if (footprint->cubes[i].used)
            *footprint_slot(cubes, room, footprint->cubes[i].at) = footprint->cubes[i];
    }
    footprint_fini(footprint);
    footprint->cubes = cubes;
    footprint->room = room;
    return STATUS_OK;
}

static enum status footprint_add(struct footprint *footprint, const struct baseline_rule *rule, struct point point)
{
    struct baseline_cell at = baseline_footprint_of(rule, point);
    struct cube *cube = footprint_slot(footprint->cubes, footprint->room, at);
    if (cube->used)
        return STATUS_OK;
    *cube = (struct cube){.at = at, .used = true};
    footprint->history += baseline_footprint_history(rule, at);
    return ++footprint->count * 2 > footprint->room ? footprint_grow(footprint) : STATUS_OK;
}

/* Times as doubles: milliseconds of centuries are exact in them. */
static double expected_of(const struct baseline_rule *rule, uint64_t history, int64_t first_ms, int64_t last_ms)
{
    double exposure_ms =
        (double)(last_ms - first_ms) + 2.0 * (double)baseline_window_ms(rule) + (double)baseline_mean_length_ms(rule);
    return (double)(history + 1) * exposure_ms / (double)baseline_history_ms(rule);
}

static double score_of(double observed, double expected)
{
    if (!(observed > expected))
        return 0.0;
    double score = observed * log(observed / expected) + expected - observed;
    return round(score * 1e6) / 1e6;
}

struct surprise surprise_of_counts(const struct baseline_rule *rule, size_t observed, uint64_t history,
                                   int64_t first_ms, int64_t last_ms, enum episode_state state)
{
    enum baseline_curve_kind kind = state == EPISODE_FLAGGED ? BASELINE_CURVE_FLAGGED : BASELINE_CURVE_ANY;
    const struct curve *curve = baseline_curve(rule, kind);
    struct surprise surprise = {.observed = observed, .history = history, .recurrence_days = NAN};
    surprise.expected = expected_of(rule, history, first_ms, last_ms);
    surprise.score = score_of((double)observed, surprise.expected);
    if (curve->years > 0)
        surprise.recurrence_days = curve_recurrence_days(curve, surprise.score, &surprise.recurrence_at_least);
    return surprise;
}

enum status surprise_of(const struct baseline_rule *rule, const struct point *members, size_t count, int64_t first_ms,
                        int64_t last_ms, enum episode_state state, struct surprise *ret_surprise)
{
    struct footprint footprint;
    footprint_init(&footprint);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = footprint_add(&footprint, rule, members[i]);
    if (status == STATUS_OK)
        *ret_surprise = surprise_of_counts(rule, count, footprint.history, first_ms, last_ms, state);
    footprint_fini(&footprint);
    return status;
}

enum status surprise_of_change(const struct baseline_rule *rule, const struct engine_change *change,
                               struct surprise *ret_surprise)
{
    struct footprint footprint;
    footprint_init(&footprint);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < change->member_count && status == STATUS_OK; i++) {
        enum membership membership = change->members[i].membership;
        if (membership == MEMBERSHIP_CORE || membership == MEMBERSHIP_ATTACHED)
            status = footprint_add(&footprint, rule, change->members[i].incident->point);
    }
    if (status == STATUS_OK)
        *ret_surprise = surprise_of_counts(rule, change->observed, footprint.history, change->first_ms, change->last_ms,
                                           change->state);
    footprint_fini(&footprint);
    return status;
}
