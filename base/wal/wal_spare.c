#include "base/wal/folder.h"
#include "base/wal/wal_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static void spare_path(const struct wal *wal, char ret_path[PATH_MAX])
{
    (void)snprintf(ret_path, PATH_MAX, "%s/" FOLDER_SPARE, wal->folder);
}

/* Room on the device is taken here, before anything is accepted for it: by fallocate where the file system can, which
 * costs nothing, and by writing zeros where it cannot. */
static enum status spare_reserve(struct wal *wal, int fd, uint64_t bytes)
{
    int result = wal->files->fallocate(wal->files->self, fd, bytes);
    if (result == -EOPNOTSUPP || result == -ENOSYS) {
        enum status status = wal_files_zero(wal->files, fd, 0, bytes);
        return status != STATUS_OK ? status : wal_files_sync(wal->files, fd);
    }
    return result == -EINTR ? STATUS_AGAIN : status_from_errno(-result);
}

enum status wal_spare_make(struct wal *wal, uint64_t bytes, int *ret_fd)
{
    char path[PATH_MAX];
    spare_path(wal, path);
    int fd = wal->files->open(wal->files->self, path, O_RDWR | O_CREAT | O_TRUNC);
    if (fd < 0)
        return status_from_errno(-fd);
    enum status status;
    while ((status = spare_reserve(wal, fd, bytes)) == STATUS_AGAIN)
        continue;
    if (status != STATUS_OK) {
        wal_spare_drop(wal, fd);
        return status;
    }
    *ret_fd = fd;
    return STATUS_OK;
}

enum status wal_spare_name(struct wal *wal, int fd, uint32_t salt, uint64_t first, struct span frames)
{
    char bytes[SEGMENT_HEAD_BYTES];
    char from[PATH_MAX];
    char to[PATH_MAX];
    struct segment_head head = wal->head;
    head.first = first;
    head.salt = salt;
    segment_head_encode(&head, bytes);
    spare_path(wal, from);
    segment_path(wal->folder, first, to);
    enum status status = wal_files_write(wal->files, fd, bytes, sizeof bytes, 0);
    if (status == STATUS_OK)
        status = wal_files_write(wal->files, fd, frames.data, frames.size, SEGMENT_HEAD_BYTES);
    if (status == STATUS_OK)
        status = wal_files_sync(wal->files, fd);
    if (status == STATUS_OK)
        status = status_from_errno(-wal->files->rename(wal->files->self, from, to));
    if (status == STATUS_OK)
        status = status_from_errno(-wal->files->sync_folder(wal->files->self, wal->folder));
    return status;
}

void wal_spare_drop(struct wal *wal, int fd)
{
    char path[PATH_MAX];
    spare_path(wal, path);
    wal->files->close(wal->files->self, fd);
    (void)wal->files->unlink(wal->files->self, path);
}
