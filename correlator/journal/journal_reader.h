/* Reads the journal in a folder, while it is open by somebody else too. */
#pragma once

#include "base/wal/wal.h"

/* wal_reader_open, of a log that is a journal. */
enum status journal_reader_open(const char *folder, uint64_t number, struct wal_reader **ret_reader,
                                char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
