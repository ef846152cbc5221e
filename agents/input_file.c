#include "agents/input_file.h"

#include "agents/input_packed.h"
#include "proto/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES     (64u * 1024u)
#define READS_PER_CALL 32 /* then the loop gets its turn */

enum status input_file_init(struct input_file *file, const char *path)
{
    *file = (struct input_file){.path = strdup(path), .fd = -1};
    return file->path != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

void input_file_close(struct input_file *file)
{
    packed_close(file->packed);
    if (file->spool > 0)
        close(file->spool);
    if (file->fd > STDIN_FILENO)
        close(file->fd);
    free(file->buffer);
    *file = (struct input_file){
        .path = file->path, .fd = -1, .device = file->device, .inode = file->inode, .size = file->size};
}

void input_file_fini(struct input_file *file)
{
    input_file_close(file);
    free(file->path);
    *file = (struct input_file){.fd = -1};
}

/* --- opening --- */

static bool has_suffix(const char *path, const char *suffix)
{
    size_t length = strlen(path), wanted = strlen(suffix);
    return length >= wanted && strcmp(path + length - wanted, suffix) == 0;
}

static enum status fail(struct input_file *file, enum status status, char ret_reason[256], const char *sentence)
{
    input_file_close(file);
    snprintf(ret_reason, 256, "%s", sentence);
    return status;
}

enum status input_file_open(struct input_file *file, char ret_reason[256])
{
    return input_file_open_as(file, file->path, ret_reason);
}

enum status input_file_open_as(struct input_file *file, const char *path, char ret_reason[256])
{
    input_file_close(file);
    if (strcmp(path, "-") == 0) {
        file->fd = STDIN_FILENO;
        file->kind = INPUT_STREAM;
        return STATUS_OK;
    }
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat about;
    if (file->fd < 0 || fstat(file->fd, &about) != 0) {
        int error = errno;
        snprintf(ret_reason, 256, "cannot be read: %s", strerror(error));
        input_file_close(file);
        return status_from_errno(error);
    }
    if (S_ISDIR(about.st_mode))
        return fail(file, STATUS_INVALID, ret_reason,
                    "is a directory, expected a file (or a pattern such as DIRECTORY/*.jsonl)");
    file->device = about.st_dev;
    file->inode = about.st_ino;
    if (!S_ISREG(about.st_mode)) {
        file->kind = INPUT_STREAM;
        return STATUS_OK;
    }
    file->size = (uint64_t)about.st_size;
    ssize_t got = pread(file->fd, file->head, sizeof(file->head), 0);
    file->head_size = got > 0 ? (size_t)got : 0;
    bool named = has_suffix(path, ".gz") || has_suffix(path, ".zst");
    if (!packed_head_is(file->head, file->head_size)) {
        if (named && file->size > 0)
            return fail(file, STATUS_CORRUPT, ret_reason, "is named as a packed file, but is neither gzip nor zstd");
        if (named)
            return fail(file, STATUS_CORRUPT, ret_reason, "is named as a packed file, but is empty");
        file->kind = INPUT_PLAIN;
        return STATUS_OK;
    }
    file->kind = INPUT_PACKED;
    enum status status = packed_open(file->fd, file->head, file->head_size, &file->packed, ret_reason);
    if (status != STATUS_OK)
        input_file_close(file);
    return status;
}

/* --- going on in the middle --- */

void input_file_go_on(struct input_file *file, uint32_t head_lines, uint64_t offset, uint64_t line)
{
    file->jumping = offset > 0;
    file->jump_after = head_lines;
    file->jump_offset = offset;
    file->jump_line = line;
}

static enum status jump(struct input_file *file, char ret_reason[256])
{
    uint64_t distance = file->jump_offset > file->behind ? file->jump_offset - file->behind : 0;
    size_t held = file->end - file->start;
    file->jumping = false;
    file->line = file->jump_line;
    file->behind += distance;
    if (distance <= held) {
        file->start += (size_t)distance;
        file->scanned = file->start;
        return STATUS_OK;
    }
    file->start = file->scanned = file->end;
    if (file->kind == INPUT_PACKED) {
        file->discard = distance - held;
        return STATUS_OK;
    }
    if (lseek(file->fd, (off_t)file->jump_offset, SEEK_SET) < 0) {
        int error = errno;
        snprintf(ret_reason, 256, "cannot be read on: %s", strerror(error));
        return status_from_errno(error);
    }
    file->taken = file->jump_offset;
    return STATUS_OK;
}

/* What was just appended to an empty buffer, or its beginning, was given before a restart. */
static void discard(struct input_file *file)
{
    size_t got = file->end - file->start;
    size_t drop = file->discard < got ? (size_t)file->discard : got;
    file->discard -= drop;
    file->start += drop;
    file->scanned = file->start;
}

/* --- reading --- */

static enum status buffer_reserve(struct input_file *file)
{
    if (file->start > 0) {
        memmove(file->buffer, file->buffer + file->start, file->end - file->start);
        file->end -= file->start;
        file->scanned -= file->start;
        file->start = 0;
    }
    if (file->room - file->end >= READ_BYTES)
        return STATUS_OK;
    size_t room = file->room == 0 ? 2 * (size_t)READ_BYTES : file->room * 2;
    char *grown = realloc(file->buffer, room);
    if (grown == NULL)
        return STATUS_NO_MEMORY;
    file->buffer = grown;
    file->room = room;
    return STATUS_OK;
}

/* Has a plain file been written anew in place, whatever its size now? */
static bool head_changed(const struct input_file *file)
{
    unsigned char head[INPUT_HEAD_BYTES];
    ssize_t got = file->head_size > 0 ? pread(file->fd, head, file->head_size, 0) : 0;
    return got != (ssize_t)file->head_size || memcmp(head, file->head, file->head_size) != 0;
}

/* --- a packed stream: kept in a file without a name until it is whole, for unpacking cannot wait in the middle --- */

static enum status spool_fail(char ret_reason[256], const char *what)
{
    int error = errno;
    snprintf(ret_reason, 256, "is packed, and %s: %s", what, strerror(error));
    return status_from_errno(error);
}

static enum status spool_open(struct input_file *file, char ret_reason[256])
{
    const char *folder = getenv("TMPDIR");
    char name[4096];
    snprintf(name, sizeof name, "%s/vedette-stream-XXXXXX", folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    int spool = mkostemp(name, O_CLOEXEC);
    if (spool < 0)
        return spool_fail(ret_reason, "there is no room for a temporary file");
    (void)unlink(name);
    file->spool = spool;
    return STATUS_OK;
}

static enum status spool_write(struct input_file *file, const char *bytes, size_t size, char ret_reason[256])
{
    while (size > 0) {
        ssize_t put = write(file->spool, bytes, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return spool_fail(ret_reason, "its temporary file cannot be written");
        bytes += put;
        size -= (size_t)put;
    }
    return STATUS_OK;
}

/* The stream has ended: from here on it is a packed file. */
static enum status spool_turn(struct input_file *file, char ret_reason[256])
{
    ssize_t got = pread(file->spool, file->head, sizeof file->head, 0);
    if (got < 0 || lseek(file->spool, 0, SEEK_SET) != 0)
        return spool_fail(ret_reason, "its temporary file cannot be read");
    if (file->fd > STDIN_FILENO)
        close(file->fd);
    file->fd = file->spool;
    file->spool = 0;
    file->head_size = (size_t)got;
    file->kind = INPUT_PACKED;
    return packed_open(file->fd, file->head, file->head_size, &file->packed, ret_reason);
}

/* Appends bytes. STATUS_AGAIN: none now. STATUS_END: none any more (of a plain file: for now). */
static enum status take_bytes(struct input_file *file, char ret_reason[256])
{
    enum status status = buffer_reserve(file);
    if (status != STATUS_OK) {
        snprintf(ret_reason, 256, "%s", status_text(status));
        return status;
    }
    if (file->kind == INPUT_PACKED) {
        size_t got = 0;
        status = packed_read(file->packed, file->buffer + file->end, READ_BYTES, &got, ret_reason);
        file->taken = packed_taken(file->packed);
        file->end += got;
        if (file->discard > 0)
            discard(file);
        return status;
    }
    if (file->kind == INPUT_STREAM && poll(&(struct pollfd){.fd = file->fd, .events = POLLIN}, 1, 0) == 0)
        return STATUS_AGAIN; /* standard input is shared with others: it is asked, never made non-blocking */
    if (file->kind == INPUT_PLAIN && head_changed(file))
        return STATUS_END; /* what follows is no continuation of what was read: input_file_change will say so */
    ssize_t got = read(file->fd, file->buffer + file->end, READ_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return STATUS_AGAIN;
    if (got < 0) {
        int error = errno;
        snprintf(ret_reason, 256, "cannot be read on: %s", strerror(error));
        return status_from_errno(error);
    }
    if (file->kind == INPUT_PLAIN && file->head_size < sizeof(file->head) && got > 0) {
        ssize_t head = pread(file->fd, file->head, sizeof(file->head), 0);
        file->head_size = head > 0 ? (size_t)head : 0;
    }
    if (file->kind == INPUT_STREAM && file->taken == 0 && packed_head_is((unsigned char *)file->buffer, (size_t)got)) {
        status = spool_open(file, ret_reason);
        if (status != STATUS_OK)
            return status;
    }
    if (file->spool > 0) {
        file->taken += (uint64_t)got;
        return got == 0 ? spool_turn(file, ret_reason)
                        : spool_write(file, file->buffer + file->end, (size_t)got, ret_reason);
    }
    file->end += (size_t)got;
    file->taken += (uint64_t)got;
    if (file->taken > file->size)
        file->size = file->taken;
    return got == 0 ? STATUS_END : STATUS_OK;
}

/* Gives the bytes up to `stop` as a line, the `skip` bytes of its end left out. */
static enum status give(struct input_file *file, size_t stop, size_t skip, struct span *ret_line)
{
    struct span line = {file->buffer + file->start, stop - file->start};
    file->behind += line.size + skip;
    file->start = stop + skip;
    file->scanned = file->start;
    file->line++;
    bool skipped = file->skipping;
    file->skipping = false;
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    if (file->line == 1 && line.size >= 3 && memcmp(line.data, "\xEF\xBB\xBF", 3) == 0)
        line = (struct span){line.data + 3, line.size - 3};
    if (skipped || line.size > LIMIT_LINE_BYTES)
        return STATUS_TOO_LARGE;
    *ret_line = line;
    return STATUS_OK;
}

static enum status at_end(struct input_file *file, enum input_ending ending, struct span *ret_line)
{
    if (file->kind == INPUT_PLAIN && ending == INPUT_GROWS)
        return STATUS_AGAIN;
    if (file->start < file->end || file->skipping)
        return give(file, file->end, 0, ret_line);
    file->finished = true;
    return STATUS_END;
}

enum status input_file_line(struct input_file *file, enum input_ending ending, struct span *ret_line,
                            char ret_reason[256])
{
    for (int reads = 0; !file->finished; reads++) {
        if (file->jumping && file->line >= file->jump_after) {
            enum status status = jump(file, ret_reason);
            if (status != STATUS_OK)
                return status;
        }
        size_t left = file->end - file->scanned;
        const char *stop = left > 0 ? memchr(file->buffer + file->scanned, '\n', left) : NULL;
        if (stop != NULL)
            return give(file, (size_t)(stop - file->buffer), 1, ret_line);
        file->scanned = file->end;
        if (file->skipping || file->end - file->start > LIMIT_LINE_BYTES + 4u) { /* room for the mark and CR */
            file->skipping = true;
            file->behind += file->end - file->start;
            file->start = file->scanned = file->end;
        }
        if (reads == READS_PER_CALL)
            return STATUS_FULL;
        enum status status = take_bytes(file, ret_reason);
        if (status == STATUS_END)
            return at_end(file, ending, ret_line);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_END;
}

enum input_change input_file_change(const struct input_file *file)
{
    struct stat about;
    if (stat(file->path, &about) != 0)
        return INPUT_GONE;
    if (about.st_dev != file->device || about.st_ino != file->inode)
        return INPUT_REPLACED;
    if ((uint64_t)about.st_size < file->taken)
        return INPUT_RESTARTED;
    return head_changed(file) ? INPUT_RESTARTED : INPUT_SAME;
}
