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

static enum status line_put(const struct wal_files *files, const char *folder, const char *name, const char *line,
                            int size)
{
    char path[PATH_MAX], temporary[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(temporary, sizeof temporary, "%s/%s.tmp", folder, name);
    enum status status = line_write(files, temporary, line, (size_t)size);
    if (status == STATUS_OK)
        status = answer(files->rename(files->self, temporary, path));
    if (status == STATUS_OK)
        status = answer(files->sync_folder(files->self, folder));
    return status;
}

/* false: there is none. */
static bool line_get(const struct wal_files *files, const char *folder, const char *name, char line[LINE_BYTES + 1])
{
    char path[PATH_MAX];
    size_t size = 0;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = files->open(files->self, path, O_RDONLY);
    if (fd < 0)
        return false;
    enum status status = wal_files_read(files, fd, line, LINE_BYTES, 0, &size);
    files->close(files->self, fd);
    line[size] = '\0';
    return status == STATUS_OK;
}

enum status spool_epoch_write(const struct wal_files *files, const char *folder, const struct spool_epoch *epoch)
{
    char line[LINE_BYTES];
    int size = snprintf(line, sizeof line, "1 %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", epoch->created, epoch->epoch,
                        epoch->begins);
    return line_put(files, folder, "epoch", line, size);
}

enum status spool_epoch_read(const struct wal_files *files, const char *folder, struct spool_epoch *ret_epoch)
{
    char line[LINE_BYTES + 1];
    struct spool_epoch epoch;
    int end = 0;
    bool is_whole = line_get(files, folder, "epoch", line) &&
                    sscanf(line, "1 %" SCNu64 " %" SCNu64 " %" SCNu64 "%n", &epoch.created, &epoch.epoch, &epoch.begins,
                           &end) == 3 &&
                    line[end] == '\n';
    if (!is_whole)
        return STATUS_NOT_FOUND;
    *ret_epoch = epoch;
    return STATUS_OK;
}

enum status spool_unsent_write(const struct wal_files *files, const char *folder, uint64_t created, uint64_t position)
{
    char line[LINE_BYTES];
    int size = snprintf(line, sizeof line, "1 %" PRIu64 " %" PRIu64 "\n", created, position);
    return line_put(files, folder, "unsent", line, size);
}

enum status spool_unsent_read(const struct wal_files *files, const char *folder, uint64_t created,
                              uint64_t *ret_position)
{
    char line[LINE_BYTES + 1];
    uint64_t of, position;
    int end = 0;
    bool is_whole = line_get(files, folder, "unsent", line) &&
                    sscanf(line, "1 %" SCNu64 " %" SCNu64 "%n", &of, &position, &end) == 2 && line[end] == '\n';
    if (!is_whole || of != created)
        return STATUS_NOT_FOUND;
    *ret_position = position;
    return STATUS_OK;
}

void spool_unsent_remove(const struct wal_files *files, const char *folder)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/unsent", folder);
    if (files->unlink(files->self, path) == 0)
        (void)files->sync_folder(files->self, folder);
}
