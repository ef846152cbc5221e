/* Two ways to unpack behind one seam, told apart by the file's first bytes. gzip is zlib's: libarchive, which unpacks
 * zstd, does not look at gzip's checksum. */
#include "agents/input_packed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define READ_BYTES (64u * 1024u)

struct packing { /* a way to unpack */
    unsigned char magic[4];
    size_t magic_size;
    enum status (*open)(struct packed *packed, char ret_reason[256]);
    enum status (*read)(struct packed *packed, char *bytes, size_t room, size_t *ret_size, char ret_reason[256]);
    void (*close)(struct packed *packed);
};

struct packed {
    const struct packing *packing;
    int fd;
    uint64_t taken;
    struct { /* of gzip */
        z_stream stream;
        bool within; /* a member has begun and has not ended */
        unsigned char input[READ_BYTES];
    } gzip;
    struct { /* of zstd */
        struct archive *archive;
        bool empty;
    } zstd;
};

static enum status failed(enum status status, const char *sentence, char ret_reason[256])
{
    snprintf(ret_reason, 256, "%s", sentence);
    return status;
}

static enum status truncated(char ret_reason[256])
{
    return failed(STATUS_CORRUPT, "the packed file is truncated: it ends too early; what was read before stays",
                  ret_reason);
}

static enum status damaged(const char *what, char ret_reason[256])
{
    snprintf(ret_reason, 256, "the packed file is damaged (%.120s); what was read before stays, and may be wrong",
             what != NULL ? what : "unknown reason");
    return STATUS_CORRUPT;
}

/* --- gzip --- */

static enum status gzip_open(struct packed *packed, char ret_reason[256])
{
    const int gzip_only = MAX_WBITS + 16; /* with the head and the checksum of a .gz */
    if (inflateInit2(&packed->gzip.stream, gzip_only) == Z_OK)
        return STATUS_OK;
    return failed(STATUS_NO_MEMORY, status_text(STATUS_NO_MEMORY), ret_reason);
}

static void gzip_close(struct packed *packed)
{
    (void)inflateEnd(&packed->gzip.stream);
}

/* STATUS_END: the file has no more bytes. */
static enum status gzip_feed(struct packed *packed, char ret_reason[256])
{
    ssize_t got;
    do
        got = read(packed->fd, packed->gzip.input, sizeof(packed->gzip.input));
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        snprintf(ret_reason, 256, "cannot be read on: %s", strerror(errno));
        return status_from_errno(errno);
    }
    packed->gzip.stream.next_in = packed->gzip.input;
    packed->gzip.stream.avail_in = (uInt)got;
    packed->taken += (uint64_t)got;
    return got > 0 ? STATUS_OK : STATUS_END;
}

/* Between two members: passes over zeros, which tapes and copies put behind a file. */
static void gzip_member_begin(struct packed *packed)
{
    z_stream *stream = &packed->gzip.stream;
    for (; stream->avail_in > 0 && *stream->next_in == 0; stream->avail_in--)
        stream->next_in++;
    packed->gzip.within = stream->avail_in > 0;
    if (packed->gzip.within)
        (void)inflateReset(stream);
}

static enum status gzip_read(struct packed *packed, char *bytes, size_t room, size_t *ret_size, char ret_reason[256])
{
    z_stream *stream = &packed->gzip.stream;
    stream->next_out = (Bytef *)bytes;
    stream->avail_out = (uInt)room;
    while (stream->avail_out == (uInt)room) {
        enum status status = stream->avail_in == 0 ? gzip_feed(packed, ret_reason) : STATUS_OK;
        if (status == STATUS_END)
            return packed->gzip.within ? truncated(ret_reason) : STATUS_END;
        if (status != STATUS_OK)
            return status;
        if (!packed->gzip.within)
            gzip_member_begin(packed);
        if (!packed->gzip.within)
            continue;
        int answer = inflate(stream, Z_NO_FLUSH);
        if (answer == Z_MEM_ERROR)
            return failed(STATUS_NO_MEMORY, status_text(STATUS_NO_MEMORY), ret_reason);
        if (answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR)
            return damaged(stream->msg, ret_reason);
        packed->gzip.within = answer != Z_STREAM_END;
    }
    *ret_size = room - stream->avail_out;
    return STATUS_OK;
}

/* --- zstd --- */

static enum status zstd_failed(struct packed *packed, char ret_reason[256])
{
    const char *text = archive_error_string(packed->zstd.archive);
    return text != NULL && strstr(text, "runcated") != NULL ? truncated(ret_reason) : damaged(text, ret_reason);
}

static enum status zstd_open(struct packed *packed, char ret_reason[256])
{
    struct archive_entry *entry;
    packed->zstd.archive = archive_read_new();
    if (packed->zstd.archive == NULL)
        return failed(STATUS_NO_MEMORY, status_text(STATUS_NO_MEMORY), ret_reason);
    if (archive_read_support_filter_zstd(packed->zstd.archive) != ARCHIVE_OK ||
        archive_read_support_format_raw(packed->zstd.archive) != ARCHIVE_OK ||
        archive_read_support_format_empty(packed->zstd.archive) != ARCHIVE_OK ||
        archive_read_open_fd(packed->zstd.archive, packed->fd, READ_BYTES) != ARCHIVE_OK)
        return zstd_failed(packed, ret_reason);
    int answer = archive_read_next_header(packed->zstd.archive, &entry);
    packed->zstd.empty = answer == ARCHIVE_EOF;
    return answer == ARCHIVE_OK || packed->zstd.empty ? STATUS_OK : zstd_failed(packed, ret_reason);
}

static void zstd_close(struct packed *packed)
{
    archive_read_free(packed->zstd.archive);
}

static enum status zstd_read(struct packed *packed, char *bytes, size_t room, size_t *ret_size, char ret_reason[256])
{
    if (packed->zstd.empty)
        return STATUS_END;
    la_ssize_t got = archive_read_data(packed->zstd.archive, bytes, room);
    packed->taken = (uint64_t)archive_filter_bytes(packed->zstd.archive, -1);
    if (got < 0)
        return zstd_failed(packed, ret_reason);
    *ret_size = (size_t)got;
    return got > 0 ? STATUS_OK : STATUS_END;
}

/* --- either --- */

static const struct packing packings[] = {
    {{0x1f, 0x8b}, 2, gzip_open, gzip_read, gzip_close},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, zstd_open, zstd_read, zstd_close},
};

static const struct packing *packing_find(const unsigned char *head, size_t size)
{
    for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++)
        if (size >= packings[i].magic_size && memcmp(head, packings[i].magic, packings[i].magic_size) == 0)
            return &packings[i];
    return NULL;
}

bool packed_head_is(const unsigned char *head, size_t size)
{
    return packing_find(head, size) != NULL;
}

enum status packed_open(int fd, const unsigned char *head, size_t head_size, struct packed **ret_packed,
                        char ret_reason[256])
{
    const struct packing *packing = packing_find(head, head_size);
    if (packing == NULL)
        return damaged("neither gzip nor zstd", ret_reason);
    struct packed *packed = calloc(1, sizeof(*packed));
    if (packed == NULL)
        return failed(STATUS_NO_MEMORY, status_text(STATUS_NO_MEMORY), ret_reason);
    packed->packing = packing;
    packed->fd = fd;
    enum status status = packing->open(packed, ret_reason);
    if (status != STATUS_OK) {
        packed_close(packed);
        return status;
    }
    *ret_packed = packed;
    return STATUS_OK;
}

void packed_close(struct packed *packed)
{
    if (packed == NULL)
        return;
    packed->packing->close(packed);
    free(packed);
}

enum status packed_read(struct packed *packed, char *bytes, size_t room, size_t *ret_size, char ret_reason[256])
{
    return packed->packing->read(packed, bytes, room, ret_size, ret_reason);
}

uint64_t packed_taken(const struct packed *packed)
{
    return packed->taken;
}
