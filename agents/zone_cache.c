#include "agents/mapping_plan.h"
#include "base/zone.h"

#include <stdlib.h>
#include <string.h>

#define ZONE_NAME_BYTES 64

/* A mapping meets a handful of zones, mostly the last one again: a list, newest match first asked. */
struct zone_cache {
    struct zone_entry {
        char name[ZONE_NAME_BYTES];
        struct zone *zone;
    } * entries;
    size_t count, last;
};

enum status zone_cache_open(struct zone_cache **ret_cache)
{
    struct zone_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return STATUS_NO_MEMORY;
    *ret_cache = cache;
    return STATUS_OK;
}

void zone_cache_close(struct zone_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->count; i++)
        zone_close(cache->entries[i].zone);
    free(cache->entries);
    free(cache);
}

static bool entry_is(const struct zone_entry *entry, struct span name)
{
    return strlen(entry->name) == name.size && memcmp(entry->name, name.data, name.size) == 0;
}

enum status zone_cache_find(struct zone_cache *cache, struct span name, struct zone **ret_zone)
{
    if (name.size == 0 || name.size >= ZONE_NAME_BYTES || memchr(name.data, '\0', name.size) != NULL)
        return STATUS_NOT_FOUND;
    if (cache->last < cache->count && entry_is(&cache->entries[cache->last], name)) {
        *ret_zone = cache->entries[cache->last].zone;
        return STATUS_OK;
    }
    for (size_t i = 0; i < cache->count; i++)
        if (entry_is(&cache->entries[i], name)) {
            cache->last = i;
            *ret_zone = cache->entries[i].zone;
            return STATUS_OK;
        }
    struct zone_entry *grown = realloc(cache->entries, (cache->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return STATUS_NO_MEMORY;
    cache->entries = grown;
    struct zone_entry *entry = &grown[cache->count];
    memset(entry, 0, sizeof(*entry));
    memcpy(entry->name, name.data, name.size);
    enum status status = zone_open(entry->name, &entry->zone);
    if (status != STATUS_OK)
        return status;
    cache->last = cache->count++;
    *ret_zone = entry->zone;
    return STATUS_OK;
}
