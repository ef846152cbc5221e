#include "agents/mapping_value.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>

#define PIECES_MAX 64

/* --- patterns --- */

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* The usual walk: on a mismatch go back to the last star and let it swallow one byte more. */
bool pattern_matches(struct span pattern, struct span text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size && lower(pattern.data[p]) == lower(text.data[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}

/* --- reading --- */

size_t column_add(struct mapping_reader *reader, const struct config_node *node, struct span name)
{
    struct column_set *columns = reader->columns;
    for (size_t i = 0; i < columns->count; i++)
        if (span_equal(columns->names[i], name))
            return i;
    if (columns->count == MAPPING_COLUMNS_MAX) {
        config_complain(reader->config, node, "more than %u columns, expected fewer", MAPPING_COLUMNS_MAX);
        return SIZE_MAX;
    }
    columns->names[columns->count] = name;
    return columns->count++;
}

struct template_reader {
    struct mapping_reader *mapping;
    const struct config_node *node;
    struct span text;
    size_t at;
    struct piece pieces[PIECES_MAX];
    size_t count;
    bool in_option;
};

static bool complain(struct template_reader *reader, const char *what)
{
    config_complain(reader->mapping->config, reader->node, "\"%.*s\": %s", SPAN_ARG(reader->text), what);
    return false;
}

static bool add_piece(struct template_reader *reader, struct piece piece)
{
    if (reader->count == PIECES_MAX)
        return complain(reader, "more than 64 pieces, expected a shorter text");
    reader->pieces[reader->count++] = piece;
    return true;
}

/* "{a|b}", from behind the brace. */
static bool read_columns(struct template_reader *reader)
{
    struct piece piece = {.kind = PIECE_COLUMNS};
    size_t start = reader->at;
    for (; reader->at < reader->text.size; reader->at++) {
        char byte = reader->text.data[reader->at];
        if (byte == '{')
            return complain(reader, "a brace within braces, expected {column}");
        if (byte != '|' && byte != '}')
            continue;
        struct span name = {reader->text.data + start, reader->at - start};
        if (name.size == 0)
            return complain(reader, "no column between the braces, expected {column}");
        if (piece.column_count == 4)
            return complain(reader, "more than four columns between two braces");
        size_t column = column_add(reader->mapping, reader->node, name);
        if (column == SIZE_MAX)
            return false;
        piece.columns[piece.column_count++] = column;
        start = reader->at + 1;
        if (byte == '}') {
            reader->at++;
            return add_piece(reader, piece);
        }
    }
    return complain(reader, "a brace is not closed, expected {column}");
}

static bool read_option(struct template_reader *reader, char byte)
{
    if ((byte == '[') == reader->in_option)
        return complain(reader,
                        byte == '[' ? "a bracket within brackets" : "a closing bracket without its opening one");
    reader->in_option = byte == '[';
    reader->at++;
    return add_piece(reader, (struct piece){.kind = byte == '[' ? PIECE_OPTION_START : PIECE_OPTION_STOP});
}

static bool is_special(char byte)
{
    return byte == '{' || byte == '}' || byte == '[' || byte == ']';
}

static bool read_text(struct template_reader *reader)
{
    size_t start = reader->at;
    while (reader->at < reader->text.size && !is_special(reader->text.data[reader->at]))
        reader->at++;
    return add_piece(reader,
                     (struct piece){.kind = PIECE_TEXT, .text = {reader->text.data + start, reader->at - start}});
}

static bool read_piece(struct template_reader *reader)
{
    char byte = reader->text.data[reader->at];
    if (!is_special(byte))
        return read_text(reader);
    if (reader->at + 1 < reader->text.size && reader->text.data[reader->at + 1] == byte) { /* doubled: itself */
        reader->at += 2;
        return add_piece(reader, (struct piece){.kind = PIECE_TEXT, .text = {reader->text.data + reader->at - 1, 1}});
    }
    if (byte == '[' || byte == ']')
        return read_option(reader, byte);
    reader->at++;
    return byte == '{' ? read_columns(reader) : complain(reader, "a closing brace without its opening one");
}

static bool is_constant(const struct template_reader *reader)
{
    for (size_t i = 0; i < reader->count; i++)
        if (reader->pieces[i].kind == PIECE_COLUMNS)
            return false;
    return true;
}

static bool template_read(struct mapping_reader *mapping, const struct config_node *node, value_check *check,
                          struct template *ret_template)
{
    struct template_reader reader = {.mapping = mapping, .node = node};
    if (config_kind(node) == CONFIG_NULL) {
        *ret_template = (struct template){0};
        return true;
    }
    if (config_kind(node) != CONFIG_SCALAR) {
        config_complain(mapping->config, node, "a list or map, expected a text such as \"{column}\"");
        return false;
    }
    reader.text = config_text(node);
    while (reader.at < reader.text.size)
        if (!read_piece(&reader))
            return false;
    if (reader.in_option)
        return complain(&reader, "a bracket is not closed");
    char reason[REASON_BYTES];
    if (check != NULL && reader.text.size > 0 && is_constant(&reader) && !check(reader.text, reason)) {
        config_complain(mapping->config, node, "%s", reason);
        return false;
    }
    struct piece *pieces = arena_take(mapping->arena, reader.count * sizeof(*pieces));
    if (pieces == NULL)
        return complain(&reader, "the mapping is too large");
    if (reader.count > 0)
        memcpy(pieces, reader.pieces, reader.count * sizeof(*pieces));
    *ret_template = (struct template){pieces, reader.count};
    return true;
}

static bool table_read(struct mapping_reader *reader, const struct config_node *node, value_check *check,
                       struct value *value)
{
    if (config_kind(node) != CONFIG_MAP || config_count(node) == 0) {
        config_complain(reader->config, node,
                        "no table, expected a map such as {drone_incursion: air.drone.incursion}");
        return false;
    }
    size_t count = config_count(node);
    struct table_row *rows = arena_zero(reader->arena, count * sizeof(*rows));
    bool good = rows != NULL;
    if (!good)
        config_complain(reader->config, node, "the table is too large");
    for (size_t i = 0; rows != NULL && i < count; i++) {
        rows[i].key = config_key(node, i);
        rows[i].is_pattern = rows[i].key.size > 0 && memchr(rows[i].key.data, '*', rows[i].key.size) != NULL;
        good = template_read(reader, config_item(node, i), check, &rows[i].value) && good;
    }
    value->rows = rows;
    value->row_count = count;
    value->has_table = true;
    return good;
}

bool value_read_map(struct mapping_reader *reader, const struct config_node *map, value_check *check,
                    struct value *ret_value)
{
    const struct config_node *from = config_find(map, "from"), *table = config_find(map, "table"),
                             *fallback = config_find(map, "default");
    struct value value = {.has_fallback = fallback != NULL};
    if (from == NULL) {
        config_complain(reader->config, map, "no key \"from\", expected {from: \"{column}\", table: {…}, default: …}");
        return false;
    }
    bool good = template_read(reader, from, table != NULL ? NULL : check, &value.from);
    if (table != NULL)
        good = table_read(reader, table, check, &value) && good;
    else if (fallback != NULL) {
        config_complain(reader->config, fallback, "a default without a table, expected a table beside it");
        good = false;
    }
    if (table != NULL && fallback != NULL)
        good = template_read(reader, fallback, check, &value.fallback) && good;
    *ret_value = value;
    return good;
}

bool value_read(struct mapping_reader *reader, const struct config_node *node, value_check *check,
                struct value *ret_value)
{
    static const char *const keys[] = {"from", "table", "default"};
    if (config_kind(node) != CONFIG_MAP) {
        struct value value = {0};
        bool good = template_read(reader, node, check, &value.from);
        *ret_value = value;
        return good;
    }
    bool good = true;
    for (size_t i = 0; i < config_count(node); i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
            known = known || span_equal(config_key(node, i), span_of(keys[k]));
        if (!known)
            config_complain(reader->config, config_key_node(node, i),
                            "unknown key \"%.*s\", expected from, table or default", SPAN_ARG(config_key(node, i)));
        good = good && known;
    }
    return value_read_map(reader, node, check, ret_value) && good;
}

/* --- making texts --- */

static struct span piece_text(const struct piece *piece, const struct row_view *row)
{
    if (piece->kind == PIECE_TEXT)
        return piece->text;
    for (size_t i = 0; i < piece->column_count; i++) {
        struct span cell = row->cells[row->cell_of_column[piece->columns[i]]];
        if (cell.size > 0)
            return cell;
    }
    return (struct span){0};
}

/* Is a cell within the option that starts at `start` empty? */
static bool option_is_empty(const struct template *template, size_t start, const struct row_view *row)
{
    for (size_t i = start + 1; i < template->count && template->pieces[i].kind != PIECE_OPTION_STOP; i++)
        if (template->pieces[i].kind == PIECE_COLUMNS && piece_text(&template->pieces[i], row).size == 0)
            return true;
    return false;
}

/* Writes the text where `bytes` is given; answers its size. */
static size_t template_write(const struct template *template, const struct row_view *row, char *bytes)
{
    size_t size = 0;
    bool skipping = false;
    for (size_t i = 0; i < template->count; i++) {
        const struct piece *piece = &template->pieces[i];
        if (piece->kind == PIECE_OPTION_START)
            skipping = option_is_empty(template, i, row);
        else if (piece->kind == PIECE_OPTION_STOP)
            skipping = false;
        else if (!skipping) {
            struct span text = piece_text(piece, row);
            if (bytes != NULL && text.size > 0)
                memcpy(bytes + size, text.data, text.size);
            size += text.size;
        }
    }
    return size;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static enum status template_text(const struct template *template, const struct row_view *row, struct span *ret_text)
{
    size_t size = template_write(template, row, NULL);
    char *bytes = arena_take(row->arena, size + 1);
    if (bytes == NULL)
        return STATUS_NO_MEMORY;
    template_write(template, row, bytes);
    for (size_t i = 0; i < size; i++)
        if (is_blank(bytes[i]))
            bytes[i] = ' ';
    while (size > 0 && bytes[size - 1] == ' ')
        size--;
    while (size > 0 && bytes[0] == ' ') {
        bytes++;
        size--;
    }
    bytes[size] = '\0';
    *ret_text = (struct span){bytes, size};
    return STATUS_OK;
}

static const struct table_row *table_find(const struct value *value, struct span text)
{
    for (size_t i = 0; i < value->row_count; i++)
        if (!value->rows[i].is_pattern && span_equal(value->rows[i].key, text))
            return &value->rows[i];
    for (size_t i = 0; i < value->row_count; i++)
        if (value->rows[i].is_pattern && pattern_matches(value->rows[i].key, text))
            return &value->rows[i];
    return NULL;
}

enum status value_text(const struct value *value, const struct row_view *row, struct span *ret_text,
                       char ret_reason[REASON_BYTES])
{
    struct span text = {0};
    enum status status = template_text(&value->from, row, &text);
    if (status == STATUS_OK && value->has_table) {
        const struct table_row *found = table_find(value, text);
        if (found != NULL)
            status = template_text(&found->value, row, &text);
        else if (value->has_fallback)
            status = template_text(&value->fallback, row, &text);
        else
            status = STATUS_INVALID;
    }
    if (status == STATUS_OK) {
        *ret_text = text;
    } else if (status == STATUS_INVALID) {
        char shown[120];
        utf8_printable(text, shown, sizeof(shown));
        snprintf(ret_reason, REASON_BYTES, "\"%s\" is not in the mapping's table, and it has no default", shown);
    } else {
        snprintf(ret_reason, REASON_BYTES, "%s", status_text(status));
    }
    return status;
}
