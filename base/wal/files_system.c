#include "base/wal/wal_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int answer(int result)
{
    return result < 0 ? -errno : result;
}

static int system_open(void *self, const char *path, int flags)
{
    return answer(open(path, flags | O_CLOEXEC, 0600));
}

static void system_close(void *self, int fd)
{
    (void)close(fd);
}

static int64_t system_pread(void *self, int fd, void *bytes, size_t size, uint64_t offset)
{
    ssize_t done = pread(fd, bytes, size, (off_t)offset);
    return done < 0 ? -errno : done;
}

static int64_t system_pwrite(void *self, int fd, const void *bytes, size_t size, uint64_t offset)
{
    ssize_t done = pwrite(fd, bytes, size, (off_t)offset);
    return done < 0 ? -errno : done;
}

static int system_fdatasync(void *self, int fd)
{
    return answer(fdatasync(fd));
}

static int system_fallocate(void *self, int fd, uint64_t size)
{
    return answer(fallocate(fd, 0, 0, (off_t)size));
}

static int system_truncate(void *self, int fd, uint64_t size)
{
    return answer(ftruncate(fd, (off_t)size));
}

static int64_t system_size(void *self, int fd)
{
    struct stat status;
    return fstat(fd, &status) < 0 ? -errno : status.st_size;
}

static int system_rename(void *self, const char *from, const char *to)
{
    return answer(rename(from, to));
}

static int system_unlink(void *self, const char *path)
{
    return answer(unlink(path));
}

static int system_mkdir(void *self, const char *path)
{
    return answer(mkdir(path, 0700));
}

static int system_sync_folder(void *self, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = answer(fsync(fd));
    (void)close(fd);
    return result;
}

static int system_list(void *self, const char *path, void (*visit)(void *visitor, const char *name), void *visitor)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -errno;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        visit(visitor, entry->d_name);
    int result = -errno;
    (void)closedir(folder);
    return result;
}

static int system_lock(void *self, int fd)
{
    return answer(flock(fd, LOCK_EX | LOCK_NB));
}

static uint32_t system_random(void *self)
{
    uint32_t number = 0;
    while (getrandom(&number, sizeof number, 0) != sizeof number)
        continue;
    return number;
}

const struct wal_files wal_files_system = {
    .open = system_open,
    .close = system_close,
    .pread = system_pread,
    .pwrite = system_pwrite,
    .fdatasync = system_fdatasync,
    .fallocate = system_fallocate,
    .truncate = system_truncate,
    .size = system_size,
    .rename = system_rename,
    .unlink = system_unlink,
    .mkdir = system_mkdir,
    .sync_folder = system_sync_folder,
    .list = system_list,
    .lock = system_lock,
    .random = system_random,
};
