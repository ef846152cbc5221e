#include "bus/outboxes/spool_epoch.h"

#include "base/wal/wal_files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#define LINE_BYTES 96u

static enum status answer(int result)
{
    return result < 0 ? status_from_errno(-result) : STATUS_OK;
}

static enum status line_write(const struct wal_files *files, const char *path, const char *line, size_t size)
{
    int fd = files->open(files->self, path, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0)
        return answer(fd);
    enum status status = wal_files_write(files, fd, line, size, 0);
    if (status == STATUS_OK)
        status = wal_files_sync(files, fd);
    files->close(files->self, fd);
    return status;
}

enum status spool_epoch_write(const struct wal_files *files, const char *folder, const struct spool_epoch *epoch)
{
    char path[PATH_MAX], temporary[PATH_MAX], line[LINE_BYTES];
    (void)snprintf(path, sizeof path, "%s/epoch", folder);
    (void)snprintf(temporary, sizeof temporary, "%s/epoch.tmp", folder);
    int size = snprintf(line, sizeof line, "1 %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", epoch->created, epoch->epoch,
                        epoch->begins);
    enum status status = line_write(files, temporary, line, (size_t)size);
    if (status == STATUS_OK)
        status = answer(files->rename(files->self, temporary, path));
    if (status == STATUS_OK)
        status = answer(files->sync_folder(files->self, folder));
    return status;
}

enum status spool_epoch_read(const struct wal_files *files, const char *folder, struct spool_epoch *ret_epoch)
{
    char path[PATH_MAX], line[LINE_BYTES + 1];
    struct spool_epoch epoch;
    size_t size = 0;
    int end = 0;
    (void)snprintf(path, sizeof path, "%s/epoch", folder);
    int fd = files->open(files->self, path, O_RDONLY);
    if (fd < 0)
        return STATUS_NOT_FOUND;
    enum status status = wal_files_read(files, fd, line, LINE_BYTES, 0, &size);
    files->close(files->self, fd);
    line[size] = '\0';
    bool is_whole = status == STATUS_OK &&
                    sscanf(line, "1 %" SCNu64 " %" SCNu64 " %" SCNu64 "%n", &epoch.created, &epoch.epoch, &epoch.begins,
                           &end) == 3 &&
                    line[end] == '\n';
    if (!is_whole)
        return STATUS_NOT_FOUND;
    *ret_epoch = epoch;
    return STATUS_OK;
}
