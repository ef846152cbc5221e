/* A view of bytes somebody else owns: not terminated, may hold any byte, {NULL, 0} is the empty one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *data;
    size_t size;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})
/* For printf: "%.*s", SPAN_ARG(span). Spans printed so must be shorter than INT_MAX. */
#define SPAN_ARG(span) (int)(span).size, ((span).data != NULL ? (span).data : "")

static inline struct span span_of(const char *text)
{
    return (struct span){text, text != NULL ? strlen(text) : 0};
}

/* Order of bytes; a prefix comes first. <0, 0 or >0. */
static inline int span_compare(struct span a, struct span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
