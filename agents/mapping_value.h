/* The values of a mapping: texts with columns put in, tables that translate them, patterns that test them.
 *
 *   template   "{place}[: {notes}]"          {a} a cell, {a|b} the first that is not empty, […] left out where a cell
 * in it is empty value      template, or {from: template, table: {text: template, …}, default: template} pattern "*Nord
 * Stream*"               * is any run of bytes; case of ASCII letters does not matter
 *
 * All memory comes from the mapping's arena and its config; nothing here is freed by itself. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/span.h"
#include "proto/json.h"

#include <stdbool.h>
#include <stddef.h>

#define MAPPING_COLUMNS_MAX 256u

/* The columns a mapping names, each once. */
struct column_set {
    struct span names[MAPPING_COLUMNS_MAX];
    size_t count;
};

enum piece_kind { PIECE_TEXT, PIECE_COLUMNS, PIECE_OPTION_START, PIECE_OPTION_STOP };

struct piece {
    enum piece_kind kind;
    struct span text;
    size_t columns[4]; /* of PIECE_COLUMNS: indexes into the column set; the first that is not empty counts */
    size_t column_count;
};

struct template
{
    const struct piece *pieces;
    size_t count;
};

struct table_row {
    struct span key; /* with a * in it: a pattern */
    bool is_pattern;
    struct template value;
};

struct value {
    struct template from;
    const struct table_row *rows;
    size_t row_count;
    bool has_table, has_fallback;
    struct template fallback;
};

/* Where the texts a template makes come from. */
struct row_view {
    const struct span *cells;
    const size_t *cell_of_column; /* by index in the column set */
    struct arena *arena;
};

/* What reading a mapping needs. */
struct mapping_reader {
    struct config *config; /* takes the complaints */
    struct arena *arena;
    struct column_set *columns;
};

/* What a text must be; answers false with a sentence. Applied at once to what holds no column. */
typedef bool value_check(struct span text, char ret_reason[REASON_BYTES]);

/* Each complains in the config's way and answers false where the node is wrong. check may be NULL. */
bool value_read(struct mapping_reader *reader, const struct config_node *node, value_check *check,
                struct value *ret_value);
/* The keys from, table and default of a map that may hold others too. */
bool value_read_map(struct mapping_reader *reader, const struct config_node *map, value_check *check,
                    struct value *ret_value);
/* Answers the column's index, SIZE_MAX (complained about) where there are too many. */
size_t column_add(struct mapping_reader *reader, const struct config_node *node, struct span name);

/* The text: trimmed, line ends and tabs as blanks. STATUS_INVALID with the reason where a table has no row for it.
 * STATUS_NO_MEMORY. */
enum status value_text(const struct value *value, const struct row_view *row, struct span *ret_text,
                       char ret_reason[REASON_BYTES]) MUST_CHECK;

bool pattern_matches(struct span pattern, struct span text);
