/* How the log touches files: a seam, so that tests can let any single operation fail, be short, or be the last one
 * before the power goes. Every operation answers a negative errno where it fails, and may answer -EINTR.
 *
 * Called from the loop's thread and from the log's own, not at the same time for one file. Paths are borrowed. */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct wal_files {
    int (*open)(void *self, const char *path, int flags); /* as open(2), files are 0600 */
    void (*close)(void *self, int fd);
    int64_t (*pread)(void *self, int fd, void *bytes, size_t size, uint64_t offset);        /* may be short */
    int64_t (*pwrite)(void *self, int fd, const void *bytes, size_t size, uint64_t offset); /* may be short */
    int (*fdatasync)(void *self, int fd); /* with the file's size, where it has changed: that is what POSIX says */
    int (*fallocate)(void *self, int fd, uint64_t size); /* -EOPNOTSUPP where the file system has no such thing */
    int (*truncate)(void *self, int fd, uint64_t size);
    int64_t (*size)(void *self, int fd);
    int (*rename)(void *self, const char *from, const char *to);
    int (*unlink)(void *self, const char *path);
    int (*mkdir)(void *self, const char *path); /* 0700 */
    int (*sync_folder)(void *self, const char *path);
    int (*list)(void *self, const char *path, void (*visit)(void *visitor, const char *name), void *visitor);
    int (*lock)(void *self, int fd); /* for this process alone, until the fd is closed; -EWOULDBLOCK */
    uint32_t (*random)(void *self);  /* not to be guessed */
    void *self;
};

extern const struct wal_files wal_files_system;

/* --- over the seam: to the end, whatever interrupts --- */

/* All of it. STATUS_NO_SPACE may have written a part. */
enum status wal_files_write(const struct wal_files *files, int fd, const char *bytes, size_t size,
                            uint64_t offset) MUST_CHECK;
enum status wal_files_zero(const struct wal_files *files, int fd, uint64_t from, uint64_t to) MUST_CHECK;
/* As much as there is up to size: less only at the end of the file. */
enum status wal_files_read(const struct wal_files *files, int fd, char *bytes, size_t size, uint64_t offset,
                           size_t *ret_size) MUST_CHECK;
/* Interrupted is no error of the disk and is tried again; nothing else is. */
enum status wal_files_sync(const struct wal_files *files, int fd) MUST_CHECK;
/* The folder and its parents, each synced into the one above it. */
enum status wal_files_make_folder(const struct wal_files *files, const char *path) MUST_CHECK;
