#include "correlator/watermark.h"

#include "proto/limits.h"

#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX 4096u

struct source {
    char name[LIMIT_NAME_BYTES + 1];
    int64_t watermark_ms;
    enum source_state state;
    bool has_spoken;
};

/* A handful of sources, looked through in order: marks come every few seconds. */
struct watermark {
    struct source *sources;
    size_t count;
    size_t room;
};

static struct source *source_find(const struct watermark *watermark, struct span name)
{
    for (size_t i = 0; i < watermark->count; i++)
        if (span_equal(span_of(watermark->sources[i].name), name))
            return &watermark->sources[i];
    return NULL;
}

static enum status source_add(struct watermark *watermark, struct span name, struct source **ret_source)
{
    if (watermark->count == SOURCES_MAX || name.size > LIMIT_NAME_BYTES)
        return STATUS_FULL;
    if (watermark->count == watermark->room) {
        size_t room = watermark->room == 0 ? 16 : watermark->room * 2;
        struct source *sources = realloc(watermark->sources, room * sizeof *sources);
        if (sources == NULL)
            return STATUS_NO_MEMORY;
        watermark->sources = sources;
        watermark->room = room;
    }
    struct source *source = &watermark->sources[watermark->count++];
    *source = (struct source){.watermark_ms = TIME_NONE};
    memcpy(source->name, name.data, name.size);
    *ret_source = source;
    return STATUS_OK;
}

enum status watermark_new(const char *const *expected, size_t expected_count, struct watermark **ret_watermark)
{
    struct watermark *watermark = calloc(1, sizeof *watermark);
    if (watermark == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < expected_count; i++) {
        struct source *source = source_find(watermark, span_of(expected[i]));
        enum status status = source == NULL ? source_add(watermark, span_of(expected[i]), &source) : STATUS_OK;
        if (status != STATUS_OK) {
            watermark_free(watermark);
            return status;
        }
    }
    *ret_watermark = watermark;
    return STATUS_OK;
}

void watermark_free(struct watermark *watermark)
{
    if (watermark == NULL)
        return;
    free(watermark->sources);
    free(watermark);
}

enum status watermark_mark(struct watermark *watermark, const struct source_mark *marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct source *source = source_find(watermark, marks[i].source);
        if (source == NULL) {
            enum status status = source_add(watermark, marks[i].source, &source);
            if (status != STATUS_OK)
                return status;
        }
        source->state = marks[i].state;
        source->has_spoken = true;
        source->watermark_ms = marks[i].watermark_ms;
    }
    return STATUS_OK;
}

bool watermark_state(const struct watermark *watermark, struct span name, enum source_state *ret_state)
{
    const struct source *source = source_find(watermark, name);
    if (source == NULL || !source->has_spoken)
        return false;
    *ret_state = source->state;
    return true;
}

int64_t watermark_value(const struct watermark *watermark, int64_t now_ms)
{
    if (watermark->count == 0)
        return TIME_NONE;
    int64_t least = now_ms;
    for (size_t i = 0; i < watermark->count; i++) {
        const struct source *source = &watermark->sources[i];
        if (!(source->has_spoken && source->state == SOURCE_ENDED) && source->watermark_ms < least)
            least = source->watermark_ms; /* TIME_NONE is the least of all */
    }
    return least;
}
