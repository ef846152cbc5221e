#include "correlator/calibration/pool.h"

#include "correlator/engine/measure.h"

#include <stdlib.h>

#define BLOCK_WINDOWS   2
#define BLOCKS_LEAST    8  /* stretches in a history: one shorter than 16 windows has shorter blocks */
#define DRAWS_PER_ITEM  16 /* blocks of place and time to one incident; beyond, cubes grow */
#define CUBE_BITS_WHOLE 30 /* one cube holds the earth */

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_cubes(struct point a, struct point b)
{
    int order = compare_numbers(a.x, b.x);
    if (order == 0)
        order = compare_numbers(a.y, b.y);
    return order != 0 ? order : compare_numbers(a.z, b.z);
}

static int compare_items(const void *a, const void *b)
{
    const struct pool_item *one = a;
    const struct pool_item *other = b;
    int order = compare_cubes(one->cube, other->cube);
    if (order == 0)
        order = compare_numbers(one->start_ms, other->start_ms);
    return order != 0 ? order : span_compare(one->incident->id, other->incident->id);
}

/* Coordinates are −2^28 … 2^28; they are shifted to be ≥ 0, so that dividing by the side rounds one way. */
static struct point cube_of(struct point point, int bits)
{
    return (struct point){(point.x + POINT_SCALE) >> bits, (point.y + POINT_SCALE) >> bits,
                          (point.z + POINT_SCALE) >> bits};
}

static void pool_sort(struct pool *pool, int bits)
{
    for (size_t i = 0; i < pool->count; i++)
        pool->items[i].cube = cube_of(pool->items[i].incident->point, bits);
    qsort(pool->items, pool->count, sizeof *pool->items, compare_items);
    pool->cube_count = 0;
    for (size_t i = 0; i < pool->count; i++) {
        if (i == 0 || compare_cubes(pool->items[i - 1].cube, pool->items[i].cube) != 0)
            pool->cube_count++;
    }
}

static int bits_of_reach(int64_t reach2)
{
    int bits = 0;
    while (bits < CUBE_BITS_WHOLE && (INT64_C(1) << 2 * (bits + 1)) <= reach2)
        bits++;
    return bits;
}

/* Cubes as small as the reach allows, larger where there would be far more blocks than incidents. */
static enum status pool_cut(struct pool *pool, int bits)
{
    size_t stretches = (size_t)(pool->length_ms / pool->block_ms) + 1;
    pool_sort(pool, bits);
    while (bits < CUBE_BITS_WHOLE && pool->cube_count > pool->count * DRAWS_PER_ITEM / stretches)
        pool_sort(pool, ++bits);
    pool->cubes = malloc((pool->cube_count + 1) * sizeof *pool->cubes);
    if (pool->cubes == NULL)
        return STATUS_NO_MEMORY;
    size_t cube = 0;
    for (size_t i = 0; i < pool->count; i++) {
        if (i == 0 || compare_cubes(pool->items[i - 1].cube, pool->items[i].cube) != 0)
            pool->cubes[cube++] = i;
    }
    pool->cubes[cube] = pool->count;
    return STATUS_OK;
}

static void pool_take(struct pool *pool, const struct measure *measure, const struct engine_incident *incidents,
                      size_t count, int64_t from_ms, int64_t until_ms)
{
    int64_t length_sum = 0; /* each at most a window: 5·10^8 of the longest fit */
    for (size_t i = 0; i < count; i++) {
        const struct engine_incident *incident = &incidents[i];
        if (incident->start_ms < from_ms || incident->start_ms >= until_ms || !measure_triggers(measure, incident))
            continue;
        bool coarse = measure_coarse(measure, incident);
        pool->items[pool->count++] =
            (struct pool_item){.start_ms = incident->start_ms - from_ms, .incident = incident, .coarse = coarse};
        if (coarse)
            continue;
        pool->counting++;
        length_sum += incident->end_ms - incident->start_ms;
    }
    if (pool->counting > 0)
        pool->mean_length_ms = (int64_t)(length_sum / (int64_t)pool->counting);
}

static int64_t block_length(int64_t window_ms, int64_t length_ms)
{
    int64_t block_ms = BLOCK_WINDOWS * window_ms;
    if (block_ms > length_ms / BLOCKS_LEAST)
        block_ms = length_ms / BLOCKS_LEAST;
    return block_ms > 0 ? block_ms : 1;
}

enum status pool_init(struct pool *pool, const struct rule *rule, const struct engine_incident *incidents, size_t count,
                      int64_t from_ms, int64_t until_ms)
{
    struct measure measure;
    *pool = (struct pool){0};
    enum status status = until_ms > from_ms ? measure_init(&measure, rule) : STATUS_INVALID;
    if (status != STATUS_OK)
        return status;
    pool->length_ms = until_ms - from_ms;
    pool->block_ms = block_length(measure.window_ms, pool->length_ms);
    pool->items = calloc(count + 1, sizeof *pool->items);
    if (pool->items == NULL)
        return STATUS_NO_MEMORY;
    pool_take(pool, &measure, incidents, count, from_ms, until_ms);
    status = pool_cut(pool, bits_of_reach(measure.reach2));
    if (status != STATUS_OK)
        pool_fini(pool);
    return status;
}

void pool_fini(struct pool *pool)
{
    free(pool->items);
    free(pool->cubes);
    *pool = (struct pool){0};
}
