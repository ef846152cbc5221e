/* What a mapping makes of a file: `vedette convert`. */
#pragma once

#include "agents/mapping.h"
#include "base/status.h"

#include <stdint.h>
#include <stdio.h>

/* Counts go on from what they hold: one struct for many files. */
struct convert_counts {
    uint64_t reports, skipped, refused;
    uint64_t unread; /* of the refused: files not read, or not to their end */
};

/* Writes each report as a line of JSON. path: a file, a glob or "-", plain, .gz or .zst; refusals gets "FILE:LINE:
 * reason" (of a whole file "FILE: reason"), also where the file cannot be read. Reports carry the mapping's `source`,
 * else the file's name without folder and ending. STATUS_NOT_FOUND and its like: nothing to read. STATUS_NO_SPACE,
 * STATUS_IO: `out` cannot be written. Refused rows are no failure. */
enum status convert_file(struct mapping *mapping, const char *path, FILE *out, FILE *refusals,
                         struct convert_counts *counts) MUST_CHECK;
