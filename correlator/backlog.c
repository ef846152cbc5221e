#include "correlator/backlog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void backlog_fini(struct backlog *backlog)
{
    free(backlog->data);
    *backlog = (struct backlog){0};
}

enum status backlog_push(struct backlog *backlog, struct span item)
{
    size_t need = sizeof item.size + item.size;
    if (backlog->room - backlog->tail < need && backlog->head > backlog->room / 2) { /* close the gap in front */
        memmove(backlog->data, backlog->data + backlog->head, backlog->tail - backlog->head);
        backlog->tail -= backlog->head;
        backlog->head = 0;
    }
    if (backlog->room - backlog->tail < need) {
        size_t room = backlog->room == 0 ? 65536 : backlog->room;
        while (room - backlog->tail < need)
            room *= 2;
        char *data = realloc(backlog->data, room);
        if (data == NULL)
            return STATUS_NO_MEMORY;
        backlog->data = data;
        backlog->room = room;
    }
    memcpy(backlog->data + backlog->tail, &item.size, sizeof item.size);
    if (item.size > 0)
        memcpy(backlog->data + backlog->tail + sizeof item.size, item.data, item.size);
    backlog->tail += need;
    backlog->bytes += need;
    return STATUS_OK;
}

bool backlog_first(const struct backlog *backlog, struct span *ret_item)
{
    if (backlog->bytes == 0)
        return false;
    size_t size;
    memcpy(&size, backlog->data + backlog->head, sizeof size);
    *ret_item = (struct span){backlog->data + backlog->head + sizeof size, size};
    return true;
}

void backlog_pop(struct backlog *backlog)
{
    size_t size;
    assert(backlog->bytes > 0);
    memcpy(&size, backlog->data + backlog->head, sizeof size);
    backlog->head += sizeof size + size;
    backlog->bytes -= sizeof size + size;
    if (backlog->bytes == 0)
        backlog->head = backlog->tail = 0;
}
