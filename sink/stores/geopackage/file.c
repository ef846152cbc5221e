#include "sink/stores/geopackage/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status say_errno(const char *what, int error, char ret_reason[256])
{
    snprintf(ret_reason, 256, "%s: %s", what, strerror(error));
    return status_from_errno(error);
}

char *file_beside(const char *path, const char *suffix)
{
    char *beside = malloc(strlen(path) + strlen(suffix) + 1);
    if (beside != NULL)
        sprintf(beside, "%s%s", path, suffix);
    return beside;
}

/* Is the file we hold open the one that the name leads to? Another may have removed it between our open and our lock.
 */
static bool is_same_file(int fd, const char *path)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

enum status file_lock_take(const char *path, struct file_lock *ret_lock, char ret_reason[256])
{
    char *name = file_beside(path, "-lock");
    if (name == NULL)
        return say_errno("cannot be locked", ENOMEM, ret_reason);
    for (;;) {
        int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0) {
            int error = errno;
            free(name);
            return say_errno("cannot be written", error, ret_reason);
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int error = errno;
            close(fd);
            free(name);
            if (error != EWOULDBLOCK)
                return say_errno("cannot be locked", error, ret_reason);
            snprintf(ret_reason, 256, "is being written by another program");
            return STATUS_BUSY;
        }
        if (is_same_file(fd, name)) {
            *ret_lock = (struct file_lock){.fd = fd, .path = name};
            return STATUS_OK;
        }
        close(fd);
    }
}

void file_lock_release(struct file_lock *lock)
{
    if (lock->fd < 0)
        return;
    (void)unlink(lock->path); /* while held: who opened it in between sees that the name leads elsewhere */
    (void)close(lock->fd);
    free(lock->path);
    *lock = (struct file_lock){.fd = -1};
}

enum status file_inspect(const char *path, enum file_kind *ret_kind, char ret_reason[256])
{
    struct stat stat_of;
    if (stat(path, &stat_of) != 0) {
        if (errno != ENOENT)
            return say_errno("cannot be opened", errno, ret_reason);
        *ret_kind = FILE_MISSING;
        return STATUS_OK;
    }
    if (!S_ISREG(stat_of.st_mode)) {
        snprintf(ret_reason, 256, "is %s, not a file", S_ISDIR(stat_of.st_mode) ? "a directory" : "a device");
        return STATUS_INVALID;
    }
    if (access(path, R_OK) != 0)
        return say_errno("cannot be read", errno, ret_reason);
    *ret_kind = stat_of.st_size == 0 ? FILE_EMPTY : FILE_FULL;
    return STATUS_OK;
}

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static int sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return ENOMEM;
    int error = sync_path(dirname(copy), O_RDONLY | O_DIRECTORY);
    free(copy);
    return error;
}

enum status file_put_in_place(const char *from, const char *to, char ret_reason[256])
{
    int error = sync_path(from, O_RDWR);
    if (error == 0 && rename(from, to) != 0)
        error = errno;
    if (error == 0)
        error = sync_folder_of(to);
    return error == 0 ? STATUS_OK : say_errno("cannot be put in its place", error, ret_reason);
}

void file_remove_stale(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return;
    char *slash = strrchr(copy, '/');
    const char *name = slash != NULL ? slash + 1 : copy;
    size_t size = strlen(name);
    if (slash != NULL)
        *slash = '\0';
    DIR *folder = opendir(slash == NULL ? "." : slash == copy ? "/" : copy);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        if (strncmp(entry->d_name, name, size) == 0 && strncmp(entry->d_name + size, ".tmp-", 5) == 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL)
        (void)closedir(folder);
    free(copy);
}

void file_remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char *name = file_beside(path, suffixes[i]);
        if (name != NULL)
            (void)unlink(name);
        free(name);
    }
}

char *file_immutable_url(const char *path)
{
    char *url = malloc(3 * strlen(path) + sizeof "file:?immutable=1");
    if (url == NULL)
        return NULL;
    char *at = url + sprintf(url, "file:");
    for (; *path != '\0'; path++) {
        if (strchr("%?#", *path) != NULL)
            at += sprintf(at, "%%%02X", (unsigned)(unsigned char)*path);
        else
            *at++ = *path;
    }
    sprintf(at, "?immutable=1");
    return url;
}
