#include "base/wal/repair_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define REPAIR_NAME "repair.tmp"

static void path_of(const struct repair_output *output, char ret_path[PATH_MAX])
{
    (void)snprintf(ret_path, PATH_MAX, "%s/" REPAIR_NAME, output->folder);
}

void repair_output_begin(struct repair_output *output, const struct wal_files *files, const char *folder,
                         const struct segment_head *head)
{
    char path[PATH_MAX];
    char bytes[SEGMENT_HEAD_BYTES];
    *output = (struct repair_output){.files = files, .folder = folder, .salt = head->salt, .status = STATUS_OK};
    path_of(output, path);
    output->fd = files->open(files->self, path, O_RDWR | O_CREAT | O_TRUNC);
    if (output->fd < 0)
        output->status = status_from_errno(-output->fd);
    segment_head_encode(head, bytes);
    repair_output_frame(output, bytes, sizeof bytes);
}

void repair_output_frame(struct repair_output *output, const char *bytes, uint64_t size)
{
    if (output->status == STATUS_OK)
        output->status = wal_files_write(output->files, output->fd, bytes, (size_t)size, output->end);
    output->end += size;
}

void repair_output_hole(struct repair_output *output, uint64_t from, uint64_t to)
{
    while (from < to) {
        char bytes[FRAME_HEAD_BYTES];
        uint32_t count = to - from < WAL_COUNT_MAX ? (uint32_t)(to - from) : WAL_COUNT_MAX;
        struct frame frame = {.type = FRAME_HOLE, .count = count, .lsn = from};
        frame_encode(bytes, &frame, NULL, 0, output->salt);
        repair_output_frame(output, bytes, sizeof bytes);
        from += count;
    }
}

static enum status copy(const struct wal_files *files, int in, int out)
{
    char bytes[64 * 1024];
    size_t size;
    enum status status = STATUS_OK;
    for (uint64_t offset = 0; status == STATUS_OK; offset += size) {
        status = wal_files_read(files, in, bytes, sizeof bytes, offset, &size);
        if (status == STATUS_OK && size == 0)
            return wal_files_sync(files, out);
        if (status == STATUS_OK)
            status = wal_files_write(files, out, bytes, size, offset);
    }
    return status;
}

/* "….damaged", "….damaged2" …: what was kept once is not written over. */
static int aside_open(const struct wal_files *files, const char *path)
{
    int fd = -EEXIST;
    for (unsigned i = 1; fd == -EEXIST && i < 100; i++) {
        char aside[PATH_MAX + 16];
        if (i == 1)
            (void)snprintf(aside, sizeof aside, "%s.damaged", path);
        else
            (void)snprintf(aside, sizeof aside, "%s.damaged%u", path, i);
        fd = files->open(files->self, aside, O_RDWR | O_CREAT | O_EXCL);
    }
    return fd;
}

static enum status keep_aside(const struct wal_files *files, const char *path)
{
    int in = files->open(files->self, path, O_RDONLY);
    if (in < 0)
        return status_from_errno(-in);
    int out = aside_open(files, path);
    enum status status = out < 0 ? status_from_errno(-out) : copy(files, in, out);
    files->close(files->self, in);
    if (out >= 0)
        files->close(files->self, out);
    return status;
}

enum status repair_output_finish(struct repair_output *output, const char *path)
{
    char from[PATH_MAX];
    const struct wal_files *files = output->files;
    path_of(output, from);
    if (output->status == STATUS_OK)
        output->status = wal_files_sync(files, output->fd);
    if (output->fd >= 0)
        files->close(files->self, output->fd);
    if (output->status == STATUS_OK)
        output->status = keep_aside(files, path);
    if (output->status == STATUS_OK)
        output->status = status_from_errno(-files->rename(files->self, from, path));
    if (output->status == STATUS_OK)
        output->status = status_from_errno(-files->sync_folder(files->self, output->folder));
    return output->status;
}
