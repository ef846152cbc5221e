/* An archive in memory: all it was given, in a list, and chains by id. A question by time looks at all of it. */
#pragma once

#include "correlator/archive.h"

#include <stddef.h>

struct archive_memory {
    struct archive archive; /* hand this out */
    struct archive_stub *stubs;
    struct span *reports; /* owned */
    int64_t *heard_ms;
    size_t *next;   /* of the same chain, an earlier one; 0: none, else its number */
    size_t *chains; /* the last of each, by id; as many as there is room */
    size_t count;
    size_t room;
    uint64_t asked; /* questions by id so far */
    uint64_t read;  /* reports given so far */
};

void archive_memory_init(struct archive_memory *memory);
void archive_memory_fini(struct archive_memory *memory);
/* Copies the packed report; its number is one greater than the last. Bytes that are no report take a number, and are
 * never found. Aborts without memory. */
uint64_t archive_memory_add(struct archive_memory *memory, struct span report, int64_t heard_ms);
