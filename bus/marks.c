#include "bus/marks.h"

#include <stdlib.h>
#include <string.h>

void marks_fini(struct marks *marks)
{
    free(marks->items);
    free(marks->names);
    *marks = (struct marks){0};
}

static enum status marks_reserve(struct marks *marks, size_t count, size_t names_size)
{
    if (count > marks->room) {
        struct source_mark *items = realloc(marks->items, count * sizeof *items);
        if (items == NULL)
            return STATUS_NO_MEMORY;
        marks->items = items;
        marks->room = count;
    }
    if (names_size > marks->names_room) {
        char *names = malloc(names_size); /* not realloc: on failure the old names must still be pointed at */
        if (names == NULL)
            return STATUS_NO_MEMORY;
        if (marks->names_room > 0)
            memcpy(names, marks->names, marks->names_room);
        for (size_t i = 0; i < marks->count; i++)
            marks->items[i].source.data = names + (marks->items[i].source.data - marks->names);
        free(marks->names);
        marks->names = names;
        marks->names_room = names_size;
    }
    return STATUS_OK;
}

enum status marks_copy(struct marks *marks, const struct source_mark *items, size_t count, uint64_t position)
{
    size_t names_size = 1; /* so that even a set of empty names has somewhere to point */
    for (size_t i = 0; i < count; i++)
        names_size += items[i].source.size;
    enum status status = marks_reserve(marks, count, names_size);
    if (status != STATUS_OK)
        return status;
    char *name = marks->names;
    for (size_t i = 0; i < count; i++) {
        marks->items[i] = items[i];
        if (items[i].source.size > 0)
            memcpy(name, items[i].source.data, items[i].source.size);
        marks->items[i].source.data = name;
        name += items[i].source.size;
    }
    marks->count = count;
    marks->position = position;
    return STATUS_OK;
}
