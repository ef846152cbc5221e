/* The parts of a component while it is being united: a forest, whose roots know their bounds, which only grow.
 *
 *   cores before the first that is decided anew, by what `joined` says of them ─┐
 *   cores from there on, each by itself ────────────────────────────────────────┼─▶ parts, by place of the core
 *   an episode that ends before, when a neighbour is met in it ─────────────────┘ */
#include "correlator/engine/ward.h"

uint32_t part_root(struct ward *ward, uint32_t at)
{
    struct part *parts = ward->parts.items;
    while (parts[at].parent != at) {
        parts[at].parent = parts[parts[at].parent].parent;
        at = parts[at].parent;
    }
    return at;
}

static struct range range_over(struct range a, struct range b)
{
    return (struct range){a.from_ms < b.from_ms ? a.from_ms : b.from_ms, a.to_ms > b.to_ms ? a.to_ms : b.to_ms};
}

void parts_unite(struct ward *ward, uint32_t one, uint32_t other, const struct bounds *bounds, uint32_t latest)
{
    struct part *parts = ward->parts.items;
    uint32_t root = parts[one].count >= parts[other].count ? one : other;
    uint32_t child = root == one ? other : one;
    parts[child].parent = root;
    parts[root].count += parts[child].count;
    parts[root].bounds = *bounds;
    parts[root].latest = latest;
    parts[root].undecided = range_over(parts[root].undecided, parts[child].undecided);
    parts[root].capped = parts[root].capped || parts[child].capped;
}

static bool part_push(struct ward *ward, uint32_t index, struct range undecided)
{
    struct node *node = node_at(ward, index);
    node->place = ward->parts.count;
    const struct part part = {.parent = node->place,
                              .count = 1,
                              .bounds = node_bounds(node),
                              .seen_by = NONE,
                              .latest = index,
                              .undecided = undecided,
                              .episode = NONE,
                              .capped = node_is_refused(node)};
    return vector_push(ward->memory, &ward->parts, part);
}

/* Forgets a refusal that is to be decided anew. */
static void refusal_settle(const struct ward *ward, struct node *node, uint32_t first)
{
    if (!node->haunted && node->refused != NONE &&
        !node_before(ward, node_at(ward, node->refused), node_at(ward, first)))
        node->refused = NONE;
}

bool part_load(struct ward *ward, uint32_t episode, uint32_t first)
{
    const struct episode_record *record = &ward->episodes.items[episode];
    uint32_t at = ward->parts.count;
    if (!part_push(ward, record_first(record), record->undecided) || !vector_push(ward->memory, &ward->loaded, episode))
        return false;
    struct part *part = &ward->parts.items[at];
    part->count = record->cores.count;
    part->bounds = record->bounds;
    part->latest = record_last(record);
    part->capped = false;
    for (uint32_t i = 0; i < record->cores.count; i++) {
        struct node *node = node_at(ward, record->cores.items[i]);
        node->place = at;
        refusal_settle(ward, node, first);
        part->capped = part->capped || node_is_refused(node);
    }
    return true;
}

bool parts_restore(struct ward *ward, uint32_t first)
{
    ward->parts.count = ward->loaded.count = 0;
    uint32_t count = ward->component.count;
    uint32_t standing = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = ward->component.items[i];
        struct node *node = node_at(ward, index);
        struct range undecided = RANGE_NONE;
        if (node_before(ward, node, node_at(ward, first))) {
            refusal_settle(ward, node, first);
            undecided = ward->episodes.items[ward->siblings.items[node->place]].undecided;
            standing++;
        } else {
            node_forget_decisions(node);
        }
        if (!part_push(ward, index, undecided))
            return false;
    }
    struct part *parts = ward->parts.items;
    for (uint32_t i = 0; i < standing; i++) {
        struct node *node = node_at(ward, ward->component.items[i]);
        uint32_t at = node->joined != NONE ? node_at(ward, node->joined)->place : standing;
        if (at >= standing) {
            node->joined = NONE;
            continue;
        }
        uint32_t one = part_root(ward, i);
        uint32_t other = part_root(ward, at);
        struct bounds bounds = parts[one].bounds;
        bounds_grow(&bounds, &parts[other].bounds);
        parts_unite(ward, one, other, &bounds, NONE);
    }
    for (uint32_t i = 0; i < standing; i++)
        parts[part_root(ward, i)].latest = ward->component.items[i];
    return true;
}
