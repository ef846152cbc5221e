#include "cli/replay/timeline.h"

#include "proto/codec.h"
#include "proto/limits.h"

#include <stdint.h>
#include <stdlib.h>

void timeline_init(struct timeline *timeline)
{
    *timeline = (struct timeline){0};
    arena_init(&timeline->arena, SIZE_MAX);
}

void timeline_fini(struct timeline *timeline)
{
    free(timeline->entries);
    arena_fini(&timeline->arena);
    *timeline = (struct timeline){0};
}

int64_t timeline_told_ms(const struct report *report)
{
    return report->reported_at_ms != TIME_NONE ? report->reported_at_ms : report->occurred.end_ms;
}

static enum status make_room(struct timeline *timeline)
{
    if (timeline->count < timeline->room)
        return STATUS_OK;
    size_t room = timeline->room > 0 ? timeline->room * 2 : 1024;
    struct timeline_entry *entries = realloc(timeline->entries, room * sizeof *entries);
    if (entries == NULL)
        return STATUS_NO_MEMORY;
    timeline->entries = entries;
    timeline->room = room;
    return STATUS_OK;
}

enum status timeline_add(struct timeline *timeline, struct span bytes, struct arena *scratch)
{
    struct report report;
    char reason[REASON_BYTES];
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    arena_reset(scratch);
    enum status status = report_unpack(bytes, scratch, &report, reason);
    if (status == STATUS_OK)
        status = make_room(timeline);
    if (status != STATUS_OK)
        return status;
    size_t id_size = report_incident_id(&report, id, sizeof id);
    struct timeline_entry entry = {.told_ms = timeline_told_ms(&report),
                                   .id = arena_copy(&timeline->arena, (struct span){id, id_size}),
                                   .revision = report.revision,
                                   .bytes = arena_copy(&timeline->arena, bytes)};
    if (entry.id.data == NULL || entry.bytes.data == NULL)
        return STATUS_NO_MEMORY;
    timeline->entries[timeline->count++] = entry;
    return STATUS_OK;
}

static int order_by_id(const void *left, const void *right)
{
    const struct timeline_entry *a = left, *b = right;
    int order = span_compare(a->id, b->id);
    if (order == 0)
        order = (a->revision > b->revision) - (a->revision < b->revision);
    return order != 0 ? order : span_compare(a->bytes, b->bytes);
}

static int order_by_time(const void *left, const void *right)
{
    const struct timeline_entry *a = left, *b = right;
    if (a->told_ms != b->told_ms)
        return a->told_ms < b->told_ms ? -1 : 1;
    return order_by_id(left, right);
}

void timeline_sort(struct timeline *timeline)
{
    if (timeline->count == 0)
        return;
    qsort(timeline->entries, timeline->count, sizeof *timeline->entries, order_by_id);
    for (size_t i = 1; i < timeline->count; i++) {
        struct timeline_entry *entry = &timeline->entries[i], *before = entry - 1;
        if (entry->told_ms == TIME_NONE && span_equal(entry->id, before->id))
            entry->told_ms = before->told_ms;
    }
    qsort(timeline->entries, timeline->count, sizeof *timeline->entries, order_by_time);
}
