/* What is in a backup: its files, each with its size and SHA-256.
 *
 *     FOLDER/manifest.json   written last: a folder without it is no backup, or not yet one */
#pragma once

#include "base/status.h"
#include "cli/backup/copy.h"

#include <stddef.h>

#define MANIFEST_REASON_BYTES 512u

struct manifest_entry {
    char path[128]; /* within the folder */
    struct copied copied;
};

/* Starts as zero. */
struct manifest {
    struct manifest_entry *entries;
    size_t count, room;
    char made[32]; /* RFC 3339; of one that was read */
};
void manifest_fini(struct manifest *manifest);
/* STATUS_NO_MEMORY, STATUS_TOO_LARGE. */
enum status manifest_add(struct manifest *manifest, const char *path, const struct copied *copied) MUST_CHECK;
/* Durably, at once or not at all. */
enum status manifest_write(const struct manifest *manifest, const char *folder, int64_t now_ms,
                           char ret_reason[MANIFEST_REASON_BYTES]) MUST_CHECK;
/* Reads it, then every file it names: STATUS_CORRUPT with a sentence where one is missing or other than it was. */
enum status manifest_read(struct manifest *manifest, const char *folder,
                          char ret_reason[MANIFEST_REASON_BYTES]) MUST_CHECK;
