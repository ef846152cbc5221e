#include "cli/backup/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTION (1024u * 1024u)

static enum status write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, bytes, size);
        if (wrote < 0 && errno != EINTR)
            return status_from_errno(errno);
        bytes += wrote > 0 ? wrote : 0;
        size -= wrote > 0 ? (size_t)wrote : 0;
    }
    return STATUS_OK;
}

/* out < 0: nowhere. */
static enum status pour(int in, int out, uint64_t most, struct copied *copied)
{
    static char portion[PORTION]; /* the command has one thread */
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    *copied = (struct copied){0};
    while (copied->bytes < most) {
        uint64_t left = most - copied->bytes;
        ssize_t got = read(in, portion, left < PORTION ? (size_t)left : PORTION);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return status_from_errno(errno);
        if (got == 0)
            break;
        crypto_hash_sha256_update(&state, (const unsigned char *)portion, (size_t)got);
        enum status status = out >= 0 ? write_all(out, portion, (size_t)got) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
        copied->bytes += (uint64_t)got;
    }
    crypto_hash_sha256_final(&state, copied->sum);
    return out < 0 || fsync(out) == 0 ? STATUS_OK : status_from_errno(errno);
}

enum status file_copy(const char *from, const char *to, unsigned mode, uint64_t most, struct copied *ret_copied)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return status_from_errno(errno);
    int out = to != NULL ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode) : -1;
    if (to != NULL && out < 0) {
        enum status status = status_from_errno(errno);
        (void)close(in);
        return status;
    }
    enum status status = pour(in, out, most, ret_copied);
    (void)close(in);
    if (out >= 0 && close(out) != 0 && status == STATUS_OK)
        status = status_from_errno(errno);
    return status;
}

enum status folder_make_empty(const char *path)
{
    if (mkdir(path, 0700) == 0)
        return STATUS_OK;
    if (errno != EEXIST)
        return status_from_errno(errno);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return status_from_errno(errno);
    enum status status = STATUS_OK;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = STATUS_EXISTS;
    (void)closedir(folder);
    return status;
}

enum status folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return status_from_errno(errno);
    enum status status = fsync(fd) == 0 ? STATUS_OK : status_from_errno(errno);
    (void)close(fd);
    return status;
}
