/* Incident reports as JSON Lines: one object a line, as the contract writes them.
 *
 * A report that the agent has no room for is kept (in the arena it was read into) and offered again at the next read.
 */
#include "agents/input.h"
#include "agents/source_driver.h"
#include "base/arena.h"
#include "proto/json.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_BYTES (8u * 1024u * 1024u)

struct jsonl {
    struct source_events events;
    struct input *input;
    struct arena arena;
    struct report report; /* offered, not yet taken */
    bool pending;
    const char *file; /* where it began; lives as long as the input's next call is not made */
    uint64_t line;
    struct input_place *place; /* of that file */
    uint64_t end;              /* of that line */
};

static void jsonl_close(void *self)
{
    struct jsonl *jsonl = self;
    if (jsonl == NULL)
        return;
    input_close(jsonl->input);
    arena_fini(&jsonl->arena);
    free(jsonl);
}

static enum status jsonl_open(const struct source_options *options, const struct source_events *events, void **ret_self,
                              char ret_reason[256])
{
    struct jsonl *jsonl = calloc(1, sizeof(*jsonl));
    if (jsonl == NULL) {
        snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    jsonl->events = *events;
    arena_init(&jsonl->arena, ARENA_BYTES);
    struct input_options input = {.path = options->path, .follow = options->follow, .memory = options->memory};
    enum status status = input_open(&input, &jsonl->input, ret_reason);
    if (status != STATUS_OK) {
        jsonl_close(jsonl);
        return status;
    }
    *ret_self = jsonl;
    return STATUS_OK;
}

static bool is_blank(struct span line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t')
            return false;
    return true;
}

static void take_line(struct jsonl *jsonl, const struct input_item *item)
{
    char reason[REASON_BYTES];
    if (is_blank(item->text))
        return;
    arena_reset(&jsonl->arena);
    enum status status = report_from_json(item->text, &jsonl->arena, &jsonl->report, reason);
    if (status == STATUS_OK)
        status = report_validate(&jsonl->report, reason);
    if (status == STATUS_NO_MEMORY)
        snprintf(reason, sizeof(reason), "the report needs more memory than one may take");
    jsonl->pending = status == STATUS_OK;
    if (status != STATUS_OK)
        jsonl->events.refused(jsonl->events.self, item->file, item->line, reason);
}

static enum status jsonl_read(void *self, size_t budget)
{
    struct jsonl *jsonl = self;
    for (; budget > 0; budget--) {
        if (jsonl->pending) {
            if (jsonl->events.report(jsonl->events.self, &jsonl->report, jsonl->file, jsonl->line) == STATUS_AGAIN)
                return STATUS_OK;
            jsonl->pending = false;
            input_place_advance(jsonl->place, jsonl->end, jsonl->line);
        }
        struct input_item item;
        enum status status = input_next(jsonl->input, &item);
        if (status != STATUS_OK)
            return status;
        jsonl->file = item.file;
        jsonl->line = item.line;
        jsonl->place = item.place;
        jsonl->end = item.end;
        switch (item.kind) {
        case INPUT_LINE:
            take_line(jsonl, &item);
            if (!jsonl->pending)
                input_place_advance(item.place, item.end, item.line);
            break;
        case INPUT_REFUSAL:
            jsonl->events.refused(jsonl->events.self, item.file, item.line, item.reason);
            if (item.line > 0)
                input_place_advance(item.place, item.end, item.line);
            break;
        case INPUT_FILE_END:
            break;
        case INPUT_PAUSE:
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

static void jsonl_save(void *self)
{
    input_save(((struct jsonl *)self)->input);
}

static void jsonl_progress(const void *self, uint64_t *ret_done, uint64_t *ret_total)
{
    input_progress(((const struct jsonl *)self)->input, ret_done, ret_total);
}

const struct source_driver source_jsonl = {
    .type = "jsonl",
    .help = "incident reports as JSON Lines: a file, a glob or standard input; plain, .gz or .zst",
    .needs_mapping = false,
    .open = jsonl_open,
    .read = jsonl_read,
    .save = jsonl_save,
    .progress = jsonl_progress,
    .close = jsonl_close,
};
