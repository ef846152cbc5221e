/* A table for people: as wide as the terminal, full where standard output is none (libsmartcols). */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER, /* set right */
    COLUMN_LONG,   /* cut first where the terminal is narrow */
    COLUMN_LINES,  /* a line feed begins a new line within the cell */
};

struct table_column {
    const char *title;
    enum column_kind kind;
};

struct table;

enum status table_open(FILE *stream, const struct table_column *columns, size_t count,
                       struct table **ret_table) MUST_CHECK;
/* Copies the cells, one a column; NULL is an empty one. */
enum status table_add(struct table *table, const char *const *cells) MUST_CHECK;
/* Columns of the terminal; 0 where the stream is none. */
size_t table_width(const struct table *table);
/* Writes the table (nothing where it has no row) and frees it. */
enum status table_close(struct table *table) MUST_CHECK;
