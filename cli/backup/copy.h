/* Copying files so that they are there whatever happens next, and knowing what was copied. */
#pragma once

#include "base/status.h"

#include <stdint.h>

#define SUM_BYTES 32u /* SHA-256 */

struct copied {
    uint64_t bytes;
    unsigned char sum[SUM_BYTES];
};

/* The first `most` bytes (UINT64_MAX: all) of a file as a new one of that mode, synced; to NULL: only its sum.
 * STATUS_EXISTS: there is one already. */
enum status file_copy(const char *from, const char *to, unsigned mode, uint64_t most,
                      struct copied *ret_copied) MUST_CHECK;
/* Makes it (0700) if it is missing. STATUS_EXISTS: there is something in it. */
enum status folder_make_empty(const char *path) MUST_CHECK;
enum status folder_sync(const char *path) MUST_CHECK;
