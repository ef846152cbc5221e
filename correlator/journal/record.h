/* What the journal is made of: everything that can change the result, in order. Applied one after another, whenever and
 * however often, records give the same episodes (README.md).
 *
 * A record has a number, that of its first item; a batch of n items takes n numbers, any other record one. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "proto/codec.h"

#include <stdint.h>

/* Of the payloads. A greater one is refused: an older program does not guess at a newer one's. Flushes of version 1 say
 * nothing of late reports. */
#define JOURNAL_VERSION 2u

/* X(enum name, the type byte on disk: never used for anything else, text) */
#define JOURNAL_KIND_LIST(X)                                                                                           \
    X(START, 1, "start")                   /* a program of this version has begun to write */                          \
    X(RULES, 2, "rules")                   /* what is judged by from here on, and with which baseline */               \
    X(BATCH, 3, "batch")                   /* reports of one agent, as they came */                                    \
    X(MARKS, 4, "marks")                   /* what sources promise; without any: what the clock alone moved */         \
    X(FLUSHES, 5, "flushes")               /* after which numbers episodes were told */                                \
    X(SOURCE_RETIRED, 6, "source-retired") /* nobody waits for it any more */                                          \
    X(SINK_SEEN, 7, "sink-seen")           /* a sink that was not known */                                             \
    X(SINK_RETIRED, 8, "sink-retired")     /* nothing is kept for it any more */

enum journal_kind {
#define X(name, type, text) JOURNAL_##name,
    JOURNAL_KIND_LIST(X)
#undef X
        JOURNAL_KIND_COUNT
};
const char *journal_kind_name(enum journal_kind kind);

struct journal_rule {
    struct span name;
    struct span hash;
    struct span json; /* rule_to_json's */
};

struct journal_record {
    enum journal_kind kind;
    uint64_t number;
    uint32_t count;
    int64_t at_ms; /* the wall clock when it was written; of a batch: when it was heard */

    /* of a batch, and of marks: who brought them; of the last three: whom they speak of; of a start: the version */
    struct span name;
    uint64_t epoch; /* of the agent's stream */
    uint64_t first; /* position of the first item in it */
    const struct span *items;
    size_t item_count;
    const struct source_mark *marks;
    size_t mark_count;
    /* Flushes: everything up to `until` was applied, and told after each of these, ascending. */
    uint64_t until;
    const uint64_t *flushes;
    size_t flush_count;
    /* What was decided of late reports (verdicts.h) since the flushes before. false: it was not written down. */
    bool has_verdicts;
    const uint64_t *late, *ends, *refused;
    size_t late_count, end_count, refused_count;
    const struct journal_rule *rules;
    size_t rule_count;
    struct span baseline; /* its hash; "": none */
    struct span same;     /* how reports are put together, in words that are equal where it is */
};

/* The type byte of the kind. */
uint8_t journal_type(enum journal_kind kind);
/* Appends the payload. Borrows. STATUS_NO_MEMORY. */
enum status journal_pack(const struct journal_record *record, struct text *bytes) MUST_CHECK;
/* Reads a payload that stands at `number` and takes `count`. Lists are the arena's, texts borrow from the bytes.
 * STATUS_INVALID with the reason; STATUS_UNSUPPORTED: a type this program does not know. */
enum status journal_unpack(uint8_t type, uint64_t number, uint32_t count, struct span bytes, struct arena *arena,
                           struct journal_record *ret_record, char ret_reason[REASON_BYTES]) MUST_CHECK;
