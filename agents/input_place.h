/* How far a file was read, so that reading can go on there after a restart.
 *
 *     line line line line│line line          offset: bytes (unpacked) that are dealt with, `line` of them lines
 *     └ head_lines       └ offset
 *
 * A place belongs to one file: it says by inode, first bytes, size and time of change which. The device is left out:
 * its number may change when a machine starts anew. */
#pragma once

#include "agents/input_file.h"
#include "base/span.h"
#include "proto/json.h"

#include <stdbool.h>
#include <stdint.h>

struct input_place {
    bool known;  /* false: nothing was read, the rest means nothing */
    bool ended;  /* read to its end */
    bool packed; /* offset counts unpacked bytes */
    uint64_t inode;
    uint64_t size; /* of the file as it was read */
    int64_t changed_s;
    uint32_t changed_ns;
    unsigned char head[INPUT_HEAD_BYTES];
    uint32_t head_size;
    uint64_t offset;
    uint64_t line;
    /* Its reader's own. */
    uint64_t passed;     /* lines before that number were told */
    uint32_t head_lines; /* so many lines from the first are given again before it goes on at offset */
    bool moved;          /* since it was last written down */
};

#define INPUT_PLACE_BYTES 160u /* at most, written down */

/* Everything before offset, the first `line` lines, is dealt with. Never goes back. */
void input_place_advance(struct input_place *place, uint64_t offset, uint64_t line);
/* Takes down which file it is of, as it is now: an open one. */
void input_place_identify(struct input_place *place, const struct input_file *file);
/* Whether the open file is the one the place is of, so that reading may go on there. A file that grows may have grown;
 * any other must be the very same. */
bool input_place_fits(const struct input_place *place, const struct input_file *file, enum input_ending ending);
/* Its file has lost its name since (a rotation): looks for it under another one in the same folder. */
bool input_place_left(const struct input_place *place, const char *path, char ret_path[4096]);

void input_place_write(const struct input_place *place, struct text *bytes);
/* STATUS_INVALID: not what input_place_write wrote. */
enum status input_place_read(struct span bytes, struct input_place *ret_place) MUST_CHECK;
