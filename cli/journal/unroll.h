/* A journal read from its first record to its last, beside the correlator that writes it, or without one. */
#pragma once

#include "base/wal/wal.h"
#include "correlator/journal/record.h"

#include <stdio.h>

struct unroll_events {
    /* Borrowed until it returns. Not STATUS_OK: ends it, and is answered. */
    enum status (*record)(void *self, const struct journal_record *record);
    void *self;
};

struct unrolled {
    uint64_t records;
    uint64_t reports;
    uint64_t unread; /* reports that cannot be read: refused when they came */
    uint64_t first, next;
};

/* STATUS_NOT_FOUND, STATUS_CORRUPT …, with a sentence. */
enum status unroll(const char *folder, const struct unroll_events *events, struct unrolled *ret_unrolled,
                   char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Every report, every version, in the order they came, as the contract's JSON Lines. */
enum status unroll_reports(const char *folder, FILE *to, struct unrolled *ret_unrolled,
                           char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* The same into a file without a name, which lives as long as the stream. Its path in ret_path. */
enum status unroll_to_file(const char *folder, FILE **ret_file, char ret_path[64],
                           char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Does the folder hold one? */
bool unroll_is_journal(const char *path);
