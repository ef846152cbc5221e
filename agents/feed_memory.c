#include "agents/feed_memory.h"

#include "bus/outboxes/spool.h"

#include <string.h>

void feed_memory_init(struct feed_memory *memory, struct outbox *spool, const char *source)
{
    *memory = (struct feed_memory){.spool = spool, .source = source};
}

void feed_memory_fini(struct feed_memory *memory)
{
    text_fini(&memory->key);
}

/* {NULL, 0} where there is no memory. */
static struct span key_of(struct feed_memory *memory, struct span key)
{
    text_clear(&memory->key);
    text_append(&memory->key, (struct span){memory->source, strlen(memory->source) + 1});
    text_append(&memory->key, key);
    if (!memory->key.failed)
        return (struct span){memory->key.data, memory->key.size};
    text_fini(&memory->key);
    return (struct span){0};
}

static struct span memory_get(void *self, struct span key)
{
    struct feed_memory *memory = self;
    struct span whole = key_of(memory, key);
    return whole.data != NULL ? spool_note(memory->spool, whole) : (struct span){0};
}

static void memory_set(void *self, struct span key, struct span value)
{
    struct feed_memory *memory = self;
    struct span whole = key_of(memory, key);
    if (whole.data != NULL)
        spool_note_set(memory->spool, whole, value);
}

struct visiting {
    const struct feed_memory *memory;
    void (*visit)(void *visitor, struct span key);
    void *visitor;
};

static void visit_own(void *visitor, struct span whole)
{
    const struct visiting *visiting = visitor;
    size_t size = strlen(visiting->memory->source) + 1;
    if (whole.size >= size && memcmp(whole.data, visiting->memory->source, size) == 0)
        visiting->visit(visiting->visitor, (struct span){whole.data + size, whole.size - size});
}

static void memory_each(void *self, void (*visit)(void *visitor, struct span key), void *visitor)
{
    struct feed_memory *memory = self;
    struct visiting visiting = {memory, visit, visitor};
    spool_notes_each(memory->spool, visit_own, &visiting);
}

struct source_memory feed_memory_seam(struct feed_memory *memory)
{
    return (struct source_memory){memory_get, memory_set, memory_each, memory};
}
