/* The checkpoint: what was in memory once everything up to a number of the journal was applied, told, and acknowledged
 * by every known sink, but for the incidents themselves, which the archive has. A start begins there, not at the first
 * record.
 *
 *     folder/checkpoint.0   folder/checkpoint.1      written in turn; the newest whole one counts
 *
 *     "vedettec" │ u32 version │ u32 crc32c of what follows │ u64 generation │ u64 size │ body
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "proto/codec.h"

#include <stdint.h>

#define CHECKPOINT_REASON_BYTES 512u

struct checkpoint_stream {
    struct span name; /* of the agent */
    uint64_t epoch;
    uint64_t received;
};

struct checkpoint_rule {
    struct span name;
    struct span hash;
};

struct checkpoint {
    uint64_t journal;      /* created_ms: of another journal it says nothing */
    uint64_t number;       /* all up to it is applied, told and delivered */
    int64_t watermark_ms;  /* TIME_NONE: none */
    uint64_t rules_number; /* of the last record of rules */
    const struct source_mark *sources;
    size_t source_count;
    const struct span *retired; /* sources nobody waits for */
    size_t retired_count;
    const struct checkpoint_stream *streams;
    size_t stream_count;
    const struct span *sinks; /* known */
    size_t sink_count;
    const struct checkpoint_rule *rules;
    size_t rule_count;
    struct span baseline; /* its hash */
    struct span same;     /* as the journal's rules record */
    struct span told;     /* the publisher's own */
    /* What the first ones did not say: a body that ends before has none of it. */
    int64_t swept_ms;        /* the watermark when what is out of reach was swept last; TIME_NONE: never */
    const uint64_t *refused; /* numbers of the reports that were too late, ascending */
    size_t refused_count;
};

/* Appends the body. */
enum status checkpoint_pack(const struct checkpoint *checkpoint, struct text *bytes) MUST_CHECK;
/* Lists are the arena's, texts borrow from the bytes. STATUS_INVALID, STATUS_NO_MEMORY. */
enum status checkpoint_unpack(struct span bytes, struct arena *arena, struct checkpoint *ret_checkpoint) MUST_CHECK;

/* The body as the next generation, in place of the older file: temporary name, fsync, rename, fsync of the folder. What
 * was there is whole until then. Touches nothing but files: may be called from another thread. */
enum status checkpoint_write(const char *folder, uint64_t generation, struct span body,
                             char ret_reason[CHECKPOINT_REASON_BYTES]) MUST_CHECK;
/* The newest whole body of this journal, the caller's to free. What was damaged is said in the log. STATUS_NOT_FOUND:
 * none is whole; generation 0. */
enum status checkpoint_read(const char *folder, struct text *ret_body, uint64_t *ret_generation) MUST_CHECK;
/* A file's bytes; false where they are not a whole checkpoint. ret_body borrows from them. */
bool checkpoint_frame_read(struct span bytes, uint64_t *ret_generation, struct span *ret_body);
