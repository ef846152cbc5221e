#include "base/wal/wal_files.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum status wal_files_write(const struct wal_files *files, int fd, const char *bytes, size_t size, uint64_t offset)
{
    while (size > 0) {
        int64_t done = files->pwrite(files->self, fd, bytes, size, offset);
        if (done == -EINTR)
            continue;
        if (done <= 0)
            return done == 0 ? STATUS_IO : status_from_errno((int)-done);
        bytes += done;
        size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return STATUS_OK;
}

enum status wal_files_zero(const struct wal_files *files, int fd, uint64_t from, uint64_t to)
{
    static const char zeros[64 * 1024];
    enum status status = STATUS_OK;
    while (status == STATUS_OK && from < to) {
        size_t size = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        status = wal_files_write(files, fd, zeros, size, from);
        from += size;
    }
    return status;
}

enum status wal_files_read(const struct wal_files *files, int fd, char *bytes, size_t size, uint64_t offset,
                           size_t *ret_size)
{
    size_t read = 0;
    while (read < size) {
        int64_t done = files->pread(files->self, fd, bytes + read, size - read, offset + read);
        if (done == -EINTR)
            continue;
        if (done < 0)
            return status_from_errno((int)-done);
        if (done == 0)
            break;
        read += (size_t)done;
    }
    *ret_size = read;
    return STATUS_OK;
}

enum status wal_files_sync(const struct wal_files *files, int fd)
{
    int result;
    do {
        result = files->fdatasync(files->self, fd);
    } while (result == -EINTR);
    return status_from_errno(-result);
}

static enum status folder_make(const struct wal_files *files, char *path, size_t size)
{
    path[size] = '\0';
    int result = files->mkdir(files->self, path);
    if (result == -EEXIST)
        return STATUS_OK;
    if (result < 0)
        return status_from_errno(-result);
    size_t parent = size;
    while (parent > 0 && path[parent] != '/')
        parent--;
    path[parent] = '\0';
    return status_from_errno(-files->sync_folder(files->self, parent > 0 ? path : path[0] == '/' ? "/" : "."));
}

enum status wal_files_make_folder(const struct wal_files *files, const char *path)
{
    char part[PATH_MAX];
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof part)
        return STATUS_INVALID;
    /* What is there may lie below what one may not look into: begin with the deepest, go up only where it is missing.
     */
    memcpy(part, path, size);
    enum status status = folder_make(files, part, size);
    for (size_t i = 1; status == STATUS_NOT_FOUND && i <= size; i++) {
        if (i < size && path[i] != '/')
            continue;
        memcpy(part, path, size);
        enum status made = folder_make(files, part, i);
        if (made != STATUS_OK || i == size)
            return made;
    }
    return status;
}
