#include "tests/support/archive_memory.h"

#include "base/arena.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NO_ID 0u /* of bytes that are no report */

static struct archive_memory *memory_of(struct archive *archive)
{
    return (struct archive_memory *)archive; /* its first member */
}

static enum status within(struct archive *archive, int64_t from_ms, int64_t to_ms, uint64_t until,
                          archive_stub_visitor visitor, void *self)
{
    struct archive_memory *memory = memory_of(archive);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < memory->count && memory->stubs[i].number <= until && status == STATUS_OK; i++) {
        const struct archive_stub *stub = &memory->stubs[i];
        if (stub->id_hash != NO_ID && stub->start_ms != TIME_NONE && stub->start_ms <= to_ms && stub->end_ms >= from_ms)
            status = visitor(self, stub);
    }
    return status;
}

static enum status versions(struct archive *archive, uint64_t id_hash, uint64_t until, archive_stub_visitor visitor,
                            void *self)
{
    struct archive_memory *memory = memory_of(archive);
    enum status status = STATUS_OK;
    size_t count = 0;
    memory->asked++;
    size_t last = memory->room > 0 ? memory->chains[id_hash % memory->room] : 0;
    for (size_t at = last; at != 0; at = memory->next[at - 1])
        count++;
    size_t *numbers = calloc(count + 1, sizeof *numbers);
    assert(numbers != NULL);
    for (size_t at = last, i = count; at != 0; at = memory->next[at - 1])
        numbers[--i] = at;
    for (size_t i = 0; i < count && numbers[i] <= until && status == STATUS_OK; i++)
        if (memory->stubs[numbers[i] - 1].id_hash == id_hash)
            status = visitor(self, &memory->stubs[numbers[i] - 1]);
    free(numbers);
    return status;
}

static enum status read_numbers(struct archive *archive, const uint64_t *numbers, size_t count,
                                archive_report_visitor visitor, void *self)
{
    struct archive_memory *memory = memory_of(archive);
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || numbers[i - 1] < numbers[i]);
        if (numbers[i] == 0 || numbers[i] > memory->count)
            return STATUS_NOT_FOUND;
        size_t at = (size_t)numbers[i] - 1;
        memory->read++;
        enum status status = visitor(self, numbers[i], memory->reports[at], memory->heard_ms[at]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void let_be(struct archive *archive)
{
    (void)archive;
}

static const struct archive_driver driver = {
    .within = within,
    .versions = versions,
    .read = read_numbers,
    .close = let_be,
};

void archive_memory_init(struct archive_memory *memory)
{
    *memory = (struct archive_memory){.archive = {&driver}};
}

void archive_memory_fini(struct archive_memory *memory)
{
    for (size_t i = 0; i < memory->count; i++)
        free((void *)memory->reports[i].data);
    free(memory->stubs);
    free(memory->reports);
    free(memory->heard_ms);
    free(memory->next);
    free(memory->chains);
}

static void chain(struct archive_memory *memory, size_t at)
{
    size_t *last = &memory->chains[memory->stubs[at].id_hash % memory->room];
    memory->next[at] = *last;
    *last = at + 1;
}

static void reserve(struct archive_memory *memory)
{
    if (memory->count < memory->room)
        return;
    memory->room = memory->room == 0 ? 64 : 2 * memory->room;
    memory->stubs = realloc(memory->stubs, memory->room * sizeof *memory->stubs);
    memory->reports = realloc(memory->reports, memory->room * sizeof *memory->reports);
    memory->heard_ms = realloc(memory->heard_ms, memory->room * sizeof *memory->heard_ms);
    memory->next = realloc(memory->next, memory->room * sizeof *memory->next);
    free(memory->chains);
    memory->chains = calloc(memory->room, sizeof *memory->chains);
    assert(memory->stubs != NULL && memory->reports != NULL && memory->heard_ms != NULL && memory->next != NULL &&
           memory->chains != NULL);
    for (size_t i = 0; i < memory->count; i++)
        chain(memory, i);
}

static struct archive_stub stub_of(struct span packed)
{
    struct arena arena;
    struct report report;
    char reason[REASON_BYTES], id[LIMIT_INCIDENT_ID_BYTES + 1];
    struct archive_stub stub = {.id_hash = NO_ID, .start_ms = TIME_NONE, .end_ms = TIME_NONE};
    arena_init(&arena, (size_t)1 << 20);
    if (report_unpack(packed, &arena, &report, reason) == STATUS_OK) {
        stub.id_hash = archive_id_hash((struct span){id, report_incident_id(&report, id, sizeof id)});
        stub.category = report.category;
        stub.role = report.role;
        if (report.has_place && report.occurred.start_ms != TIME_NONE) {
            stub.start_ms = report.occurred.start_ms;
            stub.end_ms = report.occurred.end_ms;
            stub.point = point_from_degrees(report.place.lat, report.place.lon);
        }
    }
    arena_fini(&arena);
    return stub;
}

uint64_t archive_memory_add(struct archive_memory *memory, struct span report, int64_t heard_ms)
{
    reserve(memory);
    size_t at = memory->count++;
    char *bytes = malloc(report.size > 0 ? report.size : 1);
    assert(bytes != NULL);
    if (report.size > 0)
        memcpy(bytes, report.data, report.size);
    memory->reports[at] = (struct span){bytes, report.size};
    memory->heard_ms[at] = heard_ms;
    memory->stubs[at] = stub_of(report);
    memory->stubs[at].number = memory->count;
    chain(memory, at);
    return memory->count;
}
