/* A configuration parsed from a literal, and what was complained about it. */
#pragma once

#include "base/config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct parsed {
    FILE *stream;
    char *complaints; /* valid after parsed_complaints() */
    size_t size;
    struct config *config;
    enum status status;
};

static const char *const test_blocks[] = {"rules", "state", "bus", "sources", "sink", NULL};

static inline void parsed_init(struct parsed *parsed)
{
    *parsed = (struct parsed){0};
    parsed->stream = open_memstream(&parsed->complaints, &parsed->size);
    assert(parsed->stream != NULL);
}

static inline void parse(struct parsed *parsed, struct span text)
{
    parsed_init(parsed);
    parsed->status = config_parse(text, "vedette.yaml", test_blocks, parsed->stream, &parsed->config);
}

static inline const char *parsed_complaints(struct parsed *parsed)
{
    fflush(parsed->stream);
    return parsed->complaints;
}

static inline void parsed_fini(struct parsed *parsed)
{
    config_close(parsed->config);
    fclose(parsed->stream);
    free(parsed->complaints);
}
