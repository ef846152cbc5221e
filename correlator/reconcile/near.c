#include "correlator/reconcile/near.h"

#include <math.h>
#include <string.h>

#define SLOTS_MAX        4
#define SLOT_LONG        INT64_MAX
#define SLOT_SHIFT_MIN   22 /* 70 minutes */
#define SEARCH_SLOTS_MAX 64 /* a longer interval is looked for everywhere */
#define BUCKETS_MIN      1024

struct near_key {
    int64_t slot;
    int32_t x, y, z;
};

struct near_item {
    struct point point;
    int64_t start_ms, end_ms;
    struct standing *standing;
};

struct near_cell {
    struct near_cell *next;
    struct near_key key;
    VECTOR(struct near_item) items;
};

void near_init(struct near *near, struct memory *memory, const struct same_measure *measure)
{
    *near = (struct near){.memory = memory, .measure = measure};
    near->far = (int32_t)ceil(sqrt((double)measure->far2)) + 1; /* a little more does no harm */
    while ((INT64_C(1) << near->cube_shift) < 2 * (int64_t)near->far)
        near->cube_shift++;
    near->slot_shift = SLOT_SHIFT_MIN;
    while ((INT64_C(1) << near->slot_shift) < measure->within_ms)
        near->slot_shift++;
}

static void cell_free(struct near *near, struct near_cell *cell)
{
    vector_free(near->memory, &cell->items);
    (void)memory_resize(near->memory, cell, sizeof *cell, 0);
}

void near_fini(struct near *near)
{
    for (size_t i = 0; i < near->bucket_count; i++)
        for (struct near_cell *cell = near->buckets[i], *next; cell != NULL; cell = next) {
            next = cell->next;
            cell_free(near, cell);
        }
    (void)memory_resize(near->memory, near->buckets, near->bucket_count * sizeof(struct near_cell *), 0);
    *near = (struct near){0};
}

static size_t hash_of(const struct near_key *key)
{
    uint64_t h = (uint64_t)key->slot * 0x9e3779b97f4a7c15u;
    h ^= (uint64_t)(uint32_t)key->x * 0xbf58476d1ce4e5b9u + (h >> 29);
    h ^= (uint64_t)(uint32_t)key->y * 0x94d049bb133111ebu + (h >> 31);
    h ^= (uint64_t)(uint32_t)key->z * 0xd6e8feb86659fd93u + (h >> 27);
    h *= 0x9e3779b97f4a7c15u;
    return (size_t)(h ^ h >> 32);
}

static bool same_key(const struct near_key *a, const struct near_key *b)
{
    return a->slot == b->slot && a->x == b->x && a->y == b->y && a->z == b->z;
}

static struct near_cell **cell_link(const struct near *near, const struct near_key *key)
{
    struct near_cell **link = &near->buckets[hash_of(key) & (near->bucket_count - 1)];
    while (*link != NULL && !same_key(&(*link)->key, key))
        link = &(*link)->next;
    return link;
}

static bool buckets_grow(struct near *near)
{
    size_t count = near->bucket_count > 0 ? 2 * near->bucket_count : BUCKETS_MIN;
    struct near_cell **buckets = memory_resize(near->memory, NULL, 0, count * sizeof(struct near_cell *));
    if (buckets == NULL)
        return false;
    memset((void *)buckets, 0, count * sizeof(struct near_cell *));
    for (size_t i = 0; i < near->bucket_count; i++)
        for (struct near_cell *cell = near->buckets[i], *next; cell != NULL; cell = next) {
            next = cell->next;
            struct near_cell **head = &buckets[hash_of(&cell->key) & (count - 1)];
            cell->next = *head;
            *head = cell;
        }
    (void)memory_resize(near->memory, near->buckets, near->bucket_count * sizeof(struct near_cell *), 0);
    near->buckets = buckets;
    near->bucket_count = count;
    return true;
}

static struct near_cell *cell_make(struct near *near, const struct near_key *key)
{
    if (near->cell_count >= near->bucket_count && !buckets_grow(near) && near->bucket_count == 0)
        return NULL;
    struct near_cell **link = cell_link(near, key);
    if (*link != NULL)
        return *link;
    struct near_cell *cell = memory_resize(near->memory, NULL, 0, sizeof *cell);
    if (cell == NULL)
        return NULL;
    *cell = (struct near_cell){.key = *key};
    *link = cell;
    near->cell_count++;
    return cell;
}

/* Slots below the epoch too: an arithmetic shift rounds down. */
static int64_t slot_of(const struct near *near, int64_t ms)
{
    return ms >> near->slot_shift;
}

static int32_t cube_of(const struct near *near, int64_t coordinate)
{
    return (int32_t)(coordinate >> near->cube_shift);
}

struct slots {
    int64_t first, last;
};

static struct slots slots_of(const struct near *near, const struct standing *standing)
{
    struct slots slots = {slot_of(near, standing->start_ms), slot_of(near, standing->end_ms)};
    return slots.last - slots.first < SLOTS_MAX ? slots : (struct slots){SLOT_LONG, SLOT_LONG};
}

static struct near_key key_of(const struct near *near, struct point point, int64_t slot)
{
    return (struct near_key){slot, cube_of(near, point.x), cube_of(near, point.y), cube_of(near, point.z)};
}

static void cell_drop(struct near *near, struct near_cell **link, const struct standing *standing)
{
    struct near_cell *cell = *link;
    if (cell == NULL)
        return;
    for (uint32_t i = 0; i < cell->items.count; i++)
        if (cell->items.items[i].standing == standing) {
            cell->items.items[i] = cell->items.items[--cell->items.count];
            break;
        }
    if (cell->items.count > 0)
        return;
    *link = cell->next;
    near->cell_count--;
    cell_free(near, cell);
}

void near_remove(struct near *near, struct standing *standing)
{
    struct slots slots = slots_of(near, standing);
    for (int64_t slot = slots.first; near->bucket_count > 0; slot++) {
        struct near_key key = key_of(near, standing->point, slot);
        cell_drop(near, cell_link(near, &key), standing);
        if (slot == slots.last)
            break;
    }
}

bool near_add(struct near *near, struct standing *standing)
{
    struct slots slots = slots_of(near, standing);
    const struct near_item item = {standing->point, standing->start_ms, standing->end_ms, standing};
    for (int64_t slot = slots.first;; slot++) {
        struct near_key key = key_of(near, standing->point, slot);
        struct near_cell *cell = cell_make(near, &key);
        if (cell == NULL || !vector_push(near->memory, &cell->items, item)) {
            near_remove(near, standing);
            return false;
        }
        if (slot == slots.last)
            return true;
    }
}

/* --- searching --- */

struct search {
    struct near *near;
    const struct standing *standing;
    standing_vector *found;
};

static bool is_apart(int32_t a, int32_t b, int32_t far)
{
    int64_t distance = (int64_t)a - b;
    return distance > far || distance < -(int64_t)far;
}

static bool search_cell(const struct search *search, const struct near_cell *cell)
{
    const struct near *near = search->near;
    const struct standing *standing = search->standing;
    int64_t from_ms = standing->start_ms - near->measure->within_ms;
    int64_t until_ms = standing->end_ms + near->measure->within_ms;
    for (uint32_t i = 0; i < cell->items.count; i++) {
        const struct near_item *item = &cell->items.items[i];
        if (item->start_ms > until_ms || item->end_ms < from_ms ||
            is_apart(item->point.x, standing->point.x, near->far) ||
            is_apart(item->point.y, standing->point.y, near->far) ||
            is_apart(item->point.z, standing->point.z, near->far))
            continue;
        struct standing *other = item->standing;
        if (other == standing || other->found_at == near->stamp || !same_edge(near->measure, standing, other))
            continue;
        other->found_at = near->stamp; /* it may be in more than one slot */
        if (!vector_push(near->memory, search->found, other))
            return false;
    }
    return true;
}

static bool search_everywhere(const struct search *search)
{
    for (size_t i = 0; i < search->near->bucket_count; i++)
        for (const struct near_cell *cell = search->near->buckets[i]; cell != NULL; cell = cell->next)
            if (!search_cell(search, cell))
                return false;
    return true;
}

/* The cells of one cube: those of the slots, and that of the long ones. */
static bool search_cube(const struct search *search, struct near_key key, struct slots slots)
{
    for (int64_t slot = slots.first;; slot = slot < slots.last ? slot + 1 : SLOT_LONG) {
        key.slot = slot;
        const struct near_cell *cell = *cell_link(search->near, &key);
        if (cell != NULL && !search_cell(search, cell))
            return false;
        if (slot == SLOT_LONG)
            return true;
    }
}

bool near_find(struct near *near, const struct standing *standing, standing_vector *ret_found)
{
    const struct search search = {near, standing, ret_found};
    ret_found->count = 0;
    near->stamp++;
    if (near->bucket_count == 0)
        return true;
    struct slots slots = {slot_of(near, standing->start_ms - near->measure->within_ms),
                          slot_of(near, standing->end_ms + near->measure->within_ms)};
    if (slots.last - slots.first >= SEARCH_SLOTS_MAX)
        return search_everywhere(&search);
    const struct point *at = &standing->point;
    for (int32_t x = cube_of(near, (int64_t)at->x - near->far); x <= cube_of(near, (int64_t)at->x + near->far); x++)
        for (int32_t y = cube_of(near, (int64_t)at->y - near->far); y <= cube_of(near, (int64_t)at->y + near->far); y++)
            for (int32_t z = cube_of(near, (int64_t)at->z - near->far); z <= cube_of(near, (int64_t)at->z + near->far);
                 z++)
                if (!search_cube(&search, (struct near_key){0, x, y, z}, slots))
                    return false;
    return true;
}
