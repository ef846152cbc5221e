/* Numbers of the journal, ascending. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct numbers {
    uint64_t *items;
    size_t count;
    size_t room;
    size_t at; /* how many of them are behind */
};

/* False: no memory. */
bool numbers_add(struct numbers *numbers, uint64_t number);
/* Is it one of them? Asked in ascending order: those before it are behind then. */
bool numbers_meet(struct numbers *numbers, uint64_t number);
void numbers_fini(struct numbers *numbers);
