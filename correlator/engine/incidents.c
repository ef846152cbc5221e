#include "correlator/engine/incidents.h"

void incidents_init(struct incidents *incidents)
{
    *incidents = (struct incidents){.unused = NONE, .noted = NONE, .departed = NONE};
}

bool incidents_reserve(struct incidents *incidents, struct memory *memory)
{
    if (incidents->unused == NONE && incidents->count == incidents->room &&
        !memory_grow(memory, &incidents->items, &incidents->room, (size_t)incidents->count + 1,
                     sizeof(*incidents->items)))
        return false;
    return vector_reserve(memory, &incidents->inserted, (size_t)incidents->inserted.count + 1);
}

uint32_t incidents_put(struct incidents *incidents, const struct engine_incident *incident)
{
    uint32_t handle = incidents->unused;
    if (handle != NONE)
        incidents->unused = incidents->items[handle].successor;
    else
        handle = incidents->count++;
    incidents->items[handle] = (struct incident_entry){.incident = incident, .successor = NONE, .used = true};
    incidents->live++;
    vector_put(&incidents->inserted, handle);
    return handle;
}

static void note(struct incidents *incidents, uint32_t handle)
{
    struct incident_entry *entry = &incidents->items[handle];
    if (entry->noted)
        return;
    entry->noted = true;
    entry->noted_next = incidents->noted;
    incidents->noted = handle;
    incidents->noted_count++;
}

void incidents_remove(struct incidents *incidents, uint32_t handle)
{
    incidents->items[handle].dead = true;
    incidents->live--;
    heap_remove(&incidents->idle, handle);
    note(incidents, handle);
}

void incidents_touch(struct incidents *incidents, uint32_t handle)
{
    incidents->items[handle].touched = true;
    note(incidents, handle);
}

static bool id_after(const void *context, uint32_t a, uint32_t b)
{
    const struct incidents *incidents = context;
    return span_compare(incident_at(incidents, a)->id, incident_at(incidents, b)->id) > 0;
}

static bool removed_list(struct incidents *incidents, struct memory *memory)
{
    incidents->removed.count = 0;
    for (uint32_t i = incidents->noted; i != NONE; i = incidents->items[i].noted_next) {
        if (incidents->items[i].dead && !vector_push(memory, &incidents->removed, i))
            return false;
    }
    return true;
}

/* Both lists in order of id, then side by side. */
bool incidents_match(struct incidents *incidents, struct memory *memory)
{
    if (!removed_list(incidents, memory))
        return false;
    uint32_t *removed = incidents->removed.items;
    uint32_t *inserted = incidents->inserted.items;
    uint32_t most =
        incidents->removed.count > incidents->inserted.count ? incidents->removed.count : incidents->inserted.count;
    if (incidents->removed.count == 0 || incidents->inserted.count == 0)
        return true;
    if (!vector_reserve(memory, &incidents->scratch, most))
        return false;
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
    return true;
}

uint32_t incidents_now(const struct incidents *incidents, uint32_t handle)
{
    return incidents->items[handle].dead ? incidents->items[handle].successor : handle;
}

void incidents_drop(struct incidents *incidents, uint32_t handle)
{
    struct incident_entry *entry = &incidents->items[handle];
    if (--entry->holds == 0 && !entry->dead)
        incidents_depart(incidents, handle);
}

void incidents_depart(struct incidents *incidents, uint32_t handle)
{
    incidents->items[handle].successor = incidents->departed;
    incidents->departed = handle;
}

void incidents_release(struct incidents *incidents, uint32_t handle)
{
    incidents->items[handle].used = false;
    incidents->items[handle].successor = incidents->unused;
    incidents->unused = handle;
}

void incidents_free(struct incidents *incidents, struct memory *memory)
{
    (void)memory_resize(memory, incidents->items, incidents->room * sizeof(*incidents->items), 0);
    vector_free(memory, &incidents->inserted);
    vector_free(memory, &incidents->removed);
    vector_free(memory, &incidents->scratch);
    heap_free(&incidents->idle, memory);
}
