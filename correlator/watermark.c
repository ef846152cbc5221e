#include "correlator/watermark.h"

#include "proto/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX 4096u

struct source {
    char name[LIMIT_NAME_BYTES + 1];
    char agent[LIMIT_NAME_BYTES + 1]; /* who spoke of it last; "" where nobody has */
    int64_t watermark_ms;
    int64_t heard_ms;
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
    *source = (struct source){.watermark_ms = TIME_NONE, .heard_ms = TIME_NONE};
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

enum status watermark_mark(struct watermark *watermark, const char *agent, int64_t heard_ms,
                           const struct source_mark *marks, size_t count)
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
        source->heard_ms = heard_ms;
        (void)snprintf(source->agent, sizeof source->agent, "%s", agent);
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

static bool holds(const struct source *source)
{
    return !(source->has_spoken && source->state == SOURCE_ENDED);
}

int64_t watermark_value(const struct watermark *watermark, int64_t now_ms)
{
    if (watermark->count == 0)
        return TIME_NONE;
    int64_t least = now_ms;
    for (size_t i = 0; i < watermark->count; i++) {
        const struct source *source = &watermark->sources[i];
        if (holds(source) && source->watermark_ms < least)
            least = source->watermark_ms; /* TIME_NONE is the least of all */
    }
    return least;
}

const char *watermark_holder(const struct watermark *watermark)
{
    const struct source *least = NULL;
    for (size_t i = 0; i < watermark->count; i++) {
        const struct source *source = &watermark->sources[i];
        if (holds(source) && (least == NULL || source->watermark_ms < least->watermark_ms))
            least = source;
    }
    return least != NULL ? least->name : NULL;
}

bool watermark_look(const struct watermark *watermark, size_t index, struct watermark_source *ret_source)
{
    if (index >= watermark->count)
        return false;
    const struct source *source = &watermark->sources[index];
    *ret_source = (struct watermark_source){
        .name = source->name,
        .agent = source->has_spoken ? source->agent : NULL,
        .state = source->state,
        .state_text = source->has_spoken ? source_state_name(source->state) : "unheard",
        .promise_ms = source->watermark_ms,
        .heard_ms = source->heard_ms,
    };
    return true;
}
