#include "correlator/reopen/claims.h"

#include "proto/codec.h"
#include "proto/limits.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024) /* of one report */

void claims_init(struct claims *claims, struct memory *memory, struct archive *archive, uint64_t until,
                 struct versions_pending pending)
{
    *claims = (struct claims){.memory = memory, .archive = archive, .until = until, .pending = pending};
    arena_init(&claims->arena, ARENA_BYTES);
}

void claims_fini(struct claims *claims)
{
    vector_free(claims->memory, &claims->numbers);
    vector_free(claims->memory, &claims->items);
    vector_free(claims->memory, &claims->standing);
    arena_fini(&claims->arena);
}

void claims_clear(struct claims *claims)
{
    claims->numbers.count = claims->items.count = claims->standing.count = 0;
}

static enum status on_version(void *self, const struct archive_stub *stub)
{
    struct claims *claims = self;
    if (pending_has(claims->pending, stub->number))
        return STATUS_OK;
    claims->count++;
    return vector_push(claims->memory, &claims->numbers, stub->number) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status claims_ask(struct claims *claims, const struct archive_stub *stub, bool *ret_in_doubt)
{
    claims->count = 0;
    enum status status =
        claims->archive->driver->versions(claims->archive, stub->id_hash, claims->until, on_version, claims);
    *ret_in_doubt = claims->count != 1;
    if (!*ret_in_doubt)
        claims->numbers.count--;
    return status;
}

/* ---- reading ---- */

static uint64_t other_hash(struct span id)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < id.size; i++)
        hash = (hash ^ (unsigned char)id.data[i]) * 1099511628211u;
    return hash;
}

static enum status on_report(void *self, uint64_t number, struct span packed, int64_t heard_ms)
{
    struct claims *claims = self;
    struct report report;
    char reason[REASON_BYTES], bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    (void)heard_ms;
    if (claims->step != NULL)
        claims->step(claims->step_self);
    arena_reset(&claims->arena);
    enum status status = report_unpack(packed, &claims->arena, &report, reason);
    if (status != STATUS_OK)
        return status;
    const struct span id = {bytes, report_incident_id(&report, bytes, sizeof bytes)};
    struct claim claim = {.id = {archive_id_hash(id), other_hash(id)},
                          .number = number,
                          .reported_at_ms = report.reported_at_ms,
                          .revision = report.revision,
                          .takes_part = report.status != REPORT_EXPLAINED && report.status != REPORT_RETRACTED};
    report_digest(&report, claim.digest);
    return vector_push(claims->memory, &claims->items, claim) ? STATUS_OK : STATUS_NO_MEMORY;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int by_id(const struct claim *x, const struct claim *y)
{
    if (x->id[0] != y->id[0])
        return x->id[0] < y->id[0] ? -1 : 1;
    return (x->id[1] > y->id[1]) - (x->id[1] < y->id[1]);
}

/* The one that stands first (proto/report.h, report_order), of equals the eldest. */
static int by_rank(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    if (by_id(x, y) != 0)
        return by_id(x, y);
    if (x->revision != y->revision)
        return x->revision > y->revision ? -1 : 1;
    if (x->reported_at_ms != y->reported_at_ms)
        return x->reported_at_ms > y->reported_at_ms ? -1 : 1;
    int order = memcmp(y->digest, x->digest, sizeof x->digest);
    return order != 0 ? order : by_number(&x->number, &y->number);
}

static void numbers_tidy(struct claims *claims)
{
    uint64_t *numbers = claims->numbers.items;
    uint32_t count = 0;
    qsort(numbers, claims->numbers.count, sizeof *numbers, by_number);
    for (uint32_t i = 0; i < claims->numbers.count; i++)
        if (i == 0 || numbers[i] != numbers[count - 1])
            numbers[count++] = numbers[i];
    claims->numbers.count = count;
}

enum status claims_settle(struct claims *claims)
{
    if (claims->numbers.count == 0)
        return STATUS_OK;
    numbers_tidy(claims);
    enum status status =
        claims->archive->driver->read(claims->archive, claims->numbers.items, claims->numbers.count, on_report, claims);
    if (status != STATUS_OK)
        return status;
    const struct claim *items = claims->items.items;
    qsort(claims->items.items, claims->items.count, sizeof *items, by_rank);
    for (uint32_t i = 0; i < claims->items.count; i++) {
        bool is_best = i == 0 || by_id(&items[i - 1], &items[i]) != 0;
        if (is_best && items[i].takes_part && !vector_push(claims->memory, &claims->standing, items[i].number))
            return STATUS_NO_MEMORY;
    }
    if (claims->standing.count > 1)
        qsort(claims->standing.items, claims->standing.count, sizeof *claims->standing.items, by_number);
    return STATUS_OK;
}

bool claims_stands(const struct claims *claims, uint64_t number)
{
    return pending_has((struct versions_pending){claims->standing.items, claims->standing.count}, number);
}
