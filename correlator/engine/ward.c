#include "correlator/engine/ward.h"

#include <string.h>

/* Cells, and as many blocks, whose history is remembered: powers of two. */
#define MEMOS_MIN 64u
#define MEMOS_MAX 16384u

enum status ward_init(struct ward *ward, const struct rule *rule, struct incidents *incidents, struct memory *memory)
{
    *ward = (struct ward){.incidents = incidents,
                          .memory = memory,
                          .unused_node = NONE,
                          .horizon_ms = INT64_MIN,
                          .departed_ms = INT64_MIN};
    enum status status = measure_init(&ward->measure, rule);
    if (status != STATUS_OK)
        return status;
    grid_init(&ward->grid, memory, ward->measure.reach2, ward->measure.window_ms);
    ward->noise.step_ms = noise_step_ms(ward->measure.window_ms);
    return ward_rebase(ward, rule->baseline) ? STATUS_OK : STATUS_NO_MEMORY;
}

/* ---- thresholds ---- */

/* Room to remember answers, in proportion to the nodes; what was remembered is asked anew. */
static bool memos_reserve(struct ward *ward)
{
    uint32_t size = ward->memo_count == 0 ? MEMOS_MIN : ward->memo_count;
    while (size < MEMOS_MAX && size < ward->nodes.room / 2)
        size *= 2;
    if (ward->measure.rule.baseline == NULL || size == ward->memo_count)
        return true;
    struct history_memo *memos = memory_resize(ward->memory, NULL, 0, 2 * size * sizeof(*memos));
    if (memos == NULL)
        return false;
    (void)memory_resize(ward->memory, ward->memos, 2 * ward->memo_count * sizeof(*memos), 0);
    ward->memos = memos;
    ward->memo_count = size;
    memset(memos, 0xff, 2 * size * sizeof(*memos)); /* NONE */
    return true;
}

bool ward_rebase(struct ward *ward, const struct baseline_rule *baseline)
{
    const struct baseline_rule *before = ward->measure.rule.baseline;
    ward->measure.rule.baseline = baseline;
    if (!memos_reserve(ward)) {
        ward->measure.rule.baseline = before;
        return false;
    }
    if (ward->memos != NULL)
        memset(ward->memos, 0xff, 2 * ward->memo_count * sizeof(*ward->memos));
    return true;
}

typedef uint32_t history_question(const struct baseline_rule *rule, struct baseline_cell cell);

/* Asks, or remembers the answer. */
static uint32_t history_of(const struct ward *ward, struct history_memo *memos, struct baseline_cell cell,
                           history_question *question)
{
    uint64_t hash = (uint64_t)(uint32_t)cell.x * 0x9e3779b97f4a7c15u ^
                    (uint64_t)(uint32_t)cell.y * 0xd6e8feb86659fd93u ^ (uint64_t)(uint32_t)cell.z * 0xa0761d6478bd642fu;
    struct history_memo *memo = &memos[(hash ^ hash >> 29) >> 20 & (ward->memo_count - 1)];
    if (memo->history == NONE || memo->cell.x != cell.x || memo->cell.y != cell.y || memo->cell.z != cell.z)
        *memo = (struct history_memo){cell, question(ward->measure.rule.baseline, cell)};
    return memo->history;
}

uint32_t ward_threshold(const struct ward *ward, struct point point, int64_t length_ms)
{
    const struct rule *rule = &ward->measure.rule;
    if (rule->baseline == NULL)
        return rule->min_neighbours;
    uint32_t history = history_of(ward, ward->memos, baseline_cell_of(rule->baseline, point), baseline_history);
    return baseline_threshold(rule->baseline, history, length_ms);
}

uint32_t ward_threshold_least(const struct ward *ward, struct point point, int64_t length_ms)
{
    const struct rule *rule = &ward->measure.rule;
    if (rule->baseline == NULL)
        return rule->min_neighbours;
    uint32_t least = history_of(ward, ward->memos + ward->memo_count, baseline_block_of(rule->baseline, point),
                                baseline_history_least);
    return baseline_threshold(rule->baseline, least, length_ms);
}

void ward_fini(struct ward *ward)
{
    struct memory *memory = ward->memory;
    for (uint32_t i = 0; i < ward->episodes.count; i++) {
        if (ward->episodes.items[i].used)
            episode_free(ward, i);
    }
    for (uint32_t i = 0; i < ward->ghosts.count; i++)
        (void)memory_resize(memory, ward->ghosts.items[i].id, ward->ghosts.items[i].id_size, 0);
    grid_free(&ward->grid);
    (void)memory_resize(memory, ward->memos, 2 * ward->memo_count * sizeof(*ward->memos), 0);
    vector_free(memory, &ward->nodes);
    vector_free(memory, &ward->node_of);
    vector_free(memory, &ward->ghosts);
    vector_free(memory, &ward->unused_ghosts);
    vector_free(memory, &ward->episodes);
    vector_free(memory, &ward->unused_episodes);
    vector_free(memory, &ward->noise.spokes);
    heap_free(&ward->finishing, memory);
    vector_free(memory, &ward->changed);
    vector_free(memory, &ward->loose);
    vector_free(memory, &ward->seeds);
    vector_free(memory, &ward->disturbed);
    vector_free(memory, &ward->retired);
    vector_free(memory, &ward->restated);
    for (uint32_t i = 0; i < ward->contents.count; i++)
        content_free(ward, &ward->contents.items[i]);
    vector_free(memory, &ward->contents);
    vector_free(memory, &ward->fresh);
    vector_free(memory, &ward->groups);
    vector_free(memory, &ward->gathered);
    vector_free(memory, &ward->component);
    vector_free(memory, &ward->siblings);
    vector_free(memory, &ward->opened);
    vector_free(memory, &ward->queue);
    vector_free(memory, &ward->extras);
    vector_free(memory, &ward->scratch);
    vector_free(memory, &ward->parts);
    vector_free(memory, &ward->candidates);
    vector_free(memory, &ward->loaded);
    vector_free(memory, &ward->lineage);
}

bool ward_reserve(struct ward *ward, const struct engine_incident *incident, uint32_t *ret_bucket)
{
    struct memory *memory = ward->memory;
    *ret_bucket = NONE;
    if (!vector_reserve(memory, &ward->node_of, (size_t)ward->incidents->count + 1))
        return false;
    if (!measure_triggers(&ward->measure, incident))
        return true;
    if (ward->unused_node == NONE && !vector_reserve(memory, &ward->nodes, (size_t)ward->nodes.count + 1))
        return false;
    uint32_t room = ward->nodes.room;
    if (!vector_reserve(memory, &ward->changed, room) || !memos_reserve(ward))
        return false;
    *ret_bucket = grid_bucket(&ward->grid, incident->point, incident->start_ms);
    return *ret_bucket != NONE;
}

void ward_insert(struct ward *ward, uint32_t handle, uint32_t bucket)
{
    while (ward->node_of.count <= handle)
        vector_put(&ward->node_of, NONE);
    ward->node_of.items[handle] = NONE;
    if (bucket == NONE)
        return;
    const struct engine_incident *incident = incident_at(ward->incidents, handle);
    uint32_t index = ward->unused_node;
    if (index != NONE)
        ward->unused_node = node_at(ward, index)->next;
    else
        index = ward->nodes.count++;
    bool coarse = measure_coarse(&ward->measure, incident);
    *node_at(ward, index) = (struct node){
        .point = incident->point,
        .incident = handle,
        .start_ms = incident->start_ms,
        .end_ms = measure_end(&ward->measure, incident),
        .bucket = bucket,
        .threshold = ward->measure.rule.min_neighbours,
        .next = NONE,
        .previous = NONE,
        .episode = NONE,
        .anchor = NONE,
        .attached_next = NONE,
        .attached_previous = NONE,
        .refused = NONE,
        .place = NONE,
        .coarse = coarse,
        .judged = ward->measure.rule.baseline == NULL,
        .country_count = incident->country_count > 2 ? 2 : incident->country_count & 3,
        .country = incident->country_count > 0 ? incident->countries[0] : 0,
    };
    ward->node_of.items[handle] = index;
    ward->incidents->items[handle].holds++;
    cores_insert(ward, index);
}

void ward_remove(struct ward *ward, uint32_t handle)
{
    uint32_t index = ward_node(ward, handle);
    if (index == NONE)
        return;
    ward->node_of.items[handle] = NONE;
    noise_take(ward, index);
    cores_remove(ward, index);
    node_at(ward, index)->dead = true;
}

void node_release(struct ward *ward, uint32_t index)
{
    struct node *node = node_at(ward, index);
    if (node->haunted) {
        struct ghost *ghost = &ward->ghosts.items[node->ghost];
        (void)memory_resize(ward->memory, ghost->id, ghost->id_size, 0);
        *ghost = (struct ghost){0};
        vector_put(&ward->unused_ghosts, node->ghost);
    }
    incidents_drop(ward->incidents, node->incident);
    node->next = ward->unused_node;
    ward->unused_node = index;
}
