#include "cli/replay/inputs.h"

#include "proto/limits.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

static bool ends_with(struct span name, const char *ending)
{
    size_t size = strlen(ending);
    return name.size > size && strncasecmp(name.data + name.size - size, ending, size) == 0;
}

static struct span without_ending(struct span name, const char *ending)
{
    if (ends_with(name, ending))
        name.size -= strlen(ending);
    return name;
}

static struct span base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return without_ending(without_ending(span_of(slash != NULL ? slash + 1 : path), ".gz"), ".zst");
}

const char *input_type(const char *path)
{
    return ends_with(base_name(path), ".csv") ? "csv" : "jsonl";
}

static bool is_taken(const char *name, const struct agent_source *before, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(before[i].name, name) == 0)
            return true;
    }
    return false;
}

const char *input_name(const char *path, const struct agent_source *before, size_t count, struct arena *arena)
{
    static const char *const endings[] = {".csv", ".jsonl", ".ndjson", ".json"};
    struct span stem = strcmp(path, "-") == 0 ? SPAN("stdin") : base_name(path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        stem = without_ending(stem, endings[i]);
    char clean[LIMIT_SOURCE_BYTES + 1];
    size_t size = 0;
    for (; size < stem.size && size < LIMIT_SOURCE_BYTES - 10; size++) {
        unsigned char byte = (unsigned char)stem.data[size];
        clean[size] = byte < 0x80 && (isalnum(byte) || strchr("._-", byte) != NULL) ? stem.data[size] : '_';
    }
    clean[size] = '\0';
    const char *name = arena_print(arena, "%s", size > 0 ? clean : "file").data;
    for (unsigned number = 2; name != NULL && is_taken(name, before, count); number++)
        name = arena_print(arena, "%s-%u", size > 0 ? clean : "file", number).data;
    return name;
}

enum status inputs_read(const char *const *paths, size_t count, const char *mapping, struct arena *arena,
                        struct agent_source **ret_sources, char ret_reason[256])
{
    struct agent_source *sources = arena_zero(arena, count * sizeof *sources);
    if (sources == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        bool is_csv = strcmp(input_type(paths[i]), "csv") == 0;
        if (is_csv && mapping == NULL) {
            (void)snprintf(ret_reason, 256, "%.180s is CSV: --mapping FILE must say what its columns mean", paths[i]);
            return STATUS_INVALID;
        }
        sources[i] = (struct agent_source){.name = input_name(paths[i], sources, i, arena),
                                           .type = input_type(paths[i]),
                                           .path = paths[i],
                                           .mapping = is_csv ? mapping : NULL};
        if (sources[i].name == NULL)
            return STATUS_NO_MEMORY;
    }
    *ret_sources = sources;
    return STATUS_OK;
}
