#include "agents/source_driver.h"

#include <string.h>

const struct source_driver *const source_drivers[] = {&source_jsonl, &source_csv, NULL};

const struct source_driver *source_driver_find(const char *type)
{
    for (size_t i = 0; source_drivers[i] != NULL; i++)
        if (strcmp(source_drivers[i]->type, type) == 0)
            return source_drivers[i];
    return NULL;
}
