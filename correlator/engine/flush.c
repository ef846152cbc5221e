#include "correlator/engine/flush.h"

/* Told again because the caller touched a member. Touched company is company_disturb's. */
static bool restate_touched(struct ward *ward)
{
    const struct incidents *incidents = ward->incidents;
    for (uint32_t handle = incidents->noted; handle != NONE; handle = incidents->items[handle].noted_next) {
        uint32_t index = ward_node(ward, handle);
        if (index == NONE)
            continue;
        const struct node *node = node_at(ward, index);
        uint32_t core = node->core ? index : node->anchor;
        if (core != NONE && !episode_restate(ward, node_at(ward, core)->episode))
            return false;
    }
    return true;
}

bool flush_compute(struct ward *ward, const struct company *company, int64_t watermark_ms)
{
    if (!attach_update(ward) || !components_update(ward) || !restate_touched(ward) || !company_disturb(company, ward))
        return false;
    for (uint32_t i = 0; i < ward->restated.count; i++) {
        uint32_t episode = ward->restated.items[i];
        heap_put(&ward->finishing, episode, ward->episodes.items[episode].bounds.last_ms);
    }
    if (!ward_finish(ward, watermark_ms))
        return false;
    for (uint32_t i = 0; i < ward->restated.count; i++) {
        if (!content_build(ward, company, &ward->episodes.items[ward->restated.items[i]], i))
            return false;
    }
    return true;
}

static void clear_changed(struct ward *ward)
{
    for (uint32_t i = 0; i < ward->changed.count; i++) {
        uint32_t index = ward->changed.items[i];
        struct node *node = node_at(ward, index);
        node->changed = false;
        node->settled = node->core;
        node->met = true;
        if (node->dead)
            node_release(ward, index);
    }
    ward->changed.count = 0;
}

bool flush_clear(struct ward *ward, int64_t watermark_ms)
{
    for (uint32_t i = 0; i < ward->lineage.count; i++)
        ward->episodes.items[ward->lineage.items[i].heir].lineage_stamp = NONE;
    for (uint32_t i = 0; i < ward->retired.count; i++) {
        if (ward->episodes.items[ward->retired.items[i]].retired)
            episode_withdraw(ward, ward->retired.items[i]);
    }
    ward->retired.count = 0;
    clear_changed(ward);
    if (!ward_evict(ward, watermark_ms))
        return false;
    for (uint32_t i = 0; i < ward->restated.count; i++)
        ward->episodes.items[ward->restated.items[i]].restate = false;
    ward->restated.count = 0;
    ward->stamp++;
    ward->pending = 0;
    return true;
}
