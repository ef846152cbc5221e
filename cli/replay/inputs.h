/* The files of a replay as sources of an agent: one each, named after the file. */
#pragma once

#include "agents/agent.h"
#include "base/arena.h"

/* What reads a file of that name: ".csv" (.gz, .zst) is CSV, everything else, "-" too, JSON Lines. */
const char *input_type(const char *path);
/* A valid source name from the file's stem, unlike the `count` before it. Lives in the arena; NULL when it is full. */
const char *input_name(const char *path, const struct agent_source *before, size_t count, struct arena *arena);
/* Sources for the files, in their order, not followed. mapping: path or NULL. STATUS_INVALID with a sentence: CSV
 * without a mapping. */
enum status inputs_read(const char *const *paths, size_t count, const char *mapping, struct arena *arena,
                        struct agent_source **ret_sources, char ret_reason[256]) MUST_CHECK;
