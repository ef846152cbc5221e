#include "agents/sources/csv/rows.h"

#include "proto/limits.h"

#include <stdlib.h>
#include <string.h>

static int is_end_of_row(unsigned char byte)
{
    return byte == '\n'; /* a lone CR is content */
}

static enum status parser_start(struct rows *rows)
{
    if (csv_init(&rows->parser, CSV_STRICT | CSV_REPALL_NL) != 0)
        return STATUS_NO_MEMORY;
    csv_set_delim(&rows->parser, (unsigned char)rows->delimiter);
    csv_set_term_func(&rows->parser, is_end_of_row);
    return STATUS_OK;
}

enum status rows_init(struct rows *rows, char delimiter)
{
    *rows = (struct rows){.delimiter = delimiter};
    rows->stops = calloc(ROWS_CELLS_MAX, sizeof(*rows->stops));
    rows->cells = calloc(ROWS_CELLS_MAX, sizeof(*rows->cells));
    if (rows->stops != NULL && rows->cells != NULL && parser_start(rows) == STATUS_OK)
        return STATUS_OK;
    free(rows->stops);
    free(rows->cells);
    *rows = (struct rows){0};
    return STATUS_NO_MEMORY;
}

void rows_fini(struct rows *rows)
{
    if (rows->stops != NULL)
        csv_free(&rows->parser);
    free(rows->held);
    free(rows->text);
    free(rows->stops);
    free(rows->cells);
    *rows = (struct rows){0};
}

static enum status grow(char **bytes, size_t *room, size_t needed)
{
    if (needed <= *room)
        return STATUS_OK;
    size_t wider = *room > 0 ? *room : 4096;
    while (wider < needed)
        wider *= 2;
    char *grown = realloc(*bytes, wider);
    if (grown == NULL)
        return STATUS_NO_MEMORY;
    *bytes = grown;
    *room = wider;
    return STATUS_OK;
}

/* Once for the lines of a row, not once for each row: behind a lost quote a megabyte of short rows may be held. */
static void forget_done(struct rows *rows)
{
    if (rows->start == 0)
        return;
    memmove(rows->held, rows->held + rows->start, rows->held_size - rows->start);
    rows->held_size -= rows->start;
    rows->fed -= rows->start;
    rows->start = 0;
}

enum status rows_add(struct rows *rows, struct span line, uint64_t number)
{
    forget_done(rows);
    enum status status = grow(&rows->held, &rows->held_room, rows->held_size + line.size + 1);
    if (status != STATUS_OK)
        return status;
    if (rows->held_size == 0)
        rows->first = number;
    if (line.size > 0)
        memcpy(rows->held + rows->held_size, line.data, line.size);
    rows->held[rows->held_size + line.size] = '\n';
    rows->held_size += line.size + 1;
    rows->ended = false;
    return STATUS_OK;
}

void rows_end(struct rows *rows)
{
    rows->ended = true;
}

static void on_cell(void *bytes, size_t size, void *self)
{
    struct rows *rows = self;
    if (rows->cell_count == ROWS_CELLS_MAX)
        rows->too_many = true;
    if (rows->too_many || rows->no_memory)
        return;
    if (grow(&rows->text, &rows->text_room, rows->text_size + size + 1) != STATUS_OK) {
        rows->no_memory = true;
        return;
    }
    if (size > 0)
        memcpy(rows->text + rows->text_size, bytes, size);
    rows->text_size += size;
    rows->stops[rows->cell_count++] = rows->text_size;
}

static void on_row(int ending, void *self)
{
    struct rows *rows = self;
    rows->complete = true;
}

static void forget_cells(struct rows *rows)
{
    rows->text_size = rows->cell_count = 0;
    rows->complete = rows->too_many = rows->no_memory = false;
}

/* Drops the bytes of the held lines up to `stop`, which is behind a line's end. */
static void drop(struct rows *rows, size_t stop)
{
    for (size_t i = rows->start; i < stop; i++)
        rows->first += rows->held[i] == '\n';
    rows->start = rows->fed = stop;
}

static size_t line_stop(const struct rows *rows, size_t from)
{
    const char *stop = memchr(rows->held + from, '\n', rows->held_size - from);
    return (size_t)(stop - rows->held) + 1; /* every held line has its end */
}

static enum rows_answer refuse(struct rows *rows, const char *reason, struct rows_item *ret_item)
{
    *ret_item = (struct rows_item){.line = rows->first, .reason = reason};
    drop(rows, line_stop(rows, rows->start));
    csv_free(&rows->parser);
    if (parser_start(rows) != STATUS_OK)
        rows->ended = true; /* csv_init allocates nothing; it fails on NULL alone */
    forget_cells(rows);
    return ROWS_REFUSED;
}

static enum rows_answer give_row(struct rows *rows, struct rows_item *ret_item)
{
    size_t start = 0;
    for (size_t i = 0; i < rows->cell_count; i++) {
        rows->cells[i] = (struct span){rows->text + start, rows->stops[i] - start};
        start = rows->stops[i];
    }
    *ret_item = (struct rows_item){.line = rows->first, .cells = rows->cells, .count = rows->cell_count};
    drop(rows, rows->fed);
    return ROWS_ROW;
}

enum rows_answer rows_next(struct rows *rows, struct rows_item *ret_item)
{
    if (rows->fed == rows->start)
        forget_cells(rows);
    while (rows->fed < rows->held_size) {
        size_t stop = line_stop(rows, rows->fed);
        size_t size = stop - rows->fed;
        size_t took = csv_parse(&rows->parser, rows->held + rows->fed, size, on_cell, on_row, rows);
        rows->fed = stop;
        if (rows->no_memory || (took != size && csv_error(&rows->parser) != CSV_EPARSE))
            return refuse(rows, "out of memory", ret_item);
        if (took != size)
            return refuse(
                rows,
                "a quote stands where none can be: a cell with quotes is quoted whole, and its quotes are doubled",
                ret_item);
        if (rows->too_many)
            return refuse(rows, "the row has more than 1024 cells", ret_item);
        if (rows->complete && rows->cell_count > 0)
            return give_row(rows, ret_item);
        if (rows->complete) { /* a blank line */
            drop(rows, rows->fed);
            forget_cells(rows);
        }
        if (rows->fed - rows->start > LIMIT_LINE_BYTES)
            return refuse(rows, "the row is longer than 1 MiB: is the quote it opens closed?", ret_item);
    }
    if (rows->ended && rows->held_size > rows->start)
        return refuse(rows, "the file ends within a quoted cell", ret_item);
    return ROWS_HUNGRY;
}
