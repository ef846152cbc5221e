#include "correlator/reopen/cells.h"

#include "correlator/baseline/baseline.h"

#include <math.h>
#include <string.h>

#define BUCKETS_MIN 1024u
#define SLOT_LONG   INT64_MAX /* of intervals that are longer than LONG_SLOTS */
#define LONG_SLOTS  4
#define SLOTS_MAX   256 /* a search over more looks at every stub instead */
#define HOUR_MS     3600000LL

static int64_t side_of(int64_t reach2)
{
    return (int64_t)ceil(sqrt((double)reach2)) + 1; /* a little more does no harm */
}

bool cells_init(struct cells *cells, struct memory *memory, const struct rule *rules, size_t rule_count,
                const struct same_options *same, int64_t live_since_ms)
{
    *cells = (struct cells){.memory = memory, .live_since_ms = live_since_ms};
    for (size_t i = 0; i < rule_count; i++) {
        struct layer layer = {
            .rule = &rules[i], .reach2 = chord2_from_km(rules[i].reach_km), .gap_ms = rules[i].window_ms};
        layer.side = side_of(layer.reach2);
        layer.slot_ms = 2 * layer.gap_ms;
        layer.index = (uint32_t)i;
        if (!vector_push(memory, &cells->layers, layer))
            return false;
    }
    if (same->mode == SAME_OFF)
        return true;
    const struct same_measure measure = same_measure_of(same);
    struct layer layer = {.reach2 = measure.far2, .gap_ms = measure.within_ms, .side = side_of(measure.far2)};
    layer.slot_ms = layer.gap_ms > HOUR_MS ? layer.gap_ms : HOUR_MS;
    layer.index = (uint32_t)rule_count;
    return vector_push(memory, &cells->layers, layer);
}

void cells_fini(struct cells *cells)
{
    vector_free(cells->memory, &cells->layers);
    vector_free(cells->memory, &cells->stubs);
    vector_free(cells->memory, &cells->cells);
    vector_free(cells->memory, &cells->links);
    (void)memory_resize(cells->memory, cells->buckets, cells->bucket_count * sizeof *cells->buckets, 0);
    cells->buckets = NULL;
    cells->bucket_count = 0;
}

/* ---- relations ---- */

static bool layer_has(const struct layer *layer, const struct archive_stub *stub)
{
    return layer->rule == NULL || (stub->role == ROLE_TRIGGER && (layer->rule->categories >> stub->category & 1) != 0);
}

/* As correlated: a rule cuts what is longer than its window. */
static int64_t end_in(const struct layer *layer, const struct archive_stub *stub)
{
    bool cut = layer->rule != NULL && stub->end_ms - stub->start_ms > layer->gap_ms;
    return cut ? stub->start_ms + layer->gap_ms : stub->end_ms;
}

static bool layer_joins(const struct layer *layer, const struct archive_stub *a, const struct archive_stub *b)
{
    int64_t a_end_ms = end_in(layer, a), b_end_ms = end_in(layer, b);
    int64_t gap_ms = a->start_ms > b_end_ms ? a->start_ms - b_end_ms : b->start_ms - a_end_ms;
    if (gap_ms > layer->gap_ms || point_chord2(a->point, b->point) > layer->reach2)
        return false;
    return layer->rule != NULL || (a->role == b->role && category_family(a->category) == category_family(b->category));
}

bool cells_trigger(const struct cells *cells, const struct archive_stub *stub)
{
    for (uint32_t i = 0; i < cells->layers.count; i++)
        if (cells->layers.items[i].rule != NULL && layer_has(&cells->layers.items[i], stub))
            return true;
    return false;
}

void cells_span(const struct cells *cells, const struct archive_stub *stub, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    *ret_from_ms = stub->start_ms;
    *ret_to_ms = stub->start_ms;
    for (uint32_t i = 0; i < cells->layers.count; i++) {
        const struct layer *layer = &cells->layers.items[i];
        if (!layer_has(layer, stub))
            continue;
        /* Theirs are counted: they are no longer than a window themselves. */
        int64_t gap_ms = layer->rule != NULL ? 3 * layer->gap_ms : layer->gap_ms;
        if (stub->start_ms - gap_ms < *ret_from_ms)
            *ret_from_ms = stub->start_ms - gap_ms;
        if (end_in(layer, stub) + gap_ms > *ret_to_ms)
            *ret_to_ms = end_in(layer, stub) + gap_ms;
    }
}

/* ---- cells ---- */

static int64_t slot_of(const struct layer *layer, int64_t time_ms)
{
    return time_ms / layer->slot_ms - (time_ms % layer->slot_ms < 0);
}

static int32_t cube_of(const struct layer *layer, int32_t coordinate)
{
    return (int32_t)(((int64_t)coordinate + POINT_SCALE) / layer->side);
}

static struct cell_key key_of(const struct cells *cells, uint32_t index, const struct archive_stub *stub)
{
    const struct layer *layer = &cells->layers.items[index];
    bool is_long = end_in(layer, stub) - stub->start_ms > LONG_SLOTS * layer->slot_ms;
    return (struct cell_key){.slot = is_long ? SLOT_LONG : slot_of(layer, stub->start_ms),
                             .x = cube_of(layer, stub->point.x),
                             .y = cube_of(layer, stub->point.y),
                             .z = cube_of(layer, stub->point.z),
                             .layer = index};
}

static size_t hash_of(const struct cell_key *key)
{
    uint64_t hash = (uint64_t)key->slot * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 32 ^ (uint32_t)key->x) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ hash >> 29 ^ (uint32_t)key->y) * 0x94d049bb133111ebu;
    hash = (hash ^ hash >> 31 ^ (uint32_t)key->z) * 0xd6e8feb86659fd93u;
    hash = (hash ^ hash >> 30 ^ key->layer) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash ^ hash >> 32);
}

static bool same_key(const struct cell_key *a, const struct cell_key *b)
{
    return a->slot == b->slot && a->x == b->x && a->y == b->y && a->z == b->z && a->layer == b->layer;
}

static uint32_t cell_find(const struct cells *cells, const struct cell_key *key)
{
    if (cells->bucket_count == 0)
        return NONE;
    uint32_t at = cells->buckets[hash_of(key) & (cells->bucket_count - 1)];
    while (at != NONE && !same_key(&cells->cells.items[at].key, key))
        at = cells->cells.items[at].next;
    return at;
}

static bool buckets_grow(struct cells *cells)
{
    size_t count = cells->bucket_count > 0 ? 2 * cells->bucket_count : BUCKETS_MIN;
    uint32_t *buckets = memory_resize(cells->memory, NULL, 0, count * sizeof *buckets);
    if (buckets == NULL)
        return false;
    memset(buckets, 0xff, count * sizeof *buckets); /* NONE */
    for (uint32_t i = 0; i < cells->cells.count; i++) {
        struct cell *cell = &cells->cells.items[i];
        uint32_t *head = &buckets[hash_of(&cell->key) & (count - 1)];
        cell->next = *head;
        *head = i;
    }
    (void)memory_resize(cells->memory, cells->buckets, cells->bucket_count * sizeof *buckets, 0);
    cells->buckets = buckets;
    cells->bucket_count = count;
    return true;
}

static bool cell_make(struct cells *cells, const struct cell_key *key, uint32_t *ret_cell)
{
    *ret_cell = cell_find(cells, key);
    if (*ret_cell != NONE)
        return true;
    if (cells->cells.count >= cells->bucket_count && !buckets_grow(cells))
        return false;
    uint32_t *head = &cells->buckets[hash_of(key) & (cells->bucket_count - 1)];
    *ret_cell = cells->cells.count;
    if (!vector_push(cells->memory, &cells->cells, ((struct cell){*key, NONE, NONE, *head})))
        return false;
    *head = *ret_cell;
    return true;
}

static bool link_add(struct cells *cells, uint32_t layer, uint32_t index, const struct archive_stub *stub)
{
    const struct cell_key key = key_of(cells, layer, stub);
    uint32_t at;
    if (!cell_make(cells, &key, &at))
        return false;
    struct cell *cell = &cells->cells.items[at];
    if (!vector_push(cells->memory, &cells->links, ((struct cell_link){index, cell->first, cell->all})))
        return false;
    cell->first = cell->all = cells->links.count - 1;
    return true;
}

static bool add(struct cells *cells, const struct archive_stub *stub, enum cells_state state)
{
    uint32_t index = cells->stubs.count;
    if (!vector_push(cells->memory, &cells->stubs, ((struct cells_stub){.stub = *stub, .state = state})))
        return false;
    for (uint32_t i = 0; i < cells->layers.count; i++)
        if (layer_has(&cells->layers.items[i], stub) && !link_add(cells, i, index, stub))
            return false;
    return true;
}

bool cells_add(struct cells *cells, const struct archive_stub *stub)
{
    return add(cells, stub, STUB_THERE);
}

bool cells_add_found(struct cells *cells, const struct archive_stub *stub)
{
    return add(cells, stub, STUB_FOUND);
}

/* ---- who may be a core ---- */

static uint32_t threshold_of(const struct layer *layer, const struct archive_stub *stub)
{
    const struct baseline_rule *baseline = layer->rule->baseline;
    if (baseline == NULL)
        return layer->rule->min_neighbours;
    uint32_t history = baseline_history(baseline, baseline_cell_of(baseline, stub->point));
    return baseline_threshold(baseline, history, end_in(layer, stub) - stub->start_ms);
}

/* The cells around in which its neighbours are. */
struct around {
    struct cell_key centre;
    int64_t from, to; /* slots */
};

static struct around around_of(const struct cells *cells, const struct layer *layer, const struct archive_stub *stub)
{
    int64_t longest_ms = layer->rule != NULL ? layer->gap_ms : LONG_SLOTS * layer->slot_ms;
    return (struct around){.centre = key_of(cells, layer->index, stub),
                           .from = slot_of(layer, stub->start_ms - layer->gap_ms - longest_ms),
                           .to = slot_of(layer, end_in(layer, stub) + layer->gap_ms)};
}

static struct cell_key around_key(const struct around *around, int64_t slot, int32_t i)
{
    return (struct cell_key){.slot = slot,
                             .x = around->centre.x + i % 3 - 1,
                             .y = around->centre.y + i / 3 % 3 - 1,
                             .z = around->centre.z + i / 9 - 1,
                             .layer = around->centre.layer};
}

/* It is among its own neighbours here. */
static bool is_enough(const struct cells *cells, const struct layer *layer, const struct archive_stub *stub,
                      uint32_t threshold)
{
    const struct around around = around_of(cells, layer, stub);
    uint32_t count = 0;
    for (int64_t slot = around.from; slot <= around.to; slot++) {
        for (int32_t i = 0; i < 27; i++) {
            const struct cell_key key = around_key(&around, slot, i);
            uint32_t cell = cell_find(cells, &key);
            uint32_t link = cell != NONE ? cells->cells.items[cell].all : NONE;
            for (; link != NONE && count <= threshold; link = cells->links.items[link].next_of_all)
                count += layer_joins(layer, stub, &cells->stubs.items[cells->links.items[link].stub].stub);
            if (count > threshold)
                return true;
        }
    }
    return false;
}

/* Are all that are near it joined to it, whatever they are? It has one that is near. */
static bool joins_all(const struct cells *cells, const struct layer *layer, const struct archive_stub *stub)
{
    if (layer->rule == NULL || stub->end_ms >= cells->live_since_ms)
        return true;
    uint32_t threshold = threshold_of(layer, stub);
    return threshold <= 1 || is_enough(cells, layer, stub, threshold);
}

/* The same; the answer is kept, for all that counts is there by now. */
static bool stub_joins_all(const struct cells *cells, const struct layer *layer, struct cells_stub *stub)
{
    uint64_t bit = layer->index < 64 ? UINT64_C(1) << layer->index : 0;
    if ((stub->asked & bit) == 0) {
        stub->asked |= bit;
        stub->cores &= ~bit;
        if (!joins_all(cells, layer, &stub->stub))
            return false;
        stub->cores |= bit;
        return true;
    }
    return (stub->cores & bit) != 0;
}

/* ---- searching ---- */

static bool is_joined(const struct cells *cells, const struct layer *layer, const struct cells_searcher *searcher,
                      struct cells_stub *other)
{
    return layer_joins(layer, searcher->stub, &other->stub) &&
           (searcher->joins_all || stub_joins_all(cells, layer, other));
}

static bool cell_search(struct cells *cells, const struct cell_key *key, const struct cells_searcher *searcher,
                        cells_found *found)
{
    const struct layer *layer = &cells->layers.items[key->layer];
    uint32_t cell = cell_find(cells, key);
    uint32_t *link = cell != NONE ? &cells->cells.items[cell].first : NULL;
    while (link != NULL && *link != NONE) {
        struct cell_link *at = &cells->links.items[*link];
        struct cells_stub *other = &cells->stubs.items[at->stub];
        if (other->state == STUB_THERE && is_joined(cells, layer, searcher, other)) {
            other->state = STUB_FOUND;
            if (!vector_push(cells->memory, found, at->stub))
                return false;
        }
        if (other->state == STUB_THERE)
            link = &at->next;
        else
            *link = at->next;
    }
    return true;
}

static bool slot_search(struct cells *cells, const struct around *around, int64_t slot,
                        const struct cells_searcher *searcher, cells_found *found)
{
    for (int32_t i = 0; i < 27; i++) {
        const struct cell_key key = around_key(around, slot, i);
        if (!cell_search(cells, &key, searcher, found))
            return false;
    }
    return true;
}

static bool layer_look_at_all(struct cells *cells, const struct layer *layer, const struct cells_searcher *searcher,
                              cells_found *found)
{
    for (uint32_t i = 0; i < cells->stubs.count; i++) {
        struct cells_stub *other = &cells->stubs.items[i];
        if (other->state != STUB_THERE || !layer_has(layer, &other->stub) || !is_joined(cells, layer, searcher, other))
            continue;
        other->state = STUB_FOUND;
        if (!vector_push(cells->memory, found, i))
            return false;
    }
    return true;
}

static bool layer_search(struct cells *cells, const struct layer *layer, const struct cells_searcher *searcher,
                         cells_found *found)
{
    const struct around around = around_of(cells, layer, searcher->stub);
    if (around.to - around.from > SLOTS_MAX)
        return layer_look_at_all(cells, layer, searcher, found);
    for (int64_t slot = around.from; slot <= around.to; slot++)
        if (!slot_search(cells, &around, slot, searcher, found))
            return false;
    return layer->rule != NULL || slot_search(cells, &around, SLOT_LONG, searcher, found);
}

bool cells_find(struct cells *cells, const struct archive_stub *stub, bool is_seed, cells_found *ret_found)
{
    for (uint32_t i = 0; i < cells->layers.count; i++) {
        const struct layer *layer = &cells->layers.items[i];
        if (!layer_has(layer, stub))
            continue;
        const struct cells_searcher searcher = {stub, is_seed || joins_all(cells, layer, stub)};
        if (!layer_search(cells, layer, &searcher, ret_found))
            return false;
    }
    return true;
}
