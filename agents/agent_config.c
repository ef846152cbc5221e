/* Reads the blocks agent, sources and territories. */
#include "agents/agent.h"
#include "agents/locate/territories.h"
#include "agents/source_driver.h"
#include "proto/limits.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct written_agent { /* the block, as it is written */
    const char *name;
    const struct config_node *spool;
};

static const struct config_row agent_rows[] = {{.key = "name",
                                                .type = CONFIG_STRING,
                                                .offset = offsetof(struct written_agent, name),
                                                .fallback = "agent",
                                                .help = "what the correlator knows this agent by"},
                                               {.key = "spool",
                                                .type = CONFIG_NODE,
                                                .offset = offsetof(struct written_agent, spool),
                                                .help = "how much may wait, and what happens then"},
                                               {0}};

static const char *const spool_policies[] = {
#define X(name, text, help) text,
    SPOOL_POLICIES(X)
#undef X
        NULL};

static const struct config_row spool_rows[] = {{.key = "size",
                                                .type = CONFIG_SIZE,
                                                .offset = offsetof(struct agent_config, spool_bytes),
                                                .fallback = "1GiB",
                                                .min = (double)SPOOL_BYTES_MIN,
                                                .max = 1099511627776.0 * 64,
                                                .help = "of what waits on the disk for the correlator"},
                                               {.key = "full",
                                                .type = CONFIG_CHOICE,
                                                .offset = offsetof(struct agent_config, spool_full),
                                                .fallback = "block",
                                                .choices = spool_policies,
                                                .help = "what happens then"},
                                               {0}};

static const struct config_row territories_rows[] = {
    {.key = "file",
     .type = CONFIG_PATH,
     .offset = offsetof(struct agent_config, territories),
     .help = "the compiled outlines; where not given, the installed ones"},
    {.key = "view",
     .type = CONFIG_STRING,
     .offset = offsetof(struct agent_config, view),
     .fallback = TERRITORIES_VIEW_DEFAULT,
     .help = "whose view decides where claims overlap"},
    {0}};

#define TEN_YEARS_MS (3650.0 * 86400000.0)

static const struct config_row source_rows[] = {
    {.key = "name",
     .type = CONFIG_STRING,
     .offset = offsetof(struct agent_source, name),
     .required = true,
     .help = "letters, digits, . _ -; at most 64"},
    {.key = "type",
     .type = CONFIG_STRING,
     .offset = offsetof(struct agent_source, type),
     .required = true,
     .help = "jsonl or csv"},
    {.key = "path",
     .type = CONFIG_PATH,
     .offset = offsetof(struct agent_source, path),
     .required = true,
     .help = "a file, a glob, or - for standard input; .gz and .zst are unpacked"},
    {.key = "mapping",
     .type = CONFIG_PATH,
     .offset = offsetof(struct agent_source, mapping),
     .help = "what turns columns into reports"},
    {.key = "follow",
     .type = CONFIG_BOOL,
     .offset = offsetof(struct agent_source, follow),
     .fallback = "false",
     .help = "go on with what is appended or added"},
    {.key = "distinct",
     .type = CONFIG_BOOL,
     .offset = offsetof(struct agent_source, distinct),
     .fallback = "false",
     .help = "a curated list: its records are different incidents"},
    {.key = "lateness",
     .type = CONFIG_DURATION,
     .offset = offsetof(struct agent_source, lateness_ms),
     .fallback = "7d",
     .max = TEN_YEARS_MS,
     .help = "how long after an event a report of it may still come"},
    {.key = "silent_after",
     .type = CONFIG_DURATION,
     .offset = offsetof(struct agent_source, silent_after_ms),
     .fallback = "1h",
     .max = TEN_YEARS_MS,
     .help = "not heard of, blocked or behind for so long, it is told to be silent; 0s: never"},
    {0}};

static bool check_type(struct config *config, const struct config_node *item, const struct agent_source *source)
{
    const struct source_driver *driver = source_driver_find(source->type);
    if (driver == NULL) {
        char types[160] = "";
        for (size_t i = 0; source_drivers[i] != NULL; i++)
            snprintf(types + strlen(types), sizeof(types) - strlen(types), "%s%s", i > 0 ? ", " : "",
                     source_drivers[i]->type);
        config_complain(config, config_find(item, "type"), "unknown type \"%s\" of source, expected one of %s",
                        source->type, types);
        return false;
    }
    if (driver->needs_mapping && source->mapping == NULL)
        config_complain(config, item, "no mapping, expected one: a source of type %s needs `mapping: FILE`",
                        source->type);
    if (!driver->needs_mapping && source->mapping != NULL)
        config_complain(config, config_find(item, "mapping"),
                        "a mapping, expected none: a source of type %s takes none", source->type);
    return driver->needs_mapping == (source->mapping != NULL);
}

static bool check_name(struct config *config, const struct config_node *item, const struct agent_source *sources,
                       size_t index)
{
    const char *name = sources[index].name;
    if (!name_is_valid(span_of(name))) {
        config_complain(config, config_find(item, "name"),
                        "\"%s\", expected a name of 1 to %u letters, digits, dots, underscores and dashes", name,
                        LIMIT_SOURCE_BYTES);
        return false;
    }
    for (size_t i = 0; i < index; i++)
        if (sources[i].name != NULL && strcmp(sources[i].name, name) == 0) {
            config_complain(config, config_find(item, "name"),
                            "the name \"%s\" a second time, expected a name of its own for each source", name);
            return false;
        }
    return true;
}

static bool sources_read(struct config *config, struct agent_config *ret_config)
{
    const struct config_node *list = config_block(config, "sources");
    if (list == NULL)
        return true;
    if (config_kind(list) != CONFIG_LIST) {
        config_complain(config, list,
                        "no list, expected sources such as - {name: desk, type: jsonl, path: ./in/*.jsonl}");
        return false;
    }
    size_t count = config_count(list), streams = 0;
    if (count > LIMIT_HEARTBEAT_MARKS) {
        config_complain(config, list, "%zu sources, expected at most %u in one agent", count, LIMIT_HEARTBEAT_MARKS);
        return false;
    }
    struct agent_source *sources = config_take(config, count * sizeof(*sources));
    bool good = sources != NULL;
    for (size_t i = 0; sources != NULL && i < count; i++) {
        const struct config_node *item = config_item(list, i);
        if (!config_read(config, item, source_rows, &sources[i])) {
            good = false;
            continue;
        }
        good = check_name(config, item, sources, i) && good;
        good = check_type(config, item, &sources[i]) && good;
        if (sources[i].path[0] == '\0' || (strcmp(sources[i].path, "-") == 0 && streams++ > 0)) {
            config_complain(config, config_find(item, "path"),
                            sources[i].path[0] == '\0' ? "no path, expected a file, a glob or -"
                                                       : "standard input a second time, expected it once");
            good = false;
        }
    }
    ret_config->sources = sources;
    ret_config->source_count = sources != NULL ? count : 0;
    return good;
}

bool agent_config_read(struct config *config, struct agent_config *ret_config)
{
    struct agent_config read = {0};
    const struct config_node *block = config_block(config, "agent");
    struct written_agent written = {0};
    bool good = config_read(config, block, agent_rows, &written);
    good = config_read(config, written.spool, spool_rows, &read) && good;
    read.name = written.name;
    if (good && !name_is_valid(span_of(read.name))) {
        config_complain(config, config_find(block, "name"),
                        "\"%s\", expected a name of 1 to %u letters, digits, dots, underscores and dashes", read.name,
                        LIMIT_SOURCE_BYTES);
        good = false;
    }
    good = config_read(config, config_block(config, "territories"), territories_rows, &read) && good;
    good = sources_read(config, &read) && good;
    if (good)
        *ret_config = read;
    return good;
}
