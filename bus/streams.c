#include "bus/streams.h"

#include <stdlib.h>

void streams_fini(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        free(streams->items[i]);
    free(streams->items);
    *streams = (struct streams){0};
}

static bool stream_is(const struct stream *stream, struct span name, uint64_t epoch)
{
    return stream->epoch == epoch && span_equal(span_of(stream->name), name);
}

struct stream *streams_find(struct streams *streams, struct span name, uint64_t epoch)
{
    if (streams->recent != NULL && stream_is(streams->recent, name, epoch))
        return streams->recent;
    for (size_t i = 0; i < streams->count; i++)
        if (stream_is(streams->items[i], name, epoch)) {
            streams->recent = streams->items[i];
            return streams->recent;
        }
    return NULL;
}

/* The record longest unused, to be written anew; NULL where every one has a session. Who begins epoch after epoch makes
 * room for himself: of the same name first. */
static struct stream *streams_oldest(struct streams *streams, struct span name)
{
    struct stream *oldest = NULL, *own = NULL;
    for (size_t i = 0; i < streams->count; i++) {
        struct stream *each = streams->items[i];
        if (each->sessions > 0)
            continue;
        if (oldest == NULL || each->used < oldest->used)
            oldest = each;
        if (span_equal(span_of(each->name), name) && (own == NULL || each->used < own->used))
            own = each;
    }
    return own != NULL ? own : oldest;
}

static enum status streams_add(struct streams *streams, struct span name, struct stream **ret_stream)
{
    if (streams->count == STREAMS_MAX) {
        struct stream *oldest = streams_oldest(streams, name);
        if (oldest == NULL)
            return STATUS_FULL;
        *ret_stream = oldest;
        return STATUS_OK;
    }
    if (streams->count == streams->room) {
        size_t room = streams->room == 0 ? 16 : streams->room * 2;
        struct stream **items = realloc(streams->items, room * sizeof *items);
        if (items == NULL)
            return STATUS_NO_MEMORY;
        streams->items = items;
        streams->room = room;
    }
    struct stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return STATUS_NO_MEMORY;
    streams->items[streams->count++] = stream;
    *ret_stream = stream;
    return STATUS_OK;
}

enum status streams_get(struct streams *streams, struct span name, uint64_t epoch, struct stream **ret_stream)
{
    if (name.size >= PEER_NAME_BYTES)
        return STATUS_INVALID;
    struct stream *stream = streams_find(streams, name, epoch);
    if (stream == NULL) {
        enum status status = streams_add(streams, name, &stream);
        if (status != STATUS_OK)
            return status;
        *stream = (struct stream){.epoch = epoch};
        memcpy(stream->name, name.data, name.size);
        streams->recent = stream;
    }
    stream->used = ++streams->uses;
    *ret_stream = stream;
    return STATUS_OK;
}
