#include "bus/outboxes/spool_notes.h"

#include "bus/outboxes/spool_record.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM         1
#define uthash_nonfatal_oom(note) ((note)->lost = true)
#include <uthash.h>

struct spool_note {
    UT_hash_handle hh;
    bool lost; /* the table found no memory for it */
    size_t key_size, value_size;
    char bytes[]; /* key, value */
};

static size_t cost(const struct spool_note *note)
{
    return 8 + note->key_size + note->value_size;
}

static struct span value_of(const struct spool_note *note)
{
    return (struct span){note->bytes + note->key_size, note->value_size};
}

static struct span key_of(const struct spool_note *note)
{
    return (struct span){note->bytes, note->key_size};
}

static struct spool_note *find(const struct spool_notes *notes, struct span key)
{
    struct spool_note *note = NULL;
    HASH_FIND(hh, notes->table, key.data, key.size, note);
    return note;
}

static void forget(struct spool_notes *notes, struct spool_note *note)
{
    notes->bytes -= cost(note);
    HASH_DEL(notes->table, note);
    free(note);
}

void spool_notes_fini(struct spool_notes *notes)
{
    struct spool_note *note, *next;
    HASH_ITER(hh, notes->table, note, next)
    forget(notes, note);
}

struct span spool_notes_get(const struct spool_notes *notes, struct span key)
{
    const struct spool_note *note = find(notes, key);
    return note != NULL ? value_of(note) : (struct span){0};
}

bool spool_notes_set(struct spool_notes *notes, struct span key, struct span value)
{
    struct spool_note *old = find(notes, key);
    if (old != NULL && old->value_size == value.size && value.size > 0) {
        memcpy(old->bytes + old->key_size, value.data, value.size);
        return true;
    }
    if (value.size > 0) {
        struct spool_note *note = calloc(1, sizeof *note + key.size + value.size);
        if (note == NULL)
            return false;
        note->key_size = key.size;
        note->value_size = value.size;
        if (key.size > 0)
            memcpy(note->bytes, key.data, key.size);
        memcpy(note->bytes + key.size, value.data, value.size);
        HASH_ADD_KEYPTR(hh, notes->table, note->bytes, key.size, note);
        if (note->lost) {
            free(note);
            return false;
        }
        notes->bytes += cost(note);
    }
    if (old != NULL)
        forget(notes, old);
    return true;
}

void spool_notes_visit(const struct spool_notes *notes, void (*visit)(void *visitor, struct span key), void *visitor)
{
    for (const struct spool_note *note = notes->table; note != NULL; note = note->hh.next)
        visit(visitor, key_of(note));
}

void spool_note_write(struct text *bytes, struct span key, struct span value)
{
    char sizes[8];
    spool_put32(sizes, (uint32_t)key.size);
    spool_put32(sizes + 4, (uint32_t)value.size);
    text_append(bytes, (struct span){sizes, 8});
    text_append(bytes, key);
    text_append(bytes, value);
}

void spool_notes_write(const struct spool_notes *notes, struct text *bytes)
{
    for (const struct spool_note *note = notes->table; note != NULL; note = note->hh.next)
        spool_note_write(bytes, key_of(note), value_of(note));
}

bool spool_notes_apply(struct spool_notes *notes, struct span written)
{
    struct span key, value;
    bool whole = true;
    while (spool_note_next(&written, &key, &value))
        whole = spool_notes_set(notes, key, value) && whole;
    return whole;
}
