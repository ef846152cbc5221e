#include "cli/table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <unistd.h>

struct table {
    struct libscols_table *scols;
    FILE *stream;
    size_t columns;
    size_t rows;
};

static int column_flags(enum column_kind kind)
{
    switch (kind) {
    case COLUMN_TEXT:
        return 0;
    case COLUMN_NUMBER:
        return SCOLS_FL_RIGHT;
    case COLUMN_LONG:
        return SCOLS_FL_TRUNC;
    case COLUMN_LINES:
        return SCOLS_FL_WRAP;
    }
    return 0;
}

enum status table_open(FILE *stream, const struct table_column *columns, size_t count, struct table **ret_table)
{
    struct table *table = calloc(1, sizeof *table);
    struct libscols_table *scols = scols_new_table();
    if (table == NULL || scols == NULL)
        goto fail;
    table->scols = scols;
    table->columns = count;
    table->stream = stream;
    if (scols_table_set_stream(scols, stream) != 0)
        goto fail;
    for (size_t i = 0; i < count; i++) {
        double share = columns[i].kind == COLUMN_LONG ? 0.2 : 1.0;
        struct libscols_column *column =
            scols_table_new_column(scols, columns[i].title, share, column_flags(columns[i].kind));
        if (column == NULL)
            goto fail;
        bool has_lines = columns[i].kind == COLUMN_LINES;
        if (has_lines && (scols_column_set_safechars(column, "\n") != 0 ||
                          scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL) != 0))
            goto fail;
    }
    *ret_table = table;
    return STATUS_OK;
fail:
    scols_unref_table(scols);
    free(table);
    return STATUS_NO_MEMORY;
}

enum status table_add(struct table *table, const char *const *cells)
{
    struct libscols_line *line = scols_table_new_line(table->scols, NULL);
    if (line == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < table->columns; i++) {
        if (cells[i] != NULL && scols_line_set_data(line, i, cells[i]) != 0)
            return STATUS_NO_MEMORY;
    }
    table->rows++;
    return STATUS_OK;
}

size_t table_width(const struct table *table)
{
    return isatty(fileno(table->stream)) ? scols_table_get_termwidth(table->scols) : 0;
}

enum status table_close(struct table *table)
{
    int failed = table->rows > 0 ? scols_print_table(table->scols) : 0;
    scols_unref_table(table->scols);
    free(table);
    return failed != 0 ? STATUS_IO : STATUS_OK;
}
