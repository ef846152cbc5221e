#include "correlator/reopen/cells.h"

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
                const struct same_options *same)
{
    *cells = (struct cells){.memory = memory};
    for (size_t i = 0; i < rule_count; i++) {
        struct layer layer = {
            .rule = &rules[i], .reach2 = chord2_from_km(rules[i].reach_km), .gap_ms = rules[i].window_ms};
        layer.side = side_of(layer.reach2);
        layer.slot_ms = 2 * layer.gap_ms;
        if (!vector_push(memory, &cells->layers, layer))
            return false;
    }
    if (same->mode == SAME_OFF)
        return true;
    const struct same_measure measure = same_measure_of(same);
    struct layer layer = {.reach2 = measure.far2, .gap_ms = measure.within_ms, .side = side_of(measure.far2)};
    layer.slot_ms = layer.gap_ms > HOUR_MS ? layer.gap_ms : HOUR_MS;
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
        if (stub->start_ms - layer->gap_ms < *ret_from_ms)
            *ret_from_ms = stub->start_ms - layer->gap_ms;
        if (end_in(layer, stub) + layer->gap_ms > *ret_to_ms)
            *ret_to_ms = end_in(layer, stub) + layer->gap_ms;
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
    if (!vector_push(cells->memory, &cells->cells, ((struct cell){*key, NONE, *head})))
        return false;
    *head = *ret_cell;
    return true;
}

bool cells_add(struct cells *cells, const struct archive_stub *stub)
{
    uint32_t index = cells->stubs.count;
    if (!vector_push(cells->memory, &cells->stubs, ((struct cells_stub){*stub, STUB_THERE})))
        return false;
    for (uint32_t i = 0; i < cells->layers.count; i++) {
        if (!layer_has(&cells->layers.items[i], stub))
            continue;
        const struct cell_key key = key_of(cells, i, stub);
        uint32_t cell;
        if (!cell_make(cells, &key, &cell) ||
            !vector_push(cells->memory, &cells->links, ((struct cell_link){index, cells->cells.items[cell].first})))
            return false;
        cells->cells.items[cell].first = cells->links.count - 1;
    }
    return true;
}

/* ---- searching ---- */

static bool cell_search(struct cells *cells, const struct cell_key *key, const struct archive_stub *stub,
                        cells_found *found)
{
    uint32_t cell = cell_find(cells, key);
    uint32_t *link = cell != NONE ? &cells->cells.items[cell].first : NULL;
    while (link != NULL && *link != NONE) {
        struct cell_link *at = &cells->links.items[*link];
        struct cells_stub *other = &cells->stubs.items[at->stub];
        if (other->state == STUB_THERE && layer_joins(&cells->layers.items[key->layer], stub, &other->stub)) {
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

static bool slot_search(struct cells *cells, const struct cell_key *centre, int64_t slot,
                        const struct archive_stub *stub, cells_found *found)
{
    for (int32_t i = 0; i < 27; i++) {
        const struct cell_key key = {slot, centre->x + i % 3 - 1, centre->y + i / 3 % 3 - 1, centre->z + i / 9 - 1,
                                     centre->layer};
        if (!cell_search(cells, &key, stub, found))
            return false;
    }
    return true;
}

static bool layer_look_at_all(struct cells *cells, const struct layer *layer, const struct archive_stub *stub,
                              cells_found *found)
{
    for (uint32_t i = 0; i < cells->stubs.count; i++) {
        struct cells_stub *other = &cells->stubs.items[i];
        if (other->state != STUB_THERE || !layer_has(layer, &other->stub) || !layer_joins(layer, stub, &other->stub))
            continue;
        other->state = STUB_FOUND;
        if (!vector_push(cells->memory, found, i))
            return false;
    }
    return true;
}

/* Whoever is near begins no earlier than its own length and the gap before. */
static bool layer_search(struct cells *cells, uint32_t index, const struct archive_stub *stub, cells_found *found)
{
    const struct layer layer = cells->layers.items[index];
    const struct cell_key centre = key_of(cells, index, stub);
    int64_t longest_ms = LONG_SLOTS * layer.slot_ms;
    int64_t from = slot_of(&layer, stub->start_ms - layer.gap_ms - longest_ms);
    int64_t to = slot_of(&layer, end_in(&layer, stub) + layer.gap_ms);
    if (layer.rule != NULL)
        from = slot_of(&layer, stub->start_ms - 2 * layer.gap_ms); /* none is longer than the gap */
    if (to - from > SLOTS_MAX)
        return layer_look_at_all(cells, &layer, stub, found);
    for (int64_t slot = from; slot <= to; slot++)
        if (!slot_search(cells, &centre, slot, stub, found))
            return false;
    return layer.rule != NULL || slot_search(cells, &centre, SLOT_LONG, stub, found);
}

bool cells_find(struct cells *cells, const struct archive_stub *stub, cells_found *ret_found)
{
    for (uint32_t i = 0; i < cells->layers.count; i++)
        if (layer_has(&cells->layers.items[i], stub) && !layer_search(cells, i, stub, ret_found))
            return false;
    return true;
}
