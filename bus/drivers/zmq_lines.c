#include "bus/drivers/zmq_inside.h"

struct line *line_find(struct port *port, uint64_t number)
{
    if (port->recent != NULL && port->recent->number == number)
        return port->recent;
    for (size_t i = 0; i < port->line_count; i++)
        if (port->lines[i]->number == number) {
            port->recent = port->lines[i];
            return port->recent;
        }
    return NULL;
}

static bool line_is(const struct line *line, const void *routing, size_t size)
{
    return line->routing_size == size && (size == 0 || memcmp(line->routing, routing, size) == 0);
}

struct line *line_find_routing(struct port *port, const void *routing, size_t size)
{
    if (port->recent != NULL && line_is(port->recent, routing, size))
        return port->recent;
    for (size_t i = 0; i < port->line_count; i++)
        if (line_is(port->lines[i], routing, size)) {
            port->recent = port->lines[i];
            return port->recent;
        }
    return NULL;
}

struct line *line_add(struct port *port, const void *routing, size_t size)
{
    if (port->line_count == port->line_room) {
        size_t room = port->line_room == 0 ? 4 : port->line_room * 2;
        struct line **lines = realloc(port->lines, room * sizeof(struct line *));
        if (lines == NULL)
            return NULL;
        port->lines = lines;
        port->line_room = room;
    }
    struct line *line = calloc(1, sizeof *line);
    if (line == NULL || size > ROUTING_BYTES_MAX) {
        free(line);
        return NULL;
    }
    line->number = ++port->last_number;
    line->routing_size = size;
    if (size > 0)
        memcpy(line->routing, routing, size);
    port->lines[port->line_count++] = line;
    return line;
}

void line_remove(struct port *port, struct line *line)
{
    for (size_t i = 0; i < port->line_count; i++)
        if (port->lines[i] == line) {
            port->lines[i] = port->lines[--port->line_count];
            break;
        }
    port->recent = NULL;
    if (line->blocked)
        (void)zmq_msg_close(&line->waiting);
    free(line);
}
