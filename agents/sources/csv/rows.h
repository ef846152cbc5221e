/* Lines into rows of cells (libcsv does the quoting). A row may run over several lines where a quoted cell does.
 *
 *     held:  ······ line\n line\n line\n   lines not yet known to be a row, the first of them numbered `first`
 *                   └ start     └ fed      how far libcsv has seen them; what is before `start` is done with
 *
 * A row that is wrong, or whose quote never closes, costs its first line only: it is refused, and what was held behind
 * it is read again as rows of its own. A lost quote thus costs one row, not the rest of the file. Each byte is parsed
 * twice at most, but for quotes nested on purpose; a row holds at most LIMIT_LINE_BYTES. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <csv.h>
#include <stdbool.h>
#include <stdint.h>

#define ROWS_CELLS_MAX 1024u

struct rows {
    struct csv_parser parser;
    char delimiter;
    char *held;
    size_t held_size, held_room, start, fed;
    uint64_t first; /* number of the line held[start] is in */
    char *text;     /* the cells' bytes, end to end */
    size_t text_size, text_room;
    size_t *stops; /* where each cell ends in text */
    struct span *cells;
    size_t cell_count;
    bool complete; /* libcsv has met the end of a row */
    bool too_many, no_memory;
    bool ended;
};

enum rows_answer {
    ROWS_ROW,     /* a row, from line `line` on */
    ROWS_REFUSED, /* line `line` is refused, with the reason */
    ROWS_HUNGRY,  /* wants a line */
};

struct rows_item {
    uint64_t line;
    const struct span *cells; /* borrowed until the next call */
    size_t count;
    const char *reason;
};

/* STATUS_NO_MEMORY. */
enum status rows_init(struct rows *rows, char delimiter) MUST_CHECK;
/* A zeroed one is fine too. */
void rows_fini(struct rows *rows);
/* Copies the line (without its end). Numbers are consecutive, but after rows_end. STATUS_NO_MEMORY. */
enum status rows_add(struct rows *rows, struct span line, uint64_t number) MUST_CHECK;
/* No line follows: what is held is a row or wrong. */
void rows_end(struct rows *rows);
/* Call until ROWS_HUNGRY before adding a line. */
enum rows_answer rows_next(struct rows *rows, struct rows_item *ret_item);
