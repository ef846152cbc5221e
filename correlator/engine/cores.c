/* How many neighbours each has, and who is a core.
 *
 * Only what decides is kept: k exactly while it is below the threshold, "enough" from there on. An insert counts the
 * new one's neighbours up to the threshold, and adds one to each non-core neighbour: a bucket has at most `threshold`
 * of those. A remove recounts the cores around, but none in a bucket that is full enough by itself. So a crowd in one
 * place costs about what a quiet sea does: O(buckets around × threshold). */
#include "correlator/engine/ward.h"

static uint32_t *list_of(struct bucket *bucket, const struct node *node)
{
    if (node->coarse)
        return &bucket->coarse;
    return node->core ? &bucket->cores : &bucket->others;
}

static void list_put(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    uint32_t *first = list_of(&ward->grid.buckets.items[node->bucket], node);
    node->previous = NONE;
    node->next = *first;
    if (*first != NONE)
        node_at(ward, *first)->previous = index;
    *first = index;
}

static void list_take(struct ward *ward, uint32_t index)
{
    const struct node *node = node_at(ward, index);
    if (node->next != NONE)
        node_at(ward, node->next)->previous = node->previous;
    if (node->previous != NONE)
        node_at(ward, node->previous)->next = node->next;
    else
        *list_of(&ward->grid.buckets.items[node->bucket], node) = node->next;
}

void ward_changed(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    if (!node->changed)
        vector_put(&ward->changed, index);
    node->changed = true;
}

static void set_core(struct ward *ward, uint32_t index, bool core)
{
    list_take(ward, index);
    node_at(ward, index)->core = core;
    list_put(ward, index);
    ward_changed(ward, index);
}

/* k, counted no further than `enough`. */
static uint32_t count_neighbours(const struct ward *ward, uint32_t index, uint32_t enough)
{
    const struct node *node = node_at(ward, index);
    uint32_t count = 0;
    struct grid_walk walk;
    grid_around(&ward->grid, node->bucket, node->start_ms, node->end_ms, &walk);
    for (uint32_t at = grid_next(&walk); at != NONE; at = grid_next(&walk)) {
        const struct bucket *bucket = &ward->grid.buckets.items[at];
        const uint32_t lists[] = {bucket->cores, bucket->others};
        for (int list = 0; list < 2; list++) {
            for (uint32_t i = lists[list]; i != NONE; i = node_at(ward, i)->next) {
                count += i != index && node_within(ward, node, node_at(ward, i));
                if (count >= enough)
                    return count;
            }
        }
    }
    return count;
}

/* Has it neighbours enough? The baseline is asked only of those that reach the floor. */
static bool is_enough(const struct ward *ward, struct node *node)
{
    if (node->near < node->threshold)
        return false;
    if (!node->judged && !node->bounded) {
        node->threshold = ward_threshold_least(ward, node->point, node->end_ms - node->start_ms);
        node->bounded = true;
        if (node->near < node->threshold)
            return false;
    }
    if (!node->judged) {
        node->threshold = ward_threshold(ward, node->point, node->end_ms - node->start_ms);
        node->judged = true;
    }
    return node->near >= node->threshold;
}

/* What an insert finds on its walk. */
struct arrival {
    struct ward *ward;
    struct node *node;
    bool told;     /* how much it disturbs: by the first core met. engine_pending is an estimate */
    uint32_t best; /* core, for a non-core to be attached to */
};

static void meet_core(struct arrival *arrival, uint32_t index)
{
    struct ward *ward = arrival->ward;
    const struct node *core = node_at(ward, index);
    if (arrival->best == NONE || node_nearer(ward, arrival->node, index, arrival->best))
        arrival->best = index;
    /* One that is new itself has told already. */
    if (!arrival->told && core->episode != NONE)
        episode_pending(ward, core->episode);
    arrival->told = true;
}

static void count_in(struct ward *ward, uint32_t index)
{
    struct node *other = node_at(ward, index);
    other->near++;
    if (is_enough(ward, other))
        set_core(ward, index, true);
}

/* All in its own bucket are its neighbours. */
static void meet_own(struct arrival *arrival, const struct bucket *bucket)
{
    struct ward *ward = arrival->ward;
    struct node *node = arrival->node;
    node->near += bucket->count;
    /* Which is the nearest matters to one that is no core. */
    bool enough = is_enough(ward, node);
    for (uint32_t i = bucket->cores; i != NONE; i = enough ? NONE : node_at(ward, i)->next)
        meet_core(arrival, i);
    for (uint32_t i = bucket->others, next; i != NONE; i = next) {
        next = node_at(ward, i)->next;
        count_in(ward, i);
    }
}

static void meet(struct arrival *arrival, const struct bucket *bucket)
{
    struct ward *ward = arrival->ward;
    struct node *node = arrival->node;
    for (uint32_t i = bucket->cores; i != NONE && !is_enough(ward, node); i = node_at(ward, i)->next) {
        if (!node_within(ward, node, node_at(ward, i)))
            continue;
        node->near++;
        meet_core(arrival, i);
    }
    for (uint32_t i = bucket->others, next; i != NONE; i = next) {
        next = node_at(ward, i)->next;
        if (!node_within(ward, node, node_at(ward, i)))
            continue;
        node->near++;
        count_in(ward, i);
    }
}

/* A coarse one counts with nobody. */
static void meet_coarse(struct arrival *arrival, const struct bucket *bucket)
{
    struct ward *ward = arrival->ward;
    for (uint32_t i = bucket->cores; i != NONE; i = node_at(ward, i)->next) {
        if (node_within(ward, arrival->node, node_at(ward, i)))
            meet_core(arrival, i);
    }
}

void cores_insert(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    struct arrival arrival = {.ward = ward, .node = node, .best = NONE};
    ward_changed(ward, index);
    if (node->end_ms - node->start_ms > ward->grid.longest_ms)
        ward->grid.longest_ms = node->end_ms - node->start_ms;
    struct bucket *own = &ward->grid.buckets.items[node->bucket];
    if (!node->coarse)
        meet_own(&arrival, own);
    struct grid_walk walk;
    grid_around(&ward->grid, node->bucket, node->start_ms, node->end_ms, &walk);
    for (uint32_t at = grid_next(&walk); at != NONE; at = grid_next(&walk)) {
        if (node->coarse)
            meet_coarse(&arrival, &ward->grid.buckets.items[at]);
        else if (at != node->bucket)
            meet(&arrival, &ward->grid.buckets.items[at]);
    }
    own->count += !node->coarse;
    node->core = !node->coarse && is_enough(ward, node);
    node->place = node->core ? NONE : arrival.best;
    node->met = node->core;
    list_put(ward, index);
}

static void recount_bucket(struct ward *ward, const struct node *gone, const struct bucket *bucket)
{
    for (uint32_t i = bucket->others; i != NONE; i = node_at(ward, i)->next)
        node_at(ward, i)->near -= node_within(ward, gone, node_at(ward, i));
    for (uint32_t i = bucket->cores, next; i != NONE; i = next) {
        struct node *core = node_at(ward, i);
        next = core->next;
        uint32_t threshold = core->threshold;
        if (bucket->count > threshold || !node_within(ward, gone, core))
            continue;
        uint32_t count = count_neighbours(ward, i, threshold);
        if (count >= threshold)
            continue;
        core->near = count;
        set_core(ward, i, false);
    }
}

void cores_remove(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    list_take(ward, index);
    ward_changed(ward, index);
    if (node->episode != NONE)
        episode_pending(ward, node->episode);
    else if (node->anchor != NONE && node_at(ward, node->anchor)->episode != NONE)
        episode_pending(ward, node_at(ward, node->anchor)->episode);
    if (!node->coarse) {
        ward->grid.buckets.items[node->bucket].count--;
        struct grid_walk walk;
        grid_around(&ward->grid, node->bucket, node->start_ms, node->end_ms, &walk);
        for (uint32_t at = grid_next(&walk); at != NONE; at = grid_next(&walk))
            recount_bucket(ward, node, &ward->grid.buckets.items[at]);
    }
    grid_tidy(&ward->grid, node->bucket, node->start_ms);
}

void cores_forget(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    list_take(ward, index);
    if (!node->coarse)
        ward->grid.buckets.items[node->bucket].count--;
    grid_tidy(&ward->grid, node->bucket, node->start_ms);
}

/* ---- another baseline ---- */

static void rejudge(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    uint32_t before = node->threshold;
    node->threshold = ward_threshold(ward, node->point, node->end_ms - node->start_ms);
    node->judged = true;
    if (node->core && node->threshold > before) {
        uint32_t count = count_neighbours(ward, index, node->threshold);
        node->near = count;
        if (count < node->threshold)
            set_core(ward, index, false);
    } else if (!node->core && node->near >= node->threshold) {
        set_core(ward, index, true);
    } else {
        return;
    }
    ward->pending++;
    if (node->episode != NONE)
        episode_pending(ward, node->episode);
}

/* May it have had neighbours that left? */
static bool is_kept(const struct ward *ward, const struct node *node)
{
    return ward->departed_ms != INT64_MIN && node->start_ms - ward->departed_ms <= ward->measure.window_ms;
}

void cores_keep(struct ward *ward)
{
    for (uint32_t handle = 0; handle < ward->node_of.count; handle++) {
        uint32_t index = ward->node_of.items[handle];
        struct node *node = index != NONE ? node_at(ward, index) : NULL;
        if (node == NULL || node->coarse || node->judged || !is_kept(ward, node))
            continue;
        node->threshold = ward_threshold(ward, node->point, node->end_ms - node->start_ms);
        node->judged = true;
    }
}

size_t cores_rebase(struct ward *ward)
{
    size_t kept = 0;
    for (uint32_t handle = 0; handle < ward->node_of.count; handle++) {
        uint32_t index = ward->node_of.items[handle];
        if (index == NONE || node_at(ward, index)->coarse)
            continue;
        if (is_kept(ward, node_at(ward, index)))
            kept++;
        else
            rejudge(ward, index);
    }
    return kept;
}
