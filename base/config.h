/* The configuration file: one YAML document, read once, its blocks then read by the rooms they belong to.
 *
 *   config_open ──▶ tree of nodes, each with line and column ──▶ config_read(node, rows, target) per block
 *
 * What a block may hold is a table of rows {key, type, default, bounds}: the reader checks types and bounds, fills the
 * target struct, refuses unknown and repeated keys, and the same rows make `vedette check`'s messages and the manual's
 * table. Every complaint reads "FILE:LINE:COLUMN: what was found, what was expected"; reading goes on, so that one run
 * shows them all. Limits: 1 MiB, depth 16, no anchors or aliases, no tags, one document. */
#pragma once

#include "base/arena.h"
#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct config;
struct config_node; /* borrowed from the config it belongs to */

/* Reads the file and the top level. Complaints go to `complaints` (stderr, or a memory stream in tests), one a line.
 * STATUS_NOT_FOUND, STATUS_PERMISSION, STATUS_IO: said as "FILE: reason". STATUS_INVALID: not YAML, or over a limit,
 * said. `blocks`: the names allowed at the top level, NULL-terminated; any other is a complaint, and so is a block
 * given twice. */
enum status config_open(const char *path, const char *const *blocks, FILE *complaints,
                        struct config **ret_config) MUST_CHECK;
/* The same from memory; name stands for the file in complaints, relative paths start at the working directory. */
enum status config_parse(struct span text, const char *name, const char *const *blocks, FILE *complaints,
                         struct config **ret_config) MUST_CHECK;
void config_close(struct config *config);

/* Complaints so far; a program with any ends with exit status 2. */
size_t config_complaints(const struct config *config);
/* Complains about a node (NULL: the file as a whole, line 1); format without line end. */
void config_complain(struct config *config, const struct config_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The block of that name, or NULL. */
const struct config_node *config_block(const struct config *config, const char *name);

enum config_kind { CONFIG_NULL, CONFIG_SCALAR, CONFIG_LIST, CONFIG_MAP };
enum config_kind config_kind(const struct config_node *node);
/* Of a scalar: its text (NUL-terminated, lives as long as the config); of anything else: empty. */
struct span config_text(const struct config_node *node);
size_t config_count(const struct config_node *node); /* entries of a list or map */
const struct config_node *config_item(const struct config_node *node,
                                      size_t index);                  /* of a list; of a map: its value */
struct span config_key(const struct config_node *node, size_t index); /* of a map */
const struct config_node *config_key_node(const struct config_node *node, size_t index);
const struct config_node *config_find(const struct config_node *map, const char *key); /* value, or NULL */

enum config_type {
    CONFIG_STRING,   /* const char * */
    CONFIG_PATH,     /* const char *, made absolute from the folder of the file; "-" stays what it is */
    CONFIG_BOOL,     /* bool: true false yes no on off */
    CONFIG_INTEGER,  /* int64_t, min … max */
    CONFIG_NUMBER,   /* double, min … max, finite */
    CONFIG_DURATION, /* int64_t milliseconds, min … max, written as 14d */
    CONFIG_SIZE,     /* int64_t bytes, min … max, written as 64MiB */
    CONFIG_NODE,     /* const struct config_node *, any kind: the room reads it itself */
    CONFIG_CHOICE,   /* int, index into choices[] */
};

struct config_row {
    const char *key;
    enum config_type type;
    size_t offset; /* of the field in the target */
    bool required;
    const char *fallback;       /* as it would be written, NULL: the target's field is left as it is */
    double min, max;            /* of numbers; both 0: no bounds */
    const char *const *choices; /* of CONFIG_CHOICE, NULL-terminated */
    const char *help;           /* one line for people */
};

/* Reads a map into target by the rows (ended by a row with key NULL). Answers whether all was right; what was wrong is
 * complained about. Strings live as long as the config. map may be NULL (an absent block): fallbacks are taken,
 * required keys complained about. A null counts as absent, here and wherever a value is looked up by its key. */
bool config_read(struct config *config, const struct config_node *map, const struct config_row *rows, void *target);
/* The path that a scalar says, made absolute as CONFIG_PATH is; lives as long as the config. NULL, complained about,
 * where it says none. */
const char *config_path(struct config *config, const struct config_node *node);
/* Do both say the same, whatever the layout and comments? Either may be NULL. */
bool config_same(const struct config_node *a, const struct config_node *b);
/* ${NAME} in a string stands for the environment's variable (secrets): answers the text with it put in (lives as long
 * as the config), or NULL, complained about, where the variable is not set. Only fields that say so are expanded. */
const char *config_expand(struct config *config, const struct config_node *node);
/* Memory that lives as long as the config, zeroed, for what a room makes of its block; NULL, complained about, where
 * there is none. */
void *config_take(struct config *config, size_t size);
