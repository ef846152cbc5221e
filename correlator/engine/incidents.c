#include "correlator/engine/incidents.h"

bool incidents_reserve(struct incidents *incidents, struct memory *memory)
{
    if (incidents->unused.count == 0 && incidents->count == incidents->room &&
        !memory_grow(memory, &incidents->items, &incidents->room, (size_t)incidents->count + 1,
                     sizeof(*incidents->items)))
        return false;
    uint32_t room = incidents->room;
    return vector_reserve(memory, &incidents->unused, room) && vector_reserve(memory, &incidents->inserted, room) &&
           vector_reserve(memory, &incidents->removed, room) && vector_reserve(memory, &incidents->touched, room) &&
           vector_reserve(memory, &incidents->departed, room) && vector_reserve(memory, &incidents->scratch, room) &&
           heap_reserve(&incidents->idle, memory, room);
}

uint32_t incidents_put(struct incidents *incidents, const struct engine_incident *incident)
{
    uint32_t handle =
        incidents->unused.count > 0 ? incidents->unused.items[--incidents->unused.count] : incidents->count++;
    incidents->items[handle] = (struct incident_entry){.incident = *incident, .successor = NONE, .used = true};
    incidents->live++;
    vector_put(&incidents->inserted, handle);
    return handle;
}

void incidents_remove(struct incidents *incidents, uint32_t handle)
{
    incidents->items[handle].dead = true;
    incidents->live--;
    heap_remove(&incidents->idle, handle);
    vector_put(&incidents->removed, handle);
}

void incidents_touch(struct incidents *incidents, uint32_t handle)
{
    struct incident_entry *entry = &incidents->items[handle];
    entry->touched = true;
    if (!entry->listed)
        vector_put(&incidents->touched, handle);
    entry->listed = true;
}

static bool id_after(const void *context, uint32_t a, uint32_t b)
{
    const struct incidents *incidents = context;
    return span_compare(incident_at(incidents, a)->id, incident_at(incidents, b)->id) > 0;
}

/* Both lists in order of id, then side by side. */
void incidents_match(struct incidents *incidents)
{
    uint32_t *removed = incidents->removed.items;
    uint32_t *inserted = incidents->inserted.items;
    if (incidents->removed.count == 0 || incidents->inserted.count == 0)
        return;
    sort_indexes(removed, incidents->scratch.items, incidents->removed.count, id_after, incidents);
    sort_indexes(inserted, incidents->scratch.items, incidents->inserted.count, id_after, incidents);
    uint32_t i = 0;
    for (uint32_t j = 0; j < incidents->inserted.count && i < incidents->removed.count; j++) {
        uint32_t now = inserted[j];
        if (incidents->items[now].dead)
            continue;
        struct span id = incident_at(incidents, now)->id;
        while (i < incidents->removed.count && span_compare(incident_at(incidents, removed[i])->id, id) < 0)
            i++;
        for (uint32_t k = i; k < incidents->removed.count && span_equal(incident_at(incidents, removed[k])->id, id);
             k++) {
            incidents->items[removed[k]].successor = now;
            incidents->items[now].touched = true;
        }
    }
}

uint32_t incidents_now(const struct incidents *incidents, uint32_t handle)
{
    return incidents->items[handle].dead ? incidents->items[handle].successor : handle;
}

void incidents_drop(struct incidents *incidents, uint32_t handle)
{
    struct incident_entry *entry = &incidents->items[handle];
    if (--entry->holds == 0 && !entry->dead)
        vector_put(&incidents->departed, handle);
}

void incidents_release(struct incidents *incidents, uint32_t handle)
{
    incidents->items[handle].used = false;
    vector_put(&incidents->unused, handle);
}

void incidents_free(struct incidents *incidents, struct memory *memory)
{
    (void)memory_resize(memory, incidents->items, incidents->room * sizeof(*incidents->items), 0);
    vector_free(memory, &incidents->unused);
    vector_free(memory, &incidents->inserted);
    vector_free(memory, &incidents->removed);
    vector_free(memory, &incidents->touched);
    vector_free(memory, &incidents->departed);
    vector_free(memory, &incidents->scratch);
    heap_free(&incidents->idle, memory);
}
