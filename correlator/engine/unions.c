/* The capped union of method §4, over one connected component, from the first core that is new.
 *
 *   cores in order of (start, id):   a ─ b ─ c ┊ d ─ e ─ …          ┊ the first new one
 *   before it: as it was ── `joined`: a was taken in at c's turn ──▶ parts
 *   from there on: each its earlier neighbours' parts, each once, the strongest link first ──▶ united if the caps allow
 *
 * What a core decides depends only on what is before it, so what is before the first new core stands. Episodes that
 * end before it are looked at only if a later core has a neighbour in them, and then as one part. A union refused stays
 * refused, for parts only grow: who is named in a refusal is capped.
 *
 * Where the whole component is within the caps no union can be refused, and it is one episode whatever the order: O(n
 * new), the common case; that it was not decided core by core is noted (`undecided`), should the caps bind later. Else
 * O(links of the cores decided anew), and O(cores) of the episodes they are in. */
#include "correlator/engine/core_walk.h"

#include <string.h>

static bool within_caps(const struct ward *ward, const struct bounds *bounds)
{
    return bounds->last_ms - bounds->first_ms <= ward->measure.rule.cap_duration_ms &&
           point_chord2(bounds->low, bounds->high) <= ward->measure.cap_extent2;
}

static bool after(const void *context, uint32_t a, uint32_t b)
{
    const struct ward *ward = context;
    return node_before(ward, node_at(ward, b), node_at(ward, a));
}

static bool component_order(struct ward *ward)
{
    if (!vector_reserve(ward->memory, &ward->scratch, ward->component.count))
        return false;
    sort_indexes(ward->component.items, ward->scratch.items, ward->component.count, after, ward);
    return true;
}

static bool record_ends_before(const struct ward *ward, const struct episode_record *record, uint32_t index)
{
    return node_before(ward, node_at(ward, record_last(record)), node_at(ward, index));
}

/* Moves the cores of a sibling to the component. */
static bool sibling_open(struct ward *ward, uint32_t episode)
{
    const struct episode_record *record = &ward->episodes.items[episode];
    for (uint32_t i = 0; i < record->cores.count; i++) {
        if (!vector_push(ward->memory, &ward->component, record->cores.items[i]))
            return false;
    }
    return episode_retire(ward, episode);
}

static bool episode_begin(struct ward *ward, uint32_t key, const struct bounds *bounds, uint32_t *ret_episode)
{
    if (!episode_open(ward, key, ret_episode) || !episode_restate(ward, *ret_episode) ||
        !vector_push(ward->memory, &ward->opened, *ret_episode))
        return false;
    struct episode_record *record = &ward->episodes.items[*ret_episode];
    record->bounds = *bounds;
    record->capped = false;
    record->undecided = RANGE_NONE;
    return true;
}

/* ---- all of it in one ---- */

static bool whole_bounds(const struct ward *ward, struct bounds *ret_bounds)
{
    *ret_bounds = node_bounds(node_at(ward, ward->component.items[0]));
    for (uint32_t i = 1; i < ward->component.count; i++) {
        const struct bounds bounds = node_bounds(node_at(ward, ward->component.items[i]));
        bounds_grow(ret_bounds, &bounds);
    }
    for (uint32_t i = 0; i < ward->siblings.count; i++)
        bounds_grow(ret_bounds, &ward->episodes.items[ward->siblings.items[i]].bounds);
    return within_caps(ward, ret_bounds);
}

/* How many of an episode's first cores come before one. */
static uint32_t cores_before(const struct ward *ward, const uint32_t *cores, uint32_t count, uint32_t index)
{
    const struct node *node = node_at(ward, index);
    uint32_t low = 0;
    uint32_t high = count;
    if (count == 0 || node_before(ward, node_at(ward, cores[count - 1]), node))
        return count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (node_before(ward, node_at(ward, cores[middle]), node))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Puts the component, which is in order, among the cores of an episode, from the last on. Each is taken in by the next.
 */
static bool whole_take(struct ward *ward, uint32_t episode)
{
    struct episode_record *record = &ward->episodes.items[episode];
    uint32_t waiting = record->cores.count;
    uint32_t count = waiting + ward->component.count;
    if (!vector_reserve(ward->memory, &record->cores, count))
        return false;
    record->cores.count = count;
    uint32_t *cores = record->cores.items;
    for (uint32_t i = ward->component.count; i > 0; i--) {
        uint32_t index = ward->component.items[i - 1];
        struct node *node = node_at(ward, index);
        uint32_t before = cores_before(ward, cores, waiting, index);
        memmove(cores + before + i, cores + before, (waiting - before) * sizeof(*cores));
        cores[before + i - 1] = index;
        node_forget_decisions(node);
        node->joined = before + i < count ? cores[before + i] : NONE;
        if (before > 0)
            node_at(ward, cores[before - 1])->joined = index;
        node->episode = episode;
        node->place = NONE;
        record->capped = record->capped || node->haunted;
        waiting = before;
    }
    record->undecided =
        (struct range){node_at(ward, record_first(record))->start_ms, node_at(ward, record_last(record))->start_ms};
    return true;
}

static bool unite_whole(struct ward *ward, const struct bounds *bounds)
{
    if (!component_order(ward))
        return false;
    uint32_t first = ward->component.items[0];
    if (ward->siblings.count == 1) {
        uint32_t episode = ward->siblings.items[0];
        struct episode_record *record = &ward->episodes.items[episode];
        if (node_before(ward, node_at(ward, record_first(record)), node_at(ward, first))) {
            record->bounds = *bounds;
            return whole_take(ward, episode) && episode_restate(ward, episode);
        }
    }
    for (uint32_t i = 0; i < ward->siblings.count; i++) {
        if (!sibling_open(ward, ward->siblings.items[i]))
            return false;
    }
    uint32_t episode;
    return component_order(ward) && episode_begin(ward, ward->component.items[0], bounds, &episode) &&
           whole_take(ward, episode) && ring_make(ward, first);
}

/* ---- the cores before the first new one ---- */

/* Where to begin so that an episode with cores from `first` on can be restored: not among the undecided. */
static uint32_t first_of(const struct ward *ward, const struct episode_record *record, uint32_t first)
{
    if (node_at(ward, first)->start_ms > record->undecided.to_ms || record_ends_before(ward, record, first))
        return first;
    uint32_t i = 0;
    while (node_at(ward, record->cores.items[i])->start_ms < record->undecided.from_ms)
        i++;
    return node_before(ward, node_at(ward, record->cores.items[i]), node_at(ward, first)) ? record->cores.items[i]
                                                                                          : first;
}

/* The first core to be decided anew. */
static uint32_t first_find(const struct ward *ward)
{
    uint32_t first = ward->component.items[0];
    for (uint32_t i = 0; i < ward->siblings.count;) {
        uint32_t earlier = first_of(ward, &ward->episodes.items[ward->siblings.items[i]], first);
        i = earlier == first ? i + 1 : 0;
        first = earlier;
    }
    return first;
}

/* Moves to the component the cores of siblings that go on from there; for now their place says which sibling. */
static bool siblings_open(struct ward *ward, uint32_t first)
{
    for (uint32_t i = 0; i < ward->siblings.count; i++) {
        struct episode_record *record = &ward->episodes.items[ward->siblings.items[i]];
        if (record_ends_before(ward, record, first))
            continue;
        for (uint32_t j = 0; j < record->cores.count; j++)
            node_at(ward, record->cores.items[j])->place = i;
        if (record->undecided.to_ms >= node_at(ward, first)->start_ms)
            record->undecided = RANGE_NONE; /* they are decided now */
        if (!sibling_open(ward, ward->siblings.items[i]))
            return false;
    }
    return true;
}

/* ---- the cores from the first new one on ---- */

static bool stronger(const struct ward *ward, const struct part *part, uint128 strength, uint32_t neighbour)
{
    if (part->strength != strength)
        return part->strength < strength;
    return node_before(ward, node_at(ward, part->neighbour), node_at(ward, neighbour));
}

/* The parts that hold an earlier neighbour of the core, strongest link first. */
static bool candidates_find(struct ward *ward, uint32_t index, uint32_t first)
{
    const struct node *node = node_at(ward, index);
    ward->candidates.count = 0;
    struct core_walk walk;
    core_walk_begin(&walk, ward, node);
    for (uint32_t i = core_walk_next(&walk); i != NONE; i = core_walk_next(&walk)) {
        const struct node *other = node_at(ward, i);
        if (!node_before(ward, other, node))
            continue;
        if (other->place == NONE && !part_load(ward, other->episode, first))
            return false;
        uint32_t root = part_root(ward, other->place);
        struct part *part = &ward->parts.items[root];
        uint128 strength = link_strength(ward, node, other);
        if (part->seen_by != index) {
            if (!vector_push(ward->memory, &ward->candidates, root))
                return false;
        } else if (stronger(ward, part, strength, i)) {
            continue;
        }
        part->seen_by = index;
        part->strength = strength;
        part->neighbour = i;
    }
    /* Few: by insertion. */
    const struct part *parts = ward->parts.items;
    uint32_t *roots = ward->candidates.items;
    for (uint32_t i = 1; i < ward->candidates.count; i++) {
        uint32_t root = roots[i];
        uint32_t to = i;
        for (; to > 0 && stronger(ward, &parts[root], parts[roots[to - 1]].strength, parts[roots[to - 1]].neighbour);
             to--)
            roots[to] = roots[to - 1];
        roots[to] = root;
    }
    return true;
}

static void refuse(struct ward *ward, uint32_t index, uint32_t own, uint32_t other)
{
    struct part *parts = ward->parts.items;
    struct node *node = node_at(ward, index);
    struct node *neighbour = node_at(ward, parts[other].neighbour);
    if (!node_is_refused(node))
        node->refused = index;
    if (!node_is_refused(neighbour))
        neighbour->refused = index;
    parts[own].capped = parts[other].capped = true;
}

static bool core_decide(struct ward *ward, uint32_t index, uint32_t first)
{
    if (!candidates_find(ward, index, first))
        return false;
    for (uint32_t i = 0; i < ward->candidates.count; i++) {
        uint32_t own = part_root(ward, node_at(ward, index)->place);
        uint32_t other = ward->candidates.items[i];
        struct bounds bounds = ward->parts.items[own].bounds;
        bounds_grow(&bounds, &ward->parts.items[other].bounds);
        if (within_caps(ward, &bounds)) {
            node_at(ward, ward->parts.items[other].latest)->joined = index;
            parts_unite(ward, own, other, &bounds, index);
        } else {
            refuse(ward, index, own, other);
        }
    }
    return true;
}

/* ---- from parts to episodes ---- */

/* Episodes loaded as one part: those that stand are let go of, the others' cores join the component. */
static bool loaded_settle(struct ward *ward)
{
    for (uint32_t i = 0; i < ward->loaded.count; i++) {
        uint32_t episode = ward->loaded.items[i];
        struct episode_record *record = &ward->episodes.items[episode];
        const struct part *part = &ward->parts.items[part_root(ward, node_at(ward, record_first(record))->place)];
        if (part->count != record->cores.count) {
            if (!sibling_open(ward, episode))
                return false;
            continue;
        }
        for (uint32_t j = 0; j < record->cores.count; j++)
            node_at(ward, record->cores.items[j])->place = NONE;
        if (part->capped != record->capped && !episode_restate(ward, episode))
            return false;
        record->capped = part->capped;
    }
    return true;
}

static bool episodes_from_parts(struct ward *ward)
{
    for (uint32_t i = 0; i < ward->component.count; i++) {
        uint32_t index = ward->component.items[i];
        struct part *root = &ward->parts.items[part_root(ward, node_at(ward, index)->place)];
        if (root->episode == NONE) {
            if (!episode_begin(ward, index, &root->bounds, &root->episode) ||
                !vector_reserve(ward->memory, &ward->episodes.items[root->episode].cores, root->count))
                return false;
            ward->episodes.items[root->episode].capped = root->capped;
            ward->episodes.items[root->episode].undecided = root->undecided;
        }
        episode_add_core(ward, root->episode, index);
    }
    return true;
}

static bool unite_by_parts(struct ward *ward)
{
    if (!component_order(ward))
        return false;
    uint32_t first = first_find(ward);
    if (!siblings_open(ward, first) || !component_order(ward) || !parts_restore(ward, first))
        return false;
    for (uint32_t i = 0; i < ward->component.count; i++) {
        uint32_t index = ward->component.items[i];
        if (!node_before(ward, node_at(ward, index), node_at(ward, first)) && !core_decide(ward, index, first))
            return false;
    }
    return loaded_settle(ward) && component_order(ward) && episodes_from_parts(ward) && ring_make(ward, first);
}

bool unions_make(struct ward *ward, bool whole)
{
    struct bounds bounds;
    ward->opened.count = 0;
    return whole && whole_bounds(ward, &bounds) ? unite_whole(ward, &bounds) : unite_by_parts(ward);
}
