/* The shipped data file, in memory. Tests run from the project's root. Brings what cmocka.h wants to find before
 * itself. */
#pragma once

#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ATLAS_FILE "deploy/territories/territories.vdt"

/* For free(); {NULL, 0} where it cannot be read. */
static inline struct span atlas_file_load(void)
{
    FILE *file = fopen(ATLAS_FILE, "rb");
    if (file == NULL)
        return (struct span){NULL, 0};
    size_t room = 16u << 20;
    char *data = malloc(room);
    size_t size = data != NULL ? fread(data, 1, room, file) : 0;
    (void)fclose(file);
    return (struct span){data, size};
}
