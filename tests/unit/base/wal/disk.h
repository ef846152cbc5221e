/* A disk in memory that may fail, and whose power may go: for logs under test. Each file has what was written and what
 * is durable; a folder has names, and what was done to them since it was last synced.
 *
 * When the power goes, each sector that was written and not synced is kept or lost, by dice, and so is each file's
 * size; of what was done to names a beginning is kept. Thread-safe. */
#pragma once

#include "base/span.h"
#include "base/wal/wal_files.h"

#include <stdbool.h>

enum disk_operation {
    DISK_OPEN,
    DISK_PREAD,
    DISK_PWRITE,
    DISK_FDATASYNC,
    DISK_FALLOCATE,
    DISK_TRUNCATE,
    DISK_SIZE,
    DISK_RENAME,
    DISK_UNLINK,
    DISK_MKDIR,
    DISK_SYNC_FOLDER,
    DISK_LIST,
    DISK_LOCK,
    DISK_OPERATIONS,
};

enum disk_loss { DISK_LOSES_ALL, DISK_LOSES_NOTHING, DISK_LOSES_SOME };

struct disk;

struct disk *disk_new(uint64_t seed);
void disk_free(struct disk *disk);
const struct wal_files *disk_files(struct disk *disk);

/* The nth call (from 1, from now on) of an operation fails, `times` times; 0: never. */
void disk_fail(struct disk *disk, enum disk_operation operation, uint64_t nth, uint64_t times, int error);
/* Calls of the operation since disk_fail; whether one was failed. */
uint64_t disk_calls(struct disk *disk, enum disk_operation operation);
bool disk_has_failed(struct disk *disk);
/* Writes and reads are short, and everything that may be interrupted is, now and then. */
void disk_be_fitful(struct disk *disk);
/* From now on writing waits until disk_release; disk_await_held waits until somebody does. */
void disk_hold(struct disk *disk);
void disk_await_held(struct disk *disk);
void disk_release(struct disk *disk);
/* After so many operations that change something, nothing has an effect any more, and everything fails. */
void disk_die_after(struct disk *disk, uint64_t operations);
bool disk_is_dead(struct disk *disk);
/* The process is gone, the power is not: what it wrote is there, and durable or not as before. */
void disk_kill(struct disk *disk);
/* The power is back: what there is now is durable. Files that were open are closed. */
void disk_restart(struct disk *disk, enum disk_loss loss);

/* Nothing is there any more. */
void disk_clear(struct disk *disk);
/* A file as it is; the span is borrowed until it is written to. */
struct span disk_get(struct disk *disk, const char *path);
void disk_put(struct disk *disk, const char *path, struct span bytes);
