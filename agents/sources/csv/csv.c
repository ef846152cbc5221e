/* CSV files whose columns a mapping turns into reports (README.md).
 *
 *   input ── lines ──▶ rows (one cutter a file) ── cells ──▶ mapping ──▶ report
 *
 * The first row of each file is its header.
 *
 * After a restart the header's lines come again, then those from the last place where no line was held; rows that were
 * told from there on are made anew and passed over, so that a file is cut into the same rows as without the restart. */
#include "agents/input.h"
#include "agents/mapping.h"
#include "agents/source_driver.h"
#include "agents/sources/csv/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (8u * 1024u * 1024u)

struct csv_file { /* the input's slot of a file */
    struct rows rows;
    struct mapping_binding *binding;
    struct input_place *place;
    uint64_t last, end;   /* the last line added: its number, and the offset behind it */
    uint64_t told_before; /* lines before that number were told before a restart */
    bool started;
    bool unusable; /* its header was refused */
};

struct csv {
    struct source_events events;
    struct input *input;
    struct mapping *mapping;
    char *name;
    struct arena arena;
    struct report report; /* offered, not yet taken */
    bool pending;
    const char *path;      /* of the file being read */
    uint64_t line;         /* where the report began */
    struct csv_file *file; /* whose rows are asked next; NULL: take a line first */
};

static void csv_file_fini(void *slot)
{
    struct csv_file *file = slot;
    rows_fini(&file->rows);
    mapping_unbind(file->binding);
}

static void csv_close(void *self)
{
    struct csv *csv = self;
    if (csv == NULL)
        return;
    input_close(csv->input);
    arena_fini(&csv->arena);
    free(csv->name);
    free(csv);
}

static enum status csv_open(const struct source_options *options, const struct source_events *events, void **ret_self,
                            char ret_reason[256])
{
    struct csv *csv = calloc(1, sizeof(*csv));
    if (csv == NULL || (csv->name = strdup(options->name)) == NULL) {
        free(csv);
        snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    csv->events = *events;
    csv->mapping = options->mapping;
    arena_init(&csv->arena, ARENA_BYTES);
    struct input_options input = {.path = options->path,
                                  .follow = options->follow,
                                  .slot_bytes = sizeof(struct csv_file),
                                  .slot_fini = csv_file_fini,
                                  .memory = options->memory};
    enum status status = input_open(&input, &csv->input, ret_reason);
    if (status != STATUS_OK) {
        csv_close(csv);
        return status;
    }
    *ret_self = csv;
    return STATUS_OK;
}

static void refuse(struct csv *csv, uint64_t line, const char *reason)
{
    csv->events.refused(csv->events.self, csv->path, line, reason);
}

static void take_header(struct csv *csv, struct csv_file *file, const struct rows_item *row)
{
    char reason[REASON_BYTES], said[REASON_BYTES + 48];
    if (mapping_bind(csv->mapping, row->cells, row->count, &file->binding, reason) == STATUS_OK)
        return;
    file->unusable = true; /* one refusal for the file, not one a row */
    (void)snprintf(said, sizeof said, "its header, line %llu: %s", (unsigned long long)row->line, reason);
    refuse(csv, 0, said);
}

static void take_row(struct csv *csv, struct csv_file *file, const struct rows_item *row)
{
    char reason[REASON_BYTES];
    if (file->unusable)
        return;
    if (file->binding == NULL) {
        take_header(csv, file, row);
        return;
    }
    arena_reset(&csv->arena);
    csv->line = row->line;
    switch (mapping_row(csv->mapping, file->binding, row->cells, row->count, csv->name, &csv->arena, &csv->report,
                        reason)) {
    case MAPPING_REPORT:
        csv->pending = true;
        break;
    case MAPPING_SKIPPED:
        csv->events.skipped(csv->events.self, csv->path, row->line);
        break;
    case MAPPING_REFUSED:
        refuse(csv, row->line, reason);
        break;
    }
}

/* What was told of the file up to now; where nothing is held of it, it may go on from there. */
static void note_place(struct csv_file *file)
{
    const struct rows *rows = &file->rows;
    if (file->binding != NULL && file->place->head_lines == 0)
        file->place->head_lines = (uint32_t)(rows->first - 1);
    if (rows->first <= file->place->passed)
        return;
    file->place->passed = rows->first;
    file->place->moved = file->place->known;
}

/* One row of the file at hand; it is put down when it has none left. */
static void take_from_file(struct csv *csv)
{
    struct rows_item row;
    struct csv_file *file = csv->file;
    enum rows_answer answer = rows_next(&file->rows, &row);
    bool told = answer != ROWS_HUNGRY && file->binding != NULL && row.line < file->told_before;
    if (answer == ROWS_ROW && !told)
        take_row(csv, file, &row);
    if (answer == ROWS_REFUSED && !told && !file->unusable)
        refuse(csv, row.line, row.reason);
    if (answer == ROWS_HUNGRY) {
        if (file->rows.start == file->rows.held_size)
            input_place_advance(file->place, file->end, file->last);
        csv->file = NULL;
    } else if (!csv->pending) {
        note_place(file);
    }
}

static void take_line(struct csv *csv, const struct input_item *item)
{
    struct csv_file *file = item->slot;
    if (!file->started && rows_init(&file->rows, mapping_delimiter(csv->mapping)) != STATUS_OK) {
        refuse(csv, item->line, status_text(STATUS_NO_MEMORY));
        return;
    }
    if (!file->started)
        file->told_before = item->place->passed;
    file->started = true;
    file->place = item->place;
    file->last = item->line;
    file->end = item->end;
    if (file->unusable)
        return;
    if (rows_add(&file->rows, item->text, item->line) != STATUS_OK)
        refuse(csv, item->line, status_text(STATUS_NO_MEMORY));
    csv->file = file;
}

/* What is held before a gap, or at the end, is a row or wrong. */
static void end_rows(struct csv *csv, const struct input_item *item)
{
    struct csv_file *file = item->slot;
    if (file == NULL || !file->started)
        return;
    rows_end(&file->rows);
    csv->file = file;
}

static enum status csv_read(void *self, size_t budget)
{
    struct csv *csv = self;
    for (; budget > 0; budget--) {
        if (csv->pending) {
            if (csv->events.report(csv->events.self, &csv->report, csv->path, csv->line) == STATUS_AGAIN)
                return STATUS_OK;
            csv->pending = false;
            note_place(csv->file);
        }
        if (csv->file != NULL) {
            take_from_file(csv);
            continue;
        }
        struct input_item item;
        enum status status = input_next(csv->input, &item);
        if (status != STATUS_OK)
            return status;
        csv->path = item.file;
        switch (item.kind) {
        case INPUT_LINE:
            take_line(csv, &item);
            break;
        case INPUT_REFUSAL:
            refuse(csv, item.line, item.reason);
            end_rows(csv, &item);
            break;
        case INPUT_FILE_END:
            end_rows(csv, &item);
            break;
        case INPUT_PAUSE:
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

static void csv_save(void *self)
{
    input_save(((struct csv *)self)->input);
}

static void csv_progress(const void *self, uint64_t *ret_done, uint64_t *ret_total)
{
    input_progress(((const struct csv *)self)->input, ret_done, ret_total);
}

const struct source_driver source_csv = {
    .type = "csv",
    .help = "CSV whose columns a mapping turns into reports: a file, a glob or standard input; plain, .gz or .zst",
    .needs_mapping = true,
    .open = csv_open,
    .read = csv_read,
    .save = csv_save,
    .progress = csv_progress,
    .close = csv_close,
};
