#include "correlator/reopen/versions.h"

#include "proto/codec.h"
#include "proto/limits.h"

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)

void versions_init(struct versions *versions, struct memory *memory)
{
    *versions = (struct versions){.memory = memory};
    arena_init(&versions->arena, ARENA_BYTES);
}

void versions_fini(struct versions *versions)
{
    vector_free(versions->memory, &versions->numbers);
    vector_free(versions->memory, &versions->items);
    arena_fini(&versions->arena);
}

bool pending_has(struct versions_pending pending, uint64_t number)
{
    size_t low = 0, high = pending.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pending.numbers[middle] == number)
            return true;
        if (pending.numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

struct asking {
    struct versions *versions;
    struct versions_pending pending;
};

static enum status on_stub(void *self, const struct archive_stub *stub)
{
    struct asking *asking = self;
    struct versions *versions = asking->versions;
    if (pending_has(asking->pending, stub->number))
        return STATUS_OK;
    return vector_push(versions->memory, &versions->numbers, stub->number) ? STATUS_OK : STATUS_NO_MEMORY;
}

static struct span id_of(struct versions *versions, const struct report *report)
{
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    return arena_copy(&versions->arena, (struct span){id, report_incident_id(report, id, sizeof id)});
}

static enum status on_report(void *self, uint64_t number, struct span packed, int64_t heard_ms)
{
    struct versions *versions = self;
    struct version version = {.number = number, .heard_ms = heard_ms};
    char reason[REASON_BYTES];
    enum status status = report_unpack(packed, &versions->arena, &version.report, reason);
    if (status != STATUS_OK)
        return status;
    struct span id = id_of(versions, &version.report);
    if (id.data == NULL)
        return STATUS_NO_MEMORY;
    if (!span_equal(id, versions->id))
        return STATUS_OK; /* another of that hash */
    if (!vector_push(versions->memory, &versions->items, version))
        return STATUS_NO_MEMORY;
    struct version *items = versions->items.items;
    uint32_t last = versions->items.count - 1;
    if (last > 0 && report_order(&items[last].report, &items[0].report) > 0) {
        struct version swap = items[0];
        items[0] = items[last];
        items[last] = swap;
    }
    return STATUS_OK;
}

enum status versions_read(struct versions *versions, struct archive *archive, uint64_t id_hash, struct span id,
                          uint64_t until, struct versions_pending pending)
{
    struct asking asking = {versions, pending};
    versions->numbers.count = versions->items.count = 0;
    enum status status = archive->driver->versions(archive, id_hash, until, on_stub, &asking);
    if (status != STATUS_OK || versions->numbers.count == 0)
        return status;
    arena_reset(&versions->arena);
    versions->id = id;
    status = archive->driver->read(archive, versions->numbers.items, versions->numbers.count, on_report, versions);
    versions->id = (struct span){0};
    return status;
}
