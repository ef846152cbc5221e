#include "base/log.h"
#include "base/wal/crc32c.h"
#include "correlator/journal/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION    1u
#define HEAD_BYTES 32u
static const char MAGIC[8] = {'v', 'e', 'd', 'e', 't', 't', 'e', 'c'};

/* Little-endian, on whatever machine. */
static void put(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)(unsigned char)at[i] << (8 * i);
    return value;
}

/* --- writing --- */

static void head_fill(unsigned char head[HEAD_BYTES], uint64_t generation, struct span body)
{
    memcpy(head, MAGIC, sizeof MAGIC);
    put(head + 8, VERSION, 4);
    put(head + 16, generation, 8);
    put(head + 24, body.size, 8);
    put(head + 12, crc32c(crc32c(0, head + 16, 16), body.data, body.size), 4);
}

static bool write_all(int file, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

static bool file_write(const char *path, uint64_t generation, struct span body)
{
    unsigned char head[HEAD_BYTES];
    head_fill(head, generation, body);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    bool written = write_all(file, head, sizeof head) && write_all(file, body.data, body.size) && fsync(file) == 0;
    int error = errno;
    bool is_closed = close(file) == 0;
    if (!written)
        errno = error;
    return written && is_closed;
}

static bool folder_sync(const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return false;
    bool synced = fsync(file) == 0;
    int error = errno;
    (void)close(file);
    errno = error;
    return synced;
}

enum status checkpoint_write(const char *folder, uint64_t generation, struct span body,
                             char ret_reason[CHECKPOINT_REASON_BYTES])
{
    char path[PATH_MAX], temporary[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/checkpoint.%u", folder, (unsigned)(generation % 2));
    (void)snprintf(temporary, sizeof temporary, "%s/checkpoint.%u.tmp", folder, (unsigned)(generation % 2));
    if (file_write(temporary, generation, body) && rename(temporary, path) == 0 && folder_sync(folder))
        return STATUS_OK;
    int error = errno;
    (void)unlink(temporary);
    (void)snprintf(ret_reason, CHECKPOINT_REASON_BYTES, "%.400s: the checkpoint cannot be written: %s", path,
                   strerror(error));
    return status_from_errno(error);
}

/* --- reading --- */

bool checkpoint_frame_read(struct span bytes, uint64_t *ret_generation, struct span *ret_body)
{
    if (bytes.size < HEAD_BYTES || memcmp(bytes.data, MAGIC, sizeof MAGIC) != 0 || get(bytes.data + 8, 4) != VERSION ||
        get(bytes.data + 24, 8) != bytes.size - HEAD_BYTES ||
        get(bytes.data + 12, 4) != crc32c(0, bytes.data + 16, bytes.size - 16))
        return false;
    *ret_generation = get(bytes.data + 16, 8);
    *ret_body = (struct span){bytes.data + HEAD_BYTES, bytes.size - HEAD_BYTES};
    return true;
}

/* Appends. */
static enum status file_read(const char *path, struct text *bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (file < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : status_from_errno(errno);
    char *at = fstat(file, &stat) == 0 ? text_extend(bytes, (size_t)stat.st_size) : NULL;
    size_t rest = at != NULL ? (size_t)stat.st_size : 0;
    while (rest > 0) {
        ssize_t got = read(file, at, rest);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        at += got;
        rest -= (size_t)got;
    }
    (void)close(file);
    if (at == NULL)
        return STATUS_NO_MEMORY;
    return rest == 0 ? STATUS_OK : STATUS_IO;
}

enum status checkpoint_read(const char *folder, struct text *ret_body, uint64_t *ret_generation)
{
    bool found = false;
    *ret_generation = 0;
    for (unsigned i = 0; i < 2; i++) {
        char path[PATH_MAX];
        struct text bytes = {0};
        struct span body;
        uint64_t generation;
        (void)snprintf(path, sizeof path, "%s/checkpoint.%u", folder, i);
        enum status status = file_read(path, &bytes);
        bool whole =
            status == STATUS_OK && checkpoint_frame_read((struct span){bytes.data, bytes.size}, &generation, &body);
        if (!whole && status != STATUS_NOT_FOUND)
            log_warn("checkpoint.damaged", "%s is not a whole checkpoint (%s): it is left out", path,
                     status == STATUS_OK ? "its checksum does not hold" : status_text(status));
        if (whole && (!found || generation > *ret_generation)) {
            found = true;
            *ret_generation = generation;
            text_clear(ret_body);
            text_append(ret_body, body);
        }
        text_fini(&bytes);
    }
    if (found && ret_body->failed)
        return STATUS_NO_MEMORY;
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}
