/* A set of files read as lines: one file, a glob, or standard input ("-"); each plain, .gz or .zst.
 *
 *     path ── glob ──▶ file ── file ── file ──▶ items: line, line, refusal, line, end of file, line …
 *
 * Not followed: each file once, in order of name, then STATUS_END. Followed: what is appended, what is added, what is
 * written anew, replaced (rotated), removed or put back; a packed file is read when it has stopped growing, and again
 * when it changes. The set is looked at once a second. A file read again from its start gives its reports again:
 * whoever has them knows them by their id. What cannot be read is said once, and again only after it could be read in
 * between.
 *
 * With a memory, a restart goes on where the last save stood: a followed file behind what was read, however it grew
 * (and what was left of it, if it was renamed within its folder meanwhile, before the one that has its name now); a
 * packed or not followed one only if it is the very same, else it is read again from its start. Read to its end, it
 * stays so. Standard input and pipes are not remembered. */
#pragma once

#include "agents/input_place.h"
#include "agents/source_driver.h"
#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input;

struct input_options {
    const char *path; /* copied */
    bool follow;
    size_t slot_bytes;                  /* the reader's own memory for each file, zeroed at each start of it */
    void (*slot_fini)(void *slot);      /* before a slot is zeroed or freed; may be NULL */
    const struct source_memory *memory; /* copied; may be NULL */
};

enum input_item_kind {
    INPUT_LINE,     /* text, without its end */
    INPUT_REFUSAL,  /* of a line (line > 0) or of the file (line 0): reason */
    INPUT_FILE_END, /* nothing more comes from this file as it is now; its slot lives until the next call */
    INPUT_PAUSE,    /* much was read, nothing to say yet: let others have their turn */
};

struct input_item {
    enum input_item_kind kind;
    const char *file; /* for people: the path, or "-" */
    uint64_t line;
    struct span text;
    const char *reason;
    void *slot;
    struct input_place *place; /* of the file; lives as long as the slot. Its reader advances it */
    uint64_t end;              /* of a line: the offset behind it */
};

/* Does the path name a set of files, and not one? */
bool input_is_pattern(const char *path);
/* STATUS_NOT_FOUND, STATUS_PERMISSION, STATUS_INVALID (a directory) and their like with the sentence, where nothing is
 * there to read; a followed one that is missing is waited for instead, and said by an item. */
enum status input_open(const struct input_options *options, struct input **ret_input, char ret_reason[256]) MUST_CHECK;
void input_close(struct input *input);
/* STATUS_OK: an item, borrowed until the next call. STATUS_AGAIN: nothing now. STATUS_END: read to the end, for ever.
 * Anything else: nothing now, and part of the set cannot be read (already said by an item); ask again later. */
enum status input_next(struct input *input, struct input_item *ret_item) MUST_CHECK;
/* Sets in the memory what has changed of the places. */
void input_save(struct input *input);
/* Bytes of files taken, and in all; total 0: unknown. */
void input_progress(const struct input *input, uint64_t *ret_done, uint64_t *ret_total);
