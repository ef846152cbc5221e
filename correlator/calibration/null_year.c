#include "correlator/calibration/null_year.h"

#include "correlator/baseline/history.h"
#include "correlator/baseline/surprise.h"
#include "correlator/calibration/philox.h"

#include <stdlib.h>
#include <string.h>

#define YEAR_MS        ((int64_t)(DAYS_IN_YEAR * 86400000.0))
#define MARGIN_WINDOWS 8 /* an episode of the background that lasts longer is cut at the year's ends */
#define ID_BYTES       8
#define LIVE_MAX       (1u << 28)
#define SLAB_SLOTS     512u

enum stream { STREAM_HISTORY, STREAM_YEAR };

/* What the engine borrows of one incident, until it lets go of it. */
struct slot {
    struct engine_incident incident; /* the first member: what `released` hands back */
    char id[ID_BYTES];
    size_t item; /* of the pool, it is a copy of */
    struct slot *next_free;
};

/* How often an item came into the pseudo-history, and the last episode that has it. */
struct copies {
    uint32_t count;
    uint32_t episode;
};

struct slab {
    struct slab *next;
    struct slot slots[SLAB_SLOTS];
};

struct drawn {
    int64_t start_ms;
    const struct pool_item *item;
};

struct null_year {
    struct rule rule; /* judged by the pseudo-history */
    const struct pool *pool;
    uint64_t key;
    struct thresholds *thresholds; /* shifted */
    struct baseline_rule *history;
    struct point *points;
    size_t point_room;
    struct copies *copies; /* one an item of the pool */
    struct drawn *block;
    size_t block_count;
    size_t block_room;
    struct slab *slabs;
    struct slot *free_slots;
    uint64_t next_id;
    /* Of the year underway. */
    int64_t year_ms; /* where it begins */
    struct null_scores found;
    size_t found_room;
    enum status status;
};

static bool grow(void **items, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return true;
    size_t larger = *room < 64 ? 64 : *room * 2;
    if (larger < wanted)
        larger = wanted;
    void *grown = realloc(*items, larger * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = larger;
    return true;
}

/* K as it would be without the incident's own copies and its neighbours', which a real history does not have (see
 * count_own). Where K is k they are k + 1 incidents, with one copy each on average. Raising h by as many makes too many
 * cores, for copies scatter and K is convex; by none too few. Half of it is right to within a few in a hundred
 * (README.md, tests/property/calibration). */
static enum status thresholds_shift(const struct thresholds *thresholds, struct thresholds **ret_shifted)
{
    const struct thresholds_options *options = thresholds_options(thresholds);
    struct thresholds_row rows[THRESHOLDS_ROWS];
    uint32_t *bounds[THRESHOLDS_ROWS] = {NULL};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < THRESHOLDS_ROWS; i++) {
        rows[i] = thresholds_row(thresholds, i);
        if (rows[i].count == 0)
            continue;
        bounds[i] = malloc(rows[i].count * sizeof *bounds[i]);
        if (bounds[i] == NULL) {
            status = STATUS_NO_MEMORY;
            break;
        }
        for (size_t k = 0; k < rows[i].count; k++) {
            uint64_t bound = rows[i].bounds[k];
            bound += bound > 0 ? (options->min_neighbours + k + 1) / 2 : 0;
            bounds[i][k] = bound <= options->history_max ? (uint32_t)bound : options->history_max + 1;
        }
        rows[i].bounds = bounds[i];
    }
    if (status == STATUS_OK)
        status = thresholds_from_rows(options, rows, ret_shifted);
    for (size_t i = 0; i < THRESHOLDS_ROWS; i++)
        free(bounds[i]);
    return status;
}

enum status null_year_new(const struct rule *rule, const struct pool *pool, const struct thresholds *thresholds,
                          uint64_t key, struct null_year **ret_null_year)
{
    struct null_year *null_year = calloc(1, sizeof *null_year);
    if (null_year == NULL)
        return STATUS_NO_MEMORY;
    *null_year = (struct null_year){.rule = *rule, .pool = pool, .key = key};
    null_year->copies = malloc((pool->count + 1) * sizeof *null_year->copies);
    enum status status = STATUS_NO_MEMORY;
    if (null_year->copies != NULL)
        status = thresholds_shift(thresholds, &null_year->thresholds);
    if (status == STATUS_OK)
        status = history_new(rule->reach_km, null_year->thresholds, &null_year->history);
    if (status != STATUS_OK) {
        null_year_free(null_year);
        return status;
    }
    null_year->rule.baseline = null_year->history;
    *ret_null_year = null_year;
    return STATUS_OK;
}

void null_year_free(struct null_year *null_year)
{
    if (null_year == NULL)
        return;
    history_free(null_year->history);
    thresholds_free(null_year->thresholds);
    while (null_year->slabs != NULL) {
        struct slab *next = null_year->slabs->next;
        free(null_year->slabs);
        null_year->slabs = next;
    }
    free(null_year->points);
    free(null_year->copies);
    free(null_year->block);
    free(null_year->found.scores);
    free(null_year);
}

/* --- drawing --- */

/* The first item of the cube that starts at or after that time of the history; the cube's end where there is none. */
static size_t pool_from(const struct pool *pool, size_t cube, int64_t start_ms)
{
    size_t low = pool->cubes[cube];
    size_t high = pool->cubes[cube + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pool->items[middle].start_ms < start_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Items of [from, from + length) of the history come to begin at at_ms. */
static bool draw_stretch(struct null_year *null_year, size_t cube, int64_t from_ms, int64_t length_ms, int64_t at_ms)
{
    const struct pool *pool = null_year->pool;
    for (size_t i = pool_from(pool, cube, from_ms); i < pool->cubes[cube + 1]; i++) {
        const struct pool_item *item = &pool->items[i];
        if (item->start_ms - from_ms >= length_ms)
            break;
        void *block = null_year->block;
        bool grown = grow(&block, &null_year->block_room, null_year->block_count + 1, sizeof *null_year->block);
        null_year->block = block;
        if (!grown)
            return false;
        null_year->block[null_year->block_count++] = (struct drawn){at_ms + item->start_ms - from_ms, item};
    }
    return true;
}

/* What every cube puts into one stretch of time, from at_ms on, each from its own moment of the history. */
static enum status draw_block(struct null_year *null_year, uint32_t replicate, enum stream stream, uint32_t number,
                              int64_t at_ms, int64_t length_ms)
{
    const struct pool *pool = null_year->pool;
    null_year->block_count = 0;
    for (size_t cube = 0; cube < pool->cube_count; cube++) {
        const struct philox counter = {{replicate, (uint32_t)stream, number, (uint32_t)cube}};
        int64_t from_ms = (int64_t)philox_below(philox_at(null_year->key, counter), (uint64_t)pool->length_ms);
        int64_t left_ms = pool->length_ms - from_ms; /* until the history's end, from where on it begins anew */
        int64_t first_ms = left_ms < length_ms ? left_ms : length_ms;
        if (!draw_stretch(null_year, cube, from_ms, first_ms, at_ms) ||
            !draw_stretch(null_year, cube, 0, length_ms - first_ms, at_ms + first_ms))
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static enum status draw_history(struct null_year *null_year, uint32_t replicate)
{
    const struct pool *pool = null_year->pool;
    size_t count = 0;
    uint32_t number = 0;
    memset(null_year->copies, 0, pool->count * sizeof *null_year->copies);
    for (int64_t at_ms = 0; at_ms < pool->length_ms; at_ms += pool->block_ms) {
        int64_t left_ms = pool->length_ms - at_ms;
        enum status status = draw_block(null_year, replicate, STREAM_HISTORY, number++, at_ms,
                                        left_ms < pool->block_ms ? left_ms : pool->block_ms);
        if (status != STATUS_OK)
            return status;
        void *points = null_year->points;
        bool grown = grow(&points, &null_year->point_room, count + null_year->block_count, sizeof *null_year->points);
        null_year->points = points;
        if (!grown)
            return STATUS_NO_MEMORY;
        for (size_t i = 0; i < null_year->block_count; i++) {
            const struct pool_item *item = null_year->block[i].item;
            if (item->coarse)
                continue;
            null_year->points[count++] = item->incident->point;
            null_year->copies[item - pool->items].count++;
        }
    }
    return history_fill(null_year->history, null_year->points, count);
}

/* --- slots --- */

static void slots_give(struct null_year *null_year, struct slab *slab)
{
    for (size_t i = SLAB_SLOTS; i-- > 0;) {
        slab->slots[i].next_free = null_year->free_slots;
        null_year->free_slots = &slab->slots[i];
    }
}

static struct slot *slot_take(struct null_year *null_year)
{
    if (null_year->free_slots == NULL) {
        struct slab *slab = malloc(sizeof *slab);
        if (slab == NULL)
            return NULL;
        slab->next = null_year->slabs;
        null_year->slabs = slab;
        slots_give(null_year, slab);
    }
    struct slot *slot = null_year->free_slots;
    null_year->free_slots = slot->next_free;
    return slot;
}

/* --- the year --- */

static const struct engine_incident *key_of(const struct engine_change *change)
{
    size_t i = 0;
    while (change->members[i].membership != MEMBERSHIP_CORE)
        i++;
    return change->members[i].incident;
}

/* Copies of the episode's own incidents in the pseudo-history. A real episode has none: what happens is new to the
 * history, which knows of the place only what else was there. So they do not count as what was expected (given one
 * point of a Poisson process, the others are what they always are). */
static uint64_t count_own(struct null_year *null_year, const struct engine_change *change)
{
    uint64_t own = 0;
    uint32_t episode = (uint32_t)null_year->found.count + 1;
    for (size_t i = 0; i < change->member_count; i++) {
        const struct slot *slot = (const struct slot *)(const void *)change->members[i].incident;
        struct copies *copies = &null_year->copies[slot->item];
        own += copies->episode != episode ? copies->count : 0;
        copies->episode = episode;
    }
    return own;
}

static enum status take_score(struct null_year *null_year, const struct engine_change *change)
{
    struct surprise surprise;
    enum status status = surprise_of_change(null_year->history, change, &surprise);
    if (status != STATUS_OK)
        return status;
    struct null_scores *found = &null_year->found;
    void *scores = found->scores;
    bool grown = grow(&scores, &null_year->found_room, found->count + 1, sizeof *found->scores);
    found->scores = scores;
    if (!grown)
        return STATUS_NO_MEMORY;
    surprise =
        surprise_of_counts(null_year->history, surprise.observed, surprise.history - count_own(null_year, change),
                           change->first_ms, change->last_ms, change->state);
    found->scores[found->count++] = (struct null_score){surprise.score, change->state == EPISODE_FLAGGED};
    return STATUS_OK;
}

static void on_change(void *self, const struct engine_change *change)
{
    struct null_year *null_year = self;
    if (!change->final || change->state == EPISODE_WITHDRAWN || null_year->status != STATUS_OK)
        return;
    int64_t start_ms = key_of(change)->start_ms;
    if (start_ms >= null_year->year_ms && start_ms < null_year->year_ms + YEAR_MS)
        null_year->status = take_score(null_year, change);
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    (void)evicted;
    struct null_year *null_year = self;
    struct slot *slot = (struct slot *)(void *)(uintptr_t)incident;
    slot->next_free = null_year->free_slots;
    null_year->free_slots = slot;
}

static int compare_drawn(const void *a, const void *b)
{
    const struct drawn *one = a;
    const struct drawn *other = b;
    if (one->start_ms != other->start_ms)
        return one->start_ms < other->start_ms ? -1 : 1;
    return (one->item > other->item) - (one->item < other->item); /* an item comes once a stretch: no ties are left */
}

/* Ids are numbers in the order of the year: they decide between incidents of one moment. */
static enum status insert(struct null_year *null_year, struct engine *engine, const struct drawn *drawn)
{
    struct slot *slot = slot_take(null_year);
    if (slot == NULL)
        return STATUS_NO_MEMORY;
    uint64_t id = null_year->next_id++;
    for (int i = 0; i < ID_BYTES; i++)
        slot->id[i] = (char)(unsigned char)(id >> 8 * (ID_BYTES - 1 - i));
    slot->item = (size_t)(drawn->item - null_year->pool->items);
    slot->incident = *drawn->item->incident;
    slot->incident.end_ms += drawn->start_ms - slot->incident.start_ms;
    slot->incident.start_ms = drawn->start_ms;
    slot->incident.reported_at_ms = TIME_NONE;
    slot->incident.id = (struct span){slot->id, ID_BYTES};
    uint32_t handle;
    return engine_insert(engine, &slot->incident, &handle);
}

static enum status insert_block(struct null_year *null_year, struct engine *engine)
{
    if (null_year->block_count > 0)
        qsort(null_year->block, null_year->block_count, sizeof *null_year->block, compare_drawn);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < null_year->block_count && status == STATUS_OK; i++)
        status = insert(null_year, engine, &null_year->block[i]);
    return status;
}

static enum status flush(struct null_year *null_year, struct engine *engine, int64_t watermark_ms)
{
    const struct engine_events events = {.change = on_change, .released = on_released, .self = null_year};
    engine_watermark(engine, watermark_ms);
    enum status status = engine_flush(engine, &events);
    return status != STATUS_OK ? status : null_year->status;
}

static enum status run_year(struct null_year *null_year, struct engine *engine, uint32_t replicate,
                            const atomic_bool *stop)
{
    int64_t block_ms = null_year->pool->block_ms;
    int64_t end_ms = null_year->year_ms + YEAR_MS + null_year->year_ms; /* the same margin after as before */
    uint32_t number = 0;
    for (int64_t at_ms = 0; at_ms < end_ms; at_ms += block_ms) {
        if (atomic_load_explicit(stop, memory_order_relaxed))
            return STATUS_CLOSED;
        enum status status = draw_block(null_year, replicate, STREAM_YEAR, number++, at_ms, block_ms);
        if (status == STATUS_OK)
            status = insert_block(null_year, engine);
        if (status == STATUS_OK)
            status = flush(null_year, engine, at_ms + block_ms);
        if (status != STATUS_OK)
            return status;
    }
    return flush(null_year, engine, INT64_MAX);
}

enum status null_year_run(struct null_year *null_year, uint32_t replicate, const atomic_bool *stop,
                          struct null_scores *ret_scores)
{
    null_year->year_ms = MARGIN_WINDOWS * null_year->rule.window_ms;
    null_year->found.count = 0;
    null_year->next_id = 0;
    null_year->status = STATUS_OK;
    null_year->free_slots = NULL; /* a year that was stopped kept some */
    for (struct slab *slab = null_year->slabs; slab != NULL; slab = slab->next)
        slots_give(null_year, slab);
    enum status status = draw_history(null_year, replicate);
    struct engine *engine = NULL;
    const struct engine_limits limits = {.incidents_max = LIVE_MAX};
    if (status == STATUS_OK)
        status = engine_new(&allocator_heap, &null_year->rule, 1, &limits, &engine);
    if (status != STATUS_OK)
        return status;
    status = run_year(null_year, engine, replicate, stop);
    engine_free(engine);
    if (status != STATUS_OK)
        return status;
    *ret_scores = null_year->found;
    null_year->found = (struct null_scores){0};
    null_year->found_room = 0;
    return STATUS_OK;
}
