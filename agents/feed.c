#include "agents/feed.h"

#include "agents/input.h"
#include "agents/mapping.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_LAG_MS     1000  /* what appeared since may not have been looked at yet (input.h) */
#define PROMISE_STEP_MS 60000 /* amid a file a promise is said when it goes so much further */

static enum status open_mapping(struct feed *feed, char ret_reason[256])
{
    char *complaints = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&complaints, &size);
    if (stream == NULL)
        return STATUS_NO_MEMORY;
    enum status status = mapping_open(feed->source->mapping, stream, &feed->mapping);
    fclose(stream);
    if (status != STATUS_OK) /* the first complaint; `vedette check` shows all */
        snprintf(ret_reason, 256, "%.*s", (int)(size > 0 ? strcspn(complaints, "\n") : 0),
                 complaints != NULL ? complaints : "");
    free(complaints);
    return status;
}

enum status feed_open(struct feed *feed, struct agent *agent, const struct agent_source *source, struct outbox *spool,
                      const struct source_events *events, char ret_reason[256])
{
    *feed = (struct feed){.agent = agent,
                          .source = source,
                          .driver = source_driver_find(source->type),
                          .told = FEED_READING,
                          .watermark_ms = TIME_NONE,
                          .grows_at_its_end = source->follow && !input_is_pattern(source->path)};
    if (feed->driver == NULL) {
        snprintf(ret_reason, 256, "source %s: there is no type \"%s\"", source->name, source->type);
        return STATUS_INVALID;
    }
    enum status status = source->mapping != NULL ? open_mapping(feed, ret_reason) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    struct source_memory memory;
    if (spool != NULL) {
        feed_memory_init(&feed->memory, spool, source->name);
        memory = feed_memory_seam(&feed->memory);
    }
    const struct source_options options = {.name = source->name,
                                           .path = source->path,
                                           .follow = source->follow,
                                           .mapping = feed->mapping,
                                           .memory = spool != NULL ? &memory : NULL};
    struct source_events own = *events;
    own.self = feed;
    char reason[256];
    status = feed->driver->open(&options, &own, &feed->self, reason);
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "source %s: %.100s: %.110s", source->name, source->path, reason);
    return status;
}

void feed_close(struct feed *feed)
{
    if (feed->self != NULL)
        feed->driver->close(feed->self);
    mapping_close(feed->mapping);
    feed_memory_fini(&feed->memory);
}

void feed_took(struct feed *feed, const struct report *report)
{
    feed->reports++;
    feed->active = true;
    if (feed->grows_at_its_end)
        read_up_to_note(&feed->read_up_to, report->reported_at_ms);
}

/* Amid a file that is followed: true where that is worth saying. Its end, once met, promises more than that. */
static bool promise_more(struct feed *feed, int64_t now_ms)
{
    int64_t least_ms = read_up_to_least(&feed->read_up_to);
    if (least_ms == TIME_NONE)
        return false;
    int64_t promise_ms = (least_ms < now_ms ? least_ms : now_ms) - feed->source->lateness_ms - SCAN_LAG_MS;
    if (feed->watermark_ms != TIME_NONE && promise_ms - feed->watermark_ms < PROMISE_STEP_MS)
        return false;
    feed->watermark_ms = promise_ms;
    return true;
}

bool feed_read(struct feed *feed, size_t budget)
{
    int64_t before_ms = clock_wall_ms();
    enum feed_state was = feed->told;
    enum status status = feed->driver->read(feed->self, budget);
    switch ((int)status) {
    case STATUS_OK:
        return promise_more(feed, before_ms);
    case STATUS_AGAIN:
        feed->state = FEED_RESTING;
        if (feed->source->follow)
            feed->watermark_ms = before_ms - feed->source->lateness_ms - SCAN_LAG_MS;
        break;
    case STATUS_END:
        feed->state = FEED_ENDED;
        break;
    default:
        feed->state = FEED_BROKEN;
        break;
    }
    feed->told = feed->state;
    return was != feed->state;
}

void feed_wake(struct feed *feed)
{
    if (feed->state == FEED_RESTING || feed->state == FEED_BROKEN)
        feed->state = FEED_READING;
}

struct source_mark feed_mark(const struct feed *feed, bool blocked)
{
    struct source_mark mark = {.source = span_of(feed->source->name), .watermark_ms = feed->watermark_ms};
    /* Who was woken to look again is still what the last look found. */
    switch (feed->state == FEED_READING ? feed->told : feed->state) {
    case FEED_READING:
        mark.state = blocked ? SOURCE_BLOCKED : SOURCE_LIVE;
        break;
    case FEED_RESTING:
        mark.state = blocked ? SOURCE_BLOCKED : feed->active ? SOURCE_LIVE : SOURCE_IDLE;
        break;
    case FEED_BROKEN:
        mark.state = SOURCE_BLOCKED;
        break;
    case FEED_ENDED:
        mark.state = SOURCE_ENDED;
        break;
    }
    return mark;
}
