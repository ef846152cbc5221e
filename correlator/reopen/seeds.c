#include "correlator/reopen/reopen_inside.h"
#include "proto/codec.h"

static bool push(struct reopen *reopen, const struct report *report)
{
    bool takes_part = report->status != REPORT_EXPLAINED && report->status != REPORT_RETRACTED;
    if (!takes_part || !report->has_place || report->occurred.start_ms == TIME_NONE)
        return true;
    const struct archive_stub seed = {
        .start_ms = report->occurred.start_ms,
        .end_ms = report->occurred.end_ms,
        .point = point_from_degrees(report->place.lat, report->place.lon),
        .category = report->category,
        .role = report->role,
    };
    return vector_push(&reopen->memory, &reopen->seeds, seed);
}

/* Itself: it is in the archive, too, but passed over there while it waits. */
static enum status push_own(struct reopen *reopen, const struct taken *taken)
{
    struct report report;
    char reason[REASON_BYTES];
    arena_reset(&reopen->arena);
    enum status status = report_unpack(taken->packed, &reopen->arena, &report, reason);
    if (status != STATUS_OK)
        return status;
    return push(reopen, &report) ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Not only what was said before it: what was applied while it waited may have left, too. */
static enum status push_versions(struct reopen *reopen, const struct taken *taken, uint64_t until)
{
    struct versions *versions = &reopen->versions;
    enum status status = versions_read(versions, reopen->options.archive, archive_id_hash(taken->id), taken->id, until,
                                       (struct versions_pending){reopen->withheld.items, reopen->refused});
    for (uint32_t i = 0; i < versions->items.count && status == STATUS_OK; i++)
        if (!push(reopen, &versions->items.items[i].report))
            status = STATUS_NO_MEMORY;
    return status;
}

enum status reopen_seeds(struct reopen *reopen, uint64_t until)
{
    enum status status = STATUS_OK;
    reopen->seeds.count = 0;
    for (uint32_t i = 0; i < reopen->taken.count && status == STATUS_OK; i++) {
        struct taken *taken = &reopen->taken.items[i];
        taken->seed_first = reopen->seeds.count;
        status = push_own(reopen, taken);
        if (status == STATUS_OK)
            status = push_versions(reopen, taken, until);
        taken->seed_count = reopen->seeds.count - taken->seed_first;
    }
    return status;
}
