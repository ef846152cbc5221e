#include "correlator/entries.h"

#include "correlator/registry_inside.h"

#include <assert.h>
#include <stdlib.h>

#define SLOTS_MIN   1024u
#define SPARSE_MIN  32u /* slots an entry: from here on there are too many */
#define SPARSE_LEFT 4u

static uint64_t mixed(uint64_t value)
{
    value *= 0x9e3779b97f4a7c15u;
    return value ^ value >> 32;
}

/* Eight bytes at a time; ids that differ in their last digit only must be far apart. */
static uint64_t hash_of(struct span id)
{
    uint64_t hash = id.size;
    for (; id.size > 0;) {
        uint64_t word = 0;
        size_t size = id.size < sizeof word ? id.size : sizeof word;
        memcpy(&word, id.data, size);
        hash = mixed(hash ^ word);
        id.data += size;
        id.size -= size;
    }
    return mixed(hash);
}

static struct span id_of(const struct entry *entry)
{
    return (struct span){entry->id, entry->id_size};
}

static size_t home_of(const struct entries *entries, uint64_t hash)
{
    return (size_t)hash & (entries->slot_count - 1);
}

static size_t after(const struct entries *entries, size_t at)
{
    return (at + 1) & (entries->slot_count - 1);
}

void entries_fini(struct entries *entries)
{
    free(entries->slots);
    *entries = (struct entries){0};
}

void entries_expect(const struct entries *entries, struct span id)
{
    if (entries->slot_count > 0)
        __builtin_prefetch(&entries->slots[home_of(entries, hash_of(id))]);
}

/* Where it is, or where it would be put. */
static size_t seek(const struct entries *entries, uint64_t hash, struct span id)
{
    size_t at = home_of(entries, hash);
    while (entries->slots[at].entry != NULL &&
           (entries->slots[at].hash != hash || !span_equal(id_of(entries->slots[at].entry), id)))
        at = after(entries, at);
    return at;
}

struct entry *entries_find(const struct entries *entries, struct span id)
{
    return entries->slot_count > 0 ? entries->slots[seek(entries, hash_of(id), id)].entry : NULL;
}

static enum status resize(struct entries *entries, size_t slot_count)
{
    struct entries anew = {.slot_count = slot_count, .count = entries->count};
    anew.slots = calloc(slot_count, sizeof *anew.slots);
    if (anew.slots == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < entries->slot_count; i++) {
        const struct entries_slot *slot = &entries->slots[i];
        size_t at = home_of(&anew, slot->hash);
        if (slot->entry == NULL)
            continue;
        while (anew.slots[at].entry != NULL)
            at = after(&anew, at);
        anew.slots[at] = *slot;
    }
    free(entries->slots);
    *entries = anew;
    return STATUS_OK;
}

static enum status grow(struct entries *entries)
{
    return resize(entries, entries->slot_count > 0 ? 2 * entries->slot_count : SLOTS_MIN);
}

void entries_fit(struct entries *entries)
{
    size_t slot_count = entries->slot_count;
    if (slot_count <= SLOTS_MIN || entries->count * SPARSE_MIN > slot_count)
        return;
    while (slot_count > SLOTS_MIN && entries->count * SPARSE_LEFT * 2 <= slot_count)
        slot_count /= 2;
    (void)resize(entries, slot_count); /* without memory for it they stay as many as they are */
}

enum status entries_add(struct entries *entries, struct entry *entry)
{
    uint64_t hash = hash_of(id_of(entry));
    if (2 * (entries->count + 1) > entries->slot_count && grow(entries) != STATUS_OK)
        return STATUS_NO_MEMORY;
    size_t at = seek(entries, hash, id_of(entry));
    assert(entries->slots[at].entry == NULL);
    entries->slots[at] = (struct entries_slot){hash, entry};
    entries->count++;
    return STATUS_OK;
}

/* Those behind move up, as far as their hash lets them: so a free slot ends every search. */
void entries_remove(struct entries *entries, struct entry *entry)
{
    size_t hole = seek(entries, hash_of(id_of(entry)), id_of(entry));
    assert(entries->slots[hole].entry == entry);
    for (size_t at = after(entries, hole); entries->slots[at].entry != NULL; at = after(entries, at)) {
        size_t from_home = (at - home_of(entries, entries->slots[at].hash)) & (entries->slot_count - 1);
        size_t from_hole = (at - hole) & (entries->slot_count - 1);
        if (from_home < from_hole)
            continue;
        entries->slots[hole] = entries->slots[at];
        hole = at;
    }
    entries->slots[hole] = (struct entries_slot){0};
    entries->count--;
}

struct entry *entries_next(const struct entries *entries, size_t *at)
{
    while (*at < entries->slot_count && entries->slots[*at].entry == NULL)
        ++*at;
    return *at < entries->slot_count ? entries->slots[*at].entry : NULL;
}
