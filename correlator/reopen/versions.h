/* What the archive has of one id: all its versions, and which of them stands (proto/report.h, report_order). */
#pragma once

#include "base/arena.h"
#include "correlator/archive.h"
#include "correlator/engine/memory.h"
#include "proto/report.h"

#include <stdbool.h>

struct version {
    uint64_t number;
    int64_t heard_ms;
    struct report report; /* the arena's */
};

/* Those numbers that are in the archive and not applied yet: they are passed over. Ascending. */
struct versions_pending {
    const uint64_t *numbers;
    size_t count;
};

struct versions {
    struct memory *memory; /* borrowed */
    struct arena arena;
    VECTOR(uint64_t) numbers;
    VECTOR(struct version) items; /* of the id asked for; the one that stands first */
    struct span id;               /* asked for */
};

void versions_init(struct versions *versions, struct memory *memory);
void versions_fini(struct versions *versions);
/* Into `items`. id is borrowed until it returns. */
enum status versions_read(struct versions *versions, struct archive *archive, uint64_t id_hash, struct span id,
                          uint64_t until, struct versions_pending pending) MUST_CHECK;
bool pending_has(struct versions_pending pending, uint64_t number);
