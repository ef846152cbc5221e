/* Inside of config: the tree that config_yaml.c grows, config.c shows and config_row.c reads into structs.
 *
 *   map ── items ──▶ key node, value node, key node, value node, …     list ── items ──▶ node, node, …
 *
 * Everything lives in the config's arena. */
#pragma once

#include "base/config.h"

#define CONFIG_TEXT_MAX  ((size_t)1024 * 1024)
#define CONFIG_DEPTH_MAX 16
/* The densest text (a key and a null for two bytes) makes about 110 times its size of nodes. */
#define CONFIG_ARENA_MAX (128 * CONFIG_TEXT_MAX)

struct config_node {
    enum config_kind kind;
    bool quoted;           /* of a scalar: given in quotes or as a block */
    uint32_t line, column; /* from 1; column in characters */
    struct span text;      /* of a scalar, and of a null: as written */
    size_t count;          /* of a list or map: entries */
    const struct config_node **items;
    const struct config_node *next; /* the one beside it, while the tree grows */
    struct span holder;             /* the nearest key it lies under, for complaints; empty at the top */
};

struct config {
    struct arena arena;
    struct span name;               /* of the file, in complaints */
    struct span folder;             /* absolute, without a slash at its end */
    const struct config_node *root; /* NULL: nothing but comments */
    FILE *complaints;
    size_t complaint_count;
};

/* Parses text, which is no longer than the limits, into config->root. STATUS_INVALID and STATUS_NO_MEMORY are
 * complained about. Copies what it keeps. */
enum status config_grow(struct config *config, struct span text) MUST_CHECK;
/* Complains about a place given by hand. */
void config_complain_at(struct config *config, size_t line, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Complains about memory: the sentence is the same everywhere. */
void config_complain_memory(struct config *config);
/* "a list", "a map", "nothing" or the text in quotes: what was found, for a sentence. Lives as long as the config. */
const char *config_found(struct config *config, const struct config_node *node);
/* Refuses a key that is none of the names: said as `unknown WHAT "key"`, with the names expected and the nearest one.
 */
void config_complain_unknown(struct config *config, const struct config_node *key, const char *what,
                             const char *const *names);
