#include "correlator/watermark.h"

#include "proto/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX 4096u

#define DEAD_AFTER_MS 20000 /* four heartbeats */
#define LAG_MS        60000 /* beyond its lateness: it reads, and what it promises follows */

/* What is known to who is told: nothing at a start. */
enum silence { SILENCE_UNTOLD, SILENCE_OVER, SILENCE_TOLD };

struct source {
    char name[LIMIT_NAME_BYTES + 1];
    char agent[LIMIT_NAME_BYTES + 1]; /* who spoke of it last; "" where nobody has */
    int64_t watermark_ms;
    int64_t heard_ms;
    enum source_state state;
    bool has_spoken;
    bool heard;   /* since the last watch */
    bool is_here; /* heard in this life: what is only remembered of it says nothing of now */
    bool is_expected;
    struct watermark_limits limits;
    bool is_watched;
    int64_t alive_ms, well_ms; /* monotonic, when it last was; of a watched one */
    enum source_condition condition;
    enum silence silence;
    bool is_retired; /* until it is spoken of again */
};

/* A handful of sources, looked through in order: marks come every few seconds. */
struct watermark {
    struct source *sources;
    size_t count;
    size_t room;
    struct watermark_limits limits; /* of sources that are not expected */
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
    *source = (struct source){.watermark_ms = TIME_NONE, .heard_ms = TIME_NONE, .limits = watermark->limits};
    memcpy(source->name, name.data, name.size);
    *ret_source = source;
    return STATUS_OK;
}

enum status watermark_new(const char *const *expected, size_t expected_count, struct watermark **ret_watermark)
{
    struct watermark *watermark = calloc(1, sizeof *watermark);
    if (watermark == NULL)
        return STATUS_NO_MEMORY;
    watermark->limits.silent_after_ms = WATERMARK_SILENT_AFTER_MS;
    for (size_t i = 0; i < expected_count; i++) {
        struct source *source = source_find(watermark, span_of(expected[i]));
        enum status status = source == NULL ? source_add(watermark, span_of(expected[i]), &source) : STATUS_OK;
        if (status != STATUS_OK) {
            watermark_free(watermark);
            return status;
        }
        source->is_expected = true;
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
        source->has_spoken = source->heard = true;
        source->is_retired = false;
        source->watermark_ms = marks[i].watermark_ms;
        source->heard_ms = heard_ms;
        (void)snprintf(source->agent, sizeof source->agent, "%s", agent);
    }
    return STATUS_OK;
}

enum status watermark_retire(struct watermark *watermark, struct span name)
{
    struct source *source = source_find(watermark, name);
    enum status status = source == NULL ? source_add(watermark, name, &source) : STATUS_OK;
    if (status == STATUS_OK)
        source->is_retired = true;
    return status;
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
    return !source->is_retired && !(source->has_spoken && source->state == SOURCE_ENDED);
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

static const char *const conditions[] = {
#define X(name, text) [CONDITION_##name] = text,
    SOURCE_CONDITION_LIST(X)
#undef X
};

static const char *state_text(const struct source *source)
{
    if (source->is_retired)
        return "retired";
    if (source->silence == SILENCE_TOLD)
        return "silent";
    if (source->condition == CONDITION_WELL)
        return source_state_name(source->state);
    return conditions[source->condition];
}

static struct watermark_source view(const struct source *source)
{
    return (struct watermark_source){
        .name = source->name,
        .agent = source->has_spoken ? source->agent : NULL,
        .state = source->state,
        .condition = source->condition,
        .is_well = source->condition == CONDITION_WELL,
        .is_silent = source->silence == SILENCE_TOLD,
        .state_text = state_text(source),
        .promise_ms = source->watermark_ms,
        .heard_ms = source->heard_ms,
        .is_retired = source->is_retired,
    };
}

bool watermark_look(const struct watermark *watermark, size_t index, struct watermark_source *ret_source)
{
    if (index >= watermark->count)
        return false;
    *ret_source = view(&watermark->sources[index]);
    return true;
}

bool watermark_find(const struct watermark *watermark, struct span name, struct watermark_source *ret_source)
{
    const struct source *source = source_find(watermark, name);
    if (source != NULL)
        *ret_source = view(source);
    return source != NULL;
}

/* --- silence --- */

void watermark_limit(struct watermark *watermark, struct span name, const struct watermark_limits *limits)
{
    if (name.size == 0)
        watermark->limits = *limits;
    for (size_t i = 0; i < watermark->count; i++) {
        struct source *source = &watermark->sources[i];
        if (name.size == 0 ? !source->is_expected : span_equal(span_of(source->name), name))
            source->limits = *limits;
    }
}

/* No promise yet, as long as it reads for the first time, is late too: it is told where that takes too long. */
static bool is_late(const struct source *source, int64_t wall_ms)
{
    int64_t behind_ms = source->limits.lateness_ms + LAG_MS;
    return source->limits.follow && (source->watermark_ms == TIME_NONE || source->watermark_ms < wall_ms - behind_ms);
}

static enum source_condition condition_of(const struct source *source, const struct watermark_moment *moment)
{
    if (source->is_retired)
        return CONDITION_WELL; /* nobody waits for it */
    if (!source->has_spoken)
        return CONDITION_UNHEARD;
    if (source->state == SOURCE_ENDED)
        return CONDITION_WELL; /* nothing more will come */
    if (source->state == SOURCE_DEAD || moment->monotonic_ms - source->alive_ms >= DEAD_AFTER_MS)
        return CONDITION_DEAD;
    if (source->state == SOURCE_BLOCKED)
        return CONDITION_BLOCKED;
    return is_late(source, moment->wall_ms) ? CONDITION_LATE : CONDITION_WELL;
}

static void silence_tell(struct source *source, enum silence silence, int64_t since_ms,
                         const struct watermark_events *events)
{
    if (source->silence == silence)
        return;
    source->silence = silence;
    const struct watermark_source told = view(source);
    events->silence(events->self, &told, since_ms);
}

static void source_watch(struct source *source, const struct watermark_moment *moment,
                         const struct watermark_events *events)
{
    int64_t now_ms = moment->monotonic_ms;
    if (!source->is_watched)
        source->alive_ms = source->well_ms = now_ms;
    source->is_watched = true;
    if (source->heard || moment->is_deaf)
        source->alive_ms = now_ms;
    source->is_here = source->is_here || (source->heard && !moment->is_deaf);
    source->heard = false;
    enum source_condition condition = condition_of(source, moment), before = source->condition;
    if (condition == CONDITION_WELL || moment->is_deaf)
        source->well_ms = now_ms;
    source->condition = condition;
    if (condition != before) {
        const struct watermark_source told = view(source);
        events->condition(events->self, &told);
    }
    int64_t quiet_ms = now_ms - source->well_ms;
    if (condition == CONDITION_WELL && (source->is_here || source->is_retired))
        silence_tell(source, SILENCE_OVER, moment->wall_ms, events);
    else if (source->limits.silent_after_ms > 0 && quiet_ms >= source->limits.silent_after_ms)
        silence_tell(source, SILENCE_TOLD, moment->wall_ms - quiet_ms, events);
}

void watermark_remembered(struct watermark *watermark)
{
    for (size_t i = 0; i < watermark->count; i++)
        watermark->sources[i].heard = false;
}

void watermark_watch(struct watermark *watermark, const struct watermark_moment *moment,
                     const struct watermark_events *events)
{
    for (size_t i = 0; i < watermark->count; i++)
        source_watch(&watermark->sources[i], moment, events);
}
