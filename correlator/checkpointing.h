/* When a checkpoint is due, and what it holds: every minute or 64 MiB of journal, and at a clean stop. */
#pragma once

#include "correlator/journal/checkpoint.h"
#include "correlator/publisher.h"
#include "proto/json.h"

#include <stdbool.h>
#include <uv.h>

struct correlator;

struct checkpointing {
    const char *folder; /* the keeping's */
    uint64_t generation;
    uint64_t number;                             /* of the last one that is written */
    uint64_t writing_number, writing_generation; /* of the one that is being written */
    bool is_captured;
    bool is_writing;
    struct text body;
    uint64_t captured_number, captured_published, captured_bytes;
    int64_t captured_ms;
    int64_t captured_needed_ms, writing_needed_ms; /* a start from it reads back what ended then or later */
    /* of the thread that writes */
    uv_work_t work;
    struct correlator *correlator;
    enum status status;
    char reason[CHECKPOINT_REASON_BYTES];
    void (*closed)(void *self);
};

void checkpointing_tick(struct correlator *correlator, int64_t now_ms);
/* The sinks have acknowledged something: what was captured may be written now. */
void checkpointing_moved(struct correlator *correlator);
/* At a clean stop, everything delivered: one more, at once. */
void checkpointing_last(struct correlator *correlator);
/* True: one is being written, closed is called when it is. */
bool checkpointing_close(struct correlator *correlator, void (*closed)(void *self));
/* What a checkpoint's `told` says, as publisher_visit. STATUS_INVALID: it is not such a thing. */
enum status told_visit(struct span bytes, publisher_visitor visitor, void *self) MUST_CHECK;
