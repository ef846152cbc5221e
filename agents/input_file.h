/* One file cut into lines: plain, packed (.gz, .zst), or a stream (standard input, a pipe).
 *
 *     bytes ──▶ buffer [start ······ end)  ──▶ line, line, line …      a line is found once: `scanned` remembers how
 * far └ scanned              the search for its end has come
 *
 * Memory: one buffer, never more than the longest line allowed and one read. A byte is copied at most twice. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define INPUT_HEAD_BYTES 64u

struct packed;

enum input_kind { INPUT_PLAIN, INPUT_PACKED, INPUT_STREAM };

/* What the end of the bytes means: a line without its end is not yet one, or is the last. */
enum input_ending { INPUT_GROWS, INPUT_ENDS };

struct input_file {
    char *path;
    enum input_kind kind;
    int fd;                /* -1: not open */
    int spool;             /* of a stream that turned out to be packed: where it is kept; 0: none */
    struct packed *packed; /* of a packed file */
    dev_t device;          /* what was opened, to know it again */
    ino_t inode;
    uint64_t size;                        /* in bytes when last looked at; 0 for a stream */
    uint64_t taken;                       /* bytes read from it, before unpacking */
    uint64_t line;                        /* number of the last line given, from 1 */
    unsigned char head[INPUT_HEAD_BYTES]; /* its first bytes: a plain file whose head changes was written anew */
    size_t head_size;
    char *buffer;
    size_t start, end, scanned, room;
    bool skipping;    /* within a line over the limit */
    uint64_t behind;  /* bytes (unpacked) before buffer[start] */
    uint64_t discard; /* bytes still to be unpacked and thrown away */
    bool jumping;     /* goes on elsewhere once jump_after lines were given */
    uint64_t jump_after, jump_offset, jump_line;
    bool finished; /* the source of bytes has none left, for ever */
};

/* Copies the path; opens nothing. STATUS_NO_MEMORY. */
enum status input_file_init(struct input_file *file, const char *path) MUST_CHECK;
void input_file_fini(struct input_file *file);

/* Opens at the first line. "-" is standard input. Never waits. The sentence in ret_reason. */
enum status input_file_open(struct input_file *file, char ret_reason[256]) MUST_CHECK;
/* After opening: gives the first head_lines lines, then those from offset (unpacked bytes) on, where line number `line`
 * ends. A packed file is unpacked up to there on the way. */
void input_file_go_on(struct input_file *file, uint32_t head_lines, uint64_t offset, uint64_t line);
/* Opens the file at path in the place of its own, whose name it keeps. */
enum status input_file_open_as(struct input_file *file, const char *path, char ret_reason[256]) MUST_CHECK;
/* Forgets what was read; it can be opened again. */
void input_file_close(struct input_file *file);

/* The next line, without its end (LF or CR LF) and without a byte-order mark; borrowed until the next call.
 * STATUS_OK; STATUS_AGAIN: none now; STATUS_END: none any more; STATUS_TOO_LARGE: the line of that number is over
 * LIMIT_LINE_BYTES and is skipped; STATUS_FULL: much was read without meeting the end of a line, ask again;
 * STATUS_CORRUPT, STATUS_IO and their like: the file cannot be read on, said in ret_reason. */
enum status input_file_line(struct input_file *file, enum input_ending ending, struct span *ret_line,
                            char ret_reason[256]) MUST_CHECK;

/* What became of an open plain file since it was read. */
enum input_change { INPUT_SAME, INPUT_RESTARTED, INPUT_REPLACED, INPUT_GONE };
/* RESTARTED: cut or written anew in place. REPLACED: another file has its name. GONE: no file has. Borrows. */
enum input_change input_file_change(const struct input_file *file);
