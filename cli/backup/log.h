/* How much of a log that is being written may be copied. */
#pragma once

#include "base/wal/wal.h"

#include <limits.h>

/* Where the last whole record of the segment that begins with `first` ends: read, and so known to be whole; what is
 * written meanwhile is behind it. */
enum status log_end(const char *folder, uint64_t first, uint64_t *ret_end,
                    char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
void log_segment_path(const char *folder, uint64_t first, char ret_path[PATH_MAX]);
