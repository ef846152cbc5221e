#include "correlator/keeping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for one more of `size` bytes. */
static bool room_for_one(void **items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t wanted = *room == 0 ? 64 : *room * 2;
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = wanted;
    return true;
}

bool numbers_add(struct numbers *numbers, uint64_t number)
{
    void *items = numbers->items;
    bool room = room_for_one(&items, numbers->count, &numbers->room, sizeof *numbers->items);
    numbers->items = items;
    if (room)
        numbers->items[numbers->count++] = number;
    return room;
}

bool numbers_meet(struct numbers *numbers, uint64_t number)
{
    while (numbers->at < numbers->count && numbers->items[numbers->at] < number)
        numbers->at++;
    return numbers->at < numbers->count && numbers->items[numbers->at] == number;
}

void numbers_fini(struct numbers *numbers)
{
    free(numbers->items);
    *numbers = (struct numbers){0};
}

bool names_have(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

bool names_add(struct names *names, const char *name)
{
    if (names_have(names, name))
        return true;
    void *items = names->items;
    bool room = room_for_one(&items, names->count, &names->room, sizeof *names->items);
    names->items = items;
    if (room)
        (void)snprintf(names->items[names->count++], sizeof *names->items, "%s", name);
    return room;
}

void names_remove(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0) {
            memmove(names->items + i, names->items + i + 1, (names->count - i - 1) * sizeof *names->items);
            names->count--;
            return;
        }
}
