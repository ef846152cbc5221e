/* Inside proto: a table of names from an X-list, and the way back. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stddef.h>

/* Index of the name among the rows; STATUS_NOT_FOUND where there is none. O(rows): the tables are short. */
MUST_CHECK static inline enum status names_find(const struct span *rows, size_t count, struct span name,
                                                size_t *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(rows[i], name)) {
            *ret_index = i;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

/* Defines KIND_name() and KIND_find() for `enum KIND` over the table `rows`, which has COUNT rows. */
#define NAMES_DEFINE(kind, rows, COUNT)                                                                                \
    const char *kind##_name(enum kind value)                                                                           \
    {                                                                                                                  \
        assert((unsigned)value < (COUNT));                                                                             \
        return rows[value].data;                                                                                       \
    }                                                                                                                  \
    enum status kind##_find(struct span name, enum kind *ret_value)                                                    \
    {                                                                                                                  \
        size_t index;                                                                                                  \
        enum status status = names_find(rows, (COUNT), name, &index);                                                  \
        if (status == STATUS_OK)                                                                                       \
            *ret_value = (enum kind)index;                                                                             \
        return status;                                                                                                 \
    }
