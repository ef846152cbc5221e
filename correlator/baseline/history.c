/* h: how many points lie in a ball, counted by boxes.
 *
 *   points  ■■■■■■■■■■■■■■■■ ■■■■■■■■■■■■■■■■ ■■■■■■■■■■■■■■■■ ■■■■■        along the Morton curve
 *   level 0 └─────box──────┘ └─────box──────┘ └─────box──────┘ └box┘        16 points
 *   level 1 └──────────────box──────────────┘ └─────────box────────┘        32 …
 *
 * A box wholly within the ball counts as many as it has, one wholly outside none; only what the sphere cuts is looked
 * into. A town of 10^5 incidents in one place is one box. Some 10 µs a question at 10^6 points over Europe, 15 bytes a
 * point. All in integers: differences of coordinates stay below 2^30, squares of distances below 2^62. */
#include "correlator/baseline/history.h"

#include "correlator/baseline/morton.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_POINTS 16u
#define LEVELS_MAX  30u

struct box {
    struct point low, high;
};

struct baseline_rule {
    const struct thresholds *thresholds;
    struct curve curves[BASELINE_CURVE_COUNT];
    double reach_km;
    int64_t near2;  /* (τ + side / 2)² */
    int64_t least2; /* within this of a block's middle is within near2 of every cell's in it */
    int cell_bits;  /* the cell's side is 2^bits */
    struct point *points;
    size_t count, points_room;
    struct box *boxes; /* level after level */
    size_t boxes_room;
    size_t level_starts[LEVELS_MAX];
    unsigned levels; /* 0: no points */
};

/* The greatest power of two ≤ τ/4, at least 1: (4·2^bits)² ≤ τ². */
static int bits_of(int64_t reach2)
{
    int bits = 0;
    while (bits < 28 && (int64_t)1 << (2 * (bits + 1) + 4) <= reach2)
        bits++;
    return bits;
}

/* Of IEEE operations alone: the same integer everywhere. */
int64_t history_near2(double reach_km, int64_t side)
{
    double near = sqrt((double)chord2_from_km(reach_km)) + (double)side / 2.0;
    return (int64_t)(near * near);
}

/* The middles of the outermost cells of a block are √3 · 3/2 sides from its own. */
static int64_t least_of(int64_t near2, int64_t side)
{
    double least = sqrt((double)near2) - 2.6 * (double)side - 2.0;
    return least > 0.0 ? (int64_t)(least * least) : -1;
}

enum status history_new(double reach_km, const struct thresholds *thresholds, struct baseline_rule **ret_rule)
{
    if (!(reach_km > 0.0 && reach_km <= RULE_REACH_KM_MAX))
        return STATUS_INVALID;
    struct baseline_rule *rule = calloc(1, sizeof *rule);
    if (rule == NULL)
        return STATUS_NO_MEMORY;
    rule->thresholds = thresholds;
    rule->reach_km = reach_km;
    rule->cell_bits = bits_of(chord2_from_km(reach_km));
    rule->near2 = history_near2(reach_km, (int64_t)1 << rule->cell_bits);
    rule->least2 = least_of(rule->near2, (int64_t)1 << rule->cell_bits);
    *ret_rule = rule;
    return STATUS_OK;
}

void history_free(struct baseline_rule *rule)
{
    if (rule == NULL)
        return;
    free(rule->points);
    free(rule->boxes);
    free(rule);
}

/* ---- boxes ---- */

static size_t level_boxes(size_t count, unsigned level)
{
    size_t span = (size_t)LEAF_POINTS << level;
    return (count + span - 1) / span;
}

static unsigned levels_of(size_t count, size_t *ret_boxes)
{
    unsigned levels = 0;
    *ret_boxes = 0;
    while (count > 0) {
        size_t boxes = level_boxes(count, levels++);
        *ret_boxes += boxes;
        if (boxes == 1)
            break;
    }
    return levels;
}

static int32_t lesser(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t greater(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static struct box box_join(struct box a, struct box b)
{
    return (struct box){
        {lesser(a.low.x, b.low.x), lesser(a.low.y, b.low.y), lesser(a.low.z, b.low.z)},
        {greater(a.high.x, b.high.x), greater(a.high.y, b.high.y), greater(a.high.z, b.high.z)},
    };
}

static struct box box_around(const struct point *points, size_t count)
{
    struct box box = {points[0], points[0]};
    for (size_t i = 1; i < count; i++)
        box = box_join(box, (struct box){points[i], points[i]});
    return box;
}

static void boxes_make(struct baseline_rule *rule)
{
    size_t start = 0;
    for (unsigned level = 0; level < rule->levels; level++) {
        rule->level_starts[level] = start;
        size_t count = level_boxes(rule->count, level);
        const struct box *below = level > 0 ? rule->boxes + rule->level_starts[level - 1] : NULL;
        size_t below_count = level > 0 ? level_boxes(rule->count, level - 1) : 0;
        for (size_t i = 0; i < count; i++) {
            size_t first = i * LEAF_POINTS;
            if (level == 0)
                rule->boxes[start + i] = box_around(
                    rule->points + first, rule->count - first < LEAF_POINTS ? rule->count - first : LEAF_POINTS);
            else
                rule->boxes[start + i] =
                    2 * i + 1 < below_count ? box_join(below[2 * i], below[2 * i + 1]) : below[2 * i];
        }
        start += count;
    }
}

/* Room for so many; what is there stays. */
static bool room_make(void **items, size_t *room, size_t count, size_t size)
{
    if (count <= *room)
        return true;
    void *grown = realloc(*items, count * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = count;
    return true;
}

enum status history_fill(struct baseline_rule *rule, const struct point *points, size_t count)
{
    size_t boxes;
    if (count > HISTORY_POINTS_MAX)
        return STATUS_TOO_LARGE;
    unsigned levels = levels_of(count, &boxes);
    void *own_points = rule->points, *own_boxes = rule->boxes;
    bool room = room_make(&own_points, &rule->points_room, count, sizeof *rule->points);
    rule->points = own_points;
    room = room && room_make(&own_boxes, &rule->boxes_room, boxes, sizeof *rule->boxes);
    rule->boxes = own_boxes;
    if (!room)
        return STATUS_NO_MEMORY;
    if (count > 0)
        memcpy(rule->points, points, count * sizeof *points);
    rule->count = count;
    rule->levels = levels;
    morton_sort(rule->points, count);
    boxes_make(rule);
    return STATUS_OK;
}

/* ---- questions ---- */

static int64_t square(int64_t a)
{
    return a * a;
}

/* How far a coordinate is from an interval, and from its farther end. */
static int64_t outside(int64_t at, int64_t low, int64_t high)
{
    return at < low ? low - at : at > high ? at - high : 0;
}

static int64_t farthest(int64_t at, int64_t low, int64_t high)
{
    return at - low > high - at ? at - low : high - at;
}

static int64_t box_least(const struct box *box, struct point at)
{
    return square(outside(at.x, box->low.x, box->high.x)) + square(outside(at.y, box->low.y, box->high.y)) +
           square(outside(at.z, box->low.z, box->high.z));
}

static int64_t box_most(const struct box *box, struct point at)
{
    return square(farthest(at.x, box->low.x, box->high.x)) + square(farthest(at.y, box->low.y, box->high.y)) +
           square(farthest(at.z, box->low.z, box->high.z));
}

static size_t count_in(const struct baseline_rule *rule, unsigned level, size_t index, struct point middle,
                       int64_t near2)
{
    const struct box *box = &rule->boxes[rule->level_starts[level] + index];
    if (box_least(box, middle) > near2)
        return 0;
    size_t span = (size_t)LEAF_POINTS << level;
    size_t first = index * span;
    size_t count = rule->count - first < span ? rule->count - first : span;
    if (box_most(box, middle) <= near2)
        return count;
    if (level == 0) {
        size_t inside = 0;
        for (size_t i = first; i < first + count; i++)
            inside += point_chord2(rule->points[i], middle) <= near2;
        return inside;
    }
    size_t within = count_in(rule, level - 1, 2 * index, middle, near2);
    if (2 * index + 1 < level_boxes(rule->count, level - 1))
        within += count_in(rule, level - 1, 2 * index + 1, middle, near2);
    return within;
}

/* ⌊coordinate / 2^bits⌋ */
static int32_t lattice(int32_t coordinate, int bits)
{
    return (int32_t)((uint32_t)(coordinate + MORTON_OFFSET) >> bits) - (int32_t)((uint32_t)MORTON_OFFSET >> bits);
}

static struct baseline_cell cell_at(struct point point, int bits)
{
    return (struct baseline_cell){lattice(point.x, bits), lattice(point.y, bits), lattice(point.z, bits)};
}

struct baseline_cell baseline_cell_of(const struct baseline_rule *rule, struct point point)
{
    return cell_at(point, rule->cell_bits);
}

static uint32_t history_around(const struct baseline_rule *rule, struct baseline_cell cell, int bits, int64_t near2)
{
    if (rule->levels == 0 || near2 < 0)
        return 0;
    int32_t side = (int32_t)1 << bits;
    struct point middle = {cell.x * side + side / 2, cell.y * side + side / 2, cell.z * side + side / 2};
    return (uint32_t)count_in(rule, rule->levels - 1, 0, middle, near2);
}

uint32_t baseline_history(const struct baseline_rule *rule, struct baseline_cell cell)
{
    return history_around(rule, cell, rule->cell_bits, rule->near2);
}

struct baseline_cell baseline_block_of(const struct baseline_rule *rule, struct point point)
{
    return cell_at(point, rule->cell_bits + 2);
}

uint32_t baseline_history_least(const struct baseline_rule *rule, struct baseline_cell block)
{
    return history_around(rule, block, rule->cell_bits + 2, rule->least2);
}

uint32_t baseline_threshold(const struct baseline_rule *rule, uint32_t history, int64_t length_ms)
{
    return thresholds_find(rule->thresholds, history, length_ms);
}

struct baseline_cell baseline_footprint_of(const struct baseline_rule *rule, struct point point)
{
    return cell_at(point, rule->cell_bits + 1);
}

/* A cube is one run of the points: from its least corner to its greatest. */
uint32_t baseline_footprint_history(const struct baseline_rule *rule, struct baseline_cell cell)
{
    int32_t side = (int32_t)1 << (rule->cell_bits + 1);
    struct point least = {cell.x * side, cell.y * side, cell.z * side};
    struct point most = {least.x + side - 1, least.y + side - 1, least.z + side - 1};
    if (rule->count == 0)
        return 0; /* there is no array either */
    size_t first = morton_find(rule->points, rule->count, least);
    return (uint32_t)morton_find_after(rule->points + first, rule->count - first, most);
}

/* ---- what it holds ---- */

void history_set_thresholds(struct baseline_rule *rule, const struct thresholds *thresholds)
{
    rule->thresholds = thresholds;
}

void history_set_curves(struct baseline_rule *rule, const struct curve curves[BASELINE_CURVE_COUNT])
{
    memcpy(rule->curves, curves, sizeof rule->curves);
}

size_t history_count(const struct baseline_rule *rule)
{
    return rule->count;
}

const struct point *history_points(const struct baseline_rule *rule)
{
    return rule->points;
}

const struct thresholds *history_thresholds(const struct baseline_rule *rule)
{
    return rule->thresholds;
}

double baseline_reach_km(const struct baseline_rule *rule)
{
    return rule->reach_km;
}

int64_t baseline_window_ms(const struct baseline_rule *rule)
{
    return thresholds_options(rule->thresholds)->window_ms;
}

int64_t baseline_history_ms(const struct baseline_rule *rule)
{
    return thresholds_options(rule->thresholds)->history_ms;
}

int64_t baseline_mean_length_ms(const struct baseline_rule *rule)
{
    return thresholds_options(rule->thresholds)->mean_length_ms;
}

const struct curve *baseline_curve(const struct baseline_rule *rule, enum baseline_curve_kind kind)
{
    return &rule->curves[kind];
}
