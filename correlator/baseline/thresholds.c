/* Rows by a walk along the curve P = alpha.
 *
 *     k  ▲          ┌── too probable: one neighbour more        P(k + 1, h) = P(k, h) − mass
 *        │      ┌───┘                                            P(k, h + 1) = P(k, h) + mass · k/(h + 1)
 *        │  ┌───┘ ──▶ improbable enough: one event more
 *        └──┴──────────▶ h
 *
 * One addition a step: a row to h = 10^6 takes some 10 ms. Every so often, and wherever P is too near alpha to trust
 * the sum, P is computed anew, so that a row says what tail_threshold says. */
#include "correlator/baseline/thresholds.h"

#include "correlator/baseline/tail.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ANCHOR_STEPS 2048u /* between two computations of P */
#define DOUBT        1e-9  /* of P: nearer to alpha than this, the sum of steps is not trusted */

struct row {
    uint32_t *bounds;
    size_t count, room;
};

struct thresholds {
    struct thresholds_options options;
    struct row rows[THRESHOLDS_ROWS];
};

static bool options_right(const struct thresholds_options *options)
{
    return options->window_ms >= 1 && options->history_ms >= 1 && options->mean_length_ms >= 0 &&
           options->mean_length_ms <= options->window_ms && options->min_neighbours >= 1 &&
           options->min_neighbours < TAIL_COUNT_MAX && options->alpha > 0.0 && options->alpha <= 1.0 &&
           options->history_max < TAIL_COUNT_MAX;
}

/* ⌈4e / window⌉ for e = 2·window + length + mean length. */
static uint32_t quarters(const struct thresholds_options *options, int64_t length_ms)
{
    int64_t length = length_ms < 0 ? 0 : length_ms < options->window_ms ? length_ms : options->window_ms;
    int64_t beyond = 4 * (length + options->mean_length_ms); /* below 2^38 */
    return THRESHOLDS_QUARTERS_MIN + (uint32_t)((beyond + options->window_ms - 1) / options->window_ms);
}

/* r = e / L. */
static double ratio_of(const struct thresholds_options *options, size_t row)
{
    double quarter_windows = (double)((int64_t)(row + THRESHOLDS_QUARTERS_MIN) * options->window_ms);
    return quarter_windows / (4.0 * (double)options->history_ms);
}

static enum status row_add(struct row *row, uint32_t bound)
{
    if (row->count == THRESHOLDS_ROW_MAX)
        return STATUS_TOO_LARGE;
    if (row->count == row->room) {
        size_t room = row->room > 0 ? 2 * row->room : 64;
        uint32_t *bounds = realloc(row->bounds, room * sizeof *bounds);
        if (bounds == NULL)
            return STATUS_NO_MEMORY;
        row->bounds = bounds;
        row->room = room;
    }
    row->bounds[row->count++] = bound;
    return STATUS_OK;
}

/* How many h have K = floor: 0, 1, … below the answer. */
static uint32_t first_bound(const struct thresholds_options *options, double ratio)
{
    uint32_t low = 0, high = options->history_max + 1; /* below low: yes; from high on: no, or not asked */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tail_probability(middle, ratio, options->min_neighbours) <= options->alpha)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct walk {
    double ratio, alpha;
    uint32_t history, neighbours;
    long double probability, mass;
    uint32_t steps; /* since P was computed */
};

static void walk_anchor(struct walk *walk)
{
    walk->probability = tail_probability(walk->history, walk->ratio, walk->neighbours);
    walk->mass = tail_mass(walk->history, walk->ratio, walk->neighbours);
    walk->steps = 0;
}

static bool walk_improbable(struct walk *walk)
{
    if (walk->steps >= ANCHOR_STEPS || fabsl(walk->probability - walk->alpha) <= DOUBT * walk->alpha)
        walk_anchor(walk);
    walk->steps++;
    return (double)walk->probability <= walk->alpha;
}

static void walk_up(struct walk *walk)
{
    long double k = walk->neighbours, n = (long double)walk->history + 1.0L;
    walk->probability -= walk->mass;
    walk->mass *= (long double)walk->ratio / (1.0L + walk->ratio) * (n + k) / (k + 1.0L);
    walk->neighbours++;
}

static void walk_on(struct walk *walk)
{
    long double k = walk->neighbours, n = (long double)walk->history + 1.0L;
    walk->probability += walk->mass * k / n;
    walk->mass *= (n + k) / (n * (1.0L + walk->ratio));
    walk->history++;
}

static enum status row_make(struct row *row, const struct thresholds_options *options, double ratio)
{
    uint32_t end = options->history_max + 1;
    struct walk walk = {.ratio = ratio,
                        .alpha = options->alpha,
                        .history = first_bound(options, ratio),
                        .neighbours = options->min_neighbours};
    enum status status = row_add(row, walk.history);
    if (walk.history < end)
        walk_anchor(&walk);
    while (status == STATUS_OK && walk.history < end) {
        walk_up(&walk);
        while (walk.history < end && walk_improbable(&walk))
            walk_on(&walk);
        status = row_add(row, walk.history);
    }
    return status;
}

static bool row_is_asked(const struct thresholds_options *options, size_t row)
{
    return row + THRESHOLDS_QUARTERS_MIN >= quarters(options, 0) &&
           row + THRESHOLDS_QUARTERS_MIN <= quarters(options, options->window_ms);
}

enum status thresholds_new(const struct thresholds_options *options, struct thresholds **ret_thresholds)
{
    if (!options_right(options))
        return STATUS_INVALID;
    struct thresholds *thresholds = calloc(1, sizeof *thresholds);
    if (thresholds == NULL)
        return STATUS_NO_MEMORY;
    thresholds->options = *options;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < THRESHOLDS_ROWS && status == STATUS_OK; i++)
        if (row_is_asked(options, i))
            status = row_make(&thresholds->rows[i], options, ratio_of(options, i));
    if (status != STATUS_OK)
        thresholds_free(thresholds);
    else
        *ret_thresholds = thresholds;
    return status;
}

/* Rises, and ends where it says. */
static bool row_right(const struct thresholds_options *options, const struct thresholds_row *row)
{
    if (row->count == 0 || row->count > THRESHOLDS_ROW_MAX || row->bounds[row->count - 1] != options->history_max + 1)
        return false;
    for (size_t i = 1; i < row->count; i++)
        if (row->bounds[i] < row->bounds[i - 1])
            return false;
    return true;
}

static enum status row_copy(struct row *row, const struct thresholds_row *from)
{
    row->bounds = malloc(from->count * sizeof *row->bounds);
    if (row->bounds == NULL)
        return STATUS_NO_MEMORY;
    memcpy(row->bounds, from->bounds, from->count * sizeof *row->bounds);
    row->count = row->room = from->count;
    return STATUS_OK;
}

enum status thresholds_from_rows(const struct thresholds_options *options,
                                 const struct thresholds_row rows[THRESHOLDS_ROWS], struct thresholds **ret_thresholds)
{
    if (!options_right(options))
        return STATUS_INVALID;
    for (size_t i = 0; i < THRESHOLDS_ROWS; i++)
        if (row_is_asked(options, i) ? !row_right(options, &rows[i]) : rows[i].count > 0)
            return STATUS_INVALID;
    struct thresholds *thresholds = calloc(1, sizeof *thresholds);
    if (thresholds == NULL)
        return STATUS_NO_MEMORY;
    thresholds->options = *options;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < THRESHOLDS_ROWS && status == STATUS_OK; i++)
        if (rows[i].count > 0)
            status = row_copy(&thresholds->rows[i], &rows[i]);
    if (status != STATUS_OK)
        thresholds_free(thresholds);
    else
        *ret_thresholds = thresholds;
    return status;
}

void thresholds_free(struct thresholds *thresholds)
{
    if (thresholds == NULL)
        return;
    for (size_t i = 0; i < THRESHOLDS_ROWS; i++)
        free(thresholds->rows[i].bounds);
    free(thresholds);
}

const struct thresholds_options *thresholds_options(const struct thresholds *thresholds)
{
    return &thresholds->options;
}

struct thresholds_row thresholds_row(const struct thresholds *thresholds, size_t row)
{
    return (struct thresholds_row){thresholds->rows[row].bounds, thresholds->rows[row].count};
}

uint32_t thresholds_find(const struct thresholds *thresholds, uint32_t history, int64_t length_ms)
{
    const struct thresholds_options *options = &thresholds->options;
    size_t index = quarters(options, length_ms) - THRESHOLDS_QUARTERS_MIN;
    if (history > options->history_max)
        return tail_threshold(history < TAIL_COUNT_MAX ? history : TAIL_COUNT_MAX, ratio_of(options, index),
                              options->min_neighbours, options->alpha);
    const struct row *row = &thresholds->rows[index];
    size_t low = 0, high = row->count - 1; /* the first whose bound is above h; the last one's is */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (history < row->bounds[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return options->min_neighbours + (uint32_t)low;
}
